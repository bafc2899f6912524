//! What cannot change.

use serde_json::Value as Json;

use super::super::failure::Cause;
use super::super::kinds::Kind;
use super::super::quantity::Quantity;

/// What of a stateful set can change.
const STATEFUL: &[&str] = &[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];
/// What of a pod can change.
const POD: &[&str] = &[
    "containers",
    "initContainers",
    "ephemeralContainers",
    "activeDeadlineSeconds",
    "tolerations",
    "nodeName",
    "schedulingGates",
    "terminationGracePeriodSeconds",
    "nodeSelector",
    "affinity",
];

/// Checks what changed of an object.
pub fn check(kind: &Kind, before: &Json, after: &Json, causes: &mut Vec<Cause>) {
    for path in paths(kind, before) {
        let (old, new) = (at(before, path), at(after, path));
        let is_suspended = kind.plural == "jobs" && before["spec"]["suspend"] == true;
        if old != new && !(is_suspended && *path == "spec.template") {
            causes.push(match (&*kind.plural, *path) {
                ("secrets" | "configmaps", path) if path != "type" => {
                    Cause::forbidden(path, "field is immutable when `immutable` is set")
                }
                ("storageclasses", path) => Cause::forbidden(path, "updates to this field are forbidden."),
                (_, path) => Cause::invalid(path, new, "field is immutable"),
            });
        }
    }
    rules(kind, before, after, causes);
}

/// Returns what of a kind cannot change at all.
fn paths(kind: &Kind, before: &Json) -> &'static [&'static str] {
    match (&*kind.group, &*kind.plural) {
        ("apps", "deployments" | "daemonsets" | "replicasets") => &["spec.selector"],
        ("batch", "jobs") => &["spec.completionMode", "spec.selector", "spec.template"],
        ("", "secrets") if before["immutable"] == true => &["type", "data", "immutable"],
        ("", "secrets") => &["type"],
        ("", "configmaps") if before["immutable"] == true => &["data", "binaryData", "immutable"],
        ("storage.k8s.io", "storageclasses") => &["provisioner", "reclaimPolicy", "volumeBindingMode"],
        ("scheduling.k8s.io", "priorityclasses") => &["value", "preemptionPolicy"],
        ("node.k8s.io", "runtimeclasses") => &["handler"],
        ("networking.k8s.io", "ingressclasses") => &["spec.controller"],
        ("networking.k8s.io", "ipaddresses") => &["spec.parentRef"],
        ("networking.k8s.io", "servicecidrs") => &["spec.cidrs"],
        ("certificates.k8s.io", _) => &["spec"],
        ("apiextensions.k8s.io", _) => &["spec.group", "spec.scope", "spec.names.plural", "spec.names.kind"],
        ("discovery.k8s.io", "endpointslices") => &["addressType"],
        _ => &[],
    }
}

/// Checks what can change in some ways only.
fn rules(kind: &Kind, before: &Json, after: &Json, causes: &mut Vec<Cause>) {
    match (&*kind.group, &*kind.plural) {
        ("apps", "statefulsets") if differs(&before["spec"], &after["spec"], STATEFUL) => {
            let hint = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                        'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                        'minReadySeconds' are forbidden";
            causes.push(Cause::forbidden("spec", hint));
        }
        ("batch", "jobs") if before["spec"]["completionMode"] != "Indexed" => {
            let (old, new) = (at(before, "spec.completions"), at(after, "spec.completions"));
            if old != new {
                causes.push(Cause::invalid("spec.completions", new, "field is immutable"));
            }
        }
        ("storage.k8s.io", "storageclasses") if before["parameters"] != after["parameters"] => {
            causes.push(Cause::forbidden("parameters", "updates to parameters are forbidden."));
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings")
            if before["roleRef"] != after["roleRef"] =>
        {
            causes.push(Cause::invalid("roleRef", &after["roleRef"], "cannot change roleRef"));
        }
        ("", "pods") => pod(before, after, causes),
        ("", "services") => service(&before["spec"], &after["spec"], causes),
        ("", "persistentvolumeclaims") => claim(before, after, causes),
        ("", "persistentvolumes") => {
            let sources = |object: &Json| {
                let mut spec = object["spec"].clone();
                let free = [
                    "capacity",
                    "accessModes",
                    "claimRef",
                    "persistentVolumeReclaimPolicy",
                    "storageClassName",
                    "mountOptions",
                    "nodeAffinity",
                    "volumeAttributesClassName",
                    "volumeMode",
                ];
                if let Some(spec) = spec.as_object_mut() {
                    spec.retain(|name, _| !free.contains(&&**name));
                }
                spec
            };
            if sources(before) != sources(after) {
                let hint = "spec.persistentvolumesource is immutable after creation";
                causes.push(Cause::forbidden("spec.persistentvolumesource", hint));
            }
        }
        _ => {}
    }
}

fn at<'o>(object: &'o Json, path: &str) -> &'o Json {
    path.split('.').fold(object, |part, step| &part[step])
}

