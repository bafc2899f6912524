//! Tables for people, as `kubectl get` shows them.

use serde_json::{Value as Json, json};

use super::kinds::Kind;
use crate::clock::{real_now, rfc3339};

/// In what shape objects are told.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// As they are.
    Whole,
    /// Their metadata alone.
    Metadata,
    /// Rows of a table, each with so much of its object.
    Table(Include),
}

/// What of its object a row has.
#[derive(Clone, Debug, PartialEq)]
pub enum Include {
    /// Nothing.
    None,
    /// Metadata.
    Metadata,
    /// All of it.
    Object,
}

impl Shape {
    /// Reads what a client accepts.
    pub fn read(accept: &str, include: &str) -> Shape {
        let first = accept.split(',').map(|one| one.replace(' ', "")).find(|one| one.starts_with("application/json"));
        let first = first.unwrap_or_default();
        let include = match include {
            "None" => Include::None,
            "Object" => Include::Object,
            _ => Include::Metadata,
        };
        if first.contains("as=Table") {
            Shape::Table(include)
        } else if first.contains("as=PartialObjectMetadata") {
            Shape::Metadata
        } else {
            Shape::Whole
        }
    }
}

/// Shows one object.
pub fn shaped(kind: &Kind, object: Json, shape: &Shape) -> Json {
    match shape {
        Shape::Whole => object,
        Shape::Metadata => partial(&object),
        Shape::Table(include) => {
            let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
            table(kind, &[object], metadata, include)
        }
    }
}

