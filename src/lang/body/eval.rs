//! From compiled body and scope to object.

use std::collections::BTreeMap;

use diag::{Diagnostic, Span};
use ecow::EcoString;
use schema::{Block, BlockNesting, NestedBlock};
use value::{Marks, Type, Value, convert};

use super::{CompiledBody, Dynamic, Item, NestedBlocks, SetAttribute, Source};
use crate::expr::{Evaluator, Expr, elements};

/// How a body is evaluated.
#[derive(Clone, Copy)]
struct Mode {
    /// Values are stored, so ephemeral ones are refused.
    is_stored: bool,
    /// Marks of the collection that a `dynamic` block goes over: what is set in its blocks carries them.
    marks: Marks,
}

impl CompiledBody {
    /// Evaluates the body to an object of the schema's type.
    pub fn eval(&self, evaluator: &mut Evaluator<'_>) -> Value {
        self.eval_in(evaluator, Mode { is_stored: true, marks: Marks::NONE })
    }

    /// Evaluates a body whose values are never stored, such as a provider's configuration: they may be ephemeral.
    pub fn eval_unstored(&self, evaluator: &mut Evaluator<'_>) -> Value {
        self.eval_in(evaluator, Mode { is_stored: false, marks: Marks::NONE })
    }

    fn eval_in(&self, evaluator: &mut Evaluator<'_>, mode: Mode) -> Value {
        let values = self.sources.iter().map(|source| match source {
            Source::Absent(ty) => Value::null(ty.without_optional()),
            Source::Attribute(attribute) => eval_attribute(attribute, mode, evaluator),
            Source::Blocks(blocks) => eval_blocks(blocks, self.missing_item, mode, evaluator),
        });
        let values = values.collect();
        Value::object_of_shape(self.names.clone(), values)
    }

    /// Returns what is known of a body that may not come to be: what is set in it is unknown.
    fn unknown(&self, marks: Marks) -> Value {
        let values = self.sources.iter().map(|source| match source {
            Source::Absent(ty) => Value::null(ty.without_optional()),
            Source::Attribute(attribute) => Value::unknown(attribute.ty.without_optional()).with_marks(marks),
            Source::Blocks(blocks) => match (blocks.schema.nesting, blocks.items.first()) {
                (BlockNesting::Single | BlockNesting::Group, Some(Item::Block { body, .. })) => body.unknown(marks),
                (BlockNesting::Single | BlockNesting::Group, Some(Item::Dynamic(dynamic))) => {
                    dynamic.body.unknown(marks)
                }
                (_, Some(_)) => Value::unknown(blocks.schema.ty()),
                (_, None) => absent(&blocks.schema),
            },
        });
        let values = values.collect();
        Value::object_of_shape(self.names.clone(), values)
    }
}

