//! What can be written, or read, somewhere: arguments, blocks, inputs, outputs, all in one form.

use lang::module::{Output, Variable};
use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, ObjectNesting};
use value::{Type, Value};

/// Something that has a name and holds something.
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// What it holds, as in a type constraint; of objects only that they are some.
    pub(crate) ty: String,
    /// Who sets it.
    pub(crate) demand: Demand,
    /// What else is to be known, in a word or two each.
    pub(crate) notes: Vec<String>,
    /// What it is for.
    pub(crate) description: String,
    /// What is inside.
    pub(crate) inner: Vec<Entry>,
}

/// Who sets something, in the order of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Demand {
    /// The configuration must.
    Required,
    /// The configuration may.
    Optional,
    /// The provider does.
    Computed,
}

impl Entry {
    /// Returns what stands behind the name: the type, who sets it, and the notes.
    pub(crate) fn facts(&self) -> String {
        let mut facts = vec![self.ty.clone()];
        match self.demand {
            Demand::Required => facts.push("required".to_owned()),
            Demand::Optional => facts.push("optional".to_owned()),
            Demand::Computed => {}
        }
        facts.extend(self.notes.iter().cloned());
        facts.join(", ")
    }

    /// Tells whether the configuration can have it.
    pub(crate) fn is_settable(&self) -> bool {
        self.demand != Demand::Computed
    }
}

/// Returns what a block holds: what must be set, what may be, and what only the provider sets, each by name.
pub(crate) fn of_block(block: &Block) -> Vec<Entry> {
    let attributes = block.attributes.iter().map(of_attribute);
    sorted(attributes.chain(block.blocks.iter().map(of_nested)).collect())
}

/// Returns a module's inputs.
pub(crate) fn of_variables(variables: &[Variable]) -> Vec<Entry> {
    sorted(variables.iter().map(of_variable).collect())
}

/// Returns a module's outputs.
pub(crate) fn of_outputs(outputs: &[Output]) -> Vec<Entry> {
    let entry = |output: &Output| Entry {
        name: output.name.to_string(),
        ty: output.ty.as_ref().map_or("any".to_owned(), shallow),
        demand: Demand::Computed,
        notes: notes(output.sensitive, output.ephemeral, output.deprecated.is_some()),
        description: output.description.as_deref().unwrap_or_default().to_owned(),
        inner: output.ty.as_ref().map(of_type).unwrap_or_default(),
    };
    sorted(outputs.iter().map(entry).collect())
}

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| (a.demand, &a.name).cmp(&(b.demand, &b.name)));
    entries
}

fn notes(is_sensitive: bool, is_ephemeral: bool, is_deprecated: bool) -> Vec<String> {
    let all = [(is_sensitive, "sensitive"), (is_ephemeral, "ephemeral"), (is_deprecated, "deprecated")];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, note)| note.to_owned()).collect()
}

fn of_variable(variable: &Variable) -> Entry {
    let mut all = notes(variable.sensitive, variable.ephemeral, variable.deprecated.is_some());
    if let Some(default) = variable.default.as_ref().and_then(short) {
        all.insert(0, format!("default {default}"));
    }
    Entry {
        name: variable.name.to_string(),
        ty: shallow(&variable.ty),
        demand: if variable.default.is_some() { Demand::Optional } else { Demand::Required },
        notes: all,
        description: variable.description.as_deref().unwrap_or_default().to_owned(),
        inner: of_type(&variable.ty),
    }
}

/// Writes a default, if it says anything and fits on the line.
fn short(value: &Value) -> Option<String> {
    let text = lang::print::print_value(value);
    (!value.is_null() && !text.contains('\n') && text.chars().count() <= 30).then_some(text)
}

fn of_attribute(attribute: &Attribute) -> Entry {
    let mut all = notes(attribute.sensitive, false, attribute.deprecated);
    if attribute.write_only {
        all.push("write-only".to_owned());
    }
    if attribute.computed && attribute.is_settable() {
        all.push("else the provider chooses".to_owned());
    }
    let (ty, inner) = match &attribute.kind {
        AttributeKind::Type(ty) => (shallow(ty), of_type(ty)),
        AttributeKind::Nested(nested) => {
            let ty = match nested.nesting {
                ObjectNesting::Single => "object",
                ObjectNesting::List => "list of objects",
                ObjectNesting::Set => "set of objects",
                ObjectNesting::Map => "map of objects",
            };
            (ty.to_owned(), sorted(nested.attributes.iter().map(of_attribute).collect()))
        }
    };
    let demand = match attribute {
        Attribute { required: true, .. } => Demand::Required,
        Attribute { optional: true, .. } => Demand::Optional,
        _ => Demand::Computed,
    };
    let description = match attribute.deprecation.as_str() {
        "" => attribute.description.to_string(),
        why => format!("{} {why}", attribute.description).trim().to_owned(),
    };
    Entry { name: attribute.name.to_string(), ty, demand, notes: all, description, inner }
}

fn of_nested(nested: &NestedBlock) -> Entry {
    let is_single = matches!(nested.nesting, BlockNesting::Single | BlockNesting::Group) || nested.max_items == 1;
    let ty = match nested.nesting {
        _ if is_single => "block",
        BlockNesting::Map => "blocks with a label",
        _ => "blocks",
    };
    let notes = match (nested.min_items, nested.max_items) {
        (low, high) if high > 1 && low > 1 => vec![format!("{low} to {high}")],
        (_, high) if high > 1 => vec![format!("at most {high}")],
        (low, _) if low > 1 => vec![format!("at least {low}")],
        _ => vec![],
    };
    let inner = of_block(&nested.block);
    let is_settable = inner.is_empty() || inner.iter().any(Entry::is_settable);
    Entry {
        name: nested.name.to_string(),
        ty: ty.to_owned(),
        demand: match nested.min_items {
            _ if !is_settable => Demand::Computed,
            0 => Demand::Optional,
            _ => Demand::Required,
        },
        notes,
        description: nested.block.description.to_string(),
        inner,
    }
}

/// Writes a type without what is in its objects.
fn shallow(ty: &Type) -> String {
    match ty {
        Type::Object(_) => "object".to_owned(),
        Type::List(element) => format!("list({})", shallow(element)),
        Type::Set(element) => format!("set({})", shallow(element)),
        Type::Map(element) => format!("map({})", shallow(element)),
        Type::Tuple(_) => "tuple".to_owned(),
        other => other.to_string(),
    }
}

/// Returns the attributes of the objects in a type.
fn of_type(ty: &Type) -> Vec<Entry> {
    match ty {
        Type::List(element) | Type::Set(element) | Type::Map(element) => of_type(element),
        Type::Object(object) => {
            let entry = |attribute: &value::Attribute| Entry {
                name: attribute.name.to_string(),
                ty: shallow(&attribute.ty),
                demand: if attribute.optional { Demand::Optional } else { Demand::Required },
                notes: vec![],
                description: String::new(),
                inner: of_type(&attribute.ty),
            };
            sorted(object.attributes().iter().map(entry).collect())
        }
        _ => vec![],
    }
}
