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
///
/// As in Terraform, elements of maps are named by index and attributes of objects by name: `tags.a` ignores nothing if
/// `tags` is a map, and `settings["a"]` ignores all of `settings` if it is an object.
fn restore(prior: &Value, value: &Value, path: &[PathStep]) -> Value {
    let Some((step, rest)) = path.split_first() else { return prior.clone() };
    if let (PathStep::Index(key), []) = (step, rest)
        && let Some(key) = key.as_str()
    {
        return restore_entry(prior, value, key);
    }
    let (Some(old), Some(new)) = (part(prior, step), part(value, step)) else { return value.clone() };
    let restored = restore(old, new, rest);
    if restored == *new {
        return value.clone();
    }
    let place = std::ptr::from_ref(new);
    let mut change = |part: &Value| std::ptr::eq(part, place).then(|| restored.clone());
    parts::change_parts(value, &mut change).unwrap_or_else(|| value.clone())
}

/// Restores one key of a map: the element it had, or that there was none.
fn restore_entry(prior: &Value, value: &Value, key: &str) -> Value {
    let (element, mut entries) = match value.kind() {
        Kind::Map(map) => (map.element_type(), map.entries().to_vec()),
        Kind::Null(Type::Map(element)) => (&**element, Vec::new()),
        // Whether the key is there is not known.
        Kind::Unknown(Type::Map(_), _) => return value.clone(),
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
    match (step, value.kind()) {
        (PathStep::Attribute(name), Kind::Object(object)) => object.get(name),
        (PathStep::Index(key), Kind::Map(map)) => map.get(key.as_str()?),
        (PathStep::Index(key), _) => parts::at(value, key.as_number()?.to_usize()?),
        _ => None,
    }
}

#[cfg(test)]
#[path = "ignore_tests.rs"]
mod tests;
