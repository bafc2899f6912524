//! Nodes: machines of the cloud join the cluster, are replaced, and go.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::disruption::evict;
use super::index::{Index, Named, Pod};
use super::pod_spec::untolerated;
use super::quantity;
use super::work::{NODES, PODS, Work, conditions, is_ending, notes_prefix, set_condition, set_metadata};
use super::{Controller, Event};
use crate::kubernetes::cloud::{Instance, NodeSet};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;
use crate::world::Records;

/// How long a node takes from its first word until it is ready.
const JOIN: Duration = Duration::from_secs(15);
/// After how long a node that is emptied is looked at again.
const DRAIN_LOOK: Duration = Duration::from_secs(5);
/// How long a node that leaves waits for its pods.
const DRAIN_MAX: Duration = Duration::from_secs(15 * 60);
/// What keeps pods away from a node that is not ready.
const NOT_READY: &str = "node.kubernetes.io/not-ready";
const CORDONED: &str = "node.kubernetes.io/unschedulable";

/// The controller of nodes.
pub struct Nodes;

/// How far a node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// Its machine starts.
    Starting,
    /// It has said that it is there.
    Joining,
    /// It works.
    Ready,
    /// It is emptied; its machine goes.
    Leaving,
}

/// What is kept about a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    set: String,
    generation: String,
    provider_id: String,
    address: String,
    region: String,
    zone: String,
    version: String,
    step: Step,
    /// Until when the step takes, in milliseconds.
    due: u64,
    /// Since when it leaves.
    #[serde(default)]
    since: u64,
    /// It leaves because another one takes its place.
    #[serde(default)]
    is_replaced: bool,
    /// The labels that the set gave it.
    labels: BTreeMap<String, String>,
    /// The taints that the set gave it.
    taints: Vec<Json>,
}

impl Controller for Nodes {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("", "nodes")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        keys.push((String::new(), event.name.to_owned()));
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let name = work.key.name.clone();
        if name.is_empty() {
            return sets(work);
        }
        let node = work.get(NODES, "", &name);
        match &node {
            // Pods on a node that is not there any more are gone, too.
            None => {
                for (namespace, pod) in work.index.on_node(&name).map(|(named, _)| named.clone()).collect::<Vec<_>>() {
                    work.delete(PODS, &namespace, &pod, json!({"gracePeriodSeconds": 0}))?;
                }
            }
            Some(node) => {
                cordoned(work, node)?;
                expel(work, &name, node)?;
            }
        }
        let Some(note) = noted(work, &name) else { return Ok(()) };
        step(work, &name, note, node)
    }
}

fn noted(work: &Work<'_, '_>, name: &str) -> Option<Note> {
    serde_json::from_value(work.notes("nodes", "", name)).ok()
}

fn note(work: &mut Work<'_, '_>, name: &str, note: &Note) {
    work.keep_about("nodes", "", name, &serde_json::to_value(note).unwrap_or_default());
}

/// Returns all nodes that were made, by their names.
fn noted_in(records: &Records, cluster: &str) -> BTreeMap<String, Note> {
    let prefix = format!("{}nodes/_/", notes_prefix(cluster));
    let read = |(name, text): (&str, &std::sync::Arc<str>)| {
        Some((name[prefix.len()..].to_owned(), serde_json::from_str(text).ok()?))
    };
    records.under(&prefix).filter_map(read).collect()
}

/// Brings the machines in line with what the cloud wants of them.
fn sets(work: &mut Work<'_, '_>) -> Result<(), Stop> {
    let Some(cloud) = work.cloud else { return Ok(()) };
    let cluster = work.cluster();
    let sets = cloud.node_sets(work.change, cluster);
    let mut nodes = noted_in(work.change, cluster);
    let lost: Vec<String> = nodes
        .iter()
        .filter(|(_, note)| !cloud.has_instance(work.change, cluster, &note.provider_id))
        .map(|(name, _)| name.clone())
        .collect();
    for name in lost {
        nodes.remove(&name);
        remove(work, &name)?;
    }
    for set in &sets {
        keep_up(work, set, &nodes)?;
    }
    let is_wanted = |note: &Note| sets.iter().any(|set| set.name == note.set);
    for (name, old) in nodes.iter().filter(|(_, note)| !is_wanted(note)) {
        // The whole set is gone: nobody waits for pods any more.
        if old.step != Step::Leaving || old.since > 0 {
            leave(work, name, old, false);
            note(work, name, &Note { step: Step::Leaving, due: 0, since: 0, is_replaced: false, ..old.clone() });
        }
    }
    Ok(())
}

