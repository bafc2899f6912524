//! From compiled body and scope to object.

use diag::{Diagnostic, Span};
use ecow::EcoString;
use schema::{Block, BlockNesting};
use value::{Marks, Type, Value, convert};

use super::{CompiledBody, Dynamic, Item, NestedBlocks, SetAttribute, Source};
use crate::expr::{Evaluator, elements};

impl CompiledBody {
    /// Evaluates the body to an object of the schema's type.
    pub fn eval(&self, evaluator: &mut Evaluator<'_>) -> Value {
        let values = self.sources.iter().map(|source| match source {
            Source::Absent(ty) => Value::null(ty.clone()),
            Source::Attribute(attribute) => eval_attribute(attribute, evaluator),
            Source::Blocks(blocks) => eval_blocks(blocks, self.missing_item, evaluator),
        });
        let values = values.collect();
        Value::object_of_shape(self.names.clone(), values)
    }
}

fn eval_attribute(attribute: &SetAttribute, evaluator: &mut Evaluator<'_>) -> Value {
    let value = evaluator.eval(&attribute.expr);
    let value = match convert(&value, &attribute.ty) {
        Ok(value) => value,
        Err(error) => {
            let detail =
                format!("Inappropriate value for attribute {:?}: {}{error}.", attribute.name, place(&error.path));
            evaluator.fail(&attribute.expr, "Incorrect attribute value type", detail);
            return Value::unknown(attribute.ty.without_optional());
        }
    };
    if attribute.required && value.is_null() {
        let detail = format!("The argument {:?} is required, but its value is null.", attribute.name);
        evaluator.fail(&attribute.expr, "Missing required argument", detail);
    }
    if !attribute.write_only && value.marks_deep().contains(Marks::EPHEMERAL) {
        let detail = format!(
            "The value of {:?} is ephemeral, so it must not be stored; only write-only arguments take such values.",
            attribute.name
        );
        evaluator.fail(&attribute.expr, "Invalid use of ephemeral value", detail);
    }
    value
}

fn place(path: &value::Path) -> String {
    if path.0.is_empty() { String::new() } else { format!("{}: ", path.to_string().trim_start_matches('.')) }
}

struct Evaluated {
    label: Option<EcoString>,
    value: Value,
    header: Span,
}

fn eval_blocks(blocks: &NestedBlocks, missing_item: Option<Span>, evaluator: &mut Evaluator<'_>) -> Value {
    let mut found = Vec::new();
    let mut known = true;
    for item in &blocks.items {
        match item {
            Item::Block { label, header, body } => {
                found.push(Evaluated { label: label.clone(), value: body.eval(evaluator), header: *header });
            }
            Item::Dynamic(dynamic) => known &= eval_dynamic(dynamic, &mut found, evaluator),
        }
    }
    let schema = &blocks.schema;
    let object = schema.block.ty();
    if !known {
        return match schema.nesting {
            BlockNesting::Single | BlockNesting::Group => Value::unknown(object),
            _ => Value::unknown(schema.ty()),
        };
    }
    check_generated(blocks, &found, missing_item, evaluator);
    match schema.nesting {
        BlockNesting::Single => found.into_iter().next().map_or(Value::null(object), |block| block.value),
        BlockNesting::Group => found.into_iter().next().map_or_else(|| empty(&schema.block), |block| block.value),
        BlockNesting::List if object.has_dynamic() => Value::tuple(found.into_iter().map(|block| block.value)),
        BlockNesting::List => Value::list(object, found.into_iter().map(|block| block.value)),
        BlockNesting::Set => Value::set(object, found.into_iter().map(|block| block.value)),
        BlockNesting::Map => eval_map(object, found, evaluator),
    }
}

fn eval_map(object: Type, found: Vec<Evaluated>, evaluator: &mut Evaluator<'_>) -> Value {
    let mut entries: Vec<(EcoString, Value)> = Vec::with_capacity(found.len());
    for block in found {
        let label = block.label.unwrap_or_default();
        if entries.iter().any(|(known, _)| *known == label) {
            let detail = format!("There is a block with the label {label:?} already; labels must be unique here.");
            evaluator.diags.error(block.header, "Duplicate block", detail);
            continue;
        }
        entries.push((label, block.value));
    }
    if object.has_dynamic() { Value::object(entries) } else { Value::map(object, entries) }
}

