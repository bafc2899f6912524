//! Whether a provider's plan is one that it may make.

use schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, NestedObject};
use value::{Kind, Marks, PathStep, Value};

use super::equality::same;
use super::parts::{self, Fields, Nesting};
use super::problem::{Findings, Problem, show};

/// Returns what is wrong with a planned object: each attribute must be as configured, or as before where the provider
/// holds that for the same, or anything where it is computed and not configured.
///
/// Providers of the legacy SDK break these rules all the time; what is found there is not for users.
pub fn check_plan(schema: &Block, prior: &Value, config: &Value, planned: &Value) -> Vec<Problem> {
    let mut findings = Findings::default();
    check_object(Fields::of_block(schema), Three { prior, config, planned, secret: false }, &mut findings);
    findings.problems
}

/// The three values that are compared at a place.
#[derive(Clone, Copy)]
struct Three<'a> {
    prior: &'a Value,
    config: &'a Value,
    planned: &'a Value,
    /// What is around them is sensitive.
    secret: bool,
}

impl Three<'_> {
    fn is_secret(&self) -> bool {
        let marks = self.prior.marks_deep() | self.config.marks_deep() | self.planned.marks_deep();
        self.secret || marks.contains(Marks::SENSITIVE)
    }

    /// Tells whether what is inside is sensitive because the whole is.
    fn makes_parts_secret(&self) -> bool {
        let marks = self.prior.marks() | self.config.marks() | self.planned.marks();
        self.secret || marks.contains(Marks::SENSITIVE)
    }
}

fn check_object(fields: Fields<'_>, values: Three<'_>, findings: &mut Findings) {
    if fields.in_block && !check_presence(values, findings) {
        return;
    }
    let secret = values.makes_parts_secret();
    for attribute in fields.attributes {
        let prior = parts::attribute(values.prior, attribute);
        let config = parts::attribute(values.config, attribute);
        let planned = parts::attribute(values.planned, attribute);
        let values = Three { prior: &prior, config: &config, planned: &planned, secret: secret || attribute.sensitive };
        findings.inside(PathStep::Attribute(attribute.name.clone()), |findings| {
            check_attribute(attribute, values, findings);
        });
    }
    for nested in fields.blocks {
        let prior = parts::nested_block(values.prior, nested);
        let config = parts::nested_block(values.config, nested);
        let planned = parts::nested_block(values.planned, nested);
        let values = Three { prior: &prior, config: &config, planned: &planned, secret };
        findings.inside(PathStep::Attribute(nested.name.clone()), |findings| check_block(nested, values, findings));
    }
}

/// Checks that an object is planned exactly if it is configured; tells whether there is more to check.
fn check_presence(values: Three<'_>, findings: &mut Findings) -> bool {
    match (values.config.is_null(), values.planned.is_null()) {
        (false, true) => findings.add("planned to be absent, but the configuration has it"),
        (true, false) => findings.add("planned to be present, but the configuration does not have it"),
        (true, true) => {}
        (false, false) => return true,
    }
    false
}

fn check_attribute(attribute: &Attribute, values: Three<'_>, findings: &mut Findings) {
    let Three { prior, config, planned, .. } = values;
    if attribute.write_only {
        if !planned.is_null() {
            findings.add("planned value of a write-only attribute is not null");
        }
        return;
    }
    let as_before = || !prior.is_null() && !config.is_null() && same(planned, prior);
    let may_choose = attribute.computed && (!attribute.is_settable() || config.is_null());
    if may_choose || same(planned, config) || as_before() {
        return;
    }
    if config.is_null() && !planned.is_null() {
        let value = shown(planned, values);
        return findings.add(format!("planned {value}, but nothing is configured and the provider may not choose"));
    }
    match &attribute.kind {
        AttributeKind::Nested(nested) => check_nested(nested, values, findings),
        AttributeKind::Type(_) => findings.add(mismatch(values)),
    }
}

fn mismatch(values: Three<'_>) -> String {
    let Three { prior, config, planned, .. } = values;
    match (values.is_secret(), prior.is_null()) {
        (true, true) => "planned sensitive value is not the configured one".into(),
        (true, false) => "planned sensitive value is neither the configured nor the prior one".into(),
        (false, true) => format!("planned {}, but {} is configured", show(planned), show(config)),
        (false, false) => {
            format!("planned {}, but {} is configured and {} was before", show(planned), show(config), show(prior))
        }
    }
}

fn shown(value: &Value, values: Three<'_>) -> String {
    if values.is_secret() { "a sensitive value".into() } else { show(value) }
}

