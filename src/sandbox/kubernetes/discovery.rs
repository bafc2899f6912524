//! What kinds a cluster has, told in the ways in which clients ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::kinds::{self, Kind};

const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const QUESTION_VERBS: &[&str] = &["create"];

fn verbs(kind: &Kind) -> &'static [&'static str] {
    if kind.is_question { QUESTION_VERBS } else { VERBS }
}

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
    versions.values_mut().for_each(|list| list.sort_by_key(|version| std::cmp::Reverse(rank(version))));
    versions
}

/// Returns what a version is worth: `v2` more than `v1`, that more than `v1beta2`, that more than `v1alpha1`.
pub fn rank(version: &str) -> (u32, u32, u32) {
    let rest = version.strip_prefix('v').unwrap_or_default();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (major, rest) = rest.split_at(end);
    let minor = |rest: &str| rest.parse().unwrap_or_default();
    let (stage, minor) = match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
        (Some(rest), _) => (2, minor(rest)),
        (None, Some(rest)) => (1, minor(rest)),
        (None, None) => (if rest.is_empty() { 3 } else { 0 }, 0),
    };
    (if major.is_empty() { 0 } else { stage }, major.parse().unwrap_or_default(), minor)
}

/// Answers `/api/v1` and `/apis/<group>/<version>`.
pub fn resources(kinds: &[Arc<Kind>], group: &str, version: &str) -> Option<Json> {
    let mut resources = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version == version) {
        let mut resource = json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.is_namespaced, "kind": kind.kind,
            "verbs": verbs(kind),
        });
        if !kind.short.is_empty() {
            resource["shortNames"] = kind.short.clone().into();
        }
        if !kind.categories.is_empty() {
            resource["categories"] = kind.categories.clone().into();
        }
        resources.push(resource);
        for part in kinds::parts(kind) {
            let mut resource = json!({
                "name": format!("{}/{}", kind.plural, part.name), "singularName": "", "namespaced": kind.is_namespaced,
                "kind": part.kind, "verbs": part.verbs,
            });
            if let Some((group, version)) = part.api_version.split_once('/').filter(|(group, _)| *group != kind.group) {
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
    let part = |part: kinds::Part| {
        let (group, version) = part.api_version.split_once('/').unwrap_or(("", &part.api_version));
        json!({"subresource": part.name, "responseKind": own(group, version, &part.kind), "verbs": part.verbs})
    };
    let parts: Vec<Json> = kinds::parts(kind).into_iter().map(part).collect();
    let mut resource = json!({
        "resource": kind.plural, "responseKind": own(&kind.group, &kind.version, &kind.kind),
        "scope": if kind.is_namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular, "verbs": verbs(kind),
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
