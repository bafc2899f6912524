//! The settings of an add-on, compared with EKS's schema of them while the change is planned.
//!
//! What a schema says in ways that are not known here is left to EKS, as are settings in YAML.

use sdk::Problem;
use serde_json::Value as Json;

use crate::cloud::At;
use crate::fields::{filled, text};
use crate::managed::Draft;

/// How deep settings are looked into.
const DEPTH_MAX: usize = 32;

/// Says what is wrong with the settings that a plan gives an add-on, as far as it is known which version that will be.
pub(super) async fn check(draft: &Draft<'_>) -> Option<Problem> {
    let planned = &draft.response.planned;
    let is_as_before =
        draft.is_update() && !["addon_version", "configuration_values"].into_iter().any(|name| draft.changes(name));
    if is_as_before {
        return None;
    }
    let (name, version) = (text(planned, "addon_name")?, filled(planned, "addon_version")?);
    let settings: Json = serde_json::from_str(&filled(planned, "configuration_values")?).ok()?;
    let at = At::of(draft.session.clone()?, planned);
    let call = at.eks().describe_addon_configuration().addon_name(&name).addon_version(&version).send();
    // Who may not ask this is told by EKS later.
    let schema: Json = serde_json::from_str(&call.await.ok()?.configuration_schema?).ok()?;
    let mut wrong = Vec::new();
    Comparison { root: &schema, wrong: &mut wrong }.compare(&schema, &settings, "", 0);
    let detail = format!("The add-on {name} {version} does not take these settings: {}.", wrong.join("; "));
    (!wrong.is_empty()).then(|| Problem::error("Settings not known to the add-on", detail).at("configuration_values"))
}

struct Comparison<'a> {
    /// What references in the schema begin with.
    root: &'a Json,
    wrong: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn compare(&mut self, schema: &Json, value: &Json, place: &str, depth: usize) {
        let referred = schema["$ref"].as_str().and_then(|path| self.root.pointer(path.strip_prefix('#')?)).cloned();
        let schema = referred.as_ref().unwrap_or(schema);
        let kinds: Vec<&str> = match &schema["type"] {
            Json::String(kind) => vec![kind],
            Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let shown = if place.is_empty() { "they" } else { place };
        if depth > DEPTH_MAX {
            return;
        }
        if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(value, kind)) {
            return self.wrong.push(format!("{shown} must be of type {}", kinds.join(" or ")));
        }
        if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
            let words: Vec<String> = words.iter().map(Json::to_string).collect();
            self.wrong.push(format!("{shown} must be one of {}", words.join(", ")));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if value.is_object() && value.get(name).is_none() {
                self.wrong.push(format!("{shown} must have `{name}`"));
            }
        }
        for (number, item) in value.as_array().into_iter().flatten().enumerate() {
            self.compare(&schema["items"], item, &format!("{place}[{number}]"), depth + 1);
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            let place = if place.is_empty() { format!("`{name}`") } else { format!("{place}.`{name}`") };
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Json::Null, Json::Bool(false)) if schema["patternProperties"].is_null() => {
                    self.wrong.push(format!("{place} is none of them"));
                }
                (Json::Null, others) => self.compare(others, member, &place, depth + 1),
                (known, _) => self.compare(known, member, &place, depth + 1),
            }
        }
    }
}

fn is_of(value: &Json, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::Comparison;

    #[track_caller]
    fn check(settings: &Json, expected: &[&str]) {
        let schema = json!({
            "$ref": "#/definitions/Dns",
            "definitions": {
                "Dns": {"type": "object", "additionalProperties": false, "required": ["mode"], "properties": {
                    "mode": {"type": "string", "enum": ["a", "b"]},
                    "count": {"type": ["integer", "null"]},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "taints": {"type": "array", "items": {"$ref": "#/definitions/Taint"}},
                }},
                "Taint": {"type": "object", "additionalProperties": false, "properties": {"key": {}}},
            },
        });
        let mut wrong = Vec::new();
        Comparison { root: &schema, wrong: &mut wrong }.compare(&schema, settings, "", 0);
        assert_eq!(wrong, expected);
    }

    #[test]
    fn settings_are_as_their_schema_wants_them() {
        check(&json!({"mode": "a", "count": 3, "labels": {"any": "thing"}, "taints": [{"key": 1}]}), &[]);
        check(&json!({"mode": "a", "count": null}), &[]);
        check(&json!([]), &["they must be of type object"]);
        check(&json!({"mode": "c"}), &["`mode` must be one of \"a\", \"b\""]);
        check(&json!({"count": 1.5}), &["they must have `mode`", "`count` must be of type integer or null"]);
        check(&json!({"mode": "b", "replicas": 3}), &["`replicas` is none of them"]);
        check(&json!({"mode": "b", "labels": {"a": 1}}), &["`labels`.`a` must be of type string"]);
        check(&json!({"mode": "b", "taints": [{}, {"value": 1}]}), &["`taints`[1].`value` is none of them"]);
    }
}
