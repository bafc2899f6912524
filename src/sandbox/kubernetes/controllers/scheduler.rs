//! The scheduler: finds a node for each pod that has none, or says why there is none.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::index::{Index, Named, Node, Pod};
use super::pod_spec::{selects, term_takes, untolerated, wants_node};
use super::quantity::{self, Amounts};
use super::work::{CLAIMS, Of, PODS, VOLUMES, Work, annotation, is_ending, set_condition, set_metadata};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

/// The annotation by which a claim learns for which node its volume is to be made.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const SOURCE: &str = "default-scheduler";
/// Looks at those pods only that were not tried yet.
const NEW: &str = "new";
/// Looks at all pods that are on no node.
const ALL: &str = "all";

/// The scheduler.
pub struct Scheduler;

impl Controller for Scheduler {
    fn name(&self) -> &'static str {
        "scheduler"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("", "nodes"),
            ("", "persistentvolumeclaims"),
            ("", "persistentvolumes"),
            ("", "pods"),
            ("storage.k8s.io", "storageclasses"),
        ]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        if index.waiting.is_empty() {
            return;
        }
        let key = |name: &str| (String::new(), name.to_owned());
        match event.plural {
            "pods" if index.waiting.contains(&(event.namespace.to_owned(), event.name.to_owned())) => {
                keys.push(key(NEW));
            }
            // What a pod leaves behind may be enough for another.
            "pods" => {
                let ended = |pod: &Json| matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
                if event.is_gone() || ended(event.after()) && !ended(event.before()) {
                    keys.push(key(ALL));
                }
            }
            "nodes" => {
                let (before, after) = (event.before(), event.after());
                let same = |path: &str| before.pointer(path) == after.pointer(path);
                if !["/spec", "/metadata/labels", "/status"].into_iter().all(same) {
                    keys.push(key(ALL));
                }
            }
            _ => keys.push(key(ALL)),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let is_all = work.key.name == ALL;
        let mut room = Room::new(work.index);
        for named in &work.index.waiting {
            let Some(pod) = work.get(PODS, &named.0, &named.1) else { continue };
            let node = text(&pod, "/spec/nodeName");
            if !node.is_empty() {
                // Placed since the index was made.
                room.take(node, named, Pod::read(&pod));
                continue;
            }
            if is_ending(&pod) || !is_ours(&pod, work.index) || !is_all && was_tried(&pod) {
                continue;
            }
            place_pod(work, &mut room, named, &pod);
        }
        Ok(())
    }
}

/// Pods of other schedulers wait for those; one that runs in the cluster does as we do.
fn is_ours(pod: &Json, index: &Index) -> bool {
    let name = text(pod, "/spec/schedulerName");
    let is_gated = pod["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty());
    let runs = || index.pods.iter().any(|((_, pod), known)| known.is_ready && pod.starts_with(name));
    !is_gated && (name.is_empty() || name == "default-scheduler" || runs())
}

fn was_tried(pod: &Json) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == "PodScheduled" && one["status"] == "False")
}

/// What is left of the nodes in this round.
struct Room<'i> {
    index: &'i Index,
    taken: BTreeMap<String, Amounts>,
    placed: Vec<(Named, Pod)>,
}

