//! `ignore_changes`: where the prior object wins over the configuration.

use lang::module::IgnoreChanges;
use schema::Block;
use value::{Kind, PathStep, Type, Value};

use super::attributes::{self, Change};
use super::parts;

/// Returns the configuration with what is to be ignored as it was. Nothing is ignored where there was no object.
///
/// If everything is ignored, the result is the prior object without what only the provider decides, as that would look
/// as if it had been configured.
pub fn ignore_changes(schema: &Block, ignored: &IgnoreChanges, prior: &Value, config: &Value) -> Value {
    match ignored {
        IgnoreChanges::All if !prior.is_null() => {
            attributes::change(schema, prior, &mut |attribute, value| match attribute.computed
                && !attribute.is_settable()
            {
                true if value.is_null() => Change::Keep,
                true => Change::Replace(Value::null(attribute.ty())),
                false => Change::Descend,
            })
        }
        _ => restore_ignored(ignored, prior, config),
    }
}

/// Returns a planned object with what is to be ignored as it was: providers of the legacy SDK may have changed it.
pub fn restore_ignored(ignored: &IgnoreChanges, prior: &Value, planned: &Value) -> Value {
    if prior.is_null() {
        return planned.clone();
    }
    match ignored {
        IgnoreChanges::All => prior.clone(),
        IgnoreChanges::Paths(_) if planned.is_null() => planned.clone(),
        IgnoreChanges::Paths(paths) => {
            paths.iter().fold(planned.clone(), |config, ignored| restore(prior, &config, &ignored.path.0))
        }
    }
}

/// Puts what the prior value has at a path into the value; nothing happens if the path leads nowhere in either.
fn restore(prior: &Value, value: &Value, path: &[PathStep]) -> Value {
    let Some((step, rest)) = path.split_first() else { return prior.clone() };
    if let (Some(key), []) = (map_key(step), rest)
        && !is_object_by_name(step, value)
    {
        return restore_entry(prior, value, key);
    }
    let (Some(old), Some(new)) = (part(prior, step), part(value, step)) else { return value.clone() };
    let restored = restore(old, new, rest);
    if restored == *new {
        return value.clone();
    }
    let place = std::ptr::from_ref(new);
    let change = |part: &Value| std::ptr::eq(part, place).then(|| restored.clone());
    parts::change_parts(value, &mut { change }).unwrap_or_else(|| value.clone())
}

fn map_key(step: &PathStep) -> Option<&str> {
    match step {
        PathStep::Index(key) => key.as_str(),
        PathStep::Attribute(name) => Some(name),
    }
}

/// Tells whether a step names an attribute of an object, which is not a key that may come and go.
fn is_object_by_name(step: &PathStep, value: &Value) -> bool {
    matches!(step, PathStep::Attribute(_)) && !is_of_maps(value)
}

fn is_of_maps(value: &Value) -> bool {
    matches!(value.kind(), Kind::Map(_) | Kind::Null(Type::Map(_)) | Kind::Unknown(Type::Map(_), _))
}

/// Restores one key of a map: the element it had, or that there was none.
fn restore_entry(prior: &Value, value: &Value, key: &str) -> Value {
    let (element, mut entries) = match value.kind() {
        Kind::Map(map) => (map.element_type(), map.entries().to_vec()),
        Kind::Null(Type::Map(element)) => (&**element, Vec::new()),
        // Whether the key is there is not known.
        Kind::Unknown(Type::Map(_), _) => return value.clone(),
        // The key of an object by index: reference behaviour is that the whole object counts.
        _ => return prior.clone(),
    };
    if parts::of_key(prior, key) == parts::of_key(value, key) {
        return value.clone();
    }
    entries.retain(|(name, _)| name.as_str() != key);
    entries.extend(parts::of_key(prior, key).map(|old| (key.into(), old.clone())));
    match entries.is_empty() && value.is_null() {
        true => value.clone(),
        false => Value::map(element.clone(), entries).with_marks(value.marks()),
    }
}

/// Returns the part that a step leads to, if the value is known to have it.
fn part<'a>(value: &'a Value, step: &PathStep) -> Option<&'a Value> {
    match step {
        PathStep::Attribute(name) => parts::of_key(value, name),
        PathStep::Index(key) => match (key.as_str(), key.as_number()) {
            (Some(key), _) => parts::of_key(value, key),
            (_, Some(number)) => parts::at(value, number.to_usize()?),
            _ => None,
        },
    }
}

#[cfg(test)]
#[path = "ignore_tests.rs"]
mod tests;
