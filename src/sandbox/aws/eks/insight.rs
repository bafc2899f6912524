//! Insights: what stands in the way of a cluster's next version.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, texts};
use super::{addon_catalogue, cluster, node_group, versions};
use crate::aws::signature::hex;

/// How many versions the kubelet may be behind.
const SKEW_MAX: u32 = 3;

/// Returns all insights of a cluster, as `DescribeInsight` shows them.
pub fn all(invocation: &Invocation<'_, '_>, cluster: &Json) -> Vec<Json> {
    let current = cluster["version"].as_str().unwrap_or_default();
    let Some(minor) = versions::minor(current) else { return Vec::new() };
    let next = format!("1.{}", minor + 1);
    if versions::minor(&next).is_none() {
        return Vec::new();
    }
    vec![
        addons(invocation, cluster, minor + 1),
        kubelets(invocation, cluster, minor + 1),
        insight(
            invocation,
            cluster,
            &format!("Deprecated APIs removed in Kubernetes v{next}"),
            (
                "Checks for usage of deprecated APIs that are removed in the next version.",
                "Replace them before the upgrade.",
            ),
            ("PASSING", "No deprecated API usage detected within the last 30 days."),
        ),
        insight(
            invocation,
            cluster,
            "Cluster health issues",
            ("Checks for any cluster health issues that prevent an upgrade.", "Resolve the issues before the upgrade."),
            ("PASSING", "No cluster health issues detected."),
        ),
    ]
}

fn insight(
    invocation: &Invocation<'_, '_>,
    cluster: &Json,
    name: &str,
    (description, recommendation): (&str, &str),
    (status, reason): (&str, &str),
) -> Json {
    let arn = cluster["arn"].as_str().unwrap_or_default();
    let digits = hex(&digest(&SHA256, format!("{arn}/{name}").as_bytes()).as_ref()[..16]);
    let id = format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
    let minor = cluster["version"].as_str().and_then(versions::minor).unwrap_or_default();
    json!({
        "id": id,
        "name": name,
        "category": "UPGRADE_READINESS",
        "kubernetesVersion": format!("1.{}", minor + 1),
        "lastRefreshTime": invocation.now(),
        "lastTransitionTime": cluster["createdAt"],
        "description": description,
        "insightStatus": {"status": status, "reason": reason},
        "recommendation": recommendation,
        "additionalInfo": {"EKS update cluster documentation": "https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html"},
        "resources": [],
        "categorySpecificSummary": {"deprecationDetails": []},
    })
}

fn addons(invocation: &Invocation<'_, '_>, cluster: &Json, next: u32) -> Json {
    let name = cluster["name"].as_str().unwrap_or_default();
    let mut wrong = Vec::new();
    for (addon, found) in invocation.all_of("addons", name) {
        let version = found["addonVersion"].as_str().unwrap_or_default();
        let Some(entry) = addon_catalogue::find(&addon) else { continue };
        if !entry.is_compatible(version, next) {
            wrong.push((addon, found["addonArn"].clone(), entry.versions_for(next)));
        }
    }
    let (status, reason) = match wrong.is_empty() {
        true => ("PASSING", "All installed EKS add-on versions are compatible with next Kubernetes version."),
        false => ("ERROR", "An installed EKS add-on version is not compatible with the next Kubernetes version."),
    };
    let texts = (
        "Checks version of installed EKS add-ons to ensure they are compatible with the next version of Kubernetes.",
        "Upgrade EKS add-on version to at least the minimum version compatible with the next Kubernetes version.",
    );
    let mut made = insight(invocation, cluster, "EKS add-on version compatibility", texts, (status, reason));
    let resources = wrong.iter().map(|(_, arn, _)| {
        json!({"insightStatus": {"status": "ERROR", "reason": "The add-on's version is not compatible."}, "arn": arn})
    });
    made["resources"] = resources.collect();
    let details = wrong.iter().map(|(name, _, versions)| json!({"name": name, "compatibleVersions": versions}));
    made["categorySpecificSummary"]["addonCompatibilityDetails"] = details.collect();
    made
}

