//! Services, ingresses and policies of networks.

use serde_json::Value as Json;

use super::super::failure::Cause;
use super::super::kinds::Kind;
use super::{names, required, selector};

/// Checks what is about the network.
pub fn check(kind: &Kind, object: &Json, causes: &mut Vec<Cause>) {
    match (&*kind.group, &*kind.plural) {
        ("", "services") => service(&object["spec"], causes),
        ("networking.k8s.io", "ingresses") => ingress(&object["spec"], causes),
        ("networking.k8s.io", "networkpolicies") => {
            selector(&object["spec"]["podSelector"], "spec.podSelector", causes)
        }
        ("networking.k8s.io", "ingressclasses") => required(object, "/spec/controller", "spec.controller", causes),
        _ => {}
    }
}

fn is_port(value: &Json) -> bool {
    value.as_i64().is_some_and(|port| (1..=65_535).contains(&port))
}

fn service(spec: &Json, causes: &mut Vec<Cause>) {
    let word = spec["type"].as_str().unwrap_or_default();
    let ports: &[Json] = spec["ports"].as_array().map_or(&[], Vec::as_slice);
    if ports.is_empty() && spec["clusterIP"] != "None" && word != "ExternalName" {
        causes.push(Cause::required("spec.ports", ""));
    }
    if word == "ExternalName" {
        let name = spec["externalName"].as_str().unwrap_or_default();
        if name.is_empty() {
            causes.push(Cause::required("spec.externalName", ""));
        } else if !names::is_subdomain(name.trim_end_matches('.')) {
            let hint = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                        and must start and end with an alphanumeric character";
            causes.push(Cause::invalid("spec.externalName", &spec["externalName"], hint));
        }
    }
    if word == "LoadBalancer" && spec["clusterIP"] == "None" {
        let hint = "may not be set to 'None' for LoadBalancer services";
        causes.push(Cause::invalid("spec.clusterIPs[0]", &"None".into(), hint));
    }
    for (place, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{place}]");
        let name = port["name"].as_str().unwrap_or_default();
        let before = &ports[..place];
        if name.is_empty() && ports.len() > 1 {
            causes.push(Cause::required(format!("{path}.name"), ""));
        } else if !name.is_empty() && !names::is_label(name) {
            let hint = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                        and must start and end with an alphanumeric character";
            causes.push(Cause::invalid(format!("{path}.name"), &port["name"], hint));
        } else if !name.is_empty() && before.iter().any(|other| other["name"] == name) {
            causes.push(Cause::duplicate(format!("{path}.name"), &port["name"]));
        }
        if before.iter().any(|other| other["port"] == port["port"] && other["protocol"] == port["protocol"]) {
            causes.push(Cause::duplicate(path.clone(), port));
        }
        if !is_port(&port["port"]) {
            let hint = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{path}.port"), &port["port"], hint));
        }
        let target = &port["targetPort"];
        if target.is_i64() && !is_port(target) {
            let hint = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{path}.targetPort"), target, hint));
        }
        let has_node_port = port["nodePort"].as_i64().is_some_and(|port| port > 0);
        if has_node_port && !matches!(word, "NodePort" | "LoadBalancer") {
            let hint = format!("may not be used when `type` is '{word}'");
            causes.push(Cause::forbidden(format!("{path}.nodePort"), &hint));
        }
    }
    for (key, value) in spec["selector"].as_object().into_iter().flatten() {
        names::label(key, value, "spec.selector", causes);
    }
    let is_external = matches!(word, "NodePort" | "LoadBalancer") || spec["externalIPs"].is_array();
    if spec["externalTrafficPolicy"].as_str().is_some_and(|policy| !policy.is_empty()) && !is_external {
        let hint = "may only be set for externally-accessible services";
        causes.push(Cause::invalid("spec.externalTrafficPolicy", &spec["externalTrafficPolicy"], hint));
    }
}

fn ingress(spec: &Json, causes: &mut Vec<Cause>) {
    let rules = spec["rules"].as_array();
    if rules.is_none_or(Vec::is_empty) && !spec["defaultBackend"].is_object() {
        let hint = "either `defaultBackend` or `rules` must be specified";
        causes.push(Cause::invalid("spec", &Json::Array(Vec::new()), hint));
    }
    for (place, rule) in rules.into_iter().flatten().enumerate() {
        let paths = rule["http"]["paths"].as_array();
        if rule["http"].is_object() && paths.is_none_or(Vec::is_empty) {
            causes.push(Cause::required(format!("spec.rules[{place}].http.paths"), ""));
        }
        for (inner, one) in paths.into_iter().flatten().enumerate() {
            let path = format!("spec.rules[{place}].http.paths[{inner}]");
            let word = one["pathType"].as_str().unwrap_or_default();
            if word.is_empty() {
                causes.push(Cause::required(format!("{path}.pathType"), "pathType must be specified"));
            }
            let text = one["path"].as_str().unwrap_or_default();
            if matches!(word, "Exact" | "Prefix") && !text.starts_with('/') {
                causes.push(Cause::invalid(format!("{path}.path"), &text.into(), "must be an absolute path"));
            }
            backend(&one["backend"], &format!("{path}.backend"), causes);
        }
    }
    if spec["defaultBackend"].is_object() {
        backend(&spec["defaultBackend"], "spec.defaultBackend", causes);
    }
}

fn backend(backend: &Json, path: &str, causes: &mut Vec<Cause>) {
    let (service, resource) = (&backend["service"], &backend["resource"]);
    if service.is_object() == resource.is_object() {
        let hint = "one of 'resource' or 'service' is needed, and not both";
        causes.push(Cause::invalid(path, &"".into(), hint));
        return;
    }
    if service.is_object() {
        required(service, "/name", &format!("{path}.service.name"), causes);
        let port = &service["port"];
        let is_named = port["name"].as_str().is_some_and(|name| !name.is_empty());
        if !is_named && port["number"].as_i64().unwrap_or_default() == 0 {
            causes.push(Cause::required(path, "port name or number is required"));
        } else if !is_named && !is_port(&port["number"]) {
            let hint = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{path}.service.port.number"), &port["number"], hint));
        }
    }
}
