//! Managed node groups: created, described, listed, deleted, configured, and moved to another version.

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Invocation, is_name, serialization, texts};
use super::cluster_config::{check_subnets, check_word};
use super::update::{self, Beginning, Subject};
use super::{access, cluster, network, roles, tags, versions};
use crate::aws::account::{random, uuid};

const GROUPS_MAX: usize = 30;
const NODES_MAX: u64 = 450;
const CREATE_SECONDS: u64 = 150;
const DELETE_SECONDS: u64 = 4 * 60;
const CONFIG_SECONDS: u64 = 60;
/// How long one batch of nodes takes to be replaced.
const BATCH_SECONDS: u64 = 5 * 60;

const IMAGES: &[&str] = &[
    "AL2_x86_64",
    "AL2_x86_64_GPU",
    "AL2_ARM_64",
    "CUSTOM",
    "BOTTLEROCKET_ARM_64",
    "BOTTLEROCKET_x86_64",
    "BOTTLEROCKET_ARM_64_FIPS",
    "BOTTLEROCKET_x86_64_FIPS",
    "BOTTLEROCKET_ARM_64_NVIDIA",
    "BOTTLEROCKET_x86_64_NVIDIA",
    "BOTTLEROCKET_ARM_64_NVIDIA_FIPS",
    "BOTTLEROCKET_x86_64_NVIDIA_FIPS",
    "WINDOWS_CORE_2019_x86_64",
    "WINDOWS_FULL_2019_x86_64",
    "WINDOWS_CORE_2022_x86_64",
    "WINDOWS_FULL_2022_x86_64",
    "WINDOWS_CORE_2025_x86_64",
    "WINDOWS_FULL_2025_x86_64",
    "AL2023_x86_64_STANDARD",
    "AL2023_ARM_64_STANDARD",
    "AL2023_x86_64_NEURON",
    "AL2023_x86_64_NVIDIA",
    "AL2023_ARM_64_NVIDIA",
];

/// Returns a node group.
pub fn get(invocation: &Invocation<'_, '_>, cluster: &str, name: &str) -> Result<Json, Error> {
    let group = invocation.change.get(&invocation.record("nodegroups", &format!("{cluster}/{name}")));
    group.ok_or_else(|| about(Error::not_found(format!("No node group found for name: {name}.")), cluster, name))
}

/// Returns the names of a cluster's node groups.
pub fn names(invocation: &Invocation<'_, '_>, cluster: &str) -> Vec<String> {
    let prefix = invocation.record("nodegroups", &format!("{cluster}/"));
    invocation.change.under(&prefix).map(|(name, _)| name[prefix.len()..].to_owned()).collect()
}

fn about(error: Error, cluster: &str, name: &str) -> Error {
    error.about("clusterName", cluster).about("nodegroupName", name)
}

/// Returns a node group that is ready to be updated or deleted, in a cluster that is there.
fn get_ready(invocation: &Invocation<'_, '_>, cluster: &str, name: &str) -> Result<Json, Error> {
    cluster::get(invocation, cluster)?;
    let group = get(invocation, cluster, name)?;
    let text = match (
        group["status"].as_str(),
        update::in_flight(invocation, cluster, &Subject::NodeGroup(name.to_owned())),
    ) {
        (Some("ACTIVE" | "DEGRADED" | "CREATE_FAILED" | "DELETE_FAILED"), _) => return Ok(group),
        (_, Some(id)) => format!("Nodegroup {name} currently has update {id} in progress"),
        (status, None) => format!("Nodegroup {name} currently has status {}", status.unwrap_or_default()),
    };
    Err(about(Error::in_use(text), cluster, name))
}

