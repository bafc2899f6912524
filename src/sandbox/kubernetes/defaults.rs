//! What a server fills in that nobody has said: the defaults that clients rely on.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine;
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::kinds::{self, Kind};
use super::store::{Target, text};
use super::types::{self, Type, Word};
use crate::world::Records;

/// The defaults of types, wherever they stand: type, then fields with their values.
const DEFAULTS: &str = r#"
core.v1.Probe timeoutSeconds=1 periodSeconds=10 successThreshold=1 failureThreshold=3
core.v1.HTTPGetAction path="/" scheme="HTTP"
core.v1.ObjectFieldSelector apiVersion="v1"
core.v1.SecretVolumeSource defaultMode=420
core.v1.ConfigMapVolumeSource defaultMode=420
core.v1.DownwardAPIVolumeSource defaultMode=420
core.v1.ProjectedVolumeSource defaultMode=420
core.v1.ServiceAccountTokenProjection expirationSeconds=3600
core.v1.HostPathVolumeSource type=""
core.v1.GRPCAction service=""
core.v1.ContainerPort protocol="TCP"
core.v1.Container terminationMessagePath="/dev/termination-log" terminationMessagePolicy="File"
core.v1.EphemeralContainer terminationMessagePath="/dev/termination-log" terminationMessagePolicy="File"
core.v1.PodSpec restartPolicy="Always" terminationGracePeriodSeconds=30 dnsPolicy="ClusterFirst" securityContext={} schedulerName="default-scheduler"
core.v1.PersistentVolumeClaimSpec volumeMode="Filesystem"
core.v1.PersistentVolumeClaimStatus phase="Pending"
core.v1.PersistentVolumeSpec persistentVolumeReclaimPolicy="Retain" volumeMode="Filesystem"
core.v1.PersistentVolumeStatus phase="Pending"
core.v1.ISCSIVolumeSource iscsiInterface="default"
core.v1.EndpointPort protocol="TCP"
core.v1.ReplicationControllerSpec replicas=1
core.v1.Secret type="Opaque"
core.v1.NamespaceStatus phase="Active"
core.v1.ServicePort protocol="TCP"
core.v1.ServiceSpec type="ClusterIP" sessionAffinity="None"
discovery.v1.EndpointPort name="" protocol="TCP"
apps.v1.DeploymentSpec replicas=1 revisionHistoryLimit=10 progressDeadlineSeconds=600
apps.v1.DeploymentStrategy type="RollingUpdate"
apps.v1.ReplicaSetSpec replicas=1
apps.v1.StatefulSetSpec replicas=1 revisionHistoryLimit=10 podManagementPolicy="OrderedReady" persistentVolumeClaimRetentionPolicy={}
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted="Retain" whenScaled="Retain"
apps.v1.StatefulSetUpdateStrategy type="RollingUpdate"
apps.v1.DaemonSetSpec revisionHistoryLimit=10
apps.v1.DaemonSetUpdateStrategy type="RollingUpdate"
batch.v1.CronJobSpec concurrencyPolicy="Allow" suspend=false successfulJobsHistoryLimit=3 failedJobsHistoryLimit=1
networking.v1.NetworkPolicyPort protocol="TCP"
networking.v1.IngressClassParametersReference scope="Cluster"
rbac.v1.RoleRef apiGroup="rbac.authorization.k8s.io"
storage.v1.StorageClass reclaimPolicy="Delete" volumeBindingMode="Immediate"
storage.v1.CSIDriverSpec attachRequired=true podInfoOnMount=false storageCapacity=false fsGroupPolicy="ReadWriteOnceWithFSType" volumeLifecycleModes=["Persistent"] requiresRepublish=false seLinuxMount=false
scheduling.v1.PriorityClass preemptionPolicy="PreemptLowerPriority"
autoscaling.v2.HorizontalPodAutoscalerSpec minReplicas=1
admissionregistration.v1.ValidatingWebhook failurePolicy="Fail" matchPolicy="Equivalent" namespaceSelector={} objectSelector={} timeoutSeconds=10
admissionregistration.v1.MutatingWebhook failurePolicy="Fail" matchPolicy="Equivalent" namespaceSelector={} objectSelector={} timeoutSeconds=10 reinvocationPolicy="Never"
admissionregistration.v1.RuleWithOperations scope="*"
admissionregistration.v1.ServiceReference port=443
admissionregistration.v1.ValidatingAdmissionPolicySpec failurePolicy="Fail"
admissionregistration.v1.MatchResources matchPolicy="Equivalent" namespaceSelector={} objectSelector={}
flowcontrol.v1.FlowSchemaSpec matchingPrecedence=1000
"#;

