//! Deployments: a ReplicaSet for each template, and the way from the old one to the new one.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::quantity::share;
use super::replica_set::SETS;
use super::work::{self, Of, Work, annotation, is_ending, set_condition, set_metadata, sorted};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const DEPLOYMENTS: Of = Of("apps", "deployments");
const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MOST: &str = "deployment.kubernetes.io/max-replicas";
const HASH: &str = "pod-template-hash";
const SOURCE: &str = "deployment-controller";

/// The controller of Deployments.
pub struct Deployments;

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployments"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("apps", "deployments"), ("apps", "replicasets"), ("", "pods")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        match event.plural {
            "replicasets" => keys.extend(event.owners("Deployment")),
            // Recreating waits for the last pod of the old template to be gone.
            "pods" if event.is_gone() => {
                let owner = event.owners("ReplicaSet");
                let hash = text(event.before(), "/metadata/labels/pod-template-hash");
                let name =
                    |set: &str| set.strip_suffix(hash).and_then(|name| name.strip_suffix('-')).map(str::to_owned);
                keys.extend(owner.into_iter().filter_map(|(namespace, set)| Some((namespace, name(&set)?))));
            }
            "pods" => {}
            _ => keys.push((event.namespace.to_owned(), event.name.to_owned())),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(mut deployment) = work.get(DEPLOYMENTS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        let uid = text(&deployment, "/metadata/uid").to_owned();
        let mut sets = work.owned(SETS, &namespace, &uid);
        sets.extend(adopted(work, &deployment, &namespace)?);
        sets.sort_by_key(|set| (revision(set), text(set, "/metadata/name").to_owned()));
        if !is_ending(&deployment) {
            let is_paused = deployment["spec"]["paused"] == true;
            let mut new = current(&deployment, &sets);
            if new.is_none() && !is_paused {
                let set = create_set(work, &deployment, &sets)?;
                sets.push(set);
                new = Some(sets.len() - 1);
            }
            if let Some(new) = new {
                deployment = number(work, deployment, &mut sets, new)?;
            }
            if is_paused {
                scale_paused(work, &deployment, &mut sets)?;
            } else if let Some(new) = new {
                roll(work, &deployment, &mut sets, new)?;
                clean_up(work, &deployment, &sets, new)?;
            }
        }
        let new = current(&deployment, &sets);
        let status = status(work, &deployment, &sets, new);
        work.set_status(DEPLOYMENTS, &deployment, status);
        Ok(())
    }
}

/// Takes ReplicaSets that nobody controls and that the selector takes.
fn adopted(work: &mut Work<'_, '_>, deployment: &Json, namespace: &str) -> Result<Vec<Json>, Stop> {
    let labels = deployment["spec"]["selector"]["matchLabels"].as_object().cloned().unwrap_or_default();
    if is_ending(deployment) || labels.is_empty() {
        return Ok(Vec::new());
    }
    let is_free = |set: &Json| {
        work::controller_of(set).is_none()
            && !is_ending(set)
            && labels.iter().all(|(key, value)| set["metadata"]["labels"].get(key) == Some(value))
    };
    let first = labels.keys().next().cloned().unwrap_or_default();
    let free: Vec<Json> = work.list(SETS, namespace, &first).into_iter().filter(is_free).collect();
    let mut taken = Vec::new();
    for set in free {
        let mut after = set.clone();
        after["metadata"]["ownerReferences"] = json!([work::owner_reference(deployment)]);
        taken.push(work.update(SETS, &set, after)?);
    }
    Ok(taken)
}

