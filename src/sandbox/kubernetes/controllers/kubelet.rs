//! The kubelets of all nodes: pods get their volumes and images, start, become ready, end.
//!
//! Annotations of a pod say how it goes wrong: `sandbox.gantry.dev/exit-code` (with which code its containers end),
//! `.../run-seconds` (after how long), `.../never-ready`, `.../stop-seconds` (how long it takes to stop).

mod needs;
mod status;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::work::{PODS, Work, annotation, hash, is_ending};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const NAME: &str = "kubelet";
const PREPARE: u64 = 500;
const PULL_LEAST: u64 = 2_000;
/// The longest time that an image takes more than the least.
const PULL_SPREAD: u64 = 6_000;
const PRESENT: u64 = 100;
const INIT: u64 = 1_000;
const PULL_RETRY: u64 = 10_000;
/// How long a pod runs that ends by itself and does not say how long.
const RUN_SECONDS: u64 = 5;
/// How long a pod takes to stop that does not say how long.
const STOP_SECONDS: u64 = 1;
const ATTACH_RETRY: u64 = 2_000;
/// How often it is tried before anyone is told.
const ATTACH_TRIES_MAX: u32 = 60;
const BACK_OFF: u64 = 10_000;
const BACK_OFF_MAX: u64 = 300_000;
/// A pod that crashes is started again so often; then it stays as it is, so that it costs nothing any more.
const RESTARTS_MAX: u32 = 12;
/// Not by the clock, but when something changes.
const NEVER: u64 = u64::MAX;

/// The kubelets.
pub struct Kubelet;

/// How far a pod is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// Its node has just seen it.
    #[default]
    New,
    /// Its volumes are mounted.
    Mount,
    /// Containers run that go before the others.
    Init,
    /// Something that its containers refer to is missed, or their images are looked for.
    Pull,
    /// Images are loaded; what follows is the start.
    Start,
    /// An image is not to be had.
    NoImage,
    /// Its containers run.
    Run,
    /// It is ready.
    Ready,
    /// It has crashed and waits.
    BackOff,
    /// It has ended.
    End,
    /// It is deleted, and stops.
    Stop,
}

/// What is kept about a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Run {
    step: Step,
    /// When the next step comes, in milliseconds.
    due: u64,
    restarts: u32,
    /// How often the cloud was asked to attach volumes.
    tries: u32,
    /// Containers of those that go first that are done.
    inits: usize,
    /// Since when it is ready.
    ready: Option<u64>,
    /// Since when it runs.
    began: u64,
    /// Why its containers wait: a reason and a message.
    waits: Option<(String, String)>,
    /// With what its containers ended.
    code: Option<i64>,
    /// The images that it runs.
    images: String,
    address: String,
    /// The volumes that are attached for it, by their handles.
    volumes: Vec<String>,
    started_at: String,
    ended_at: String,
}

impl Controller for Kubelet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("", "configmaps"), ("", "persistentvolumeclaims"), ("", "pods"), ("", "secrets")]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        if event.plural == "pods" {
            return keys.push((event.namespace.to_owned(), event.name.to_owned()));
        }
        // Whoever waits may have waited for this.
        let waits = index.in_namespace(event.namespace).filter(|(_, pod)| !pod.node.is_empty() && !pod.is_started);
        keys.extend(waits.map(|(named, _)| named.clone()));
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let before: Run = serde_json::from_value(work.notes(NAME, &namespace, &name)).unwrap_or_default();
        let Some(pod) = work.get(PODS, &namespace, &name) else {
            needs::release(work, &before.volumes, &name);
            work.keep(&Json::Null);
            return Ok(());
        };
        if text(&pod, "/spec/nodeName").is_empty() {
            return Ok(());
        }
        let mut run = before.clone();
        if is_ending(&pod) {
            return stop(work, &pod, run);
        }
        if run.step != Step::New && images(&pod) != run.images && run.step != Step::End {
            run = Run { step: Step::Pull, due: 0, restarts: run.restarts + 1, ready: None, waits: None, ..run };
            run.images = images(&pod);
        }
        let now = work.now();
        while run.due <= now || run.due == NEVER && matches!(run.step, Step::Mount | Step::Pull) {
            let last = run.clone();
            advance(work, &pod, &mut run);
            if run == last {
                break;
            }
        }
        let status = status::of(&pod, &run, &work.stamp());
        work.set_status(PODS, &pod, status);
        if run != before {
            if run.due != NEVER && run.due != before.due {
                work.again(Duration::from_millis(run.due.saturating_sub(now)));
            }
            work.keep(&serde_json::to_value(&run).unwrap_or_default());
        }
        Ok(())
    }
}

fn images(pod: &Json) -> String {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers.filter_map(|container| container["image"].as_str()).collect::<Vec<_>>().join(" ")
}

fn containers<'p>(pod: &'p Json, list: &str) -> impl Iterator<Item = &'p Json> {
    pod["spec"][list].as_array().into_iter().flatten()
}

