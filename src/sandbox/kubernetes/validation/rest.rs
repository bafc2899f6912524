//! Volumes, secrets, roles, budgets and the like.

use serde_json::Value as Json;

use super::super::failure::Cause;
use super::super::kinds::Kind;
use super::super::quantity::Quantity;
use super::{not_negative, required, selector};

/// Bytes of a secret or of a config map.
const CONTENT_BYTES_MAX: usize = 1 << 20;

/// Checks an object of one of these kinds.
pub fn check(kind: &Kind, name: &str, object: &Json, causes: &mut Vec<Cause>) {
    let spec = &object["spec"];
    match (&*kind.group, &*kind.plural) {
        ("", "configmaps") => content(object, &["data", "binaryData"], causes),
        ("", "secrets") => secret(object, causes),
        ("", "persistentvolumeclaims") => claim(spec, causes),
        ("", "persistentvolumes") => volume(spec, causes),
        ("", "resourcequotas") => {
            for (resource, value) in spec["hard"].as_object().into_iter().flatten() {
                if value.as_str().and_then(Quantity::parse).is_some_and(Quantity::is_negative) {
                    let hint = "must be greater than or equal to 0";
                    causes.push(Cause::invalid(format!("spec.hard[{resource}]"), value, hint));
                }
            }
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => binding(kind, object, causes),
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => {
            for (place, rule) in object["rules"].as_array().into_iter().flatten().enumerate() {
                role_rule(kind, rule, &format!("rules[{place}]"), causes);
            }
        }
        ("storage.k8s.io", "storageclasses") => required(object, "/provisioner", "provisioner", causes),
        ("scheduling.k8s.io", "priorityclasses") => {
            let value = object["value"].as_i64().unwrap_or_default();
            if name.starts_with("system-") && !matches!(name, "system-cluster-critical" | "system-node-critical") {
                let hint = "priority class names with 'system-' prefix are reserved for system use only";
                causes.push(Cause::forbidden("metadata.name", hint));
            } else if value > 1_000_000_000 && !name.starts_with("system-") {
                let hint = "maximum allowed value of a user defined priority is 1000000000";
                causes.push(Cause::forbidden("value", hint));
            }
        }
        ("policy", "poddisruptionbudgets") => {
            if spec.get("minAvailable").is_some() && spec.get("maxUnavailable").is_some() {
                let hint = "minAvailable and maxUnavailable cannot be both set";
                causes.push(Cause::invalid("spec", &"".into(), hint));
            }
            not_negative(spec, "/minAvailable", "spec.minAvailable", causes);
            not_negative(spec, "/maxUnavailable", "spec.maxUnavailable", causes);
            selector(&spec["selector"], "spec.selector", causes);
        }
        ("autoscaling", "horizontalpodautoscalers") => autoscaler(spec, causes),
        ("coordination.k8s.io", "leases") => {
            if let Some(seconds) =
                spec.get("leaseDurationSeconds").filter(|value| value.as_i64().is_some_and(|value| value <= 0))
            {
                causes.push(Cause::invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"));
            }
        }
        ("certificates.k8s.io", "certificatesigningrequests") => {
            required(spec, "/request", "spec.request", causes);
            required(spec, "/signerName", "spec.signerName", causes);
            required(spec, "/usages", "spec.usages", causes);
        }
        _ => {}
    }
}

fn content(object: &Json, members: &[&str], causes: &mut Vec<Cause>) {
    let mut bytes = 0;
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    for member in members {
        for (key, value) in object[*member].as_object().into_iter().flatten() {
            bytes += value.as_str().map_or(0, str::len);
            if key.is_empty() || key.len() > 253 || !key.chars().all(good) || key == "." || key == ".." {
                let hint = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
                causes.push(Cause::invalid(format!("{member}[{key}]"), &key.as_str().into(), hint));
            }
        }
    }
    if bytes > CONTENT_BYTES_MAX {
        let message = format!("Too long: may not be more than {CONTENT_BYTES_MAX} bytes");
        causes.push(Cause { field: members[0].to_owned(), reason: "FieldValueTooLong", message });
    }
}

fn secret(object: &Json, causes: &mut Vec<Cause>) {
    content(object, &["data"], causes);
    let needed: &[&str] = match object["type"].as_str().unwrap_or_default() {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "kubernetes.io/service-account-token" => {
            let name = &object["metadata"]["annotations"]["kubernetes.io/service-account.name"];
            if name.as_str().unwrap_or_default().is_empty() {
                causes.push(Cause::required("metadata.annotations[kubernetes.io/service-account.name]", ""));
            }
            &[]
        }
        _ => &[],
    };
    for key in needed.iter().filter(|key| object["data"].get(**key).is_none()) {
        causes.push(Cause::required(format!("data[{key}]"), ""));
    }
}

fn claim(spec: &Json, causes: &mut Vec<Cause>) {
    if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
        causes.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
    }
    let storage = &spec["resources"]["requests"]["storage"];
    match storage.as_str().and_then(Quantity::parse) {
        None => causes.push(Cause::required("spec.resources[storage]", "")),
        Some(amount) if amount.milli() <= 0 => {
            causes.push(Cause::invalid("spec.resources[storage]", storage, "must be greater than zero"));
        }
        Some(_) => {}
    }
}

/// What of a volume says where it is.
const SOURCES: &[&str] = &[
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "local",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
];

fn volume(spec: &Json, causes: &mut Vec<Cause>) {
    required(spec, "/accessModes", "spec.accessModes", causes);
    if spec["capacity"]["storage"].is_null() {
        causes.push(Cause::required("spec.capacity", ""));
    }
    match SOURCES.iter().filter(|source| spec[**source].is_object()).count() {
        0 => causes.push(Cause::required("spec", "must specify a volume type")),
        1 => {}
        _ => causes.push(Cause::forbidden("spec", "may not specify more than 1 volume type")),
    }
}

fn binding(kind: &Kind, object: &Json, causes: &mut Vec<Cause>) {
    let role = &object["roleRef"];
    required(role, "/name", "roleRef.name", causes);
    let kinds: &[&str] = if kind.plural == "rolebindings" { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.iter().any(|one| role["kind"] == *one) {
        let supported: Vec<String> = kinds.iter().map(|one| (*one).to_owned()).collect();
        causes.push(Cause::unsupported("roleRef.kind", &role["kind"], &supported));
    }
    if role["apiGroup"] != "rbac.authorization.k8s.io" {
        causes.push(Cause::unsupported(
            "roleRef.apiGroup",
            &role["apiGroup"],
            &["rbac.authorization.k8s.io".to_owned()],
        ));
    }
    for (place, subject) in object["subjects"].as_array().into_iter().flatten().enumerate() {
        required(subject, "/name", &format!("subjects[{place}].name"), causes);
        match subject["kind"].as_str().unwrap_or_default() {
            "ServiceAccount" if kind.plural == "clusterrolebindings" => {
                required(subject, "/namespace", &format!("subjects[{place}].namespace"), causes);
            }
            "ServiceAccount" | "User" | "Group" => {}
            _ => {
                let supported = ["ServiceAccount", "User", "Group"].map(str::to_owned);
                causes.push(Cause::unsupported(format!("subjects[{place}].kind"), &subject["kind"], &supported));
            }
        }
    }
}

fn role_rule(kind: &Kind, rule: &Json, path: &str, causes: &mut Vec<Cause>) {
    let has = |member: &str| rule[member].as_array().is_some_and(|items| !items.is_empty());
    if !has("verbs") {
        causes.push(Cause::required(format!("{path}.verbs"), "verbs must contain at least one value"));
    }
    if has("nonResourceURLs") {
        if kind.plural == "roles" {
            let hint = "namespaced rules cannot apply to non-resource URLs";
            causes.push(Cause::invalid(format!("{path}.nonResourceURLs"), &rule["nonResourceURLs"], hint));
        }
        return;
    }
    for member in ["apiGroups", "resources"] {
        if !has(member) {
            let hint = format!(
                "resource rules must supply at least one {}",
                if member == "apiGroups" { "api group" } else { "resource" }
            );
            causes.push(Cause::required(format!("{path}.{member}"), &hint));
        }
    }
}

fn autoscaler(spec: &Json, causes: &mut Vec<Cause>) {
    let (least, most) = (spec["minReplicas"].as_i64().unwrap_or(1), spec["maxReplicas"].as_i64().unwrap_or_default());
    if least < 1 {
        causes.push(Cause::invalid("spec.minReplicas", &spec["minReplicas"], "must be greater than or equal to 1"));
    }
    if most < 1 {
        causes.push(Cause::invalid("spec.maxReplicas", &spec["maxReplicas"], "must be greater than 0"));
    } else if most < least {
        let hint = "must be greater than or equal to `minReplicas`";
        causes.push(Cause::invalid("spec.maxReplicas", &spec["maxReplicas"], hint));
    }
    required(spec, "/scaleTargetRef/kind", "spec.scaleTargetRef.kind", causes);
    required(spec, "/scaleTargetRef/name", "spec.scaleTargetRef.name", causes);
}