/// Returns the metadata of an object.
pub fn partial(object: &Json) -> Json {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

/// Columns: name, and the path of what it shows, or a word for what has to be worked out. `+` is shown with `-o wide` only.
fn columns(kind: &Kind) -> Vec<(String, String)> {
    let fixed = match (&*kind.group, &*kind.plural) {
        ("", "pods") => {
            "Ready=%containers Status=%phase Restarts=%restarts Age=%age +IP=/status/podIP +Node=/spec/nodeName"
        }
        ("", "namespaces") => "Status=/status/phase Age=%age",
        ("", "nodes") => "Status=%node Roles=%roles Age=%age Version=/status/nodeInfo/kubeletVersion",
        ("", "services") => {
            "Type=/spec/type Cluster-IP=/spec/clusterIP External-IP=%external Port(s)=%ports Age=%age +Selector=%selector"
        }
        ("", "configmaps") => "Data=%data Age=%age",
        ("", "secrets") => "Type=/type Data=%data Age=%age",
        ("", "persistentvolumeclaims") => {
            "Status=/status/phase Volume=/spec/volumeName Capacity=/status/capacity/storage StorageClass=/spec/storageClassName Age=%age"
        }
        ("", "persistentvolumes") => {
            "Capacity=/spec/capacity/storage Reclaim-Policy=/spec/persistentVolumeReclaimPolicy Status=/status/phase \
             Claim=/spec/claimRef/name StorageClass=/spec/storageClassName Age=%age"
        }
        ("apps", "deployments") => {
            "Ready=%ready Up-to-date=#/status/updatedReplicas Available=#/status/availableReplicas Age=%age \
             +Containers=%names +Images=%images +Selector=%selector"
        }
        ("apps", "statefulsets") => "Ready=%ready Age=%age +Containers=%names +Images=%images",
        ("apps", "replicasets") => {
            "Desired=#/spec/replicas Current=#/status/replicas Ready=#/status/readyReplicas Age=%age"
        }
        ("apps", "daemonsets") => {
            "Desired=#/status/desiredNumberScheduled Current=#/status/currentNumberScheduled \
             Ready=#/status/numberReady Age=%age"
        }
        ("batch", "jobs") => "Completions=%completions Age=%age",
        ("batch", "cronjobs") => "Schedule=/spec/schedule Suspend=/spec/suspend Age=%age",
        ("storage.k8s.io", "storageclasses") => {
            "Provisioner=/provisioner ReclaimPolicy=/reclaimPolicy VolumeBindingMode=/volumeBindingMode Age=%age"
        }
        ("apiextensions.k8s.io", _) => "Created-At=/metadata/creationTimestamp",
        _ => "Age=%age",
    };
    let split = |text: &str| text.split_once('=').map(|(name, what)| (name.replace('-', " "), what.to_owned()));
    let mut columns: Vec<(String, String)> = match custom(kind) {
        Some(columns) => columns,
        None => fixed.split_whitespace().filter_map(split).collect(),
    };
    columns.iter_mut().filter(|(name, _)| matches!(&**name, "Cluster IP" | "External IP")).for_each(|(name, _)| {
        *name = name.replace(' ', "-");
    });
    columns.insert(0, ("Name".to_owned(), "/metadata/name".to_owned()));
    columns
}

/// The columns that a definition asks for; paths are plain ones.
fn custom(kind: &Kind) -> Option<Vec<(String, String)>> {
    let columns = kind.custom.as_ref()?["additionalPrinterColumns"].as_array()?;
    let column = |column: &Json| {
        let (name, path) = (column["name"].as_str()?, column["jsonPath"].as_str()?);
        let is_age = column["type"] == "date";
        let mark = if column["priority"].as_u64().is_some_and(|priority| priority > 0) { "+" } else { "" };
        let what = if is_age { "%age".to_owned() } else { path.replace('.', "/") };
        Some((format!("{mark}{name}"), what))
    };
    Some(columns.iter().filter_map(column).collect())
}

/// Makes a table.
pub fn table(kind: &Kind, objects: &[Json], metadata: Json, include: &Include) -> Json {
    let columns = columns(kind);
    let definitions: Vec<Json> = columns
        .iter()
        .map(|(name, _)| {
            let wide = name.starts_with('+');
            let format = if name == "Name" { "name" } else { "" };
            json!({
                "name": name.trim_start_matches('+'), "type": "string", "format": format, "description": "",
                "priority": i32::from(wide),
            })
        })
        .collect();
    let now = rfc3339(real_now());
    let rows: Vec<Json> = objects
        .iter()
        .map(|object| {
            let cells: Vec<Json> = columns.iter().map(|(_, what)| cell(object, what, &now).into()).collect();
            match include {
                Include::None => json!({"cells": cells}),
                Include::Metadata => json!({"cells": cells, "object": partial(object)}),
                Include::Object => json!({"cells": cells, "object": object}),
            }
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions,
        "rows": rows,
    })
}

fn cell(object: &Json, what: &str, now: &str) -> String {
    let at = |path: &str| object.pointer(path).unwrap_or(&Json::Null);
    let shown = |value: &Json, missing: &str| match value {
        Json::Null => missing.to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let list = |path: &str| at(path).as_array().cloned().unwrap_or_default();
    let joined = |items: Vec<String>| if items.is_empty() { "<none>".to_owned() } else { items.join(",") };
    let word = |value: &Json, member: &str| value[member].as_str().unwrap_or_default().to_owned();
    match what {
        "%age" => age(at("/metadata/creationTimestamp").as_str().unwrap_or_default(), now),
        "%phase" if !at("/metadata/deletionTimestamp").is_null() => "Terminating".to_owned(),
        "%phase" => shown(at("/status/phase"), "Unknown"),
        "%containers" => {
            let ready = list("/status/containerStatuses").iter().filter(|one| one["ready"] == true).count();
            format!("{ready}/{}", list("/spec/containers").len())
        }
        "%restarts" => {
            let counts = list("/status/containerStatuses");
            counts.iter().filter_map(|one| one["restartCount"].as_u64()).sum::<u64>().to_string()
        }
        "%ready" => format!("{}/{}", shown(at("/status/readyReplicas"), "0"), shown(at("/spec/replicas"), "0")),
        "%completions" => format!("{}/{}", shown(at("/status/succeeded"), "0"), shown(at("/spec/completions"), "1")),
        "%data" => at("/data").as_object().map_or(0, |data| data.len()).to_string(),
        "%names" => joined(list("/spec/template/spec/containers").iter().map(|one| word(one, "name")).collect()),
        "%images" => joined(list("/spec/template/spec/containers").iter().map(|one| word(one, "image")).collect()),
        "%selector" => {
            let selector = at("/spec/selector/matchLabels").as_object().or(at("/spec/selector").as_object());
            joined(selector.into_iter().flatten().map(|(key, value)| format!("{key}={}", shown(value, ""))).collect())
        }
        "%ports" => {
            let port = |port: &Json| match port["nodePort"].as_u64() {
                Some(node) => format!("{}:{node}/{}", port["port"], word(port, "protocol")),
                None => format!("{}/{}", port["port"], word(port, "protocol")),
            };
            joined(list("/spec/ports").iter().map(port).collect())
        }
        "%external" => {
            let balancers = list("/status/loadBalancer/ingress");
            let address = |one: &Json| format!("{}{}", word(one, "hostname"), word(one, "ip"));
            match (balancers.is_empty(), at("/spec/type").as_str()) {
                (true, Some("LoadBalancer")) => "<pending>".to_owned(),
                (true, Some("ExternalName")) => shown(at("/spec/externalName"), "<none>"),
                _ => joined(balancers.iter().map(address).collect()),
            }
        }
        "%node" => {
            let conditions = list("/status/conditions");
            let is_ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
            let cordoned = if at("/spec/unschedulable") == true { ",SchedulingDisabled" } else { "" };
            format!("{}{cordoned}", if is_ready { "Ready" } else { "NotReady" })
        }
        "%roles" => {
            let labels = at("/metadata/labels").as_object().into_iter().flatten();
            joined(
                labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).map(str::to_owned).collect(),
            )
        }
        path => match path.strip_prefix('#') {
            Some(path) => shown(at(path), "0"),
            None => shown(at(path), "<none>"),
        },
    }
}

/// Returns how long ago a time was, in the two largest units that matter.
fn age(from: &str, now: &str) -> String {
    let (Some(from), Some(now)) = (seconds(from), seconds(now)) else { return "<unknown>".to_owned() };
    let past = now.saturating_sub(from);
    match past {
        0..120 => format!("{past}s"),
        120..7_200 => format!("{}m", past / 60),
        7_200..172_800 => format!("{}h", past / 3_600),
        _ => format!("{}d", past / 86_400),
    }
}

/// Reads `2026-11-21T17:30:05Z`, as seconds of a calendar in which years are counted whole.
fn seconds(time: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| time.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some(((days * 24 + number(11..13)?) * 60 + number(14..16)?) * 60 + number(17..19)?)
}
