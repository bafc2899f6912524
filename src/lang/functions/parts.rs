//! Looking into arguments, whether known or not: elements, types of parts, whole numbers, an order for searching.

use std::cmp::Ordering;

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

/// Reads a known number as a position or count.
pub(super) fn whole_number(value: &Value) -> Result<i64, String> {
    let number = value.as_number();
    number.and_then(|n| n.to_i64()).ok_or_else(|| match number {
        Some(number) => format!("{number} is not a whole number of at most 64 bits"),
        None => "a whole number is required".into(),
    })
}

/// Puts values into an order in which those that the language calls equal, and only those, are equal.
///
/// The values must be known in all their parts, without marks, and of one type; nulls are equal to one another.
#[derive(Clone, Copy)]
pub(super) struct Ordered<'a>(pub(super) &'a Value);

impl Ord for Ordered<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0.kind(), other.0.kind()) {
            (Kind::String(a), Kind::String(b)) => a.cmp(b),
            (Kind::Number(a), Kind::Number(b)) => a.cmp(b),
            (Kind::Bool(a), Kind::Bool(b)) => a.cmp(&b),
            (Kind::List(a), Kind::List(b)) => in_turn(a.values(), b.values()),
            (Kind::Set(a), Kind::Set(b)) => in_turn(a.values(), b.values()),
            (Kind::Tuple(a), Kind::Tuple(b)) => in_turn(a.values(), b.values()),
            (Kind::Object(a), Kind::Object(b)) => {
                in_turn(a.values(), b.values()).then_with(|| a.names().cmp(b.names()))
            }
            (Kind::Map(a), Kind::Map(b)) => {
                let entry = |(key, value)| (key, Ordered(value));
                a.entries().iter().map(|(k, v)| entry((k, v))).cmp(b.entries().iter().map(|(k, v)| entry((k, v))))
            }
            (Kind::Meta(a), Kind::Meta(b)) => a.to_string().cmp(&b.to_string()),
            (a, b) => rank(&a).cmp(&rank(&b)),
        }
    }
}

fn in_turn(a: &[Value], b: &[Value]) -> Ordering {
    a.iter().map(Ordered).cmp(b.iter().map(Ordered))
}

fn rank(kind: &Kind<'_>) -> u8 {
    match kind {
        Kind::Bool(_) => 0,
        Kind::Number(_) => 1,
        Kind::String(_) => 2,
        Kind::List(_) => 3,
        Kind::Set(_) => 4,
        Kind::Map(_) => 5,
        Kind::Tuple(_) => 6,
        Kind::Object(_) => 7,
        Kind::Meta(_) => 8,
        Kind::Null(_) => 9,
        Kind::Unknown(..) => 10,
    }
}

impl PartialOrd for Ordered<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered<'_> {}
