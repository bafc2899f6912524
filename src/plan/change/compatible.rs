//! Whether what a provider made is what it had planned.

use schema::{Attribute, AttributeKind, Block, NestedBlock};
use value::{Kind, Marks, PathStep, Type, Value};

use super::attributes;
use super::correlate::{Candidates, Place};
use super::parts::{self, Fields, Nesting};
use super::problem::{Findings, Problem, show};

/// Returns where an object is not what was planned: known parts must be the same, unknown ones may become anything of
/// their type and within their bounds.
pub fn check_applied(schema: &Block, planned: &Value, actual: &Value) -> Vec<Problem> {
    let mut findings = Findings::default();
    check_object(schema, planned, actual, &mut findings);
    findings.problems
}

fn check_object(schema: &Block, planned: &Value, actual: &Value, findings: &mut Findings) {
    match (planned.is_null(), actual.is_null()) {
        (true, false) => return findings.add("was planned to be absent, but is present"),
        (false, true) => return findings.add("was planned to be present, but is absent"),
        (true, true) => return,
        (false, false) => {}
    }
    if !planned.is_known() {
        return;
    }
    let secret = (planned.marks() | actual.marks()).contains(Marks::SENSITIVE);
    for attribute in &schema.attributes {
        let planned = parts::attribute(planned, attribute);
        let actual = parts::attribute(actual, attribute);
        findings.inside(PathStep::Attribute(attribute.name.clone()), |findings| {
            check_attribute(attribute, (&planned, &actual), secret, findings);
        });
    }
    for nested in &schema.blocks {
        let planned = parts::nested_block(planned, nested);
        let actual = parts::nested_block(actual, nested);
        findings.inside(PathStep::Attribute(nested.name.clone()), |findings| {
            check_block(nested, &planned, &actual, findings);
        });
    }
}

fn check_attribute(attribute: &Attribute, values: (&Value, &Value), secret: bool, findings: &mut Findings) {
    let (planned, actual) = values;
    if planned == actual {
        return;
    }
    let marks = planned.marks_deep() | actual.marks_deep();
    let secret = secret || is_secret(attribute) || marks.contains(Marks::SENSITIVE);
    if marks.is_empty() && !secret {
        return check_value(planned, actual, findings);
    }
    let (planned, actual) = (planned.clone().unmark_deep().0, actual.clone().unmark_deep().0);
    let mut inside = Findings { path: findings.path.clone(), ..Findings::default() };
    check_value(&planned, &actual, &mut inside);
    // One problem for all of it: how many there are, and where, would tell something as well.
    match secret && !inside.problems.is_empty() {
        true => findings.add("the sensitive value is not the planned one"),
        false => findings.problems.append(&mut inside.problems),
    }
}

/// Tells whether an attribute or something inside it is sensitive by its schema.
fn is_secret(attribute: &Attribute) -> bool {
    let inside = || match &attribute.kind {
        AttributeKind::Type(_) => false,
        AttributeKind::Nested(nested) => attributes::any(Fields::of_nested(nested), &|inner| inner.sensitive),
    };
    attribute.sensitive || inside()
}

fn check_block(nested: &NestedBlock, planned: &Value, actual: &Value, findings: &mut Findings) {
    if planned == actual {
        return;
    }
    let nesting = Nesting::of_block(nested);
    if nesting == Nesting::Single {
        // What a `dynamic` block over something unknown becomes may be no block at all.
        if planned.is_known() || !actual.is_null() {
            check_object(&nested.block, planned, actual, findings);
        }
        return;
    }
    if [planned, actual].iter().any(|value| value.is_null() || !value.is_known()) {
        return;
    }
    match nesting {
        Nesting::Set => check_set(planned, actual, findings, |planned, actual| {
            let mut inside = Findings::default();
            check_object(&nested.block, planned, actual, &mut inside);
            inside.problems.is_empty()
        }),
        Nesting::Map => check_block_map(nested, planned, actual, findings),
        _ => {
            let (planned, actual) = (parts::parts(planned), parts::parts(actual));
            if planned.len() != actual.len() {
                return findings.add(format!("{} blocks were planned, but there are {}", planned.len(), actual.len()));
            }
            for (index, (planned, actual)) in planned.into_iter().zip(actual).enumerate() {
                findings.inside(parts::index_step(index), |findings| {
                    check_object(&nested.block, planned, actual, findings);
                });
            }
        }
    }
}

fn check_block_map(nested: &NestedBlock, planned: &Value, actual: &Value, findings: &mut Findings) {
    for (key, planned_block) in planned.as_entries().unwrap_or_default() {
        let Some(actual_block) = parts::of_key(actual, key) else {
            findings.add(format!("the planned block {key:?} is not there"));
            continue;
        };
        findings.inside(parts::key_step(planned, key), |findings| {
            check_object(&nested.block, planned_block, actual_block, findings);
        });
    }
    for (key, _) in actual.as_entries().unwrap_or_default() {
        if parts::of_key(planned, key).is_none() {
            findings.add(format!("the block {key:?} was not planned"));
        }
    }
}

