//! Add-ons: made, described, listed, updated, deleted, and how they do while there are no nodes.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::addon_catalogue::{self, Addon};
use super::call::{Error, Invocation, check_role, record, timestamp};
use super::cluster_config::check_word;
use super::update::{self, Beginning, Subject};
use super::{addon_schema, cluster, pod_identity, tags, versions};
use crate::aws::account::uuid;
use crate::world::{Change, Records};

const CREATE_SECONDS: u64 = 45;
const UPDATE_SECONDS: u64 = 60;
const DELETE_SECONDS: u64 = 40;

/// What clusters come with, unless they are told not to.
const SELF_MANAGED: &[&str] = &["coredns", "kube-proxy", "vpc-cni"];

fn about(error: Error, cluster: &str, name: &str) -> Error {
    error.about("clusterName", cluster).about("addonName", name)
}

/// Returns an add-on of a cluster.
pub fn get(invocation: &Invocation<'_, '_>, cluster: &str, name: &str) -> Result<Json, Error> {
    let addon = invocation.change.get(&invocation.record("addons", &format!("{cluster}/{name}")));
    addon.ok_or_else(|| about(Error::not_found(format!("No addon: {name} found in cluster: {cluster}")), cluster, name))
}

/// Returns the add-ons of a cluster as they are kept: their names, versions, states and configurations.
pub fn of_cluster(records: &Records, region: &str, cluster: &str) -> Vec<Json> {
    let prefix = record(region, "addons", &format!("{cluster}/"));
    records.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
}

/// Returns an add-on as answers show it.
fn shown(addon: &Json) -> Json {
    let mut shown = addon.clone();
    if let Some(members) = shown.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    shown
}

fn entry_of(name: &str) -> Result<&'static Addon, Error> {
    addon_catalogue::find(name).ok_or_else(|| Error::parameter(format!("Addon {name} specified is not supported")))
}

fn version_of(invocation: &Invocation<'_, '_>, entry: &Addon, cluster: &Json) -> Result<String, Error> {
    let minor = cluster["version"].as_str().and_then(versions::minor).unwrap_or_default();
    let version = match invocation.text("addonVersion")? {
        Some(version) => version,
        None => entry.default_for(minor).unwrap_or_default().to_owned(),
    };
    if entry.is_compatible(&version, minor) {
        return Ok(version);
    }
    Err(Error::parameter("Addon version specified is not supported"))
}

fn configuration(invocation: &Invocation<'_, '_>, entry: &Addon) -> Result<Option<String>, Error> {
    let configuration = invocation.text("configurationValues")?;
    configuration.as_ref().map(|configuration| addon_schema::check(entry, configuration)).transpose()?;
    Ok(configuration)
}

fn conflicts(invocation: &Invocation<'_, '_>) -> Result<String, Error> {
    let word = invocation.text("resolveConflicts")?.unwrap_or_else(|| "NONE".to_owned());
    check_word(&json!(word), "resolveConflicts", &["OVERWRITE", "NONE", "PRESERVE"])?;
    Ok(word)
}

/// `CreateAddon`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(made) = invocation.repeated()? {
        return Ok(json!({"addon": invocation.change.get::<Json>(&made).map(|addon| shown(&addon))}));
    }
    let cluster_name = invocation.argument("name");
    let cluster = cluster::get(invocation, &cluster_name)?;
    let name = invocation.needed("addonName")?;
    let record = invocation.record("addons", &format!("{cluster_name}/{name}"));
    if invocation.change.has(&record) {
        return Err(about(Error::in_use("Addon already exists."), &cluster_name, &name));
    }
    if !matches!(cluster["status"].as_str(), Some("ACTIVE" | "UPDATING")) {
        let status = cluster["status"].as_str().unwrap_or_default();
        let text = format!("Addon cannot be created as the cluster is in {status} state");
        return Err(about(Error::request(text), &cluster_name, &name));
    }
    let mut addon = compose(invocation, &cluster, &name).map_err(|error| about(error, &cluster_name, &name))?;
    let arn = addon["addonArn"].as_str().unwrap_or_default().to_owned();
    let given = invocation.body.get("podIdentityAssociations").cloned();
    let associations = associate(invocation, &cluster_name, &addon, &arn, given.as_ref())?;
    if !associations.is_empty() {
        addon["podIdentityAssociations"] = json!(associations);
    }
    invocation.change.put(&record, &addon);
    invocation.remember(&record);
    invocation.later(CREATE_SECONDS, json!({"do": "set", "record": record, "set": {}}));
    Ok(json!({"addon": shown(&addon)}))
}

