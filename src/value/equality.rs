//! Equality of values, three-valued: equal, not equal, or not known yet.

use std::collections::HashSet;

use crate::operations::bool_result;
use crate::{Kind, Refinement, SetValue, Type, Value};

impl Value {
    /// `==`: a bool, unknown where an unknown decides. Values of different types are not equal; no conversion.
    ///
    /// Nulls are equal to each other whatever their types. The result has all marks of both sides, from any depth, even
    /// if one side is null: that is what the reference does.
    pub fn equals(&self, other: &Value) -> Value {
        bool_result(compare(self, other)).with_marks(self.marks_deep() | other.marks_deep())
    }
}

/// Compares two values of any types; `None` is "not known yet".
pub(crate) fn compare(left: &Value, right: &Value) -> Option<bool> {
    compare_outside(left, right).unwrap_or_else(|| {
        if has_unknown_type(left) || has_unknown_type(right) {
            let (left, right) = (left.ty(), right.ty());
            return if may_become(&left, &right) { None } else { Some(false) };
        }
        if same_type(left, right) { compare_inside(left, right) } else { Some(false) }
    })
}

/// Decides what nulls and unknowns decide; `None` for two known values.
fn compare_outside(left: &Value, right: &Value) -> Option<Option<bool>> {
    match (left.kind(), right.kind()) {
        (Kind::Null(_), Kind::Null(_)) => Some(Some(true)),
        (Kind::Null(_), Kind::Unknown(_, refinement)) | (Kind::Unknown(_, refinement), Kind::Null(_)) => {
            Some(if refinement.not_null { Some(false) } else { None })
        }
        (Kind::Null(_), _) | (_, Kind::Null(_)) => Some(Some(false)),
        (Kind::Unknown(..), Kind::Unknown(..)) => Some(None),
        (Kind::Unknown(ty, refinement), _) => Some(if admits(ty, refinement, right) { None } else { Some(false) }),
        (_, Kind::Unknown(ty, refinement)) => Some(if admits(ty, refinement, left) { None } else { Some(false) }),
        _ => None,
    }
}

/// Compares two known values of the same type.
fn compare_inside(left: &Value, right: &Value) -> Option<bool> {
    let part =
        |(left, right): (&Value, &Value)| compare_outside(left, right).unwrap_or_else(|| compare_inside(left, right));
    match (left.kind(), right.kind()) {
        (Kind::Bool(left), Kind::Bool(right)) => Some(left == right),
        (Kind::Number(left), Kind::Number(right)) => Some(left == right),
        (Kind::String(left), Kind::String(right)) => Some(left == right),
        (Kind::Meta(left), Kind::Meta(right)) => Some(left == right),
        (Kind::List(left), Kind::List(right)) if left.values().len() != right.values().len() => Some(false),
        (Kind::List(left), Kind::List(right)) => first_decides(left.values().iter().zip(right.values()).map(part)),
        (Kind::Tuple(left), Kind::Tuple(right)) => first_decides(left.values().iter().zip(right.values()).map(part)),
        (Kind::Object(left), Kind::Object(right)) => any_decides(left.values().iter().zip(right.values()).map(part)),
        (Kind::Map(left), Kind::Map(right)) => {
            let (left, right) = (left.entries(), right.entries());
            if left.len() != right.len() || left.iter().zip(right).any(|(left, right)| left.0 != right.0) {
                return Some(false);
            }
            any_decides(left.iter().zip(right).map(|(left, right)| part((&left.1, &right.1))))
        }
        (Kind::Set(left), Kind::Set(right)) => compare_sets(left, right),
        _ => Some(false),
    }
}

/// The first part in order that is not equal, or not known, decides: an ordered comparison stops there.
fn first_decides(mut parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    parts.find(|part| *part != Some(true)).unwrap_or(Some(true))
}

/// One part that is not equal decides, wherever it is; parts without order must not depend on it.
fn any_decides(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => result = None,
        }
    }
    result
}

