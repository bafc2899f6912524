//! What a cluster is made from: kind's form `kind.x-k8s.io/v1alpha4`, checked as kind does, and the containers it asks for.
//!
//! What only containers would notice (mounts, ports, containerd, features) is checked and has no effect. What would make
//! another cluster, and is not emulated, is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::cluster::{Container, Role};

/// The version of kind that this is like.
pub const VERSION: &str = "0.32.0";
/// The image of nodes that name none.
pub const DEFAULT_IMAGE: &str =
    "kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5";

const API_VERSION: &str = "kind.x-k8s.io/v1alpha4";
const CLUSTER: &[&str] = &[
    "apiVersion",
    "containerdConfigPatches",
    "containerdConfigPatchesJSON6902",
    "featureGates",
    "kind",
    "kubeadmConfigPatches",
    "kubeadmConfigPatchesJSON6902",
    "name",
    "networking",
    "nodes",
    "runtimeConfig",
];
const NETWORKING: &[&str] = &[
    "apiServerAddress",
    "apiServerPort",
    "disableDefaultCNI",
    "dnsSearch",
    "ipFamily",
    "kubeProxyMode",
    "podSubnet",
    "serviceSubnet",
];
const NODE: &[&str] = &[
    "extraMounts",
    "extraPortMappings",
    "image",
    "kubeadmConfigPatches",
    "kubeadmConfigPatchesJSON6902",
    "labels",
    "role",
];
const MOUNT: &[&str] = &["containerPath", "hostPath", "propagation", "readOnly", "selinuxRelabel"];
const PORT: &[&str] = &["containerPort", "hostPort", "listenAddress", "protocol"];
const PROXY_MODES: &[&str] = &["iptables", "ipvs", "nftables", "none"];

/// The taint, and a label, of nodes with a control plane.
pub(super) const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
const NOT_BALANCED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// Returns the containers of a cluster, without addresses; those that control it come first.
pub(super) fn containers(name: &str, config: &Json, image: Option<&str>) -> Result<Vec<Container>, String> {
    form(config)?;
    let lone = [json!({"role": "control-plane"})];
    let nodes = config["nodes"].as_array().filter(|nodes| !nodes.is_empty()).map_or(&lone[..], Vec::as_slice);
    let mut wrong = Vec::new();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c)) {
        wrong.push(format!("'{name}' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`"));
    }
    network(&config["networking"], &mut wrong);
    for (place, node) in nodes.iter().enumerate() {
        ports(node).into_iter().for_each(|why| wrong.push(format!("invalid configuration for node {place}: {why}")));
    }
    let mut counts: BTreeMap<Role, usize> = BTreeMap::new();
    let mut made = Vec::new();
    for (place, node) in nodes.iter().enumerate() {
        match container((name, config), node, image, &mut counts) {
            Ok(container) => made.push(container),
            Err(why) => wrong.push(format!("invalid configuration for node {place}: {why}")),
        }
    }
    if made.iter().all(|container| container.role != Role::ControlPlane) {
        wrong.push("must have at least one control-plane node".to_owned());
    }
    match &wrong[..] {
        [] => {}
        [one] => return Err(one.clone()),
        several => return Err(format!("[{}]", several.join(", "))),
    }
    let controls = counts.get(&Role::ControlPlane).copied().unwrap_or_default();
    made.sort_by_key(|container| container.role);
    alone(&mut made);
    if controls > 1 {
        let name = format!("{name}-{}", Role::ExternalLoadBalancer.name());
        let nothing = Container {
            name,
            role: Role::ExternalLoadBalancer,
            version: String::new(),
            address: String::new(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
        };
        made.push(nothing);
    }
    Ok(made)
}

/// On a node that is everything, pods run, and load balancers reach it.
fn alone(made: &mut [Container]) {
    if let [only] = made {
        only.taints.retain(|taint| taint["key"] != CONTROL_PLANE);
        only.labels.remove(NOT_BALANCED);
    }
}

/// Checks the names of what is there.
fn form(config: &Json) -> Result<(), String> {
    if config.is_null() {
        return Ok(());
    }
    if config["apiVersion"] != API_VERSION {
        return Err(format!("unknown apiVersion: {}", config["apiVersion"].as_str().unwrap_or_default()));
    }
    if config["kind"] != "Cluster" {
        let kind = config["kind"].as_str().unwrap_or_default();
        return Err(format!("unknown kind {kind} for apiVersion: {API_VERSION}"));
    }
    known(config, CLUSTER, "Cluster")?;
    known(&config["networking"], NETWORKING, "Networking")?;
    let list = |json: &Json, member: &str| json[member].as_array().cloned().unwrap_or_default();
    for node in list(config, "nodes") {
        known(&node, NODE, "Node")?;
        list(&node, "extraMounts").iter().try_for_each(|mount| known(mount, MOUNT, "Mount"))?;
        list(&node, "extraPortMappings").iter().try_for_each(|port| known(port, PORT, "PortMapping"))?;
        emulated(&node)?;
    }
    emulated(config)?;
    let networking = &config["networking"];
    for (member, is_other) in [
        ("disableDefaultCNI", networking["disableDefaultCNI"] == true),
        ("ipFamily", networking["ipFamily"].as_str().is_some_and(|family| ["ipv6", "dual"].contains(&family))),
    ] {
        if is_other {
            return Err(format!("the sandbox's kind does not emulate {member}: {}", networking[member]));
        }
    }
    Ok(())
}

fn known(object: &Json, members: &[&str], kind: &str) -> Result<(), String> {
    let unknown = object.as_object().into_iter().flatten().map(|(member, _)| member);
    match unknown.into_iter().find(|member| !members.contains(&member.as_str())) {
        None => Ok(()),
        Some(member) => Err(format!("unable to decode config: field {member} not found in type v1alpha4.{kind}")),
    }
}

