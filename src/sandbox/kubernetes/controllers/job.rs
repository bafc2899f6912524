//! Jobs: pods that come to an end, as often as is wanted.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::index::{Index, Named, Pod};
use super::replica_set::{create, pod_of};
use super::work::{self, Of, PODS, Work, is_ending, set_condition, set_metadata};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

/// Jobs.
pub const JOBS: Of = Of("batch", "jobs");
const SOURCE: &str = "job-controller";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const BACK_OFF: u64 = 10_000;
const BACK_OFF_MAX: u64 = 600_000;

/// The controller of Jobs.
pub struct Jobs;

/// What is kept about a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Note {
    /// Since when it runs, in milliseconds.
    began: Option<u64>,
    /// Since when it is over.
    ended: Option<u64>,
    /// When another pod may be made after one failed.
    retry: u64,
    succeeded: u64,
    failed: u64,
    /// Uids of pods that are counted.
    counted: BTreeSet<String>,
    /// Numbers that are done, of a job with numbers.
    done: BTreeSet<u64>,
}

impl Controller for Jobs {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("batch", "jobs"), ("", "pods")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        match event.plural {
            "pods" => keys.extend(event.owners("Job")),
            _ => keys.push((event.namespace.to_owned(), event.name.to_owned())),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(job) = work.get(JOBS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        if is_ending(&job) {
            return Ok(());
        }
        let job = labelled(work, job);
        let before: Note = serde_json::from_value(work.notes("jobs", &namespace, &name)).unwrap_or_default();
        let mut note = before.clone();
        let outcome = if is_over(&job) { expire(work, &job, &note) } else { step(work, &job, &mut note) };
        if note != before {
            work.keep(&serde_json::to_value(&note).unwrap_or_default());
        }
        outcome
    }
}

/// Tells whether a job is over, well or not.
pub fn is_over(job: &Json) -> bool {
    work::conditions(job)
        .iter()
        .any(|one| matches!(text(one, "/type"), "Complete" | "Failed") && one["status"] == "True")
}

/// Gives a job its selector and its pods' labels, as the server does when it is made.
fn labelled(work: &mut Work<'_, '_>, job: Json) -> Json {
    if !job["spec"]["selector"].is_null() {
        return job;
    }
    let (uid, name) = (job["metadata"]["uid"].clone(), job["metadata"]["name"].clone());
    let mut after = job.clone();
    after["spec"]["selector"] = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        set_metadata(&mut after["spec"]["template"], "labels", key, value.clone());
    }
    for (member, usual) in [("completionMode", "NonIndexed"), ("podReplacementPolicy", "TerminatingOrFailed")] {
        if after["spec"][member].is_null() {
            after["spec"][member] = usual.into();
        }
    }
    work.put(JOBS, &job, after);
    work.get(JOBS, &work.key.namespace, &work.key.name).unwrap_or(job)
}

/// Deletes a job some time after it is over, if it says so.
fn expire(work: &mut Work<'_, '_>, job: &Json, note: &Note) -> Result<(), Stop> {
    let (Some(seconds), Some(ended)) = (job["spec"]["ttlSecondsAfterFinished"].as_u64(), note.ended) else {
        return Ok(());
    };
    let (now, due) = (work.now(), ended.saturating_add(seconds.saturating_mul(1000)));
    if due > now {
        work.again(Duration::from_millis(due - now));
        return Ok(());
    }
    let (namespace, name) = work::place(job);
    work.delete(JOBS, &namespace, &name, json!({"propagationPolicy": "Background"}))
}

fn is_indexed(job: &Json) -> bool {
    job["spec"]["completionMode"] == "Indexed"
}

fn count(work: &Work<'_, '_>, job: &Json, note: &mut Note) -> usize {
    let uid = text(job, "/metadata/uid");
    let (mut there, mut restarts) = (BTreeSet::new(), 0);
    for (_, pod) in work.index.of_owner(uid) {
        there.insert(pod.uid.clone());
        restarts += pod.restarts;
        if !pod.is_finished() || !note.counted.insert(pod.uid.clone()) {
            continue;
        }
        if pod.phase == "Succeeded" {
            note.succeeded += 1;
            note.done.extend(number(pod));
        } else {
            note.failed += 1;
            let wait = (BACK_OFF << (note.failed - 1).min(10)).min(BACK_OFF_MAX);
            note.retry = work.now() + wait;
        }
    }
    note.counted.retain(|uid| there.contains(uid));
    restarts as usize
}

/// Returns a pod's number.
fn number(pod: &Pod) -> Option<u64> {
    pod.labels.get(INDEX)?.parse().ok()
}

