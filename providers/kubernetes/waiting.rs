//! Objects are waited for, and people are told what they wait for.

use std::collections::BTreeSet;
use std::time::Duration;

use sdk::{Problem, Progress, name_some};
use serde_json::Value as Json;

use crate::api::{Place, escaped};
use crate::cluster::Session;
use crate::discovery::Kind;
use crate::failure::Failure;
use crate::json::at;
use crate::readiness::{Look, is_silent};
use crate::times::for_people;

/// The first pause between two looks, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// How often the reasons are looked for: that takes requests of its own.
const REASONS_EVERY: Duration = Duration::from_secs(15);
/// Pods that are named with one reason.
const PODS_NAMED_MAX: usize = 2;
/// Reasons that are told at once.
const REASONS_MAX: usize = 4;

/// An object that is waited for.
pub(crate) struct Waiting<'a> {
    pub(crate) session: &'a Session,
    pub(crate) place: &'a Place,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) limit: Duration,
}

impl Waiting<'_> {
    /// Waits until an object looks ready; returns it as it was last seen, with what went wrong.
    pub(crate) async fn until(&self, object: Json, look: &(dyn Fn(&Json) -> Look + Sync)) -> (Json, Option<Problem>) {
        let session = self.session;
        let began = session.runtime.now();
        let (mut object, mut pause, mut reasons_at) = (object, PAUSE.0, began + REASONS_EVERY / 3);
        let mut asked = began;
        let mut reasons = Vec::new();
        loop {
            let why = match self.look(&object, look).await {
                Look::Ready => return (object, None),
                Look::Failed(why) => {
                    let reasons = reasons_of(session, &object).await;
                    let detail = format!("The {} has failed: {why}{}", self.place.describe(), lines(&reasons));
                    return (object, Some(Problem::error("Object failed", detail)));
                }
                Look::Waiting(why) => why,
            };
            let now = session.runtime.now();
            // An answer may be late: what counts is how the object was when the time was over.
            if asked.saturating_sub(began) >= self.limit {
                let reasons = reasons_of(session, &object).await;
                let detail = format!(
                    "The {} is not ready after {}: {why}.{}",
                    self.place.describe(),
                    for_people(now.saturating_sub(began)),
                    lines(&reasons)
                );
                return (object, Some(Problem::error("Object not ready", detail)));
            }
            if now >= reasons_at {
                reasons = reasons_of(session, &object).await;
                reasons_at = now + REASONS_EVERY;
            }
            self.progress.waiting();
            self.progress.message(&match reasons.first() {
                Some(reason) => format!("{why}; {reason}"),
                None => why,
            });
            session.sleep(pause.min(self.limit)).await;
            pause = (pause * 2).min(PAUSE.1);
            asked = session.runtime.now();
            match session.api.find(self.place).await {
                Ok(Some(found)) if at(&found, "/metadata/uid") == at(&object, "/metadata/uid") => object = found,
                Ok(_) => {
                    let detail = format!("The {} was deleted while it was waited for.", self.place.describe());
                    return (object, Some(Problem::error("Object gone", detail)));
                }
                Err(failure) => {
                    let problem = failure.problem(&format!("look at the {}", self.place.describe()));
                    return (object, Some(problem));
                }
            }
        }
    }

    async fn look(&self, object: &Json, look: &(dyn Fn(&Json) -> Look + Sync)) -> Look {
        let look = look(object);
        if !matches!(look, Look::Waiting(_)) {
            return look;
        }
        let is_claim = at(object, "/kind") == "PersistentVolumeClaim";
        // Its volume is made for the first pod that uses it, which may come only after this.
        let is_all = is_claim && waits_for_consumer(self.session, object).await
            || !is_claim && is_silent(object) && self.says_nothing_ever().await;
        if is_all { Look::Ready } else { look }
    }

    /// Tells whether a definition leaves no place to its controller to say anything.
    async fn says_nothing_ever(&self) -> bool {
        let Kind { api_version, plural, .. } = &self.place.kind;
        let Some((group, version)) = api_version.split_once('/') else { return false };
        let kind =
            Kind::known("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", false);
        let place = Place { kind, namespace: None, name: format!("{plural}.{group}") };
        let Ok(Some(definition)) = self.session.api.find(&place).await else { return false };
        let mut versions = definition.pointer("/spec/versions").and_then(Json::as_array).into_iter().flatten();
        versions.any(|known| at(known, "/name") == version && known.pointer("/subresources/status").is_none())
    }
}