/// Checks the number of blocks where `dynamic` made some of them; written blocks were counted when compiling.
fn check_generated(
    blocks: &NestedBlocks,
    found: &[Evaluated],
    missing_item: Option<Span>,
    evaluator: &mut Evaluator<'_>,
) {
    if !blocks.items.iter().any(|item| matches!(item, Item::Dynamic(_))) {
        return;
    }
    let schema = &blocks.schema;
    let single = matches!(schema.nesting, BlockNesting::Single | BlockNesting::Group);
    let max = if single { 1 } else { schema.max_items as usize };
    if max > 0
        && let Some(extra) = found.get(max)
    {
        let detail = format!("There are {} {:?} blocks, and no more than {max} can be here.", found.len(), schema.name);
        evaluator.diags.error(extra.header, format!("Too many {} blocks", schema.name), detail);
    }
    if found.len() < schema.min_items as usize {
        let detail = format!(
            "There are {} {:?} blocks, and at least {} are needed.",
            found.len(),
            schema.name,
            schema.min_items
        );
        let mut problem = Diagnostic::error(format!("Insufficient {} blocks", schema.name), detail);
        problem.subject = missing_item;
        evaluator.diags.push(problem);
    }
}

/// Returns the object of a block that is not there but always has a value.
fn empty(schema: &Block) -> Value {
    let attributes = schema.attributes.iter().map(|a| (a.name.clone(), Value::null(a.ty())));
    let blocks = schema.blocks.iter().map(|nested| {
        let object = nested.block.ty();
        let value = match nested.nesting {
            BlockNesting::Single => Value::null(object),
            BlockNesting::Group => empty(&nested.block),
            BlockNesting::List if object.has_dynamic() => Value::tuple([]),
            BlockNesting::List => Value::list(object, []),
            BlockNesting::Set => Value::set(object, []),
            BlockNesting::Map if object.has_dynamic() => Value::object::<EcoString>([]),
            BlockNesting::Map => Value::map::<EcoString>(object, []),
        };
        (nested.name.clone(), value)
    });
    Value::object(attributes.chain(blocks))
}

/// Adds the blocks that a `dynamic` block stands for; returns whether they are known.
fn eval_dynamic(dynamic: &Dynamic, found: &mut Vec<Evaluated>, evaluator: &mut Evaluator<'_>) -> bool {
    const SUMMARY: &str = "Invalid dynamic for_each value";
    let collection = evaluator.eval(&dynamic.for_each);
    let (collection, marks) = collection.unmark();
    if marks.contains(Marks::SENSITIVE) {
        let detail = "The for_each value of a dynamic block is sensitive; the number of blocks would show it.";
        evaluator.fail(&dynamic.for_each, SUMMARY, detail);
        return false;
    }
    if collection.is_null() {
        let detail = "Cannot use a null value in for_each. Use an empty collection for no blocks.";
        evaluator.fail(&dynamic.for_each, SUMMARY, detail);
        return false;
    }
    let Some(elements) = elements(&collection) else {
        let ty = collection.ty();
        if collection.is_known() || ty.is_primitive() {
            let name = ty.friendly_name();
            let detail = format!("Cannot use a {name} value in for_each. An iterable collection is required.");
            evaluator.fail(&dynamic.for_each, SUMMARY, detail);
        } else {
            // Mistakes in the content are worth reporting even though the number of blocks is not known.
            let iterator = Value::object([("key", Value::dynamic()), ("value", Value::dynamic())]);
            evaluator.with_slot(iterator, |evaluator| dynamic.body.eval(evaluator));
        }
        return false;
    };
    let mut known = true;
    for (key, value) in elements {
        let iterator = Value::object([("key", key), ("value", value)]);
        evaluator.with_slot(iterator, |evaluator| {
            let label = dynamic.labels.first().map(|expr| {
                let label = evaluator.eval_as(expr, &Type::String);
                known &= label.is_known();
                label.as_str().unwrap_or_default().into()
            });
            found.push(Evaluated { label, value: dynamic.body.eval(evaluator), header: dynamic.header });
        });
    }
    known
}
