//! Pods, and what makes them.

use serde_json::Value as Json;

use super::super::failure::Cause;
use super::super::kinds::Kind;
use super::super::quantity::Quantity;
use super::super::selector::takes_labels;
use super::{names, not_negative, required, selector};

/// Checks a pod, or what makes pods.
pub fn check(kind: &Kind, object: &Json, causes: &mut Vec<Cause>) {
    match (&*kind.group, &*kind.plural) {
        ("", "pods") => pod(&object["spec"], "spec", causes),
        ("", "podtemplates") => pod(&object["template"]["spec"], "template.spec", causes),
        ("apps", "deployments" | "replicasets" | "statefulsets" | "daemonsets") => {
            fits(object, causes);
            template(&with_claims(&object["spec"]), "spec.template", &["Always"], causes);
            numbers(object, causes);
        }
        ("", "replicationcontrollers") => {
            template(&object["spec"]["template"], "spec.template", &["Always"], causes);
            numbers(object, causes);
        }
        ("batch", "jobs") => job(&object["spec"], "spec", causes),
        ("batch", "cronjobs") => {
            required(object, "/spec/schedule", "spec.schedule", causes);
            let schedule = object["spec"]["schedule"].as_str().unwrap_or_default();
            if !schedule.is_empty() && !schedule.starts_with('@') && schedule.split_whitespace().count() != 5 {
                let fields = schedule.split_whitespace().count();
                let hint = format!("expected exactly 5 fields, found {fields}: {schedule:?}");
                causes.push(Cause::invalid("spec.schedule", &object["spec"]["schedule"], &hint));
            }
            job(&object["spec"]["jobTemplate"]["spec"], "spec.jobTemplate.spec", causes);
        }
        _ => {}
    }
}

/// Returns a template with the volumes that its pods get for themselves.
fn with_claims(spec: &Json) -> Json {
    let mut template = spec["template"].clone();
    let claims = spec["volumeClaimTemplates"].as_array().into_iter().flatten();
    let names: Vec<&Json> = claims.map(|claim| &claim["metadata"]["name"]).collect();
    if !names.is_empty() && template["spec"].is_object() {
        let own = template["spec"]["volumes"].as_array().into_iter().flatten();
        let mut volumes: Vec<Json> = own.filter(|volume| !names.contains(&&volume["name"])).cloned().collect();
        volumes.extend(names.into_iter().map(|name| serde_json::json!({"name": name})));
        template["spec"]["volumes"] = volumes.into();
    }
    template
}

fn numbers(object: &Json, causes: &mut Vec<Cause>) {
    for member in ["replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        not_negative(&object["spec"], &format!("/{member}"), &format!("spec.{member}"), causes);
    }
    let spec = &object["spec"];
    for strategy in ["strategy", "updateStrategy"] {
        let rolling = &spec[strategy]["rollingUpdate"];
        let path = format!("spec.{strategy}.rollingUpdate");
        if rolling.is_object() && spec[strategy]["type"].as_str().is_some_and(|word| word != "RollingUpdate") {
            let word = spec[strategy]["type"].as_str().unwrap_or_default();
            let hint = format!("may not be specified when strategy `type` is '{word}'");
            causes.push(Cause::forbidden(path, &hint));
            continue;
        }
        let is_zero = |value: &Json| *value == 0 || *value == "0%";
        if is_zero(&rolling["maxUnavailable"]) && is_zero(&rolling["maxSurge"]) {
            let hint = "may not be 0 when `maxSurge` is 0";
            causes.push(Cause::invalid(format!("{path}.maxUnavailable"), &rolling["maxUnavailable"], hint));
        }
        for member in ["maxUnavailable", "maxSurge"] {
            let value = &rolling[member];
            let is_percent = |text: &str| text.strip_suffix('%').is_some_and(|digits| digits.parse::<u32>().is_ok());
            if value.as_i64().is_some_and(|number| number < 0) {
                causes.push(Cause::invalid(format!("{path}.{member}"), value, "must be greater than or equal to 0"));
            } else if value.as_str().is_some_and(|text| !is_percent(text)) {
                let hint = "a valid percent string must be a numeric string followed by an ending '%'";
                causes.push(Cause::invalid(format!("{path}.{member}"), value, hint));
            }
        }
    }
}

/// A selector has to take the pods that are made.
fn fits(object: &Json, causes: &mut Vec<Cause>) {
    let own = &object["spec"]["selector"];
    selector(own, "spec.selector", causes);
    let is_empty = |member: &str| match &own[member] {
        Json::Object(members) => members.is_empty(),
        Json::Array(items) => items.is_empty(),
        _ => true,
    };
    if !own.is_object() {
        causes.push(Cause::required("spec.selector", ""));
    } else if is_empty("matchLabels") && is_empty("matchExpressions") {
        causes.push(Cause::invalid("spec.selector", own, "empty selector is invalid for deployment"));
    } else {
        let labels = &object["spec"]["template"]["metadata"]["labels"];
        if !takes_labels(own, labels) {
            let hint = "`selector` does not match template `labels`";
            causes.push(Cause::invalid("spec.template.metadata.labels", labels, hint));
        }
    }
}

fn job(spec: &Json, path: &str, causes: &mut Vec<Cause>) {
    for member in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] {
        not_negative(spec, &format!("/{member}"), &format!("{path}.{member}"), causes);
    }
    template(&spec["template"], &format!("{path}.template"), &["OnFailure", "Never"], causes);
}