/// Finds the class of a claim; nothing if there is none of the name.
async fn class_of(session: &Session, claim: &Json) -> Result<Option<Json>, Failure> {
    let kind = Kind::known("storage.k8s.io/v1", "StorageClass", "storageclasses", false);
    let name = at(claim, "/spec/storageClassName").to_owned();
    session.api.find(&Place { kind, namespace: None, name }).await
}

async fn waits_for_consumer(session: &Session, claim: &Json) -> bool {
    if at(claim, "/spec/storageClassName").is_empty() || at(claim, "/status/phase") != "Pending" {
        return false;
    }
    let class = class_of(session, claim).await.ok().flatten();
    class.is_some_and(|class| at(&class, "/volumeBindingMode") == "WaitForFirstConsumer")
}

fn lines(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  {reason}")).collect()
}

/// Finds out why an object is not ready: what its pods and claims wait for, and what there were warnings of.
pub(crate) async fn reasons_of(session: &Session, object: &Json) -> Vec<String> {
    let Some(namespace) = object.pointer("/metadata/namespace").and_then(Json::as_str) else {
        return Vec::new();
    };
    let name = |object: &Json| at(object, "/metadata/name").to_owned();
    let pods = pods_of(session, namespace, object).await;
    let mut reasons = told_together(pods.iter().filter_map(|pod| Some((name(pod), pod_reason(pod)?))));
    let is_claim = at(object, "/kind") == "PersistentVolumeClaim";
    let used = pods.iter().filter(|pod| at(pod, "/status/phase") == "Pending").flat_map(claims);
    let claims: BTreeSet<String> = is_claim.then(|| name(object)).into_iter().chain(used).collect();
    for claim in claims.iter().take(REASONS_MAX) {
        reasons.extend(claim_reason(session, namespace, claim).await);
    }
    let events = Kind::known("v1", "Event", "events", true);
    let events = session.api.list(&events, Some(namespace), "fieldSelector=type%3DWarning").await.unwrap_or_default();
    let known = |object: &Json| (name(object), at(object, "/metadata/uid").to_owned());
    let own = [object].into_iter().chain(&pods).map(known);
    let used = claims.into_iter().filter(|claim| *claim != name(object)).map(|claim| (claim, String::new()));
    reasons.extend(warnings(&events, &own.chain(used).collect::<Vec<_>>()));
    reasons.truncate(REASONS_MAX);
    reasons
}

/// Returns the pods that an object stands for.
async fn pods_of(session: &Session, namespace: &str, object: &Json) -> Vec<Json> {
    if at(object, "/kind") == "Pod" {
        return vec![object.clone()];
    }
    let selector = object.pointer("/spec/selector/matchLabels").and_then(Json::as_object).into_iter().flatten();
    let selector: Vec<String> =
        selector.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    if selector.is_empty() {
        return Vec::new();
    }
    let query = format!("labelSelector={}", escaped(&selector.join(",")));
    let kind = Kind::known("v1", "Pod", "pods", true);
    session.api.list(&kind, Some(namespace), &query).await.unwrap_or_default()
}

/// Tells each reason once, with the pods that it is told of.
fn told_together(reasons: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut together: Vec<(String, Vec<String>)> = Vec::new();
    for (pod, reason) in reasons {
        let pod = format!("`{pod}`");
        match together.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, pods)) => pods.push(pod),
            None => together.push((reason, vec![pod])),
        }
    }
    let told = |(reason, pods): (String, Vec<String>)| match pods.as_slice() {
        [pod] => format!("pod {pod}: {reason}"),
        pods => format!("pods {}: {reason}", name_some(pods, PODS_NAMED_MAX)),
    };
    together.into_iter().map(told).collect()
}