fn number(pod: &Json, name: &str) -> Option<u64> {
    annotation(pod, &format!("sandbox.gantry.dev/{name}"))?.parse().ok()
}

/// Does one step.
fn advance(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run) {
    let now = work.now();
    match run.step {
        Step::New => {
            *run = Run { step: Step::Mount, due: now + PREPARE, images: images(pod), ..Run::default() };
            run.started_at = work.stamp();
        }
        Step::Mount => match needs::volumes(work, pod, run) {
            Ok(()) => {
                run.address = needs::address(work, pod);
                let has_inits = containers(pod, "initContainers").next().is_some();
                (run.step, run.due, run.waits) = (if has_inits { Step::Init } else { Step::Pull }, now, None);
                if has_inits {
                    begin_init(work, pod, run);
                }
            }
            // The cloud takes its time; what is missing in the cluster is told when it comes.
            Err(message) if message.starts_with("AttachVolume") && run.tries < ATTACH_TRIES_MAX => {
                run.tries += 1;
                run.due = now + ATTACH_RETRY;
            }
            Err(message) if message.starts_with("AttachVolume") => {
                wait(work, pod, run, ("FailedAttachVolume", "ContainerCreating"), message);
            }
            Err(message) => wait(work, pod, run, ("FailedMount", "ContainerCreating"), message),
        },
        Step::Init => {
            run.inits += 1;
            run.due = now;
            if run.inits < containers(pod, "initContainers").count() {
                begin_init(work, pod, run);
            } else {
                run.step = Step::Pull;
            }
        }
        Step::Pull => pull(work, pod, run),
        Step::NoImage => {
            let image = needs::absent_image(pod).unwrap_or_default();
            let message = format!("Back-off pulling image \"{image}\"");
            work.event(pod, (NAME, "BackOff"), &message);
            work.event(pod, (NAME, "Failed"), "Error: ImagePullBackOff");
            let message = format!("{message}: ErrImagePull: {}", needs::absence(&image));
            (run.waits, run.due) = (Some(("ImagePullBackOff".to_owned(), message)), NEVER);
        }
        Step::Start | Step::BackOff => start(work, pod, run),
        Step::Run => ready(work, pod, run),
        Step::Ready => end(work, pod, run),
        Step::End | Step::Stop => run.due = NEVER,
    }
}

/// Waits for something that is not there; tells of it once.
fn wait(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run, (event, reason): (&str, &str), message: String) {
    let waits = Some((reason.to_owned(), message.clone()));
    if run.waits != waits {
        let said = if event == "Failed" { format!("Error: {message}") } else { message };
        work.event(pod, (NAME, event), &said);
    }
    (run.waits, run.due) = (waits, NEVER);
}

fn begin_init(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run) {
    let Some(container) = containers(pod, "initContainers").nth(run.inits) else { return };
    let taken = load(work, pod, container);
    tell_started(work, pod, container);
    run.due = work.now() + taken + INIT;
}

/// Loads an image onto the pod's node; returns how long that takes.
fn load(work: &mut Work<'_, '_>, pod: &Json, container: &Json) -> u64 {
    let (node, image) = (text(pod, "/spec/nodeName").to_owned(), text(container, "/image").to_owned());
    let mut there = work.notes("images", "", &node);
    let list = there.as_array().cloned().unwrap_or_default();
    if list.iter().any(|one| *one == *image) && container["imagePullPolicy"] != "Always" {
        let message = format!("Container image \"{image}\" already present on machine");
        work.event(pod, (NAME, "Pulled"), &message);
        return PRESENT;
    }
    work.event(pod, (NAME, "Pulling"), &format!("Pulling image \"{image}\""));
    let is_there = list.iter().any(|one| *one == *image);
    let taken = if is_there { PRESENT } else { PULL_LEAST + hash(&image) % PULL_SPREAD };
    if !is_there {
        there = Json::Array(list);
        if let Some(list) = there.as_array_mut() {
            list.push(image.clone().into());
        }
        work.keep_about("images", "", &node, &there);
    }
    let (seconds, bytes) = (taken as f64 / 1000.0, 20_000_000 + hash(&image) % 400_000_000);
    let message = format!(
        "Successfully pulled image \"{image}\" in {seconds}s ({seconds}s including waiting). Image size: {bytes} bytes."
    );
    work.event(pod, (NAME, "Pulled"), &message);
    taken
}

fn tell_started(work: &mut Work<'_, '_>, pod: &Json, container: &Json) {
    let name = text(container, "/name");
    work.event(pod, (NAME, "Created"), &format!("Created container: {name}"));
    work.event(pod, (NAME, "Started"), &format!("Started container {name}"));
}

