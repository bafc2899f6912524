//! Scales: the number of replicas of an object, read and written alone.

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::kinds::Kind;
use super::patch;

/// Where a kind has its numbers of replicas: what is wanted, what is, and by which labels pods are found.
fn scale_paths(kind: &Kind) -> (String, String, String) {
    let pointer = |name: &str, usual: &str| {
        let path = kind.custom.as_ref().and_then(|one| one["subresources"]["scale"][name].as_str());
        path.map_or_else(|| usual.to_owned(), |path| path.replace('.', "/"))
    };
    (
        pointer("specReplicasPath", "/spec/replicas"),
        pointer("statusReplicasPath", "/status/replicas"),
        pointer("labelSelectorPath", "/status/selector"),
    )
}

/// Returns the scale of an object.
pub fn scale_of(kind: &Kind, object: &Json) -> Result<Json, Failure> {
    let (wanted, is, labels) = scale_paths(kind);
    let number = |path: &str| object.pointer(path).and_then(Json::as_i64).unwrap_or_default();
    let by = object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let by: Vec<String> = by.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default())).collect();
    let by = object.pointer(&labels).and_then(Json::as_str).map_or_else(|| by.join(","), str::to_owned);
    let old = &object["metadata"];
    let mut metadata = json!({"name": old["name"]});
    for member in ["namespace", "uid", "resourceVersion", "creationTimestamp"] {
        metadata[member] = old[member].clone();
    }
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": {"replicas": number(&wanted)},
        "status": {"replicas": number(&is), "selector": by},
    }))
}

/// Writes what a scale wants into its object.
pub fn scaled(kind: &Kind, before: &Json, scale: &Json) -> Result<Json, Failure> {
    let replicas = &scale["spec"]["replicas"];
    if replicas.as_i64().is_none_or(|count| count < 0) && !replicas.is_null() {
        return Err(Failure::bad_request("spec.replicas of a scale is a number that is not negative"));
    }
    let mut after = before.clone();
    let (wanted, ..) = scale_paths(kind);
    let mut patch = if replicas.is_null() { Json::from(0) } else { replicas.clone() };
    for step in wanted.rsplit('/').filter(|step| !step.is_empty()) {
        patch = json!({step: patch});
    }
    patch::merge(&mut after, &patch);
    if let Some(version) = scale["metadata"]["resourceVersion"].as_str() {
        after["metadata"]["resourceVersion"] = version.into();
    }
    Ok(after)
}
