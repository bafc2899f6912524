//! Endpoints and EndpointSlices: the addresses of the pods behind a Service.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::index::{Index, Named, Pod};
use super::pod_spec::has_all;
use super::work::{self, Of, PODS, SERVICES, Work, hash, is_ending, letters};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const ENDPOINTS: Of = Of("", "endpoints");
const SLICES: Of = Of("discovery.k8s.io", "endpointslices");

/// The label of those that are made here.
const MANAGED: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";

/// The controller of Endpoints and EndpointSlices.
pub struct Endpoints;

impl Controller for Endpoints {
    fn name(&self) -> &'static str {
        "endpoints"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("", "endpoints"), ("", "pods"), ("", "services")]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        if event.plural == "endpoints" {
            // Those of services that went while nobody looked.
            if event.after()["metadata"]["labels"][MANAGED] == CONTROLLER && event.is_new() {
                keys.push((event.namespace.to_owned(), event.name.to_owned()));
            }
            return;
        }
        if event.plural == "services" {
            return keys.push((event.namespace.to_owned(), event.name.to_owned()));
        }
        let labels = |pod: &Json| -> BTreeMap<String, String> {
            let labels = pod["metadata"]["labels"].as_object().into_iter().flatten();
            labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        };
        let (before, after) = (labels(event.before()), labels(event.after()));
        for (named, selector) in index.services_in(event.namespace) {
            if has_all(selector, &before) || has_all(selector, &after) {
                keys.push(named.clone());
            }
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let slice_name = format!("{name}-{}", letters(hash(&format!("{}/{namespace}/{name}", work.cluster())), 5));
        let service = work.get(SERVICES, &namespace, &name).filter(|service| !is_ending(service));
        let Some(service) = service else {
            let endpoints = work.get(ENDPOINTS, &namespace, &name).unwrap_or_default();
            if endpoints["metadata"]["labels"][MANAGED] == CONTROLLER {
                work.delete(ENDPOINTS, &namespace, &name, json!({}))?;
            }
            return work.delete(SLICES, &namespace, &slice_name, json!({}));
        };
        let selector = &service["spec"]["selector"];
        if selector.as_object().is_none_or(|selector| selector.is_empty()) {
            return Ok(());
        }
        let behind: Vec<(&Named, &Pod)> = work
            .index
            .in_namespace(&namespace)
            .filter(|(_, pod)| !pod.address.is_empty() && !pod.is_finished() && has_all(selector, &pod.labels))
            .collect();
        let ports = ports(work, &service, behind.first().map(|(named, _)| *named));
        let labels = service["metadata"]["labels"].as_object().cloned().unwrap_or_default();
        write_endpoints(work, &service, (&behind, &ports), &labels)?;
        write_slice(work, &service, (&behind, &ports), (&labels, slice_name))
    }
}

/// Returns a service's ports as its pods have them.
fn ports(work: &Work<'_, '_>, service: &Json, first: Option<&Named>) -> Vec<Json> {
    let pod = first.and_then(|(namespace, name)| work.get(PODS, namespace, name)).unwrap_or_default();
    let named = |word: &str| {
        let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
        let mut all = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
        all.find(|port| port["name"] == word).map(|port| port["containerPort"].clone())
    };
    let port = |port: &Json| {
        let number = match &port["targetPort"] {
            Json::String(word) => named(word)?,
            Json::Null => port["port"].clone(),
            number => number.clone(),
        };
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        let mut written = json!({"name": text(port, "/name"), "port": number, "protocol": protocol});
        if !port["appProtocol"].is_null() {
            written["appProtocol"] = port["appProtocol"].clone();
        }
        Some(written)
    };
    service["spec"]["ports"].as_array().into_iter().flatten().filter_map(port).collect()
}

type Behind<'b> = (&'b [(&'b Named, &'b Pod)], &'b [Json]);

fn takes_unready(service: &Json) -> bool {
    service["spec"]["publishNotReadyAddresses"] == true
}

fn is_ready(service: &Json, pod: &Pod) -> bool {
    takes_unready(service) || pod.is_ready && !pod.is_ending
}

fn reference(named: &Named, pod: &Pod) -> Json {
    json!({"kind": "Pod", "namespace": named.0, "name": named.1, "uid": pod.uid})
}

fn write_endpoints(
    work: &mut Work<'_, '_>,
    service: &Json,
    (behind, ports): Behind<'_>,
    labels: &serde_json::Map<String, Json>,
) -> Result<(), Stop> {
    let (namespace, name) = work::place(service);
    let address = |(named, pod): &(&Named, &Pod)| json!({"ip": pod.address, "nodeName": pod.node, "targetRef": reference(named, pod)});
    let (mut subset, mut some) = (json!({}), false);
    for (member, wanted) in [("addresses", true), ("notReadyAddresses", false)] {
        let part: Vec<Json> = behind.iter().filter(|(_, pod)| is_ready(service, pod) == wanted).map(address).collect();
        if !part.is_empty() {
            (subset[member], some) = (part.into(), true);
        }
    }
    let bare = |port: &Json| {
        let mut port = port.clone();
        if port["name"] == ""
            && let Some(port) = port.as_object_mut()
        {
            port.shift_remove("name");
        }
        port
    };
    if !ports.is_empty() {
        subset["ports"] = ports.iter().map(bare).collect();
    }
    let mut own = labels.clone();
    own.insert(MANAGED.to_owned(), CONTROLLER.into());
    let object = json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": name, "namespace": namespace, "labels": own},
        "subsets": if some { json!([subset]) } else { json!([]) },
    });
    write(work, ENDPOINTS, &namespace, object, &["subsets"])
}

fn write_slice(
    work: &mut Work<'_, '_>,
    service: &Json,
    (behind, ports): Behind<'_>,
    (labels, slice_name): (&serde_json::Map<String, Json>, String),
) -> Result<(), Stop> {
    let (namespace, name) = work::place(service);
    let endpoint = |(named, pod): &(&Named, &Pod)| {
        let zone = work.index.nodes.get(&pod.node).and_then(|node| node.labels.get("topology.kubernetes.io/zone"));
        let mut endpoint = json!({
            "addresses": [pod.address], "nodeName": pod.node, "targetRef": reference(named, pod),
            "conditions": {
                "ready": is_ready(service, pod), "serving": pod.is_ready || takes_unready(service),
                "terminating": pod.is_ending,
            },
        });
        if let Some(zone) = zone {
            endpoint["zone"] = zone.clone().into();
        }
        endpoint
    };
    let endpoints: Vec<Json> = behind.iter().map(endpoint).collect();
    let mut labels = labels.clone();
    labels.insert("kubernetes.io/service-name".to_owned(), name.into());
    let managed = "endpointslice-controller.k8s.io";
    labels.insert("endpointslice.kubernetes.io/managed-by".to_owned(), managed.into());
    let object = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "name": slice_name, "namespace": namespace, "labels": labels,
            "ownerReferences": [work::owner_reference(service)],
        },
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
    });
    write(work, SLICES, &namespace, object, &["endpoints", "ports"])
}

/// Makes an object, or brings parts of it in line.
fn write(work: &mut Work<'_, '_>, of: Of, namespace: &str, object: Json, parts: &[&str]) -> Result<(), Stop> {
    let Some(before) = work.get(of, namespace, text(&object, "/metadata/name")) else {
        return work.create(of, namespace, object).map(drop);
    };
    let mut after = before.clone();
    for part in parts {
        after[*part] = object[*part].clone();
    }
    work.put(of, &before, after);
    Ok(())
}
