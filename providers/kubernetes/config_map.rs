//! `kubernetes_config_map`: settings for programs.

use sdk::schema::Attribute;
use sdk::value::{Type, Value};
use serde_json::Value as Json;

use crate::json::{entries, flag, members, text_map};
use crate::typed::Special;

/// The kind.
pub(crate) struct ConfigMap;

impl Special for ConfigMap {
    const API_VERSION: &'static str = "v1";
    const KIND: &'static str = "ConfigMap";
    const IS_NAMESPACED: bool = true;
    const REPLACES: &'static [&'static str] = &["immutable"];

    fn description(&self) -> &'static str {
        "Settings for programs: texts with names."
    }

    fn attributes(&self) -> Vec<Attribute> {
        let map =
            |name, description: &str| Attribute::new(name, Type::map(Type::String)).optional().describe(description);
        vec![
            map("data", "The texts."),
            map("binary_data", "What is no text, in base64."),
            Attribute::new("immutable", Type::Bool)
                .optional()
                .describe("Whether nobody may change it any more. A change replaces the object."),
        ]
    }

    fn write(&self, planned: &Value, _: &Value, body: &mut Json) {
        for (attribute, member) in [("data", "data"), ("binary_data", "binaryData")] {
            let entries = entries(planned, attribute);
            if !entries.is_empty() {
                body[member] = members(entries);
            }
        }
        if flag(planned, "immutable") {
            body["immutable"] = true.into();
        }
    }

    fn read(&self, object: &Json, _: &Value) -> Vec<(&'static str, Value)> {
        let immutable = object.get("immutable").and_then(Json::as_bool);
        vec![
            ("data", text_map(object.get("data"))),
            ("binary_data", text_map(object.get("binaryData"))),
            ("immutable", immutable.map_or_else(|| Value::null(Type::Bool), Value::bool)),
        ]
    }
}
