//! What a plan says of pools, storage classes and add-ons, in words that are the same for all platforms.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Where a module keeps the pool that a node is of.
pub(super) const POOL: &str = "gantry.dev/pool";
/// What marks the default storage class.
pub(super) const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";

/// Returns what is planned, each thing by its name.
pub(super) fn of(plan: &Json) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    let changes = plan["resource_changes"].as_array().into_iter().flatten();
    let deferred = plan["deferred_changes"].as_array().into_iter().flatten().map(|one| &one["resource_change"]);
    for change in changes.chain(deferred) {
        let after = &change["change"]["after"];
        match change["type"].as_str().unwrap_or_default() {
            "aws_eks_node_group" => node_group(after, &mut facts),
            "kind_cluster" => containers(after, &mut facts),
            "kubernetes_storage_class" => storage_class(after, &mut facts),
            "kubernetes_annotations" => {
                let name = &after["metadata"][0]["name"];
                let mark = &after["annotations"][DEFAULT];
                fact(&mut facts, &["storage class", text(name), "default"], &format!("{} (brought along)", text(mark)));
            }
            "kubernetes_manifest" => manifest(change, &mut facts),
            _ => {}
        }
    }
    facts
}

pub(super) fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn fact(facts: &mut BTreeMap<String, String>, path: &[&str], value: &str) {
    facts.insert(path.join(" "), value.to_owned());
}

pub(super) fn shown(value: &Json) -> String {
    match value {
        Json::Null => "-".to_owned(),
        Json::String(text) => text.clone(),
        Json::Object(members) => {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
            if members.is_empty() { "-".to_owned() } else { members.join(", ") }
        }
        other => other.to_string(),
    }
}

fn taint(taint: &Json) -> String {
    // AWS has words of its own for effects.
    let effect = text(&taint["effect"]).replace('_', "").to_lowercase();
    format!("{}={}:{effect}", text(&taint["key"]), text(&taint["value"]))
}

pub(super) fn taints<'a>(all: impl Iterator<Item = &'a Json>) -> String {
    let all: Vec<String> = all.map(taint).collect();
    if all.is_empty() { "-".to_owned() } else { all.join(", ") }
}

fn node_group(after: &Json, facts: &mut BTreeMap<String, String>) {
    let name = text(&after["node_group_name"]);
    let scaling = &after["scaling_config"][0];
    fact(facts, &["pool", name, "nodes"], &format!("{} to {}", scaling["min_size"], scaling["max_size"]));
    fact(facts, &["pool", name, "machine"], text(&after["instance_types"][0]));
    fact(facts, &["pool", name, "bought"], &text(&after["capacity_type"]).to_lowercase());
    fact(facts, &["pool", name, "disk"], &shown(&after["disk_size"]));
    fact(facts, &["pool", name, "labels"], &shown(&after["labels"]));
    fact(facts, &["pool", name, "taints"], &taints(after["taint"].as_array().into_iter().flatten()));
    fact(facts, &["cluster version"], "1.35");
}

fn containers(after: &Json, facts: &mut BTreeMap<String, String>) {
    fact(
        facts,
        &["cluster version"],
        text(&after["node_image"]).trim_start_matches("kindest/node:v").get(..4).unwrap_or("?"),
    );
    fact(facts, &["cluster image"], text(&after["node_image"]));
    let nodes = after["kind_config"][0]["node"].as_array().into_iter().flatten();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for node in nodes.filter(|node| node["role"] == "worker") {
        let name = text(&node["labels"][POOL]).to_owned();
        let patches = node["kubeadm_config_patches"].as_array().into_iter().flatten();
        let patches: Vec<Json> = patches.filter_map(|patch| serde_json::from_str(text(patch)).ok()).collect();
        let all = patches.iter().flat_map(|patch| patch["nodeRegistration"]["taints"].as_array().into_iter().flatten());
        fact(facts, &["pool", &name, "machine"], "container");
        fact(facts, &["pool", &name, "labels"], &shown(&node["labels"]));
        fact(facts, &["pool", &name, "taints"], &taints(all));
        *counts.entry(name).or_default() += 1;
    }
    for (name, count) in counts {
        fact(facts, &["pool", &name, "nodes"], &count.to_string());
    }
}

fn storage_class(after: &Json, facts: &mut BTreeMap<String, String>) {
    let name = text(&after["metadata"][0]["name"]);
    fact(facts, &["storage class", name, "default"], text(&after["metadata"][0]["annotations"][DEFAULT]));
    fact(facts, &["storage class", name, "provisioner"], text(&after["storage_provisioner"]));
    fact(facts, &["storage class", name, "parameters"], &shown(&after["parameters"]));
    fact(facts, &["storage class", name, "grows"], &shown(&after["allow_volume_expansion"]));
    fact(facts, &["storage class", name, "binding"], text(&after["volume_binding_mode"]));
}

fn manifest(change: &Json, facts: &mut BTreeMap<String, String>) {
    let manifest = &change["change"]["after"]["manifest"];
    let kind = text(&manifest["kind"]).to_lowercase();
    let (_, address) = text(&change["address"]).split_once("addon.").unwrap_or_default();
    let add_on = address.split('.').next().unwrap_or_default().to_owned();
    let name = text(&manifest["metadata"]["name"]);
    let path = ["add-on", &add_on, &kind, name];
    let with = |part: &'static str| [&path[..], &[part]].concat();
    match &*kind {
        "statefulset" => {
            let spec = &manifest["spec"];
            let pod = &spec["template"]["spec"];
            let claim = &spec["volumeClaimTemplates"][0]["spec"];
            fact(facts, &with("pods"), &shown(&spec["replicas"]));
            fact(facts, &with("image"), text(&pod["containers"][0]["image"]));
            fact(facts, &with("pool"), &shown(&pod["nodeSelector"][POOL]));
            fact(facts, &with("asks for"), &shown(&pod["containers"][0]["resources"]["requests"]));
            fact(facts, &with("disk"), &shown(&claim["resources"]["requests"]["storage"]));
            fact(facts, &with("storage class"), &shown(&claim["storageClassName"]));
        }
        "service" => fact(facts, &with("type"), &shown(&manifest["spec"]["type"])),
        "resourcequota" => fact(facts, &with("at most"), &shown(&manifest["spec"]["hard"])),
        _ => fact(facts, &with("there"), "yes"),
    }
}
