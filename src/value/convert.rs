//! Conversion of values between types.
//!
//! The walk follows the value, not the two types, so that nothing is put together for values that already fit: those
//! are shared, at any depth. Where types decide (null, unknown, elements of a collection) `convertible` is asked.

use std::fmt;
use std::sync::Arc;

use ecow::EcoString;

use crate::convertible::{
    Safety, attribute_constraint, convertible, element_constraint, exists, mismatch, replace_dynamic,
};
use crate::unify::unify_with;
use crate::value::Repr;
use crate::{Kind, MapValue, Number, ObjectType, ObjectValue, Path, PathStep, Refinement, Type, Value};

/// Why a value does not convert.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversionError {
    /// Where inside the value the conversion fails.
    pub path: Path,
    /// What is wrong there: `a number is required`.
    pub message: String,
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConversionError {}

/// Converts a value to a type constraint, as an argument of that type would be.
///
/// Marks stay where they are; unknowns become unknowns of the type with those refinements that still hold; optional
/// attributes that are missing become null; attributes that the type does not have are dropped.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConversionError> {
    convert_at(value, ty, &mut Path::default()).map_err(|error| {
        // Types that can never fit are the better message than the first part that happens to fail.
        convertible(&value.ty(), ty).err().unwrap_or(error)
    })
}

fn fail<T>(path: &Path, message: impl Into<String>) -> Result<T, ConversionError> {
    Err(ConversionError { path: path.clone(), message: message.into() })
}

/// Converts a part of the value; on an error the path is left where it happened.
fn convert_at(value: &Value, ty: &Type, path: &mut Path) -> Result<Value, ConversionError> {
    if value.fits(ty) {
        return Ok(value.clone());
    }
    let converted = match (value.kind(), ty) {
        (Kind::Null(from), _) if exists(from, ty, Safety::Unsafe) => {
            Value::null(replace_dynamic(from, &ty.without_optional()))
        }
        (Kind::Unknown(from, refinement), _) if exists(from, ty, Safety::Unsafe) => {
            convert_unknown(from, refinement, replace_dynamic(from, &ty.without_optional()))
        }
        (Kind::Number(number), Type::String) => Value::string(number.to_string()),
        (Kind::Bool(value), Type::String) => Value::string(if value { "true" } else { "false" }),
        (Kind::String(text), Type::Number) => match Number::parse(text) {
            Ok(number) => Value::number(number),
            Err(_) => return fail(path, "a number is required"),
        },
        (Kind::String(text), Type::Bool) => bool_from_text(text, path)?,
        (Kind::Object(object), Type::Object(to)) => object_to_object(object, to, path)?,
        (Kind::Object(object), Type::Map(element)) => object_to_map(object, element, path)?,
        (Kind::Map(map), Type::Map(element)) => map_to_map(map, element, path)?,
        (Kind::Map(map), Type::Object(to)) => map_to_object(map, to, path)?,
        (Kind::Tuple(tuple), Type::Tuple(to)) if tuple.values().len() == to.len() => {
            let mut values = Vec::with_capacity(to.len());
            for (index, (value, ty)) in tuple.values().iter().zip(to.iter()).enumerate() {
                values.push(convert_inside(value, ty, position(index), path)?);
            }
            Value::tuple(values)
        }
        (Kind::Tuple(tuple), Type::List(element)) => {
            let values = tuple_elements(tuple.values(), element, path)?;
            let values = if element.has_dynamic() { unify_elements(values, Safety::Unsafe, path)? } else { values };
            let (ty, values) = one_type(element, &Type::Dynamic, values, "list", path)?;
            Value::list(ty, values)
        }
        (Kind::Tuple(tuple), Type::Set(element)) => {
            let values = tuple_elements(tuple.values(), element, path)?;
            let (ty, values) = one_type(element, &Type::Dynamic, values, "set", path)?;
            Value::set(ty, values)
        }
        (Kind::List(_) | Kind::Set(_), Type::List(_) | Type::Set(_)) => sequence_to_sequence(value, ty, path)?,
        _ => return fail(path, mismatch(&value.ty(), ty)),
    };
    Ok(converted.with_marks(value.marks()))
}

fn position(index: usize) -> impl FnOnce() -> PathStep {
    move || PathStep::Index(Value::number(index))
}

fn key(name: &EcoString) -> impl FnOnce() -> PathStep {
    move || PathStep::Index(Value(Repr::String(name.clone())))
}

/// Converts a part behind one more step; the step is made only if the part does not fit already.
fn convert_inside(
    value: &Value,
    ty: &Type,
    step: impl FnOnce() -> PathStep,
    path: &mut Path,
) -> Result<Value, ConversionError> {
    if value.fits(ty) {
        return Ok(value.clone());
    }
    path.0.push(step());
    let converted = convert_at(value, ty, path);
    path.0.pop();
    converted
}

