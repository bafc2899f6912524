//! The text of a configuration that an object could come from, in the form in which Terraform writes it.
//!
//! But for blocks in sets that hold a secret: Terraform leaves out all that is in them.

use std::fmt::Write;

use addr::LocalProvider;
use lang::print::literal;
use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting};
use value::{Kind, Marks, Value};

/// Returns the resource block around a body.
pub(super) fn block(resource: &addr::Resource, provider: Option<&LocalProvider>, body: &str) -> String {
    let provider = provider.map(|provider| format!("provider = {provider}\n")).unwrap_or_default();
    let text = format!("resource \"{}\" \"{}\" {{\n{provider}{body}}}", resource.kind, resource.name);
    formatted(&text)
}

/// Returns the inside of a block: everything that may be set and is not obsolete, with the values of an object.
pub(super) fn body(block: &Block, object: &Value) -> String {
    let mut out = String::new();
    // An `id` that may be set is only a habit of old providers: none takes it.
    let is_id = |attribute: &Attribute| attribute.name == "id" && attribute.computed && attribute.optional;
    let attributes: Vec<&Attribute> = block.attributes.iter().filter(|attribute| !is_id(attribute)).collect();
    write_attributes(&attributes, object, &mut out);
    write_blocks(&block.blocks, object, &mut out);
    formatted(&out)
}

fn formatted(text: &str) -> String {
    String::from_utf8(syntax::format(text.as_bytes())).unwrap_or_else(|_| text.to_owned())
}

fn write_attributes(attributes: &[&Attribute], object: &Value, out: &mut String) {
    let may_be_set = |attribute: &&&Attribute| (attribute.required || attribute.optional) && !attribute.deprecated;
    let mut attributes: Vec<&Attribute> = attributes.iter().filter(may_be_set).copied().collect();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    for attribute in attributes {
        let value = object.attribute(&attribute.name).unwrap_or(Value::NULL);
        let is_hidden = attribute.sensitive || value.marks().contains(Marks::SENSITIVE);
        let _ = write!(out, "{} = ", attribute.name);
        match &attribute.kind {
            AttributeKind::Nested(nested) => write_nested(nested, &value, is_hidden, out),
            AttributeKind::Type(_) if is_hidden || value.marks_deep().contains(Marks::SENSITIVE) => {
                out.push_str("null # sensitive");
            }
            // Old providers say "" where they mean that there is nothing.
            AttributeKind::Type(_) if attribute.optional && value.as_str() == Some("") => out.push_str("null"),
            AttributeKind::Type(_) => write_top(&value, out),
        }
        out.push('\n');
    }
}

/// Writes objects whose attributes have properties of their own.
fn write_nested(nested: &NestedObject, value: &Value, is_hidden: bool, out: &mut String) {
    let attributes: Vec<&Attribute> = nested.attributes.iter().collect();
    let (open, close) = match nested.nesting {
        ObjectNesting::Single | ObjectNesting::Map => ("{", "}"),
        ObjectNesting::List | ObjectNesting::Set => ("[", "]"),
    };
    if is_hidden {
        let _ = write!(out, "{open}{close} # sensitive");
        return;
    }
    if value.is_null() {
        return out.push_str("null");
    }
    out.push_str(open);
    out.push('\n');
    let is_secret = |value: &Value| value.marks().contains(Marks::SENSITIVE);
    match nested.nesting {
        ObjectNesting::Single => write_attributes(&attributes, value, out),
        ObjectNesting::List | ObjectNesting::Set => {
            for element in elements(value) {
                if is_secret(element) {
                    out.push_str("{}, # sensitive\n");
                    continue;
                }
                out.push_str("{\n");
                write_attributes(&attributes, element, out);
                out.push_str("},\n");
            }
        }
        ObjectNesting::Map => {
            for (key, element) in value.as_entries().unwrap_or_default() {
                let _ = write!(out, "{} = {{", name(key));
                if is_secret(element) {
                    out.push_str("} # sensitive\n");
                    continue;
                }
                out.push('\n');
                write_attributes(&attributes, element, out);
                out.push_str("}\n");
            }
        }
    }
    out.push_str(close);
}

