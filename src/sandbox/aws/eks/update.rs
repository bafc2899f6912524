//! Updates of clusters, node groups and add-ons, and what ends everything that takes long.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Invocation, record, timestamp};
use crate::aws::account::uuid;
use crate::aws::in_cluster;
use crate::frame::{Frame, Task};
use crate::world::Change;

/// How long it takes to be seen that nodes have been replaced.
const REPLACED_LOOK: Duration = Duration::from_secs(30);
/// How much longer than usual the nodes of a group may take to be replaced.
const REPLACED_MAX: Duration = Duration::from_secs(3600);

/// What an update is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    Cluster,
    NodeGroup(String),
    Addon(String),
}

impl Subject {
    /// Returns the kind of its record, and what follows the cluster's name there.
    fn record(&self, invocation: &Invocation<'_, '_>, cluster: &str) -> String {
        match self {
            Subject::Cluster => invocation.record("clusters", cluster),
            Subject::NodeGroup(name) => invocation.record("nodegroups", &format!("{cluster}/{name}")),
            Subject::Addon(name) => invocation.record("addons", &format!("{cluster}/{name}")),
        }
    }

    fn is_of(&self, kept: &Json) -> bool {
        let (group, addon) = (kept["group"].as_str(), kept["addon"].as_str());
        match self {
            Subject::Cluster => group.is_none() && addon.is_none(),
            Subject::NodeGroup(name) => group == Some(name),
            Subject::Addon(name) => addon == Some(name),
        }
    }
}

/// An update that begins.
pub struct Beginning {
    /// As in `VersionUpdate`.
    pub kind: &'static str,
    /// What is changed, as answers have it: types and values.
    pub params: Vec<(&'static str, String)>,
    /// What the record has when it is done, by JSON pointers.
    pub set: Map<String, Json>,
    /// How long it takes.
    pub seconds: u64,
    /// What is updated.
    pub subject: Subject,
    /// What else is done when it is done: tasks as [`finish`] does them, or `fail` with the error that it ends with, or
    /// `replace` for an end that waits until the nodes of a group are others.
    pub then: Vec<Json>,
}

/// Begins an update of something that is ready for it, and answers it.
pub fn begin(invocation: &mut Invocation<'_, '_>, cluster: &str, beginning: Beginning) -> Result<Json, Error> {
    let target = beginning.subject.record(invocation, cluster);
    let mut resource: Json = invocation.change.get(&target).unwrap_or_default();
    resource["status"] = json!("UPDATING");
    invocation.change.put(&target, &resource);
    let id = uuid();
    let params = beginning.params.iter().map(|(kind, value)| json!({"type": kind, "value": value}));
    let update = json!({
        "id": id,
        "status": "InProgress",
        "type": beginning.kind,
        "params": params.collect::<Vec<_>>(),
        "createdAt": invocation.now(),
        "errors": [],
    });
    let name = invocation.record("updates", &format!("{cluster}/{id}"));
    let (group, addon) = match &beginning.subject {
        Subject::Cluster => (None, None),
        Subject::NodeGroup(name) => (Some(name), None),
        Subject::Addon(name) => (None, Some(name)),
    };
    let began = invocation.frame.clock.now().as_millis() as u64;
    let kept = json!({
        "update": update, "group": group, "addon": addon, "target": target, "set": beginning.set, "then": beginning.then,
        "began": began, "due": began + beginning.seconds * 1000, "is_forced": invocation.flag("force")?.unwrap_or(false),
    });
    invocation.change.put(&name, &kept);
    invocation.remember(&name);
    invocation.later(beginning.seconds, json!({"do": "update", "record": name}));
    Ok(json!({"update": update}))
}

/// Answers the update that an earlier call with the same token began.
pub fn repeated(invocation: &Invocation<'_, '_>) -> Result<Option<Json>, Error> {
    let earlier = invocation.repeated()?.and_then(|name| invocation.change.get::<Json>(&name));
    Ok(earlier.map(|kept| json!({"update": kept["update"]})))
}

/// Returns the id of the update that something is in.
pub fn in_flight(invocation: &Invocation<'_, '_>, cluster: &str, subject: &Subject) -> Option<String> {
    let prefix = invocation.record("updates", &format!("{cluster}/"));
    invocation.change.under(&prefix).find_map(|(_, text)| {
        let kept: Json = serde_json::from_str(text).ok()?;
        let is_it = kept["update"]["status"] == "InProgress" && subject.is_of(&kept);
        is_it.then(|| kept["update"]["id"].as_str().map(str::to_owned)).flatten()
    })
}

/// `DescribeUpdate`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, subject) = subject(invocation)?;
    let id = invocation.argument("updateId");
    let kept: Option<Json> = invocation.change.get(&invocation.record("updates", &format!("{cluster}/{id}")));
    match kept.filter(|kept| subject.is_of(kept)) {
        Some(kept) => Ok(json!({"update": kept["update"]})),
        None => Err(Error::not_found(format!("No update found for ID: {id}")).about("clusterName", &cluster)),
    }
}

