//! Plans that follow from the schema: what most resource types need, and where the others begin.

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedObject, ObjectNesting, Schema};
use value::{Kind, Path, PathStep, Value};

use crate::{PlanRequest, PlanResponse};

/// What the schema does not say about plans; names are of attributes and blocks at the top.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanRules<'a> {
    /// A difference there means that the object is replaced.
    pub replaces: &'a [&'a str],
    /// Computed attributes that any update may change.
    pub volatile: &'a [&'a str],
}

/// Plans by the schema alone: what is proposed stays, what can be computed and is not set becomes unknown in what is
/// new and keeps its value in what was there, and write-only attributes are null.
pub fn plan_by_schema(schema: &Schema, rules: PlanRules<'_>, request: &PlanRequest) -> PlanResponse {
    let PlanRequest { prior, proposed, .. } = request;
    let keep = |planned| PlanResponse {
        private: request.prior_private.clone(),
        identity: request.prior_identity.clone(),
        ..PlanResponse::new(planned)
    };
    if proposed.is_null() {
        return keep(Value::null(schema.block.ty()));
    }
    if prior.is_null() {
        return PlanResponse::new(unknown_where_computed(&schema.block, proposed));
    }
    let planned = fill_block(Gap::Unknown, &schema.block, proposed, Some(prior));
    if planned == *prior {
        return keep(planned);
    }
    let planned = with_unknown(&schema.block, planned, rules.volatile);
    let differs = |name: &&&str| planned.attribute(name) != prior.attribute(name);
    let path = |name: &&str| Path(vec![PathStep::Attribute((*name).into())]);
    let requires_replace = rules.replaces.iter().filter(differs).map(path).collect();
    PlanResponse { requires_replace, ..keep(planned) }
}

/// Returns a configuration as an object that does not exist yet: what can be computed and is not set is unknown, and
/// write-only attributes are null.
pub fn unknown_where_computed(block: &Block, config: &Value) -> Value {
    fill_block(Gap::Unknown, block, config, None)
}

/// Returns an object without the values of its write-only attributes.
pub fn without_write_only(block: &Block, object: &Value) -> Value {
    fill_block(Gap::Unknown, block, object, Some(object))
}

/// Returns a configuration with the prior values of what can be computed and is not set.
///
/// The engine has its own rules for this, which know more of sets; these are for the conformance suite.
pub(crate) fn propose(block: &Block, prior: &Value, config: &Value) -> Value {
    fill_block(Gap::Prior, block, config, Some(prior).filter(|prior| !prior.is_null()))
}

/// What becomes of an attribute that can be computed and has no value.
#[derive(Clone, Copy, PartialEq)]
enum Gap {
    /// Unknown, unless the object was there before: then a provider has chosen null, and stays with it.
    Unknown,
    /// What it was before.
    Prior,
}

impl Gap {
    fn fill(self, attribute: &Attribute, prior: Option<&Value>) -> Value {
        match (self, prior) {
            (Gap::Unknown, None) => Value::unknown(attribute.ty()),
            (Gap::Prior, Some(prior)) => prior.clone(),
            (Gap::Unknown, Some(_)) | (Gap::Prior, None) => Value::null(attribute.ty()),
        }
    }

    /// Finds a set's element among those that were there before.
    fn counterpart<'a>(self, element: &Value, before: &'a [Value]) -> Option<&'a Value> {
        before.iter().find(|before| match self {
            Gap::Unknown => *before == element,
            Gap::Prior => element
                .as_entries()
                .unwrap_or_default()
                .into_iter()
                .all(|(name, value)| value.is_null() || member(Some(before), name) == Some(value)),
        })
    }
}

fn with_unknown(block: &Block, object: Value, names: &[&str]) -> Value {
    if names.is_empty() {
        return object;
    }
    change_members(&object, |name, value| match block.attribute(name) {
        Some(attribute) if names.contains(&name) => Value::unknown(attribute.ty()),
        _ => value.clone(),
    })
}

