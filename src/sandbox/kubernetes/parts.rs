//! What is done with pods and service accounts through paths of their own: eviction, binding, tokens.

use serde_json::{Value as Json, json};

use super::Cluster;
use super::failure::{Cause, Failure, Stop};
use super::identity::{Claims, issuer_record, make_token};
use super::kinds;
use super::selector::takes_labels;
use super::store::{self, How, Target, put, text};
use crate::clock::{real_now, rfc3339};
use crate::world::Change;

/// Says what a sandbox cannot do; nothing if it can.
pub fn not_emulated(part: &str) -> Option<Failure> {
    let what = match part {
        "log" => "logs of pods are",
        "exec" => "exec into pods is",
        "attach" => "attaching to pods is",
        "portforward" => "port-forward is",
        "proxy" => "the proxy to pods, services and nodes is",
        _ => return None,
    };
    let message = format!("{what} not emulated: no containers run in the sandbox");
    Some(Failure::new(501, "NotImplemented", message))
}

/// Does what is posted to a part of an object.
pub fn post(
    change: &mut Change<'_>,
    cluster: &Cluster,
    target: &Target<'_>,
    body: &Json,
    how: &How,
) -> Result<(u16, Json), Stop> {
    match target.part {
        Some("eviction") => evict(change, target, body, how),
        Some("binding") => bind(change, target, body, how),
        Some("token") => token(change, cluster, target, body),
        _ => Err(Failure::no_method().into()),
    }
}

fn success(code: u16) -> (u16, Json) {
    (code, json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code}))
}

/// Deletes a pod, unless a budget of disruptions forbids it.
fn evict(change: &mut Change<'_>, target: &Target<'_>, body: &Json, how: &How) -> Result<(u16, Json), Stop> {
    let pod = store::get(change, target)?;
    let ended = matches!(text(&pod, "/status/phase"), "Succeeded" | "Failed" | "Pending");
    if !ended && pod["metadata"]["deletionTimestamp"].is_null() {
        let kind = kinds::built_in().iter().find(|kind| kind.is("policy", "poddisruptionbudgets"));
        let kind = kind.ok_or_else(Failure::no_path)?;
        let prefix = kind.prefix(target.cluster, target.namespace);
        let budgets: Vec<Json> =
            change.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect();
        let labels = &pod["metadata"]["labels"];
        let found: Vec<Json> =
            budgets.into_iter().filter(|budget| takes_labels(&budget["spec"]["selector"], labels)).collect();
        if found.len() > 1 {
            let message =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Failure::new(500, "InternalError", message).into());
        }
        for mut budget in found {
            let allowed = budget["status"]["disruptionsAllowed"].as_i64().unwrap_or_default();
            if allowed <= 0 {
                return Err(disrupted(&budget).into());
            }
            budget["status"]["disruptionsAllowed"] = (allowed - 1).into();
            let name = text(&budget, "/metadata/name").to_owned();
            put(change, &Target { kind, name: &name, part: None, ..*target }, &mut budget);
        }
    }
    store::delete(change, &Target { part: None, ..*target }, &body["deleteOptions"], how)?;
    Ok(success(201))
}

fn disrupted(budget: &Json) -> Failure {
    let (name, status) = (text(budget, "/metadata/name"), &budget["status"]);
    let (needed, healthy) = (&status["desiredHealthy"], &status["currentHealthy"]);
    let said = format!("The disruption budget {name} needs {needed} healthy pods and has {healthy} currently");
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    let mut failure = Failure::new(429, "TooManyRequests", message);
    failure.details = Some(json!({"causes": [{"reason": "DisruptionBudget", "message": said}]}));
    failure
}

/// Puts a pod on a node.
fn bind(change: &mut Change<'_>, target: &Target<'_>, body: &Json, how: &How) -> Result<(u16, Json), Stop> {
    let mut pod = store::get(change, target)?;
    let node = text(body, "/target/name").to_owned();
    if node.is_empty() {
        return Err(Failure::invalid(target.kind, target.name, vec![Cause::required("target.name", "")]).into());
    }
    let found = text(&pod, "/spec/nodeName");
    if !found.is_empty() {
        let why = format!("pod {} is already assigned to node {found:?}", target.name);
        return Err(Failure::conflict(target.kind, target.name, &why).into());
    }
    pod["spec"]["nodeName"] = node.into();
    let mut conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.retain(|condition| condition["type"] != "PodScheduled");
    conditions.push(json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": how.time}));
    pod["status"]["conditions"] = conditions.into();
    let target = Target { part: None, ..*target };
    put(change, &target, &mut pod);
    Ok(success(201))
}

/// The shortest and the longest time for which a token is good, and the usual one.
const TOKEN_SECONDS: (u64, u64, u64) = (600, 1 << 32, 3_600);

/// Makes a token of a service account.
fn token(change: &Change<'_>, cluster: &Cluster, target: &Target<'_>, body: &Json) -> Result<(u16, Json), Stop> {
    let account = store::get(change, target)?;
    let (least, most, usual) = TOKEN_SECONDS;
    let seconds = &body["spec"]["expirationSeconds"];
    let mut question = body.clone();
    let causes: Vec<Cause> = match seconds.as_i64() {
        Some(given) if given < least as i64 => {
            vec![Cause::invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]
        }
        Some(given) if given > most as i64 => {
            vec![Cause::invalid(
                "spec.expirationSeconds",
                seconds,
                "may not specify a duration larger than 2^32 seconds",
            )]
        }
        _ => Vec::new(),
    };
    if !causes.is_empty() {
        let kind =
            kinds::Kind { group: "authentication.k8s.io".into(), kind: "TokenRequest".into(), ..Default::default() };
        return Err(Failure::invalid(&kind, target.name, causes).into());
    }
    let seconds = seconds.as_u64().unwrap_or(usual);
    let audiences = body["spec"]["audiences"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let bound = &body["spec"]["boundObjectRef"];
    let word = |member: &str| text(bound, &format!("/{member}")).to_owned();
    let claims = Claims {
        namespace: target.namespace.unwrap_or_default(),
        name: target.name,
        uid: text(&account, "/metadata/uid"),
        issuer: change.get(&issuer_record(&cluster.name)),
        audiences: audiences.map(str::to_owned).collect(),
        seconds: Some(seconds),
        bound: bound.is_object().then(|| (word("kind"), word("name"), word("uid"))),
    };
    let ends = rfc3339(real_now() + std::time::Duration::from_secs(seconds));
    question["apiVersion"] = "authentication.k8s.io/v1".into();
    question["kind"] = "TokenRequest".into();
    question["metadata"] = json!({"name": target.name, "namespace": target.namespace});
    question["spec"]["expirationSeconds"] = seconds.into();
    question["status"] = json!({"token": make_token(cluster, &claims), "expirationTimestamp": ends});
    Ok((201, question))
}