fn eval_attribute(attribute: &SetAttribute, mode: Mode, evaluator: &mut Evaluator<'_>) -> Value {
    let value = evaluator.eval(&attribute.expr).with_marks(mode.marks);
    let value = match convert(&value, &attribute.ty) {
        Ok(value) => value,
        Err(error) => {
            let detail =
                format!("Inappropriate value for attribute {:?}: {}{error}.", attribute.name, place(&error.path));
            let problem = Diagnostic::error("Incorrect attribute value type", detail);
            let context = attribute.name_span.to(attribute.expr.span);
            evaluator.fail_with(problem.at(attribute.expr.span).within(context), &attribute.expr);
            return Value::unknown(attribute.ty.without_optional());
        }
    };
    if attribute.required && value.is_null() {
        let detail = format!("The argument {:?} is required, but its value is null.", attribute.name);
        evaluator.fail(&attribute.expr, "Missing required argument", detail);
    }
    if mode.is_stored && !attribute.write_only && value.marks_deep().contains(Marks::EPHEMERAL) {
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

fn eval_blocks(blocks: &NestedBlocks, missing_item: Option<Span>, mode: Mode, evaluator: &mut Evaluator<'_>) -> Value {
    let schema = &blocks.schema;
    let single = matches!(schema.nesting, BlockNesting::Single | BlockNesting::Group);
    let inner = Mode { marks: Marks::NONE, ..mode };
    let mut found = Vec::new();
    for item in &blocks.items {
        match item {
            Item::Block { label, header, body } => {
                found.push(Evaluated { label: label.clone(), value: body.eval_in(evaluator, inner), header: *header });
            }
            Item::Dynamic(dynamic) => match eval_dynamic(dynamic, mode, &mut found, evaluator) {
                Ok(()) => {}
                Err(marks) if single => {
                    found.push(Evaluated { label: None, value: dynamic.body.unknown(marks), header: dynamic.header });
                }
                Err(_) => return Value::unknown(schema.ty()),
            },
        }
    }
    check_generated(blocks, &found, missing_item, evaluator);
    let object = schema.block.ty();
    match schema.nesting {
        BlockNesting::Single | BlockNesting::Group => {
            found.into_iter().next().map_or_else(|| absent(schema), |block| block.value)
        }
        BlockNesting::List if object.has_dynamic() => Value::tuple(found.into_iter().map(|block| block.value)),
        BlockNesting::List => Value::list(object, found.into_iter().map(|block| block.value)),
        BlockNesting::Set => Value::set(object, found.into_iter().map(|block| block.value)),
        BlockNesting::Map => eval_map(object, found, evaluator),
    }
}

fn eval_map(object: Type, found: Vec<Evaluated>, evaluator: &mut Evaluator<'_>) -> Value {
    let mut entries: BTreeMap<EcoString, Value> = BTreeMap::new();
    for block in found {
        let label = block.label.unwrap_or_default();
        if entries.contains_key(&label) {
            let detail = format!("There is a block with the label {label:?} already; labels must be unique here.");
            evaluator.diags.error(block.header, "Duplicate block", detail);
            continue;
        }
        entries.insert(label, block.value);
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
    let name = &schema.name;
    let single = matches!(schema.nesting, BlockNesting::Single | BlockNesting::Group);
    let max = if single { 1 } else { schema.max_items as usize };
    if max > 0
        && let Some(extra) = found.get(max)
    {
        let summary = if single { format!("Duplicate {name} block") } else { format!("Too many {name} blocks") };
        let detail = format!("There are {} {name:?} blocks, and no more than {max} can be here.", found.len());
        evaluator.diags.error(extra.header, summary, detail);
    }
    if found.len() < schema.min_items as usize {
        let summary = if single { format!("Missing {name} block") } else { format!("Insufficient {name} blocks") };
        let detail =
            format!("There are {} {name:?} blocks, and at least {} are needed.", found.len(), schema.min_items);
        let mut problem = Diagnostic::error(summary, detail);
        problem.subject = missing_item;
        evaluator.diags.push(problem);
    }
}

/// Returns the value of nested blocks of which there is none.
fn absent(schema: &NestedBlock) -> Value {
    let object = schema.block.ty();
    match schema.nesting {
        BlockNesting::Single => Value::null(object),
        BlockNesting::Group => empty(&schema.block),
        BlockNesting::List if object.has_dynamic() => Value::tuple([]),
        BlockNesting::List => Value::list(object, []),
        BlockNesting::Set => Value::set(object, []),
        BlockNesting::Map if object.has_dynamic() => Value::object::<EcoString>([]),
        BlockNesting::Map => Value::map::<EcoString>(object, []),
    }
}

/// Returns the object of a block that is not there but always has a value.
fn empty(schema: &Block) -> Value {
    let attributes = schema.attributes.iter().map(|a| (a.name.clone(), Value::null(a.ty())));
    let blocks = schema.blocks.iter().map(|nested| (nested.name.clone(), absent(nested)));
    Value::object(attributes.chain(blocks))
}

/// Adds the blocks that a `dynamic` block stands for; the collection's marks where it is not known how many.
fn eval_dynamic(
    dynamic: &Dynamic,
    mode: Mode,
    found: &mut Vec<Evaluated>,
    evaluator: &mut Evaluator<'_>,
) -> Result<(), Marks> {
    const SUMMARY: &str = "Invalid dynamic for_each value";
    let before = evaluator.diags.len();
    let collection = evaluator.eval(&dynamic.for_each);
    let (collection, marks) = collection.unmark();
    if evaluator.failed_since(before) {
        return Err(marks);
    }
    if collection.is_null() {
        let detail = "Cannot use a null value in for_each. Use an empty collection for no blocks.";
        evaluator.fail(&dynamic.for_each, SUMMARY, detail);
        return Err(marks);
    }
    let Some(elements) = elements(&collection) else {
        let ty = collection.ty();
        if collection.is_known() || ty.is_primitive() {
            let name = ty.friendly_name();
            let detail = format!("Cannot use a {name} value in for_each. An iterable collection is required.");
            evaluator.fail(&dynamic.for_each, SUMMARY, detail);
        }
        return Err(marks);
    };
    let mode = Mode { marks, ..mode };
    for (key, value) in elements {
        let iterator = Value::object([("key", key), ("value", value)]);
        evaluator.with_slot(iterator, |evaluator| {
            let Some(label) = eval_label(dynamic.labels.first(), evaluator) else { return };
            let value = dynamic.body.eval_in(evaluator, mode).with_marks(marks);
            found.push(Evaluated { label, value, header: dynamic.header });
        });
    }
    Ok(())
}

/// Evaluates the label of a block that `dynamic` makes, if it has one; nothing if it cannot be a label.
fn eval_label(label: Option<&Expr>, evaluator: &mut Evaluator<'_>) -> Option<Option<EcoString>> {
    let Some(expr) = label else { return Some(None) };
    let before = evaluator.diags.len();
    let value = evaluator.eval(expr);
    if evaluator.failed_since(before) {
        return None;
    }
    let problem = match convert(&value, &Type::String) {
        Err(error) => format!("Cannot use this value as a dynamic block label: {error}."),
        Ok(value) if value.is_null() => "Cannot use a null value as a dynamic block label.".into(),
        Ok(value) if !value.is_known() => "The label of a block must be known, and this is not yet.".into(),
        Ok(value) if !value.marks().is_empty() => "A sensitive or ephemeral value cannot label a block.".into(),
        Ok(value) => return Some(Some(value.as_str()?.into())),
    };
    evaluator.fail(expr, "Invalid dynamic block label", problem);
    None
}