fn check_nested(nested: &NestedObject, values: Three<'_>, findings: &mut Findings) {
    if !check_presence(values, findings) {
        return;
    }
    let Three { config, planned, .. } = values;
    if !planned.is_known() {
        return findings.add("planned to be unknown, but it is configured");
    }
    let fields = Fields::of_nested(nested);
    match Nesting::of_nested(nested) {
        Nesting::Single => check_object(fields, values, findings),
        Nesting::Set => {
            if !may_have_as_many(planned, config) {
                findings.add(counts(planned, config));
            }
        }
        _ if config.element_count() != planned.element_count() => findings.add(counts(planned, config)),
        Nesting::List => check_elements(fields, values, findings),
        Nesting::Map => check_entries(fields, values, findings),
    }
}

fn counts(planned: &Value, config: &Value) -> String {
    let count = |value: &Value| value.element_count().map_or("an unknown number of".into(), |count| count.to_string());
    format!("planned with {} elements, but {} are configured", count(planned), count(config))
}

/// Tells whether a planned set may come to have as many elements as the configured one: unknown elements may turn out
/// to be equal to others.
fn may_have_as_many(planned: &Value, config: &Value) -> bool {
    let counts = |value: &Value| {
        let most = value.element_count()?;
        Some(if value.is_wholly_known() || most == 1 { most..=most } else { 1..=most })
    };
    match (counts(planned), counts(config)) {
        (Some(planned), Some(config)) => planned.start() <= config.end() && config.start() <= planned.end(),
        _ => true,
    }
}

fn check_elements(fields: Fields<'_>, values: Three<'_>, findings: &mut Findings) {
    let secret = values.makes_parts_secret();
    for (index, planned) in parts::parts(values.planned).into_iter().enumerate() {
        let Some(config) = parts::at(values.config, index) else { continue };
        let prior = parts::at(values.prior, index).unwrap_or(&Value::NULL);
        findings.inside(parts::index_step(index), |findings| {
            check_element(fields, Three { prior, config, planned, secret }, findings);
        });
    }
}

fn check_entries(fields: Fields<'_>, values: Three<'_>, findings: &mut Findings) {
    let secret = values.makes_parts_secret();
    for (key, planned) in values.planned.as_entries().unwrap_or_default() {
        let Some(config) = parts::of_key(values.config, key) else {
            findings.add(format!("the plan has the key {key:?}, which is not configured"));
            continue;
        };
        let prior = parts::of_key(values.prior, key).unwrap_or(&Value::NULL);
        findings.inside(parts::key_step(values.planned, key), |findings| {
            check_element(fields, Three { prior, config, planned, secret }, findings);
        });
    }
    for (key, _) in values.config.as_entries().unwrap_or_default() {
        if parts::of_key(values.planned, key).is_none() {
            findings.add(format!("the key {key:?} is configured, but the plan does not have it"));
        }
    }
}

fn check_element(fields: Fields<'_>, values: Three<'_>, findings: &mut Findings) {
    match fields.in_block && !values.planned.is_known() {
        true => findings.add(UNKNOWN_BLOCK),
        false => check_object(fields, values, findings),
    }
}

const UNKNOWN_BLOCK: &str = "a block must not be unknown as a whole, only its attributes may be";

fn check_block(nested: &NestedBlock, values: Three<'_>, findings: &mut Findings) {
    let Three { config, planned, .. } = values;
    // Bounds count here: the content of a `dynamic` block is not for the provider to change.
    if planned == config {
        return;
    }
    if !config.is_known() {
        if !same_with_bounds(planned, config) {
            let value = shown(planned, values);
            findings.add(format!("planned {value}, but whether there are such blocks is not known yet"));
        }
        return;
    }
    if !planned.is_known() {
        return findings.add(UNKNOWN_BLOCK);
    }
    let fields = Fields::of_block(&nested.block);
    let nesting = Nesting::of_block(nested);
    if planned.is_null() && nested.nesting != BlockNesting::Single {
        return findings.add("no blocks of this kind must be planned as an empty value, not as null");
    }
    match nesting {
        Nesting::Single => check_object(fields, values, findings),
        // Elements of sets have no names, and a provider may keep parts of prior ones: nothing tells which of the
        // configured elements a planned one is.
        Nesting::Set => {
            for element in parts::parts(planned) {
                if !element.is_known() {
                    findings.inside(PathStep::Index(element.clone()), |findings| findings.add(UNKNOWN_BLOCK));
                }
            }
        }
        // Objects of blocks with types of their own are compared by key alone.
        Nesting::Map if matches!(planned.kind(), Kind::Object(_)) => check_entries(fields, values, findings),
        // An ignored change may put the null of a legacy provider in place of no blocks.
        _ if planned.element_count() != Some(config.element_count().unwrap_or(0)) => {
            findings.add(counts(planned, config).replace("elements", "blocks"));
        }
        Nesting::Map => check_entries(fields, values, findings),
        Nesting::List => check_elements(fields, values, findings),
    }
}

/// Tells whether two values are equal but for marks.
fn same_with_bounds(left: &Value, right: &Value) -> bool {
    left.clone().unmark_deep().0 == right.clone().unmark_deep().0
}

#[cfg(test)]
#[path = "valid_tests.rs"]
mod tests;