/// Brings the machines of one set in line: as many as are wanted, and of its present generation, some at a time.
fn keep_up(work: &mut Work<'_, '_>, set: &NodeSet, nodes: &BTreeMap<String, Note>) -> Result<(), Stop> {
    let of_set = |(_, note): &(&String, &Note)| note.set == set.name;
    let is_new = |note: &Note| set.rolling.is_none() || note.generation == set.generation;
    let mut own: Vec<(&String, &Note)> =
        nodes.iter().filter(of_set).filter(|(_, note)| note.step != Step::Leaving).collect();
    // Old ones go first, then what is not ready, then the youngest.
    own.sort_by_key(|(name, note)| (note.generation == set.generation, note.step == Step::Ready, (*name).clone()));
    let old = own.iter().filter(|(_, note)| !is_new(note)).count();
    let ready = own.iter().filter(|(_, note)| is_new(note) && note.step == Step::Ready).count();
    let leaving = nodes.iter().filter(of_set).filter(|(_, note)| note.step == Step::Leaving).count();
    let batch = set.unavailable_max.max(1);
    // While nodes are replaced there are some more than wanted, and old ones go when new ones have come for them.
    let most = set.desired + batch.min(old);
    let over = own.len().saturating_sub(most);
    let replaced = old.min((ready + old).saturating_sub(set.desired)).min(batch.saturating_sub(leaving));
    let going = over.max(replaced).min(own.len());
    for (name, note) in &own[..going] {
        leave(work, name, note, !is_new(note));
    }
    // Those that an earlier replacement could not empty are tried again.
    let is_left = |note: &Note| note.is_replaced && note.due == u64::MAX && set.rolling.is_some();
    for (name, note) in nodes.iter().filter(of_set).filter(|(_, note)| note.step == Step::Leaving && is_left(note)) {
        leave(work, name, note, true);
    }
    for (name, note) in &own[going..] {
        dress(work, name, note, set)?;
    }
    let mut zones: Vec<String> = own[going..].iter().map(|(_, note)| note.zone.clone()).collect();
    for _ in own.len()..most {
        zones.extend(start(work, set, &zones));
    }
    Ok(())
}

/// Starts a machine for a new node where there are fewest, as volumes are used only in their zone; returns its zone.
fn start(work: &mut Work<'_, '_>, set: &NodeSet, zones: &[String]) -> Option<String> {
    let count = |place: &usize| zones.iter().filter(|zone| **zone == set.places[*place].1).count();
    let place = (0..set.places.len()).min_by_key(count).unwrap_or_default();
    let made = work.cloud?.create_instance(&mut work.asked(), set, place);
    // What the cloud refuses it tells in its own way, as health of the set.
    let Ok(Instance { provider_id, host, address, region, zone }) = made else { return None };
    let made = Note {
        set: set.name.clone(),
        generation: set.generation.clone(),
        provider_id,
        address,
        region,
        zone: zone.clone(),
        version: set.version.clone(),
        step: Step::Starting,
        due: work.now() + set.start.as_millis() as u64,
        since: 0,
        is_replaced: false,
        labels: set.labels.clone(),
        taints: set.taints.clone(),
    };
    note(work, &host, &made);
    work.wake(set.start, "nodes", "", &host);
    Some(zone)
}

/// Begins the end of a node.
fn leave(work: &mut Work<'_, '_>, name: &str, old: &Note, is_replaced: bool) {
    let now = work.now();
    note(work, name, &Note { step: Step::Leaving, due: now, since: now, is_replaced, ..old.clone() });
    work.wake(Duration::ZERO, "nodes", "", name);
}

/// Gives a node the labels and taints that its set has now.
fn dress(work: &mut Work<'_, '_>, name: &str, old: &Note, set: &NodeSet) -> Result<(), Stop> {
    if old.labels == set.labels && old.taints == set.taints {
        return Ok(());
    }
    note(work, name, &Note { labels: set.labels.clone(), taints: set.taints.clone(), ..old.clone() });
    let Some(node) = work.get(NODES, "", name) else { return Ok(()) };
    let mut after = node.clone();
    for gone in old.labels.keys().filter(|key| !set.labels.contains_key(*key)) {
        after["metadata"]["labels"].as_object_mut().map(|labels| labels.shift_remove(gone));
    }
    for (key, value) in &set.labels {
        set_metadata(&mut after, "labels", key, value.clone().into());
    }
    let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    taints.retain(|taint| !old.taints.contains(taint) && !set.taints.contains(taint));
    taints.extend(set.taints.iter().cloned());
    set_taints(&mut after, taints);
    work.update(NODES, &node, after).map(drop)
}

fn set_taints(node: &mut Json, taints: Vec<Json>) {
    if !taints.is_empty() {
        node["spec"]["taints"] = taints.into();
    } else if let Some(spec) = node["spec"].as_object_mut() {
        spec.shift_remove("taints");
    }
}

