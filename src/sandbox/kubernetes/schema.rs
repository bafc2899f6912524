//! Which lists and maps of objects are merged, by which keys, and which are one value: what types and definitions say.

use serde_json::{Map, Value as Json};

use super::kinds::Kind;
use super::types::{self, Field, List, Type, Word};

/// What is known of a place in an object.
#[derive(Clone, Copy)]
pub enum Schema<'s> {
    /// An object of a type.
    Type(&'s Type),
    /// A value of a field, or an item of its list.
    Value(&'s Word, Option<&'s Field>),
    /// The object itself, of a defined kind.
    Custom(&'s Json),
    /// A value in an object of a defined kind.
    Part(&'s Json),
    /// Nothing.
    Unknown,
}

/// How a map or a list is merged.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A map whose members are values of their own.
    Members,
    /// A list whose items are known by these members, each with what it is if it is not said.
    Keyed(Vec<(String, Json)>),
    /// A list of different values.
    Set,
    /// One value.
    Whole,
}

impl<'s> Schema<'s> {
    /// Returns what is known of the objects of a kind.
    pub fn of(kind: &'s Kind) -> Schema<'s> {
        match (&kind.custom, types::of_kind(kind)) {
            (Some(version), _) => Schema::Custom(&version["schema"]["openAPIV3Schema"]),
            (None, Some(form)) => Schema::Type(form),
            (None, None) => Schema::Unknown,
        }
    }

    /// Goes to a member.
    pub fn member(self, name: &str) -> Schema<'s> {
        let field = |form: &'s Type| match form.field(name) {
            Some(field) => Schema::Value(&field.form, Some(field)),
            None => Schema::Unknown,
        };
        match self {
            Schema::Type(form) => field(form),
            Schema::Value(word @ Word::Object(_), _) => word.object().map_or(Schema::Unknown, field),
            Schema::Value(Word::Map(word), _) => Schema::Value(word, None),
            Schema::Custom(_) if name == "metadata" => Schema::Type(types::metadata()),
            Schema::Custom(schema) | Schema::Part(schema) => match schema["properties"].get(name) {
                Some(schema) => Schema::Part(schema),
                None if schema["additionalProperties"].is_object() => Schema::Part(&schema["additionalProperties"]),
                None => Schema::Unknown,
            },
            Schema::Value(..) | Schema::Unknown => Schema::Unknown,
        }
    }

    /// Goes to the items of a list.
    pub fn item(self) -> Schema<'s> {
        match self {
            Schema::Value(Word::Items(word), _) => Schema::Value(word, None),
            Schema::Custom(schema) | Schema::Part(schema) => Schema::Part(&schema["items"]),
            _ => Schema::Unknown,
        }
    }

    /// Returns how a value here is merged.
    pub fn form(self, value: &Json) -> Form {
        match (self, value) {
            (Schema::Type(_) | Schema::Custom(_), Json::Object(_)) => Form::Members,
            (Schema::Value(word, field), Json::Object(_) | Json::Array(_)) => built_in(word, field),
            (Schema::Part(schema), Json::Object(_)) if schema["x-kubernetes-map-type"] == "atomic" => Form::Whole,
            (Schema::Part(schema), Json::Array(items)) => match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => Form::Set,
                Some("map") if items.iter().all(Json::is_object) => {
                    let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten();
                    let default = |key: &str| schema["items"]["properties"][key]["default"].clone();
                    Form::Keyed(keys.filter_map(Json::as_str).map(|key| (key.to_owned(), default(key))).collect())
                }
                _ => Form::Whole,
            },
            (_, Json::Object(_)) => Form::Members,
            _ => Form::Whole,
        }
    }

    /// Returns how a strategic patch merges a list: by a member of its items, or (empty) as a set; nothing: not at all.
    pub fn merge_key(self) -> Option<&'s str> {
        match self {
            Schema::Value(Word::Items(_), Some(field)) => field.merge,
            _ => None,
        }
    }
}

fn built_in(word: &Word, field: Option<&Field>) -> Form {
    let list = field.map_or(&List::Usual, |field| &field.list);
    match (word, list) {
        (_, List::Atomic) => Form::Whole,
        (Word::Object(_), _) if word.object().is_some_and(|form| form.is_atomic) => Form::Whole,
        (Word::Object(_) | Word::Map(_) | Word::Any, _) => Form::Members,
        (Word::Items(item), List::Map(keys)) => {
            let default = |key: &str| item.object().and_then(|form| form.field(key)).and_then(|field| field.default);
            Form::Keyed(
                keys.iter().map(|key| ((*key).to_owned(), default(key).map_or(Json::Null, Json::from))).collect(),
            )
        }
        (Word::Items(_), List::Set) => Form::Set,
        _ => Form::Whole,
    }
}

/// Returns the members by which an item of a list is known.
pub fn key_of(item: &Json, keys: &[(String, Json)]) -> Json {
    let member = |(name, default): &(String, Json)| {
        (name.clone(), item.get(name).filter(|value| !value.is_null()).unwrap_or(default).clone())
    };
    Json::Object(keys.iter().map(member).collect::<Map<String, Json>>())
}

/// Tells whether an item is the one that a key names.
pub fn has_key(item: &Json, key: &Json) -> bool {
    let same = |name: &str, value: &Json| match item.get(name) {
        None | Some(Json::Null) => value.is_null() || value == "TCP" || value == "",
        Some(found) => found == value,
    };
    item.is_object() && key.as_object().is_some_and(|key| key.iter().all(|(name, value)| same(name, value)))
}

/// Merges what is wanted into an object: maps and keyed lists by their members, the rest as it is.
pub fn merge(into: &mut Json, wanted: &Json, schema: Schema<'_>) {
    match (schema.form(wanted), &mut *into, wanted) {
        (Form::Members, Json::Object(members), Json::Object(wanted)) => {
            for (name, value) in wanted {
                merge(members.entry(name.clone()).or_insert(Json::Null), value, schema.member(name));
            }
        }
        (Form::Keyed(keys), Json::Array(items), Json::Array(wanted)) => {
            for value in wanted {
                let key = key_of(value, &keys);
                match items.iter_mut().find(|item| has_key(item, &key)) {
                    Some(item) => merge(item, value, schema.item()),
                    None => items.push(value.clone()),
                }
            }
        }
        (Form::Set, Json::Array(items), Json::Array(wanted)) => {
            let new: Vec<Json> = wanted.iter().filter(|value| !items.contains(value)).cloned().collect();
            items.extend(new);
        }
        _ => into.clone_from(wanted),
    }
}