type Fields = Vec<(&'static str, Json)>;

static TYPES: LazyLock<HashMap<&'static str, Fields>> = LazyLock::new(|| {
    let lines = DEFAULTS.lines().filter_map(|line| line.split_once(' '));
    let field = |field: &'static str| {
        let (name, value) = field.split_once('=')?;
        Some((name, serde_json::from_str(value).ok()?))
    };
    lines.map(|(name, fields)| (name, fields.split(' ').filter_map(field).collect())).collect()
});

/// How deep objects are followed.
const DEPTH_MAX: usize = 64;

/// Fills in what is missing.
pub fn fill(records: &Records, target: &Target<'_>, object: &mut Json) -> Result<(), Failure> {
    let kind = target.kind;
    let Some(form) = types::of_kind(kind) else { return Ok(()) };
    fill_type(form, object, DEPTH_MAX);
    match (&*kind.group, &*kind.plural) {
        ("", "namespaces") => {
            set(&mut object["metadata"], "labels", json!({}));
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = target.name.into();
            set(&mut object["spec"], "finalizers", json!(["kubernetes"]));
        }
        ("", "secrets") => secret(object),
        ("", "pods") => pod(records, target, object)?,
        ("", "services") => service(object),
        ("", "persistentvolumeclaims") => claim(records, target, object),
        ("apps", _) => workload(kind, object),
        ("", "replicationcontrollers") => {
            let labels = object["spec"]["template"]["metadata"]["labels"].clone();
            if labels.is_object() {
                set(&mut object["spec"], "selector", labels.clone());
                set(&mut object["metadata"], "labels", labels);
            }
        }
        ("batch", "jobs") => job(object),
        ("autoscaling", _) => {
            let target = json!({"type": "Utilization", "averageUtilization": 80});
            let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
            if kind.version == "v2" {
                set(&mut object["spec"], "metrics", json!([metric]));
            }
        }
        ("networking.k8s.io", "networkpolicies") => {
            let has_egress = object.pointer("/spec/egress").is_some();
            let both = if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            set(&mut object["spec"], "policyTypes", both);
        }
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => {
            for subject in object.get_mut("subjects").and_then(Json::as_array_mut).into_iter().flatten() {
                if matches!(text(subject, "/kind"), "User" | "Group") {
                    set(subject, "apiGroup", "rbac.authorization.k8s.io".into());
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// Fills in how new pods take the place of old ones.
fn workload(kind: &Kind, object: &mut Json) {
    match &*kind.plural {
        "deployments" => {
            let strategy = &mut object["spec"]["strategy"];
            if strategy["type"] == "RollingUpdate" {
                set(strategy, "rollingUpdate", json!({}));
                set(&mut strategy["rollingUpdate"], "maxUnavailable", "25%".into());
                set(&mut strategy["rollingUpdate"], "maxSurge", "25%".into());
            }
        }
        "statefulsets" => {
            let strategy = &mut object["spec"]["updateStrategy"];
            if strategy["type"] == "RollingUpdate" {
                set(strategy, "rollingUpdate", json!({}));
                set(&mut strategy["rollingUpdate"], "partition", 0.into());
            }
            for claim in object["spec"]["volumeClaimTemplates"].as_array_mut().into_iter().flatten() {
                set(claim, "apiVersion", "v1".into());
                set(claim, "kind", "PersistentVolumeClaim".into());
            }
        }
        "daemonsets" => {
            let strategy = &mut object["spec"]["updateStrategy"];
            if strategy["type"] == "RollingUpdate" {
                set(strategy, "rollingUpdate", json!({}));
                set(&mut strategy["rollingUpdate"], "maxUnavailable", 1.into());
                set(&mut strategy["rollingUpdate"], "maxSurge", 0.into());
            }
        }
        _ => {}
    }
}

/// Fills in what types have, from the inside out.
fn fill_type(form: &Type, value: &mut Json, depth: usize) {
    let (Json::Object(members), Some(depth)) = (value, depth.checked_sub(1)) else { return };
    if let Some(defaults) = TYPES.get(form.name) {
        for (name, default) in defaults {
            if members.get(*name).is_none_or(|value| value.is_null() || *value == "") {
                members.insert((*name).to_owned(), default.clone());
            }
        }
    }
    for (name, value) in members.iter_mut() {
        if let Some(field) = form.field(name) {
            fill_word(&field.form, value, depth);
        }
    }
    match form.name {
        "core.v1.Container" | "core.v1.EphemeralContainer" => {
            let image = members.get("image").and_then(Json::as_str).unwrap_or_default();
            let own = image.rsplit('/').next().unwrap_or_default();
            let is_latest = !own.contains(':') && !own.contains('@') || own.ends_with(":latest");
            let policy = if is_latest { "Always" } else { "IfNotPresent" };
            members.entry("imagePullPolicy").or_insert_with(|| policy.into());
        }
        "core.v1.Volume" if members.keys().all(|name| name == "name") => {
            members.insert("emptyDir".to_owned(), json!({}));
        }
        _ => {}
    }
}

fn fill_word(word: &Word, value: &mut Json, depth: usize) {
    match (word, value) {
        (Word::Items(word), Json::Array(items)) => items.iter_mut().for_each(|item| fill_word(word, item, depth)),
        (Word::Map(word), Json::Object(members)) => {
            members.values_mut().for_each(|value| fill_word(word, value, depth));
        }
        (word, value) => {
            if let Some(form) = word.object() {
                fill_type(form, value, depth);
            }
        }
    }
}

/// Keeps what was given to an object once and is not said again.
pub fn keep(kind: &Kind, before: &Json, after: &mut Json) {
    if kind.is("", "services") && text(after, "/spec/type") != "ExternalName" {
        for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let said = after["spec"].get(member).is_none_or(|value| value.is_null() || *value == "");
            if let (true, Some(kept)) = (said, before["spec"].get(member)) {
                after["spec"][member] = kept.clone();
            }
        }
        let has_ports = matches!(text(after, "/spec/type"), "NodePort" | "LoadBalancer");
        // What another type of service does not have goes with the old type, unless it was changed as well.
        let is_other = before["spec"]["type"] != after["spec"]["type"];
        for member in
            ["externalTrafficPolicy", "allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"]
        {
            let fits = text(after, "/spec/type") == "LoadBalancer" || has_ports && member == "externalTrafficPolicy";
            if is_other && !fits && before["spec"].get(member) == after["spec"].get(member) {
                after["spec"].as_object_mut().map(|spec| spec.shift_remove(member));
            }
        }
        let old = before["spec"]["ports"].as_array().cloned().unwrap_or_default();
        for port in after.pointer_mut("/spec/ports").and_then(Json::as_array_mut).into_iter().flatten() {
            let same = |one: &&Json| {
                one["port"] == port["port"] && (port["protocol"] == one["protocol"] || port.get("protocol").is_none())
            };
            let number = old.iter().find(same).and_then(|one| one.get("nodePort")).cloned();
            match (number, port.get("nodePort").cloned()) {
                (Some(number), None) if has_ports => port["nodePort"] = number,
                (Some(number), Some(said)) if !has_ports && number == said => {
                    port.as_object_mut().map(|port| port.shift_remove("nodePort"));
                }
                _ => {}
            }
        }
    }
    if kind.is("", "persistentvolumeclaims")
        && after["spec"].get("volumeName").is_none()
        && let Some(name) = before["spec"].get("volumeName")
    {
        after["spec"]["volumeName"] = name.clone();
    }
}

fn set(object: &mut Json, member: &str, value: Json) {
    if object.is_null() {
        *object = Json::Object(Map::new());
    }
    if let Json::Object(members) = object
        && members.get(member).is_none_or(Json::is_null)
    {
        members.insert(member.to_owned(), value);
    }
}

fn pod(records: &Records, target: &Target<'_>, object: &mut Json) -> Result<(), Failure> {
    set(&mut object["status"], "phase", "Pending".into());
    let spec = &mut object["spec"];
    set(spec, "enableServiceLinks", true.into());
    let is_on_host = spec["hostNetwork"] == true;
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Json::as_array_mut).into_iter().flatten() {
            if let Some(Json::Object(limits)) = container.pointer("/resources/limits").cloned() {
                set(&mut container["resources"], "requests", json!({}));
                for (name, limit) in limits {
                    set(&mut container["resources"]["requests"], &name, limit);
                }
            }
            let ports = container.get_mut("ports").and_then(Json::as_array_mut).into_iter().flatten();
            for port in ports.filter(|_| is_on_host) {
                let number = port["containerPort"].clone();
                set(port, "hostPort", number);
            }
        }
    }
    set(spec, "serviceAccountName", "default".into());
    let account = spec["serviceAccountName"].clone();
    spec["serviceAccount"] = account;
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        set(spec, "tolerations", json!([]));
        let Some(tolerations) = spec["tolerations"].as_array_mut() else { continue };
        let is_known = |one: &Json| (one["key"] == key || one.get("key").is_none()) && one["effect"] != "NoSchedule";
        if !tolerations.iter().any(is_known) {
            let toleration = json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
            tolerations.push(toleration);
        }
    }
    priority(records, target, spec)
}

/// Works out the priority of a pod.
fn priority(records: &Records, target: &Target<'_>, spec: &mut Json) -> Result<(), Failure> {
    let group = "scheduling.k8s.io";
    let name = text(spec, "/priorityClassName").to_owned();
    let class: Option<Json> = if name.is_empty() {
        let prefix = kinds::prefix(target.cluster, group, "priorityclasses", None);
        let all = records.under(&prefix).filter(|(_, text)| text.contains("\"globalDefault\":true"));
        all.filter_map(|(_, text)| serde_json::from_str(text).ok()).next()
    } else {
        let class = records.get(&kinds::record(target.cluster, group, "priorityclasses", None, &name));
        if class.is_none() {
            let message = format!("pods {:?} is forbidden: no PriorityClass with name {name} was found", target.name);
            return Err(Failure::about(target.kind, target.name, (403, "Forbidden"), message));
        }
        class
    };
    let class = class.unwrap_or(Json::Null);
    if let Some(name) = class.pointer("/metadata/name") {
        set(spec, "priorityClassName", name.clone());
    }
    set(spec, "priority", class["value"].as_i64().unwrap_or_default().into());
    let policy = class["preemptionPolicy"].as_str().unwrap_or("PreemptLowerPriority");
    set(spec, "preemptionPolicy", policy.into());
    Ok(())
}

fn job(object: &mut Json) {
    let labels = object.pointer("/spec/template/metadata/labels").cloned();
    if let Some(labels) = labels.filter(Json::is_object) {
        set(&mut object["metadata"], "labels", labels);
    }
    let uid = text(object, "/metadata/uid").to_owned();
    let name = text(object, "/metadata/name").to_owned();
    let spec = &mut object["spec"];
    if spec.get("completions").is_none() && spec.get("parallelism").is_none() {
        set(spec, "completions", 1.into());
    }
    set(spec, "parallelism", 1.into());
    let limit = if spec.get("backoffLimitPerIndex").is_some() { i32::MAX } else { 6 };
    set(spec, "backoffLimit", limit.into());
    set(spec, "completionMode", "NonIndexed".into());
    set(spec, "suspend", false.into());
    let policy = if spec.get("podFailurePolicy").is_some() { "Failed" } else { "TerminatingOrFailed" };
    set(spec, "podReplacementPolicy", policy.into());
    set(spec, "manualSelector", false.into());
    if spec["manualSelector"] == false && spec.get("selector").is_none() && !uid.is_empty() {
        let own = "batch.kubernetes.io/controller-uid";
        spec["selector"] = json!({"matchLabels": {own: uid}});
        set(&mut spec["template"]["metadata"], "labels", json!({}));
        let labels = &mut spec["template"]["metadata"]["labels"];
        for (label, value) in
            [(own, &uid), ("batch.kubernetes.io/job-name", &name), ("controller-uid", &uid), ("job-name", &name)]
        {
            labels[label] = value.clone().into();
        }
    }
}

/// What a claim of no class gets: the class that is marked so.
fn claim(records: &Records, target: &Target<'_>, object: &mut Json) {
    let is_new = text(object, "/spec/volumeName").is_empty()
        && object.pointer("/status/phase").is_none_or(|phase| *phase == "Pending");
    if !is_new || object["spec"].get("storageClassName").is_some() {
        return;
    }
    let prefix = kinds::prefix(target.cluster, "storage.k8s.io", "storageclasses", None);
    let classes = records.under(&prefix).filter_map(|(_, text)| serde_json::from_str::<Json>(text).ok());
    let mut usual = classes
        .filter(|class| class["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true");
    if let Some(class) = usual.next() {
        object["spec"]["storageClassName"] = class["metadata"]["name"].clone();
    }
}

fn secret(object: &mut Json) {
    let Some(Json::Object(texts)) = object.as_object_mut().and_then(|object| object.shift_remove("stringData")) else {
        return;
    };
    for (name, text) in texts {
        let text = text.as_str().unwrap_or_default();
        set(object, "data", json!({}));
        object["data"][&name] = base64::engine::general_purpose::STANDARD.encode(text).into();
    }
}

fn service(object: &mut Json) {
    set(&mut object["status"], "loadBalancer", json!({}));
    let spec = &mut object["spec"];
    for port in spec.get_mut("ports").and_then(Json::as_array_mut).into_iter().flatten() {
        if port.get("targetPort").is_none_or(|target| *target == 0 || *target == "") {
            port["targetPort"] = port["port"].clone();
        }
    }
    if spec["sessionAffinity"] == "ClientIP" {
        set(spec, "sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": 10_800}}));
    }
    if spec["type"] == "ExternalName" {
        return;
    }
    set(spec, "internalTrafficPolicy", "Cluster".into());
    if matches!(spec["type"].as_str(), Some("LoadBalancer" | "NodePort")) {
        set(spec, "externalTrafficPolicy", "Cluster".into());
    }
    if spec["type"] == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", true.into());
    }
    set(spec, "ipFamilies", json!(["IPv4"]));
    set(spec, "ipFamilyPolicy", "SingleStack".into());
}