fn step(work: &mut Work<'_, '_>, job: &Json, note: &mut Note) -> Result<(), Stop> {
    let spec = &job["spec"];
    let restarts = count(work, job, note) as u64;
    let active: Vec<(&Named, &Pod)> =
        work.index.of_owner(text(job, "/metadata/uid")).filter(|(_, pod)| pod.is_active()).collect();
    if is_indexed(job) {
        note.succeeded = note.done.len() as u64;
    }
    let now = work.now();
    if spec["suspend"] == true {
        note.began = None;
        let all: Vec<Named> = active.iter().map(|(named, _)| (*named).clone()).collect();
        drop_all(work, all)?;
        return finish(work, job, note, (0, 0), Some(("Suspended", "JobSuspended", "Job suspended")));
    }
    let began = *note.began.get_or_insert(now);
    let limit = spec["backoffLimit"].as_u64().unwrap_or(6);
    let deadline = spec["activeDeadlineSeconds"].as_u64().map(|seconds| began + seconds * 1000);
    let ready = active.iter().filter(|(_, pod)| pod.is_ready).count();
    let wanted = spec["completions"].as_u64();
    let is_complete = match wanted {
        Some(wanted) => note.succeeded >= wanted,
        None => note.succeeded > 0 && active.is_empty(),
    };
    let over = if note.failed > limit || restarts > limit {
        Some(("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"))
    } else if deadline.is_some_and(|deadline| deadline <= now) {
        Some(("Failed", "DeadlineExceeded", "Job was active longer than specified deadline"))
    } else if is_complete {
        Some(("Complete", "CompletionsReached", "Reached expected number of succeeded pods"))
    } else {
        None
    };
    if over.is_some() {
        note.ended = Some(now);
        let all: Vec<Named> = active.iter().map(|(named, _)| (*named).clone()).collect();
        drop_all(work, all)?;
        return finish(work, job, note, (0, 0), over);
    }
    if let Some(deadline) = deadline {
        work.again(Duration::from_millis(deadline - now));
    }
    let made = make(work, job, note, &active)?;
    finish(work, job, note, (active.len() + made, ready), None)
}

fn drop_all(work: &mut Work<'_, '_>, pods: Vec<Named>) -> Result<(), Stop> {
    for (namespace, name) in pods {
        work.delete(PODS, &namespace, &name, json!({}))?;
    }
    Ok(())
}

/// Makes the pods that are missing; returns how many.
fn make(work: &mut Work<'_, '_>, job: &Json, note: &Note, active: &[(&Named, &Pod)]) -> Result<usize, Stop> {
    let now = work.now();
    let parallel = job["spec"]["parallelism"].as_u64().unwrap_or(1);
    let left = match job["spec"]["completions"].as_u64() {
        Some(wanted) => wanted.saturating_sub(note.succeeded),
        None if note.succeeded > 0 => 0,
        None => parallel,
    };
    let missing = parallel.min(left).saturating_sub(active.len() as u64);
    if missing == 0 {
        return Ok(0);
    }
    if note.retry > now {
        work.again(Duration::from_millis(note.retry - now));
        return Ok(0);
    }
    let busy: BTreeSet<u64> = active.iter().filter_map(|(_, pod)| number(pod)).collect();
    let mut free = (0..).filter(|number| !busy.contains(number) && !note.done.contains(number));
    for _ in 0..missing {
        let mut pod = pod_of(job, &job["spec"]["template"]);
        if is_indexed(job) {
            let number = free.next().unwrap_or_default().to_string();
            set_metadata(&mut pod, "annotations", INDEX, number.clone().into());
            set_metadata(&mut pod, "labels", INDEX, number.clone().into());
            let stem = format!("{}-{number}-", text(job, "/metadata/name"));
            pod["spec"]["hostname"] = stem.trim_end_matches('-').into();
            pod["metadata"]["generateName"] = stem.into();
            for container in pod["spec"]["containers"].as_array_mut().into_iter().flatten() {
                let mut env = container["env"].as_array().cloned().unwrap_or_default();
                env.push(json!({"name": "JOB_COMPLETION_INDEX", "value": number}));
                container["env"] = env.into();
            }
        }
        create(work, job, SOURCE, pod)?;
    }
    Ok(missing as usize)
}

/// Writes how far a job is.
fn finish(
    work: &mut Work<'_, '_>,
    job: &Json,
    note: &Note,
    (active, ready): (usize, usize),
    over: Option<(&str, &str, &str)>,
) -> Result<(), Stop> {
    let mut conditions = work::conditions(job);
    let mut status = json!({"uncountedTerminatedPods": {}, "ready": ready, "terminating": 0});
    for (member, number) in [("active", active as u64), ("succeeded", note.succeeded), ("failed", note.failed)] {
        if number > 0 {
            status[member] = number.into();
        }
    }
    if is_indexed(job) && !note.done.is_empty() {
        status["completedIndexes"] = ranges(&note.done).into();
    }
    let started = text(job, "/status/startTime");
    if note.began.is_some() {
        status["startTime"] = if started.is_empty() { work.stamp().into() } else { started.into() };
    }
    if over.is_none() && conditions.iter().any(|one| one["type"] == "Suspended" && one["status"] == "True") {
        set_condition(&mut conditions, "Suspended", false, ("JobResumed", "Job resumed"));
        work.event(job, (SOURCE, "Resumed"), "Job resumed");
    }
    if let Some((kind, reason, message)) = over {
        let is_new = !conditions.iter().any(|one| one["type"] == kind && one["status"] == "True");
        match kind {
            "Complete" => set_condition(&mut conditions, "SuccessCriteriaMet", true, (reason, message)),
            "Failed" => set_condition(&mut conditions, "FailureTarget", true, (reason, message)),
            _ => {}
        }
        set_condition(&mut conditions, kind, true, (reason, message));
        if kind == "Complete" {
            status["completionTime"] = work.stamp().into();
        }
        let event = match kind {
            "Complete" => ("Completed", "Job completed"),
            "Suspended" => ("Suspended", message),
            _ => (reason, message),
        };
        if is_new {
            work.event(job, (SOURCE, event.0), event.1);
        }
    }
    if !conditions.is_empty() {
        status["conditions"] = conditions.into();
    }
    work.set_status(JOBS, job, status);
    Ok(())
}

/// Writes numbers as `0-2,5`.
fn ranges(numbers: &BTreeSet<u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let write = |(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    ranges.iter().map(write).collect::<Vec<_>>().join(",")
}
