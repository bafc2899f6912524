//! Kinds that are kept in one version and shown in two: autoscalers, and events.

use serde_json::{Map, Value as Json, json};

use super::kinds::Kind;

/// Members of events, as the core has them and as their own group does.
const EVENT: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn is_old_autoscaler(kind: &Kind) -> bool {
    kind.group == "autoscaling" && kind.version == "v1" && kind.custom.is_none()
}

fn is_new_event(kind: &Kind) -> bool {
    kind.group == "events.k8s.io"
}

fn rename(object: &mut Json, pairs: impl Iterator<Item = (&'static str, &'static str)>) {
    for (old, new) in pairs {
        if let Some(members) = object.as_object_mut()
            && let Some(value) = members.shift_remove(old)
        {
            members.insert(new.to_owned(), value);
        }
    }
}

/// Brings an object, as it is kept, into the version of a kind.
pub fn shown(kind: &Kind, object: &mut Json) {
    if is_new_event(kind) && object["apiVersion"] == "v1" {
        rename(object, EVENT.iter().copied());
    }
    if is_old_autoscaler(kind) && object["apiVersion"] == "autoscaling/v2" {
        let cpu = |metrics: &Json, part: &str| -> Option<i64> {
            let metrics = metrics.as_array()?.iter();
            let mut cpu = metrics.filter(|metric| metric["resource"]["name"] == "cpu");
            cpu.next()?["resource"][part]["averageUtilization"].as_i64()
        };
        let wanted = cpu(&object["spec"]["metrics"], "target");
        let found = cpu(&object["status"]["currentMetrics"], "current");
        for (part, member, percent, name) in [
            ("spec", "metrics", wanted, "targetCPUUtilizationPercentage"),
            ("status", "currentMetrics", found, "currentCPUUtilizationPercentage"),
        ] {
            if let Some(members) = object[part].as_object_mut() {
                members.shift_remove(member);
                members.shift_remove("behavior");
                members.shift_remove("conditions");
                if let Some(percent) = percent {
                    members.insert(name.to_owned(), percent.into());
                }
            }
        }
    }
}

/// Returns an object as it is kept, if that is not as it is shown.
pub fn stored(kind: &Kind, object: &Json) -> Option<Json> {
    if is_new_event(kind) {
        let mut object = object.clone();
        rename(&mut object, EVENT.iter().map(|(old, new)| (*new, *old)));
        object["apiVersion"] = "v1".into();
        return Some(object);
    }
    if !is_old_autoscaler(kind) {
        return None;
    }
    let mut object = object.clone();
    object["apiVersion"] = "autoscaling/v2".into();
    let percent = object["spec"].as_object_mut().and_then(|spec| spec.shift_remove("targetCPUUtilizationPercentage"));
    let target = json!({"type": "Utilization", "averageUtilization": percent.unwrap_or_else(|| 80.into())});
    object["spec"]["metrics"] = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
    let status = object["status"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let mut status: Map<String, Json> = status;
    let percent = status.shift_remove("currentCPUUtilizationPercentage");
    if let Some(percent) = percent {
        let current = json!({"averageUtilization": percent});
        status.insert(
            "currentMetrics".into(),
            json!([{"type": "Resource", "resource": {"name": "cpu", "current": current}}]),
        );
    }
    object["status"] = Json::Object(status);
    Some(object)
}