/// Compares sets. An unknown anywhere leaves it open: it may become equal to another element.
fn compare_sets(left: &SetValue, right: &SetValue) -> Option<bool> {
    let (left, right) = (left.values(), right.values());
    if !left.iter().chain(right).all(Value::is_wholly_known) {
        return None;
    }
    if left.len() != right.len() {
        return Some(false);
    }
    if left.iter().zip(right).all(|(left, right)| compare_outside(left, right) == Some(Some(true)) || left == right) {
        return Some(true);
    }
    let keys: HashSet<Vec<u8>> = left.iter().map(crate::set::exact_key).collect();
    Some(right.iter().all(|value| keys.contains(&crate::set::exact_key(value))))
}

/// Tells whether a value somewhere inside has a type that is not known yet. Null has none and needs none.
fn has_unknown_type(value: &Value) -> bool {
    if value.is_wholly_known() {
        return false;
    }
    match value.kind() {
        Kind::Unknown(ty, _) => ty.has_dynamic(),
        Kind::Map(map) => map.entries().iter().any(|(_, value)| has_unknown_type(value)),
        Kind::Object(object) => object.values().iter().any(has_unknown_type),
        _ => value.as_sequence().is_some_and(|values| values.iter().any(has_unknown_type)),
    }
}

/// Tells whether two types can turn out to be one, once the open places of both are known.
fn may_become(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Dynamic, _) | (_, Type::Dynamic) => true,
        (Type::List(left), Type::List(right))
        | (Type::Set(left), Type::Set(right))
        | (Type::Map(left), Type::Map(right)) => may_become(left, right),
        (Type::Tuple(left), Type::Tuple(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| may_become(left, right))
        }
        (Type::Object(left), Type::Object(right)) => {
            let mut types = left.attributes().iter().zip(right.attributes());
            left.names() == right.names() && types.all(|(left, right)| may_become(&left.ty, &right.ty))
        }
        (left, right) => left == right,
    }
}

/// Tells whether two values are of one type, without putting the types together.
fn same_type(left: &Value, right: &Value) -> bool {
    match (left.kind(), right.kind()) {
        (Kind::Null(ty) | Kind::Unknown(ty, _), _) => right.is_of_type(ty),
        (_, Kind::Null(ty) | Kind::Unknown(ty, _)) => left.is_of_type(ty),
        (Kind::List(left), Kind::List(right)) => left.element_type() == right.element_type(),
        (Kind::Set(left), Kind::Set(right)) => left.element_type() == right.element_type(),
        (Kind::Map(left), Kind::Map(right)) => left.element_type() == right.element_type(),
        (Kind::Tuple(left), Kind::Tuple(right)) => {
            let (left, right) = (left.values(), right.values());
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_type(left, right))
        }
        (Kind::Object(left), Kind::Object(right)) => {
            left.names() == right.names()
                && left.values().iter().zip(right.values()).all(|(left, right)| same_type(left, right))
        }
        (Kind::Bool(_), Kind::Bool(_))
        | (Kind::Number(_), Kind::Number(_))
        | (Kind::String(_), Kind::String(_))
        | (Kind::Meta(_), Kind::Meta(_)) => true,
        _ => false,
    }
}

/// Tells whether an unknown value of the type and with the bounds can become the known value.
fn admits(ty: &Type, refinement: &Refinement, value: &Value) -> bool {
    let possible = value.fits(ty) || has_unknown_type(value) && may_become(&value.ty(), ty);
    if !possible {
        return false;
    }
    match value.kind() {
        Kind::String(text) => refinement.prefix.as_ref().is_none_or(|prefix| text.starts_with(prefix.as_str())),
        Kind::Number(number) => {
            let above = refinement
                .number_min
                .as_ref()
                .is_none_or(|(min, inclusive)| min < number || *inclusive && min == number);
            let below = refinement
                .number_max
                .as_ref()
                .is_none_or(|(max, inclusive)| number < max || *inclusive && max == number);
            above && below
        }
        Kind::List(_) | Kind::Map(_) | Kind::Set(_) => {
            let length_max = value.element_count().unwrap_or(0) as u64;
            let may_shrink = matches!(value.kind(), Kind::Set(_)) && !value.is_wholly_known();
            let length_min = if may_shrink { length_max.min(1) } else { length_max };
            refinement.length_min.is_none_or(|min| min <= length_max)
                && refinement.length_max.is_none_or(|max| length_min <= max)
        }
        _ => true,
    }
}