fn compose(invocation: &Invocation<'_, '_>, cluster: &Json, name: &str) -> Result<Json, Error> {
    let entry = entry_of(name)?;
    let version = version_of(invocation, entry, cluster)?;
    let role = invocation.text("serviceAccountRoleArn")?;
    role.as_ref().map(|role| check_role(role, "serviceAccountRoleArn")).transpose()?;
    let cluster_name = cluster["name"].as_str().unwrap_or_default();
    let namespace = invocation.object("namespaceConfig")?.and_then(|config| config.get("namespace").cloned());
    let mut addon = json!({
        "addonName": name,
        "clusterName": cluster_name,
        "status": "CREATING",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": invocation.arn(&format!("addon/{cluster_name}/{name}/{}", uuid())),
        "createdAt": invocation.now(),
        "modifiedAt": invocation.now(),
        "tags": tags::read(invocation.body.get("tags"))?,
        "namespaceConfig": {"namespace": namespace.unwrap_or(json!(entry.namespace))},
    });
    if let Some(role) = role {
        addon["serviceAccountRoleArn"] = json!(role);
    }
    if let Some(configuration) = configuration(invocation, entry)? {
        addon["configurationValues"] = json!(configuration);
    }
    // The copy that the cluster came with is overwritten only if that is asked for, or if it is the same.
    let minor = cluster["version"].as_str().and_then(versions::minor).unwrap_or_default();
    let is_other = entry.default_for(minor) != Some(&version) || addon.get("configurationValues").is_some();
    let is_there = SELF_MANAGED.contains(&name) && cluster["_bootstrapSelfManagedAddons"] != false;
    if is_there && is_other && conflicts(invocation)? != "OVERWRITE" {
        addon["_conflict"] = json!(true);
    }
    Ok(addon)
}

/// Makes the associations that an add-on is to have, and returns their ARNs.
fn associate(
    invocation: &mut Invocation<'_, '_>,
    cluster: &str,
    addon: &Json,
    owner: &str,
    given: Option<&Json>,
) -> Result<Vec<String>, Error> {
    let namespace = addon["namespaceConfig"]["namespace"].as_str().unwrap_or_default().to_owned();
    let mut arns = Vec::new();
    for wanted in given.and_then(Json::as_array).into_iter().flatten() {
        let text = |member: &str| wanted[member].as_str().unwrap_or_default();
        let (account, role) = (text("serviceAccount"), text("roleArn"));
        let (_, made) = pod_identity::add(invocation, cluster, (&namespace, account), role, Some(owner))?;
        arns.push(made["associationArn"].as_str().unwrap_or_default().to_owned());
    }
    Ok(arns)
}

/// Removes the associations of an add-on.
fn dissociate(invocation: &mut Invocation<'_, '_>, cluster: &str, owner: &str) {
    for (id, association) in invocation.all_of("pod-identities", cluster) {
        if association["ownerArn"] == owner {
            let record = invocation.record("pod-identities", &format!("{cluster}/{id}"));
            invocation.change.remove(&record);
        }
    }
}

/// `DescribeAddon`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, name) = (invocation.argument("name"), invocation.argument("addonName"));
    cluster::get(invocation, &cluster)?;
    Ok(json!({"addon": shown(&get(invocation, &cluster, &name)?)}))
}

/// `ListAddons`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let cluster = invocation.argument("name");
    cluster::get(invocation, &cluster)?;
    let names: Vec<String> = invocation.all_of("addons", &cluster).into_iter().map(|(name, _)| name).collect();
    invocation.page("addons", &names)
}

/// Returns an add-on that is ready to be updated or deleted.
fn get_ready(invocation: &Invocation<'_, '_>, cluster: &str, name: &str) -> Result<Json, Error> {
    cluster::get(invocation, cluster)?;
    let addon = get(invocation, cluster, name)?;
    match addon["status"].as_str().unwrap_or_default() {
        status @ ("CREATING" | "UPDATING" | "DELETING") => {
            let text = format!("Addon {name} cannot be updated as it is currently in {status} state");
            Err(about(Error::in_use(text), cluster, name))
        }
        _ => Ok(addon),
    }
}

/// `UpdateAddon`.
pub fn update(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(answer) = update::repeated(invocation)? {
        return Ok(answer);
    }
    let (cluster_name, name) = (invocation.argument("name"), invocation.argument("addonName"));
    let cluster = cluster::get(invocation, &cluster_name)?;
    let addon = get_ready(invocation, &cluster_name, &name)?;
    let (mut params, mut set) =
        changes(invocation, &cluster, &addon).map_err(|error| about(error, &cluster_name, &name))?;
    if let Some(given) = invocation.body.get("podIdentityAssociations").cloned() {
        // Those that are given take the place of those that there are; an empty list takes them away.
        let owner = addon["addonArn"].as_str().unwrap_or_default().to_owned();
        dissociate(invocation, &cluster_name, &owner);
        let arns = associate(invocation, &cluster_name, &addon, &owner, Some(&given))?;
        params.push(("PodIdentityAssociations", given.to_string()));
        set.insert("/podIdentityAssociations".to_owned(), json!(arns));
    }
    let subject = Subject::Addon(name);
    let beginning = Beginning { kind: "AddonUpdate", params, set, seconds: UPDATE_SECONDS, subject, then: Vec::new() };
    update::begin(invocation, &cluster_name, beginning)
}

