//! Gateways of the Gateway API, whose kinds are defined in the cluster: accepted, given an address, programmed.

use serde_json::{Value as Json, json};

use super::balancer::has_balancers;
use super::index::{Index, Named};
use super::work::{Work, set_condition};
use super::{Controller, Event};
use crate::kubernetes::cloud::{Balancer, BalancerWanted};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::kinds;
use crate::kubernetes::store::text;

const GROUP: &str = "gateway.networking.k8s.io";

/// The controller of Gateways and their classes. Classes have keys without a namespace.
pub struct Gateways;

impl Controller for Gateways {
    fn name(&self) -> &'static str {
        "gateways"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[(GROUP, "gatewayclasses"), (GROUP, "gateways")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        keys.push((event.namespace.to_owned(), event.name.to_owned()));
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        if namespace.is_empty() {
            return class(work, &name);
        }
        let record = kinds::record(work.cluster(), GROUP, "gateways", Some(&namespace), &name);
        let Some(gateway) = work.change.get::<Json>(&record) else {
            // What the cloud has is known by the uid that was kept.
            let noted = work.notes("gateways", &namespace, &name);
            let (cloud, uid) = (work.cloud, text(&noted, "/uid").to_owned());
            let wait = cloud.filter(|_| !uid.is_empty());
            match wait.and_then(|cloud| cloud.delete_balancer(&mut work.asked(), "gateway", &uid)) {
                Some(wait) => work.again(wait),
                None => work.keep(&Json::Null),
            }
            return Ok(());
        };
        let class =
            kinds::record(work.cluster(), GROUP, "gatewayclasses", None, text(&gateway, "/spec/gatewayClassName"));
        if !gateway["metadata"]["deletionTimestamp"].is_null() || !work.change.has(&class) || !has_balancers(work) {
            return Ok(());
        }
        program(work, &record, &gateway)
    }
}

/// Accepts a class, and looks at the Gateways that wait for it.
fn class(work: &mut Work<'_, '_>, name: &str) -> Result<(), Stop> {
    let record = kinds::record(work.cluster(), GROUP, "gatewayclasses", None, name);
    let served = work.change.get::<Json>(&record).filter(|_| has_balancers(work));
    let Some(class) = served else { return Ok(()) };
    let mut all = super::work::conditions(&class);
    set_condition(&mut all, "Accepted", true, ("Accepted", "The class is served."));
    write(work, &record, &class, json!({"conditions": observed(all, &class)}));
    let prefix = kinds::prefix(work.cluster(), GROUP, "gateways", None);
    let waiting: Vec<Named> = work
        .change
        .under(&prefix)
        .filter(|(_, text)| text.contains(name))
        .filter_map(|(record, _)| record[prefix.len()..].split_once('/'))
        .map(|(namespace, name)| (namespace.to_owned(), name.to_owned()))
        .collect();
    for (namespace, name) in waiting {
        work.wake(std::time::Duration::ZERO, "gateways", &namespace, &name);
    }
    Ok(())
}

fn observed(conditions: Vec<Json>, object: &Json) -> Vec<Json> {
    let generation = object["metadata"]["generation"].clone();
    let observed = conditions.into_iter().map(|mut condition| {
        condition["observedGeneration"] = generation.clone();
        condition
    });
    observed.collect()
}

/// Writes the status of an object whose kind is defined in the cluster.
fn write(work: &mut Work<'_, '_>, record: &str, before: &Json, status: Json) {
    if before["status"] != status {
        let mut after = before.clone();
        after["status"] = status;
        after["metadata"]["resourceVersion"] = work.change.next_revision().to_string().into();
        work.change.put(record, &after);
    }
}

fn program(work: &mut Work<'_, '_>, record: &str, gateway: &Json) -> Result<(), Stop> {
    let (namespace, name) = super::work::place(gateway);
    let uid = text(gateway, "/metadata/uid").to_owned();
    let listeners = gateway["spec"]["listeners"].as_array().cloned().unwrap_or_default();
    let port = |listener: &Json| {
        let protocol = if listener["protocol"] == "UDP" { "UDP" } else { "TCP" };
        Some((listener["port"].as_u64()?.try_into().ok()?, protocol))
    };
    let wanted = BalancerWanted {
        kind: "gateway",
        of: (&namespace, &name, &uid),
        annotations: &gateway["metadata"]["annotations"],
        ports: listeners.iter().filter_map(port).collect(),
        sources: vec!["0.0.0.0/0".to_owned()],
    };
    let Some(cloud) = work.cloud else { return Ok(()) };
    let (now, noted) = (work.now(), work.notes("gateways", &namespace, &name));
    let mut all = super::work::conditions(gateway);
    set_condition(&mut all, "Accepted", true, ("Accepted", "The Gateway is accepted."));
    let mut status = json!({});
    match cloud.balancer(&mut work.asked(), &wanted) {
        Ok(Balancer::Ready(address)) => {
            set_condition(&mut all, "Programmed", true, ("Programmed", "Address assigned to the Gateway."));
            let kind = if address.parse::<std::net::IpAddr>().is_ok() { "IPAddress" } else { "Hostname" };
            status["addresses"] = json!([{"type": kind, "value": address}]);
            work.keep(&json!({"uid": uid}));
        }
        Ok(Balancer::Making(wait)) => {
            let message = "No addresses have been assigned to the Gateway.";
            set_condition(&mut all, "Programmed", false, ("AddressNotAssigned", message));
            if noted["due"].as_u64().is_none_or(|due| due <= now) {
                work.again(wait);
                work.keep(&json!({"uid": uid, "due": now + wait.as_millis() as u64}));
            }
        }
        Err(why) => set_condition(&mut all, "Programmed", false, ("Invalid", &why)),
    }
    let listener = |listener: &Json| {
        let before = gateway["status"]["listeners"].as_array().into_iter().flatten();
        let before = before.into_iter().find(|one| one["name"] == listener["name"]).cloned().unwrap_or_default();
        let mut conditions = before["conditions"].as_array().cloned().unwrap_or_default();
        for kind in ["Accepted", "Programmed", "ResolvedRefs"] {
            set_condition(&mut conditions, kind, true, (kind, ""));
        }
        conditions.iter_mut().for_each(|one| one["message"] = "".into());
        let routes = json!([{"group": GROUP, "kind": "HTTPRoute"}]);
        json!({
            "name": listener["name"], "attachedRoutes": 0, "supportedKinds": routes,
            "conditions": observed(conditions, gateway),
        })
    };
    status["listeners"] = listeners.iter().map(listener).collect();
    status["conditions"] = observed(all, gateway).into();
    write(work, record, gateway, status);
    Ok(())
}
