//! Objects are waited for, and people are told what they wait for.

use std::time::Duration;

use sdk::{Problem, Progress};
use serde_json::Value as Json;

use crate::api::{Place, escaped};
use crate::cluster::Session;
use crate::discovery::Kind;
use crate::json::at;
use crate::readiness::Look;
use crate::times::for_people;

/// The first pause between two looks, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));
/// How often the reasons are looked for: that takes requests of its own.
const REASONS_EVERY: Duration = Duration::from_secs(15);
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
        match look(object) {
            // Its volume is made for the first pod that uses it, which may come only after this.
            Look::Waiting(_)
                if at(object, "/kind") == "PersistentVolumeClaim" && self.waits_for_consumer(object).await =>
            {
                Look::Ready
            }
            other => other,
        }
    }

    async fn waits_for_consumer(&self, claim: &Json) -> bool {
        let class = at(claim, "/spec/storageClassName");
        if class.is_empty() || at(claim, "/status/phase") != "Pending" {
            return false;
        }
        let kind = Kind::known("storage.k8s.io/v1", "StorageClass", "storageclasses", false);
        let place = Place { kind, namespace: None, name: class.to_owned() };
        let class = self.session.api.find(&place).await.ok().flatten();
        class.is_some_and(|class| at(&class, "/volumeBindingMode") == "WaitForFirstConsumer")
    }
}

fn lines(reasons: &[String]) -> String {
    reasons.iter().map(|reason| format!("\n  {reason}")).collect()
}

/// Finds out why an object is not ready: what its pods wait for, and what there were warnings of.
pub(crate) async fn reasons_of(session: &Session, object: &Json) -> Vec<String> {
    let Some(namespace) = object.pointer("/metadata/namespace").and_then(Json::as_str) else {
        return Vec::new();
    };
    let mut reasons = Vec::new();
    let selector = object.pointer("/spec/selector/matchLabels").and_then(Json::as_object);
    let selector: Vec<String> =
        selector.into_iter().flatten().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
    let mut names = vec![at(object, "/metadata/name").to_owned()];
    if !selector.is_empty() {
        let pods = Kind::known("v1", "Pod", "pods", true);
        let query = format!("labelSelector={}", escaped(&selector.join(",")));
        let pods = session.api.list(&pods, Some(namespace), &query).await.unwrap_or_default();
        for pod in &pods {
            if let Some(reason) = pod_reason(pod) {
                reasons.push(format!("pod `{}`: {reason}", at(pod, "/metadata/name")));
                names.push(at(pod, "/metadata/name").to_owned());
            }
        }
    } else if at(object, "/kind") == "Pod" {
        reasons.extend(pod_reason(object));
    }
    let events = Kind::known("v1", "Event", "events", true);
    let events = session.api.list(&events, Some(namespace), "fieldSelector=type%3DWarning").await.unwrap_or_default();
    reasons.extend(warnings(&events, &names));
    reasons.truncate(REASONS_MAX);
    reasons
}

/// Tells what was warned of, the latest first.
fn warnings(events: &[Json], names: &[String]) -> Vec<String> {
    let about = |event: &&Json| {
        at(event, "/type") == "Warning" && names.iter().any(|name| name == at(event, "/involvedObject/name"))
    };
    let mut found: Vec<&Json> = events.iter().filter(about).collect();
    let time = |event: &Json| {
        let last = at(event, "/lastTimestamp");
        if last.is_empty() { at(event, "/eventTime").to_owned() } else { last.to_owned() }
    };
    found.sort_by_key(|event| std::cmp::Reverse(time(event)));
    let told = |event: &&Json| {
        let object = at(event, "/involvedObject/name");
        format!(
            "{}: {} ({} `{object}`)",
            at(event, "/reason"),
            at(event, "/message"),
            at(event, "/involvedObject/kind")
        )
    };
    found.iter().map(told).collect()
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
            if !reason.is_empty() && !matches!(reason, "ContainerCreating" | "PodInitializing") {
                let message = at(container, "/state/waiting/message");
                let ended = at(container, "/lastState/terminated/reason");
                let ended = if ended.is_empty() { String::new() } else { format!(", it ended last time with {ended}") };
                let message = if message.is_empty() { String::new() } else { format!(": {message}") };
                return Some(format!("{reason} of container `{name}`{message}{ended}"));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{pod_reason, warnings};

    #[test]
    fn pods_tell_what_they_wait_for() {
        let unscheduled =
            json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]);
        let waiting = |reason: &str| json!([{"name": "c", "state": {"waiting": {"reason": reason, "message": "m"}}}]);
        for (status, expected) in [
            (json!({"conditions": unscheduled}), Some("Unschedulable: 0/3 nodes")),
            (json!({"containerStatuses": waiting("ImagePullBackOff")}), Some("ImagePullBackOff of container `c`: m")),
            (json!({"containerStatuses": waiting("ContainerCreating")}), None),
            (json!({"phase": "Running"}), None),
        ] {
            assert_eq!(pod_reason(&json!({"status": status})).as_deref(), expected);
        }
    }

    #[test]
    fn the_latest_warning_of_the_object_comes_first() {
        let event = |name: &str, time: &str, kind: &str| json!({"type": kind, "reason": "R", "message": time, "lastTimestamp": time, "involvedObject": {"name": name, "kind": "Pod"}});
        let events = [
            event("a", "1", "Warning"),
            event("a", "2", "Warning"),
            event("b", "3", "Warning"),
            event("a", "4", "Normal"),
        ];
        assert_eq!(warnings(&events, &["a".to_owned()]), ["R: 2 (Pod `a`)", "R: 1 (Pod `a`)"]);
    }
}
