//! Which types convert to which, and how to say that two do not.

use std::fmt::Write;

use crate::unify::unify_with;
use crate::{ConversionError, ObjectType, Path, Type};

/// Whether a conversion may lose information or fail for some values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Safety {
    /// It succeeds for every value and loses nothing.
    Safe,
    /// It may fail for some values, as text to number does, or lose something, as list to set does.
    Unsafe,
}

/// Tells whether values of `from` may convert to `to`; if not, says why as [`convert`](crate::convert) would.
pub fn convertible(from: &Type, to: &Type) -> Result<(), ConversionError> {
    if exists(from, to, Safety::Unsafe) {
        return Ok(());
    }
    Err(ConversionError { path: Path::default(), message: mismatch(from, to) })
}

/// Tells whether there is a conversion between two types, as far as types tell.
pub(crate) fn exists(from: &Type, to: &Type, safety: Safety) -> bool {
    let lossy = safety == Safety::Unsafe;
    match (from, to) {
        (from, to) if from.fits(to) => true,
        (Type::Dynamic, _) => lossy,
        (Type::Number | Type::Bool, Type::String) => true,
        (Type::String, Type::Number | Type::Bool) => lossy,
        (Type::Object(from), Type::Object(to)) => to.attributes().iter().all(|wanted| match from.get(&wanted.name) {
            Some(given) => exists(&given.ty, &wanted.ty, safety),
            None => wanted.optional,
        }),
        (Type::Tuple(from), Type::Tuple(to)) => {
            from.len() == to.len() && from.iter().zip(to.iter()).all(|(from, to)| exists(from, to, safety))
        }
        (Type::List(from) | Type::Set(from), Type::List(to))
        | (Type::Set(from), Type::Set(to))
        | (Type::Map(from), Type::Map(to)) => exists(from, to, safety),
        (Type::List(from), Type::Set(to)) => lossy && exists(from, to, safety),
        (Type::Tuple(elements), Type::List(to) | Type::Set(to)) => element_constraint(elements.iter(), to, safety)
            .is_some_and(|to| elements.iter().all(|from| exists(from, &to, safety))),
        (Type::Object(object), Type::Map(to)) => attribute_constraint(object, to, safety)
            .is_some_and(|to| object.attributes().iter().all(|from| exists(&from.ty, &to, safety))),
        (Type::Map(from), Type::Object(to)) => {
            lossy && to.attributes().iter().all(|wanted| wanted.optional || exists(from, &wanted.ty, safety))
        }
        _ => false,
    }
}

/// Returns what the elements of a tuple convert to in a list or set of `wanted`: any type means one they all share.
pub(crate) fn element_constraint<'a>(
    elements: impl ExactSizeIterator<Item = &'a Type> + Clone,
    wanted: &Type,
    safety: Safety,
) -> Option<Type> {
    if *wanted != Type::Dynamic || elements.len() == 0 {
        return Some(wanted.clone());
    }
    let unified = unify_with(elements.clone(), safety)?.ty;
    // What only "any type" unifies has no type in common, unless nothing is known of any element.
    let usable = unified != Type::Dynamic || elements.clone().all(|element| *element == Type::Dynamic);
    usable.then_some(unified)
}

/// Returns what the attributes of an object convert to in a map of `wanted`.
pub(crate) fn attribute_constraint(object: &ObjectType, wanted: &Type, safety: Safety) -> Option<Type> {
    if *wanted != Type::Dynamic || object.attributes().is_empty() {
        return Some(wanted.clone());
    }
    Some(unify_with(object.attributes().iter().map(|attribute| &attribute.ty), safety)?.ty)
}