/// `CreateNodegroup`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(made) = invocation.repeated()? {
        return Ok(json!({"nodegroup": invocation.change.get::<Json>(&made)}));
    }
    let cluster_name = invocation.argument("name");
    let cluster = cluster::get(invocation, &cluster_name)?;
    let name = invocation.needed("nodegroupName")?;
    if !is_name(&name, 63) {
        return Err(Error::parameter(
            "The nodegroup name must begin with a letter or digit and have letters, digits, hyphens and underscores only, at most 63",
        ));
    }
    let record = invocation.record("nodegroups", &format!("{cluster_name}/{name}"));
    if invocation.change.has(&record) {
        let text = format!("NodeGroup already exists with name {name} and cluster name {cluster_name}");
        return Err(about(Error::in_use(text), &cluster_name, &name));
    }
    if cluster["status"] != "ACTIVE" {
        let text = format!("Cluster '{cluster_name}' is not in ACTIVE status");
        return Err(about(Error::request(text), &cluster_name, &name));
    }
    if names(invocation, &cluster_name).len() >= GROUPS_MAX {
        return Err(about(Error::limit("Nodegroup limit exceeded for cluster"), &cluster_name, &name));
    }
    let group = compose(invocation, &cluster, &name).map_err(|error| about(error, &cluster_name, &name))?;
    invocation.change.put(&record, &group);
    invocation.remember(&record);
    let kind = if image_is_windows(&group) { "EC2_WINDOWS" } else { "EC2_LINUX" };
    let role = group["nodeRole"].as_str().unwrap_or_default().to_owned();
    access::admit(invocation, &cluster_name, &role, kind);
    let scaling = format!("eks-{name}-{}", uuid());
    let set = json!({"/resources/autoScalingGroups": [{"name": scaling}]});
    invocation.later(CREATE_SECONDS, json!({"do": "set", "record": record, "set": set}));
    Ok(json!({"nodegroup": group}))
}

fn image_is_windows(group: &Json) -> bool {
    group["amiType"].as_str().is_some_and(|image| image.starts_with("WINDOWS"))
}

/// Returns the record of a new node group, if all that it is to have is well-formed.
fn compose(invocation: &Invocation<'_, '_>, cluster: &Json, name: &str) -> Result<Json, Error> {
    let role = invocation.needed("nodeRole")?;
    roles::check_node_role(invocation, &role)?;
    let cluster_version = cluster["version"].as_str().unwrap_or_default();
    let version = invocation.text("version")?.unwrap_or_else(|| cluster_version.to_owned());
    if version != cluster_version {
        return Err(Error::parameter(format!(
            "Nodegroup Kubernetes version should be equal to Cluster kubernetes version {cluster_version} or NodeGroup kubernetes version {version} is not currently supported."
        )));
    }
    let subnets = texts(invocation.body.get("subnets"), "subnets")?;
    if subnets.is_empty() {
        return Err(Error::parameter("The following supplied parameter is missing or empty: subnets"));
    }
    check_subnets(&subnets)?;
    network::check_node_subnets(invocation, cluster, &subnets)?;
    let template = invocation.object("launchTemplate")?;
    if let Some(template) = &template {
        check_template(invocation, template)?;
    }
    let image = json!(invocation.text("amiType")?.unwrap_or_else(|| "AL2023_x86_64_STANDARD".to_owned()));
    check_word(&image, "amiType", IMAGES)?;
    let capacity = json!(invocation.text("capacityType")?.unwrap_or_else(|| "ON_DEMAND".to_owned()));
    check_word(&capacity, "capacityType", &["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"])?;
    let mut types = texts(invocation.body.get("instanceTypes"), "instanceTypes")?;
    if types.is_empty() && template.is_none() {
        types.push("t3.medium".to_owned());
    }
    let release = versions::release(&version, image.as_str().unwrap_or_default());
    let cluster_name = cluster["name"].as_str().unwrap_or_default();
    let id = uuid();
    let mut group = json!({
        "nodegroupName": name,
        "nodegroupArn": invocation.arn(&format!("nodegroup/{cluster_name}/{name}/{id}")),
        "clusterName": cluster_name,
        "version": version,
        "releaseVersion": invocation.text("releaseVersion")?.unwrap_or(release),
        "createdAt": invocation.now(),
        "modifiedAt": invocation.now(),
        "status": "CREATING",
        "capacityType": capacity,
        "scalingConfig": scaling(&json!({"minSize": 1, "maxSize": 2, "desiredSize": 2}), invocation.object("scalingConfig")?)?,
        "instanceTypes": types,
        "subnets": subnets,
        "amiType": image,
        "nodeRole": role,
        "labels": labels(invocation.body.get("labels"))?,
        "taints": taints(invocation.body.get("taints"))?,
        "resources": {},
        "health": {"issues": []},
        "updateConfig": update_config(invocation.object("updateConfig")?)?,
        "tags": tags::read(invocation.body.get("tags"))?,
    });
    add_options(invocation, &mut group, template.is_some())?;
    Ok(group)
}