/// A node that is cordoned has a taint that says so.
fn cordoned(work: &mut Work<'_, '_>, node: &Json) -> Result<(), Stop> {
    let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let is_cordoned = node["spec"]["unschedulable"] == true;
    if taints.iter().any(|taint| taint["key"] == CORDONED) == is_cordoned {
        return Ok(());
    }
    taints.retain(|taint| taint["key"] != CORDONED);
    if is_cordoned {
        taints.push(json!({"key": CORDONED, "effect": "NoSchedule", "timeAdded": work.stamp()}));
    }
    let mut after = node.clone();
    set_taints(&mut after, taints);
    work.update(NODES, node, after).map(drop)
}

/// Deletes the pods that do not tolerate a taint that lets none stay.
fn expel(work: &mut Work<'_, '_>, name: &str, node: &Json) -> Result<(), Stop> {
    let taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    if !taints.iter().any(|taint| taint["effect"] == "NoExecute") {
        return Ok(());
    }
    let here = work.index.on_node(name).filter(|(_, pod)| pod.is_active());
    let here: Vec<Named> = here.map(|(named, _)| named.clone()).collect();
    for (namespace, own) in here {
        let pod = work.get(PODS, &namespace, &own).unwrap_or_default();
        if !pod.is_null() && untolerated(&pod["spec"], &taints, &["NoExecute"]).is_some() {
            let message = format!("Marking for deletion Pod {namespace}/{own}");
            work.event(&pod, ("taint-eviction-controller", "TaintManagerEviction"), &message);
            work.delete(PODS, &namespace, &own, json!({}))?;
        }
    }
    Ok(())
}

/// Does the next step of a node, if its time has come.
fn step(work: &mut Work<'_, '_>, name: &str, old: Note, node: Option<Json>) -> Result<(), Stop> {
    if old.due > work.now() {
        return Ok(());
    }
    match old.step {
        Step::Starting => {
            let Some(cloud) = work.cloud else { return Ok(()) };
            let sets = cloud.node_sets(work.change, work.cluster());
            let Some(set) = sets.into_iter().find(|set| set.name == old.set) else { return Ok(()) };
            work.create(NODES, "", node_of(name, &old, &set))?;
            let due = work.now() + JOIN.as_millis() as u64;
            note(work, name, &Note { step: Step::Joining, due, ..old });
            work.again(JOIN);
        }
        Step::Joining => {
            note(work, name, &Note { step: Step::Ready, due: u64::MAX, ..old });
            let Some(node) = node else { return Ok(()) };
            let mut taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
            taints.retain(|taint| taint["key"] != NOT_READY);
            let mut after = node.clone();
            set_taints(&mut after, taints);
            let mut all = conditions(&node);
            set_condition(&mut all, "Ready", true, ("KubeletReady", "kubelet is posting ready status"));
            after["status"]["conditions"] = all.into();
            work.put(NODES, &node, after);
            work.event(&node, ("kubelet", "NodeReady"), &format!("Node {name} status is now: NodeReady"));
            // Old ones of its set may leave now.
            work.wake(Duration::ZERO, "nodes", "", "");
        }
        Step::Ready => {}
        Step::Leaving => {
            let Some(until) = patience(work, &old) else {
                note(work, name, &Note { due: u64::MAX, ..old });
                return Ok(());
            };
            if !drained(work, name, until, node)? {
                note(work, name, &Note { due: work.now() + DRAIN_LOOK.as_millis() as u64, ..old });
                work.again(DRAIN_LOOK);
                return Ok(());
            }
            let set = old.provider_id.clone();
            if let Some(cloud) = work.cloud {
                cloud.delete_instance(&mut work.asked(), &set);
            }
            remove(work, name)?;
            // Others of its set may have waited for it.
            work.wake(Duration::ZERO, "nodes", "", "");
        }
    }
    Ok(())
}

/// Returns until when the pods of a node that leaves are waited for; nothing while nobody asks them to go, because the
/// replacement of the node has failed.
fn patience(work: &Work<'_, '_>, note: &Note) -> Option<u64> {
    let own = note.since + DRAIN_MAX.as_millis() as u64;
    let sets = work.cloud.filter(|_| note.is_replaced).map(|cloud| cloud.node_sets(work.change, work.cluster()));
    match sets.into_iter().flatten().find(|set| set.name == note.set) {
        None => Some(own),
        Some(NodeSet { rolling: Some(rolling), .. }) if rolling.is_forced => Some(own),
        // The replacement fails then, and ends no pod.
        Some(set) => set.rolling.map(|_| u64::MAX),
    }
}

