//! DaemonSets: one pod on each node that takes it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::history;
use super::index::{Index, Named, Node, Pod};
use super::pod_spec::{untolerated, wants_node};
use super::quantity::share;
use super::replica_set::{available, create, pod_of};
use super::work::{Of, PODS, Work, is_ending};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const SETS: Of = Of("apps", "daemonsets");
const SOURCE: &str = "daemonset-controller";
const REVISION: &str = "controller-revision-hash";

/// The controller of DaemonSets.
pub struct DaemonSets;

impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        "daemonsets"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("apps", "daemonsets"), ("", "nodes"), ("", "pods")]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        match event.plural {
            "pods" => keys.extend(event.owners("DaemonSet")),
            "nodes" => {
                let same = |path: &str| event.before().pointer(path) == event.after().pointer(path);
                if !same("/spec") || !same("/metadata/labels") {
                    keys.extend(index.named("daemonsets").cloned());
                }
            }
            _ => keys.push((event.namespace.to_owned(), event.name.to_owned())),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(set) = work.get(SETS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        if is_ending(&set) {
            return Ok(());
        }
        let revision = history::current(work, &set)?;
        let mut spec = set["spec"]["template"]["spec"].clone();
        tolerate(&mut spec);
        let eligible: BTreeSet<&String> =
            work.index.nodes.iter().filter(|(name, node)| takes(&spec, name, node)).map(|(name, _)| name).collect();
        let mut by_node: BTreeMap<&str, Vec<(&Named, &Pod)>> = BTreeMap::new();
        for (named, pod) in work.index.of_owner(text(&set, "/metadata/uid")) {
            let node = if pod.node.is_empty() { &pod.target } else { &pod.node };
            by_node.entry(node).or_default().push((named, pod));
        }
        for (node, pods) in &by_node {
            let is_wanted = eligible.iter().any(|name| name == node);
            for (named, pod) in pods.iter().filter(|(_, pod)| !pod.is_ending) {
                if !is_wanted || pod.is_finished() {
                    drop_pod(work, &set, named)?;
                }
            }
        }
        for node in &eligible {
            if by_node.get(node.as_str()).is_none_or(Vec::is_empty) {
                make(work, &set, node, &revision.hash)?;
            }
        }
        roll(work, &set, &by_node, (&revision.hash, &eligible))?;
        let status = status(work, &set, &by_node, (&revision.hash, &eligible));
        work.set_status(SETS, &set, status);
        Ok(())
    }
}

/// Adds what pods of DaemonSets tolerate without saying so.
fn tolerate(spec: &mut Json) {
    let mut all = spec["tolerations"].as_array().cloned().unwrap_or_default();
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ] {
        let toleration = json!({"key": key, "operator": "Exists", "effect": effect});
        if !all.contains(&toleration) {
            all.push(toleration);
        }
    }
    spec["tolerations"] = all.into();
}

fn takes(spec: &Json, name: &str, node: &Node) -> bool {
    wants_node(spec, name, &node.labels) && untolerated(spec, &node.taints, &["NoSchedule", "NoExecute"]).is_none()
}

fn make(work: &mut Work<'_, '_>, set: &Json, node: &str, revision: &str) -> Result<(), Stop> {
    let mut pod = pod_of(set, &set["spec"]["template"]);
    super::work::set_metadata(&mut pod, "labels", REVISION, revision.into());
    tolerate(&mut pod["spec"]);
    let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let mut affinity = pod["spec"]["affinity"].as_object().cloned().map_or_else(|| json!({}), Json::Object);
    let own = affinity["nodeAffinity"][required]["nodeSelectorTerms"].as_array().cloned();
    let mut terms = own.filter(|terms| !terms.is_empty()).unwrap_or_else(|| vec![json!({})]);
    for term in terms.iter_mut().filter(|term| term.is_object()) {
        term["matchFields"] = json!([field]);
    }
    if !affinity["nodeAffinity"].is_object() {
        affinity["nodeAffinity"] = json!({});
    }
    affinity["nodeAffinity"][required] = json!({"nodeSelectorTerms": terms});
    pod["spec"]["affinity"] = affinity;
    create(work, set, SOURCE, pod).map(drop)
}

fn drop_pod(work: &mut Work<'_, '_>, set: &Json, named: &Named) -> Result<(), Stop> {
    work.delete(PODS, &named.0, &named.1, json!({}))?;
    work.event(set, (SOURCE, "SuccessfulDelete"), &format!("Deleted pod: {}", named.1));
    Ok(())
}

