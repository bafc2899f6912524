//! What kinds a cluster has, told in the ways in which clients ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::kinds::Kind;

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const PART_VERBS: &[&str] = &["get", "patch", "update"];

/// Answers `/apis` and its like in the old way.
pub fn groups(kinds: &[Arc<Kind>]) -> Json {
    let groups: Vec<Json> = versions(kinds)
        .into_iter()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, versions)| group_of(group, &versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// Answers `/apis/<group>`.
pub fn group(kinds: &[Arc<Kind>], group: &str) -> Option<Json> {
    let versions = versions(kinds).remove(group).filter(|_| !group.is_empty())?;
    let mut answer = group_of(group, &versions);
    answer["kind"] = "APIGroup".into();
    answer["apiVersion"] = "v1".into();
    Some(answer)
}

fn group_of(group: &str, versions: &[&str]) -> Json {
    let versions: Vec<Json> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions[0]})
}

fn versions(kinds: &[Arc<Kind>]) -> BTreeMap<&str, Vec<&str>> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in kinds {
        let list = versions.entry(&kind.group).or_default();
        if !list.contains(&&*kind.version) {
            list.push(&kind.version);
        }
    }
    versions
}

/// Answers `/api/v1` and `/apis/<group>/<version>`.
pub fn resources(kinds: &[Arc<Kind>], group: &str, version: &str) -> Option<Json> {
    let mut resources = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        let mut resource = json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.is_namespaced, "kind": kind.kind,
            "verbs": VERBS,
        });
        if !kind.short.is_empty() {
            resource["shortNames"] = kind.short.clone().into();
        }
        if !kind.categories.is_empty() {
            resource["categories"] = kind.categories.clone().into();
        }
        resources.push(resource);
        for (part, group, version, word) in parts(kind) {
            let mut resource = json!({
                "name": format!("{}/{part}", kind.plural), "singularName": "", "namespaced": kind.is_namespaced,
                "kind": word, "verbs": PART_VERBS,
            });
            if group != kind.group {
                resource["group"] = group.into();
                resource["version"] = version.into();
            }
            resources.push(resource);
        }
    }
    if resources.is_empty() {
        return None;
    }
    let version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}))
}

/// The parts of a kind that have paths of their own, each with the kind that is written there.
fn parts(kind: &Kind) -> Vec<(&'static str, String, String, String)> {
    let mut parts = Vec::new();
    if kind.has_status {
        parts.push(("status", kind.group.clone(), kind.version.clone(), kind.kind.clone()));
    }
    if kind.has_scale {
        parts.push(("scale", "autoscaling".to_owned(), "v1".to_owned(), "Scale".to_owned()));
    }
    parts
}

/// Answers `/api` or `/apis` to clients that take everything at once.
pub fn aggregated(kinds: &[Arc<Kind>], is_core: bool, form: &str) -> Json {
    let items =
        versions(kinds).into_iter().filter(|(group, _)| group.is_empty() == is_core).map(|(group, versions)| {
            let versions = versions.into_iter().map(|version| {
                let own = kinds.iter().filter(|kind| kind.group == group && kind.version == version);
                let resources: Vec<Json> = own.map(|kind| aggregated_resource(kind)).collect();
                json!({"version": version, "resources": resources, "freshness": "Current"})
            });
            let versions: Vec<Json> = versions.collect();
            let metadata = if group.is_empty() {
                json!({"creationTimestamp": null})
            } else {
                json!({"name": group, "creationTimestamp": null})
            };
            json!({"metadata": metadata, "versions": versions})
        });
    let items: Vec<Json> = items.collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{form}"), "metadata": {}, "items": items})
}

fn aggregated_resource(kind: &Kind) -> Json {
    let own = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let parts: Vec<Json> = parts(kind)
        .into_iter()
        .map(|(part, group, version, word)| {
            json!({"subresource": part, "responseKind": own(&group, &version, &word), "verbs": PART_VERBS})
        })
        .collect();
    let mut resource = json!({
        "resource": kind.plural, "responseKind": own(&kind.group, &kind.version, &kind.kind),
        "scope": if kind.is_namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular, "verbs": VERBS,
    });
    if !kind.short.is_empty() {
        resource["shortNames"] = kind.short.clone().into();
    }
    if !kind.categories.is_empty() {
        resource["categories"] = kind.categories.clone().into();
    }
    if !parts.is_empty() {
        resource["subresources"] = parts.into();
    }
    resource
}

/// Answers `/openapi/v3`: where the documents are.
pub fn documents(kinds: &[Arc<Kind>], base: &str) -> Json {
    let mut paths = serde_json::Map::new();
    for (group, versions) in versions(kinds) {
        for version in versions {
            let path = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
            paths.insert(path.clone(), json!({"serverRelativeURL": format!("{base}/openapi/v3/{path}")}));
        }
    }
    json!({"paths": paths})
}

/// Answers `/openapi/v3/...`: what `kubectl` asks of it, that is which parameters a patch takes, and the form of custom kinds.
pub fn document(kinds: &[Arc<Kind>], group: &str, version: &str) -> Option<Json> {
    let (mut paths, mut schemas) = (serde_json::Map::new(), serde_json::Map::new());
    let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        let own = json!({"group": group, "version": version, "kind": kind.kind});
        let place = if kind.is_namespaced { "/namespaces/{namespace}" } else { "" };
        let parameter =
            |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
        let parameters: Vec<Json> =
            ["dryRun", "fieldManager", "fieldValidation", "force"].into_iter().map(parameter).collect();
        let patch = json!({
            "operationId": format!("patch{}{}", version, kind.kind), "parameters": parameters,
            "x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": own,
            "responses": {"200": {"description": "OK"}},
        });
        paths.insert(format!("{root}{place}/{}/{{name}}", kind.plural), json!({"patch": patch}));
        let object = |said: &str| json!({"type": "object", "description": said});
        let mut schema =
            kind.custom.as_ref().map_or_else(|| object(""), |one| one["schema"]["openAPIV3Schema"].clone());
        let text = |said: &str| json!({"type": "string", "description": said});
        schema["x-kubernetes-group-version-kind"] = json!([own]);
        schema["properties"]["apiVersion"] = text("The version of the form of this object.");
        schema["properties"]["kind"] = text("The kind of this object.");
        schema["properties"]["metadata"] = object("Name, labels and the like, as all objects have them.");
        let dotted: String = group.split('.').rev().collect::<Vec<_>>().join(".");
        let name = if group.is_empty() { "core".to_owned() } else { dotted };
        schemas.insert(format!("{name}.{version}.{}", kind.kind), schema);
    }
    if paths.is_empty() {
        return None;
    }
    let about = json!({"title": "Kubernetes", "version": "v1"});
    Some(json!({"openapi": "3.0.0", "info": about, "paths": paths, "components": {"schemas": schemas}}))
}