fn revision(set: &Json) -> u64 {
    annotation(set, REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Returns the template of a ReplicaSet as the Deployment had it.
fn bare(template: &Json) -> Json {
    let mut template = sorted(template);
    if let Some(labels) = template["metadata"]["labels"].as_object_mut() {
        labels.shift_remove(HASH);
    }
    template
}

/// Finds the ReplicaSet of the present template.
fn current(deployment: &Json, sets: &[Json]) -> Option<usize> {
    let wanted = sorted(&deployment["spec"]["template"]);
    sets.iter().position(|set| !is_ending(set) && bare(&set["spec"]["template"]) == wanted)
}

fn replicas(object: &Json) -> i64 {
    object["spec"]["replicas"].as_i64().unwrap_or(1)
}

fn counted(set: &Json, member: &str) -> i64 {
    set["status"][member].as_i64().unwrap_or_default()
}

/// Returns how many more and how many fewer pods than wanted there may be on the way.
fn slack(deployment: &Json) -> (i64, i64) {
    let strategy = &deployment["spec"]["strategy"];
    if strategy["type"] == "Recreate" {
        return (0, 0);
    }
    let rolling = &strategy["rollingUpdate"];
    let wanted = replicas(deployment);
    let (surge, away) = (share(&rolling["maxSurge"], wanted, true), share(&rolling["maxUnavailable"], wanted, false));
    // Without either nothing could ever move.
    if surge == 0 && away == 0 { (0, 1) } else { (surge, away) }
}

fn create_set(work: &mut Work<'_, '_>, deployment: &Json, sets: &[Json]) -> Result<Json, Stop> {
    let hash = work::template_hash(&deployment["spec"]["template"]);
    let (namespace, name) = work::place(deployment);
    let mut template = deployment["spec"]["template"].clone();
    set_metadata(&mut template, "labels", HASH, hash.clone().into());
    let mut selector = deployment["spec"]["selector"].clone();
    if !selector["matchLabels"].is_object() {
        selector["matchLabels"] = json!({});
    }
    selector["matchLabels"][HASH] = hash.clone().into();
    let mut spec = json!({"replicas": first_replicas(deployment, sets), "selector": selector, "template": template});
    if !deployment["spec"]["minReadySeconds"].is_null() {
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"].clone();
    }
    let mut annotations = deployment["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    annotations.retain(|name, _| name != "kubectl.kubernetes.io/last-applied-configuration");
    let mut set = json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": format!("{name}-{hash}"), "namespace": namespace, "labels": template["metadata"]["labels"],
            "annotations": annotations, "ownerReferences": [work::owner_reference(deployment)],
        },
        "spec": spec,
    });
    annotate(&mut set, deployment);
    let next = sets.iter().map(revision).max().unwrap_or_default() + 1;
    set_metadata(&mut set, "annotations", REVISION, next.to_string().into());
    let made = work.create(SETS, &namespace, set)?;
    scaled(work, deployment, &made, 0);
    Ok(made)
}

fn first_replicas(deployment: &Json, sets: &[Json]) -> i64 {
    let wanted = replicas(deployment);
    if deployment["spec"]["strategy"]["type"] == "Recreate" {
        return if sets.iter().any(|set| counted(set, "replicas") > 0) { 0 } else { wanted };
    }
    let there: i64 = sets.iter().map(replicas).sum();
    (wanted + slack(deployment).0 - there).clamp(0, wanted)
}

fn annotate(set: &mut Json, deployment: &Json) {
    let most = replicas(deployment) + slack(deployment).0;
    set_metadata(set, "annotations", DESIRED, replicas(deployment).to_string().into());
    set_metadata(set, "annotations", MOST, most.to_string().into());
}

fn scaled(work: &mut Work<'_, '_>, deployment: &Json, set: &Json, from: i64) {
    let to = replicas(set);
    if to != from {
        let way = if to > from { "up" } else { "down" };
        let message = format!("Scaled {way} replica set {} from {from} to {to}", text(set, "/metadata/name"));
        work.event(deployment, (SOURCE, "ScalingReplicaSet"), &message);
    }
}

/// Gives the present ReplicaSet the highest number, also if it was there before: a rollback is a revision like any other.
fn number(work: &mut Work<'_, '_>, deployment: Json, sets: &mut [Json], new: usize) -> Result<Json, Stop> {
    let others = sets.iter().enumerate().filter(|(place, _)| *place != new).map(|(_, set)| revision(set)).max();
    let own = revision(&sets[new]).max(others.unwrap_or_default() + 1).to_string();
    if annotation(&sets[new], REVISION) != Some(&own) {
        let mut after = sets[new].clone();
        set_metadata(&mut after, "annotations", REVISION, own.clone().into());
        for (name, value) in deployment["metadata"]["annotations"].as_object().into_iter().flatten() {
            if name == "kubernetes.io/change-cause" {
                set_metadata(&mut after, "annotations", name, value.clone());
            }
        }
        sets[new] = work.update(SETS, &sets[new], after)?;
    }
    if annotation(&deployment, REVISION) == Some(&own) {
        return Ok(deployment);
    }
    let mut after = deployment.clone();
    set_metadata(&mut after, "annotations", REVISION, own.into());
    work.update(DEPLOYMENTS, &deployment, after)
}

