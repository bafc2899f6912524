//! What a namespace may use at most: counted for quotas, and looked at before anything new comes.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::quantity::{self, thousandths};
use super::work::{Of, Work};
use super::{Controller, Event};
use crate::kubernetes::failure::{Failure, Stop};
use crate::kubernetes::kinds::{self, Kind};
use crate::kubernetes::store::{Target, text};
use crate::world::Records;

const QUOTAS: Of = Of("", "resourcequotas");

/// Amounts in thousandths, by their names in quotas.
type Used = BTreeMap<String, i64>;

/// The controller of ResourceQuotas.
pub struct Quotas;

impl Controller for Quotas {
    fn name(&self) -> &'static str {
        "quotas"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("", "configmaps"),
            ("", "persistentvolumeclaims"),
            ("", "pods"),
            ("", "resourcequotas"),
            ("", "secrets"),
            ("", "services"),
            ("apps", "deployments"),
            ("apps", "replicasets"),
            ("apps", "statefulsets"),
            ("batch", "cronjobs"),
            ("batch", "jobs"),
        ]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        if event.plural == "resourcequotas" {
            return keys.push((event.namespace.to_owned(), event.name.to_owned()));
        }
        keys.extend(index.named("resourcequotas").filter(|(namespace, _)| namespace == event.namespace).cloned());
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(quota) = work.get(QUOTAS, &namespace, &name) else { return Ok(()) };
        let hard = quota["spec"]["hard"].clone();
        let used = used(work.change, work.cluster(), &namespace, &hard);
        let written: serde_json::Map<String, Json> =
            used.into_iter().map(|(what, amount)| (what.clone(), written(&what, amount).into())).collect();
        work.set_status(QUOTAS, &quota, json!({"hard": hard, "used": written}));
        Ok(())
    }
}

