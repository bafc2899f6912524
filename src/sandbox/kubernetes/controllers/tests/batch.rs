//! Pods that come to an end.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Sandbox, condition, template};
use crate::kubernetes::controllers::work::{Of, PODS};

const JOBS: Of = Of("batch", "jobs");
const CRON_JOBS: Of = Of("batch", "cronjobs");

fn job(spec: Json, annotations: Json) -> Json {
    let mut spec = spec;
    spec["template"] = template(json!({"app": "batch"}), json!({"image": "busybox:1.36"}));
    spec["template"]["metadata"]["annotations"] = annotations;
    spec["template"]["spec"]["restartPolicy"] = "Never".into();
    json!({"metadata": {"name": "batch"}, "spec": spec})
}

#[tokio::test]
async fn a_job_completes_when_enough_pods_have() {
    let sandbox = Sandbox::with_nodes(1).await;
    sandbox.create(JOBS, job(json!({"completions": 3, "parallelism": 2}), json!({}))).await;
    sandbox.settle().await;
    let done = sandbox.get(JOBS, "batch");
    assert_eq!(condition(&done, "Complete").0, "True", "{done}");
    assert_eq!((&done["status"]["succeeded"], &done["status"]["active"]), (&json!(3), &Json::Null));
    let pods = sandbox.all(PODS);
    assert!(pods.len() == 3 && pods.iter().all(|pod| pod["status"]["phase"] == "Succeeded"));
    assert_eq!(sandbox.events("Completed"), ["Job completed"]);
}

#[tokio::test]
async fn a_job_gives_up_after_its_limit() {
    let sandbox = Sandbox::with_nodes(1).await;
    let fails = json!({"sandbox.gantry.dev/exit-code": "1"});
    sandbox.create(JOBS, job(json!({"backoffLimit": 2}), fails)).await;
    sandbox.settle().await;
    let failed = sandbox.get(JOBS, "batch");
    assert_eq!(condition(&failed, "Failed"), ("True".to_owned(), "BackoffLimitExceeded".to_owned()));
    assert_eq!(failed["status"]["failed"], 3);
}

#[tokio::test]
async fn a_job_goes_some_time_after_its_end() {
    let sandbox = Sandbox::with_nodes(1).await;
    sandbox.create(JOBS, job(json!({"ttlSecondsAfterFinished": 600}), json!({}))).await;
    sandbox.run(Duration::from_secs(300)).await;
    assert_eq!(condition(&sandbox.get(JOBS, "batch"), "Complete").0, "True");
    sandbox.run(Duration::from_secs(600)).await;
    assert_eq!(sandbox.get(JOBS, "batch"), Json::Null);
    assert!(sandbox.all(PODS).is_empty());
}

#[tokio::test]
async fn a_job_that_is_suspended_has_no_pods() {
    let sandbox = Sandbox::with_nodes(1).await;
    sandbox.create(JOBS, job(json!({"suspend": true}), json!({}))).await;
    sandbox.settle().await;
    assert_eq!(condition(&sandbox.get(JOBS, "batch"), "Suspended").0, "True");
    assert!(sandbox.all(PODS).is_empty());
    sandbox.edit(JOBS, "batch", |job| job["spec"]["suspend"] = false.into()).await;
    sandbox.settle().await;
    assert_eq!(condition(&sandbox.get(JOBS, "batch"), "Complete").0, "True");
}

#[tokio::test]
async fn a_cron_job_runs_by_the_clock_and_keeps_the_last() {
    let sandbox = Sandbox::with_nodes(1).await;
    let mut cron = json!({"metadata": {"name": "tick"}, "spec": {"schedule": "*/10 * * * *"}});
    cron["spec"]["jobTemplate"]["spec"] = job(json!({}), json!({}))["spec"].clone();
    sandbox.create(CRON_JOBS, cron).await;
    sandbox.run(Duration::from_secs(3600)).await;
    assert_eq!(sandbox.events("SuccessfulCreate").iter().filter(|said| said.starts_with("Created job")).count(), 6);
    let jobs = sandbox.all(JOBS);
    assert_eq!(jobs.len(), 3, "three are kept");
    assert!(jobs.iter().all(|job| condition(job, "Complete").0 == "True"));
}
