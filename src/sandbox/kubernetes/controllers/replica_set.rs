//! ReplicaSets: as many pods of a template as are wanted.

use std::cmp::Reverse;

use serde_json::{Value as Json, json};

use super::index::{Index, Named, Pod};
use super::work::{self, Of, PODS, Work, is_ending, place, said, set_condition};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

/// ReplicaSets.
pub const SETS: Of = Of("apps", "replicasets");
/// Pods that are made or deleted at one time; the rest follows with the changes that these make.
const BURST_MAX: usize = 500;

/// How often pods that were refused are tried again, without anything having changed.
const RETRIES_MAX: u64 = 20;

/// The controller of ReplicaSets.
pub struct ReplicaSets;

impl Controller for ReplicaSets {
    fn name(&self) -> &'static str {
        "replicasets"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("apps", "replicasets"), ("", "pods")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        match event.plural {
            "pods" => keys.extend(event.owners("ReplicaSet")),
            _ => keys.push((event.namespace.to_owned(), event.name.to_owned())),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(set) = work.get(SETS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        let uid = text(&set, "/metadata/uid").to_owned();
        let pods: Vec<(&Named, &Pod)> = work.index.of_owner(&uid).filter(|(_, pod)| pod.is_active()).collect();
        let wanted = set["spec"]["replicas"].as_u64().unwrap_or(1) as usize;
        let mut failure = None;
        let mut made = 0;
        if is_ending(&set) {
        } else if pods.len() < wanted {
            let missing = (wanted - pods.len()).min(BURST_MAX);
            while made < missing && failure.is_none() {
                match create_pod(work, &set, "replicaset-controller") {
                    Ok(_) => made += 1,
                    Err(stop) => failure = Some(said(&stop)),
                }
            }
        } else {
            let over = least_needed(work.index, &pods, pods.len() - wanted);
            for (namespace, name) in over.into_iter().take(BURST_MAX) {
                work.delete(PODS, &namespace, &name, json!({}))?;
                let message = format!("Deleted pod: {name}");
                work.event(&set, ("replicaset-controller", "SuccessfulDelete"), &message);
            }
        }
        try_again(work, failure.is_some());
        let status = status(work, &set, &pods, made, failure);
        work.set_status(SETS, &set, status);
        Ok(())
    }
}

/// Plans another attempt at what was refused, later each time.
fn try_again(work: &mut Work<'_, '_>, is_refused: bool) {
    let noted = work.notes(&work.key.controller, &work.key.namespace, &work.key.name);
    let mut after = if noted.is_object() { noted.clone() } else { json!({}) };
    let (now, times) = (work.now(), noted["times"].as_u64().unwrap_or_default());
    if !is_refused {
        after["times"] = Json::Null;
        after["retry"] = Json::Null;
    } else if noted["retry"].as_u64().is_none_or(|due| due <= now) && times < RETRIES_MAX {
        let wait = super::RETRY_AFTER * (1 << times.min(7));
        after["times"] = (times + 1).into();
        after["retry"] = (now + wait.as_millis() as u64).into();
        work.again(wait);
    }
    if after != noted && (is_refused || noted.is_object()) {
        work.keep(&after);
    }
}

/// Makes a pod from an object's template, controlled by it.
pub fn create_pod(work: &mut Work<'_, '_>, owner: &Json, source: &str) -> Result<Json, Stop> {
    let pod = pod_of(owner, &owner["spec"]["template"]);
    create(work, owner, source, pod)
}

/// Makes a pod that an object controls, and tells of it.
pub fn create(work: &mut Work<'_, '_>, owner: &Json, source: &str, pod: Json) -> Result<Json, Stop> {
    let (namespace, _) = place(owner);
    match work.create(PODS, &namespace, pod) {
        Ok(pod) => {
            let message = format!("Created pod: {}", text(&pod, "/metadata/name"));
            work.event(owner, (source, "SuccessfulCreate"), &message);
            Ok(pod)
        }
        Err(stop) => {
            let message = format!("Error creating: {}", said(&stop));
            work.event(owner, (source, "FailedCreate"), &message);
            Err(stop)
        }
    }
}

/// Returns a pod of a template, with an owner, without a name.
pub fn pod_of(owner: &Json, template: &Json) -> Json {
    let mut metadata = json!({"generateName": format!("{}-", text(owner, "/metadata/name"))});
    for member in ["labels", "annotations", "finalizers"] {
        if !template["metadata"][member].is_null() {
            metadata[member] = template["metadata"][member].clone();
        }
    }
    metadata["ownerReferences"] = json!([work::owner_reference(owner)]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

/// Returns which pods go first: those on no node, those that do not run, those that are not ready, those that share their
/// node with many of the others, the youngest.
pub fn least_needed(index: &Index, pods: &[(&Named, &Pod)], count: usize) -> Vec<Named> {
    let neighbours = |pod: &Pod| pods.iter().filter(|(_, other)| other.node == pod.node).count();
    let cost = |_: &Index, pod: &Pod| {
        (!pod.node.is_empty(), pod.phase == "Running", pod.is_ready, Reverse(neighbours(pod)), Reverse(pod.version))
    };
    let mut ranked: Vec<_> = pods.iter().map(|(named, pod)| (cost(index, pod), (*named).clone())).collect();
    ranked.sort();
    ranked.into_iter().take(count).map(|(_, named)| named).collect()
}

/// Returns how many pods are available: ready for as long as is wanted. Looks again when more may have become so.
pub fn available(work: &mut Work<'_, '_>, pods: &[(&Named, &Pod)], ready_seconds: u64) -> usize {
    if ready_seconds == 0 {
        return pods.iter().filter(|(_, pod)| pod.is_ready).count();
    }
    let now = work.now();
    let (mut count, mut next) = (0, None);
    for ((namespace, name), _) in pods.iter().filter(|(_, pod)| pod.is_ready) {
        let since = work.notes("kubelet", namespace, name)["ready"].as_u64().unwrap_or(now);
        let at = since + ready_seconds * 1000;
        if at <= now {
            count += 1;
        } else {
            next = Some(next.map_or(at, |next: u64| next.min(at)));
        }
    }
    if let Some(next) = next {
        let noted = work.notes(&work.key.controller, &work.key.namespace, &work.key.name);
        // One alarm for one moment, however often this is looked at before.
        if noted["available"].as_u64() != Some(next) {
            work.again(std::time::Duration::from_millis(next - now));
            let mut noted = if noted.is_object() { noted } else { json!({}) };
            noted["available"] = next.into();
            work.keep(&noted);
        }
    }
    count
}

fn status(work: &mut Work<'_, '_>, set: &Json, pods: &[(&Named, &Pod)], made: usize, failure: Option<String>) -> Json {
    let labels = &set["spec"]["template"]["metadata"]["labels"];
    let has_all = |pod: &Pod| {
        labels
            .as_object()
            .is_none_or(|all| all.iter().all(|(key, value)| pod.labels.get(key).map(String::as_str) == value.as_str()))
    };
    let seconds = set["spec"]["minReadySeconds"].as_u64().unwrap_or_default();
    let mut conditions = work::conditions(set);
    let is_told = conditions.iter().any(|one| one["type"] == "ReplicaFailure");
    if failure.is_none() {
        conditions.retain(|one| one["type"] != "ReplicaFailure");
    }
    // The message names the pod that was to be, another one each time: the first stays.
    if let Some(failure) = failure.as_ref().filter(|_| !is_told) {
        set_condition(&mut conditions, "ReplicaFailure", true, ("FailedCreate", failure));
    }
    let mut status = json!({"replicas": pods.len() + made});
    let counts = [
        ("fullyLabeledReplicas", pods.iter().filter(|(_, pod)| has_all(pod)).count() + made),
        ("readyReplicas", pods.iter().filter(|(_, pod)| pod.is_ready).count()),
        ("availableReplicas", available(work, pods, seconds)),
    ];
    for (member, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        status[member] = count.into();
    }
    status["observedGeneration"] = set["metadata"]["generation"].clone();
    if !conditions.is_empty() {
        status["conditions"] = conditions.into();
    }
    status
}
