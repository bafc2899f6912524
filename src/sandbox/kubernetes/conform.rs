//! Objects get the form of their types: what is wrong is refused, what is unknown goes, what is always there comes.

use base64::Engine;
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::kinds::Kind;
use super::quantity::Quantity;
use super::types::{self, Field, Presence, Type, Word};

/// How deep objects are followed.
const DEPTH_MAX: usize = 64;

/// What is done with an object.
struct Work {
    /// Zeros go, and what is always there comes.
    fills: bool,
    unknown: Vec<String>,
    wrong: Option<String>,
}

/// A place in an object, for messages.
struct Place<'p> {
    before: Option<&'p Place<'p>>,
    name: &'p str,
    item: Option<usize>,
}

impl Place<'_> {
    fn path(&self) -> String {
        let before = self.before.map(Place::path).unwrap_or_default();
        match self.item {
            Some(item) => format!("{before}[{item}]"),
            None if before.is_empty() => self.name.to_owned(),
            None => format!("{before}.{}", self.name),
        }
    }
}

/// Gives an object the form of its kind: refuses what is of a wrong type, drops what is unknown.
pub fn conform(kind: &Kind, object: &mut Json) -> Result<(), Failure> {
    run(kind, object, true).map(drop)
}

/// Does so without filling in anything; returns the paths of what is unknown.
pub fn unknown(kind: &Kind, object: &mut Json) -> Result<Vec<String>, Failure> {
    run(kind, object, false)
}

fn run(kind: &Kind, object: &mut Json, fills: bool) -> Result<Vec<String>, Failure> {
    let mut work = Work { fills, unknown: Vec::new(), wrong: None };
    let Some(members) = object.as_object_mut() else {
        return Err(Failure::bad_request("the body of the request is not an object"));
    };
    let root = Place { before: None, name: "", item: None };
    match types::of_kind(kind) {
        Some(form) => {
            let word = [members.shift_remove("apiVersion"), members.shift_remove("kind")];
            work.object(form, members, &root, DEPTH_MAX);
            for (name, value) in ["apiVersion", "kind"].into_iter().zip(word) {
                if let Some(value) = value {
                    members.shift_insert(usize::from(name == "kind").min(members.len()), name.to_owned(), value);
                }
            }
        }
        None => {
            if let Some(metadata) = members.get_mut("metadata") {
                let place = Place { before: Some(&root), name: "metadata", item: None };
                work.typed(types::metadata(), metadata, &place, DEPTH_MAX);
            }
        }
    }
    match work.wrong {
        Some(wrong) => Err(Failure::bad_request(format!(
            "{0} in version {1:?} cannot be handled as a {0}: {wrong}",
            kind.kind, kind.version
        ))),
        None => Ok(work.unknown),
    }
}

impl Work {
    fn object(&mut self, form: &Type, members: &mut Map<String, Json>, place: &Place<'_>, depth: usize) {
        let mut gone = Vec::new();
        for (name, value) in members.iter_mut() {
            let own = Place { before: Some(place), name, item: None };
            match form.field(name) {
                _ if value.is_null() => gone.push(name.clone()),
                Some(field) => {
                    self.value(&field.form, value, &own, depth);
                    if self.fills && is_omitted(field, value) {
                        gone.push(name.clone());
                    }
                }
                // Templates of claims say what they are.
                None if matches!(&**name, "apiVersion" | "kind") && form.field("metadata").is_some() => {}
                None => {
                    self.unknown.push(own.path());
                    gone.push(name.clone());
                }
            }
        }
        for name in gone {
            members.shift_remove(&name);
        }
        if self.fills && depth > 0 {
            for field in &form.fields {
                if !members.contains_key(field.name)
                    && let Some(zero) = zero(field, depth)
                {
                    members.insert(field.name.to_owned(), zero);
                }
            }
        }
    }

