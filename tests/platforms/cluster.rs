//! What is in a cluster after an apply, by the records of the sandbox's world.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sandbox::{Frame, Records, Settings};
use serde_json::Value as Json;

use super::facts::{DEFAULT, POOL, fact, shown, taints, text};

/// Labels that say where a machine is, or what only its cloud calls it.
const OWN: &[&str] = &["eks.amazonaws.com/", "failure-domain.", "kubernetes.io/hostname", "topology."];

/// Returns what there is, each thing by its name.
pub(super) fn of(folder: &Path) -> BTreeMap<String, String> {
    let settings = Settings { folder: Some(folder.join(".gantry/sandbox")), ..Settings::default() };
    let frame = Frame::open(&settings).expect("nobody serves the world");
    frame.world.look(|records| {
        let mut facts = BTreeMap::new();
        nodes(records, &mut facts);
        for (_, _, class) in objects(records, "storageclasses") {
            let name = text(&class["metadata"]["name"]);
            let is_default = class["metadata"]["annotations"][DEFAULT] == "true";
            fact(&mut facts, &["storage class", name, "provisioner"], text(&class["provisioner"]));
            fact(&mut facts, &["storage class", name, "default"], &is_default.to_string());
        }
        for kind in ["daemonsets", "deployments", "statefulsets"] {
            for (namespace, name, object) in objects(records, kind) {
                let pods =
                    if kind == "daemonsets" { "on every node".to_owned() } else { shown(&object["spec"]["replicas"]) };
                fact(&mut facts, &[kind.trim_end_matches('s'), &format!("{namespace}/{name}")], &pods);
            }
        }
        facts
    })
}

/// Returns the objects of a kind with their namespaces and names.
fn objects<'r>(records: &'r Records, kind: &'r str) -> impl Iterator<Item = (&'r str, &'r str, Json)> {
    records.under("k8s/").filter_map(move |(record, text)| {
        let mut parts = record.split('/').skip(3);
        let (plural, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
        (plural == kind).then(|| (namespace, name, serde_json::from_str(text).unwrap_or_default()))
    })
}

fn nodes(records: &Records, facts: &mut BTreeMap<String, String>) {
    let mut pools: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for (_, _, node) in objects(records, "nodes") {
        let pool = node["metadata"]["labels"][POOL].as_str().unwrap_or("(none)").to_owned();
        pools.entry(pool).or_default().push(node);
    }
    for (pool, nodes) in &pools {
        let labels = |node: &Json| -> BTreeSet<String> {
            let all = node["metadata"]["labels"].as_object().into_iter().flatten();
            let shared = all.filter(|(name, _)| !OWN.iter().any(|own| name.starts_with(own)));
            shared.map(|(name, value)| format!("{name}={}", text(value))).collect()
        };
        let all: BTreeSet<Vec<String>> = nodes.iter().map(|node| labels(node).into_iter().collect()).collect();
        let of_taints: BTreeSet<String> =
            nodes.iter().map(|node| taints(node["spec"]["taints"].as_array().into_iter().flatten())).collect();
        let path = |part| ["nodes of", pool.as_str(), part];
        fact(facts, &path("count"), &nodes.len().to_string());
        fact(facts, &path("labels"), &all.into_iter().map(|labels| labels.join(", ")).collect::<Vec<_>>().join("; "));
        fact(facts, &path("taints"), &of_taints.into_iter().collect::<Vec<_>>().join("; "));
        fact(facts, &path("version"), text(&nodes[0]["status"]["nodeInfo"]["kubeletVersion"]));
    }
}
