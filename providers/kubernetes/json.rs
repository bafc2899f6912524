//! Values of the language and JSON of the API, one into the other.

use sdk::attribute;
use sdk::value::{Kind, Number, Type, Value};
use serde_json::{Map, Value as Json};

/// Writes a value as JSON, without members that are null; nothing if a part of it is not known.
pub(crate) fn to_json(value: &Value) -> Option<Json> {
    Some(match value.kind() {
        Kind::Null(_) => Json::Null,
        Kind::Unknown(..) | Kind::Meta(_) => return None,
        Kind::Bool(value) => value.into(),
        Kind::Number(number) => Json::Number(number.to_string().parse().ok()?),
        Kind::String(text) => text.as_str().into(),
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            Json::Array(value.as_sequence()?.iter().map(to_json).collect::<Option<_>>()?)
        }
        Kind::Map(_) | Kind::Object(_) => {
            let entries = value.as_entries()?.into_iter().filter(|(_, value)| !value.is_null());
            let members = entries.map(|(name, value)| Some((name.to_string(), to_json(value)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
    })
}

/// Reads JSON as a value of the type that it has by itself.
pub(crate) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::NULL,
        Json::Bool(value) => Value::bool(*value),
        Json::Number(number) => Number::parse(&number.to_string()).map_or(Value::NULL, Value::number),
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(elements) => Value::tuple(elements.iter().map(from_json)),
        Json::Object(members) => Value::object(members.iter().map(|(name, value)| (name.as_str(), from_json(value)))),
    }
}

/// Returns a text of an object that is set and known.
pub(crate) fn text(object: &Value, name: &str) -> Option<String> {
    attribute(object, name).as_str().map(str::to_owned)
}

/// Returns a text of an object that is set, known and not empty.
pub(crate) fn set_text(object: &Value, name: &str) -> Option<String> {
    text(object, name).filter(|text| !text.is_empty())
}

/// Returns a flag of an object; false unless it is set.
pub(crate) fn flag(object: &Value, name: &str) -> bool {
    attribute(object, name).as_bool().unwrap_or(false)
}

/// Returns the known texts in a list of an object.
pub(crate) fn texts(object: &Value, name: &str) -> Vec<String> {
    let list = attribute(object, name);
    list.as_sequence().unwrap_or_default().iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// Returns the known texts in a map of an object.
pub(crate) fn entries(object: &Value, name: &str) -> Vec<(String, String)> {
    let map = attribute(object, name);
    let entries = map.as_entries().unwrap_or_default().into_iter();
    entries.filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned()))).collect()
}

/// Returns the first block of a kind, or the one that there is.
pub(crate) fn first_block(object: &Value, name: &str) -> Option<Value> {
    let blocks = attribute(object, name);
    match blocks.kind() {
        Kind::Object(_) => Some(blocks),
        _ => blocks.as_sequence().unwrap_or_default().first().cloned(),
    }
}

/// Returns a text in JSON; empty if there is none.
pub(crate) fn at<'a>(json: &'a Json, pointer: &str) -> &'a str {
    json.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// Makes a map of texts of a JSON object; null if there is none.
pub(crate) fn text_map(json: Option<&Json>) -> Value {
    match json.and_then(Json::as_object) {
        Some(members) => Value::map(Type::String, members.iter().map(|(key, value)| (key.as_str(), plain(value)))),
        None => Value::null(Type::map(Type::String)),
    }
}

/// Makes a text of a JSON scalar.
pub(crate) fn plain(json: &Json) -> Value {
    match json {
        Json::Null => Value::null(Type::String),
        Json::String(text) => Value::string(text.as_str()),
        other => Value::string(other.to_string()),
    }
}

/// Makes a JSON object of texts.
pub(crate) fn members(entries: Vec<(String, String)>) -> Json {
    Json::Object(entries.into_iter().map(|(key, value)| (key, Json::String(value))).collect::<Map<_, _>>())
}

/// Returns an object with some of its attributes replaced.
pub(crate) fn with(object: &Value, changes: Vec<(&str, Value)>) -> Value {
    let Kind::Object(members) = object.kind() else { return object.clone() };
    let value = |(name, value): (&_, &Value)| {
        let name: &str = AsRef::<str>::as_ref(name);
        changes.iter().find(|(changed, _)| *changed == name).map_or_else(|| value.clone(), |(_, new)| new.clone())
    };
    let values = members.iter().map(|(name, old)| value((&name.as_str(), old))).collect();
    Value::object_of_shape(members.names().clone(), values)
}