fn pull(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run) {
    let now = work.now();
    if let Err(message) = needs::references(work, pod) {
        return wait(work, pod, run, ("Failed", "CreateContainerConfigError"), message);
    }
    if let Some(image) = needs::absent_image(pod) {
        work.event(pod, (NAME, "Pulling"), &format!("Pulling image \"{image}\""));
        let why = needs::absence(&image);
        work.event(pod, (NAME, "Failed"), &format!("Failed to pull image \"{image}\": {why}"));
        work.event(pod, (NAME, "Failed"), "Error: ErrImagePull");
        run.waits = Some(("ErrImagePull".to_owned(), why));
        (run.step, run.due) = (Step::NoImage, now + PULL_RETRY);
        return;
    }
    let all: Vec<Json> = containers(pod, "containers").cloned().collect();
    let taken = all.iter().map(|container| load(work, pod, container)).max().unwrap_or_default();
    (run.step, run.due, run.waits) = (Step::Start, now + taken, None);
}

fn start(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run) {
    let now = work.now();
    let all: Vec<Json> = containers(pod, "containers").cloned().collect();
    all.iter().for_each(|container| tell_started(work, pod, container));
    (run.began, run.waits, run.code) = (now, None, None);
    run.started_at = work.stamp();
    let delay = |container: &Json| {
        let of = |probe: &str| {
            let probe = &container[probe];
            let seconds = |member: &str, usual: u64| probe[member].as_u64().unwrap_or(usual);
            let times = seconds("successThreshold", 1).saturating_sub(1);
            if probe.is_object() { seconds("initialDelaySeconds", 0) + times * seconds("periodSeconds", 10) } else { 0 }
        };
        of("startupProbe") + of("readinessProbe")
    };
    let delay = all.iter().map(delay).max().unwrap_or_default().min(86_400);
    (run.step, run.due) = (Step::Run, now + delay * 1000);
}

/// Returns when a pod ends by itself.
fn end_time(pod: &Json, run: &Run) -> u64 {
    let ends = text(pod, "/spec/restartPolicy") != "Always" || number(pod, "exit-code").is_some();
    let seconds = number(pod, "run-seconds");
    match (ends || seconds.is_some(), seconds) {
        (false, _) => NEVER,
        (true, seconds) => run.began.saturating_add(seconds.unwrap_or(RUN_SECONDS).saturating_mul(1000)),
    }
}

fn ready(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run) {
    run.due = end_time(pod, run);
    run.step = Step::Ready;
    if annotation(pod, "sandbox.gantry.dev/never-ready").is_some_and(|text| text != "false") {
        let message = "Readiness probe failed: HTTP probe failed with statuscode: 503";
        return work.event(pod, (NAME, "Unhealthy"), message);
    }
    run.ready = Some(work.now());
}

fn end(work: &mut Work<'_, '_>, pod: &Json, run: &mut Run) {
    let code = number(pod, "exit-code").unwrap_or_default() as i64;
    (run.code, run.ready, run.ended_at) = (Some(code), None, work.stamp());
    let policy = text(pod, "/spec/restartPolicy");
    if policy == "Never" || policy == "OnFailure" && code == 0 {
        (run.step, run.due) = (Step::End, NEVER);
        return;
    }
    let wait = (BACK_OFF << run.restarts.min(10)).min(BACK_OFF_MAX);
    run.restarts += 1;
    let container = containers(pod, "containers").next().map(|one| text(one, "/name").to_owned()).unwrap_or_default();
    let (namespace, name) = super::work::place(pod);
    let whose = format!("{name}_{namespace}({})", text(pod, "/metadata/uid"));
    let seconds = wait / 1000;
    let message = format!("back-off {seconds}s restarting failed container={container} pod={whose}");
    run.waits = Some(("CrashLoopBackOff".to_owned(), message));
    let message = format!("Back-off restarting failed container {container} in pod {whose}");
    work.event(pod, (NAME, "BackOff"), &message);
    let due = if run.restarts < RESTARTS_MAX { work.now() + wait } else { NEVER };
    (run.step, run.due) = (Step::BackOff, due);
}

/// Lets a pod that is deleted stop, and go.
fn stop(work: &mut Work<'_, '_>, pod: &Json, run: Run) -> Result<(), Stop> {
    let (now, (namespace, name)) = (work.now(), super::work::place(pod));
    let has_run = matches!(run.step, Step::Run | Step::Ready);
    let grace = pod["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(30);
    if run.step != Step::Stop && run.step != Step::End && has_run {
        for container in containers(pod, "containers").cloned().collect::<Vec<_>>() {
            let message = format!("Stopping container {}", text(&container, "/name"));
            work.event(pod, (NAME, "Killing"), &message);
        }
        let wait = number(pod, "stop-seconds").unwrap_or(STOP_SECONDS).min(grace) * 1000;
        let run = Run { step: Step::Stop, due: now + wait, ..run };
        work.again(Duration::from_millis(wait));
        work.keep(&serde_json::to_value(&run).unwrap_or_default());
        return Ok(());
    }
    if run.step == Step::Stop && run.due > now {
        return Ok(());
    }
    needs::release(work, &run.volumes, &name);
    work.keep(&Json::Null);
    if pod["metadata"]["deletionGracePeriodSeconds"] != 0 {
        work.delete(PODS, &namespace, &name, json!({"gracePeriodSeconds": 0}))?;
    }
    Ok(())
}
