//! Node groups as sets of nodes: what their machines are, and when they are replaced.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Behind, object, text};
use crate::aws::ec2::{inside as ec2, instance_types, kind, region};
use crate::aws::eks;
use crate::kubernetes::cloud::{Machine, NodeSet, Rolling};
use crate::world::Records;

const MIB: i64 = 1 << 20;
/// The type of machines of groups that name none.
const USUAL: &str = "t3.medium";
/// How long a machine takes to start.
const START: Duration = Duration::from_secs(35);

/// Returns a node group as a set of nodes. While it is moved to another version it is already what it will be.
pub fn node_set(records: &Records, behind: &Behind, record: &str, group: &Json) -> NodeSet {
    let mut group = group.clone();
    let update = update_of(records, behind, record);
    for (pointer, value) in update["set"].as_object().into_iter().flatten() {
        let mut place = &mut group;
        for member in pointer.split('/').skip(1) {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[member];
        }
        *place = value.clone();
    }
    let rolling = update["began"].as_u64().map(|since| Rolling { since, is_forced: update["is_forced"] == true });
    let is_leaving = group["status"] == "DELETING";
    let desired = group["scalingConfig"]["desiredSize"].as_u64().unwrap_or_default() as usize;
    let config = &group["updateConfig"];
    let unavailable_max = match config["maxUnavailablePercentage"].as_u64() {
        Some(percentage) => (desired as u64 * percentage / 100) as usize,
        None => config["maxUnavailable"].as_u64().unwrap_or(1) as usize,
    };
    let image = format!("ami-eks-{}-{}", text(&group, "/amiType").to_lowercase(), text(&group, "/releaseVersion"));
    let name = text(&group, "/nodegroupName").to_owned();
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in group["labels"].as_object().into_iter().flatten() {
        labels.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    for (key, value) in [
        ("eks.amazonaws.com/capacityType", text(&group, "/capacityType")),
        ("eks.amazonaws.com/nodegroup", &name),
        ("eks.amazonaws.com/nodegroup-image", &image.replace('_', "-")),
    ] {
        labels.insert(key.to_owned(), value.chars().take(63).collect());
    }
    let places = group["subnets"].as_array().into_iter().flatten().filter_map(|id| {
        let id = id.as_str()?;
        let zone = ec2::subnet(records, &behind.region, id)?.zone;
        Some((id.to_owned(), zone))
    });
    NodeSet {
        name,
        desired: if is_leaving { 0 } else { desired },
        labels,
        taints: group["taints"].as_array().into_iter().flatten().map(taint).collect(),
        version: text(&group, "/version").to_owned(),
        kubelet: format!("v{}.0-eks-gantry", text(&group, "/version")),
        start: START,
        machine: machine(&kind_of(records, behind, &group), text(&group, "/amiType")),
        places: places.collect(),
        generation: format!("{} {}", text(&group, "/releaseVersion"), group["launchTemplate"]["version"]),
        unavailable_max,
        rolling,
    }
}

/// Returns what is kept of an update of a node group that is under way and replaces its nodes; null if there is none.
fn update_of(records: &Records, behind: &Behind, record: &str) -> Json {
    let prefix = eks::record(&behind.region, "updates", &format!("{}/", behind.name));
    let under_way = records.under(&prefix).filter(|(_, text)| text.contains("InProgress") && text.contains(record));
    let mut kept = under_way.map(|(_, text)| serde_json::from_str::<Json>(text).unwrap_or_default());
    let is_it = |kept: &Json| kept["target"] == record && kept["update"]["status"] == "InProgress";
    kept.find(|kept| is_it(kept) && kept["update"]["type"] == "VersionUpdate").unwrap_or_default()
}

fn taint(taint: &Json) -> Json {
    let effect = match text(taint, "/effect") {
        "NO_SCHEDULE" => "NoSchedule",
        "NO_EXECUTE" => "NoExecute",
        _ => "PreferNoSchedule",
    };
    let mut made = json!({"key": taint["key"], "effect": effect});
    if taint["value"].as_str().is_some_and(|value| !value.is_empty()) {
        made["value"] = taint["value"].clone();
    }
    made
}

/// Returns the data of the version of a launch template that a node group has.
fn template(records: &Records, behind: &Behind, group: &Json) -> Json {
    let wanted = &group["launchTemplate"];
    if !wanted.is_object() {
        return Json::Null;
    }
    let all = region::all(records, &behind.region, &kind::LAUNCH_TEMPLATE);
    let found = all.into_iter().find(|template| {
        let id = text(wanted, "/id");
        if id.is_empty() {
            template["launchTemplateName"] == wanted["name"]
        } else {
            template["launchTemplateId"] == id
        }
    });
    let template = found.unwrap_or_default();
    let number = match text(wanted, "/version") {
        "$Latest" => template["latestVersionNumber"].as_u64(),
        "$Default" | "" => template["defaultVersionNumber"].as_u64(),
        other => other.parse().ok(),
    };
    let versions = template["_versions"].as_array().into_iter().flatten();
    let version = versions.into_iter().find(|version| version["versionNumber"].as_u64() == number);
    version.map_or(Json::Null, |version| version["launchTemplateData"].clone())
}

fn kind_of(records: &Records, behind: &Behind, group: &Json) -> String {
    let template = template(records, behind, group);
    let named = group["instanceTypes"][0].as_str().or_else(|| template["instanceType"].as_str());
    named.unwrap_or(USUAL).to_owned()
}

/// Returns what a machine of a type has, and what kubelets leave of it for pods.
fn machine(kind: &str, image: &str) -> Machine {
    let found = instance_types::find(kind).or_else(|| instance_types::find(USUAL)).map(|found| found.what);
    let (processors, memory, pods, architecture, graphics) = match found {
        Some(found) => {
            let cards = found.graphics.map_or(0, |(count, ..)| i64::from(count));
            (i64::from(found.processors), found.memory as i64, i64::from(found.pods_max()), found.architecture, cards)
        }
        None => (2, 4096, 17, "x86_64", 0),
    };
    // Kubelets of EKS keep back memory for pods as such, and a part of each processor, less of the later ones.
    let kept_memory = 255 + 11 * pods + 100;
    let kept_processors: i64 =
        (1..=processors).map(|number| [60, 10, 5, 5].get(number as usize - 1).copied().unwrap_or(2)).sum();
    let disk = 20 * 1024 * MIB;
    let amounts = |cpu: i64, memory: i64, disk: i64| {
        let mut amounts: BTreeMap<String, i64> = [
            ("cpu", cpu),
            ("ephemeral-storage", disk),
            ("hugepages-1Gi", 0),
            ("hugepages-2Mi", 0),
            ("memory", memory * MIB),
            ("pods", pods),
        ]
        .map(|(name, amount)| (name.to_owned(), amount))
        .into();
        if graphics > 0 {
            amounts.insert("nvidia.com/gpu".to_owned(), graphics);
        }
        amounts
    };
    let image = match image {
        image if image.starts_with("BOTTLEROCKET") => "Bottlerocket OS 1.48.0 (aws-k8s)",
        image if image.starts_with("AL2_") => "Amazon Linux 2",
        _ => "Amazon Linux 2023.9.20251105",
    };
    Machine {
        kind: kind.to_owned(),
        architecture: if architecture == "arm64" { "arm64" } else { "amd64" }.to_owned(),
        capacity: amounts(processors * 1000, memory, disk),
        allocatable: amounts(processors * 1000 - kept_processors, memory - kept_memory, disk * 9 / 10),
        image: image.to_owned(),
        kernel: "6.12.40-64.114.amzn2023.x86_64".to_owned(),
    }
}

/// Returns what the machine of a new node is like.
pub fn instance(records: &Records, behind: &Behind, group: &Json, (set, place): (&NodeSet, usize)) -> ec2::NewInstance {
    let template = template(records, behind, group);
    let own: Vec<String> = template["securityGroupIdSet"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| group.as_str().map(str::to_owned))
        .collect();
    let shared = text(&behind.cluster, "/resourcesVpcConfig/clusterSecurityGroupId").to_owned();
    let groups = if own.is_empty() { vec![shared] } else { own };
    let is_there = |group: &String| ec2::security_group(records, &behind.region, group).is_some();
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in [
        ("eks:cluster-name", &*behind.name),
        ("eks:nodegroup-name", &*set.name),
        (&format!("kubernetes.io/cluster/{}", behind.name), "owned"),
        ("aws:autoscaling:groupName", text(group, "/resources/autoScalingGroups/0/name")),
    ] {
        if !value.is_empty() {
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    let subnet = if set.places.is_empty() {
        text(group, "/subnets/0").to_owned()
    } else {
        set.places[place % set.places.len()].0.clone()
    };
    ec2::NewInstance {
        kind: set.machine.kind.clone(),
        subnet,
        groups: groups.into_iter().filter(is_there).collect(),
        image: template["imageId"].as_str().map(str::to_owned),
        profile: None,
        is_spot: group["capacityType"] == "SPOT",
        disk: group["diskSize"].as_i64(),
        tags: object(&tags),
    }
}