/// Writes an amount as quotas show it.
fn written(what: &str, amount: i64) -> String {
    if what.ends_with("cpu") {
        return quantity::written("cpu", amount);
    }
    let ones = amount / 1000;
    let is_bytes = what.ends_with("memory") || what.ends_with("storage");
    let unit = [(1_i64 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
    let unit = unit.into_iter().find(|(size, _)| is_bytes && ones >= *size && ones % size == 0);
    unit.map_or_else(|| ones.to_string(), |(size, word)| format!("{}{word}", ones / size))
}

/// Returns how much of what a quota limits is used in a namespace.
fn used(records: &Records, cluster: &str, namespace: &str, hard: &Json) -> Used {
    let limited = hard.as_object().into_iter().flatten().map(|(what, _)| what.clone());
    let mut sums: Used = limited.map(|what| (what, 0)).collect();
    let wanted: Vec<&Kind> = kinds::built_in()
        .iter()
        .map(|kind| &**kind)
        .filter(|kind| kind.is_namespaced && sums.keys().any(|what| is_about(what, kind)))
        .collect();
    for kind in wanted {
        for (_, text) in records.under(&kind.prefix(cluster, Some(namespace))) {
            let object: Json = serde_json::from_str(text).unwrap_or_default();
            for (what, amount) in uses(kind, &object) {
                if let Some(sum) = sums.get_mut(&what) {
                    *sum += amount;
                }
            }
        }
    }
    sums
}

/// Tells whether objects of a kind use what a quota limits.
fn is_about(what: &str, kind: &Kind) -> bool {
    if let Some(counted) = what.strip_prefix("count/") {
        return counted == kind.qualified();
    }
    match (&*kind.group, &*kind.plural) {
        ("", "pods") => {
            let what = what.trim_start_matches("requests.").trim_start_matches("limits.");
            matches!(what, "pods" | "cpu" | "memory" | "ephemeral-storage") || what.contains('/')
        }
        ("", "persistentvolumeclaims") => {
            what == "persistentvolumeclaims"
                || what == "requests.storage"
                || what.contains(".storageclass.storage.k8s.io/")
        }
        ("", plural) => what == plural || plural == "services" && what.starts_with("services."),
        _ => false,
    }
}

/// Returns what an object uses.
fn uses(kind: &Kind, object: &Json) -> Used {
    let mut used: Used = [(format!("count/{}", kind.qualified()), 1000)].into();
    match (&*kind.group, &*kind.plural) {
        ("", "pods") => {
            if matches!(text(object, "/status/phase"), "Succeeded" | "Failed") {
                return used;
            }
            used.insert("pods".to_owned(), 1000);
            let unit = |what: &str| if what == "cpu" { 1 } else { 1000 };
            for (what, amount) in super::index::requests(&object["spec"]).into_iter().filter(|(what, _)| what != "pods")
            {
                used.insert(format!("requests.{what}"), amount * unit(&what));
                used.insert(what.clone(), amount * unit(&what));
            }
            for container in object["spec"]["containers"].as_array().into_iter().flatten() {
                for (what, amount) in quantity::amounts(&container["resources"]["limits"]) {
                    *used.entry(format!("limits.{what}")).or_default() += amount * unit(&what);
                }
            }
        }
        ("", "persistentvolumeclaims") => {
            let size = thousandths(&object["spec"]["resources"]["requests"]["storage"]).unwrap_or_default();
            let class = text(object, "/spec/storageClassName");
            used.insert("persistentvolumeclaims".to_owned(), 1000);
            used.insert("requests.storage".to_owned(), size);
            used.insert(format!("{class}.storageclass.storage.k8s.io/requests.storage"), size);
            used.insert(format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims"), 1000);
        }
        ("", "services") => {
            let ports = object["spec"]["ports"].as_array().map_or(0, Vec::len) as i64 * 1000;
            used.insert("services".to_owned(), 1000);
            match text(object, "/spec/type") {
                "LoadBalancer" => {
                    used.insert("services.loadbalancers".to_owned(), 1000);
                    used.insert("services.nodeports".to_owned(), ports);
                }
                "NodePort" => _ = used.insert("services.nodeports".to_owned(), ports),
                _ => {}
            }
        }
        ("", plural) => _ = used.insert(plural.to_owned(), 1000),
        _ => {}
    }
    used
}

/// Refuses a new object that a quota of its namespace has no room for.
pub fn check(records: &Records, target: &Target<'_>, object: &Json) -> Result<(), Failure> {
    let Some(namespace) = target.namespace.filter(|_| target.kind.is_namespaced) else { return Ok(()) };
    let prefix = QUOTAS.kind().prefix(target.cluster, Some(namespace));
    for (_, text_of) in records.under(&prefix) {
        let quota: Json = serde_json::from_str(text_of).unwrap_or_default();
        let hard = &quota["spec"]["hard"];
        let limited = hard.as_object().into_iter().flatten();
        let limits: Used = limited.filter_map(|(what, limit)| Some((what.clone(), thousandths(limit)?))).collect();
        if !limits.keys().any(|what| is_about(what, target.kind)) {
            continue;
        }
        let (name, wanted) = (text(&quota, "/metadata/name"), uses(target.kind, object));
        must_say(target, name, (&limits, &wanted), object)?;
        let is = used(records, target.cluster, namespace, hard);
        let over: Vec<&String> = limits
            .iter()
            .filter(|(what, limit)| wanted.get(*what).is_some_and(|more| *more > 0 && is[*what] + more > **limit))
            .map(|(what, _)| what)
            .collect();
        if over.is_empty() {
            continue;
        }
        let list = |amounts: &dyn Fn(&String) -> i64| {
            over.iter().map(|what| format!("{what}={}", written(what, amounts(what)))).collect::<Vec<_>>().join(",")
        };
        let (more, there, most) = (list(&|what| wanted[what]), list(&|what| is[what]), list(&|what| limits[what]));
        let why = format!("exceeded quota: {name}, requested: {more}, used: {there}, limited: {most}");
        return Err(forbidden(target, object, &why));
    }
    Ok(())
}

/// Refuses what an admission rule forbids.
pub fn forbidden(target: &Target<'_>, object: &Json, why: &str) -> Failure {
    let name = text(object, "/metadata/name");
    let message = format!("{} \"{name}\" is forbidden: {why}", target.kind.qualified());
    Failure::about(target.kind, name, (403, "Forbidden"), message)
}

/// Where a quota limits processors or memory, every pod has to say how much it takes.
fn must_say(target: &Target<'_>, quota: &str, (limits, wanted): (&Used, &Used), object: &Json) -> Result<(), Failure> {
    if !target.kind.is("", "pods") {
        return Ok(());
    }
    let computes = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
    let silent: Vec<&str> =
        computes.into_iter().filter(|what| limits.contains_key(*what) && !wanted.contains_key(*what)).collect();
    if silent.is_empty() {
        return Ok(());
    }
    let containers = object["spec"]["containers"].as_array().into_iter().flatten();
    let names: Vec<&str> = containers.map(|container| text(container, "/name")).collect();
    let said: Vec<String> = silent.iter().map(|what| format!("{what} for: {}", names.join(","))).collect();
    Err(forbidden(target, object, &format!("failed quota: {quota}: must specify {}", said.join("; "))))
}
