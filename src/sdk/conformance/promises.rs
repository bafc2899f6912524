//! What a plan may promise, and whether a promise was kept.

use schema::{Attribute, AttributeKind, Block};
use value::{Kind, Value};

use crate::without_write_only;

/// Checks that everything planned is as configured, and that only what can be computed and is not set is otherwise.
pub(super) fn planned_as_configured(block: &Block, planned: &Value, config: &Value) -> Result<(), String> {
    if !planned.fits(&block.ty()) {
        return Err(format!("what is planned is not of the schema's type: {planned:?}"));
    }
    write_only_is_null(block, planned)?;
    objects_as_configured(planned, config, &|planned, config| block_as_configured(block, planned, config))
}

/// Checks that nothing write-only is kept.
pub(super) fn write_only_is_null(block: &Block, object: &Value) -> Result<(), String> {
    if *object == without_write_only(block, object) { Ok(()) } else { Err("a write-only attribute is kept".into()) }
}

fn block_as_configured(block: &Block, planned: &Value, config: &Value) -> Result<(), String> {
    for attribute in &block.attributes {
        attribute_as_configured(attribute, planned, config)?;
    }
    for nested in &block.blocks {
        let part = |object: &Value| object.attribute(&nested.name).unwrap_or(Value::NULL);
        let check = |planned: &Value, config: &Value| block_as_configured(&nested.block, planned, config);
        objects_as_configured(&part(planned), &part(config), &check)
            .map_err(|fault| format!("{}: {fault}", nested.name))?;
    }
    Ok(())
}

fn attribute_as_configured(attribute: &Attribute, planned: &Value, config: &Value) -> Result<(), String> {
    let part = |object: &Value| object.attribute(&attribute.name).unwrap_or(Value::NULL);
    let (planned, config) = (part(planned), part(config));
    let may_differ = attribute.write_only || config.is_null() && attribute.computed;
    if may_differ || planned == config {
        return Ok(());
    }
    let AttributeKind::Nested(nested) = &attribute.kind else {
        return Err(format!("{}: {planned:?} is planned where {config:?} is configured", attribute.name));
    };
    let check = |planned: &Value, config: &Value| {
        nested.attributes.iter().try_for_each(|attribute| attribute_as_configured(attribute, planned, config))
    };
    objects_as_configured(&planned, &config, &check).map_err(|fault| format!("{}: {fault}", attribute.name))
}

/// Compares the objects in two values, each with its counterpart; sets are only counted.
fn objects_as_configured(
    planned: &Value,
    config: &Value,
    check: &dyn Fn(&Value, &Value) -> Result<(), String>,
) -> Result<(), String> {
    if planned == config {
        return Ok(());
    }
    if planned.element_count() != config.element_count() || planned.is_null() != config.is_null() {
        return Err(format!("{planned:?} is planned where {config:?} is configured"));
    }
    match (planned.kind(), config.kind()) {
        (Kind::Object(_), Kind::Object(_)) => check(planned, config),
        (Kind::Map(map), Kind::Map(configured)) => map
            .entries()
            .iter()
            .try_for_each(|(key, planned)| check(planned, configured.get(key).unwrap_or(&Value::NULL))),
        (Kind::List(_), Kind::List(_)) | (Kind::Tuple(_), Kind::Tuple(_)) => {
            let pairs = planned.as_sequence().unwrap_or_default().iter().zip(config.as_sequence().unwrap_or_default());
            pairs.into_iter().try_for_each(|(planned, config)| check(planned, config))
        }
        _ => Ok(()),
    }
}

/// Checks that what was known in a plan has come true.
pub(super) fn kept(planned: &Value, new: &Value) -> Result<(), String> {
    let broken = || Err(format!("{planned:?} was planned, and {new:?} came of it"));
    match (planned.kind(), new.kind()) {
        (Kind::Unknown(_, refinement), _) => {
            if refinement.not_null && new.is_null() {
                broken()
            } else {
                Ok(())
            }
        }
        (Kind::Object(_) | Kind::Map(_), Kind::Object(_) | Kind::Map(_)) => {
            if planned.element_count() != new.element_count() {
                return broken();
            }
            planned.as_entries().unwrap_or_default().into_iter().try_for_each(|(name, planned)| {
                match new.attribute(name) {
                    Some(new) => kept(planned, &new).map_err(|fault| format!("{name}: {fault}")),
                    None => broken(),
                }
            })
        }
        (Kind::List(_) | Kind::Tuple(_), Kind::List(_) | Kind::Tuple(_)) => {
            let (planned, new) = (planned.as_sequence().unwrap_or_default(), new.as_sequence().unwrap_or_default());
            if planned.len() != new.len() {
                return broken();
            }
            planned.iter().zip(new).try_for_each(|(planned, new)| kept(planned, new))
        }
        // Which element became which cannot be told while parts of them were unknown.
        (Kind::Set(_), Kind::Set(_)) if !planned.is_wholly_known() => Ok(()),
        _ if planned == new => Ok(()),
        _ => broken(),
    }
}
