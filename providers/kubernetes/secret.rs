//! `kubernetes_secret`: what programs keep to themselves.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sdk::schema::Attribute;
use sdk::value::{Type, Value};
use sdk::{Problem, attribute};
use serde_json::{Map, Value as Json};

use crate::json::{entries, flag, set_text};
use crate::typed::Special;

/// What a secret is for unless it says.
const TYPE: &str = "Opaque";

/// The kind.
pub(crate) struct Secret;

impl Special for Secret {
    const API_VERSION: &'static str = "v1";
    const KIND: &'static str = "Secret";
    const IS_NAMESPACED: bool = true;
    const REPLACES: &'static [&'static str] = &["immutable", "type"];

    fn description(&self) -> &'static str {
        "What programs keep to themselves: passwords, keys. With `data_wo` it is not in the state either."
    }

    fn attributes(&self) -> Vec<Attribute> {
        let map = |name, description: &str| {
            Attribute::new(name, Type::map(Type::String)).optional().sensitive().describe(description)
        };
        let number = |name, of: &str| {
            let description = format!("Tells that `{of}` is a new one: it is sent when this number changes.");
            Attribute::new(name, Type::Number).optional().describe(&description)
        };
        vec![
            map("data", "The texts; the cluster keeps them in base64, which is seen to."),
            map("data_wo", "Texts that are not stored in state. Not together with `data`.").write_only(),
            number("data_wo_revision", "data_wo"),
            map("binary_data", "What is no text, in base64."),
            map("binary_data_wo", "What is no text, in base64, and not stored in state.").write_only(),
            number("binary_data_wo_revision", "binary_data_wo"),
            Attribute::new("type", Type::String)
                .optional()
                .computed()
                .describe("What it is for; `Opaque` unless set. A change replaces the object."),
            Attribute::new("immutable", Type::Bool)
                .optional()
                .describe("Whether nobody may change it any more. A change replaces the object."),
            Attribute::new("wait_for_service_account_token", Type::Bool)
                .optional()
                .describe("Accepted for other providers' sake: tokens of accounts come by themselves."),
        ]
    }

    fn defaults(&self) -> Vec<(&'static str, Value)> {
        vec![("type", Value::string(TYPE))]
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let is_set = |name: &str| attribute(config, name).is_known() && !attribute(config, name).is_null();
        let mut problems = Vec::new();
        for (open, hidden) in [("data", "data_wo"), ("binary_data", "binary_data_wo")] {
            if is_set(open) && is_set(hidden) {
                let detail = format!("`{open}` and `{hidden}` contradict each other: leave one of them out.");
                problems.push(Problem::error("Contradictory configuration", detail).at(hidden));
            }
        }
        for name in ["binary_data", "binary_data_wo"] {
            for (key, value) in entries(config, name) {
                if STANDARD.decode(&value).is_err() {
                    let detail = format!("The value of `{key}` is not written in base64.");
                    problems.push(Problem::error("Invalid base64", detail).at(name));
                }
            }
        }
        problems
    }

    fn write(&self, planned: &Value, config: &Value, body: &mut Json) {
        let mut data = Map::new();
        for (from, name) in [(planned, "data"), (config, "data_wo")] {
            data.extend(entries(from, name).into_iter().map(|(key, text)| (key, Json::String(STANDARD.encode(text)))));
        }
        for (from, name) in [(planned, "binary_data"), (config, "binary_data_wo")] {
            data.extend(entries(from, name).into_iter().map(|(key, text)| (key, Json::String(text))));
        }
        if !data.is_empty() {
            body["data"] = Json::Object(data);
        }
        body["type"] = set_text(planned, "type").unwrap_or_else(|| TYPE.to_owned()).into();
        if flag(planned, "immutable") {
            body["immutable"] = true.into();
        }
    }

    fn read(&self, object: &Json, current: &Value) -> Vec<(&'static str, Value)> {
        let immutable = object.get("immutable").and_then(Json::as_bool);
        let kind = object.get("type").and_then(Json::as_str).unwrap_or(TYPE);
        let mut found = vec![
            ("type", Value::string(kind)),
            ("immutable", immutable.map_or_else(|| Value::null(Type::Bool), Value::bool)),
        ];
        // What is not stored does not get there by a look at it.
        let is_hidden = |name: &str| !attribute(current, name).is_null();
        if is_hidden("data_wo_revision") || is_hidden("binary_data_wo_revision") {
            return found;
        }
        let as_binary: Vec<String> = entries(current, "binary_data").into_iter().map(|(key, _)| key).collect();
        let (mut texts, mut binary) = (Vec::new(), Vec::new());
        for (key, value) in object.get("data").and_then(Json::as_object).into_iter().flatten() {
            let encoded = value.as_str().unwrap_or_default();
            let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            match text.filter(|_| !as_binary.contains(key)) {
                Some(text) => texts.push((key.as_str(), Value::string(text))),
                None => binary.push((key.as_str(), Value::string(encoded))),
            }
        }
        let map = |entries: Vec<(&str, Value)>| {
            if entries.is_empty() { Value::null(Type::map(Type::String)) } else { Value::map(Type::String, entries) }
        };
        found.extend([("data", map(texts)), ("binary_data", map(binary))]);
        found
    }
}