fn kubelets(invocation: &Invocation<'_, '_>, cluster: &Json, next: u32) -> Json {
    let name = cluster["name"].as_str().unwrap_or_default();
    let behind = node_group::names(invocation, name).into_iter().filter_map(|group| {
        let group = node_group::get(invocation, name, &group).ok()?;
        Some(next - versions::minor(group["version"].as_str()?)?.min(next))
    });
    let (status, reason) = match behind.max().unwrap_or_default() {
        0 | 1 => ("PASSING", "Node kubelet versions match the cluster control plane version."),
        behind if behind > SKEW_MAX => ("ERROR", "Nodes' kubelets would be too far behind the next version."),
        _ => ("WARNING", "Nodes' kubelets are behind the cluster's version."),
    };
    let texts = (
        "Checks for kubelet minor version of worker nodes in the cluster to see if upgrade would cause noncompliance with the supported skew.",
        "Upgrade your worker nodes to match the Kubernetes version of your cluster control plane.",
    );
    insight(invocation, cluster, "Kubelet version skew", texts, (status, reason))
}

/// `ListInsights`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = cluster::get(invocation, &invocation.argument("name"))?;
    let filter = invocation.object("filter")?.unwrap_or_default();
    let is_in = |member: &str, value: &Json| {
        let wanted = texts(filter.get(member), member)?;
        Ok::<_, Error>(wanted.is_empty() || wanted.iter().any(|wanted| value == wanted))
    };
    let mut list = Vec::new();
    for found in all(invocation, &cluster) {
        let is_wanted = is_in("categories", &found["category"])?
            && is_in("kubernetesVersions", &found["kubernetesVersion"])?
            && is_in("statuses", &found["insightStatus"]["status"])?;
        if !is_wanted {
            continue;
        }
        let mut summary = found;
        if let Some(members) = summary.as_object_mut() {
            for member in ["recommendation", "additionalInfo", "resources", "categorySpecificSummary"] {
                members.remove(member);
            }
        }
        list.push((summary["id"].as_str().unwrap_or_default().to_owned(), summary));
    }
    list.sort_by(|one, other| one.0.cmp(&other.0));
    invocation.page_of("insights", list)
}

/// `DescribeInsight`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = cluster::get(invocation, &invocation.argument("name"))?;
    let id = invocation.argument("id");
    let found = all(invocation, &cluster).into_iter().find(|insight| insight["id"] == *id);
    let missing = || {
        Error::not_found(format!("No insight found for ID: {id}")).about("clusterName", &invocation.argument("name"))
    };
    Ok(json!({"insight": found.ok_or_else(missing)?}))
}

/// `StartInsightsRefresh`. What the sandbox tells is never old.
pub fn refresh(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    cluster::get(invocation, &invocation.argument("name"))?;
    Ok(json!({"message": "Insights refresh has been started.", "status": "IN_PROGRESS"}))
}

/// `DescribeInsightsRefresh`.
pub fn describe_refresh(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    cluster::get(invocation, &invocation.argument("name"))?;
    let now = invocation.now();
    Ok(json!({"message": "Insights are up to date.", "status": "COMPLETED", "startedAt": now, "endedAt": now}))
}

/// Checks that nothing stands in the way of a cluster's next version.
pub fn check(invocation: &Invocation<'_, '_>, cluster: &Json) -> Result<(), Error> {
    let errors = all(invocation, cluster).into_iter().filter(|insight| insight["insightStatus"]["status"] == "ERROR");
    let names: Vec<String> = errors.map(|insight| insight["name"].as_str().unwrap_or_default().to_owned()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let name = cluster["name"].as_str().unwrap_or_default();
    let text = format!(
        "Cluster {name} cannot be upgraded because upgrade readiness insights have the status ERROR: {}. Use force to override them",
        names.join(", ")
    );
    Err(Error::new("InvalidStateException", 400, text).about("clusterName", name))
}