type Changes = (Vec<(&'static str, String)>, Map<String, Json>);

fn changes(invocation: &Invocation<'_, '_>, cluster: &Json, addon: &Json) -> Result<Changes, Error> {
    let entry = entry_of(addon["addonName"].as_str().unwrap_or_default())?;
    let (mut params, mut set) = (Vec::new(), Map::new());
    if invocation.body.contains_key("addonVersion") {
        let version = version_of(invocation, entry, cluster)?;
        params.push(("AddonVersion", version.clone()));
        set.insert("/addonVersion".to_owned(), json!(version));
    }
    if let Some(role) = invocation.text("serviceAccountRoleArn")? {
        check_role(&role, "serviceAccountRoleArn")?;
        params.push(("ServiceAccountRoleArn", role.clone()));
        set.insert("/serviceAccountRoleArn".to_owned(), json!(role));
    }
    if invocation.body.contains_key("resolveConflicts") {
        let word = conflicts(invocation)?;
        if word == "OVERWRITE" {
            set.insert("/_conflict".to_owned(), json!(false));
        }
        params.push(("ResolveConflicts", word));
    }
    if let Some(configuration) = configuration(invocation, entry)? {
        params.push(("ConfigurationValues", configuration.clone()));
        set.insert("/configurationValues".to_owned(), json!(configuration));
    }
    Ok((params, set))
}

/// `DeleteAddon`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, name) = (invocation.argument("name"), invocation.argument("addonName"));
    let mut addon = get_ready(invocation, &cluster, &name)?;
    let is_preserved = invocation.parameter("preserve") == Some("true");
    addon["status"] = json!("DELETING");
    addon["_preserve"] = json!(is_preserved);
    let record = invocation.record("addons", &format!("{cluster}/{name}"));
    invocation.change.put(&record, &addon);
    let owner = addon["addonArn"].as_str().unwrap_or_default().to_owned();
    dissociate(invocation, &cluster, &owner);
    invocation.later(DELETE_SECONDS, json!({"do": "remove", "record": record, "cluster": cluster}));
    Ok(json!({"addon": shown(&addon)}))
}

/// Tells whether pods of a namespace can run in a cluster: on nodes, or on Fargate.
fn has_room(records: &Records, region: &str, cluster: &str, namespace: &str) -> bool {
    let all = |kind: &str| -> Vec<Json> {
        let prefix = record(region, kind, &format!("{cluster}/"));
        records.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
    };
    let is_up = |found: &Json| matches!(found["status"].as_str(), Some("ACTIVE" | "UPDATING" | "DEGRADED"));
    let found: Json = records.get(&record(region, "clusters", cluster)).unwrap_or_default();
    let is_automatic = found["computeConfig"]["enabled"] == true;
    let has_nodes = all("nodegroups")
        .iter()
        .any(|group| is_up(group) && group["scalingConfig"]["desiredSize"].as_u64().unwrap_or_default() > 0);
    let is_selected = |profile: &Json| {
        let selectors = profile["selectors"].as_array().into_iter().flatten();
        selectors.into_iter().any(|selector| selector["namespace"] == namespace)
    };
    is_automatic || has_nodes || all("fargate-profiles").iter().any(|profile| is_up(profile) && is_selected(profile))
}

/// Writes how the add-ons of a cluster do, after something in it has changed.
pub fn look_after(change: &mut Change<'_>, (region, cluster): (&str, &str), now: Duration) {
    for mut addon in of_cluster(change, region, cluster) {
        let name = addon["addonName"].as_str().unwrap_or_default().to_owned();
        let Some(entry) = addon_catalogue::find(&name) else { continue };
        if !matches!(addon["status"].as_str(), Some("ACTIVE" | "DEGRADED" | "CREATE_FAILED")) {
            continue;
        }
        let issue = |code: &str, message: &str| json!([{"code": code, "message": message, "resourceIds": []}]);
        let namespace = addon["namespaceConfig"]["namespace"].as_str().unwrap_or(entry.namespace);
        let (status, issues) = if addon["_conflict"] == true {
            let text = "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode.";
            ("CREATE_FAILED", issue("ConfigurationConflict", text))
        } else if entry.needs_nodes && !has_room(change, region, cluster, namespace) {
            let text = "The add-on is unhealthy because it doesn't have the desired number of replicas.";
            ("DEGRADED", issue("InsufficientNumberOfReplicas", text))
        } else {
            ("ACTIVE", json!([]))
        };
        if addon["status"] == status && addon["health"]["issues"] == issues {
            continue;
        }
        addon["status"] = json!(status);
        addon["health"] = json!({"issues": issues});
        addon["modifiedAt"] = timestamp(now);
        change.put(&record(region, "addons", &format!("{cluster}/{name}")), &addon);
    }
}