/// Compares values without marks.
fn check_value(planned: &Value, actual: &Value, findings: &mut Findings) {
    if planned == actual || is_of_any_type(planned) {
        return;
    }
    let ty = planned.ty();
    if !actual.fits(&ty) {
        let (wanted, given) = (ty.friendly_name(), actual.ty().friendly_name());
        let (wanted, given) = if wanted == given { (ty.to_string(), actual.ty().to_string()) } else { (wanted, given) };
        return findings.add(format!("a value of type {wanted} was planned, but it is of type {given}"));
    }
    check_typed(planned, actual, findings);
}

/// Compares values whose types are known to be the same.
fn check_typed(planned: &Value, actual: &Value, findings: &mut Findings) {
    if planned == actual || is_of_any_type(planned) {
        return;
    }
    if !planned.is_known() {
        // "Not equal" of an unknown value means that its bounds rule the other one out.
        if planned.equals(actual).as_bool() == Some(false) {
            findings.add(format!("is {}, which the bounds of the unknown planned value rule out", show(actual)));
        }
        return;
    }
    if planned.is_null() && actual.is_null() {
        return;
    }
    if planned.is_null() || actual.is_null() {
        return findings.add(changed(planned, actual));
    }
    if !actual.is_known() {
        return findings.add("a known value was planned, but it is unknown");
    }
    match (planned.kind(), actual.kind()) {
        (Kind::List(_), Kind::List(_)) | (Kind::Tuple(_), Kind::Tuple(_)) | (Kind::Map(_), Kind::Map(_)) => {
            check_keyed(planned, actual, findings);
        }
        (Kind::Object(planned), Kind::Object(actual)) => {
            for ((name, planned), actual) in planned.iter().zip(actual.values()) {
                findings.inside(PathStep::Attribute(name.clone()), |findings| check_typed(planned, actual, findings));
            }
        }
        (Kind::Set(_), Kind::Set(_)) => check_set(planned, actual, findings, |planned, actual| {
            let mut inside = Findings::default();
            check_typed(planned, actual, &mut inside);
            inside.problems.is_empty()
        }),
        _ if planned.equals(actual).as_bool() == Some(true) => {}
        _ => findings.add(changed(planned, actual)),
    }
}

fn changed(planned: &Value, actual: &Value) -> String {
    format!("was planned to be {}, but is {}", show(planned), show(actual))
}

/// Tells whether a value has no type yet, so that anything may come of it.
fn is_of_any_type(value: &Value) -> bool {
    matches!(value.kind(), Kind::Null(Type::Dynamic) | Kind::Unknown(Type::Dynamic, _))
}

fn check_keyed(planned: &Value, actual: &Value, findings: &mut Findings) {
    let find = |collection, step: &PathStep| match step {
        PathStep::Index(key) => match (key.as_str(), key.as_number().and_then(value::Number::to_usize)) {
            (Some(key), _) => parts::of_key(collection, key),
            (_, Some(index)) => parts::at(collection, index),
            _ => None,
        },
        PathStep::Attribute(_) => None,
    };
    for (step, planned) in parts::steps(planned) {
        match find(actual, &step) {
            Some(actual) => findings.inside(step, |findings| check_typed(planned, actual, findings)),
            None => findings.add(format!("the planned element {} is not there", named(&step))),
        }
    }
    for (step, _) in parts::steps(actual) {
        if find(planned, &step).is_none() {
            findings.add(format!("the element {} was not planned", named(&step)));
        }
    }
}

fn named(step: &PathStep) -> String {
    value::Path(vec![step.clone()]).to_string()
}

/// Checks that each planned element has become one of the actual ones and that each of those comes from a planned one.
///
/// Several planned elements may have become one, as unknown ones turned out to be equal.
fn check_set(planned: &Value, actual: &Value, findings: &mut Findings, agree: impl Fn(&Value, &Value) -> bool) {
    let (planned, actual) = (planned.as_sequence().unwrap_or_default(), actual.as_sequence().unwrap_or_default());
    let mut candidates = Candidates::new(actual);
    let before = findings.problems.len();
    for element in planned {
        if !candidates.take_all(known_places(element), element, |actual| agree(element, actual)) {
            findings.add(format!("no element agrees with the planned element {}", show(element)));
        }
    }
    if findings.problems.len() == before {
        for element in candidates.free() {
            findings.add(format!("no planned element agrees with the element {}", show(element)));
        }
    }
    if planned.len() < actual.len() {
        findings.add(format!("{} elements were planned, but there are {}", planned.len(), actual.len()));
    }
}

/// Returns the places of an element where it is known, so that what it becomes must hold the same there.
fn known_places(element: &Value) -> Vec<Place> {
    let mut places = Vec::new();
    add_known_places(element, &mut Vec::new(), &mut places);
    places
}

fn add_known_places(value: &Value, place: &mut Place, places: &mut Vec<Place>) {
    match value.kind() {
        Kind::Object(_) | Kind::List(_) | Kind::Tuple(_) => {
            for (index, part) in parts::parts(value).into_iter().enumerate() {
                place.push(index as u32);
                add_known_places(part, place, places);
                place.pop();
            }
        }
        // Absent blocks agree with no blocks; keys of maps and elements of sets have no places.
        Kind::Null(_) | Kind::Map(_) | Kind::Set(_) | Kind::Unknown(..) => {}
        _ => places.push(place.clone()),
    }
}

#[cfg(test)]
#[path = "compatible_tests.rs"]
mod tests;