/// Adds what a node group may have.
fn add_options(invocation: &Invocation<'_, '_>, group: &mut Json, has_template: bool) -> Result<(), Error> {
    match invocation.body.get("diskSize") {
        Some(size) if size.as_u64().is_some_and(|size| (1..=16_384).contains(&size)) => {
            group["diskSize"] = size.clone()
        }
        Some(_) => return Err(Error::parameter("diskSize must be between 1 and 16384")),
        None if !has_template => group["diskSize"] = json!(20),
        None => {}
    }
    if let Some(mut remote) = invocation.object("remoteAccess")? {
        remote.retain(|_, value| !value.is_null());
        group["resources"]["remoteAccessSecurityGroup"] = json!(format!("sg-0{}", random::<8>()));
        group["remoteAccess"] = Json::Object(remote);
    }
    for member in ["launchTemplate", "nodeRepairConfig", "warmPoolConfig"] {
        if let Some(given) = invocation.object(member)? {
            group[member] = Json::Object(given);
        }
    }
    Ok(())
}

fn check_template(invocation: &Invocation<'_, '_>, template: &Map<String, Json>) -> Result<(), Error> {
    if template.contains_key("id") == template.contains_key("name") {
        return Err(Error::parameter("Either the launch template's id or its name must be given, not both"));
    }
    for member in ["diskSize", "remoteAccess"] {
        if invocation.body.contains_key(member) {
            let text = match member {
                "diskSize" => "Disk size must be specified within the launch template.",
                _ => "Remote access configuration cannot be specified with a launch template.",
            };
            return Err(Error::parameter(text));
        }
    }
    if !network::has_template(invocation.change, &invocation.region, &Json::Object(template.clone())) {
        return Err(Error::request("Launch template details can't be found: the launch template does not exist"));
    }
    Ok(())
}

fn scaling(before: &Json, given: Option<Map<String, Json>>) -> Result<Json, Error> {
    let given = given.unwrap_or_default();
    let size = |name: &str| match given.get(name).filter(|value| !value.is_null()) {
        None => Ok(before[name].as_u64().unwrap_or_default()),
        Some(value) => {
            value.as_u64().ok_or_else(|| Error::parameter(format!("{name} must be a number that is not negative")))
        }
    };
    let (least, most, desired) = (size("minSize")?, size("maxSize")?, size("desiredSize")?);
    if most == 0 {
        return Err(Error::parameter("maxSize must be at least 1"));
    }
    if least > desired {
        return Err(Error::parameter(format!("Minimum capacity {least} can't be greater than desired size {desired}")));
    }
    if desired > most {
        return Err(Error::parameter(format!("Desired capacity {desired} can't be greater than max size {most}")));
    }
    if most > NODES_MAX {
        return Err(Error::limit(format!("Nodes per nodegroup limit of {NODES_MAX} exceeded")));
    }
    Ok(json!({"minSize": least, "maxSize": most, "desiredSize": desired}))
}

fn update_config(given: Option<Map<String, Json>>) -> Result<Json, Error> {
    let mut config = given.unwrap_or_default();
    config.retain(|_, value| !value.is_null());
    let (number, percentage) = (config.get("maxUnavailable"), config.get("maxUnavailablePercentage"));
    if number.is_some() && percentage.is_some() {
        return Err(Error::parameter("Either maxUnavailable or maxUnavailablePercentage can be specified, not both"));
    }
    for value in [number, percentage].into_iter().flatten() {
        if !value.as_u64().is_some_and(|value| (1..=100).contains(&value)) {
            return Err(Error::parameter("maxUnavailable and maxUnavailablePercentage must be between 1 and 100"));
        }
    }
    if number.is_none() && percentage.is_none() {
        config.insert("maxUnavailable".to_owned(), json!(1));
    }
    if let Some(strategy) = config.get("updateStrategy") {
        check_word(strategy, "updateStrategy", &["DEFAULT", "MINIMAL"])?;
    }
    Ok(Json::Object(config))
}

fn labels(value: Option<&Json>) -> Result<Map<String, Json>, Error> {
    let labels = match value {
        None => return Ok(Map::new()),
        Some(Json::Object(labels)) => labels,
        Some(_) => return Err(serialization("labels", "an object")),
    };
    for (key, value) in labels {
        let value = value.as_str().ok_or_else(|| serialization("labels", "an object of strings"))?;
        let is_reserved = key.split('/').next().is_some_and(|domain| domain == "kubernetes.io" || domain == "k8s.io");
        if key.is_empty() || key.len() > 316 || value.len() > 63 || is_reserved {
            return Err(Error::parameter(format!("Label {key} cannot be used: it is reserved, or too long")));
        }
    }
    Ok(labels.clone())
}

