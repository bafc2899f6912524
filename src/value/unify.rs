//! The one type that several types convert to: of conditional results, list elements, map elements.

use std::collections::HashSet;

use crate::convertible::{Safety, exists};
use crate::{Attribute, ConversionError, ObjectType, Type, Value, convert};

/// The one type of several values, and how they get there.
#[derive(Clone, Debug, PartialEq)]
pub struct Unified {
    /// The type.
    pub ty: Type,
    /// The types differ in kind from what is not known yet, so nothing can be said before it is known: every value
    /// becomes unknown of unknown type.
    pub undecided: bool,
}

impl Unified {
    fn of(ty: Type) -> Unified {
        Unified { ty, undecided: false }
    }

    /// Brings a value to the type; it must be of one of the types that were unified.
    pub fn apply(&self, value: &Value) -> Result<Value, ConversionError> {
        if self.undecided { Ok(Value::dynamic()) } else { convert(value, &self.ty) }
    }
}

/// Returns the one type that values of all the types convert to, if there is one.
pub fn unify(types: &[Type]) -> Option<Type> {
    unify_with(types.iter(), Safety::Unsafe).map(|unified| unified.ty)
}

/// Returns the one type of the values and each value's conversion to it, or nothing if they have none in common.
///
/// This is what a conditional does with its two results. A list of any type does more: see [`convert`].
pub fn unify_values(values: &[Value]) -> Option<(Unified, Vec<Result<Value, ConversionError>>)> {
    let types: Vec<Type> = values.iter().map(Value::ty).collect();
    let unified = unify_with(types.iter(), Safety::Unsafe)?;
    let converted = values.iter().map(|value| unified.apply(value)).collect();
    Some((unified, converted))
}

/// How many of the types are of each kind that matters.
#[derive(Default)]
struct Kinds {
    maps: usize,
    lists: usize,
    sets: usize,
    objects: usize,
    tuples: usize,
    dynamics: usize,
}

impl Kinds {
    fn of(types: &[&Type]) -> Kinds {
        let mut kinds = Kinds::default();
        for ty in types {
            match ty {
                Type::Map(_) => kinds.maps += 1,
                Type::List(_) => kinds.lists += 1,
                Type::Set(_) => kinds.sets += 1,
                Type::Object(_) => kinds.objects += 1,
                Type::Tuple(_) => kinds.tuples += 1,
                Type::Dynamic => kinds.dynamics += 1,
                Type::Bool | Type::Number | Type::String | Type::Meta => {}
            }
        }
        kinds
    }
}

/// Unifies types; equal ones count once, so the cost is linear in the size of the types.
pub(crate) fn unify_with<'a>(types: impl Iterator<Item = &'a Type>, safety: Safety) -> Option<Unified> {
    let mut seen = HashSet::new();
    let mut last: Option<&Type> = None;
    let mut distinct = Vec::new();
    for ty in types {
        if last != Some(ty) && seen.insert(ty) {
            distinct.push(ty);
        }
        last = Some(ty);
    }
    match distinct.as_slice() {
        [] => None,
        [only] => Some(Unified::of((*only).clone())),
        several => unify_distinct(several, safety),
    }
}

fn unify_distinct(types: &[&Type], safety: Safety) -> Option<Unified> {
    let kinds = Kinds::of(types);
    let count = |parts: &[usize]| parts.iter().sum::<usize>() + kinds.dynamics == types.len();
    let one_kind = [kinds.maps, kinds.lists, kinds.sets, kinds.objects, kinds.tuples]
        .iter()
        .any(|part| *part > 0 && count(&[*part]));
    if one_kind && kinds.dynamics > 0 {
        // Which way unification goes shows only when the dynamic ones are known.
        return Some(Unified { ty: Type::Dynamic, undecided: true });
    }
    if one_kind {
        return match types[0] {
            Type::Map(_) => unify_collections(types, Type::map, safety),
            Type::List(_) => unify_collections(types, Type::list, safety),
            Type::Set(_) => unify_collections(types, Type::set, safety),
            Type::Object(_) => unify_objects(types, safety),
            _ => unify_tuples(types, safety),
        };
    }
    let collected = if kinds.maps > 0 && count(&[kinds.maps, kinds.objects]) {
        unify_with_collected(types, |ty| matches!(ty, Type::Object(_)), objects_to_map, safety)
    } else if kinds.lists > 0 && count(&[kinds.lists, kinds.tuples]) {
        unify_with_collected(types, |ty| matches!(ty, Type::Tuple(_)), tuples_to_list, safety)
    } else if kinds.objects > 0 && kinds.tuples > 0 {
        return None;
    } else {
        None
    };
    collected.or_else(|| unify_to_one_of(types, safety))
}

fn unify_collections(types: &[&Type], make: fn(Type) -> Type, safety: Safety) -> Option<Unified> {
    let element = unify_with(types.iter().filter_map(|ty| ty.element()), safety)?.ty;
    all_convert(types, make(element), safety)
}

fn all_convert(types: &[&Type], to: Type, safety: Safety) -> Option<Unified> {
    types.iter().all(|from| exists(from, &to, safety)).then(|| Unified::of(to))
}

/// Objects of the same attribute names make an object; others make a map, if all attributes together unify.
///
/// It is stricter than conversion, which drops attributes: nobody means that when two results must agree.
fn unify_objects(types: &[&Type], safety: Safety) -> Option<Unified> {
    let objects: Vec<&ObjectType> = types.iter().filter_map(|ty| as_object(ty)).collect();
    let names = objects[0].names();
    if objects.iter().any(|object| object.names() != names) {
        return objects_to_map(types, safety);
    }
    let mut attributes = Vec::with_capacity(names.len());
    for (position, name) in names.iter().enumerate() {
        let across = objects.iter().map(|object| &object.attributes()[position].ty);
        attributes.push(Attribute { name: name.clone(), ty: unify_with(across, safety)?.ty, optional: false });
    }
    let object = Type::Object(ObjectType::new(attributes).into());
    all_convert(types, object, safety).or_else(|| objects_to_map(types, safety))
}