impl<'i> Room<'i> {
    fn new(index: &'i Index) -> Room<'i> {
        Room { index, taken: BTreeMap::new(), placed: Vec::new() }
    }

    fn take(&mut self, node: &str, named: &Named, mut pod: Pod) {
        quantity::add(self.taken.entry(node.to_owned()).or_default(), &pod.requests);
        node.clone_into(&mut pod.node);
        self.placed.push((named.clone(), pod));
    }

    fn used(&self, name: &str, node: &Node) -> Amounts {
        let mut used = node.used.clone();
        if let Some(more) = self.taken.get(name) {
            quantity::add(&mut used, more);
        }
        used
    }

    /// Returns all pods that are on nodes.
    fn pods(&self) -> impl Iterator<Item = (&Named, &Pod)> {
        let known = self.index.pods.iter().filter(|(_, pod)| !pod.node.is_empty());
        known.chain(self.placed.iter().map(|(named, pod)| (named, pod))).filter(|(_, pod)| !pod.is_finished())
    }
}

/// What a pod's claims mean for where it can be.
#[derive(Default)]
struct Claims {
    /// Terms that the node has to fulfil, one list for each volume that is there.
    terms: Vec<Json>,
    /// Claims whose volumes are made where the pod goes.
    open: Vec<Json>,
}

fn claims(work: &Work<'_, '_>, namespace: &str, pod: &Pod) -> Result<Claims, String> {
    let mut found = Claims::default();
    for name in &pod.claims {
        let Some(claim) = work.get(CLAIMS, namespace, name) else {
            return Err(format!("persistentvolumeclaim \"{name}\" not found"));
        };
        if is_ending(&claim) {
            return Err(format!("persistentvolumeclaim \"{name}\" is being deleted"));
        }
        let volume = text(&claim, "/spec/volumeName");
        if !volume.is_empty() && claim["status"]["phase"] == "Bound" {
            let volume = work.get(VOLUMES, "", volume).unwrap_or_default();
            let terms = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
            if terms.is_array() {
                found.terms.push(terms.clone());
            }
            continue;
        }
        let class = text(&claim, "/spec/storageClassName");
        let class = work.get(Of("storage.k8s.io", "storageclasses"), "", class).unwrap_or_default();
        if class["volumeBindingMode"] != "WaitForFirstConsumer" {
            return Err("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
        found.open.push(claim);
    }
    Ok(found)
}

fn place_pod(work: &mut Work<'_, '_>, room: &mut Room<'_>, named: &Named, pod: &Json) {
    let known = Pod::read(pod);
    let count = work.index.nodes.len();
    if count == 0 {
        return refuse(work, pod, "no nodes available to schedule pods");
    }
    let claims = match claims(work, &named.0, &known) {
        Ok(claims) => claims,
        Err(why) => {
            let message = format!(
                "0/{count} nodes are available: {why}. preemption: 0/{count} nodes are available: {count} Preemption is not helpful for scheduling."
            );
            return refuse(work, pod, &message);
        }
    };
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut best, mut helpless) = (None, 0);
    for (name, node) in &work.index.nodes {
        match fits(room, (named, pod, &known), &claims, (name, node)) {
            Ok(()) => {
                let score = score(room, pod, &known, (name, node));
                if best.as_ref().is_none_or(|(least, _)| score < *least) {
                    best = Some((score, name.clone()));
                }
            }
            Err(misfit) => {
                helpless += usize::from(!misfit.is_room);
                for reason in misfit.reasons {
                    *reasons.entry(reason).or_default() += 1;
                }
            }
        }
    }
    match best {
        Some((_, node)) if claims.open.is_empty() => {
            bind(work, pod, &node);
            room.take(&node, named, known);
        }
        Some((_, node)) => select_node(work, &claims.open, &node),
        None => refuse(work, pod, &explained(count, &reasons, helpless)),
    }
}

fn explained(count: usize, reasons: &BTreeMap<String, usize>, helpless: usize) -> String {
    let mut said: Vec<String> = reasons.iter().map(|(reason, times)| format!("{times} {reason}")).collect();
    said.sort();
    let mut preemption = Vec::new();
    if helpless < count {
        preemption.push(format!("{} No preemption victims found for incoming pod", count - helpless));
    }
    if helpless > 0 {
        preemption.push(format!("{helpless} Preemption is not helpful for scheduling"));
    }
    preemption.sort();
    let (said, preemption) = (said.join(", "), preemption.join(", "));
    format!("0/{count} nodes are available: {said}. preemption: 0/{count} nodes are available: {preemption}.")
}

/// Why a pod does not fit on a node.
struct Misfit {
    reasons: Vec<String>,
    /// It would fit if others were not there.
    is_room: bool,
}

fn misfit(reason: impl Into<String>, is_room: bool) -> Misfit {
    Misfit { reasons: vec![reason.into()], is_room }
}

fn fits(
    room: &Room<'_>,
    (named, pod, known): (&Named, &Json, &Pod),
    claims: &Claims,
    (name, node): (&str, &Node),
) -> Result<(), Misfit> {
    let spec = &pod["spec"];
    let unschedulable = json!([{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]);
    let unschedulable = unschedulable.as_array().map(Vec::as_slice).unwrap_or_default();
    if node.is_cordoned && untolerated(spec, unschedulable, &["NoSchedule"]).is_some() {
        return Err(misfit("node(s) were unschedulable", false));
    }
    let of_node = |taint: &Json| taint["key"] != "node.kubernetes.io/unschedulable";
    let taints: Vec<Json> = node.taints.iter().filter(|taint| of_node(taint)).cloned().collect();
    if let Some(taint) = untolerated(spec, &taints, &["NoSchedule", "NoExecute"]) {
        let (key, value) = (text(taint, "/key"), text(taint, "/value"));
        return Err(misfit(format!("node(s) had untolerated taint {{{key}: {value}}}"), false));
    }
    if !wants_node(spec, name, &node.labels) {
        return Err(misfit("node(s) didn't match Pod's node affinity/selector", false));
    }
    let used = room.used(name, node);
    let mut short = Vec::new();
    for (what, amount) in &known.requests {
        let free =
            node.allocatable.get(what).copied().unwrap_or_default() - used.get(what).copied().unwrap_or_default();
        if *amount > free && *amount > 0 {
            short.push(if what == "pods" { "Too many pods".to_owned() } else { format!("Insufficient {what}") });
        }
    }
    if !short.is_empty() {
        let can_ever =
            known.requests.iter().all(|(what, amount)| node.allocatable.get(what).is_some_and(|all| all >= amount));
        return Err(Misfit { reasons: short, is_room: can_ever });
    }
    let is_there =
        |terms: &Json| terms.as_array().into_iter().flatten().any(|term| term_takes(term, name, &node.labels));
    if !claims.terms.iter().all(is_there) {
        return Err(misfit("node(s) had volume node affinity conflict", false));
    }
    neighbours(room, (named, spec, known), node)
}

/// Checks what a pod wants of the pods near it, and they of it.
fn neighbours(room: &Room<'_>, (named, spec, known): (&Named, &Json, &Pod), node: &Node) -> Result<(), Misfit> {
    let zone_of = |pod: &Pod, key: &str| room.index.nodes.get(&pod.node).and_then(|node| node.labels.get(key).cloned());
    let near = |pod: &Pod, key: &str| zone_of(pod, key).is_some_and(|value| node.labels.get(key) == Some(&value));
    let meant = |term: &Json, (own, other): (&Named, &Named), pod: &Pod| {
        let namespaces = term["namespaces"].as_array();
        let in_namespace = match namespaces.filter(|all| !all.is_empty()) {
            Some(all) => all.iter().any(|one| *one == *other.0),
            None => own.0 == other.0 || term["namespaceSelector"].is_object(),
        };
        in_namespace && selects(&term["labelSelector"], &pod.labels)
    };
    let terms = |list: &Json| list.as_array().cloned().unwrap_or_default();
    for term in terms(&known.repels) {
        let key = text(&term, "/topologyKey");
        if room.pods().any(|(other, pod)| near(pod, key) && meant(&term, (named, other), pod)) {
            return Err(misfit("node(s) didn't match pod anti-affinity rules", true));
        }
    }
    for (other, pod) in room.pods().filter(|(_, pod)| pod.repels.is_array()) {
        let repels = |term: &Json| near(pod, text(term, "/topologyKey")) && meant(term, (other, named), known);
        if terms(&pod.repels).iter().any(repels) {
            return Err(misfit("node(s) didn't satisfy existing pods anti-affinity rules", true));
        }
    }
    for term in terms(&spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]) {
        let key = text(&term, "/topologyKey");
        let is_near = room.pods().any(|(other, pod)| near(pod, key) && meant(&term, (named, other), pod));
        let is_first =
            meant(&term, (named, named), known) && !room.pods().any(|(other, pod)| meant(&term, (named, other), pod));
        if !is_near && !is_first {
            return Err(misfit("node(s) didn't match pod affinity rules", false));
        }
    }
    spread(room, (named, spec, known), node)
}

/// Checks that pods stay spread as they are to be.
fn spread(room: &Room<'_>, (named, spec, known): (&Named, &Json, &Pod), node: &Node) -> Result<(), Misfit> {
    for constraint in spec["topologySpreadConstraints"].as_array().into_iter().flatten() {
        if constraint["whenUnsatisfiable"] != "DoNotSchedule" {
            continue;
        }
        let key = text(constraint, "/topologyKey");
        let Some(own) = node.labels.get(key) else {
            return Err(misfit("node(s) didn't match pod topology spread constraints (missing required label)", false));
        };
        let eligible = room.index.nodes.iter().filter(|(name, node)| wants_node(spec, name, &node.labels));
        let mut counts: BTreeMap<&String, i64> =
            eligible.filter_map(|(_, node)| node.labels.get(key)).map(|value| (value, 0)).collect();
        for (other, pod) in room.pods() {
            let is_counted = other.0 == named.0 && !pod.is_ending && selects(&constraint["labelSelector"], &pod.labels);
            let place = room.index.nodes.get(&pod.node).and_then(|node| node.labels.get(key));
            if let Some(count) = place.filter(|_| is_counted).and_then(|place| counts.get_mut(place)) {
                *count += 1;
            }
        }
        let least = counts.values().min().copied().unwrap_or_default();
        let own = counts.get(own).copied().unwrap_or_default()
            + i64::from(selects(&constraint["labelSelector"], &known.labels));
        if own - least > constraint["maxSkew"].as_i64().unwrap_or(1) {
            return Err(misfit("node(s) didn't match pod topology spread constraints", true));
        }
    }
    Ok(())
}

/// The lowest is the best.
type Score = (usize, Reverse<i64>, usize, usize, i64);

fn score(room: &Room<'_>, pod: &Json, known: &Pod, (name, node): (&str, &Node)) -> Score {
    let spec = &pod["spec"];
    let avoided = usize::from(untolerated(spec, &node.taints, &["PreferNoSchedule"]).is_some());
    let preferred = &spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"];
    let preferred = preferred.as_array().into_iter().flatten();
    let preferred = preferred.filter(|one| term_takes(&one["preference"], name, &node.labels));
    let weight: i64 = preferred.filter_map(|one| one["weight"].as_i64()).sum();
    let zone = |node: &Node| node.labels.get("topology.kubernetes.io/zone").cloned();
    let mine = |pod: &Pod| known.owner.is_some() && pod.owner == known.owner;
    let known_placed = room.index.of_owner(known.owner.as_deref().unwrap_or_default()).map(|(_, pod)| pod);
    let (mut here, mut in_zone) = (0, 0);
    for pod in known_placed.chain(room.placed.iter().map(|(_, pod)| pod)).filter(|pod| mine(pod)) {
        here += usize::from(pod.node == *name);
        in_zone += usize::from(room.index.nodes.get(&pod.node).is_some_and(|other| zone(other) == zone(node)));
    }
    let used = room.used(name, node);
    let part = |what: &str| {
        let all = node.allocatable.get(what).copied().unwrap_or_default().max(1);
        used.get(what).copied().unwrap_or_default().saturating_mul(1000) / all
    };
    (avoided, Reverse(weight), here, in_zone, part("cpu") + part("memory"))
}

fn bind(work: &mut Work<'_, '_>, pod: &Json, node: &str) {
    let mut after = pod.clone();
    after["spec"]["nodeName"] = node.into();
    let mut conditions = super::work::conditions(pod);
    set_condition(&mut conditions, "PodScheduled", true, ("", ""));
    after["status"]["conditions"] = conditions.into();
    work.put(PODS, pod, after);
    let (namespace, name) = super::work::place(pod);
    let message = format!("Successfully assigned {namespace}/{name} to {node}");
    work.event(pod, (SOURCE, "Scheduled"), &message);
}

/// Tells claims for which node their volumes are to be made; the pod goes there when they are.
fn select_node(work: &mut Work<'_, '_>, open: &[Json], node: &str) {
    for claim in open {
        let chosen = annotation(claim, SELECTED_NODE);
        if chosen.is_none_or(|chosen| !work.index.nodes.contains_key(chosen)) {
            let mut after = claim.clone();
            set_metadata(&mut after, "annotations", SELECTED_NODE, node.into());
            work.put(CLAIMS, claim, after);
        }
    }
}

fn refuse(work: &mut Work<'_, '_>, pod: &Json, message: &str) {
    let mut conditions = super::work::conditions(pod);
    let is_said = |one: &Json| one["type"] == "PodScheduled" && one["message"] == message;
    if conditions.iter().any(is_said) {
        return;
    }
    set_condition(&mut conditions, "PodScheduled", false, ("Unschedulable", message));
    let mut after = pod.clone();
    after["status"]["conditions"] = conditions.into();
    work.put(PODS, pod, after);
    work.event(pod, (SOURCE, "FailedScheduling"), message);
}
