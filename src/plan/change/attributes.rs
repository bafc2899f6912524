//! Walks over the attributes that a schema gives to a value, at every depth.

use schema::{Attribute, AttributeKind, Block};
use value::{Kind, PathStep, Value};

use super::parts::{self, Fields, Nesting};
use super::problem::Findings;

/// What to do about an attribute of a value.
pub(super) enum Change {
    /// Look at the attributes inside, if it holds objects.
    Descend,
    /// Leave it as it is.
    Keep,
    /// Put another value in its place.
    Replace(Value),
}

/// Changes attributes at every depth; a value that does not change stays shared.
pub(super) fn change(block: &Block, value: &Value, rule: &mut dyn FnMut(&Attribute, &Value) -> Change) -> Value {
    change_object(Fields::of_block(block), value, rule).unwrap_or_else(|| value.clone())
}

fn change_object(
    fields: Fields<'_>,
    value: &Value,
    rule: &mut dyn FnMut(&Attribute, &Value) -> Change,
) -> Option<Value> {
    let Kind::Object(object) = value.kind() else { return None };
    let mut new: Option<Vec<Value>> = None;
    let mut set = |name: &str, value: Option<Value>| {
        if let (Some(value), Ok(index)) = (value, object.names().binary_search_by(|n| n.as_str().cmp(name))) {
            new.get_or_insert_with(|| object.values().to_vec())[index] = value;
        }
    };
    for attribute in fields.attributes {
        let Some(part) = object.get(&attribute.name) else { continue };
        let changed = match (rule(attribute, part), &attribute.kind) {
            (Change::Replace(value), _) => Some(value),
            (Change::Descend, AttributeKind::Nested(nested)) => {
                change_field(Fields::of_nested(nested), Nesting::of_nested(nested), part, rule)
            }
            _ => None,
        };
        set(&attribute.name, changed);
    }
    for nested in fields.blocks {
        let Some(part) = object.get(&nested.name) else { continue };
        set(&nested.name, change_field(Fields::of_block(&nested.block), Nesting::of_block(nested), part, rule));
    }
    new.map(|values| parts::rebuild(value, values))
}

fn change_field(
    fields: Fields<'_>,
    nesting: Nesting,
    value: &Value,
    rule: &mut dyn FnMut(&Attribute, &Value) -> Change,
) -> Option<Value> {
    match nesting {
        Nesting::Single => change_object(fields, value, rule),
        _ => parts::change_parts(value, &mut |element| change_object(fields, element, rule)),
    }
}

/// Visits attributes at every depth, each before those inside it, which are left out if `visit` says `false`.
pub(super) fn visit(
    block: &Block,
    value: &Value,
    findings: &mut Findings,
    rule: &mut dyn FnMut(&Attribute, &Value, &mut Findings) -> bool,
) {
    visit_object(Fields::of_block(block), value, findings, rule);
}

fn visit_object(
    fields: Fields<'_>,
    value: &Value,
    findings: &mut Findings,
    rule: &mut dyn FnMut(&Attribute, &Value, &mut Findings) -> bool,
) {
    let Kind::Object(object) = value.kind() else { return };
    for attribute in fields.attributes {
        let Some(part) = object.get(&attribute.name) else { continue };
        findings.inside(PathStep::Attribute(attribute.name.clone()), |findings| {
            if let (true, AttributeKind::Nested(nested)) = (rule(attribute, part, findings), &attribute.kind) {
                visit_field(Fields::of_nested(nested), Nesting::of_nested(nested), part, findings, rule);
            }
        });
    }
    for nested in fields.blocks {
        let Some(part) = object.get(&nested.name) else { continue };
        findings.inside(PathStep::Attribute(nested.name.clone()), |findings| {
            visit_field(Fields::of_block(&nested.block), Nesting::of_block(nested), part, findings, rule);
        });
    }
}

fn visit_field(
    fields: Fields<'_>,
    nesting: Nesting,
    value: &Value,
    findings: &mut Findings,
    rule: &mut dyn FnMut(&Attribute, &Value, &mut Findings) -> bool,
) {
    if nesting == Nesting::Single {
        return visit_object(fields, value, findings, rule);
    }
    for (step, element) in parts::steps(value) {
        findings.inside(step, |findings| visit_object(fields, element, findings, rule));
    }
}

/// Tells whether a schema has such an attribute at any depth.
pub(super) fn any(fields: Fields<'_>, test: &dyn Fn(&Attribute) -> bool) -> bool {
    fields.attributes.iter().any(|attribute| {
        test(attribute)
            || match &attribute.kind {
                AttributeKind::Type(_) => false,
                AttributeKind::Nested(nested) => any(Fields::of_nested(nested), test),
            }
    }) || fields.blocks.iter().any(|nested| any(Fields::of_block(&nested.block), test))
}
