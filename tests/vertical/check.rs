//! What must be true at the end: the world has what the state says, each object once, and nothing else.

use std::collections::BTreeMap;

use sandbox::aws::ec2::inside;
use sandbox::census;
use sandbox::world::Records;
use serde_json::Value as Json;
use state::Ledger;

/// The types of AWS whose objects are records of their own: the type, the world's kind, and by which attributes
/// the state names the record.
const RECORDS: &[(&str, &str, &[&str])] = &[
    // sorted
    ("aws_eip", "ec2/addresses", &["id"]),
    ("aws_eks_access_entry", "eks/access-entries", &["cluster_name", "principal_arn"]),
    ("aws_eks_addon", "eks/addons", &["cluster_name", "addon_name"]),
    ("aws_eks_cluster", "eks/clusters", &["name"]),
    ("aws_eks_fargate_profile", "eks/fargate-profiles", &["cluster_name", "fargate_profile_name"]),
    ("aws_eks_node_group", "eks/nodegroups", &["cluster_name", "node_group_name"]),
    ("aws_eks_pod_identity_association", "eks/pod-identities", &["cluster_name", "association_id"]),
    ("aws_iam_instance_profile", "iam/profiles", &["name"]),
    ("aws_iam_openid_connect_provider", "iam/providers", &["url"]),
    ("aws_iam_policy", "iam/policies", &["name"]),
    ("aws_iam_role", "iam/roles", &["name"]),
    ("aws_internet_gateway", "ec2/internet-gateways", &["id"]),
    ("aws_launch_template", "ec2/launch-templates", &["id"]),
    ("aws_nat_gateway", "ec2/nat-gateways", &["id"]),
    ("aws_route_table", "ec2/route-tables", &["id"]),
    ("aws_security_group", "ec2/security-groups", &["id"]),
    ("aws_subnet", "ec2/subnets", &["id"]),
    ("aws_vpc", "ec2/vpcs", &["id"]),
];

/// What is there, by kind, each once.
type Objects = BTreeMap<String, Vec<String>>;

/// Compares the world with the state: what is wrong, or nothing.
pub(super) fn converged(ledger: &Ledger, records: &Records) -> Vec<String> {
    let mut wrong: Vec<String> = ledger.open.keys().map(|token| format!("a call is open: {token:?}")).collect();
    let stored = stored(ledger, &mut wrong);
    let there = there(records);
    let kinds = stored.keys().chain(there.keys());
    let mut kinds: Vec<&String> = kinds.collect();
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        let sorted = |objects: &Objects| {
            let mut found = objects.get(kind).cloned().unwrap_or_default();
            found.sort();
            found
        };
        let (stored, there) = (sorted(&stored), sorted(&there));
        if stored != there {
            wrong.push(format!("{kind}: the state has {stored:?}, the world {there:?}"));
        }
    }
    wrong
}

/// Returns what is left of the world when everything is destroyed.
pub(super) fn left(ledger: &Ledger, records: &Records) -> Vec<String> {
    let mut left: Vec<String> = ledger.state.objects().map(|(target, ..)| format!("in state: {target}")).collect();
    left.extend(ledger.open.keys().map(|token| format!("a call is open: {token:?}")));
    left.extend(census::objects(records).into_iter().map(|(kind, count)| format!("{count} {kind}")));
    left
}

fn stored(ledger: &Ledger, wrong: &mut Vec<String>) -> Objects {
    let mut objects = Objects::new();
    for (target, _, object) in ledger.state.objects() {
        if target.deposed.is_some() || object.status != state::Status::Ready {
            wrong.push(format!("{target} is {:?}", object.status));
        }
        let attributes: Json = serde_json::from_str(&object.attributes.json()).expect("state is JSON");
        let kind = target.address.resource.resource.kind.as_str();
        let text = |name: &str| attributes[name].as_str().unwrap_or_default().to_owned();
        let mut add = |kind: &str, name: String| objects.entry(kind.to_owned()).or_default().push(name);
        if let Some((_, world, names)) = RECORDS.iter().find(|(of, ..)| *of == kind) {
            let names: Vec<String> = names.iter().map(|name| text(name)).collect();
            // The world keeps addresses in small letters.
            let name = names.join("/");
            add(world, name.strip_prefix("https://").map_or(name.clone(), str::to_lowercase));
            continue;
        }
        match kind {
            "aws_iam_role_policy_attachment" => add("attached", format!("{} {}", text("role"), text("policy_arn"))),
            "aws_iam_role_policy" => add("inline", format!("{} {}", text("role"), text("name"))),
            "aws_route" => add("routes", format!("{} {}", text("route_table_id"), text("destination_cidr_block"))),
            "aws_route_table_association" => add("associations", text("id")),
            "aws_eks_access_policy_association" => {
                add("access-policies", format!("{} {}", text("principal_arn"), text("policy_arn")));
            }
            kind if kind.starts_with("kubernetes_") => {
                // A manifest's `object` has nothing of the sort; the provider notes it beside.
                let kept: Json = serde_json::from_slice(&object.private).unwrap_or_default();
                let uid = [&kept["uid"], &attributes["metadata"][0]["uid"]].into_iter().find_map(Json::as_str);
                if let Some(uid) = uid.filter(|_| kind != "kubernetes_labels") {
                    add("kubernetes", uid.to_owned());
                }
            }
            _ => {}
        }
    }
    objects
}

