//! What the API server fills into a custom resource: the defaults of its definition, and the namespace.

use sdk::attribute;
use sdk::value::{Kind, Value};
use serde_json::Value as Json;

use crate::json::from_json;

/// Returns what the API server would make of a new object with a manifest.
pub(crate) fn of_object(manifest: &Value, schema: &Json, is_namespaced: bool) -> Value {
    let filled = filled(manifest, schema);
    // The status is its controller's, and whatever is in it at first goes.
    let members = filled.as_entries().unwrap_or_default().into_iter().filter(|(name, _)| *name != "status");
    let member = |(name, value): (&_, &Value)| {
        let name: &str = AsRef::<str>::as_ref(name);
        let value =
            if name == "metadata" { metadata(&attribute(manifest, name), is_namespaced) } else { value.clone() };
        (name.to_owned(), value)
    };
    Value::object(members.map(member))
}

/// Returns the metadata of a new object: maps and lists with nothing in them are as good as none.
fn metadata(metadata: &Value, is_namespaced: bool) -> Value {
    let Some(entries) = metadata.as_entries() else { return metadata.clone() };
    let is_something = |value: &Value| !value.is_known() || !value.is_null() && value.element_count() != Some(0);
    let set = entries.into_iter().filter(|(_, value)| is_something(value));
    let mut set: Vec<(String, Value)> =
        set.map(|(name, value)| (name.to_string(), filled(value, &Json::Null))).collect();
    if is_namespaced && !set.iter().any(|(name, _)| name == "namespace") {
        set.push(("namespace".to_owned(), "default".into()));
    }
    Value::object(set)
}

/// Fills the defaults of a schema into a value; members that are null are not sent.
fn filled(value: &Value, schema: &Json) -> Value {
    match value.kind() {
        Kind::Map(_) | Kind::Object(_) => {
            let rest = &schema["additionalProperties"];
            let properties = schema["properties"].as_object();
            let entries = value.as_entries().unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null());
            let mut members: Vec<(String, Value)> =
                entries.map(|(name, value)| (name.to_string(), value.clone())).collect();
            for (name, property) in properties.into_iter().flatten() {
                let default = property.get("default").filter(|_| !members.iter().any(|(known, _)| known == name));
                members.extend(default.map(|default| (name.clone(), from_json(default))));
            }
            let member = |(name, value): (String, Value)| {
                let schema = properties.and_then(|known| known.get(&name)).unwrap_or(rest);
                let value = filled(&value, schema);
                (name, value)
            };
            Value::object(members.into_iter().map(member))
        }
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            let items = &schema["items"];
            let default = items.get("default").filter(|_| items["nullable"] != true);
            let element = |element: &Value| match default.filter(|_| element.is_null()) {
                Some(default) => filled(&from_json(default), items),
                None => filled(element, items),
            };
            Value::tuple(value.as_sequence().unwrap_or_default().iter().map(element))
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use sdk::value::{Type, Value};
    use serde_json::{Value as Json, json};

    use super::of_object;
    use crate::json::{from_json, to_json, with};

    /// `pain_9_a_plan_without_the_kind_foretells_the_defaults` compares such objects with an API server's.
    #[track_caller]
    fn check(spec: Json, expected: Json) {
        let made = of_object(&lake(&spec), &schema(), true);
        assert_eq!(to_json(&made), Some(json!({"metadata": {"name": "a", "namespace": "default"}, "spec": expected})));
    }

    fn lake(spec: &Json) -> Value {
        let metadata = json!({"name": "a", "labels": {}});
        from_json(&json!({"metadata": metadata, "spec": spec, "status": {"depth": 1}}))
    }

    fn schema() -> Json {
        let shore = json!({"type": "object", "properties": {"side": {"type": "string", "default": "north"}}});
        let properties = json!({
            "kind": {"type": "string", "default": "sweet"},
            "limits": {"type": "object", "default": {}, "properties": {"boats": {"type": "integer", "default": 3}}},
            "depth": {"type": "integer", "nullable": true, "default": 5},
            "shores": {"type": "array", "items": shore},
            "ports": {"type": "object", "additionalProperties": shore},
            "inner": {"type": "object", "properties": {"flag": {"type": "boolean", "default": true}}},
        });
        let spec = json!({"type": "object", "default": {}, "properties": properties});
        json!({"type": "object", "properties": {"spec": spec, "status": {"type": "object", "default": {}}}})
    }

    #[test]
    fn defaults_are_filled_in_where_nothing_is_set() {
        let all = json!({"kind": "sweet", "limits": {"boats": 3}, "depth": 5});
        check(json!({}), all.clone());
        check(Json::Null, all.clone());
        check(json!({"kind": null, "depth": null}), all);
        check(
            json!({"kind": "salt", "limits": {"boats": 1}, "depth": 1}),
            json!({"kind": "salt", "limits": {"boats": 1}, "depth": 1}),
        );
    }

    #[test]
    fn defaults_reach_into_lists_and_maps_and_make_no_object_that_has_none() {
        let rest = json!({"kind": "", "limits": {"boats": 1}, "depth": 1});
        let with = |more: Json| {
            let all = rest.as_object().into_iter().chain(more.as_object()).flatten();
            Json::Object(all.map(|(name, value)| (name.clone(), value.clone())).collect())
        };
        let north = json!({"side": "north"});
        check(with(json!({"shores": [{}, {"side": "south"}]})), with(json!({"shores": [north, {"side": "south"}]})));
        check(with(json!({"ports": {"a": {}}})), with(json!({"ports": {"a": north}})));
        check(with(json!({"inner": {}})), with(json!({"inner": {"flag": true}})));
    }

    #[test]
    fn what_is_not_known_stays_so() {
        let spec = from_json(&json!({"kind": "x", "depth": 1}));
        let spec = with(&spec, vec![("kind", Value::unknown(Type::String))]);
        let made = of_object(&with(&lake(&json!({})), vec![("spec", spec)]), &schema(), false);
        let spec = made.attribute("spec").expect("a spec");
        assert!(!spec.attribute("kind").expect("a kind").is_known());
        assert_eq!(spec.attribute("limits"), Some(from_json(&json!({"boats": 3}))));
        let metadata = made.attribute("metadata").expect("metadata");
        assert_eq!(metadata, from_json(&json!({"name": "a"})));
    }
}
