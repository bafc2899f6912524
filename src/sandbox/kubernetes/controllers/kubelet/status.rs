//! The status of a pod, from its spec and from how far it is.

use serde_json::{Value as Json, json};

use super::{Run, Step, containers};
use crate::kubernetes::controllers::work::{conditions, hash, set_condition};
use crate::kubernetes::store::text;

/// Returns a pod's status.
pub fn of(pod: &Json, run: &Run, stamp: &str) -> Json {
    let phase = match (run.step, run.code) {
        (Step::End, Some(0)) => "Succeeded",
        (Step::End, _) => "Failed",
        (Step::Run | Step::Ready | Step::BackOff | Step::Stop, _) => "Running",
        _ if run.restarts > 0 => "Running",
        _ => "Pending",
    };
    let mut status = json!({"phase": phase, "conditions": pod_conditions(pod, run, phase)});
    let addresses = [("hostIP", "hostIPs", text(pod, "/status/hostIP")), ("podIP", "podIPs", &run.address)];
    for (one, all, address) in addresses.into_iter().filter(|(_, _, address)| !address.is_empty()) {
        status[one] = address.into();
        status[all] = json!([{"ip": address}]);
    }
    let begun = text(pod, "/status/startTime");
    status["startTime"] = if begun.is_empty() { stamp.into() } else { begun.into() };
    let inits: Vec<Json> =
        containers(pod, "initContainers").enumerate().map(|(place, one)| init(pod, run, place, one)).collect();
    if !inits.is_empty() {
        status["initContainerStatuses"] = inits.into();
    }
    status["containerStatuses"] = containers(pod, "containers").map(|one| container(pod, run, one)).collect();
    status["qosClass"] = quality(pod).into();
    status
}

fn quality(pod: &Json) -> &'static str {
    let all = || containers(pod, "containers").map(|container| &container["resources"]);
    let is_empty = |resources: &Json| {
        let none = |part: &str| resources[part].as_object().is_none_or(|part| part.is_empty());
        none("requests") && none("limits")
    };
    let is_fixed = |resources: &Json| {
        let limit = |name: &str| &resources["limits"][name];
        let same = |name: &str| {
            let wanted = &resources["requests"][name];
            !limit(name).is_null() && (wanted.is_null() || wanted == limit(name))
        };
        same("cpu") && same("memory")
    };
    if all().all(is_empty) {
        "BestEffort"
    } else if all().all(is_fixed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn pod_conditions(pod: &Json, run: &Run, phase: &str) -> Json {
    let mut all = conditions(pod);
    let inits = containers(pod, "initContainers").count();
    let completed = ("PodCompleted", "");
    let is_over = phase == "Succeeded";
    let has_address = !run.address.is_empty();
    set_condition(&mut all, "PodReadyToStartContainers", has_address && !matches!(run.step, Step::End), ("", ""));
    if run.inits >= inits {
        set_condition(&mut all, "Initialized", true, if is_over { completed } else { ("", "") });
    } else {
        let names = names(pod, "initContainers");
        let message = format!("containers with incomplete status: [{names}]");
        set_condition(&mut all, "Initialized", false, ("ContainersNotInitialized", &message));
    }
    for kind in ["Ready", "ContainersReady"] {
        if run.ready.is_some() {
            set_condition(&mut all, kind, true, ("", ""));
        } else if is_over {
            set_condition(&mut all, kind, false, completed);
        } else if phase == "Failed" {
            set_condition(&mut all, kind, false, ("PodFailed", ""));
        } else {
            let message = format!("containers with unready status: [{}]", names(pod, "containers"));
            set_condition(&mut all, kind, false, ("ContainersNotReady", &message));
        }
    }
    set_condition(&mut all, "PodScheduled", true, ("", ""));
    all.into()
}

fn names(pod: &Json, list: &str) -> String {
    containers(pod, list).map(|container| text(container, "/name")).collect::<Vec<_>>().join(" ")
}

fn id(pod: &Json, container: &Json, run: &Run) -> String {
    let seed = format!("{}/{}/{}", text(pod, "/metadata/uid"), text(container, "/name"), run.restarts);
    let part = |number: u8| format!("{:016x}", hash(&format!("{seed}/{number}")));
    format!("containerd://{}", (0..4).map(part).collect::<String>())
}

fn image_id(container: &Json) -> String {
    let image = text(container, "/image");
    let part = |number: u8| format!("{:016x}", hash(&format!("{image}/{number}")));
    let name = image.split('@').next().unwrap_or_default();
    format!("{name}@sha256:{}", (0..4).map(part).collect::<String>())
}

fn init(pod: &Json, run: &Run, place: usize, container: &Json) -> Json {
    let is_beside = container["restartPolicy"] == "Always";
    let is_done = place < run.inits;
    let state = if is_done && is_beside {
        json!({"running": {"startedAt": run.started_at}})
    } else if is_done {
        let times = json!({"startedAt": run.started_at, "finishedAt": run.started_at});
        json!({"terminated": {
            "exitCode": 0, "reason": "Completed", "startedAt": times["startedAt"], "finishedAt": times["finishedAt"],
            "containerID": id(pod, container, run),
        }})
    } else if place == run.inits && run.step == Step::Init {
        json!({"running": {"startedAt": run.started_at}})
    } else {
        json!({"waiting": {"reason": "PodInitializing"}})
    };
    json!({
        "name": container["name"], "image": container["image"], "imageID": image_id(container),
        "containerID": id(pod, container, run), "ready": is_done, "restartCount": 0, "started": is_done && is_beside,
        "lastState": {}, "state": state,
    })
}

fn container(pod: &Json, run: &Run, container: &Json) -> Json {
    let runs = matches!(run.step, Step::Run | Step::Ready | Step::Stop);
    let ended = |code: i64| {
        json!({"terminated": {
            "exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" }, "startedAt": run.started_at,
            "finishedAt": run.ended_at, "containerID": id(pod, container, run),
        }})
    };
    let state = match (run.step, &run.waits, run.code) {
        (Step::End, _, code) => ended(code.unwrap_or_default()),
        (_, Some((reason, message)), _) => json!({"waiting": {"reason": reason, "message": message}}),
        _ if runs => json!({"running": {"startedAt": run.started_at}}),
        _ if run.inits < containers(pod, "initContainers").count() => json!({"waiting": {"reason": "PodInitializing"}}),
        _ => json!({"waiting": {"reason": "ContainerCreating"}}),
    };
    let has_run = runs || matches!(run.step, Step::End | Step::BackOff);
    let mut status = json!({
        "name": container["name"], "image": container["image"],
        "imageID": if has_run { image_id(container) } else { String::new() },
        "ready": run.ready.is_some(), "started": runs, "restartCount": run.restarts,
        "lastState": run.code.filter(|_| run.step == Step::BackOff).map_or_else(|| json!({}), ended), "state": state,
    });
    if has_run {
        status["containerID"] = id(pod, container, run).into();
    }
    status
}