/// Returns the claims that a pod uses.
fn claims(pod: &Json) -> Vec<String> {
    let volumes = pod.pointer("/spec/volumes").and_then(Json::as_array).into_iter().flatten();
    let claims = volumes.map(|volume| at(volume, "/persistentVolumeClaim/claimName").to_owned());
    claims.filter(|name| !name.is_empty()).collect()
}

/// Tells what a claim waits for, where its class is why.
async fn claim_reason(session: &Session, namespace: &str, name: &str) -> Option<String> {
    let kind = Kind::known("v1", "PersistentVolumeClaim", "persistentvolumeclaims", true);
    let place = Place { kind, namespace: Some(namespace.to_owned()), name: name.to_owned() };
    let claim = session.api.find(&place).await.ok()??;
    if at(&claim, "/status/phase") != "Pending" {
        return None;
    }
    let why = match claim.pointer("/spec/storageClassName").and_then(Json::as_str) {
        None => "it names no storage class, and the cluster has no default one".to_owned(),
        Some("") => "its storage class is \"\", so that it waits for a volume that is made by hand".to_owned(),
        Some(class) if matches!(class_of(session, &claim).await, Ok(None)) => {
            format!("the cluster has no storage class {class:?}")
        }
        Some(_) => return None,
    };
    Some(format!("claim `{name}`: {why}"))
}

/// What of a pod is told by its state already.
const SAID_BY_PODS: &[&str] = &["BackOff", "Failed", "FailedScheduling"];

/// Tells what was warned of objects, by name and uid (empty where that is not known), the latest first. What had the name
/// before is another object.
fn warnings(events: &[Json], objects: &[(String, String)]) -> Vec<String> {
    let about = |event: &&Json| {
        let is_said = at(event, "/involvedObject/kind") == "Pod" && SAID_BY_PODS.contains(&at(event, "/reason"));
        at(event, "/type") == "Warning"
            && !is_said
            && objects.iter().any(|(name, uid)| {
                name == at(event, "/involvedObject/name") && (uid.is_empty() || uid == at(event, "/involvedObject/uid"))
            })
    };
    let mut found: Vec<&Json> = events.iter().filter(about).collect();
    let time = |event: &Json| {
        let last = at(event, "/lastTimestamp");
        if last.is_empty() { at(event, "/eventTime").to_owned() } else { last.to_owned() }
    };
    found.sort_by_key(|event| std::cmp::Reverse(time(event)));
    let mut told: Vec<String> = Vec::new();
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    for event in found {
        let (reason, message) = (at(event, "/reason"), at(event, "/message"));
        if known.insert((reason, message)) {
            let (kind, name) = (at(event, "/involvedObject/kind"), at(event, "/involvedObject/name"));
            told.push(format!("{reason}: {message} ({kind} `{name}`)"));
        }
    }
    told
}

