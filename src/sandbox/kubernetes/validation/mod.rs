//! What a server refuses: objects that no cluster would take, and changes of what cannot change.

mod immutable;
mod names;
mod network;
mod rest;
mod workloads;

use serde_json::{Value as Json, json};

use super::failure::{Cause, Failure};
use super::kinds::Kind;
use super::types::{self, Type, Word};

pub use self::names::check_name;

/// Checks that the parts of an object that are looked into before all rules have their form.
pub fn check_form(object: &Json) -> Result<(), Failure> {
    let wrong = |path: &str| Failure::bad_request(format!("the object cannot be handled: {path} has a wrong type"));
    for path in ["/metadata/name", "/metadata/generateName", "/metadata/namespace", "/metadata/resourceVersion"] {
        if object.pointer(path).is_some_and(|part| !part.is_string() && !part.is_null()) {
            return Err(wrong(path));
        }
    }
    Ok(())
}

/// Checks an object, and what changed of it.
pub fn check(kind: &Kind, name: &str, before: Option<&Json>, object: &Json) -> Result<(), Failure> {
    let mut causes = Vec::new();
    names::metadata(&object["metadata"], &mut causes);
    if let Some(form) = types::of_kind(kind) {
        let mut path = String::new();
        let spec =
            object.as_object().into_iter().flatten().filter(|(name, _)| *name != "status" && *name != "metadata");
        for (name, value) in spec {
            if let Some(field) = form.field(name) {
                path.clone_from(name);
                choices(&field.form, &field.choices, value, &mut path, &mut causes);
            }
        }
        workloads::check(kind, object, &mut causes);
        network::check(kind, object, &mut causes);
        rest::check(kind, name, object, &mut causes);
        before.into_iter().for_each(|before| immutable::check(kind, before, object, &mut causes));
    }
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name, causes)) }
}

/// Checks values that can be only some words.
fn choices(word: &Word, allowed: &[&str], value: &Json, path: &mut String, causes: &mut Vec<Cause>) {
    let length = path.len();
    match (word, value) {
        (Word::Text, Json::String(text)) if !allowed.is_empty() && !text.is_empty() && !allowed.contains(&&**text) => {
            let mut allowed: Vec<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
            allowed.sort();
            causes.push(Cause::unsupported(path.clone(), value, &allowed));
        }
        (Word::Items(word), Json::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                path.push_str(&format!("[{place}]"));
                choices(word, allowed, item, path, causes);
                path.truncate(length);
            }
        }
        (Word::Object(_), Json::Object(members)) => {
            let Some(form) = word.object().filter(|form| !is_free(form)) else { return };
            for (name, value) in members {
                if let Some(field) = form.field(name) {
                    path.push('.');
                    path.push_str(name);
                    choices(&field.form, &field.choices, value, path, causes);
                    path.truncate(length);
                }
            }
        }
        _ => {}
    }
}

/// Schemas of definitions are as deep as users like, and have no words to choose from.
fn is_free(form: &Type) -> bool {
    form.name == "apiextensions.v1.JSONSchemaProps" || form.name == "meta.v1.ObjectMeta"
}

/// Refuses a text that is empty.
fn required(object: &Json, pointer: &str, path: &str, causes: &mut Vec<Cause>) {
    let found = object.pointer(pointer);
    if found.is_none_or(|value| value.is_null() || *value == "" || value.as_array().is_some_and(Vec::is_empty)) {
        causes.push(Cause::required(path, ""));
    }
}

/// Refuses a number below zero.
fn not_negative(object: &Json, pointer: &str, path: &str, causes: &mut Vec<Cause>) {
    if let Some(value) = object.pointer(pointer).filter(|value| value.as_i64().is_some_and(|number| number < 0)) {
        causes.push(Cause::invalid(path, value, "must be greater than or equal to 0"));
    }
}

/// Refuses what is no selector of labels.
fn selector(selector: &Json, path: &str, causes: &mut Vec<Cause>) {
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        names::label(key, value, &format!("{path}.matchLabels"), causes);
    }
    for (place, one) in selector["matchExpressions"].as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}.matchExpressions[{place}]");
        let values = one["values"].as_array().map_or(0, Vec::len);
        match one["operator"].as_str().unwrap_or_default() {
            "In" | "NotIn" if values == 0 => {
                causes.push(Cause::required(
                    format!("{path}.values"),
                    "must be specified when `operator` is 'In' or 'NotIn'",
                ));
            }
            "Exists" | "DoesNotExist" if values > 0 => {
                let hint = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                causes.push(Cause::forbidden(format!("{path}.values"), hint));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            _ => causes.push(Cause::invalid(
                format!("{path}.operator"),
                &one["operator"],
                "not a valid selector operator",
            )),
        }
        names::label(one["key"].as_str().unwrap_or_default(), &json!(""), &format!("{path}.key"), causes);
    }
}
