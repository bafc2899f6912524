//! What a server refuses: objects that no cluster would take, and changes of what cannot change.

use serde_json::Value as Json;

use super::failure::{Cause, Failure};
use super::kinds::Kind;

/// The longest name there is.
const NAME_LENGTH_MAX: usize = 253;

/// Checks that the parts of an object that are looked into before all rules have their form.
pub fn check_form(object: &Json) -> Result<(), Failure> {
    let wrong = |path: &str| Failure::bad_request(format!("the object cannot be handled: {path} has a wrong type"));
    for path in ["/metadata/name", "/metadata/generateName", "/metadata/namespace", "/metadata/resourceVersion"] {
        if object.pointer(path).is_some_and(|part| !part.is_string() && !part.is_null()) {
            return Err(wrong(path));
        }
    }
    Ok(())
}

/// Checks the name of a new object.
pub fn check_name(kind: &Kind, name: &str) -> Result<(), Failure> {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label = matches!((&*kind.group, &*kind.plural), ("", "namespaces" | "services"));
    let is_free = kind.group == "rbac.authorization.k8s.io";
    let hint = if is_free {
        let is_bad = name.contains(['/', '%']) || name == "." || name == "..";
        is_bad.then_some("may not be a part of a path, nor contain '/' or '%'")
    } else if is_label {
        let is_good = name.len() <= 63 && name.starts_with(edge) && name.ends_with(edge);
        let is_good = is_good && name.chars().all(|c| edge(c) || c == '-');
        (!is_good).then_some(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
             and must start and end with an alphanumeric character",
        )
    } else {
        let part =
            |part: &str| part.starts_with(edge) && part.ends_with(edge) && part.chars().all(|c| edge(c) || c == '-');
        let is_good = name.len() <= NAME_LENGTH_MAX && name.split('.').all(part);
        (!is_good).then_some(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
             and must start and end with an alphanumeric character",
        )
    };
    match hint {
        Some(hint) => Err(Failure::invalid(kind, name, vec![Cause::invalid("metadata.name", &Json::from(name), hint)])),
        None => Ok(()),
    }
}

/// Checks an object, and what changed of it.
pub fn check(kind: &Kind, name: &str, before: Option<&Json>, object: &Json) -> Result<(), Failure> {
    let mut causes = Vec::new();
    labels(object, &mut causes);
    if kind.custom.is_none() {
        workload(kind, object, &mut causes);
        plain(kind, object, &mut causes);
        before.into_iter().for_each(|before| immutable(kind, before, object, &mut causes));
    }
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name, causes)) }
}

fn labels(object: &Json, causes: &mut Vec<Cause>) {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    for (key, value) in object["metadata"]["labels"].as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        let edges = text.is_empty()
            || text.starts_with(|c: char| c.is_ascii_alphanumeric())
                && text.ends_with(|c: char| c.is_ascii_alphanumeric());
        if text.len() > 63 || !text.chars().all(good) || !edges {
            let hint = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                        and must start and end with an alphanumeric character";
            causes.push(Cause::invalid("metadata.labels", value, hint));
        }
        let own = key.rsplit('/').next().unwrap_or_default();
        if own.is_empty() || own.len() > 63 || !own.chars().all(good) {
            causes.push(Cause::invalid("metadata.labels", &key.as_str().into(), "name part must be a qualified name"));
        }
    }
}

