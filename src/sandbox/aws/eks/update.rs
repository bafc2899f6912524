//! Updates of clusters and node groups, and what ends everything that takes long.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Invocation, record, timestamp};
use crate::aws::account::uuid;
use crate::world::Change;

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
    /// The node group, unless it is the cluster that is updated.
    pub node_group: Option<String>,
}

/// Begins an update of a cluster or a node group that is ready for it, and answers it.
pub fn begin(invocation: &mut Invocation<'_, '_>, cluster: &str, beginning: Beginning) -> Result<Json, Error> {
    let target = match &beginning.node_group {
        Some(group) => invocation.record("nodegroups", &format!("{cluster}/{group}")),
        None => invocation.record("clusters", cluster),
    };
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
    let kept = json!({"update": update, "group": beginning.node_group, "target": target, "set": beginning.set});
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

/// Returns the id of the update that a cluster or a node group is in.
pub fn in_flight(invocation: &Invocation<'_, '_>, cluster: &str, group: Option<&str>) -> Option<String> {
    let prefix = invocation.record("updates", &format!("{cluster}/"));
    invocation.change.under(&prefix).find_map(|(_, text)| {
        let kept: Json = serde_json::from_str(text).ok()?;
        let is_it = kept["update"]["status"] == "InProgress" && kept["group"].as_str() == group;
        is_it.then(|| kept["update"]["id"].as_str().map(str::to_owned)).flatten()
    })
}

/// `DescribeUpdate`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, group) = subject(invocation)?;
    let id = invocation.argument("updateId");
    let kept: Option<Json> = invocation.change.get(&invocation.record("updates", &format!("{cluster}/{id}")));
    match kept.filter(|kept| kept["group"].as_str() == group.as_deref()) {
        Some(kept) => Ok(json!({"update": kept["update"]})),
        None => Err(Error::not_found(format!("No update found for ID: {id}")).about("clusterName", &cluster)),
    }
}

/// `ListUpdates`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (cluster, group) = subject(invocation)?;
    let prefix = invocation.record("updates", &format!("{cluster}/"));
    let ids = invocation.change.under(&prefix).filter_map(|(name, text)| {
        let kept: Json = serde_json::from_str(text).ok()?;
        (kept["group"].as_str() == group.as_deref()).then(|| name[prefix.len()..].to_owned())
    });
    let ids: Vec<String> = ids.collect();
    invocation.page("updateIds", &ids)
}

/// Returns the cluster and the node group that updates are asked for; both must be there.
fn subject(invocation: &Invocation<'_, '_>) -> Result<(String, Option<String>), Error> {
    let cluster = invocation.argument("name");
    super::cluster::get(invocation, &cluster)?;
    for other in ["addonName", "capabilityName"] {
        if let Some(name) = invocation.parameter(other) {
            return Err(Error::not_found(format!("The sandbox has no {other} {name}")).about("clusterName", &cluster));
        }
    }
    let group = invocation.parameter("nodegroupName").map(str::to_owned);
    if let Some(group) = &group {
        super::node_group::get(invocation, &cluster, group)?;
    }
    Ok((cluster, group))
}

/// Does what was planned when an operation began.
pub fn finish(change: &mut Change<'_>, what: &Json, now: Duration) {
    let Some(name) = what["record"].as_str() else { return };
    match what["do"].as_str() {
        Some("set") => set(change, name, &what["set"], now),
        Some("update") => {
            let Some(mut kept) = change.get::<Json>(name) else { return };
            kept["update"]["status"] = json!("Successful");
            if let Some(target) = kept["target"].as_str() {
                set(change, target, &kept["set"], now);
            }
            change.put(name, &kept);
        }
        Some("remove") => {
            change.remove(name);
            forget(change, what, name);
        }
        _ => {}
    }
}

/// Removes what belongs to a cluster or a node group that is gone: updates and tokens.
fn forget(change: &mut Change<'_>, what: &Json, name: &str) {
    let (Some(region), Some(cluster)) = (what["region"].as_str(), what["cluster"].as_str()) else { return };
    let updates = record(region, "updates", &format!("{cluster}/"));
    let mut gone: Vec<String> = Vec::new();
    for (update, text) in change.under(&updates) {
        let kept: Json = serde_json::from_str(text).unwrap_or_default();
        if kept["target"] == name {
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
