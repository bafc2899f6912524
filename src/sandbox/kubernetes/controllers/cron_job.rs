//! CronJobs: a Job whenever its time has come, on the sandbox's clock.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::job::{JOBS, is_over};
use super::schedule::Schedule;
use super::work::{self, Of, Work, conditions, is_ending};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const CRON_JOBS: Of = Of("batch", "cronjobs");
const SOURCE: &str = "cronjob-controller";

/// The controller of CronJobs.
pub struct CronJobs;

impl Controller for CronJobs {
    fn name(&self) -> &'static str {
        "cronjobs"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("batch", "cronjobs"), ("batch", "jobs")]
    }

    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<Named>) {
        match event.plural {
            "jobs" => keys.extend(event.owners("CronJob")),
            _ => keys.push((event.namespace.to_owned(), event.name.to_owned())),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(cron) = work.get(CRON_JOBS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        if is_ending(&cron) {
            return Ok(());
        }
        let mut jobs = work.owned(JOBS, &namespace, text(&cron, "/metadata/uid"));
        jobs.sort_by_key(|job| text(job, "/metadata/name").to_owned());
        let scheduled = run_due(work, &cron, &mut jobs)?;
        clean_up(work, &cron, &jobs)?;
        let mut status = cron["status"].as_object().cloned().map_or_else(|| json!({}), Json::Object);
        let reference = |job: &&Json| {
            json!({
                "apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"],
                "namespace": namespace, "uid": job["metadata"]["uid"],
            })
        };
        let active: Vec<Json> = jobs.iter().filter(|job| !is_over(job)).map(|job| reference(&job)).collect();
        match (active.is_empty(), status.as_object_mut()) {
            (true, Some(status)) => _ = status.shift_remove("active"),
            _ => status["active"] = active.into(),
        }
        if scheduled {
            status["lastScheduleTime"] = work.stamp().into();
        }
        let ended = jobs.iter().filter_map(|job| job["status"]["completionTime"].as_str()).max();
        if let Some(ended) = ended {
            status["lastSuccessfulTime"] = ended.into();
        }
        work.set_status(CRON_JOBS, &cron, status);
        Ok(())
    }
}

/// Makes a Job if one is due, and plans the next; tells whether one was made.
fn run_due(work: &mut Work<'_, '_>, cron: &Json, jobs: &mut Vec<Json>) -> Result<bool, Stop> {
    let now = work.now();
    let plan = text(cron, "/spec/schedule").to_owned();
    let Some(schedule) = Schedule::parse(&plan) else {
        work.event(cron, (SOURCE, "UnparseableSchedule"), &format!("unparseable schedule: {plan:?}"));
        return Ok(false);
    };
    if cron["spec"]["suspend"] == true {
        work.keep(&Json::Null);
        return Ok(false);
    }
    let noted = work.notes("cronjobs", &work.key.namespace, &work.key.name);
    let due = noted["due"].as_u64().filter(|_| noted["schedule"] == *plan);
    if due.is_some_and(|due| due > now) {
        return Ok(false);
    }
    if let Some(next) = schedule.next(now / 1000) {
        work.keep(&json!({"due": next * 1000, "schedule": plan}));
        work.again(Duration::from_millis((next * 1000).saturating_sub(now)));
    }
    // What was missed while nobody looked is made up for by one.
    let Some(due) = due else { return Ok(false) };
    let active: Vec<Json> = jobs.iter().filter(|job| !is_over(job)).cloned().collect();
    match text(cron, "/spec/concurrencyPolicy") {
        "Forbid" if !active.is_empty() => {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            work.event(cron, (SOURCE, "JobAlreadyActive"), message);
            return Ok(false);
        }
        "Replace" => {
            for job in &active {
                let (namespace, name) = work::place(job);
                work.delete(JOBS, &namespace, &name, json!({"propagationPolicy": "Background"}))?;
                jobs.retain(|other| other["metadata"]["uid"] != job["metadata"]["uid"]);
            }
        }
        _ => {}
    }
    let (namespace, name) = work::place(cron);
    let template = &cron["spec"]["jobTemplate"];
    let mut metadata = json!({
        "name": format!("{name}-{}", due / 60_000), "namespace": namespace,
        "ownerReferences": [work::owner_reference(cron)],
    });
    for member in ["labels", "annotations"] {
        if !template["metadata"][member].is_null() {
            metadata[member] = template["metadata"][member].clone();
        }
    }
    if work.has(JOBS, &namespace, text(&metadata, "/name")) {
        return Ok(false);
    }
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]});
    let made = work.create(JOBS, &namespace, job)?;
    work.event(cron, (SOURCE, "SuccessfulCreate"), &format!("Created job {}", text(&made, "/metadata/name")));
    jobs.push(made);
    Ok(true)
}

/// Deletes old Jobs that are over.
fn clean_up(work: &mut Work<'_, '_>, cron: &Json, jobs: &[Json]) -> Result<(), Stop> {
    let failed = |job: &Json| conditions(job).iter().any(|one| one["type"] == "Failed" && one["status"] == "True");
    for (is_failed, member, usual) in [(false, "successfulJobsHistoryLimit", 3), (true, "failedJobsHistoryLimit", 1)] {
        let limit = cron["spec"][member].as_u64().unwrap_or(usual) as usize;
        let over: Vec<&Json> = jobs.iter().filter(|job| is_over(job) && failed(job) == is_failed).collect();
        for job in over.iter().take(over.len().saturating_sub(limit)) {
            let (namespace, name) = work::place(job);
            work.delete(JOBS, &namespace, &name, json!({"propagationPolicy": "Background"}))?;
        }
    }
    Ok(())
}