/// Tells whether anything else differs.
fn differs(before: &Json, after: &Json, free: &[&str]) -> bool {
    let names = before.as_object().into_iter().chain(after.as_object()).flat_map(|members| members.keys());
    names.into_iter().any(|name| !free.contains(&&**name) && before[name] != after[name])
}

fn pod(before: &Json, after: &Json, causes: &mut Vec<Cause>) {
    let bare = |container: &Json| {
        let mut container = container.clone();
        if let Some(container) = container.as_object_mut() {
            container.retain(|name, _| !matches!(&**name, "image" | "resources"));
        }
        container
    };
    let all = |object: &Json| -> Vec<Json> {
        let lists = ["containers", "initContainers"].into_iter();
        lists
            .flat_map(|list| object["spec"][list].as_array().into_iter().flatten().map(bare).collect::<Vec<_>>())
            .collect()
    };
    let is_moved = before["spec"]["nodeName"] != after["spec"]["nodeName"] && before["spec"].get("nodeName").is_some();
    if differs(&before["spec"], &after["spec"], POD) || all(before) != all(after) || is_moved {
        let hint = "pod updates may not change fields other than `spec.containers[*].image`, \
                    `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to \
                    existing tolerations), `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                    previously negative)";
        causes.push(Cause::forbidden("spec", hint));
    }
}

fn service(before: &Json, after: &Json, causes: &mut Vec<Cause>) {
    let (old, new) = (&before["clusterIP"], &after["clusterIP"]);
    let was_set = old.as_str().is_some_and(|address| !address.is_empty());
    if was_set && before["type"] != "ExternalName" && after["type"] != "ExternalName" && old != new {
        let hint = "may not change once set";
        causes.push(Cause::invalid("spec.clusterIPs[0]", new, hint));
    }
}

fn claim(before: &Json, after: &Json, causes: &mut Vec<Cause>) {
    let free = ["resources", "volumeAttributesClassName", "volumeName", "storageClassName"];
    let (old, new) = (&before["spec"], &after["spec"]);
    let is_bound_elsewhere = old.get("volumeName").is_some() && old["volumeName"] != new["volumeName"];
    let is_of_other = old.get("storageClassName").is_some() && old["storageClassName"] != new["storageClassName"];
    if differs(old, new, &free) || is_bound_elsewhere || is_of_other {
        let hint =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        causes.push(Cause::forbidden("spec", hint));
    }
    let storage = |spec: &Json| spec["resources"]["requests"]["storage"].as_str().and_then(Quantity::parse);
    let is_less = storage(old).zip(storage(new)).is_some_and(|(old, new)| new.milli() < old.milli());
    let is_bound = before["status"]["phase"] == "Bound";
    if is_less {
        causes.push(Cause::forbidden("spec.resources.requests.storage", "field can not be less than previous value"));
    } else if storage(old) != storage(new) && !is_bound {
        let hint =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        causes.push(Cause::forbidden("spec", hint));
    }
}
