//! Plans: what the schema does not say of defaults, of blocks that AWS fills in, of tags, regions and replacement.

use std::sync::Arc;

use sdk::schema::{Attribute, BlockNesting, NestedBlock, Schema};
use sdk::value::{Kind, Path, PathStep, Type, Value};
use sdk::{PlanRequest, PlanResponse, PlanRules, plan_by_schema};

use crate::cloud::Session;
use crate::fields::part;
use crate::managed::with_members;

/// What the schema does not say. Places are written with dots, `*` for the elements of a list: `vpc_config.*.vpc_id`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rules {
    /// A difference there replaces the object.
    pub(crate) replaces: &'static [&'static str],
    /// Computed attributes at the top that any update may change.
    pub(crate) volatile: &'static [&'static str],
    /// What holds where the configuration says nothing.
    pub(crate) defaults: &'static [(&'static str, Otherwise)],
    /// Blocks at the top that AWS fills in where the configuration has none.
    pub(crate) filled_blocks: &'static [&'static str],
}

/// What holds where the configuration says nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Otherwise {
    Flag(bool),
    Text(&'static str),
    Number(i64),
}

impl Otherwise {
    fn value(self) -> Value {
        match self {
            Otherwise::Flag(flag) => Value::bool(flag),
            Otherwise::Text(text) => Value::string(text),
            Otherwise::Number(number) => Value::number(number),
        }
    }
}

/// Plans an object.
pub(crate) fn plan(
    schema: &Schema,
    rules: Rules,
    session: Option<&Arc<Session>>,
    request: &PlanRequest,
) -> PlanResponse {
    let proposed = with_defaults(&request.proposed, &request.config, rules);
    let proposed = with_parts(schema, rules, session, &PlanRequest { proposed, ..request.clone() });
    let request = PlanRequest { proposed, ..request.clone() };
    let mut response = plan_by_schema(schema, PlanRules { replaces: &[], volatile: rules.volatile }, &request);
    response.legacy_types = !rules.filled_blocks.is_empty();
    if !request.prior.is_null() && response.planned != request.prior {
        let mut places: Vec<Path> =
            rules.replaces.iter().flat_map(|place| differing(place, &request.prior, &response.planned)).collect();
        if schema.block.attribute("region").is_some() {
            places.extend(differing("region", &request.prior, &response.planned));
        }
        response.requires_replace = places;
    }
    response
}

/// Takes empty texts at the top of a configuration for none at all, as most modules mean them; tells whether there were some.
pub(crate) fn without_empty(schema: &Schema, request: PlanRequest) -> (PlanRequest, bool) {
    let is_empty = |attribute: &&Attribute| {
        attribute.optional
            && attribute.ty() == Type::String
            && part(&request.config, &attribute.name).as_str() == Some("")
    };
    let empty: Vec<&Attribute> = schema.block.attributes.iter().filter(is_empty).collect();
    if empty.is_empty() {
        return (request, false);
    }
    let none = || Value::null(Type::String);
    let otherwise = |attribute: &Attribute| match part(&request.prior, &attribute.name) {
        prior if attribute.computed && prior.as_str().is_some() => prior.clone(),
        _ => none(),
    };
    let proposed: Vec<(&str, Value)> = empty.iter().map(|found| (&*found.name, otherwise(found))).collect();
    let config: Vec<(&str, Value)> = empty.iter().map(|found| (&*found.name, none())).collect();
    let (proposed, config) = (with_members(&request.proposed, &proposed), with_members(&request.config, &config));
    (PlanRequest { proposed, config, ..request }, true)
}

/// Sets what the configuration says nothing of.
fn with_defaults(proposed: &Value, config: &Value, rules: Rules) -> Value {
    if rules.defaults.is_empty() {
        return proposed.clone();
    }
    proposed.clone().transform(|path, value| {
        let place = place_of(path);
        match rules.defaults.iter().find(|(name, _)| *name == place) {
            Some((_, otherwise)) if at(config, path).is_none_or(Value::is_null) => otherwise.value(),
            _ => value,
        }
    })
}

/// Writes a path as places are written.
fn place_of(path: &Path) -> String {
    let mut place = String::new();
    for step in &path.0 {
        if !place.is_empty() {
            place.push('.');
        }
        match step {
            PathStep::Attribute(name) => place.push_str(name),
            PathStep::Index(_) => place.push('*'),
        }
    }
    place
}

/// Returns the part of an object at a path.
fn at<'a>(object: &'a Value, path: &Path) -> Option<&'a Value> {
    let mut current = object;
    for step in &path.0 {
        current = match step {
            PathStep::Attribute(name) => match current.kind() {
                Kind::Object(members) => members.get(name)?,
                _ => return None,
            },
            PathStep::Index(key) => current.as_sequence()?.get(key.as_number()?.to_usize()?)?,
        };
    }
    Some(current)
}

/// Sets regions, tags, and the blocks that AWS fills in.
fn with_parts(schema: &Schema, rules: Rules, session: Option<&Arc<Session>>, request: &PlanRequest) -> Value {
    let Kind::Object(members) = request.proposed.kind() else { return request.proposed.clone() };
    let value = |name: &str, value: &Value| {
        let prior = part(&request.prior, name);
        match name {
            "region" if part(&request.config, "region").is_null() => match session {
                Some(session) => session.region.as_str().into(),
                None if prior.is_null() => value.clone(),
                None => prior.clone(),
            },
            "tags_all" if schema.block.attribute("tags").is_some() => match session {
                Some(session) => session.tags.all(part(&request.config, "tags")),
                None => Value::unknown(Type::map(Type::String)),
            },
            _ if rules.filled_blocks.contains(&name) => match schema.block.nested(name) {
                Some(nested) if value.element_count() == Some(0) && request.prior.is_null() => unknown(nested),
                Some(_) if value.element_count() == Some(0) => prior.clone(),
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    };
    let values = members.iter().map(|(name, found)| value(name, found)).collect();
    Value::object_of_shape(members.names().clone(), values)
}

fn unknown(nested: &NestedBlock) -> Value {
    match nested.nesting {
        BlockNesting::List => Value::unknown(Type::list(nested.block.ty())),
        _ => Value::unknown(nested.ty()),
    }
}

/// Returns the paths of a place at which two objects differ.
fn differing(place: &str, prior: &Value, planned: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    let steps: Vec<&str> = place.split('.').collect();
    descend(&steps, prior, planned, &mut Vec::new(), &mut found);
    found
}

fn descend(steps: &[&str], prior: &Value, planned: &Value, path: &mut Vec<PathStep>, found: &mut Vec<Path>) {
    if prior == planned {
        return;
    }
    match steps {
        [] => found.push(Path(path.clone())),
        ["*", rest @ ..] => {
            let (before, after) = (prior.as_sequence().unwrap_or_default(), planned.as_sequence().unwrap_or_default());
            // A block that comes or goes is no difference inside of it.
            for (index, (prior, planned)) in before.iter().zip(after).enumerate() {
                path.push(PathStep::Index(Value::number(index as i64)));
                descend(rest, prior, planned, path, found);
                path.pop();
            }
        }
        [name, rest @ ..] => {
            path.push(PathStep::Attribute((*name).into()));
            descend(rest, part(prior, name), part(planned, name), path, found);
            path.pop();
        }
    }
}

/// Returns what was at a path before; nothing where there was nothing.
pub(crate) fn before(prior: &Value, path: &Path) -> Option<Value> {
    at(prior, path).filter(|value| value.is_wholly_known()).cloned()
}