/// `ListUpdates`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, subject) = subject(invocation)?;
    let prefix = invocation.record("updates", &format!("{cluster}/"));
    let ids = invocation.change.under(&prefix).filter_map(|(name, text)| {
        let kept: Json = serde_json::from_str(text).ok()?;
        subject.is_of(&kept).then(|| name[prefix.len()..].to_owned())
    });
    let ids: Vec<String> = ids.collect();
    invocation.page("updateIds", &ids)
}

/// Returns the cluster, and whose updates are asked for; it must be there.
fn subject(invocation: &Invocation<'_, '_>) -> Result<(String, Subject), Error> {
    let cluster = invocation.argument("name");
    super::cluster::get(invocation, &cluster)?;
    if let Some(name) = invocation.parameter("capabilityName") {
        return Err(Error::not_found(format!("No capability found for name: {name}.")).about("clusterName", &cluster));
    }
    let (group, addon) = (invocation.parameter("nodegroupName"), invocation.parameter("addonName"));
    let subject = match (group, addon) {
        (Some(_), Some(_)) => {
            return Err(Error::parameter("Only one of nodegroupName and addonName can be given"));
        }
        (Some(group), None) => {
            super::node_group::get(invocation, &cluster, group)?;
            Subject::NodeGroup(group.to_owned())
        }
        (None, Some(addon)) => {
            super::addon::get(invocation, &cluster, addon)?;
            Subject::Addon(addon.to_owned())
        }
        (None, None) => Subject::Cluster,
    };
    Ok((cluster, subject))
}

/// Does what was planned when an operation began.
pub fn finish(change: &mut Change<'_>, frame: &Frame, what: &Json, now: Duration) {
    let Some(name) = what["record"].as_str() else { return };
    match what["do"].as_str() {
        Some("set") => set(change, name, &what["set"], now),
        Some("update") => {
            let Some(mut kept) = change.get::<Json>(name) else { return };
            match replaced(change, &kept, what, now) {
                Some(Ok(())) => {}
                Some(Err(error)) => kept["then"] = json!([{"do": "fail", "error": error}]),
                None => {
                    let again = Task { service: "eks".to_owned(), what: what.clone() };
                    return frame.plan(change, REPLACED_LOOK, &again);
                }
            }
            end(change, frame, &mut kept, now);
            change.put(name, &kept);
        }
        Some("remove") => {
            let gone: Json = change.get(name).unwrap_or_default();
            change.remove(name);
            forget(change, what, name);
            dismiss(change, name, &gone);
            if let Some(region) = what["region"].as_str() {
                super::network::demolish(change, frame, region, &gone);
            }
        }
        Some("interfaces") => {
            if let Some((region, _)) = cluster_of(name) {
                super::network::rebuild(change, frame, (region, name));
            }
        }
        Some("security-group") => super::network::remove_group(change, frame, what),
        _ => {}
    }
    // What there is of nodes decides how add-ons do.
    if let Some(place) = cluster_of(name) {
        super::addon::look_after(change, place, now);
    }
}

/// Tells whether the nodes that an update replaces are others by now, or why they will not be; nothing while they are on their
/// way.
fn replaced(change: &Change<'_>, kept: &Json, what: &Json, now: Duration) -> Option<Result<(), Json>> {
    if !kept["then"].as_array().is_some_and(|then| then.iter().any(|then| then["do"] == "replace")) {
        return Some(Ok(()));
    }
    let (region, record) = (what["region"].as_str()?, kept["target"].as_str()?);
    let (left, late) = in_cluster::to_replace(change, (region, record), now);
    let group = kept["group"].as_str().unwrap_or_default();
    let error = |code: &str, message: String, nodes: Vec<String>| {
        Some(Err(json!({"errorCode": code, "errorMessage": message, "resourceIds": nodes})))
    };
    if left == 0 {
        return Some(Ok(()));
    }
    if !late.is_empty() {
        let text = format!("Reached max retries while trying to evict pods from nodes in node group {group}");
        return error("PodEvictionFailure", text, late);
    }
    let due = Duration::from_millis(kept["due"].as_u64().unwrap_or_default());
    if now > due + REPLACED_MAX {
        let text = format!("Couldn't proceed with upgrade process as new nodes are not joining node group {group}");
        return error("NodeCreationFailure", text, Vec::new());
    }
    None
}

