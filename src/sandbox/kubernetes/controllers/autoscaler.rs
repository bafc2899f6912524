//! HorizontalPodAutoscalers: the number of replicas by what pods use, as far as there is anything that measures it.
//!
//! Nothing runs, so nothing is measured: pods say what they use, in percent of what they ask for, by the annotations
//! `sandbox.gantry.dev/cpu-utilization` and `.../memory-utilization`; one that says nothing uses what an idle one does.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::index::{Index, Named};
use super::work::{self, Of, PODS, Work, annotation, is_ending, set_condition};
use super::{Controller, Event};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store::text;

const SCALERS: Of = Of("autoscaling", "horizontalpodautoscalers");
const SOURCE: &str = "horizontal-pod-autoscaler";
/// What answers questions about metrics.
const METRICS: &str = "v1beta1.metrics.k8s.io";
/// Percent that a pod uses that does not say.
const IDLE: i64 = 5;
/// How long fewer replicas must be enough before there are fewer, unless the autoscaler says.
const STABLE_SECONDS: u64 = 300;
/// By how many thousandths the use may be off before anything is done.
const TOLERANCE: i64 = 100;

/// The controller of HorizontalPodAutoscalers.
pub struct Autoscalers;

impl Controller for Autoscalers {
    fn name(&self) -> &'static str {
        "autoscalers"
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[
            ("apiregistration.k8s.io", "apiservices"),
            ("apps", "deployments"),
            ("apps", "statefulsets"),
            ("autoscaling", "horizontalpodautoscalers"),
        ]
    }

    fn concerns(&self, event: &Event<'_>, index: &Index, keys: &mut Vec<Named>) {
        let all = index.named("horizontalpodautoscalers");
        match event.plural {
            "horizontalpodautoscalers" => keys.push((event.namespace.to_owned(), event.name.to_owned())),
            "apiservices" if event.name == METRICS => keys.extend(all.cloned()),
            "apiservices" => {}
            _ => keys.extend(all.filter(|(namespace, _)| namespace == event.namespace).cloned()),
        }
    }

    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop> {
        let (namespace, name) = (work.key.namespace.clone(), work.key.name.clone());
        let Some(scaler) = work.get(SCALERS, &namespace, &name) else {
            work.keep(&Json::Null);
            return Ok(());
        };
        if is_ending(&scaler) {
            return Ok(());
        }
        let reference = &scaler["spec"]["scaleTargetRef"];
        let of = match text(reference, "/kind") {
            "Deployment" => Of("apps", "deployments"),
            "StatefulSet" => Of("apps", "statefulsets"),
            "ReplicaSet" => Of("apps", "replicasets"),
            _ => return Ok(()),
        };
        let mut conditions = work::conditions(&scaler);
        let target = text(reference, "/name").to_owned();
        let Some(object) = work.get(of, &namespace, &target) else {
            let message = format!(
                "the HPA controller was unable to get the target's current scale: {} \"{target}\" not found",
                of.kind().qualified()
            );
            set_condition(&mut conditions, "AbleToScale", false, ("FailedGetScale", &message));
            work.event(&scaler, (SOURCE, "FailedGetScale"), &message);
            let status = json!({"currentReplicas": 0, "desiredReplicas": 0, "conditions": conditions});
            work.set_status(SCALERS, &scaler, status);
            return Ok(());
        };
        scale(work, &scaler, (of, &object), conditions)
    }
}

/// What a metric says: how it is shown, and how many replicas it wants.
struct Measured {
    shown: Json,
    wanted: i64,
}

fn measure(work: &Work<'_, '_>, scaler: &Json, object: &Json) -> Result<Vec<Measured>, String> {
    let (namespace, _) = work::place(scaler);
    let usual = json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]);
    let metrics = scaler["spec"]["metrics"].as_array().or(usual.as_array()).cloned().unwrap_or_default();
    let selector = &object["spec"]["selector"];
    let pods: Vec<Json> = work
        .index
        .in_namespace(&namespace)
        .filter(|(_, pod)| pod.is_active() && super::pod_spec::selects(selector, &pod.labels))
        .filter_map(|((namespace, name), _)| work.get(PODS, namespace, name))
        .collect();
    let current = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let measured = metrics.iter().map(|metric| {
        let (name, target) = (text(metric, "/resource/name"), metric["resource"]["target"]["averageUtilization"].as_i64());
        let Some(target) = target.filter(|target| metric["type"] == "Resource" && *target > 0) else {
            return Err(format!("unable to get metric of type {}: the sandbox measures utilization only", metric["type"]));
        };
        if !work.has(Of("apiregistration.k8s.io", "apiservices"), "", METRICS) {
            return Err(format!(
                "failed to get {name} utilization: unable to get metrics for resource {name}: unable to fetch metrics from \
                 resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
            ));
        }
        if pods.is_empty() {
            return Err(format!("failed to get {name} utilization: no pods returned by selector while calculating replica count"));
        }
        let asks = |pod: &Json| super::index::requests(&pod["spec"]).get(name).copied().unwrap_or_default() > 0;
        if let Some(pod) = pods.iter().find(|pod| !asks(pod)) {
            let own = text(pod, "/metadata/name");
            return Err(format!("failed to get {name} utilization: missing request for {name} in container of Pod {own}"));
        }
        let word = format!("sandbox.gantry.dev/{name}-utilization");
        let used = |pod: &Json| annotation(pod, &word).and_then(|text| text.trim_end_matches('%').parse().ok()).unwrap_or(IDLE);
        let average = pods.iter().map(used).sum::<i64>() / pods.len() as i64;
        let ratio = average * 1000 / target;
        let wanted = if (ratio - 1000).abs() <= TOLERANCE { current } else { (current * average + target - 1) / target };
        let shown = json!({"type": "Resource", "resource": {"name": name, "current": {"averageUtilization": average}}});
        Ok(Measured { shown, wanted })
    });
    measured.collect()
}