/// `prior` is what was there before; nothing where there was none.
fn fill_block(gap: Gap, block: &Block, object: &Value, prior: Option<&Value>) -> Value {
    change_members(object, |name, value| {
        let before = member(prior, name);
        match (block.attribute(name), block.nested(name)) {
            (Some(attribute), _) => fill_attribute(gap, attribute, value, before),
            (_, Some(nested)) => {
                let objects = match nested.nesting {
                    BlockNesting::Single | BlockNesting::Group => Objects::One,
                    BlockNesting::List | BlockNesting::Set | BlockNesting::Map => Objects::Many,
                };
                fill_elements(gap, value, before, objects, &|inner, prior| fill_block(gap, &nested.block, inner, prior))
            }
            _ => value.clone(),
        }
    })
}

fn fill_attribute(gap: Gap, attribute: &Attribute, value: &Value, prior: Option<&Value>) -> Value {
    if attribute.write_only {
        return Value::null(attribute.ty());
    }
    if value.is_null() && attribute.computed {
        return gap.fill(attribute, prior);
    }
    match &attribute.kind {
        AttributeKind::Type(_) => value.clone(),
        AttributeKind::Nested(nested) => {
            let objects = if nested.nesting == ObjectNesting::Single { Objects::One } else { Objects::Many };
            fill_elements(gap, value, prior, objects, &|inner, prior| fill_nested(gap, nested, inner, prior))
        }
    }
}

fn fill_nested(gap: Gap, nested: &NestedObject, object: &Value, prior: Option<&Value>) -> Value {
    change_members(object, |name, value| match nested.attributes.iter().find(|attribute| attribute.name == name) {
        Some(attribute) => fill_attribute(gap, attribute, value, member(prior, name)),
        None => value.clone(),
    })
}

/// How many objects there are in a value: lists and maps of them may be tuples and objects themselves.
#[derive(Clone, Copy, PartialEq)]
enum Objects {
    One,
    Many,
}

/// Fills the object, or the objects in the collection, each beside its counterpart: by position, by key, or in a set
/// the very same element.
fn fill_elements(
    gap: Gap,
    value: &Value,
    prior: Option<&Value>,
    objects: Objects,
    fill: &dyn Fn(&Value, Option<&Value>) -> Value,
) -> Value {
    let prior = prior.filter(|prior| !prior.is_null());
    let positions = prior.and_then(Value::as_sequence).unwrap_or_default();
    let by_position = |parts: &[Value]| -> Vec<Value> {
        parts.iter().enumerate().map(|(index, part)| fill(part, positions.get(index))).collect()
    };
    match value.kind() {
        Kind::List(list) => Value::list(list.element_type().clone(), by_position(list.values())),
        Kind::Tuple(tuple) => Value::tuple(by_position(tuple.values())),
        Kind::Set(set) => {
            let elements = set.values().iter().map(|part| fill(part, gap.counterpart(part, positions)));
            Value::set(set.element_type().clone(), elements.collect::<Vec<_>>())
        }
        Kind::Map(map) => {
            let elements = map.entries().iter().map(|(key, part)| (key.clone(), fill(part, member(prior, key))));
            Value::map(map.element_type().clone(), elements.collect::<Vec<_>>())
        }
        Kind::Object(_) if objects == Objects::Many => {
            change_members(value, |key, part| fill(part, member(prior, key)))
        }
        Kind::Object(_) => fill(value, prior),
        _ => value.clone(),
    }
}

fn member<'a>(object: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    match object?.kind() {
        Kind::Object(object) => object.get(name),
        Kind::Map(map) => map.get(name),
        _ => None,
    }
}

/// Changes the attributes of a known object; others stay as they are.
fn change_members(object: &Value, mut change: impl FnMut(&str, &Value) -> Value) -> Value {
    match object.kind() {
        Kind::Object(members) => {
            let values = members.iter().map(|(name, value)| change(name, value)).collect();
            Value::object_of_shape(members.names().clone(), values)
        }
        _ => object.clone(),
    }
}

/// Tells whether a block has write-only attributes, at any depth.
pub(crate) fn block_has_write_only(block: &Block) -> bool {
    has_write_only(&block.attributes) || block.blocks.iter().any(|nested| block_has_write_only(&nested.block))
}

/// Tells whether any of the attributes is write-only, or has such inside.
pub(crate) fn has_write_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let inside = match &attribute.kind {
            AttributeKind::Type(_) => &[],
            AttributeKind::Nested(NestedObject { attributes, .. }) => attributes.as_slice(),
        };
        attribute.write_only || has_write_only(inside)
    })
}

#[cfg(test)]
#[path = "planning_tests.rs"]
mod tests;
