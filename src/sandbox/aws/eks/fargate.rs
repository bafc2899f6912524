//! Fargate profiles: which pods run without nodes. Made and deleted one after the other in each cluster.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, check_label, is_name, texts};
use super::cluster_config::check_subnets;
use super::{access, cluster, network, roles, tags};
use crate::aws::account::uuid;

const PROFILES_MAX: usize = 10;
const SELECTORS_MAX: usize = 5;
const LABELS_MAX: usize = 5;
const CREATE_SECONDS: u64 = 90;
const DELETE_SECONDS: u64 = 120;

fn about(error: Error, cluster: &str, name: &str) -> Error {
    error.about("clusterName", cluster).about("fargateProfileName", name)
}

/// Returns a profile.
fn get(invocation: &Invocation<'_, '_>, cluster: &str, name: &str) -> Result<Json, Error> {
    let profile = invocation.change.get(&invocation.record("fargate-profiles", &format!("{cluster}/{name}")));
    profile
        .ok_or_else(|| about(Error::not_found(format!("No Fargate Profile found with name: {name}.")), cluster, name))
}

/// Returns the names of a cluster's profiles.
pub fn names(invocation: &Invocation<'_, '_>, cluster: &str) -> Vec<String> {
    invocation.all_of("fargate-profiles", cluster).into_iter().map(|(name, _)| name).collect()
}

/// Checks that no other profile of the cluster is being made or deleted.
fn check_alone(invocation: &Invocation<'_, '_>, cluster: &str, name: &str, verb: &str) -> Result<(), Error> {
    let busy = invocation
        .all_of("fargate-profiles", cluster)
        .into_iter()
        .find(|(_, profile)| matches!(profile["status"].as_str(), Some("CREATING" | "DELETING")));
    let Some((other, profile)) = busy else { return Ok(()) };
    let status = profile["status"].as_str().unwrap_or_default();
    let text = format!(
        "Cannot {verb} Fargate Profile {name} because cluster {cluster} currently has Fargate profile {other} in status {status}"
    );
    Err(about(Error::in_use(text), cluster, name))
}

/// `CreateFargateProfile`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(made) = invocation.repeated()? {
        return Ok(json!({"fargateProfile": invocation.change.get::<Json>(&made)}));
    }
    let cluster_name = invocation.argument("name");
    let cluster = cluster::get(invocation, &cluster_name)?;
    let name = invocation.needed("fargateProfileName")?;
    if !is_name(&name, 100) {
        return Err(Error::parameter(format!("The Fargate profile name {name} is not valid")));
    }
    if name.starts_with("eks-") {
        return Err(Error::parameter("Fargate profile name must not start with reserved prefix: eks-"));
    }
    let record = invocation.record("fargate-profiles", &format!("{cluster_name}/{name}"));
    if invocation.change.has(&record) {
        return Err(about(
            Error::in_use(format!("Fargate Profile already exists with name: {name}.")),
            &cluster_name,
            &name,
        ));
    }
    if cluster["status"] != "ACTIVE" {
        let text = format!("Cluster '{cluster_name}' is not in ACTIVE status");
        return Err(about(Error::request(text), &cluster_name, &name));
    }
    if names(invocation, &cluster_name).len() >= PROFILES_MAX {
        return Err(about(Error::limit("Fargate Profile limit exceeded for cluster"), &cluster_name, &name));
    }
    check_alone(invocation, &cluster_name, &name, "create")?;
    let profile = compose(invocation, &cluster_name, &name).map_err(|error| about(error, &cluster_name, &name))?;
    invocation.change.put(&record, &profile);
    invocation.remember(&record);
    let role = profile["podExecutionRoleArn"].as_str().unwrap_or_default().to_owned();
    access::admit(invocation, &cluster_name, &role, "FARGATE_LINUX");
    invocation.later(CREATE_SECONDS, json!({"do": "set", "record": record, "set": {}}));
    Ok(json!({"fargateProfile": profile}))
}

fn compose(invocation: &Invocation<'_, '_>, cluster: &str, name: &str) -> Result<Json, Error> {
    let role = invocation.needed("podExecutionRoleArn")?;
    roles::check_pod_execution_role(invocation, &role)?;
    let subnets = texts(invocation.body.get("subnets"), "subnets")?;
    check_subnets(&subnets)?;
    let found = cluster::get(invocation, cluster)?;
    let subnets = match subnets.is_empty() {
        true => texts(Some(&found["resourcesVpcConfig"]["subnetIds"]), "subnetIds")?,
        false => subnets,
    };
    network::check_private(invocation, &network::check_node_subnets(invocation, &found, &subnets)?)?;
    let selectors = invocation.body.get("selectors").and_then(Json::as_array).cloned().unwrap_or_default();
    if selectors.is_empty() {
        return Err(Error::parameter("Fargate Profile cannot be created without selectors"));
    }
    if selectors.len() > SELECTORS_MAX {
        return Err(Error::limit(format!("A Fargate profile has at most {SELECTORS_MAX} selectors")));
    }
    for selector in &selectors {
        check_label(selector["namespace"].as_str().unwrap_or_default(), "namespace of a selector")?;
        if selector["labels"].as_object().is_some_and(|labels| labels.len() > LABELS_MAX) {
            return Err(Error::limit(format!("A selector has at most {LABELS_MAX} labels")));
        }
    }
    Ok(json!({
        "fargateProfileName": name,
        "fargateProfileArn": invocation.arn(&format!("fargateprofile/{cluster}/{name}/{}", uuid())),
        "clusterName": cluster,
        "createdAt": invocation.now(),
        "podExecutionRoleArn": role,
        "subnets": subnets,
        "selectors": selectors,
        "status": "CREATING",
        "tags": tags::read(invocation.body.get("tags"))?,
        "health": {"issues": []},
    }))
}

/// `DescribeFargateProfile`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, name) = (invocation.argument("name"), invocation.argument("fargateProfileName"));
    cluster::get(invocation, &cluster)?;
    Ok(json!({"fargateProfile": get(invocation, &cluster, &name)?}))
}

/// `ListFargateProfiles`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    invocation.page("fargateProfileNames", &names(invocation, &cluster))
}

/// `DeleteFargateProfile`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, name) = (invocation.argument("name"), invocation.argument("fargateProfileName"));
    cluster::get(invocation, &cluster)?;
    let mut profile = get(invocation, &cluster, &name)?;
    check_alone(invocation, &cluster, &name, "delete")?;
    profile["status"] = json!("DELETING");
    let record = invocation.record("fargate-profiles", &format!("{cluster}/{name}"));
    invocation.change.put(&record, &profile);
    invocation.later(DELETE_SECONDS, json!({"do": "remove", "record": record, "cluster": cluster}));
    Ok(json!({"fargateProfile": profile}))
}
