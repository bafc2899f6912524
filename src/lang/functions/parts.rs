//! Looking into arguments, whether known or not: elements, types of parts, whole numbers, keys for searching.

use std::hash::{Hash, Hasher};

use ecow::EcoString;
use value::{Kind, Marks, Type, Value};

/// Returns the elements of a known list, set or tuple; none of anything else.
pub(super) fn elements(value: &Value) -> &[Value] {
    value.as_sequence().unwrap_or(&[])
}

/// Takes the marks off the top of an argument.
pub(super) fn bare(value: &Value) -> (Value, Marks) {
    value.clone().unmark()
}

/// Returns the element types of a tuple, known or not.
pub(super) fn tuple_types(value: &Value) -> Option<Vec<Type>> {
    match value.kind() {
        Kind::Tuple(tuple) => Some(tuple.values().iter().map(Value::ty).collect()),
        Kind::Unknown(Type::Tuple(types), _) | Kind::Null(Type::Tuple(types)) => Some(types.to_vec()),
        _ => None,
    }
}

/// Returns the sorted attribute names of an object, known or not.
pub(super) fn attribute_names(value: &Value) -> Option<Vec<EcoString>> {
    match value.kind() {
        Kind::Object(object) => Some(object.names().to_vec()),
        Kind::Unknown(Type::Object(ty), _) | Kind::Null(Type::Object(ty)) => {
            Some(ty.attributes().iter().map(|a| a.name.clone()).collect())
        }
        _ => None,
    }
}

/// Returns the type of an attribute of an object, known or not.
pub(super) fn attribute_type(value: &Value, name: &str) -> Option<Type> {
    match value.kind() {
        Kind::Object(object) => object.get(name).map(Value::ty),
        Kind::Unknown(Type::Object(ty), _) | Kind::Null(Type::Object(ty)) => ty.get(name).map(|a| a.ty.clone()),
        _ => None,
    }
}

/// Returns the length if it is certain: not of a set whose unknown elements may turn out equal.
pub(super) fn certain_length(value: &Value) -> Option<usize> {
    match value.kind() {
        Kind::Unknown(Type::Tuple(types), _) => Some(types.len()),
        Kind::Unknown(Type::List(_) | Type::Set(_) | Type::Map(_), _) | Kind::Set(_) => {
            let length = value.clone().unmark().0.length().ok()?;
            length.as_number()?.to_i64().and_then(|n| usize::try_from(n).ok())
        }
        _ => value.element_count(),
    }
}

/// Runs code that goes down into parts of values: the native stack grows with them, as deep as they may be.
pub(super) fn deep<R>(code: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(64 * 1024, 1024 * 1024, code)
}

/// Reads a known number as a position or count.
pub(super) fn whole_number(value: &Value) -> Result<i64, String> {
    let number = value.as_number();
    number.and_then(|n| n.to_i64()).ok_or_else(|| match number {
        Some(number) => format!("{number} is not a whole number of at most 64 bits"),
        None => "a whole number is required".into(),
    })
}

/// A value to search for in a hash table: equal where the language says so.
///
/// The value must be known in all its parts, without marks, and of the same type as the others in the table; nulls are
/// equal to one another.
#[derive(Clone, Copy)]
pub(super) struct Key<'a>(pub(super) &'a Value);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0.kind(), other.0.kind()) {
            (Kind::String(a), Kind::String(b)) => a == b,
            (Kind::Number(a), Kind::Number(b)) => a == b,
            (Kind::Bool(a), Kind::Bool(b)) => a == b,
            (Kind::Null(_), Kind::Null(_)) => true,
            (Kind::Meta(a), Kind::Meta(b)) => a == b,
            (Kind::List(a), Kind::List(b)) => same_keys(a.values(), b.values()),
            (Kind::Set(a), Kind::Set(b)) => same_keys(a.values(), b.values()),
            (Kind::Tuple(a), Kind::Tuple(b)) => same_keys(a.values(), b.values()),
            (Kind::Object(a), Kind::Object(b)) => a.names() == b.names() && same_keys(a.values(), b.values()),
            (Kind::Map(a), Kind::Map(b)) => {
                let (a, b) = (a.entries().iter(), b.entries().iter());
                a.map(|(key, value)| (key, Key(value))).eq(b.map(|(key, value)| (key, Key(value))))
            }
            _ => false,
        }
    }
}

impl Eq for Key<'_> {}

fn same_keys(a: &[Value], b: &[Value]) -> bool {
    deep(|| a.iter().map(Key).eq(b.iter().map(Key)))
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0.kind() {
            Kind::String(text) => text.hash(state),
            // Equal numbers are nearest to the same float; the sum makes one zero of both.
            Kind::Number(number) => (number.to_f64() + 0.0).to_bits().hash(state),
            Kind::Bool(value) => value.hash(state),
            Kind::List(list) => hash_parts(list.values(), state),
            Kind::Set(set) => hash_parts(set.values(), state),
            Kind::Tuple(tuple) => hash_parts(tuple.values(), state),
            Kind::Object(object) => hash_parts(object.values(), state),
            Kind::Map(map) => map.entries().iter().for_each(|(key, value)| (key, Key(value)).hash(state)),
            Kind::Meta(ty) => ty.hash(state),
            Kind::Null(_) | Kind::Unknown(..) => state.write_u8(0),
        }
    }
}

fn hash_parts<H: Hasher>(values: &[Value], state: &mut H) {
    deep(|| {
        state.write_usize(values.len());
        values.iter().for_each(|value| Key(value).hash(state));
    });
}