/// Tells how many nodes of a set are still to be replaced, and which could not be emptied in time.
pub fn to_replace(records: &Records, cluster: &str, set: &NodeSet, now: u64) -> (usize, Vec<String>) {
    let own = noted_in(records, cluster).into_iter().filter(|(_, note)| note.set == set.name);
    let old: Vec<(String, Note)> = own.filter(|(_, note)| note.generation != set.generation).collect();
    let count = old.len();
    let is_late = |note: &Note| note.step == Step::Leaving && now >= note.since + DRAIN_MAX.as_millis() as u64;
    let is_forced = set.rolling.as_ref().is_some_and(|rolling| rolling.is_forced);
    (count, old.into_iter().filter(|(_, note)| !is_forced && is_late(note)).map(|(name, _)| name).collect())
}

/// Takes the pods off a node, as far as budgets allow it; tells whether it is empty, or has been waited for long enough.
fn drained(work: &mut Work<'_, '_>, name: &str, until: u64, node: Option<Json>) -> Result<bool, Stop> {
    let Some(node) = node else { return Ok(true) };
    if node["spec"]["unschedulable"] != true {
        let mut after = node.clone();
        after["spec"]["unschedulable"] = true.into();
        work.update(NODES, &node, after)?;
    }
    if work.now() >= until {
        return Ok(true);
    }
    let pods: Vec<(Named, Pod)> = work
        .index
        .on_node(name)
        .filter(|(_, pod)| pod.owner_named.0 != "DaemonSet" && !pod.is_finished())
        .map(|(named, pod)| (named.clone(), pod.clone()))
        .collect();
    for (named, pod) in &pods {
        evict(work, named, pod)?;
    }
    Ok(pods.is_empty())
}

/// Takes a node away whose machine is gone.
fn remove(work: &mut Work<'_, '_>, name: &str) -> Result<(), Stop> {
    work.keep_about("nodes", "", name, &Json::Null);
    match work.get(NODES, "", name) {
        Some(node) if !is_ending(&node) => {
            let message = format!("Node {name} event: Removing Node {name} from Controller");
            work.event(&node, ("node-controller", "RemovingNode"), &message);
            work.delete(NODES, "", name, json!({}))
        }
        _ => Ok(()),
    }
}

fn node_of(name: &str, note: &Note, set: &NodeSet) -> Json {
    let machine = &set.machine;
    let mut labels: BTreeMap<String, String> = set.labels.clone();
    for (key, value) in [
        ("beta.kubernetes.io/arch", &*machine.architecture),
        ("beta.kubernetes.io/instance-type", &*machine.kind),
        ("beta.kubernetes.io/os", "linux"),
        ("failure-domain.beta.kubernetes.io/region", &*note.region),
        ("failure-domain.beta.kubernetes.io/zone", &*note.zone),
        ("kubernetes.io/arch", &*machine.architecture),
        ("kubernetes.io/hostname", name),
        ("kubernetes.io/os", "linux"),
        ("node.kubernetes.io/instance-type", &*machine.kind),
        ("topology.kubernetes.io/region", &*note.region),
        ("topology.kubernetes.io/zone", &*note.zone),
    ] {
        // Where there are no zones, nodes have none, but for those that they were given.
        if !value.is_empty() {
            labels.insert(key.to_owned(), value.to_owned());
        }
    }
    let mut taints = set.taints.clone();
    taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
    let amounts = |amounts: &quantity::Amounts| {
        let written = amounts.iter().map(|(name, amount)| (name.clone(), quantity::written(name, *amount).into()));
        Json::Object(written.collect())
    };
    let mut conditions = Vec::new();
    for (kind, reason, message) in [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "KubeletNotReady", "container runtime network not ready: cni plugin not initialized"),
    ] {
        set_condition(&mut conditions, kind, false, (reason, message));
    }
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {
            "alpha.kubernetes.io/provided-node-ip": note.address, "node.alpha.kubernetes.io/ttl": "0",
            "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        }},
        "spec": {"providerID": note.provider_id, "taints": taints},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": note.address}, {"type": "InternalDNS", "address": name},
                {"type": "Hostname", "address": name},
            ],
            "capacity": amounts(&machine.capacity), "allocatable": amounts(&machine.allocatable),
            "conditions": conditions,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": machine.architecture, "operatingSystem": "linux", "osImage": machine.image,
                "kernelVersion": machine.kernel, "containerRuntimeVersion": "containerd://2.1.4",
                "kubeletVersion": set.kubelet, "kubeProxyVersion": "",
                "machineID": text(&json!({"id": note.provider_id}), "/id").rsplit('/').next(), "systemUUID": "", "bootID": "",
            },
        },
    })
}