fn scale(work: &mut Work<'_, '_>, deployment: &Json, set: &mut Json, to: i64) -> Result<(), Stop> {
    let from = replicas(set);
    let mut after = set.clone();
    after["spec"]["replicas"] = to.into();
    annotate(&mut after, deployment);
    if after != *set {
        *set = work.update(SETS, set, after)?;
        scaled(work, deployment, set, from);
    }
    Ok(())
}

/// A Deployment that is paused changes no templates, but follows the number that is wanted.
fn scale_paused(work: &mut Work<'_, '_>, deployment: &Json, sets: &mut [Json]) -> Result<(), Stop> {
    let total: i64 = sets.iter().map(replicas).sum();
    let difference = replicas(deployment) - total;
    let active = sets.iter().filter(|set| replicas(set) > 0).count();
    if let (Some(last), true) = (sets.iter_mut().rev().find(|set| replicas(set) > 0), active == 1) {
        let to = (replicas(last) + difference).max(0);
        scale(work, deployment, last, to)?;
    }
    Ok(())
}

/// Does the next step from the old ReplicaSets to the new one.
fn roll(work: &mut Work<'_, '_>, deployment: &Json, sets: &mut [Json], new: usize) -> Result<(), Stop> {
    let wanted = replicas(deployment);
    let (surge, away) = slack(deployment);
    if deployment["spec"]["strategy"]["type"] == "Recreate" {
        for place in (0..sets.len()).filter(|place| *place != new) {
            scale(work, deployment, &mut sets[place], 0)?;
        }
        let others: Vec<&Json> =
            sets.iter().enumerate().filter(|(place, _)| *place != new).map(|(_, set)| set).collect();
        let is_gone = |set: &&Json| work.index.of_owner(text(set, "/metadata/uid")).all(|(_, pod)| pod.is_finished());
        if others.iter().all(is_gone) {
            scale(work, deployment, &mut sets[new], wanted)?;
        }
        return Ok(());
    }
    let total: i64 = sets.iter().map(replicas).sum();
    let own = replicas(&sets[new]);
    let to = if own >= wanted { wanted } else { own + (wanted + surge - total).clamp(0, wanted - own) };
    scale(work, deployment, &mut sets[new], to)?;
    // What is not available anyway goes first; of the rest only what the new one has made up for.
    let least = wanted - away;
    let new_missing = (replicas(&sets[new]) - counted(&sets[new], "availableReplicas")).max(0);
    let total: i64 = sets.iter().map(replicas).sum();
    let mut can_go = total - least - new_missing;
    for place in (0..sets.len()).filter(|place| *place != new) {
        let idle = (replicas(&sets[place]) - counted(&sets[place], "availableReplicas")).max(0).min(can_go.max(0));
        if idle > 0 {
            let to = replicas(&sets[place]) - idle;
            scale(work, deployment, &mut sets[place], to)?;
            can_go -= idle;
        }
    }
    let available: i64 = sets.iter().map(|set| counted(set, "availableReplicas").min(replicas(set))).sum();
    let mut can_go = (available - least).max(0);
    for place in (0..sets.len()).filter(|place| *place != new) {
        let goes = replicas(&sets[place]).min(can_go);
        let to = replicas(&sets[place]) - goes;
        scale(work, deployment, &mut sets[place], to)?;
        can_go -= goes;
    }
    Ok(())
}

