//! Objects of providers that use the legacy SDK, in the form that all others have.

use schema::{AttributeKind, Block, BlockNesting, NestedBlock};
use value::{Kind, Value};

use super::attributes;
use super::parts::{self, Fields};

/// Brings an object into the form where blocks are never null or unknown as a whole, except for a single one that may
/// be absent.
pub fn normalize(schema: &Block, value: &Value) -> Value {
    if value.is_null() {
        return value.clone();
    }
    change_object(schema, value).unwrap_or_else(|| value.clone())
}

/// Returns the object of an empty block: attributes are null, blocks are absent.
pub fn empty_block(block: &Block) -> Value {
    let attributes = block.attributes.iter().map(|attribute| (attribute.name.clone(), Value::null(attribute.ty())));
    let blocks = block.blocks.iter().map(|nested| (nested.name.clone(), absent(nested)));
    Value::object(attributes.chain(blocks))
}

/// Returns the value of a kind of block that is not there.
fn absent(nested: &NestedBlock) -> Value {
    let none = || std::iter::empty::<Value>();
    let no_keys = || std::iter::empty::<(&str, Value)>();
    match (nested.nesting, nested.block.ty()) {
        (BlockNesting::Single, ty) => Value::null(ty),
        (BlockNesting::Group, _) => empty_block(&nested.block),
        (BlockNesting::List, ty) if ty.has_dynamic() => Value::tuple(none()),
        (BlockNesting::List, ty) => Value::list(ty, none()),
        (BlockNesting::Map, ty) if ty.has_dynamic() => Value::object(no_keys()),
        (BlockNesting::Map, ty) => Value::map(ty, no_keys()),
        (BlockNesting::Set, ty) => Value::set(ty, none()),
    }
}

fn change_object(block: &Block, value: &Value) -> Option<Value> {
    let Kind::Object(object) = value.kind() else { return None };
    let mut new: Option<Vec<Value>> = None;
    for nested in &block.blocks {
        if let Ok(index) = object.names().binary_search(&nested.name)
            && let Some(changed) = change_block(nested, &object.values()[index])
        {
            new.get_or_insert_with(|| object.values().to_vec())[index] = changed;
        }
    }
    new.map(|values| parts::rebuild(value, values))
}

fn change_block(nested: &NestedBlock, value: &Value) -> Option<Value> {
    match nested.nesting {
        // The legacy SDK has no maps of blocks.
        BlockNesting::Map => return None,
        BlockNesting::Single => {}
        _ if value.is_null() && !has_open_type(nested) => return Some(absent(nested).with_marks(value.marks())),
        _ => {}
    }
    match (value.kind(), nested.nesting) {
        (Kind::Unknown(..), _) if !has_open_type(nested) => Some(unknown_block(nested).with_marks(value.marks())),
        (_, BlockNesting::Single | BlockNesting::Group) => change_object(&nested.block, value),
        _ => parts::change_parts(value, &mut |element| change_object(&nested.block, element)),
    }
}

/// Tells whether the types of some attributes are not fixed; the legacy SDK has no such attributes.
fn has_open_type(nested: &NestedBlock) -> bool {
    attributes::any(Fields::of_block(&nested.block), &|attribute| match &attribute.kind {
        AttributeKind::Type(ty) => ty.has_dynamic(),
        AttributeKind::Nested(_) => false,
    })
}

/// Returns the value that stands for an unknown number of blocks: one whose attributes are all unknown.
fn unknown_block(nested: &NestedBlock) -> Value {
    let element = || unknown_object(&nested.block);
    match nested.nesting {
        BlockNesting::Single | BlockNesting::Group => element(),
        BlockNesting::List => Value::list(nested.block.ty(), [element()]),
        BlockNesting::Set => Value::set(nested.block.ty(), [element()]),
        BlockNesting::Map => Value::map::<&str>(nested.block.ty(), []),
    }
}

fn unknown_object(block: &Block) -> Value {
    let attributes = block.attributes.iter().map(|attribute| (attribute.name.clone(), Value::unknown(attribute.ty())));
    let blocks = block.blocks.iter().map(|nested| (nested.name.clone(), unknown_block(nested)));
    Value::object(attributes.chain(blocks))
}

#[cfg(test)]
mod tests {
    use super::super::notation::{cases, field, schema, value};
    use super::normalize;

    #[test]
    fn objects_take_the_form_that_terraform_gives_them() {
        let count =
            cases(&[include_str!("tables/normalize.txt"), include_str!("tables/normalize_recorded.txt")], |case| {
                let schema = schema(&field(case, "schema"));
                let given = value(&field(case, "value"), &schema.ty());
                let wanted = value(&field(case, "want"), &schema.ty());
                assert_eq!(normalize(&schema, &given), wanted);
                assert_eq!(normalize(&schema, &wanted), wanted, "what is normal stays");
            });
        assert_eq!(count, 11 + 30);
    }
}