/// Returns the type `to` with its dynamic places filled from `from`; they must be convertible.
pub(crate) fn replace_dynamic(from: &Type, to: &Type) -> Type {
    if *from == Type::Dynamic || !to.has_dynamic() {
        return to.clone();
    }
    let shared = |types: Vec<&Type>, to: &Type| match unify_with(types.into_iter(), Safety::Unsafe) {
        Some(unified) => replace_dynamic(&unified.ty, to),
        None => to.clone(),
    };
    match (from, to) {
        (_, Type::Dynamic) => from.clone(),
        (Type::Map(from), Type::Map(to)) => Type::map(replace_dynamic(from, to)),
        (Type::Object(from), Type::Map(to)) => {
            Type::map(shared(from.attributes().iter().map(|attribute| &attribute.ty).collect(), to))
        }
        (Type::List(from) | Type::Set(from), Type::List(to)) => Type::list(replace_dynamic(from, to)),
        (Type::List(from) | Type::Set(from), Type::Set(to)) => Type::set(replace_dynamic(from, to)),
        (Type::Tuple(from), Type::List(to)) => Type::list(shared(from.iter().collect(), to)),
        (Type::Tuple(from), Type::Set(to)) => Type::set(shared(from.iter().collect(), to)),
        (Type::Tuple(from), Type::Tuple(to)) if from.len() == to.len() => {
            Type::tuple(from.iter().zip(to.iter()).map(|(from, to)| replace_dynamic(from, to)))
        }
        (Type::Object(from), Type::Object(to)) => Type::object(to.attributes().iter().map(|wanted| {
            let ty = from.get(&wanted.name).map(|given| replace_dynamic(&given.ty, &wanted.ty));
            (wanted.name.clone(), ty.unwrap_or_else(|| wanted.ty.clone()))
        })),
        (Type::Map(from), Type::Object(to)) => {
            Type::object(to.attributes().iter().map(|wanted| (wanted.name.clone(), replace_dynamic(from, &wanted.ty))))
        }
        _ => to.clone(),
    }
}

/// Says why a type does not convert to another; meant for types that do not.
pub(crate) fn mismatch(from: &Type, to: &Type) -> String {
    let dynamic_element = matches!(to, Type::List(e) | Type::Set(e) | Type::Map(e) if **e == Type::Dynamic);
    match (from, to) {
        (Type::Object(from), Type::Object(to)) => mismatch_of_objects(from, to),
        (Type::Tuple(_), Type::List(_)) if dynamic_element => "all list elements must have the same type".into(),
        (Type::Tuple(_), Type::Set(_)) if dynamic_element => "all set elements must have the same type".into(),
        (Type::Object(_), Type::Map(_)) if dynamic_element => "all map elements must have the same type".into(),
        (Type::Tuple(elements), Type::List(to) | Type::Set(to)) => {
            let culprit = elements.iter().enumerate().find(|(_, from)| !exists(from, to, Safety::Unsafe));
            match culprit {
                Some((index, from)) => format!("element {index}: {}", mismatch(from, to)),
                None => format!("all elements must be {}", to.friendly_constraint()),
            }
        }
        (Type::Object(object), Type::Map(to)) => {
            let culprit = object.attributes().iter().find(|from| !exists(&from.ty, to, Safety::Unsafe));
            match culprit {
                Some(from) => format!("element {:?}: {}", from.name.as_str(), mismatch(&from.ty, to)),
                None => format!("all elements must be {}", to.friendly_constraint()),
            }
        }
        (Type::List(from) | Type::Set(from), Type::List(to)) => {
            format!("incorrect list element type: {}", mismatch(from, to))
        }
        (Type::List(from) | Type::Set(from), Type::Set(to)) => {
            format!("incorrect set element type: {}", mismatch(from, to))
        }
        (Type::Map(from), Type::Map(to)) => format!("incorrect map element type: {}", mismatch(from, to)),
        _ => format!("{} required", to.friendly_constraint()),
    }
}

/// Names all attributes that are missing, or else the first that does not convert.
fn mismatch_of_objects(from: &ObjectType, to: &ObjectType) -> String {
    let missing: Vec<&str> = to
        .attributes()
        .iter()
        .filter(|wanted| !wanted.optional && from.get(&wanted.name).is_none())
        .map(|wanted| wanted.name.as_str())
        .collect();
    match missing.as_slice() {
        [] => {}
        [name] => return format!("attribute {name:?} is required"),
        [first, second] => return format!("attributes {first:?} and {second:?} are required"),
        [others @ .., last] => {
            let mut list = String::new();
            for name in others {
                let _ = write!(list, "{name:?}, ");
            }
            return format!("attributes {list}and {last:?} are required");
        }
    }
    let both = to.attributes().iter().filter_map(|wanted| Some((from.get(&wanted.name)?, wanted)));
    for (given, wanted) in both {
        if !exists(&given.ty, &wanted.ty, Safety::Unsafe) {
            return format!("attribute {:?}: {}", wanted.name.as_str(), mismatch(&given.ty, &wanted.ty));
        }
    }
    "incorrect object attributes".into()
}
