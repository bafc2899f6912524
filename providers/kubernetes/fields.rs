//! Whose fields are whose: what of an object was applied by us, told by what the API server notes down.
//!
//! Fields are trees in the API server's own notation: `f:NAME` a member, `k:{...}` the element of a list with these keys,
//! `v:...` an element that is this value, `.` the thing itself; what has nothing under it is meant as a whole.

use aws_lc_rs::digest;
use serde_json::{Map, Value as Json, json};

use crate::json::at;

/// Returns the fields that a manager has applied, as the object says.
pub(crate) fn applied_by(object: &Json, manager: &str) -> Option<Json> {
    let entries = object.pointer("/metadata/managedFields")?.as_array()?;
    let is_ours = |entry: &&Json| {
        at(entry, "/manager") == manager && at(entry, "/operation") == "Apply" && at(entry, "/subresource").is_empty()
    };
    entries.iter().find(is_ours)?.get("fieldsV1").cloned()
}

/// Returns the fields that a manifest sets, for a server that notes nothing down.
pub(crate) fn set_by(manifest: &Json) -> Json {
    match manifest {
        Json::Object(members) if !members.is_empty() => {
            let fields = members.iter().map(|(name, value)| (format!("f:{name}"), set_by(value)));
            Json::Object(fields.collect())
        }
        _ => json!({}),
    }
}

/// Leaves the fields at a path like `metadata.labels` out.
pub(crate) fn without(fields: &mut Json, path: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(members) = fields.as_object_mut() else { return };
    let name = format!("f:{first}");
    match (rest, members.get_mut(&name)) {
        (Some(rest), Some(inner)) => {
            without(inner, rest);
            // Nothing under it would mean all of it.
            if inner.as_object().is_some_and(Map::is_empty) {
                members.remove(&name);
            }
        }
        (None, Some(_)) => {
            members.remove(&name);
        }
        (_, None) => {}
    }
}

/// Returns the part of an object that consists of some fields.
pub(crate) fn part(value: &Json, fields: &Json) -> Json {
    let names = fields.as_object();
    let names: Vec<(&String, &Json)> = names.into_iter().flatten().filter(|(name, _)| *name != ".").collect();
    let is_only_itself = fields.as_object().is_some_and(|fields| fields.contains_key("."));
    match value {
        Json::Object(_) | Json::Array(_) if names.is_empty() && is_only_itself => json!({}),
        _ if names.is_empty() => value.clone(),
        Json::Object(members) => {
            let parts = names.into_iter().filter_map(|(name, inner)| {
                let name = name.strip_prefix("f:")?;
                Some((name.to_owned(), part(members.get(name)?, inner)))
            });
            Json::Object(parts.collect())
        }
        Json::Array(elements) => {
            let found = names.into_iter().filter_map(|(name, inner)| {
                let element = elements.iter().find(|element| is_meant(element, name))?;
                Some((name.clone(), part(element, inner)))
            });
            Json::Object(found.collect())
        }
        _ => value.clone(),
    }
}

/// Tells whether an element of a list is the one that a name like `k:{"name":"a"}` means.
fn is_meant(element: &Json, name: &str) -> bool {
    if let Some(keys) = name.strip_prefix("k:") {
        let Ok(Json::Object(keys)) = serde_json::from_str(keys) else { return false };
        return keys.iter().all(|(key, value)| element.get(key) == Some(value));
    }
    name.strip_prefix("v:")
        .is_some_and(|value| serde_json::from_str::<Json>(value).is_ok_and(|value| value == *element))
}

/// Returns a text that changes when what is in the fields does, and that tells nothing of it.
pub(crate) fn fingerprint(object: &Json, fields: &Json) -> String {
    // The uid makes equal secrets of different objects look different.
    let text = format!("{}\n{}", at(object, "/metadata/uid"), sorted(&part(object, fields)));
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns JSON with the members of objects in the order of their names.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(members.into_iter().collect())
        }
        Json::Array(elements) => Json::Array(elements.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

/// Returns an object without what the API server and controllers write into every object.
pub(crate) fn stripped(object: &Json) -> Json {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        for name in [
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "generation",
            "managedFields",
            "resourceVersion",
            "selfLink",
            "uid",
        ] {
            metadata.remove(name);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{applied_by, fingerprint, part, set_by, without};

    fn deployment() -> Json {
        json!({
            "metadata": {"uid": "1", "labels": {"a": "1", "theirs": "x"}, "finalizers": ["ours", "theirs"]},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [
                {"name": "sidecar", "image": "s"}, {"name": "web", "image": "w", "env": [{"name": "E", "value": "1"}]},
            ]}}},
        })
    }

    fn ours() -> Json {
        json!({
            "f:metadata": {"f:labels": {"f:a": {}}, "f:finalizers": {"v:\"ours\"": {}}},
            "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
                ".": {}, "f:name": {}, "f:image": {}, "f:env": {"k:{\"name\":\"E\"}": {".": {}, "f:value": {}}},
            }}}}},
        })
    }

    #[test]
    fn only_our_part_is_compared() {
        let before = fingerprint(&deployment(), &ours());
        for (pointer, value, is_ours) in [
            ("/metadata/labels/theirs", json!("y"), false),
            ("/metadata/labels/a", json!("2"), true),
            ("/metadata/finalizers", json!(["theirs", "ours"]), false),
            ("/metadata/finalizers", json!(["theirs"]), true),
            ("/spec/replicas", json!(5), false),
            ("/spec/template/spec/containers/0/image", json!("t"), false),
            ("/spec/template/spec/containers/1/image", json!("v"), true),
            ("/spec/template/spec/containers/1/env/0/value", json!("2"), true),
        ] {
            let mut after = deployment();
            *after.pointer_mut(pointer).expect("it is there") = value;
            assert_eq!(fingerprint(&after, &ours()) != before, is_ours, "{pointer}");
        }
    }

    #[test]
    fn the_order_of_members_means_nothing() {
        let (a, b) = (json!({"x": 1, "y": 2}), json!({"y": 2, "x": 1}));
        assert_eq!(fingerprint(&a, &json!({})), fingerprint(&b, &json!({})));
    }

    #[test]
    fn an_entry_counts_only_for_what_was_applied() {
        let entry =
            |operation: &str, fields: Json| json!({"manager": "gantry", "operation": operation, "fieldsV1": fields});
        let object = json!({"metadata": {"managedFields": [entry("Update", json!({"f:a": {}})), entry("Apply", json!({"f:b": {}}))]}});
        assert_eq!(applied_by(&object, "gantry"), Some(json!({"f:b": {}})));
        assert_eq!(applied_by(&object, "other"), None);
    }

    #[test]
    fn a_path_left_out_leaves_no_empty_part() {
        let mut fields = set_by(&json!({"metadata": {"labels": {"a": "1"}}, "data": {"b": "2"}}));
        without(&mut fields, "metadata.labels");
        assert_eq!(fields, json!({"f:data": {"f:b": {}}}));
        assert_eq!(part(&json!({"data": {"b": "2", "c": "3"}}), &fields), json!({"data": {"b": "2"}}));
    }
}