    fn value(&mut self, word: &Word, value: &mut Json, place: &Place<'_>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match word {
            Word::Object(_) => {
                if let Some(form) = word.object() {
                    self.typed(form, value, place, depth);
                }
            }
            Word::Items(word) => match value {
                Json::Array(items) => {
                    for (item, value) in items.iter_mut().enumerate() {
                        self.value(word, value, &Place { before: Some(place), name: "", item: Some(item) }, depth);
                    }
                }
                other => self.wrong(other, "a list", place),
            },
            Word::Map(word) => match value {
                Json::Object(members) => {
                    for (name, value) in members.iter_mut() {
                        if value.is_null() && **word == Word::Text {
                            *value = "".into();
                        }
                        self.value(word, value, &Place { before: Some(place), name, item: None }, depth);
                    }
                }
                other => self.wrong(other, "a map", place),
            },
            word => self.scalar(word, value, place),
        }
    }

    fn typed(&mut self, form: &Type, value: &mut Json, place: &Place<'_>, depth: usize) {
        match value {
            Json::Object(members) => self.object(form, members, place, depth),
            Json::Null => {}
            other => self.wrong(other, form.name, place),
        }
    }

    fn scalar(&mut self, word: &Word, value: &mut Json, place: &Place<'_>) {
        let (is_good, name) = match word {
            Word::Text => (value.is_string(), "string"),
            Word::Bool => (value.is_boolean(), "bool"),
            Word::Int32 => (value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()), "int32"),
            Word::Int64 => (value.is_i64(), "int64"),
            Word::Double => (value.is_number(), "float64"),
            Word::IntOrString => (value.is_string() || value.is_i64(), "intstr.IntOrString"),
            Word::Extra => (value.is_array(), "list of strings"),
            Word::Time | Word::MicroTime => (value.as_str().is_some_and(is_time), "time"),
            Word::Duration => (value.is_string(), "duration"),
            Word::Bytes => {
                let good = |text| base64::engine::general_purpose::STANDARD.decode(text).is_ok();
                if value.is_string() && !value.as_str().is_some_and(good) {
                    let wrong = format!("illegal base64 data: {}", place.path());
                    self.wrong.get_or_insert(wrong);
                    return;
                }
                (value.is_string(), "bytes")
            }
            Word::Quantity => return self.quantity(value, place),
            _ => return,
        };
        if !is_good {
            self.wrong(value, name, place);
        }
    }

    fn quantity(&mut self, value: &mut Json, place: &Place<'_>) {
        let text = match &*value {
            Json::String(text) => text.clone(),
            Json::Number(number) => number.to_string(),
            other => return self.wrong(other, "quantity", place),
        };
        match Quantity::parse(&text) {
            Some(quantity) if self.fills => *value = quantity.to_string().into(),
            Some(_) => {}
            None => {
                let wrong = format!(
                    "quantities must match the regular expression \
                     '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': {}: {text:?}",
                    place.path()
                );
                self.wrong.get_or_insert(wrong);
            }
        }
    }

    fn wrong(&mut self, value: &Json, wanted: &str, place: &Place<'_>) {
        let found = match value {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        let wrong = || format!("json: cannot unmarshal {found} into Go struct field {} of type {wanted}", place.path());
        self.wrong.get_or_insert_with(wrong);
    }
}

/// Tells whether a text begins as a time does.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is = |place: usize, byte: u8| bytes.get(place) == Some(&byte);
    bytes.len() >= 20 && is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':')
}

/// Tells whether a value says nothing that its field keeps.
fn is_omitted(field: &Field, value: &Json) -> bool {
    let is_zero = match value {
        Json::String(text) => text.is_empty(),
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_i64() == Some(0),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        Json::Null => true,
    };
    field.presence == Presence::Omitted && is_zero
}

/// Returns what a field has if nobody says anything.
fn zero(field: &Field, depth: usize) -> Option<Json> {
    match (field.presence, &field.form) {
        (Presence::Always, Word::Object(_)) => {
            let form = field.form.object()?;
            let inner = form.fields.iter().filter(|_| depth > 0);
            let members = inner.filter_map(|field| Some((field.name.to_owned(), zero(field, depth - 1)?)));
            Some(Json::Object(members.collect()))
        }
        (Presence::Always, Word::Quantity) => Some("0".into()),
        (Presence::Required, Word::Text) => Some("".into()),
        (Presence::Required, Word::Bool) => Some(false.into()),
        (Presence::Required, Word::Int32 | Word::Int64) => Some(json!(0)),
        _ => None,
    }
}