fn taints(value: Option<&Json>) -> Result<Vec<Json>, Error> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let taints = value.as_array().ok_or_else(|| serialization("taints", "a list"))?;
    if taints.len() > 50 {
        return Err(Error::parameter("At most 50 taints can be specified"));
    }
    for taint in taints {
        check_word(&taint["effect"], "effect", &["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"])?;
        if !taint["key"].as_str().is_some_and(|key| (1..=63).contains(&key.len())) {
            return Err(Error::parameter("A taint's key must have 1 to 63 characters"));
        }
    }
    Ok(taints.clone())
}

/// `DescribeNodegroup`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, name) = (invocation.argument("name"), invocation.argument("nodegroupName"));
    cluster::get(invocation, &cluster)?;
    Ok(json!({"nodegroup": get(invocation, &cluster, &name)?}))
}

/// `ListNodegroups`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    invocation.page("nodegroups", &names(invocation, &cluster))
}

/// `DeleteNodegroup`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, name) = (invocation.argument("name"), invocation.argument("nodegroupName"));
    let mut group = get_ready(invocation, &cluster, &name)?;
    group["status"] = json!("DELETING");
    let record = invocation.record("nodegroups", &format!("{cluster}/{name}"));
    invocation.change.put(&record, &group);
    invocation.later(DELETE_SECONDS, json!({"do": "remove", "record": record, "cluster": cluster}));
    Ok(json!({"nodegroup": group}))
}

/// `UpdateNodegroupVersion`.
pub fn update_version(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let (cluster_name, name) = (invocation.argument("name"), invocation.argument("nodegroupName"));
    let group = get_ready(invocation, &cluster_name, &name)?;
    let cluster = cluster::get_ready(invocation, &cluster_name, "VersionUpdate")?;
    let (params, set) =
        version_changes(invocation, &cluster, &group).map_err(|error| about(error, &cluster_name, &name))?;
    let desired = group["scalingConfig"]["desiredSize"].as_u64().unwrap_or(1);
    let config = &group["updateConfig"];
    let batch = match config["maxUnavailablePercentage"].as_u64() {
        Some(percentage) => (desired * percentage / 100).max(1),
        None => config["maxUnavailable"].as_u64().unwrap_or(1).max(1),
    };
    let seconds = desired.div_ceil(batch).max(1) * BATCH_SECONDS;
    let (subject, then) = (Subject::NodeGroup(name), vec![json!({"do": "replace"})]);
    let beginning = Beginning { kind: "VersionUpdate", params, set, seconds, subject, then };
    update::begin(invocation, &cluster_name, beginning)
}

