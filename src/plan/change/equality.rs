//! Equality of values as far as it concerns a provider, and a hash that agrees with it.

use std::hash::{DefaultHasher, Hash};

use value::{Kind, Value};

/// Tells whether two values are the same to a provider: the same content, whatever the marks and the bounds of
/// unknown parts. Nulls are all the same.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    // Shared values are equal at a glance; that is why this comes first although it may look at everything.
    if left == right {
        return true;
    }
    if left.is_null() || right.is_null() {
        return left.is_null() && right.is_null();
    }
    if is_plain(left) && is_plain(right) {
        return false;
    }
    match (left.kind(), right.kind()) {
        (Kind::Unknown(left, _), Kind::Unknown(right, _)) => left == right,
        (Kind::List(left), Kind::List(right)) => all_same(left.values(), right.values()),
        (Kind::Set(left), Kind::Set(right)) => all_same(left.values(), right.values()),
        (Kind::Tuple(left), Kind::Tuple(right)) => all_same(left.values(), right.values()),
        (Kind::Object(left), Kind::Object(right)) => {
            left.names() == right.names() && all_same(left.values(), right.values())
        }
        (Kind::Map(left), Kind::Map(right)) => {
            let (left, right) = (left.entries(), right.entries());
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| left.0 == right.0 && same(&left.1, &right.1))
        }
        _ if left.marks().is_empty() && right.marks().is_empty() => false,
        _ => left.clone().unmark().0 == right.clone().unmark().0,
    }
}

fn all_same(left: &[Value], right: &[Value]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
}

fn is_plain(value: &Value) -> bool {
    value.is_wholly_known() && value.marks_deep().is_empty()
}

/// Adds a value to a hash; values that are [`same`] add the same.
pub(super) fn add(value: &Value, hasher: &mut DefaultHasher) {
    match value.kind() {
        Kind::Null(_) => 0u8.hash(hasher),
        Kind::Unknown(..) => 1u8.hash(hasher),
        Kind::Bool(value) => (2u8, value).hash(hasher),
        Kind::Number(value) => (3u8, value).hash(hasher),
        Kind::String(value) => (4u8, value.as_str()).hash(hasher),
        Kind::Meta(ty) => (5u8, ty).hash(hasher),
        Kind::Map(map) => {
            (6u8, map.entries().len()).hash(hasher);
            for (key, part) in map.entries() {
                key.hash(hasher);
                add(part, hasher);
            }
        }
        Kind::Object(object) => {
            (7u8, object.values().len()).hash(hasher);
            object.values().iter().for_each(|part| add(part, hasher));
        }
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            let parts = value.as_sequence().unwrap_or_default();
            (8u8, parts.len()).hash(hasher);
            parts.iter().for_each(|part| add(part, hasher));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hasher};

    use super::{add, same};
    use value::{Marks, Type, Value};

    fn check(left: Value, right: Value, expected: bool) {
        assert_eq!(same(&left, &right), expected, "{left:?} {right:?}");
        let hash = |value: &Value| {
            let mut hasher = DefaultHasher::new();
            add(value, &mut hasher);
            hasher.finish()
        };
        if expected {
            assert_eq!(hash(&left), hash(&right), "{left:?} {right:?}");
        }
    }

    #[test]
    fn marks_bounds_and_types_of_nulls_do_not_count() {
        let secret = |value: Value| value.with_marks(Marks::SENSITIVE);
        check(secret("a".into()), "a".into(), true);
        check(secret("a".into()), "b".into(), false);
        check(Value::null(Type::String), Value::NULL, true);
        check(Value::unknown(Type::String).refine_not_null(), Value::unknown(Type::String), true);
        check(Value::unknown(Type::String), Value::unknown(Type::Number), false);
        let list = |value: Value| Value::list(Type::String, [value]);
        check(list(secret("a".into())), list("a".into()), true);
        check(list(Value::unknown(Type::String)), list("a".into()), false);
        check(list(Value::unknown(Type::String).refine_not_null()), list(Value::unknown(Type::String)), true);
    }
}