fn objects_to_map(types: &[&Type], safety: Safety) -> Option<Unified> {
    let attributes = types.iter().filter_map(|ty| as_object(ty)).flat_map(ObjectType::attributes);
    let element = unify_with(attributes.map(|attribute| &attribute.ty), safety)?.ty;
    all_convert(types, Type::map(element), safety)
}

/// Tuples of one length make a tuple; others make a list, if all elements together unify.
fn unify_tuples(types: &[&Type], safety: Safety) -> Option<Unified> {
    let tuples: Vec<&[Type]> = types.iter().filter_map(|ty| as_tuple(ty)).collect();
    let length = tuples[0].len();
    if tuples.iter().any(|tuple| tuple.len() != length) {
        return tuples_to_list(types, safety);
    }
    let mut elements = Vec::with_capacity(length);
    for position in 0..length {
        elements.push(unify_with(tuples.iter().map(|tuple| &tuple[position]), safety)?.ty);
    }
    all_convert(types, Type::tuple(elements), safety).or_else(|| tuples_to_list(types, safety))
}

fn tuples_to_list(types: &[&Type], safety: Safety) -> Option<Unified> {
    let elements = types.iter().filter_map(|ty| as_tuple(ty)).flatten();
    let element = unify_with(elements, safety)?.ty;
    all_convert(types, Type::list(element), safety)
}

/// Turns the structural types into one collection type first, and unifies that with the collections that are there:
/// `[1]` next to a list is meant as a list.
fn unify_with_collected(
    types: &[&Type],
    is_structural: fn(&Type) -> bool,
    collect: fn(&[&Type], Safety) -> Option<Unified>,
    safety: Safety,
) -> Option<Unified> {
    let structural: Vec<&Type> = types.iter().copied().filter(|ty| is_structural(ty)).collect();
    let collection = collect(&structural, safety)?.ty;
    let others = types.iter().copied().filter(|ty| !is_structural(ty));
    unify_with(others.chain([&collection]), safety).filter(|unified| unified.ty.is_collection())
}

/// Chooses the most general of the types that all others convert to.
fn unify_to_one_of(types: &[&Type], safety: Safety) -> Option<Unified> {
    let order = by_generality(types);
    let chosen = order.into_iter().find(|wanted| types.iter().all(|from| exists(from, types[*wanted], safety)))?;
    Some(Unified::of(types[chosen].clone()))
}

/// Returns the positions of the types so that more general ones come before those they generalize.
fn by_generality(types: &[&Type]) -> Vec<usize> {
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); types.len()];
    let mut above = vec![0; types.len()];
    for (i, a) in types.iter().enumerate() {
        for (j, b) in types.iter().enumerate().skip(i + 1) {
            match generality(a, b) {
                Preference::First => {
                    below[i].push(j);
                    above[j] += 1;
                }
                Preference::Second => {
                    below[j].push(i);
                    above[i] += 1;
                }
                Preference::Neither => {}
            }
        }
    }
    let mut order: Vec<usize> = (0..types.len()).filter(|i| above[*i] == 0).collect();
    let mut next = 0;
    while next < order.len() {
        for j in &below[order[next]] {
            above[*j] -= 1;
            if above[*j] == 0 {
                order.push(*j);
            }
        }
        next += 1;
    }
    order
}

/// Which of two types is preferred as the type of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preference {
    First,
    Second,
    Neither,
}

fn generality(a: &Type, b: &Type) -> Preference {
    match (a, b) {
        (Type::Dynamic, Type::Dynamic) => Preference::Neither,
        (Type::Dynamic, _) => Preference::Second,
        (_, Type::Dynamic) => Preference::First,
        (Type::String, Type::Bool | Type::Number) => Preference::First,
        (Type::Bool | Type::Number, Type::String) => Preference::Second,
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => {
            generality(a, b)
        }
        // A list is preferred to a set: it keeps the order. A collection is preferred to a structure.
        (Type::List(_), Type::Tuple(_) | Type::Set(_)) | (Type::Tuple(_), Type::Set(_)) => Preference::First,
        (Type::Tuple(_) | Type::Set(_), Type::List(_)) | (Type::Set(_), Type::Tuple(_)) => Preference::Second,
        (Type::Map(_), Type::Object(_)) => Preference::First,
        (Type::Object(_), Type::Map(_)) => Preference::Second,
        (Type::Object(a), Type::Object(b)) if a.names() == b.names() => {
            part_generality(a.attributes().iter().zip(b.attributes()).map(|(a, b)| generality(&a.ty, &b.ty)))
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            part_generality(a.iter().zip(b.iter()).map(|(a, b)| generality(a, b)))
        }
        _ => Preference::Neither,
    }
}

/// A structure is preferred if some part is and none of the other's is.
fn part_generality(parts: impl Iterator<Item = Preference>) -> Preference {
    let (mut first, mut second) = (false, false);
    for part in parts {
        first |= part == Preference::First;
        second |= part == Preference::Second;
    }
    match (first, second) {
        (true, false) => Preference::First,
        (false, true) => Preference::Second,
        _ => Preference::Neither,
    }
}

fn as_object(ty: &Type) -> Option<&ObjectType> {
    match ty {
        Type::Object(object) => Some(object),
        _ => None,
    }
}

fn as_tuple(ty: &Type) -> Option<&[Type]> {
    match ty {
        Type::Tuple(elements) => Some(elements),
        _ => None,
    }
}