fn emulated(object: &Json) -> Result<(), String> {
    let member = "kubeadmConfigPatchesJSON6902";
    if object[member].as_array().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    Err(format!("the sandbox's kind does not emulate {member}; kubeadmConfigPatches can do the same"))
}

fn network(networking: &Json, wrong: &mut Vec<String>) {
    let word = |member: &str| networking[member].as_str().unwrap_or_default();
    if !["", "ipv4"].contains(&word("ipFamily")) {
        wrong.push(format!("invalid ipFamily: {}", word("ipFamily")));
    }
    if !word("kubeProxyMode").is_empty() && !PROXY_MODES.contains(&word("kubeProxyMode")) {
        wrong.push(format!("invalid kubeProxyMode: {}", word("kubeProxyMode")));
    }
    for (member, what) in [("podSubnet", "pod"), ("serviceSubnet", "service")] {
        if !word(member).is_empty() && !is_range(word(member)) {
            wrong.push(format!("invalid {what} subnet {}", word(member)));
        }
    }
    if !is_port(&networking["apiServerPort"]) {
        wrong.push(format!("invalid apiServerPort: invalid port number: {}", networking["apiServerPort"]));
    }
}

fn is_range(text: &str) -> bool {
    let parts = text.split_once('/').map(|(address, bits)| (address.parse::<std::net::Ipv4Addr>(), bits.parse::<u8>()));
    matches!(parts, Some((Ok(_), Ok(0..=32))))
}

fn is_port(port: &Json) -> bool {
    port.is_null() || port.as_i64().is_some_and(|port| (-1..=65_535).contains(&port))
}

/// Tells what is wrong with the ports that this machine is to serve for a node.
fn ports(node: &Json) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut taken: BTreeSet<(i64, String)> = BTreeSet::new();
    for mapping in node["extraPortMappings"].as_array().into_iter().flatten() {
        for member in ["hostPort", "containerPort"] {
            if !is_port(&mapping[member]) {
                wrong.push(format!("invalid {member}: invalid port number: {}", mapping[member]));
            }
        }
        let protocol = mapping["protocol"].as_str().unwrap_or("TCP").to_owned();
        let address = mapping["listenAddress"].as_str().unwrap_or("0.0.0.0");
        let port = mapping["hostPort"].as_i64().unwrap_or_default();
        if port > 0 && !taken.insert((port, format!("{address} {protocol}"))) {
            wrong.push(format!(
                "invalid portMapping: port mapping with same listen address, port and protocol already configured: \
                 {address}:{port}/{protocol}"
            ));
        }
    }
    wrong
}

/// Returns the container of a node.
fn container(
    (cluster, config): (&str, &Json),
    node: &Json,
    image: Option<&str>,
    counts: &mut BTreeMap<Role, usize>,
) -> Result<Container, String> {
    let role = match node["role"].as_str().unwrap_or("control-plane") {
        "control-plane" => Role::ControlPlane,
        "worker" => Role::Worker,
        other => return Err(format!("{other:?} is not a valid node role")),
    };
    let image = image.or_else(|| node["image"].as_str()).unwrap_or(DEFAULT_IMAGE);
    let version = version(image).ok_or_else(|| format!("failed to pull image {image:?}: there is no such image"))?;
    let count = counts.entry(role).or_default();
    *count += 1;
    let number = if *count == 1 { String::new() } else { count.to_string() };
    // The first control plane begins the cluster, all others join.
    let patched = if role == Role::ControlPlane && *count == 1 { "InitConfiguration" } else { "JoinConfiguration" };
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in node["labels"].as_object().into_iter().flatten() {
        labels.insert(name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let mut taints = None;
    for patch in patches(config).chain(patches(node)).filter(|patch| patch["kind"] == patched) {
        let registration = &patch["nodeRegistration"];
        taints = registration["taints"].as_array().cloned().or(taints);
        labels = node_labels(&registration["kubeletExtraArgs"]).unwrap_or(labels);
    }
    let mut own = Vec::new();
    if role == Role::ControlPlane {
        own.push(json!({"key": CONTROL_PLANE, "effect": "NoSchedule"}));
        labels.insert(CONTROL_PLANE.to_owned(), String::new());
        labels.insert(NOT_BALANCED.to_owned(), String::new());
    }
    let name = format!("{cluster}-{}{number}", role.name());
    Ok(Container { name, role, version, address: String::new(), labels, taints: taints.unwrap_or(own) })
}

fn patches(object: &Json) -> impl Iterator<Item = &Json> {
    object["kubeadmConfigPatches"].as_array().into_iter().flatten()
}

/// Reads the labels among the arguments of kubelets, which take the place of the node's own.
fn node_labels(arguments: &Json) -> Option<BTreeMap<String, String>> {
    const NAME: &str = "node-labels";
    let listed = || arguments.as_array()?.iter().find(|argument| argument["name"] == NAME)?["value"].as_str();
    let text = arguments[NAME].as_str().or_else(listed)?;
    let pairs = text.split(',').filter(|pair| !pair.is_empty());
    Some(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (k.into(), v.into())).collect())
}

/// Returns the version of Kubernetes that is in an image, by its tag: `kindest/node:v1.35.0`, with or without a digest.
fn version(image: &str) -> Option<String> {
    let image = image.split('@').next()?;
    let (_, tag) = image.rsplit_once(':')?;
    let version = tag.strip_prefix('v')?;
    let mut numbers = version.split('-').next()?.split('.').map(|number| number.parse::<u32>().is_ok());
    let is_version = numbers.by_ref().take(3).eq([true; 3]) && numbers.next().is_none();
    is_version.then(|| version.to_owned())
}
