//! What is proposed to a provider: the configuration, with what the provider chose earlier where nothing is set.

use ecow::EcoString;
use schema::{Attribute, AttributeKind, Block, NestedBlock, NestedObject};
use value::{Kind, Type, Value};

use super::correlate::{Candidates, Place};
use super::equality::same;
use super::parts::{self, Fields, Nesting};

/// Returns the object that a provider is asked to plan for: what is configured, and from the prior object what only the
/// provider decides or what it decided because it was not configured.
///
/// Blocks and objects in lists correspond by index, in maps by key. In sets they correspond if the prior one may have
/// come from the configured one: they differ only in what the provider chose. Write-only attributes are null. Marks are
/// those of the configuration.
pub fn proposed_new(schema: &Block, prior: &Value, config: &Value) -> Value {
    merge(schema, Prior::of(prior), config)
}

/// Returns what is known of a data source's object before it is read: what is configured; everything that the provider
/// may choose is unknown.
pub fn planned_data(schema: &Block, config: &Value) -> Value {
    merge(schema, Prior::Unknown, config)
}

fn merge(schema: &Block, prior: Prior<'_>, config: &Value) -> Value {
    let fields = Fields::of_block(schema);
    if let Prior::Known(value) = prior
        && !value.marks_deep().is_empty()
    {
        let bare = value.clone().unmark_deep().0;
        return merge(schema, Prior::Known(&bare), config);
    }
    if config.marks_deep().is_empty() {
        return merge_object(fields, prior, config);
    }
    let (config, marks) = config.clone().unmark_paths();
    merge_object(fields, prior, &config).mark_paths(&marks)
}

/// The prior value of a part.
#[derive(Clone, Copy)]
enum Prior<'a> {
    /// Null, or there was no such part.
    Absent,
    /// Not read yet: what the provider would choose is unknown.
    Unknown,
    /// Anything else.
    Known(&'a Value),
}

