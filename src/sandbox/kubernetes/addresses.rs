//! Addresses and ports of services: each is one service's, and free again when that is gone.

use std::net::Ipv4Addr;

use serde_json::{Value as Json, json};

use super::failure::{Cause, Failure, Stop};
use super::kinds;
use super::store::{How, Target, put, text};
use crate::world::Change;

/// The range of addresses of services: 172.20.0.0/16.
const RANGE: [u8; 2] = [172, 20];
/// The first ones are taken by the API and by DNS.
const ADDRESSES: std::ops::Range<u32> = 11..65_535;
/// The ports that nodes have for services.
const PORTS: std::ops::RangeInclusive<u64> = 30_000..=32_767;

/// Returns the beginning of the records that say whose ports are.
pub fn claims_prefix(cluster: &str) -> String {
    format!("k8s-claims/{cluster}/")
}

fn port_record(cluster: &str, port: u64) -> String {
    format!("{}{port}", claims_prefix(cluster))
}

fn address_record(cluster: &str, address: &str) -> String {
    kinds::record(cluster, "networking.k8s.io", "ipaddresses", None, address)
}

/// Gives a service its address and its ports; takes back what it had and has no longer.
pub fn assign(
    change: &mut Change<'_>,
    target: &Target<'_>,
    before: Option<&Json>,
    service: &mut Json,
    how: &How,
) -> Result<(), Stop> {
    if !target.kind.is("", "services") {
        return Ok(());
    }
    let own = format!("{}/{}", target.namespace.unwrap_or_default(), target.name);
    let wants_address = service["spec"]["type"] != "ExternalName";
    let wants_ports = service["spec"]["type"] == "NodePort"
        || service["spec"]["type"] == "LoadBalancer" && service["spec"]["allocateLoadBalancerNodePorts"] != false;
    let mut causes = Vec::new();
    if wants_address {
        address(change, target, service, how, &mut causes);
    } else if let Some(spec) = service["spec"].as_object_mut() {
        for gone in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] {
            spec.shift_remove(gone);
        }
    }
    let ports = service["spec"].get_mut("ports").and_then(Json::as_array_mut);
    let mut given: Vec<(u64, Json)> = Vec::new();
    for (place, port) in ports.into_iter().flatten().enumerate() {
        let path = format!("spec.ports[{place}].nodePort");
        match port["nodePort"].as_u64().filter(|number| *number > 0) {
            Some(number) if !PORTS.contains(&number) => {
                let hint = "provided port is not in the valid range. The range of valid ports is 30000-32767";
                causes.push(Cause::invalid(path, &port["nodePort"], hint));
            }
            Some(number) => {
                let record = port_record(target.cluster, number);
                if change.get::<String>(&record).is_some_and(|owner| owner != own) {
                    causes.push(Cause::invalid(path, &port["nodePort"], "provided port is already allocated"));
                }
                change.put(&record, &own);
                given.push((number, port["protocol"].clone()));
            }
            None if wants_ports => {
                // The same port of another protocol has the same number.
                let number = free_port(change, target.cluster);
                change.put(&port_record(target.cluster, number), &own);
                port["nodePort"] = number.into();
                given.push((number, port["protocol"].clone()));
            }
            None => _ = port.as_object_mut().map(|port| port.shift_remove("nodePort")),
        }
    }
    if !causes.is_empty() {
        return Err(Failure::invalid(target.kind, target.name, causes).into());
    }
    if let Some(before) = before {
        let kept: Vec<u64> = given.iter().map(|(number, _)| *number).collect();
        let address = text(service, "/spec/clusterIP");
        release_but(change, target, before, &kept, address);
    }
    Ok(())
}

fn free_port(change: &Change<'_>, cluster: &str) -> u64 {
    let prefix = claims_prefix(cluster);
    let last = change.under(&prefix).next_back().and_then(|(name, _)| name.strip_prefix(&prefix)?.parse::<u64>().ok());
    let next = last.map_or(*PORTS.start(), |last| last + 1);
    if PORTS.contains(&next) {
        return next;
    }
    PORTS.into_iter().find(|port| !change.has(&port_record(cluster, *port))).unwrap_or(next)
}

fn address(change: &mut Change<'_>, target: &Target<'_>, service: &mut Json, how: &How, causes: &mut Vec<Cause>) {
    let said = text(service, "/spec/clusterIP").to_owned();
    let parent = json!({
        "group": "", "resource": "services", "namespace": target.namespace, "name": target.name,
    });
    let address = match &*said {
        "None" => said,
        "" => {
            let prefix = kinds::prefix(target.cluster, "networking.k8s.io", "ipaddresses", None);
            let count = change.under(&prefix).count() as u32;
            let written = |number: u32| {
                let [.., high, low] = number.to_be_bytes();
                Ipv4Addr::new(RANGE[0], RANGE[1], high, low).to_string()
            };
            let all = ADDRESSES.skip(count as usize).chain(ADDRESSES).map(written);
            let mut free = all.filter(|address| !change.has(&address_record(target.cluster, address)));
            free.next().unwrap_or_default()
        }
        said => {
            let is_in_range = said.parse::<Ipv4Addr>().is_ok_and(|address| address.octets()[..2] == RANGE);
            let owner: Option<Json> = change.get(&address_record(target.cluster, said));
            let is_taken = owner.is_some_and(|owner| owner["spec"]["parentRef"] != parent);
            let hint = match (is_in_range, is_taken) {
                (false, _) => "the provided IP is not in the valid range. The range of valid IPs is 172.20.0.0/16",
                (true, true) => "provided IP is already allocated",
                (true, false) => "",
            };
            if !hint.is_empty() {
                let hint = format!("failed to allocate IP {said}: {hint}");
                causes.push(Cause::invalid("spec.clusterIPs", &json!([said]), &hint));
                return;
            }
            said.to_owned()
        }
    };
    let record = address_record(target.cluster, &address);
    if address != "None" && !change.has(&record) {
        let kind = kinds::built_in().iter().find(|kind| kind.is("networking.k8s.io", "ipaddresses"));
        if let Some(kind) = kind {
            let mut object = json!({
                "apiVersion": kind.api_version(), "kind": kind.kind,
                "metadata": {
                    "name": address, "uid": super::store::uid().unwrap_or_default(), "creationTimestamp": how.time,
                    "labels": {"ipaddress.kubernetes.io/ip-family": "IPv4"},
                },
                "spec": {"parentRef": parent},
            });
            let target = Target { cluster: target.cluster, kind, namespace: None, name: &address, part: None };
            put(change, &target, &mut object);
        }
    }
    service["spec"]["clusterIP"] = address.clone().into();
    service["spec"]["clusterIPs"] = json!([address]);
}

/// Takes back what a service has that is gone.
pub fn release(change: &mut Change<'_>, target: &Target<'_>, service: &Json) {
    if target.kind.is("", "services") {
        release_but(change, target, service, &[], "");
    }
}

fn release_but(change: &mut Change<'_>, target: &Target<'_>, service: &Json, ports: &[u64], address: &str) {
    for port in service["spec"]["ports"].as_array().into_iter().flatten() {
        if let Some(number) = port["nodePort"].as_u64().filter(|number| !ports.contains(number)) {
            change.remove(&port_record(target.cluster, number));
        }
    }
    let old = text(service, "/spec/clusterIP");
    if !old.is_empty() && old != "None" && old != address {
        change.remove(&address_record(target.cluster, old));
    }
}