fn there(records: &Records) -> Objects {
    let mut objects = Objects::new();
    for (name, text) in records.under("") {
        let Some(kind) = census::kind(name) else { continue };
        if name.starts_with("aws/ec2/") && !inside::is_there(text) {
            continue;
        }
        let object: Json = serde_json::from_str(text).unwrap_or_default();
        parts(&kind, name, &object, &mut objects);
        if name.starts_with("k8s/") {
            let managers = object["metadata"]["managedFields"].as_array();
            let is_ours = managers.is_some_and(|managers| managers.iter().any(|entry| entry["manager"] == "gantry"));
            if let Some(uid) = object["metadata"]["uid"].as_str().filter(|_| is_ours) {
                objects.entry("kubernetes".to_owned()).or_default().push(uid.to_owned());
            }
        }
        let own: Vec<&str> = name.splitn(5, '/').collect();
        if RECORDS.iter().any(|(_, of, _)| *of == kind) && is_made_by_us(&kind, own[4], &object) {
            objects.entry(kind).or_default().push(own[4].to_owned());
        }
    }
    objects
}

/// What comes along with others is not ours.
fn is_made_by_us(kind: &str, name: &str, object: &Json) -> bool {
    match kind {
        "ec2/security-groups" => {
            let name = object["groupName"].as_str().unwrap_or_default();
            name != "default" && !name.starts_with("eks-cluster-sg-")
        }
        "ec2/route-tables" => !list(object, "associationSet").iter().any(|association| association["main"] == true),
        // The creator's own, and those of nodes.
        "eks/access-entries" => !name.ends_with("user/sandbox") && !name.contains("role/nodes-"),
        "iam/roles" => !name.starts_with("AWSServiceRole"),
        _ => true,
    }
}

/// Adds what is a part of a record and has a type of its own.
fn parts(kind: &str, name: &str, object: &Json, objects: &mut Objects) {
    let mut add = |kind: &str, name: String| objects.entry(kind.to_owned()).or_default().push(name);
    let text = |object: &Json, name: &str| object[name].as_str().unwrap_or_default().to_owned();
    let last = name.rsplit('/').next().unwrap_or_default();
    match kind {
        "iam/roles" if !last.starts_with("AWSServiceRole") => {
            list(object, "_attached")
                .iter()
                .for_each(|of| add("attached", format!("{last} {}", text(of, "PolicyArn"))));
            let inline = object["_inline"].as_object().into_iter().flatten();
            inline.for_each(|(policy, _)| add("inline", format!("{last} {policy}")));
        }
        "ec2/route-tables" => {
            for route in list(object, "routeSet").iter().filter(|route| route["origin"] == "CreateRoute") {
                add("routes", format!("{last} {}", text(route, "destinationCidrBlock")));
            }
            for association in list(object, "associationSet").iter().filter(|association| association["main"] != true) {
                add("associations", text(association, "routeTableAssociationId"));
            }
        }
        "eks/access-policies" if !name.ends_with("user/sandbox") => {
            let principal = name.splitn(6, '/').nth(5).unwrap_or_default();
            for policy in object.as_array().into_iter().flatten() {
                add("access-policies", format!("{principal} {}", text(policy, "policyArn")));
            }
        }
        _ => {}
    }
}

fn list<'j>(object: &'j Json, name: &str) -> &'j [Json] {
    object[name].as_array().map(Vec::as_slice).unwrap_or_default()
}