fn write_blocks(blocks: &[NestedBlock], object: &Value, out: &mut String) {
    let mut blocks: Vec<&NestedBlock> = blocks.iter().filter(|nested| !nested.block.deprecated).collect();
    blocks.sort_by(|a, b| a.name.cmp(&b.name));
    for nested in blocks {
        let value = object.attribute(&nested.name).unwrap_or(Value::NULL);
        if value.is_null() {
            continue;
        }
        if value.marks().contains(Marks::SENSITIVE) {
            let _ = writeln!(out, "{} {{}} # sensitive", nested.name);
            continue;
        }
        match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => write_block(nested, None, &value, out),
            BlockNesting::List | BlockNesting::Set => {
                elements(&value).iter().for_each(|element| write_block(nested, None, element, out));
            }
            BlockNesting::Map => {
                for (label, element) in value.as_entries().unwrap_or_default() {
                    write_block(nested, Some(label), element, out);
                }
            }
        }
    }
}

fn write_block(nested: &NestedBlock, label: Option<&str>, value: &Value, out: &mut String) {
    let label = label.map(|label| format!(" {}", literal(label))).unwrap_or_default();
    let _ = write!(out, "{}{label} {{", nested.name);
    if value.marks().contains(Marks::SENSITIVE) {
        out.push_str("} # sensitive\n");
        return;
    }
    out.push('\n');
    let attributes: Vec<&Attribute> = nested.block.attributes.iter().collect();
    write_attributes(&attributes, value, out);
    write_blocks(&nested.block.blocks, value, out);
    out.push_str("}\n");
}

/// Returns a key of an object: quoted where it has to be.
fn name(key: &str) -> String {
    if syntax::is_identifier(key) { key.to_owned() } else { literal(key) }
}

fn elements(value: &Value) -> &[Value] {
    match value.kind() {
        Kind::List(list) => list.values(),
        Kind::Set(set) => set.values(),
        Kind::Tuple(tuple) => tuple.values(),
        _ => &[],
    }
}

/// Writes the value of an attribute; a text that is JSON becomes what it says.
fn write_top(value: &Value, out: &mut String) {
    let json = value.as_str().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let meant = json.filter(|json| json.is_object() || json.is_array() || json.is_null());
    match meant.and_then(|json| value::value_from_json(&json, &value::implied_type(&json)).ok()) {
        Some(inside) => {
            out.push_str("jsonencode(");
            write_value(&inside, out);
            out.push(')');
        }
        None => write_value(value, out),
    }
}

