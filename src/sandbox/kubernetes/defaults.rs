//! What a server fills in that nobody has said: the defaults that clients rely on.

use base64::Engine;
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::kinds::Kind;
use super::store::{Target, text};
use crate::world::Records;

/// Fills in what is missing.
pub fn fill(records: &Records, target: &Target<'_>, object: &mut Json) -> Result<(), Failure> {
    if target.kind.custom.is_some() {
        return Ok(());
    }
    match (&*target.kind.group, &*target.kind.plural) {
        ("", "namespaces") => {
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = target.name.into();
            set(&mut object["spec"], "finalizers", json!(["kubernetes"]));
            set(&mut object["status"], "phase", "Active".into());
        }
        ("", "secrets") => secret(object),
        ("", "pods") => {
            pod(&mut object["spec"]);
            set(&mut object["status"], "phase", "Pending".into());
        }
        ("", "services") => service(records, target, object),
        ("", "persistentvolumeclaims") => {
            set(&mut object["spec"], "volumeMode", "Filesystem".into());
            set(&mut object["status"], "phase", "Pending".into());
        }
        ("", "persistentvolumes") => {
            set(&mut object["spec"], "persistentVolumeReclaimPolicy", "Retain".into());
            set(&mut object["spec"], "volumeMode", "Filesystem".into());
            set(&mut object["status"], "phase", "Pending".into());
        }
        ("apps", "deployments") => deployment(&mut object["spec"]),
        ("apps", "statefulsets") => {
            let spec = &mut object["spec"];
            set(spec, "replicas", 1.into());
            set(spec, "podManagementPolicy", "OrderedReady".into());
            set(spec, "revisionHistoryLimit", 10.into());
            set(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
            pod(&mut spec["template"]["spec"]);
        }
        ("apps", "daemonsets") => {
            let spec = &mut object["spec"];
            set(spec, "revisionHistoryLimit", 10.into());
            let rolling = json!({"maxSurge": 0, "maxUnavailable": 1});
            set(spec, "updateStrategy", json!({"type": "RollingUpdate", "rollingUpdate": rolling}));
            pod(&mut spec["template"]["spec"]);
        }
        ("apps", "replicasets") | ("", "replicationcontrollers") => {
            set(&mut object["spec"], "replicas", 1.into());
            pod(&mut object["spec"]["template"]["spec"]);
        }
        ("batch", "jobs") => {
            let spec = &mut object["spec"];
            for (member, value) in [("parallelism", 1), ("completions", 1), ("backoffLimit", 6)] {
                set(spec, member, value.into());
            }
            set(spec, "suspend", false.into());
            pod(&mut spec["template"]["spec"]);
        }
        ("batch", "cronjobs") => {
            let spec = &mut object["spec"];
            set(spec, "concurrencyPolicy", "Allow".into());
            set(spec, "suspend", false.into());
            set(spec, "successfulJobsHistoryLimit", 3.into());
            set(spec, "failedJobsHistoryLimit", 1.into());
            pod(&mut spec["jobTemplate"]["spec"]["template"]["spec"]);
        }
        ("storage.k8s.io", "storageclasses") => {
            set(object, "reclaimPolicy", "Delete".into());
            set(object, "volumeBindingMode", "Immediate".into());
        }
        _ => {}
    }
    Ok(())
}

/// Keeps what was given to an object once and is not said again.
pub fn keep(kind: &Kind, before: &Json, after: &mut Json) {
    if kind.is("", "services") && text(after, "/spec/type") != "ExternalName" {
        for member in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if after["spec"][member].is_null() && !before["spec"][member].is_null() {
                after["spec"][member] = before["spec"][member].clone();
            }
        }
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

fn deployment(spec: &mut Json) {
    set(spec, "replicas", 1.into());
    set(spec, "revisionHistoryLimit", 10.into());
    set(spec, "progressDeadlineSeconds", 600.into());
    set(spec, "strategy", json!({"type": "RollingUpdate"}));
    set(&mut spec["strategy"], "type", "RollingUpdate".into());
    if spec["strategy"]["type"] == "RollingUpdate" {
        set(&mut spec["strategy"], "rollingUpdate", json!({}));
        set(&mut spec["strategy"]["rollingUpdate"], "maxSurge", "25%".into());
        set(&mut spec["strategy"]["rollingUpdate"], "maxUnavailable", "25%".into());
    }
    pod(&mut spec["template"]["spec"]);
}

fn pod(spec: &mut Json) {
    if !spec.is_object() {
        return;
    }
    set(spec, "restartPolicy", "Always".into());
    set(spec, "terminationGracePeriodSeconds", 30.into());
    set(spec, "dnsPolicy", "ClusterFirst".into());
    set(spec, "securityContext", json!({}));
    set(spec, "schedulerName", "default-scheduler".into());
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten().filter(|container| container.is_object()) {
            let image = container["image"].as_str().unwrap_or_default();
            let tag = image.rsplit('/').next().unwrap_or_default();
            let is_latest = !tag.contains(':') || tag.ends_with(":latest");
            let policy = if is_latest && !tag.contains('@') { "Always" } else { "IfNotPresent" };
            set(container, "imagePullPolicy", policy.into());
            set(container, "terminationMessagePath", "/dev/termination-log".into());
            set(container, "terminationMessagePolicy", "File".into());
            set(container, "resources", json!({}));
            for port in container["ports"].as_array_mut().into_iter().flatten() {
                set(port, "protocol", "TCP".into());
            }
        }
    }
}

fn secret(object: &mut Json) {
    set(object, "type", "Opaque".into());
    let Some(Json::Object(texts)) = object.as_object_mut().and_then(|object| object.shift_remove("stringData")) else {
        return;
    };
    for (name, text) in texts {
        let text = text.as_str().unwrap_or_default();
        set(object, "data", json!({}));
        object["data"][&name] = base64::engine::general_purpose::STANDARD.encode(text).into();
    }
}

/// The range of addresses of services is 172.20.0.0/16; the first ones are taken by the API and DNS.
const SERVICE_ADDRESSES: std::ops::Range<u32> = 11..65_000;

fn service(records: &Records, target: &Target<'_>, object: &mut Json) {
    let spec = &mut object["spec"];
    set(spec, "type", "ClusterIP".into());
    set(spec, "sessionAffinity", "None".into());
    for port in spec["ports"].as_array_mut().into_iter().flatten().filter(|port| port.is_object()) {
        set(port, "protocol", "TCP".into());
        let number = port["port"].clone();
        set(port, "targetPort", number);
    }
    set(&mut object["status"], "loadBalancer", json!({}));
    let spec = &mut object["spec"];
    if spec["type"] == "ExternalName" {
        return;
    }
    set(spec, "internalTrafficPolicy", "Cluster".into());
    if matches!(spec["type"].as_str(), Some("LoadBalancer" | "NodePort")) {
        set(spec, "externalTrafficPolicy", "Cluster".into());
        let first = node_port(records, target);
        let ports = spec["ports"].as_array_mut().into_iter().flatten().filter(|port| port.is_object());
        for (port, number) in ports.zip(first..) {
            set(port, "nodePort", number.into());
        }
    }
    set(spec, "ipFamilies", json!(["IPv4"]));
    set(spec, "ipFamilyPolicy", "SingleStack".into());
    if spec["clusterIP"].is_null() || spec["clusterIP"] == "" {
        let prefix = target.kind.prefix(target.cluster, None);
        let taken: String = records.under(&prefix).map(|(_, text)| &**text).collect();
        let address = |number: u32| format!("172.20.{}.{}", number >> 8, number & 255);
        let free = SERVICE_ADDRESSES.map(address).find(|address| !taken.contains(&format!("\"{address}\"")));
        spec["clusterIP"] = free.unwrap_or_default().into();
    }
    let address = spec["clusterIP"].clone();
    set(spec, "clusterIPs", json!([address]));
}

/// Node ports are given in the order of need, above all that are taken.
fn node_port(records: &Records, target: &Target<'_>) -> u64 {
    let prefix = target.kind.prefix(target.cluster, None);
    let services = records.under(&prefix).filter(|(_, text)| text.contains("\"nodePort\""));
    let ports = services.flat_map(|(_, text)| {
        let service: Json = serde_json::from_str(text).unwrap_or(Json::Null);
        let ports = service["spec"]["ports"].as_array().cloned().unwrap_or_default();
        ports.into_iter().filter_map(|port| port["nodePort"].as_u64())
    });
    ports.max().map_or(30_000, |port| port + 1)
}