fn bool_from_text(text: &str, path: &Path) -> Result<Value, ConversionError> {
    match text {
        "true" | "1" => Ok(Value::TRUE),
        "false" | "0" => Ok(Value::FALSE),
        _ => {
            let lowercase = text.to_lowercase();
            if lowercase == "true" || lowercase == "false" {
                return fail(path, format!("a bool is required; the text must be in lowercase, {lowercase:?}"));
            }
            fail(path, "a bool is required")
        }
    }
}

/// Makes the unknown of the new type, with what is still sure: not null, and the number of elements.
fn convert_unknown(from: &Type, refinement: &Refinement, to: Type) -> Value {
    let exactly = |length: usize| (Some(length as u64), Some(length as u64));
    let is_set = matches!(to, Type::Set(_));
    let (length_min, length_max) = match from {
        Type::Object(object) if matches!(to, Type::Map(_)) => exactly(object.attributes().len()),
        Type::Tuple(elements) if matches!(to, Type::List(_)) => exactly(elements.len()),
        // Elements of a set may turn out to be equal, but never all vanish.
        Type::Tuple(elements) if is_set => (Some(elements.len().min(1) as u64), Some(elements.len() as u64)),
        Type::List(_) | Type::Set(_) | Type::Map(_) if is_set => {
            (refinement.length_min.map(|min| min.min(1)), refinement.length_max)
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => (refinement.length_min, refinement.length_max),
        _ => (None, None),
    };
    let kept = Refinement { not_null: refinement.not_null, length_min, length_max, ..Refinement::default() };
    Value::unknown(to).refine(kept)
}

fn object_to_object(object: &ObjectValue, to: &Arc<ObjectType>, path: &mut Path) -> Result<Value, ConversionError> {
    let mut values = Vec::with_capacity(to.attributes().len());
    let mut given = object.iter().peekable();
    for wanted in to.attributes() {
        // Both sides are sorted by name.
        while given.next_if(|(name, _)| **name < wanted.name).is_some() {}
        match given.next_if(|(name, _)| **name == wanted.name) {
            Some((name, value)) => {
                values.push(convert_inside(value, &wanted.ty, || PathStep::Attribute(name.clone()), path)?);
            }
            None if wanted.optional => values.push(Value::null(wanted.ty.without_optional())),
            None => return fail(path, format!("attribute {:?} is required", wanted.name.as_str())),
        }
    }
    Ok(Value::object_of_shape(to.names().clone(), values))
}

fn map_to_object(map: &MapValue, to: &Arc<ObjectType>, path: &mut Path) -> Result<Value, ConversionError> {
    let mut values = Vec::with_capacity(to.attributes().len());
    for wanted in to.attributes() {
        let name = &wanted.name;
        match map.get(name) {
            Some(value) if !exists(map.element_type(), &wanted.ty, Safety::Unsafe) => {
                let reason = mismatch(&value.ty(), &wanted.ty);
                return fail(path, format!("the map's elements do not fit attribute {:?}: {reason}", name.as_str()));
            }
            Some(value) => values.push(convert_inside(value, &wanted.ty, key(name), path)?),
            None if wanted.optional => values.push(Value::null(wanted.ty.without_optional())),
            None => {
                let message = format!("attribute {:?} is required, and the map has no such key", name.as_str());
                return fail(path, message);
            }
        }
    }
    Ok(Value::object_of_shape(to.names().clone(), values))
}

fn object_to_map(object: &ObjectValue, element: &Type, path: &mut Path) -> Result<Value, ConversionError> {
    let wanted = match element {
        Type::Dynamic => {
            let ty = ObjectType::of_shape(object.names(), object.values().iter().map(Value::ty));
            match attribute_constraint(&ty, element, Safety::Unsafe) {
                Some(wanted) => wanted,
                None => return fail(path, "all map elements must have the same type"),
            }
        }
        _ => element.clone(),
    };
    let mut values = Vec::with_capacity(object.values().len());
    for (name, value) in object.iter() {
        values.push(convert_inside(value, &wanted, key(name), path)?);
    }
    let (ty, values) = map_elements(&wanted, &Type::Dynamic, values, Safety::Unsafe, path)?;
    Ok(Value::map(ty, object.names().iter().cloned().zip(values)))
}

fn map_to_map(map: &MapValue, element: &Type, path: &mut Path) -> Result<Value, ConversionError> {
    if !exists(map.element_type(), element, Safety::Unsafe) {
        return fail(path, mismatch(&Type::map(map.element_type().clone()), &Type::map(element.clone())));
    }
    let mut values = Vec::with_capacity(map.entries().len());
    for (name, value) in map.entries() {
        values.push(convert_inside(value, element, key(name), path)?);
    }
    let (ty, values) = map_elements(element, map.element_type(), values, Safety::Safe, path)?;
    Ok(Value::map(ty, map.entries().iter().map(|(name, _)| name.clone()).zip(values)))
}

fn map_elements(
    wanted: &Type,
    source: &Type,
    values: Vec<Value>,
    safety: Safety,
    path: &mut Path,
) -> Result<(Type, Vec<Value>), ConversionError> {
    let nested = (wanted.is_collection() || matches!(wanted, Type::Object(_))) && wanted.has_dynamic();
    let values = if nested { unify_elements(values, safety, path)? } else { values };
    one_type(wanted, source, values, "map", path)
}

/// Converts the elements of a tuple for a list or set; if any type will do, to the one they have in common.
fn tuple_elements(values: &[Value], element: &Type, path: &mut Path) -> Result<Vec<Value>, ConversionError> {
    let common;
    let wanted = match element {
        Type::Dynamic => {
            let types: Vec<Type> = values.iter().map(Value::ty).collect();
            match element_constraint(types.iter(), element, Safety::Unsafe) {
                Some(ty) => common = ty,
                None => return fail(path, "all elements must have the same type"),
            }
            &common
        }
        _ => element,
    };
    let mut converted = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        converted.push(convert_inside(value, wanted, position(index), path)?);
    }
    Ok(converted)
}