/// Deletes ReplicaSets that nobody goes back to.
fn clean_up(work: &mut Work<'_, '_>, deployment: &Json, sets: &[Json], new: usize) -> Result<(), Stop> {
    let limit = deployment["spec"]["revisionHistoryLimit"].as_u64().unwrap_or(10) as usize;
    let is_idle = |set: &&Json| replicas(set) == 0 && counted(set, "replicas") == 0 && !is_ending(set);
    let others = sets.iter().enumerate().filter(|(place, _)| *place != new).map(|(_, set)| set);
    let idle: Vec<&Json> = others.filter(is_idle).collect();
    let is_done = counted(&sets[new], "availableReplicas") == replicas(deployment);
    for set in idle.iter().take(if is_done { idle.len().saturating_sub(limit) } else { 0 }) {
        let (namespace, name) = work::place(set);
        work.delete(SETS, &namespace, &name, json!({}))?;
    }
    Ok(())
}

fn status(work: &mut Work<'_, '_>, deployment: &Json, sets: &[Json], new: Option<usize>) -> Json {
    let sum = |member: &str| -> i64 { sets.iter().map(|set| counted(set, member)).sum() };
    let updated = new.map_or(0, |new| counted(&sets[new], "replicas"));
    let (all, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
    let wanted = replicas(deployment);
    let total: i64 = sets.iter().map(replicas).sum();
    let mut status = json!({"observedGeneration": deployment["metadata"]["generation"]});
    let counts = [
        ("replicas", all),
        ("updatedReplicas", updated),
        ("readyReplicas", ready),
        ("availableReplicas", available),
        ("unavailableReplicas", (total - available).max(0)),
    ];
    for (member, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        status[member] = count.into();
    }
    let mut conditions = work::conditions(deployment);
    conditions.retain(|one| one["type"] != "ReplicaFailure");
    if available >= wanted - slack(deployment).1 {
        let said = ("MinimumReplicasAvailable", "Deployment has minimum availability.");
        set_condition(&mut conditions, "Available", true, said);
    } else {
        let said = ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        set_condition(&mut conditions, "Available", false, said);
    }
    let failures = sets.iter().flat_map(work::conditions).find(|one| one["type"] == "ReplicaFailure");
    conditions.extend(failures);
    let is_done = updated == wanted && all == wanted && available == wanted;
    progress(work, deployment, (sets, new), is_done, &mut conditions);
    status["conditions"] = conditions.into();
    status
}

/// Tells whether it gets on; it does not if nothing has changed for longer than the deadline.
fn progress(
    work: &mut Work<'_, '_>,
    deployment: &Json,
    (sets, new): (&[Json], Option<usize>),
    is_done: bool,
    conditions: &mut Vec<Json>,
) {
    let set = new.map(|new| text(&sets[new], "/metadata/name").to_owned()).unwrap_or_default();
    if deployment["spec"]["paused"] == true {
        let said = ("DeploymentPaused", "Deployment is paused");
        return set_condition(conditions, "Progressing", false, said);
    }
    if is_done {
        work.keep(&Json::Null);
        let message = format!("ReplicaSet \"{set}\" has successfully progressed.");
        return set_condition(conditions, "Progressing", true, ("NewReplicaSetAvailable", &message));
    }
    let counts =
        |set: &Json| [counted(set, "replicas"), counted(set, "readyReplicas"), counted(set, "availableReplicas")];
    let mark = json!([set, sets.iter().map(counts).collect::<Vec<_>>(), deployment["metadata"]["generation"]]);
    let deadline = deployment["spec"]["progressDeadlineSeconds"].as_u64().unwrap_or(600) * 1000;
    let (now, noted) = (work.now(), work.notes("deployments", &work.key.namespace, &work.key.name));
    if noted["mark"] != mark {
        work.keep(&json!({"mark": mark, "since": now}));
        if deadline < u64::from(u32::MAX) {
            work.again(Duration::from_millis(deadline));
        }
    } else if noted["since"].as_u64().is_some_and(|since| since + deadline <= now) {
        let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
        return set_condition(conditions, "Progressing", false, ("ProgressDeadlineExceeded", &message));
    }
    let is_first = conditions.iter().all(|one| one["type"] != "Progressing");
    let message = if is_first {
        format!("Created new replica set \"{set}\"")
    } else {
        format!("ReplicaSet \"{set}\" is progressing.")
    };
    let reason = if is_first { "NewReplicaSetCreated" } else { "ReplicaSetUpdated" };
    set_condition(conditions, "Progressing", true, (reason, &message));
}