fn scale(
    work: &mut Work<'_, '_>,
    scaler: &Json,
    (of, object): (Of, &Json),
    mut conditions: Vec<Json>,
) -> Result<(), Stop> {
    let current = object["spec"]["replicas"].as_i64().unwrap_or(1);
    let least = scaler["spec"]["minReplicas"].as_i64().unwrap_or(1);
    let most = scaler["spec"]["maxReplicas"].as_i64().unwrap_or(least).max(least);
    let mut status = json!({"observedGeneration": scaler["metadata"]["generation"], "currentReplicas": current});
    let mut wanted = current;
    set_condition(
        &mut conditions,
        "AbleToScale",
        true,
        ("SucceededGetScale", "the HPA controller was able to get the target's current scale"),
    );
    if current == 0 {
        let message = "scaling is disabled since the replica count of the target is zero";
        set_condition(&mut conditions, "ScalingActive", false, ("ScalingDisabled", message));
    } else {
        match measure(work, scaler, object) {
            Ok(all) => {
                wanted = all.iter().map(|one| one.wanted).max().unwrap_or(current);
                status["currentMetrics"] = all.into_iter().map(|one| one.shown).collect();
                let message = "the HPA was able to successfully calculate a replica count from a resource utilization (percentage of request)";
                set_condition(&mut conditions, "ScalingActive", true, ("ValidMetricFound", message));
            }
            Err(why) => {
                let message = format!("the HPA was unable to compute the replica count: {why}");
                let is_said = conditions.iter().any(|one| one["message"] == message);
                set_condition(&mut conditions, "ScalingActive", false, ("FailedGetResourceMetric", &message));
                if !is_said {
                    work.event(scaler, (SOURCE, "FailedGetResourceMetric"), &why);
                }
            }
        }
        limit(&mut conditions, wanted, (least, most));
        wanted = wanted.clamp(least, most);
        wanted = stable(work, scaler, (current, wanted), most);
    }
    status["desiredReplicas"] = wanted.into();
    if wanted != current {
        let mut after = object.clone();
        after["spec"]["replicas"] = wanted.into();
        work.update(of, object, after)?;
        status["lastScaleTime"] = work.stamp().into();
        let message = format!(
            "New size: {wanted}; reason: {}",
            if wanted > current { "resource utilization above target" } else { "All metrics below target" }
        );
        work.event(scaler, (SOURCE, "SuccessfulRescale"), &message);
    } else if !scaler["status"]["lastScaleTime"].is_null() {
        status["lastScaleTime"] = scaler["status"]["lastScaleTime"].clone();
    }
    status["conditions"] = conditions.into();
    work.set_status(SCALERS, scaler, status);
    Ok(())
}

fn limit(conditions: &mut Vec<Json>, wanted: i64, (least, most): (i64, i64)) {
    let (is_limited, reason, message) = if wanted > most {
        (true, "TooManyReplicas", "the desired replica count is more than the maximum replica count")
    } else if wanted < least {
        (true, "TooFewReplicas", "the desired replica count is less than the minimum replica count")
    } else {
        (false, "DesiredWithinRange", "the desired count is within the acceptable range")
    };
    set_condition(conditions, "ScalingLimited", is_limited, (reason, message));
}

/// Waits with fewer replicas until that has been enough for a while.
fn stable(work: &mut Work<'_, '_>, scaler: &Json, (current, wanted): (i64, i64), most: i64) -> i64 {
    if wanted >= current || current > most {
        work.keep(&Json::Null);
        return wanted;
    }
    let seconds =
        scaler["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"].as_u64().unwrap_or(STABLE_SECONDS);
    let (now, noted) = (work.now(), work.notes("autoscalers", &work.key.namespace, &work.key.name));
    match noted["since"].as_u64() {
        Some(since) if since + seconds * 1000 <= now => {
            work.keep(&Json::Null);
            wanted
        }
        Some(_) => current,
        None if seconds == 0 => wanted,
        None => {
            work.keep(&json!({"since": now}));
            work.again(Duration::from_secs(seconds));
            current
        }
    }
}