type Changes = (Vec<(&'static str, String)>, Map<String, Json>);

fn version_changes(invocation: &Invocation<'_, '_>, cluster: &Json, group: &Json) -> Result<Changes, Error> {
    let (mut params, mut set) = (Vec::new(), Map::new());
    let cluster_version = cluster["version"].as_str().unwrap_or_default();
    let version = invocation.text("version")?.unwrap_or_else(|| cluster_version.to_owned());
    let to = versions::check(&version)?;
    let from = group["version"].as_str().and_then(versions::minor).unwrap_or_default();
    if to < from {
        let text = format!(
            "Requested Nodegroup version {version} is lower than its version {}: it cannot be rolled back",
            group["version"]
        );
        return Err(Error::parameter(text));
    }
    if versions::minor(cluster_version).is_some_and(|minor| to > minor) {
        return Err(Error::parameter(format!(
            "Nodegroup version {version} must not be greater than the cluster version {cluster_version}"
        )));
    }
    let image = group["amiType"].as_str().unwrap_or_default();
    let release = invocation.text("releaseVersion")?.unwrap_or_else(|| versions::release(&version, image));
    params.extend([("Version", version.clone()), ("ReleaseVersion", release.clone())]);
    set.extend([("/version".to_owned(), json!(version)), ("/releaseVersion".to_owned(), json!(release))]);
    if let Some(template) = invocation.object("launchTemplate")? {
        if group.get("launchTemplate").is_none() {
            return Err(Error::request(
                "A launch template cannot be given to a nodegroup that was created without one",
            ));
        }
        check_template(invocation, &template)?;
        let is_other = ["id", "name"].iter().any(|member| {
            let (wanted, is) = (template.get(*member), group["launchTemplate"].get(*member));
            wanted.is_some() && is.is_some() && wanted != is
        });
        if is_other {
            return Err(Error::request("The launch template of a nodegroup cannot be replaced by another one"));
        }
        let version = template.get("version").cloned().unwrap_or(json!("$Default"));
        params.push(("LaunchTemplateVersion", version.as_str().unwrap_or_default().to_owned()));
        set.insert("/launchTemplate/version".to_owned(), version);
    }
    Ok((params, set))
}

/// `UpdateNodegroupConfig`.
pub fn update_config_of(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let (cluster, name) = (invocation.argument("name"), invocation.argument("nodegroupName"));
    let group = get_ready(invocation, &cluster, &name)?;
    let (params, set) = config_changes(invocation, &group).map_err(|error| about(error, &cluster, &name))?;
    let (subject, then) = (Subject::NodeGroup(name), Vec::new());
    let beginning = Beginning { kind: "ConfigUpdate", params, set, seconds: CONFIG_SECONDS, subject, then };
    update::begin(invocation, &cluster, beginning)
}

fn config_changes(invocation: &Invocation<'_, '_>, group: &Json) -> Result<Changes, Error> {
    let (mut params, mut set) = (Vec::new(), Map::new());
    if let Some(given) = invocation.object("scalingConfig")? {
        let wanted = scaling(&group["scalingConfig"], Some(given))?;
        for (param, member) in [("MinSize", "minSize"), ("MaxSize", "maxSize"), ("DesiredSize", "desiredSize")] {
            params.push((param, wanted[member].to_string()));
        }
        set.insert("/scalingConfig".to_owned(), wanted);
    }
    if let Some(given) = invocation.object("labels")? {
        let mut wanted = group["labels"].as_object().cloned().unwrap_or_default();
        let added = labels(given.get("addOrUpdateLabels").filter(|value| !value.is_null()))?;
        let removed = texts(given.get("removeLabels"), "removeLabels")?;
        if let Some(both) = removed.iter().find(|key| added.contains_key(*key)) {
            return Err(Error::parameter(format!("Label {both} cannot be both added and removed")));
        }
        wanted.retain(|key, _| !removed.contains(key));
        params.extend([("LabelsToAdd", json!(added).to_string()), ("LabelsToRemove", json!(removed).to_string())]);
        wanted.extend(added);
        set.insert("/labels".to_owned(), Json::Object(wanted));
    }
    if let Some(given) = invocation.object("taints")? {
        let (added, removed) = (taints(given.get("addOrUpdateTaints"))?, taints(given.get("removeTaints"))?);
        let is_of = |list: &[Json], taint: &Json| {
            list.iter().any(|other| other["key"] == taint["key"] && other["effect"] == taint["effect"])
        };
        let mut wanted = group["taints"].as_array().cloned().unwrap_or_default();
        wanted.retain(|taint| !is_of(&added, taint) && !is_of(&removed, taint));
        params.extend([("TaintsToAdd", json!(added).to_string()), ("TaintsToRemove", json!(removed).to_string())]);
        wanted.extend(added);
        set.insert("/taints".to_owned(), json!(wanted));
    }
    if let Some(given) = invocation.object("updateConfig")? {
        let wanted = update_config(Some(given))?;
        params.extend(wanted.get("maxUnavailable").map(|value| ("MaxUnavailable", value.to_string())));
        params.extend(
            wanted.get("maxUnavailablePercentage").map(|value| ("MaxUnavailablePercentage", value.to_string())),
        );
        set.insert("/updateConfig".to_owned(), wanted);
    }
    for (param, member) in [("NodeRepairConfig", "nodeRepairConfig"), ("WarmPoolEnabled", "warmPoolConfig")] {
        if let Some(given) = invocation.object(member)? {
            params.push((param, json!(given).to_string()));
            set.insert(format!("/{member}"), Json::Object(given));
        }
    }
    if set.is_empty() {
        return Err(Error::parameter("No changes are given for the nodegroup's configuration"));
    }
    Ok((params, set))
}