/// Deployments and their like: a selector that fits the pods, pods that can be.
fn workload(kind: &Kind, object: &Json, causes: &mut Vec<Cause>) {
    let (spec, path) = match (&*kind.group, &*kind.plural) {
        ("", "pods") => (&object["spec"], "spec"),
        ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets") | ("batch", "jobs") => {
            (&object["spec"]["template"]["spec"], "spec.template.spec")
        }
        ("batch", "cronjobs") => {
            (&object["spec"]["jobTemplate"]["spec"]["template"]["spec"], "spec.jobTemplate.spec.template.spec")
        }
        _ => return,
    };
    if kind.group == "apps" {
        selector(object, causes);
    }
    let replicas = &object["spec"]["replicas"];
    if replicas.as_i64().is_some_and(|count| count < 0) {
        causes.push(Cause::invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
    }
    let containers = spec["containers"].as_array();
    if containers.is_none_or(Vec::is_empty) {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    for (place, container) in containers.into_iter().flatten().enumerate() {
        for member in ["name", "image"] {
            if container[member].as_str().unwrap_or_default().is_empty() {
                causes.push(Cause::required(format!("{path}.containers[{place}].{member}"), ""));
            }
        }
    }
    if kind.group == "batch" && spec["restartPolicy"] == "Always" {
        let supported = ["OnFailure", "Never"].map(str::to_owned);
        causes.push(Cause::unsupported(format!("{path}.restartPolicy"), &spec["restartPolicy"], &supported));
    }
}

fn selector(object: &Json, causes: &mut Vec<Cause>) {
    let selector = &object["spec"]["selector"];
    if selector["matchLabels"].is_null() && selector["matchExpressions"].is_null() {
        causes.push(Cause::required("spec.selector", ""));
        return;
    }
    let labels = &object["spec"]["template"]["metadata"]["labels"];
    let misses = |(key, value): (&String, &Json)| labels.get(key) != Some(value);
    if selector["matchLabels"].as_object().is_some_and(|wanted| wanted.iter().any(misses)) {
        let hint = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, hint));
    }
}

fn plain(kind: &Kind, object: &Json, causes: &mut Vec<Cause>) {
    match (&*kind.group, &*kind.plural) {
        ("", "services") if object["spec"]["type"] != "ExternalName" => {
            let is_headless = object["spec"]["clusterIP"] == "None";
            let ports = object["spec"]["ports"].as_array();
            if ports.is_none_or(Vec::is_empty) && !is_headless {
                causes.push(Cause::required("spec.ports", ""));
            }
            for (place, port) in ports.into_iter().flatten().enumerate() {
                if !port["port"].as_u64().is_some_and(|port| (1..=65_535).contains(&port)) {
                    let hint = "must be between 1 and 65535, inclusive";
                    causes.push(Cause::invalid(format!("spec.ports[{place}].port"), &port["port"], hint));
                }
            }
        }
        ("", "persistentvolumeclaims") => {
            if object["spec"]["accessModes"].as_array().is_none_or(Vec::is_empty) {
                causes.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
            }
            if object["spec"]["resources"]["requests"]["storage"].is_null() {
                causes.push(Cause::required("spec.resources[storage]", ""));
            }
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings")
            if object["roleRef"]["name"].as_str().unwrap_or_default().is_empty() =>
        {
            causes.push(Cause::required("roleRef.name", ""));
        }
        ("storage.k8s.io", "storageclasses") if object["provisioner"].as_str().unwrap_or_default().is_empty() => {
            causes.push(Cause::required("provisioner", ""));
        }
        _ => {}
    }
}

/// What of a kind cannot change, by path.
fn immutable(kind: &Kind, before: &Json, after: &Json, causes: &mut Vec<Cause>) {
    let paths: &[&str] = match (&*kind.group, &*kind.plural) {
        ("apps", "deployments" | "daemonsets" | "replicasets") => &["spec.selector"],
        ("apps", "statefulsets") => {
            &["spec.selector", "spec.serviceName", "spec.volumeClaimTemplates", "spec.podManagementPolicy"]
        }
        ("batch", "jobs") => &["spec.selector", "spec.template", "spec.completions"],
        ("", "persistentvolumeclaims") => &["spec.accessModes", "spec.storageClassName", "spec.volumeMode"],
        ("", "services") => &["spec.clusterIP"],
        ("", "secrets") if before["immutable"] == true => &["type", "data", "immutable"],
        ("", "secrets") => &["type"],
        ("", "configmaps") if before["immutable"] == true => &["data", "binaryData", "immutable"],
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => &["roleRef"],
        ("storage.k8s.io", "storageclasses") => &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
        _ => &[],
    };
    let at = |object: &Json, path: &str| path.split('.').fold(object, |part, step| &part[step]).clone();
    for path in paths {
        let (old, new) = (at(before, path), at(after, path));
        if old != new && !(old.is_null() && kind.group.is_empty()) {
            causes.push(Cause::invalid(*path, &new, "field is immutable"));
        }
    }
}