/// Ends an update: well, unless it was known from the beginning that it would fail.
fn end(change: &mut Change<'_>, frame: &Frame, kept: &mut Json, now: Duration) {
    let target = kept["target"].as_str().unwrap_or_default().to_owned();
    let then = kept["then"].as_array().cloned().unwrap_or_default();
    if let Some(failure) = then.iter().find(|then| then["do"] == "fail") {
        kept["update"]["status"] = json!("Failed");
        kept["update"]["errors"] = json!([failure["error"]]);
        return set(change, &target, &json!({}), now);
    }
    kept["update"]["status"] = json!("Successful");
    set(change, &target, &kept["set"], now);
    for then in &then {
        finish(change, frame, then, now);
    }
}

/// Returns the region and the cluster that a record of EKS belongs to.
fn cluster_of(name: &str) -> Option<(&str, &str)> {
    let mut parts = name.strip_prefix("aws/eks/")?.split('/');
    let (region, _, cluster) = (parts.next()?, parts.next()?, parts.next()?);
    Some((region, cluster))
}

/// Takes the access of a role back, if what is gone was the last that used it.
fn dismiss(change: &mut Change<'_>, name: &str, gone: &Json) {
    let role = gone["nodeRole"].as_str().or_else(|| gone["podExecutionRoleArn"].as_str());
    let (Some(role), Some((region, cluster))) = (role, cluster_of(name)) else { return };
    let is_used = ["nodegroups", "fargate-profiles"].into_iter().any(|kind| {
        let prefix = record(region, kind, &format!("{cluster}/"));
        let mut all = change.under(&prefix).filter_map(|(_, text)| serde_json::from_str::<Json>(text).ok());
        all.any(|other| other["nodeRole"] == role || other["podExecutionRoleArn"] == role)
    });
    if !is_used {
        super::access::dismiss(change, region, cluster, role);
    }
}

/// What belongs to a cluster and goes with it.
const BELONGINGS: &[&str] = &["access-entries", "access-policies", "addons", "identity-providers", "pod-identities"];

/// Removes what belongs to something that is gone: updates and tokens, and if it was a cluster, all that it had.
fn forget(change: &mut Change<'_>, what: &Json, name: &str) {
    let (Some(region), Some(cluster)) = (what["region"].as_str(), what["cluster"].as_str()) else { return };
    let mut gone: Vec<String> = Vec::new();
    if name == record(region, "clusters", cluster) {
        for kind in BELONGINGS {
            gone.extend(change.under(&record(region, kind, &format!("{cluster}/"))).map(|(name, _)| name.to_owned()));
        }
    }
    for (update, text) in change.under(&record(region, "updates", &format!("{cluster}/"))) {
        let kept: Json = serde_json::from_str(text).unwrap_or_default();
        if kept["target"] == name
            || kept["target"].as_str().is_some_and(|target| gone.iter().any(|name| name == target))
        {
            gone.push(update.to_owned());
        }
    }
    for (token, text) in change.under(&record(region, "tokens", "")) {
        let kept: Json = serde_json::from_str(text).unwrap_or_default();
        if kept["made"].as_str().is_some_and(|made| made == name || gone.iter().any(|update| update == made)) {
            gone.push(token.to_owned());
        }
    }
    for name in gone {
        change.remove(&name);
    }
}

fn set(change: &mut Change<'_>, name: &str, values: &Json, now: Duration) {
    let Some(mut resource) = change.get::<Json>(name) else { return };
    for (pointer, value) in values.as_object().into_iter().flatten() {
        let mut place = &mut resource;
        for member in pointer.split('/').skip(1) {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[member];
        }
        *place = value.clone();
    }
    resource["status"] = json!("ACTIVE");
    if resource.get("modifiedAt").is_some() {
        resource["modifiedAt"] = timestamp(now);
    }
    change.put(name, &resource);
}
