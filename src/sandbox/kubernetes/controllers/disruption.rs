//! Budgets of disruptions: how many of a set of pods may be away, and who asks before taking one.

use serde_json::json;

use super::index::{Index, Named, Pod};
use super::pod_spec::selects;
use super::quantity::share;
use super::work::{Of, PODS, Work, set_condition};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;

const BUDGETS: Of = Of("policy", "poddisruptionbudgets");

/// The controller of PodDisruptionBudgets.
pub struct Disruptions;

impl Controller for Disruptions {
    fn name(&self) -> &'static str {
        "disruptions"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("", "pods"), ("policy", "poddisruptionbudgets")]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        if event.plural == "pods" {
            let own = index.named("poddisruptionbudgets").filter(|(namespace, _)| namespace == event.namespace);
            keys.extend(own.cloned());
        } else {
            keys.push((event.namespace.to_owned(), event.name.to_owned()));
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(budget) = work.get(BUDGETS, &namespace, &name) else { return Ok(()) };
        let selector = &budget["spec"]["selector"];
        let taken = |pod: &Pod| !pod.is_finished() && selects(selector, &pod.labels);
        let pods: Vec<&Pod> =
            work.index.in_namespace(&namespace).map(|(_, pod)| pod).filter(|pod| taken(pod)).collect();
        let healthy = pods.iter().filter(|pod| pod.is_ready && !pod.is_ending).count() as i64;
        let expected = expected(work, &namespace, &pods);
        let least = &budget["spec"]["minAvailable"];
        let most = &budget["spec"]["maxUnavailable"];
        let (expected, needed) = match (least.is_null(), most.is_null()) {
            (false, _) if least.is_string() => (expected, share(least, expected, true)),
            // A number says all; how many there are to be does not matter.
            (false, _) => (pods.len() as i64, least.as_i64().unwrap_or_default()),
            (true, false) => (expected, (expected - share(most, expected, true)).max(0)),
            (true, true) => (expected, expected),
        };
        let allowed = if pods.is_empty() { 0 } else { (healthy - needed).max(0) };
        let mut conditions = super::work::conditions(&budget);
        let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
        set_condition(&mut conditions, "DisruptionAllowed", allowed > 0, (reason, ""));
        for condition in &mut conditions {
            condition["observedGeneration"] = budget["metadata"]["generation"].clone();
            condition["message"] = "".into();
        }
        let status = json!({
            "observedGeneration": budget["metadata"]["generation"], "disruptionsAllowed": allowed,
            "currentHealthy": healthy, "desiredHealthy": needed, "expectedPods": expected, "conditions": conditions,
        });
        work.set_status(BUDGETS, &budget, status);
        Ok(())
    }
}

/// Returns how many pods there are to be, by what controls them.
fn expected(work: &Work<'_, '_>, namespace: &str, pods: &[&Pod]) -> i64 {
    let mut owners: Vec<&(String, String)> = pods.iter().map(|pod| &pod.owner_named).collect();
    owners.sort();
    owners.dedup();
    let alone = pods.iter().filter(|pod| pod.owner.is_none()).count() as i64;
    let wanted = owners.into_iter().filter_map(|(kind, name)| {
        let of = match &**kind {
            "ReplicaSet" => Of("apps", "replicasets"),
            "StatefulSet" => Of("apps", "statefulsets"),
            "ReplicationController" => Of("", "replicationcontrollers"),
            _ => return None,
        };
        work.get(of, namespace, name)?["spec"]["replicas"].as_i64()
    });
    alone + wanted.sum::<i64>()
}

/// Takes a pod off its node, unless a budget forbids it; tells whether it goes.
pub fn evict(work: &mut Work<'_, '_>, named: &Named, pod: &Pod) -> Result<bool, Stop> {
    let (namespace, name) = named;
    if pod.is_ready && !pod.is_ending {
        let mut budgets = work.list(BUDGETS, namespace, "");
        budgets.retain(|budget| selects(&budget["spec"]["selector"], &pod.labels));
        for budget in &budgets {
            let allowed = budget["status"]["disruptionsAllowed"].as_i64().unwrap_or_default();
            if allowed <= 0 {
                return Ok(false);
            }
            let mut status = budget["status"].clone();
            status["disruptionsAllowed"] = (allowed - 1).into();
            work.set_status(BUDGETS, budget, status);
        }
    }
    if !pod.is_ending {
        work.delete(PODS, namespace, name, json!({}))?;
    }
    Ok(true)
}
