//! When an object is ready: rules for kinds that have their own way to say so, and the common one for all others.

use serde_json::{Value as Json, json};

use crate::discovery::group;
use crate::json::at;

/// How far an object is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Look {
    /// It does what it is for.
    Ready,
    /// Not yet, and why.
    Waiting(String),
    /// It never will, and why.
    Failed(String),
}

fn waiting(why: impl Into<String>) -> Look {
    Look::Waiting(why.into())
}

fn ready_if(is_ready: bool, why: impl FnOnce() -> String) -> Look {
    if is_ready { Look::Ready } else { Look::Waiting(why()) }
}

/// Looks how far an object is.
pub(crate) fn look(object: &Json) -> Look {
    let kind = at(object, "/kind");
    match (group(at(object, "/apiVersion")), kind) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => replica_set(object),
        ("batch", "Job") => job(object),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(object),
        ("policy", "PodDisruptionBudget") => seen(object),
        ("", "Pod") => pod(object),
        ("", "PersistentVolumeClaim") => phase(object, "/status/phase", &["Bound"], &["Lost"]),
        ("", "PersistentVolume") => phase(object, "/status/phase", &["Available", "Bound"], &["Failed"]),
        ("", "Namespace") => phase(object, "/status/phase", &["Active"], &[]),
        ("", "Service") => service(object),
        ("networking.k8s.io", "Ingress") => address(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => condition(object, "Available", "True"),
        ("gateway.networking.k8s.io", "Gateway") => condition(object, "Programmed", "True"),
        ("gateway.networking.k8s.io", "GatewayClass") => condition(object, "Accepted", "True"),
        ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => route(object),
        ("kueue.x-k8s.io", "ClusterQueue" | "LocalQueue") => condition(object, "Active", "True"),
        ("argoproj.io", "Workflow") => phase(object, "/status/phase", &["Succeeded"], &["Failed", "Error"]),
        ("argoproj.io", "Rollout") => phase(object, "/status/phase", &["Healthy"], &[]),
        ("argoproj.io", "Application") => phase(object, "/status/health/status", &["Healthy"], &[]),
        ("spark.apache.org", "SparkCluster") => {
            let failed = ["SchedulingFailure", "Failed", "ResourceReleased"];
            phase(object, "/status/currentState/currentStateSummary", &["RunningHealthy"], &failed)
        }
        ("spark.apache.org", "SparkApplication") => {
            let ready = ["RunningHealthy", "Succeeded", "ResourceReleased"];
            phase(object, "/status/currentState/currentStateSummary", &ready, &["Failed", "SchedulingFailure"])
        }
        ("sparkoperator.k8s.io", "SparkApplication") => {
            let failed = ["FAILED", "SUBMISSION_FAILED"];
            phase(object, "/status/applicationState/state", &["RUNNING", "COMPLETED"], &failed)
        }
        ("flink.apache.org", "FlinkDeployment") => {
            phase(object, "/status/jobManagerDeploymentStatus", &["READY"], &["ERROR"])
        }
        ("k8ssandra.io", "K8ssandraCluster") => phase(object, "/status/error", &["None"], &[]),
        ("psmdb.percona.com" | "pxc.percona.com" | "ps.percona.com", _) => {
            phase(object, "/status/state", &["ready"], &[])
        }
        ("mongodbcommunity.mongodb.com" | "mongodb.com", _) => {
            phase(object, "/status/phase", &["Running"], &["Failed"])
        }
        ("mysql.oracle.com", "InnoDBCluster") => phase(object, "/status/cluster/status", &["ONLINE"], &[]),
        ("clickhouse.altinity.com", _) => phase(object, "/status/status", &["Completed"], &["Aborted"]),
        (group, _) => common(object, is_custom(group)),
    }
}

/// Groups of the API server itself have no dots, or end in `k8s.io`.
pub(crate) fn is_custom(group: &str) -> bool {
    group.contains('.') && !group.ends_with(".k8s.io")
}

fn number(object: &Json, pointer: &str) -> i64 {
    object.pointer(pointer).and_then(Json::as_i64).unwrap_or(0)
}

/// Returns the replicas that are wanted: one unless the object says.
fn wanted(object: &Json) -> i64 {
    object.pointer("/spec/replicas").and_then(Json::as_i64).unwrap_or(1)
}

