//! Snapshots of volumes.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done};
use super::kind::{SNAPSHOT, VOLUME, describe as describe_all};
use super::region::{Region, list_mut, text};
use crate::aws::account::ACCOUNT;

const CREATE_SECONDS: u64 = 30;

/// `CreateSnapshot`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let volume = invocation.named(&VOLUME, "VolumeId")?;
    let tags = invocation.tags("snapshot")?;
    let region = &mut invocation.region;
    let snapshot = json!({
        "snapshotId": region.new_id(&SNAPSHOT),
        "volumeId": volume["volumeId"],
        "status": "pending",
        "startTime": region.now(),
        "progress": "0%",
        "ownerId": ACCOUNT,
        "description": invocation.parameters.get("Description").unwrap_or_default(),
        "volumeSize": volume["size"],
        "encrypted": volume["encrypted"],
        "storageTier": "standard",
        "tagSet": tags,
    });
    region.put(&SNAPSHOT, &snapshot);
    region.later(CREATE_SECONDS, "snapshot-completed", text(&snapshot, "snapshotId"));
    Ok(snapshot)
}

/// Lets a snapshot be complete.
pub fn become_complete(region: &mut Region<'_, '_>, id: &str) {
    region.edit(&SNAPSHOT, id, |snapshot| {
        snapshot["status"] = json!("completed");
        snapshot["progress"] = json!("100%");
    });
}

/// `DeleteSnapshot`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let snapshot = invocation.named(&SNAPSHOT, "SnapshotId")?;
    invocation.region.remove(&SNAPSHOT, text(&snapshot, "snapshotId"));
    Ok(done())
}

/// `DescribeSnapshots`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let owners = invocation.parameters.list("Owner");
    let is_ours = |owner: &String| owner == "self" || owner == ACCOUNT;
    let mut answer = describe_all(invocation, &SNAPSHOT)?;
    if !owners.is_empty() && !owners.iter().any(is_ours) {
        list_mut(&mut answer, SNAPSHOT.set).clear();
    }
    Ok(answer)
}