fn template(template: &Json, path: &str, policies: &[&str], causes: &mut Vec<Cause>) {
    for (key, value) in template["metadata"]["labels"].as_object().into_iter().flatten() {
        names::label(key, value, &format!("{path}.metadata.labels"), causes);
    }
    let spec = &template["spec"];
    pod(spec, &format!("{path}.spec"), causes);
    let policy = spec["restartPolicy"].as_str().unwrap_or_default();
    let is_word = matches!(policy, "Always" | "OnFailure" | "Never");
    if is_word && !policies.contains(&policy) {
        let supported: Vec<String> = policies.iter().map(|one| (*one).to_owned()).collect();
        causes.push(Cause::unsupported(format!("{path}.spec.restartPolicy"), &spec["restartPolicy"], &supported));
    }
}

fn pod(spec: &Json, path: &str, causes: &mut Vec<Cause>) {
    required(spec, "/containers", &format!("{path}.containers"), causes);
    let volumes: Vec<&str> =
        spec["volumes"].as_array().into_iter().flatten().filter_map(|volume| volume["name"].as_str()).collect();
    for (place, volume) in spec["volumes"].as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}.volumes[{place}]");
        named(volume, &path, &volumes[..place.min(volumes.len())], causes);
        let sources = volume.as_object().map_or(0, |volume| volume.len() - usize::from(volume.contains_key("name")));
        if sources > 1 {
            causes.push(Cause::forbidden(path, "may not specify more than 1 volume type"));
        }
    }
    let mut known: Vec<&str> = Vec::new();
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for (place, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let path = format!("{path}.{list}[{place}]");
            named(container, &path, &known, causes);
            known.push(container["name"].as_str().unwrap_or_default());
            required(container, "/image", &format!("{path}.image"), causes);
            container_parts(container, &path, &volumes, causes);
        }
    }
    not_negative(spec, "/terminationGracePeriodSeconds", &format!("{path}.terminationGracePeriodSeconds"), causes);
    for (key, value) in spec["nodeSelector"].as_object().into_iter().flatten() {
        names::label(key, value, &format!("{path}.nodeSelector"), causes);
    }
    for (place, one) in spec["tolerations"].as_array().into_iter().flatten().enumerate() {
        let is_known = matches!(one["operator"].as_str().unwrap_or_default(), "" | "Equal" | "Exists");
        if is_known && one["operator"] == "Exists" && one["value"].as_str().is_some_and(|value| !value.is_empty()) {
            let hint = "value must be empty when `operator` is 'Exists'";
            causes.push(Cause::invalid(format!("{path}.tolerations[{place}].operator"), &one["value"], hint));
        }
    }
}

/// Checks that a part has a name of its own.
fn named(part: &Json, path: &str, others: &[&str], causes: &mut Vec<Cause>) {
    let name = part["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        causes.push(Cause::required(format!("{path}.name"), ""));
    } else if !names::is_label(name) {
        let hint = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                    and must start and end with an alphanumeric character";
        causes.push(Cause::invalid(format!("{path}.name"), &part["name"], hint));
    } else if others.contains(&name) {
        causes.push(Cause::duplicate(format!("{path}.name"), &part["name"]));
    }
}

fn container_parts(container: &Json, path: &str, volumes: &[&str], causes: &mut Vec<Cause>) {
    for (place, port) in container["ports"].as_array().into_iter().flatten().enumerate() {
        let number = &port["containerPort"];
        if !number.as_i64().is_some_and(|number| (1..=65_535).contains(&number)) {
            let hint = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{path}.ports[{place}].containerPort"), number, hint));
        }
    }
    for (place, variable) in container["env"].as_array().into_iter().flatten().enumerate() {
        required(variable, "/name", &format!("{path}.env[{place}].name"), causes);
        if variable["value"].as_str().is_some_and(|value| !value.is_empty()) && variable["valueFrom"].is_object() {
            let hint = "may not be specified when `value` is not empty";
            causes.push(Cause::invalid(format!("{path}.env[{place}].valueFrom"), &"".into(), hint));
        }
    }
    for (place, mount) in container["volumeMounts"].as_array().into_iter().flatten().enumerate() {
        let path = format!("{path}.volumeMounts[{place}]");
        required(mount, "/mountPath", &format!("{path}.mountPath"), causes);
        let name = mount["name"].as_str().unwrap_or_default();
        if !volumes.contains(&name) {
            causes.push(Cause::not_found(format!("{path}.name"), &mount["name"]));
        }
    }
    let resources = &container["resources"];
    for list in ["limits", "requests"] {
        for (name, value) in resources[list].as_object().into_iter().flatten() {
            let path = format!("{path}.resources.{list}");
            let amount = value.as_str().and_then(Quantity::parse);
            if amount.is_some_and(Quantity::is_negative) {
                causes.push(Cause::invalid(format!("{path}[{name}]"), value, "must be greater than or equal to 0"));
            }
            let limit = resources["limits"][name].as_str().and_then(Quantity::parse);
            let is_more =
                list == "requests" && limit.zip(amount).is_some_and(|(limit, amount)| amount.milli() > limit.milli());
            if is_more {
                let limit = resources["limits"][name].as_str().unwrap_or_default();
                let hint = format!("must be less than or equal to {name} limit of {limit}");
                causes.push(Cause::invalid(path, value, &hint));
            }
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let own = &container[probe];
        let handlers = ["exec", "httpGet", "tcpSocket", "grpc"].iter().filter(|one| own[**one].is_object()).count();
        if own.is_object() && handlers == 0 {
            causes.push(Cause::required(format!("{path}.{probe}"), "must specify a handler type"));
        } else if handlers > 1 {
            causes.push(Cause::forbidden(format!("{path}.{probe}"), "may not specify more than 1 handler type"));
        }
    }
}