impl<'a> Prior<'a> {
    fn of(value: &'a Value) -> Prior<'a> {
        match value.kind() {
            Kind::Null(_) => Prior::Absent,
            Kind::Unknown(..) => Prior::Unknown,
            _ => Prior::Known(value),
        }
    }

    /// Returns a part: `find` looks for it in a known value.
    fn part(self, find: impl FnOnce(&'a Value) -> Option<&'a Value>) -> Prior<'a> {
        match self {
            Prior::Known(value) => find(value).map_or(Prior::Absent, Prior::of),
            other => other,
        }
    }
}

fn merge_object(fields: Fields<'_>, prior: Prior<'_>, config: &Value) -> Value {
    let object = match (config.kind(), prior) {
        (Kind::Object(object), _) => object,
        (Kind::Unknown(Type::Object(ty), _), _) if !fields.in_block => {
            let parts = ty.attributes().iter().map(|part| Value::unknown(part.ty.clone())).collect();
            return merge_object(fields, prior, &Value::object_of_shape(ty.names().clone(), parts));
        }
        // A block is never null or unknown as a whole where it counts; nothing to go by but what was.
        (Kind::Null(_), Prior::Known(prior)) if fields.in_block => return prior.clone(),
        (Kind::Null(ty), Prior::Unknown) if fields.in_block => return Value::unknown(ty.clone()),
        _ => return config.clone(),
    };
    let mut values = object.values().to_vec();
    for attribute in fields.attributes {
        if let Ok(index) = object.names().binary_search(&attribute.name) {
            let prior = prior.part(|value| parts::of_key(value, &attribute.name));
            values[index] = merge_attribute(attribute, prior, &object.values()[index]);
        }
    }
    for nested in fields.blocks {
        if let Ok(index) = object.names().binary_search(&nested.name) {
            let prior = prior.part(|value| parts::of_key(value, &nested.name));
            values[index] = merge_block(nested, prior, &object.values()[index]);
        }
    }
    shared(values, prior, config)
}

fn merge_attribute(attribute: &Attribute, prior: Prior<'_>, config: &Value) -> Value {
    if attribute.write_only {
        return if config.is_null() { config.clone() } else { Value::null(attribute.ty()) };
    }
    if attribute.computed && config.is_null() {
        return match prior {
            Prior::Unknown => Value::unknown(attribute.ty()),
            Prior::Known(value) if !was_configured(attribute, value) => value.clone(),
            _ => config.clone(),
        };
    }
    match &attribute.kind {
        AttributeKind::Type(_) => config.clone(),
        AttributeKind::Nested(nested) => merge_nested(nested, prior, config),
    }
}

/// Tells whether a prior value holds something that no provider may choose: then it was configured once, and to set it
/// no longer is a change.
fn was_configured(attribute: &Attribute, prior: &Value) -> bool {
    match &attribute.kind {
        AttributeKind::Nested(nested) if attribute.optional => holds_configured(nested, prior),
        _ => false,
    }
}

fn holds_configured(nested: &NestedObject, value: &Value) -> bool {
    let in_object = |object: &Value| {
        nested.attributes.iter().any(|attribute| {
            let part = parts::of_key(object, &attribute.name).filter(|part| !part.is_null());
            part.is_some_and(|part| match &attribute.kind {
                _ if !attribute.computed => true,
                AttributeKind::Nested(nested) => holds_configured(nested, part),
                AttributeKind::Type(_) => false,
            })
        })
    };
    match Nesting::of_nested(nested) {
        Nesting::Single => in_object(value),
        _ => parts::parts(value).into_iter().any(in_object),
    }
}

fn merge_nested(nested: &NestedObject, prior: Prior<'_>, config: &Value) -> Value {
    merge_field(Fields::of_nested(nested), Nesting::of_nested(nested), prior, config)
}

fn merge_block(nested: &NestedBlock, prior: Prior<'_>, config: &Value) -> Value {
    merge_field(Fields::of_block(&nested.block), Nesting::of_block(nested), prior, config)
}

fn merge_field(fields: Fields<'_>, nesting: Nesting, prior: Prior<'_>, config: &Value) -> Value {
    // The content of `dynamic` blocks over an unknown collection, or an attribute that is unknown as a whole.
    if config.is_null() || !config.is_known() {
        return config.clone();
    }
    let values = match nesting {
        Nesting::Single => return merge_object(fields, prior, config),
        Nesting::Set => return merge_set(fields, prior, config),
        Nesting::List => {
            let elements = parts::parts(config).into_iter().enumerate();
            elements.map(|(i, element)| merge_element(fields, prior.part(|p| parts::at(p, i)), element)).collect()
        }
        Nesting::Map => {
            let entries = config.as_entries().unwrap_or_default().into_iter();
            let merge = |(key, element): (&EcoString, &Value)| {
                merge_element(fields, prior.part(|value| parts::of_key(value, key)), element)
            };
            entries.map(merge).collect()
        }
    };
    shared(values, prior, config)
}

fn merge_element(fields: Fields<'_>, prior: Prior<'_>, config: &Value) -> Value {
    match prior {
        Prior::Absent if !config.is_known() => config.clone(),
        _ => merge_object(fields, prior, config),
    }
}

fn merge_set(fields: Fields<'_>, prior: Prior<'_>, config: &Value) -> Value {
    let elements = config.as_sequence().unwrap_or_default();
    let prior_set = match prior {
        Prior::Known(value) if value == config => return value.clone(),
        Prior::Known(value) => value.as_sequence().unwrap_or_default(),
        _ => &[],
    };
    let mut candidates = Candidates::new(prior_set);
    let mut old = 0;
    let merge = |element: &Value| {
        let partner = match prior {
            Prior::Known(_) => {
                let places = configured_places(fields, element);
                let found = candidates.take_first(places, element, |prior| may_come_from(fields, prior, element));
                found.map_or(Prior::Absent, Prior::of)
            }
            other => other,
        };
        let merged = merge_object(fields, partner, element);
        old += usize::from(matches!(partner, Prior::Known(prior) if *prior == merged));
        merged
    };
    let values: Vec<Value> = elements.iter().map(merge).collect();
    match prior {
        Prior::Known(value) if old == elements.len() && old == prior_set.len() => value.clone(),
        _ if values.as_slice() == elements => config.clone(),
        _ => parts::rebuild(config, values),
    }
}

/// Puts merged parts together, in the order of the configuration's; shares them, or all of it, with what they equal.
fn shared(mut values: Vec<Value>, prior: Prior<'_>, config: &Value) -> Value {
    if let Prior::Known(prior) = prior
        && has_same_shape(prior, config)
    {
        let mut old = 0;
        for (value, prior) in values.iter_mut().zip(parts::parts(prior)) {
            if *value == *prior {
                *value = prior.clone();
                old += 1;
            }
        }
        if old == values.len() {
            return prior.clone();
        }
    }
    match parts::parts(config).into_iter().eq(&values) {
        true => config.clone(),
        false => parts::rebuild(config, values),
    }
}

/// Tells whether two values are of one kind and have the same keys.
fn has_same_shape(left: &Value, right: &Value) -> bool {
    match (left.kind(), right.kind()) {
        (Kind::Object(left), Kind::Object(right)) => left.names() == right.names(),
        (Kind::Map(left), Kind::Map(right)) => {
            left.element_type() == right.element_type()
                && left.entries().iter().map(|entry| &entry.0).eq(right.entries().iter().map(|entry| &entry.0))
        }
        (Kind::List(left), Kind::List(right)) => {
            left.element_type() == right.element_type() && left.values().len() == right.values().len()
        }
        (Kind::Tuple(left), Kind::Tuple(right)) => left.values().len() == right.values().len(),
        _ => false,
    }
}

/// Returns where a prior element must hold the same as this configured one, to have come from it.
fn configured_places(fields: Fields<'_>, config: &Value) -> Vec<Place> {
    let mut places = Vec::new();
    add_places(fields, config, &mut Vec::new(), &mut places);
    places
}

fn add_places(fields: Fields<'_>, config: &Value, place: &mut Place, places: &mut Vec<Place>) {
    let Kind::Object(object) = config.kind() else { return };
    let mut inside = |name, look: &mut dyn FnMut(&Value, &mut Place, &mut Vec<Place>)| {
        if let Ok(index) = object.names().binary_search(name) {
            place.push(index as u32);
            look(&object.values()[index], place, places);
            place.pop();
        }
    };
    for attribute in fields.attributes.iter().filter(|attribute| !attribute.write_only) {
        inside(&attribute.name, &mut |part, place, places| match &attribute.kind {
            AttributeKind::Type(_) if attribute.computed && part.is_null() && !is_of_sets(part) => {}
            AttributeKind::Type(_) => places.push(place.clone()),
            AttributeKind::Nested(nested) => {
                add_field_places(Fields::of_nested(nested), Nesting::of_nested(nested), part, (place, places));
            }
        });
    }
    for nested in fields.blocks {
        inside(&nested.name, &mut |part, place, places| {
            add_field_places(Fields::of_block(&nested.block), Nesting::of_block(nested), part, (place, places));
        });
    }
}

fn add_field_places(fields: Fields<'_>, nesting: Nesting, config: &Value, to: (&mut Place, &mut Vec<Place>)) {
    let (place, places) = to;
    match nesting {
        Nesting::Single => add_places(fields, config, place, places),
        Nesting::Set => places.push(place.clone()),
        Nesting::List => {
            for (index, element) in parts::parts(config).into_iter().enumerate() {
                place.push(index as u32);
                add_places(fields, element, place, places);
                place.pop();
            }
        }
        // Keys differ from element to element; the full comparison looks at them.
        Nesting::Map => {}
    }
}

/// Tells whether a prior object may have come from a configured one: what the provider added is what it may choose.
fn may_come_from(fields: Fields<'_>, prior: &Value, config: &Value) -> bool {
    if same(prior, config) {
        return true;
    }
    let Kind::Object(old) = prior.kind() else { return true };
    let Kind::Object(new) = config.kind() else { return false };
    let both = |name| old.get(name).zip(new.get(name));
    fields.attributes.iter().filter(|attribute| !attribute.write_only).all(|attribute| {
        let Some((prior, config)) = both(&attribute.name) else { return false };
        match &attribute.kind {
            _ if same(prior, config) => true,
            AttributeKind::Nested(nested) => {
                field_may_come_from(Fields::of_nested(nested), Nesting::of_nested(nested), prior, config)
            }
            AttributeKind::Type(_) => attribute.computed && config.is_null() && !is_of_sets(config),
        }
    }) && fields.blocks.iter().all(|nested| {
        let Some((prior, config)) = both(&nested.name) else { return false };
        field_may_come_from(Fields::of_block(&nested.block), Nesting::of_block(nested), prior, config)
    })
}

fn field_may_come_from(fields: Fields<'_>, nesting: Nesting, prior: &Value, config: &Value) -> bool {
    if same(prior, config) {
        return true;
    }
    match nesting {
        Nesting::Single => may_come_from(fields, prior, config),
        // Without equality there is no telling which elements belong together.
        Nesting::Set => false,
        Nesting::List => parts::parts(prior)
            .into_iter()
            .enumerate()
            .all(|(index, prior)| parts::at(config, index).is_some_and(|config| may_come_from(fields, prior, config))),
        Nesting::Map => {
            prior.as_entries().unwrap_or_default().into_iter().all(|(key, prior)| {
                parts::of_key(config, key).is_some_and(|config| may_come_from(fields, prior, config))
            })
        }
    }
}

/// Tells whether a value is a set, or a null or unknown one.
fn is_of_sets(value: &Value) -> bool {
    matches!(value.kind(), Kind::Set(_) | Kind::Null(Type::Set(_)) | Kind::Unknown(Type::Set(_), _))
}

#[cfg(test)]
#[path = "proposed_tests.rs"]
mod tests;