/// Tells whether the controller has seen the object as it is now.
fn is_observed(object: &Json) -> bool {
    let observed = object.pointer("/status/observedGeneration").and_then(Json::as_i64);
    observed.is_none_or(|observed| observed >= number(object, "/metadata/generation"))
}

const UNSEEN: &str = "its controller has not seen the change yet";

/// Returns status, reason and message of a condition.
fn find<'a>(object: &'a Json, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| at(condition, "/type") == kind)?;
    Some((at(found, "/status"), at(found, "/reason"), at(found, "/message")))
}

fn said(reason: &str, message: &str) -> String {
    match (reason, message) {
        ("", "") => "no reason is given".to_owned(),
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

/// Looks at one condition.
pub(crate) fn condition(object: &Json, kind: &str, wanted: &str) -> Look {
    match find(object, kind) {
        Some((status, ..)) if status == wanted => Look::Ready,
        Some((status, reason, message)) => waiting(format!("{kind} is {status}: {}", said(reason, message))),
        None => waiting(format!("the condition {kind} is not there yet")),
    }
}

fn phase(object: &Json, pointer: &str, ready: &[&str], failed: &[&str]) -> Look {
    let found = at(object, pointer);
    let message = at(object, "/status/message");
    let told =
        |phase: &str| if message.is_empty() { format!("it is {phase}") } else { format!("it is {phase}: {message}") };
    match found {
        "" => waiting("it says nothing of its state yet"),
        found if ready.contains(&found) => Look::Ready,
        found if failed.contains(&found) => Look::Failed(told(found)),
        found => waiting(told(found)),
    }
}

fn deployment(object: &Json) -> Look {
    if !is_observed(object) || object.pointer("/status/observedGeneration").is_none() {
        return waiting(UNSEEN);
    }
    let wanted = wanted(object);
    let count = |name: &str| number(object, &format!("/status/{name}"));
    let (updated, all, available) = (count("updatedReplicas"), count("replicas"), count("availableReplicas"));
    let why = if updated < wanted {
        format!("{updated} of {wanted} replicas are of the new version")
    } else if all > updated {
        format!("{} replicas of the old version are ending", all - updated)
    } else if available < wanted {
        format!("{available} of {wanted} replicas are available")
    } else {
        return Look::Ready;
    };
    match (find(object, "Progressing"), find(object, "ReplicaFailure")) {
        // Its own limit is over: its controller counts it as failed, as do others that look at it.
        (Some(("False", "ProgressDeadlineExceeded", message)), _) => Look::Failed(format!("{why}: {message}")),
        (_, Some(("True", reason, message))) => waiting(format!("{why}: {}", said(reason, message))),
        _ => waiting(why),
    }
}

fn stateful_set(object: &Json) -> Look {
    if !is_observed(object) || object.pointer("/status/observedGeneration").is_none() {
        return waiting(UNSEEN);
    }
    let wanted = wanted(object);
    let count = |name: &str| number(object, &format!("/status/{name}"));
    let ready = count("readyReplicas");
    if ready < wanted {
        return waiting(format!("{ready} of {wanted} replicas are ready"));
    }
    if at(object, "/spec/updateStrategy/type") == "OnDelete" {
        return Look::Ready;
    }
    let kept = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let updated = count("updatedReplicas");
    let (current, update) = (at(object, "/status/currentRevision"), at(object, "/status/updateRevision"));
    let is_done = if kept > 0 { updated >= wanted - kept } else { current == update || updated >= wanted };
    ready_if(is_done, || format!("{updated} of {} replicas are of the new version", wanted - kept))
}

fn daemon_set(object: &Json) -> Look {
    if !is_observed(object) || object.pointer("/status/observedGeneration").is_none() {
        return waiting(UNSEEN);
    }
    let count = |name: &str| number(object, &format!("/status/{name}"));
    let (wanted, updated, available) =
        (count("desiredNumberScheduled"), count("updatedNumberScheduled"), count("numberAvailable"));
    if updated < wanted && at(object, "/spec/updateStrategy/type") != "OnDelete" {
        return waiting(format!("{updated} of {wanted} nodes have the new version"));
    }
    ready_if(available >= wanted, || format!("it is available on {available} of {wanted} nodes"))
}

/// Looks at what does nothing but being there, once its controller knows of it.
fn seen(object: &Json) -> Look {
    ready_if(is_observed(object) && object.pointer("/status/observedGeneration").is_some(), || UNSEEN.to_owned())
}

fn autoscaler(object: &Json) -> Look {
    match (condition(object, "AbleToScale", "True"), find(object, "ScalingActive")) {
        // Someone has set the replicas to none, and that stays so.
        (Look::Ready, Some(("False", reason, message))) if reason != "ScalingDisabled" => {
            waiting(format!("ScalingActive is False: {}", said(reason, message)))
        }
        (look, _) => look,
    }
}

fn route(object: &Json) -> Look {
    let parents = object.pointer("/status/parents").and_then(Json::as_array).into_iter().flatten();
    let looks: Vec<Look> = parents.map(|parent| condition(&json!({"status": parent}), "Accepted", "True")).collect();
    if looks.is_empty() {
        return waiting("no gateway has taken it up yet");
    }
    looks.into_iter().find(|look| *look != Look::Ready).unwrap_or(Look::Ready)
}

fn replica_set(object: &Json) -> Look {
    if !is_observed(object) {
        return waiting(UNSEEN);
    }
    if let Some(("True", reason, message)) = find(object, "ReplicaFailure") {
        return waiting(said(reason, message));
    }
    let (wanted, ready) = (wanted(object), number(object, "/status/readyReplicas"));
    ready_if(ready >= wanted, || format!("{ready} of {wanted} replicas are ready"))
}

fn job(object: &Json) -> Look {
    if let Some(("True", reason, message)) = find(object, "Failed") {
        return Look::Failed(said(reason, message));
    }
    if let Some(("True", ..)) = find(object, "Complete") {
        return Look::Ready;
    }
    if let Some(("True", ..)) = find(object, "Suspended") {
        return waiting("it is suspended");
    }
    let count = |name: &str| number(object, &format!("/status/{name}"));
    let tries = if count("failed") > 0 { format!(", {} have failed", count("failed")) } else { String::new() };
    let wanted = object.pointer("/spec/completions").and_then(Json::as_i64).unwrap_or(1);
    waiting(format!("{} pods are running, {} of {wanted} have succeeded{tries}", count("active"), count("succeeded")))
}

fn pod(object: &Json) -> Look {
    match at(object, "/status/phase") {
        "Succeeded" => Look::Ready,
        "Failed" => Look::Failed(said(at(object, "/status/reason"), at(object, "/status/message"))),
        _ => condition(object, "Ready", "True"),
    }
}

fn service(object: &Json) -> Look {
    if at(object, "/spec/type") == "LoadBalancer" { address(object) } else { Look::Ready }
}

fn address(object: &Json) -> Look {
    let addresses = object.pointer("/status/loadBalancer/ingress").and_then(Json::as_array);
    ready_if(addresses.is_some_and(|addresses| !addresses.is_empty()), || "it has no address yet".to_owned())
}

fn definition(object: &Json) -> Look {
    if let Some(("False", reason, message)) = find(object, "NamesAccepted") {
        return Look::Failed(format!("its names are not accepted: {}", said(reason, message)));
    }
    match condition(object, "NamesAccepted", "True") {
        Look::Ready => condition(object, "Established", "True"),
        other => other,
    }
}

/// Looks at what objects have in common.
fn common(object: &Json, is_custom: bool) -> Look {
    if !is_observed(object) {
        return waiting(UNSEEN);
    }
    if let Some(("True", reason, message)) = find(object, "Stalled") {
        return Look::Failed(said(reason, message));
    }
    if let Some(("True", reason, message)) = find(object, "Reconciling") {
        return waiting(said(reason, message));
    }
    for kind in ["Ready", "Available", "Programmed"] {
        if find(object, kind).is_some() {
            return condition(object, kind, "True");
        }
    }
    ready_if(!is_custom || !is_silent(object), || {
        "its controller has written no status yet; if it never does, let `wait` name `fields`".to_owned()
    })
}

/// Tells whether nothing is said of an object.
pub(crate) fn is_silent(object: &Json) -> bool {
    object.get("status").and_then(Json::as_object).is_none_or(serde_json::Map::is_empty)
}

#[cfg(test)]
#[path = "readiness_tests.rs"]
mod tests;