fn sequence_to_sequence(value: &Value, ty: &Type, path: &mut Path) -> Result<Value, ConversionError> {
    let (source, values, from_set) = match value.kind() {
        Kind::List(list) => (list.element_type(), list.values(), false),
        Kind::Set(set) => (set.element_type(), set.values(), true),
        _ => return fail(path, mismatch(&value.ty(), ty)),
    };
    let (element, to_set) = match ty {
        Type::List(element) => (&**element, false),
        Type::Set(element) => (&**element, true),
        _ => return fail(path, mismatch(&value.ty(), ty)),
    };
    if !exists(source, element, Safety::Unsafe) {
        return fail(path, mismatch(&value.ty(), ty));
    }
    if from_set && !to_set && values.len() > 1 && !value.is_wholly_known() {
        // How many elements the set will have is open, so the list is.
        return Ok(Value::unknown(replace_dynamic(&value.ty(), &ty.without_optional())));
    }
    let mut converted = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        converted.push(convert_inside(value, element, position(index), path)?);
    }
    let (ty, values) = one_type(element, source, converted, if to_set { "set" } else { "list" }, path)?;
    Ok(if to_set { Value::set(ty, values) } else { Value::list(ty, values) })
}

/// Brings elements that were converted to a type with open places to one type once more.
fn unify_elements(values: Vec<Value>, safety: Safety, path: &mut Path) -> Result<Vec<Value>, ConversionError> {
    let types: Vec<Type> = values.iter().map(Value::ty).collect();
    if types.is_empty() {
        return Ok(values);
    }
    let Some(unified) = unify_with(types.iter(), safety) else {
        return fail(path, "the elements have no type in common");
    };
    let mut result = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        result.push(convert_inside(value, &unified.ty, position(index), path)?);
    }
    Ok(result)
}

/// Returns the element type of a collection of the converted values, and the values, all of that type.
///
/// `wanted` decides unless it leaves places open; then the values decide, and without values `source` does.
pub(crate) fn one_type(
    wanted: &Type,
    source: &Type,
    values: Vec<Value>,
    kind: &str,
    path: &Path,
) -> Result<(Type, Vec<Value>), ConversionError> {
    if !wanted.has_dynamic() {
        return Ok((wanted.without_optional(), values));
    }
    if values.is_empty() {
        let ty = if *wanted == Type::Dynamic { source.clone() } else { wanted.without_optional() };
        return Ok((ty, values));
    }
    let untyped = |value: &Value| matches!(value.kind(), Kind::Null(Type::Dynamic) | Kind::Unknown(Type::Dynamic, _));
    let Some(first) = values.iter().find(|value| !untyped(value)) else {
        return Ok((Type::Dynamic, values));
    };
    let ty = first.ty();
    if !values.iter().all(|value| untyped(value) || value.is_of_type(&ty)) {
        return fail(path, format!("element types must all match for conversion to {kind}"));
    }
    let typed = |value: Value| match value.kind() {
        Kind::Null(Type::Dynamic) => Value::null(ty.clone()).with_marks(value.marks()),
        Kind::Unknown(Type::Dynamic, _) => Value::unknown(ty.clone()).with_marks(value.marks()),
        _ => value,
    };
    let values = values.into_iter().map(typed).collect();
    Ok((ty, values))
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