/// Tells what a pod waits for; nothing if it runs.
fn pod_reason(pod: &Json) -> Option<String> {
    let conditions = pod.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
    let unscheduled =
        conditions.clone().find(|one| at(one, "/type") == "PodScheduled" && at(one, "/status") == "False");
    if let Some(condition) = unscheduled {
        return Some(format!("{}: {}", at(condition, "/reason"), at(condition, "/message")));
    }
    for list in ["/status/initContainerStatuses", "/status/containerStatuses"] {
        for container in pod.pointer(list).and_then(Json::as_array).into_iter().flatten() {
            let name = at(container, "/name");
            let reason = at(container, "/state/waiting/reason");
            // These are on their way; only what stays is worth telling.
            if reason == "CrashLoopBackOff" {
                return Some(format!(
                    "CrashLoopBackOff: container `{name}` ends again and again{}",
                    last_end(container)
                ));
            }
            if !reason.is_empty() && !matches!(reason, "ContainerCreating" | "PodInitializing") {
                let message = at(container, "/state/waiting/message");
                let message = if message.is_empty() { String::new() } else { format!(": {message}") };
                return Some(format!("{reason} of container `{name}`{message}"));
            }
            if let Some(code) = container.pointer("/state/terminated/exitCode").and_then(Json::as_i64)
                && code != 0
            {
                return Some(format!("container `{name}` ended with code {code}"));
            }
        }
    }
    let is_running = at(pod, "/status/phase") == "Running";
    let unready = conditions.into_iter().find(|one| at(one, "/type") == "Ready" && at(one, "/status") == "False");
    let message = unready.map(|one| at(one, "/message")).filter(|message| is_running && !message.is_empty())?;
    Some(message.to_owned())
}

/// Tells how a container ended the last time.
fn last_end(container: &Json) -> String {
    let Some(ended) = container.pointer("/lastState/terminated") else { return String::new() };
    let code = ended.get("exitCode").and_then(Json::as_i64).unwrap_or_default();
    let message = at(ended, "/message").trim();
    let message = if message.is_empty() { String::new() } else { format!(": {message}") };
    match at(ended, "/reason") {
        "" | "Error" => format!(", the last time with code {code}{message}"),
        reason => format!(", the last time with code {code} ({reason}){message}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{pod_reason, told_together, warnings};

    #[test]
    fn pods_tell_what_they_wait_for() {
        let unscheduled =
            json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]);
        let waiting = |reason: &str| json!([{"name": "c", "state": {"waiting": {"reason": reason, "message": "m"}}}]);
        let crashed = |reason: &str| {
            let state = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting c_1"}});
            json!([{"name": "c", "state": state, "lastState": {"terminated": {"exitCode": 3, "reason": reason}}}])
        };
        for (status, expected) in [
            (json!({"conditions": unscheduled}), Some("Unschedulable: 0/3 nodes")),
            (json!({"containerStatuses": waiting("ImagePullBackOff")}), Some("ImagePullBackOff of container `c`: m")),
            (json!({"containerStatuses": waiting("ContainerCreating")}), None),
            (json!({"phase": "Running"}), None),
            (
                json!({"containerStatuses": crashed("Error")}),
                Some("CrashLoopBackOff: container `c` ends again and again, the last time with code 3"),
            ),
            (
                json!({"containerStatuses": crashed("OOMKilled")}),
                Some("CrashLoopBackOff: container `c` ends again and again, the last time with code 3 (OOMKilled)"),
            ),
        ] {
            assert_eq!(pod_reason(&json!({"status": status})).as_deref(), expected);
        }
    }

    #[test]
    fn pods_with_one_reason_are_told_together() {
        let pods = [("a", "x"), ("b", "y"), ("c", "x"), ("d", "x")].map(|(pod, reason)| (pod.into(), reason.into()));
        assert_eq!(told_together(pods.into_iter()), ["pods `a`, `c` and 1 more: x", "pod `b`: y"]);
    }

    #[test]
    fn the_latest_warning_of_the_object_comes_first() {
        let event = |name: &str, time: &str, kind: &str| json!({"type": kind, "reason": "R", "message": time, "lastTimestamp": time, "involvedObject": {"name": name, "kind": "Pod", "uid": "1"}});
        let events = [
            event("a", "1", "Warning"),
            event("a", "2", "Warning"),
            event("b", "3", "Warning"),
            event("a", "4", "Normal"),
            event("a", "2", "Warning"),
        ];
        for (uid, expected) in [("1", 2), ("", 2), ("0", 0)] {
            let found = warnings(&events, &[("a".to_owned(), uid.to_owned())]);
            assert_eq!(found, ["R: 2 (Pod `a`)", "R: 1 (Pod `a`)"][..expected], "{uid}");
        }
    }
}
