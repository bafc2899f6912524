//! Values of plans as JSON: what is known of them, what is not, and what is sensitive.

use serde_json::{Map, Value as Json};
use value::{Kind, Marks, Path, PathStep, Type, Value};

use crate::render::state_json::plain;

/// Returns what is known of a value: unknown attributes are left out, unknown elements of sequences are null; nothing if
/// the value itself is unknown.
pub(super) fn known(value: &Value) -> Option<Json> {
    if value.is_wholly_known() {
        return Some(plain(value));
    }
    if let Some(entries) = value.as_entries() {
        let inside = entries.into_iter().filter_map(|(name, part)| Some((name.to_string(), known(part)?)));
        return Some(Json::Object(inside.collect()));
    }
    let elements = value.as_sequence()?;
    Some(elements.iter().map(|part| known(part).unwrap_or(Json::Null)).collect())
}

/// Returns where a value is unknown: `true`, or what has such parts.
pub(super) fn unknown(value: &Value) -> Json {
    if !value.is_known() {
        return true.into();
    }
    parts(value, unknown)
}

/// Returns where a value is sensitive: `true`, or what has such parts.
pub(crate) fn sensitive(value: &Value) -> Json {
    if value.marks().contains(Marks::SENSITIVE) {
        return true.into();
    }
    match value.kind() {
        // Whether parts of it will be is not known: none is said to be.
        Kind::Unknown(Type::List(_) | Type::Set(_) | Type::Tuple(_), _) => Json::Array(Vec::new()),
        Kind::Unknown(Type::Map(_) | Type::Object(_), _) => Json::Object(Map::new()),
        _ => parts(value, sensitive),
    }
}

/// Returns what `tell` says of the parts of a value; where it says `false` of an attribute, that is left out.
fn parts(value: &Value, tell: impl Fn(&Value) -> Json) -> Json {
    if let Some(entries) = value.as_entries() {
        let inside = entries.into_iter().map(|(name, part)| (name.to_string(), tell(part)));
        return Json::Object(inside.filter(|(_, told)| *told != Json::Bool(false)).collect());
    }
    match value.as_sequence() {
        Some(elements) => elements.iter().map(tell).collect(),
        None => false.into(),
    }
}

/// Returns a path as a list of names and keys.
pub(super) fn path(path: &Path) -> Json {
    let step = |step: &PathStep| match step {
        PathStep::Attribute(name) => name.as_str().into(),
        PathStep::Index(key) => plain(key),
    };
    path.0.iter().map(step).collect()
}