type ByNode<'p> = BTreeMap<&'p str, Vec<(&'p Named, &'p Pod)>>;

/// Replaces pods of old templates, as many at a time as may be away.
fn roll(
    work: &mut Work<'_, '_>,
    set: &Json,
    by_node: &ByNode<'_>,
    (revision, eligible): (&str, &BTreeSet<&String>),
) -> Result<(), Stop> {
    let strategy = &set["spec"]["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return Ok(());
    }
    let count = eligible.len() as i64;
    let away_max = share(&strategy["rollingUpdate"]["maxUnavailable"], count, true);
    let surge = share(&strategy["rollingUpdate"]["maxSurge"], count, true);
    let is_new = |pod: &Pod| pod.labels.get(REVISION).is_some_and(|own| own == revision);
    let good = |pods: &Vec<(&Named, &Pod)>| pods.iter().any(|(_, pod)| pod.is_ready && !pod.is_ending);
    let away = eligible.iter().filter(|node| !by_node.get(node.as_str()).is_some_and(good)).count() as i64;
    if surge > 0 {
        return surge_up(work, set, by_node, (revision, surge as usize));
    }
    let mut can_go = away_max.max(1) - away;
    for pods in by_node.values() {
        for (named, pod) in pods.iter().filter(|(_, pod)| !pod.is_ending && !is_new(pod)) {
            // One that is not ready anyway costs nothing.
            if pod.is_ready && can_go <= 0 {
                continue;
            }
            can_go -= i64::from(pod.is_ready);
            drop_pod(work, set, named)?;
        }
    }
    Ok(())
}

/// Makes pods of the new template beside the old ones, which go when those are ready.
fn surge_up(
    work: &mut Work<'_, '_>,
    set: &Json,
    by_node: &ByNode<'_>,
    (revision, surge): (&str, usize),
) -> Result<(), Stop> {
    let is_new = |pod: &Pod| pod.labels.get(REVISION).is_some_and(|own| own == revision);
    let mut on_the_way = by_node.values().filter(|pods| pods.len() > 1).count();
    for (node, pods) in by_node {
        let new = pods.iter().find(|(_, pod)| is_new(pod) && !pod.is_ending);
        for (named, pod) in pods.iter().filter(|(_, pod)| !is_new(pod) && !pod.is_ending) {
            match new {
                Some((_, new)) if new.is_ready || !pod.is_ready => drop_pod(work, set, named)?,
                Some(_) => {}
                None if on_the_way < surge => {
                    on_the_way += 1;
                    make(work, set, node, revision)?;
                }
                None => {}
            }
        }
    }
    Ok(())
}

fn status(
    work: &mut Work<'_, '_>,
    set: &Json,
    by_node: &ByNode<'_>,
    (revision, eligible): (&str, &BTreeSet<&String>),
) -> Json {
    let on = |node: &&&String| by_node.get(node.as_str()).cloned().unwrap_or_default();
    let nodes: Vec<Vec<(&Named, &Pod)>> = eligible.iter().map(|node| on(&node)).collect();
    let count =
        |holds: &dyn Fn(&Pod) -> bool| nodes.iter().filter(|pods| pods.iter().any(|(_, pod)| holds(pod))).count();
    let ready = count(&|pod| pod.is_ready && !pod.is_ending);
    let all: Vec<(&Named, &Pod)> = nodes.iter().flatten().filter(|(_, pod)| !pod.is_ending).copied().collect();
    let seconds = set["spec"]["minReadySeconds"].as_u64().unwrap_or_default();
    let available = if seconds == 0 { ready } else { available(work, &all, seconds) };
    let is_misplaced = |node: &&&str| !node.is_empty() && !eligible.iter().any(|name| name.as_str() == **node);
    let mut status = json!({
        "observedGeneration": set["metadata"]["generation"], "desiredNumberScheduled": eligible.len(),
        "currentNumberScheduled": count(&|pod| !pod.is_ending), "numberReady": ready,
        "numberMisscheduled": by_node.keys().filter(is_misplaced).count(),
    });
    let updated = count(&|pod| pod.labels.get(REVISION).is_some_and(|own| own == revision) && !pod.is_ending);
    for (member, number) in [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", eligible.len().saturating_sub(available)),
    ] {
        if number > 0 {
            status[member] = number.into();
        }
    }
    status
}