fn write_value(value: &Value, out: &mut String) {
    if value.is_null() {
        return out.push_str("null");
    }
    if let Some(entries) = value.as_entries() {
        out.push_str(if entries.is_empty() { "{" } else { "{\n" });
        for (key, inside) in entries {
            let _ = write!(out, "{} = ", name(key));
            write_value(inside, out);
            out.push('\n');
        }
        return out.push('}');
    }
    match value.kind() {
        Kind::String(text) => out.push_str(&literal(text)),
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            out.push('[');
            for (place, element) in elements(value).iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                write_value(element, out);
            }
            out.push(']');
        }
        _ => out.push_str(&lang::print::print_value(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::{block, body};
    use addr::{LocalProvider, Mode, Resource};
    use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject, ObjectNesting};
    use value::{Type, value_from_json};

    /// What Terraform 1.11.4 wrote for an object of this schema, imported from a provider made for it.
    const RECORDED: &str = include_str!("recorded.tf");
    const OBJECT: &str = include_str!("recorded.json");

    fn optional(name: &str, ty: Type) -> Attribute {
        Attribute::new(name, ty).optional()
    }

    fn inner() -> Vec<Attribute> {
        vec![
            optional("a", Type::String),
            Attribute::new("longer", Type::Number).required(),
            Attribute::new("ro", Type::String).computed(),
            optional("id", Type::String).computed(),
            optional("pw", Type::String).sensitive(),
        ]
    }

    fn nested(name: &str, nesting: ObjectNesting, attributes: Vec<Attribute>) -> Attribute {
        let kind = AttributeKind::Nested(NestedObject { attributes, nesting });
        Attribute { kind, ..optional(name, Type::Dynamic) }
    }

    fn nested_block(name: &str, nesting: BlockNesting, block: Block) -> NestedBlock {
        NestedBlock { name: name.into(), nesting, block, min_items: 0, max_items: 0 }
    }

    fn attributes() -> Vec<Attribute> {
        let text = |name| optional(name, Type::String);
        let pair = |x, y| Type::object([("x", Type::String), (x, y)]);
        let old = Attribute { deprecated: true, ..text("old") };
        vec![
            text("id").computed(),
            Attribute::new("name", Type::String).required(),
            text("empty"),
            Attribute::new("empty_req", Type::String).required(),
            text("oc").computed(),
            Attribute::new("ro", Type::String).computed(),
            old,
            text("secret").sensitive(),
            text("odd"),
            text("lines"),
            text("json"),
            text("json_array"),
            text("json_text"),
            text("json_null"),
            text("json_empty"),
            optional("yes", Type::Bool),
            optional("nothing", Type::Bool),
            optional("int", Type::Number),
            optional("float", Type::Number),
            optional("big", Type::Number),
            optional("dyn", Type::Dynamic),
            optional("list", Type::list(Type::String)),
            optional("list_empty", Type::list(Type::String)),
            optional("set", Type::set(Type::Number)),
            optional("map", Type::map(Type::String)),
            optional("map_empty", Type::map(Type::String)),
            optional("maps", Type::map(Type::list(Type::Bool))),
            optional(
                "obj",
                Type::object([("x", Type::String), ("y_long", Type::list(Type::Number)), ("n", Type::String)]),
            ),
            optional("objs", Type::list(pair("yy", Type::map(Type::String)))),
            nested("n_single", ObjectNesting::Single, inner()),
            nested("n_none", ObjectNesting::Single, inner()),
            nested("n_secret", ObjectNesting::Single, inner()).sensitive(),
            nested("n_list", ObjectNesting::List, inner()),
            nested("n_list0", ObjectNesting::List, inner()),
            nested("n_lists", ObjectNesting::List, inner()).sensitive(),
            nested("n_set", ObjectNesting::Set, inner()),
            nested("n_map", ObjectNesting::Map, inner()),
            nested("n_map0", ObjectNesting::Map, inner()),
            Attribute { optional: false, computed: true, ..nested("n_ro", ObjectNesting::Single, inner()) },
            nested(
                "n_deep",
                ObjectNesting::Single,
                vec![nested("m", ObjectNesting::Map, inner()), nested("l", ObjectNesting::List, inner())],
            ),
        ]
    }

    fn schema() -> Block {
        let flat = || Block { attributes: inner(), ..Block::default() };
        let switch = Block { attributes: vec![optional("x", Type::Bool)], ..Block::default() };
        let deep = || Block { blocks: vec![nested_block("deep", BlockNesting::List, switch.clone())], ..flat() };
        let old = Block { deprecated: true, ..deep() };
        Block {
            attributes: attributes(),
            blocks: vec![
                nested_block("b_list", BlockNesting::List, deep()),
                nested_block("b_none", BlockNesting::List, deep()),
                nested_block("b_single", BlockNesting::Single, flat()),
                nested_block("b_absent", BlockNesting::Single, flat()),
                nested_block("b_old", BlockNesting::List, old),
            ],
            ..Block::default()
        }
    }

    #[test]
    fn writes_what_terraform_writes() {
        let schema = schema();
        let json = serde_json::from_str(OBJECT).expect("the object is JSON");
        let object = value_from_json(&json, &schema.ty()).expect("the object is of the schema's type");
        let resource = Resource { mode: Mode::Managed, kind: "gen_thing".into(), name: "x".into() };
        let provider = LocalProvider { name: "gen".into(), alias: Some("other".into()) };
        let text = block(&resource, Some(&provider), &body(&schema, &object));
        let recorded = RECORDED.strip_prefix("# __generated__ by Terraform\n").expect("the recorded text has a header");
        assert_eq!(text + "\n", recorded);
    }
}
