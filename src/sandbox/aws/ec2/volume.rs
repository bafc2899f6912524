//! Volumes: made, attached, grown, deleted.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done, filter, invalid, page};
use super::kind::{INSTANCE, SNAPSHOT, VOLUME, describe as describe_all};
use super::region::{Region, list, list_mut, text};
use super::zones;

const CREATE_SECONDS: u64 = 3;
const ATTACH_SECONDS: u64 = 2;
const DETACH_SECONDS: u64 = 5;
const DELETE_SECONDS: u64 = 2;
const MODIFY_SECONDS: u64 = 60;
/// GiB of a volume.
const SIZE_MAX: i64 = 65_536;

/// What a new volume is like.
#[derive(Default)]
pub struct New<'n> {
    /// The zone.
    pub zone: &'n str,
    /// GiB; that of the snapshot unless set.
    pub size: Option<i64>,
    /// `gp3`, `io2`, ...; `gp2` unless set.
    pub kind: Option<&'n str>,
    /// Operations a second.
    pub operations: Option<i64>,
    /// MiB a second.
    pub throughput: Option<i64>,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// The snapshot that it is made from.
    pub snapshot: Option<&'n str>,
    /// Tags.
    pub tags: Vec<Json>,
}

/// Makes a volume.
pub fn make(region: &mut Region<'_, '_>, new: New<'_>) -> Result<Json, Error> {
    let zone_id = zones::zones(&region.name).into_iter().find(|(name, _)| name == new.zone).map(|(_, id)| id);
    if zone_id.is_none() {
        let text = format!("The zone '{}' does not exist.", new.zone);
        return Err(Error::new("InvalidZone.NotFound", text));
    }
    let snapshot = new.snapshot.map(|id| region.get(&SNAPSHOT, id)).transpose()?;
    let least = snapshot.as_ref().and_then(|snapshot| snapshot["volumeSize"].as_i64());
    let Some(size) = new.size.or(least) else {
        return Err(Error::new("MissingParameter", "The request must contain the parameter size/snapshot"));
    };
    if let Some(least) = least.filter(|least| size < *least) {
        let text = format!("Snapshot size ({least} GiB) must not be larger than the volume's ({size} GiB).");
        return Err(Error::new("InvalidParameterValue", text));
    }
    let kind = new.kind.unwrap_or("gp2");
    let (operations, throughput) = speed(kind, size, new.operations, new.throughput)?;
    let volume = json!({
        "volumeId": region.new_id(&VOLUME),
        "size": size,
        "snapshotId": new.snapshot.unwrap_or_default(),
        "availabilityZone": new.zone,
        "availabilityZoneId": zone_id,
        "status": "creating",
        "createTime": region.now(),
        "attachmentSet": [],
        "volumeType": kind,
        "iops": operations,
        "throughput": throughput,
        "encrypted": new.is_encrypted,
        "multiAttachEnabled": false,
        "tagSet": new.tags,
    });
    region.put(&VOLUME, &volume);
    region.later(CREATE_SECONDS, "volume-available", text(&volume, "volumeId"));
    Ok(volume)
}

/// Returns how fast a volume is, if it may be so.
fn speed(kind: &str, size: i64, operations: Option<i64>, throughput: Option<i64>) -> Result<(Json, Json), Error> {
    let range = match kind {
        "gp2" | "gp3" => 1..=SIZE_MAX,
        "io1" | "io2" => 4..=SIZE_MAX,
        "st1" | "sc1" => 125..=16_384,
        "standard" => 1..=1024,
        other => return Err(invalid("volumeType", other, "Unknown volume type.")),
    };
    if !range.contains(&size) {
        let text = format!(
            "Volume of {size}GiB is invalid for volume type {kind}: {}GiB to {}GiB.",
            range.start(),
            range.end()
        );
        return Err(Error::new("InvalidParameterValue", text));
    }
    let refuse = |what: &str| {
        let text = format!("The parameter {what} is not supported for {kind} volumes.");
        Err(Error::new("InvalidParameterCombination", text))
    };
    match kind {
        "gp3" => {
            let (operations, throughput) = (operations.unwrap_or(3000), throughput.unwrap_or(125));
            if !(3000..=80_000).contains(&operations) || !(125..=2000).contains(&throughput) {
                let text =
                    format!("Volume iops of {operations} with throughput of {throughput} is out of range for gp3.");
                return Err(Error::new("InvalidParameterValue", text));
            }
            Ok((json!(operations), json!(throughput)))
        }
        _ if throughput.is_some() => refuse("Throughput"),
        "io1" | "io2" => match operations {
            Some(operations) if operations >= 100 => Ok((json!(operations), Json::Null)),
            Some(operations) => Err(invalid("iops", &operations.to_string(), "")),
            None => Err(Error::new("MissingParameter", "The request must contain the parameter iops")),
        },
        _ if operations.is_some() => refuse("iops"),
        "gp2" => Ok((json!((size * 3).clamp(100, 16_000)), Json::Null)),
        _ => Ok((Json::Null, Json::Null)),
    }
}

/// `CreateVolume`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let tags = invocation.tags("volume")?;
    let zone = invocation.needed("AvailabilityZone")?;
    let new = New {
        zone: &zone,
        size: invocation.number("Size")?,
        kind: invocation.parameters.get("VolumeType"),
        operations: invocation.number("Iops")?,
        throughput: invocation.number("Throughput")?,
        is_encrypted: invocation.flag("Encrypted")?.unwrap_or(false),
        snapshot: invocation.parameters.get("SnapshotId").filter(|id| !id.is_empty()),
        tags,
    };
    make(&mut invocation.region, new)
}

/// Lets a volume be available.
pub fn become_available(region: &mut Region<'_, '_>, id: &str) {
    region.edit(&VOLUME, id, |volume| {
        if volume["status"] == "creating" {
            volume["status"] = json!("available");
        }
    });
}

/// `DeleteVolume`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = invocation.needed("VolumeId")?;
    remove(&mut invocation.region, &id)?;
    Ok(done())
}

/// Deletes a volume that nothing uses.
pub fn remove(region: &mut Region<'_, '_>, id: &str) -> Result<(), Error> {
    let mut volume = region.get(&VOLUME, id)?;
    if let Some(attachment) = list(&volume, "attachmentSet").first() {
        let text = format!("Volume {id} is currently attached to {}", text(attachment, "instanceId"));
        return Err(Error::new("VolumeInUse", text));
    }
    if volume["status"] == "deleting" {
        return Err(VOLUME.missing(id));
    }
    volume["status"] = json!("deleting");
    region.put(&VOLUME, &volume);
    region.later(DELETE_SECONDS, "volume-gone", id);
    Ok(())
}

/// `DescribeVolumes`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &VOLUME)
}

/// Attaches a volume to an instance of its zone.
pub fn bind(region: &mut Region<'_, '_>, id: &str, instance: &str, device: &str) -> Result<Json, Error> {
    let mut volume = region.get(&VOLUME, id)?;
    let machine = region.get(&INSTANCE, instance)?;
    if volume["status"] != "available" {
        let (code, text) = match list(&volume, "attachmentSet").first() {
            Some(at) => ("VolumeInUse", format!("{id} is already attached to an instance: {}", text(at, "instanceId"))),
            None => ("IncorrectState", format!("Volume '{id}' is not 'available'.")),
        };
        return Err(Error::new(code, text));
    }
    if volume["availabilityZone"] != machine["placement"]["availabilityZone"] {
        let text = format!("The volume '{id}' is not in the same availability zone as instance '{instance}'");
        return Err(Error::new("InvalidVolume.ZoneMismatch", text));
    }
    if machine["instanceState"]["name"] != "running" {
        let text = format!("Instance '{instance}' is not 'running'.");
        return Err(Error::new("IncorrectState", text));
    }
    let attachment = json!({
        "volumeId": id, "instanceId": instance, "device": device, "status": "attaching", "attachTime": region.now(),
        "deleteOnTermination": false,
    });
    volume["status"] = json!("in-use");
    volume["attachmentSet"] = json!([attachment]);
    region.put(&VOLUME, &volume);
    region.later(ATTACH_SECONDS, "volume-attached", id);
    Ok(attachment)
}

/// Lets a volume be attached.
pub fn become_attached(region: &mut Region<'_, '_>, id: &str) {
    region.edit(&VOLUME, id, |volume| {
        if let Some(attachment) = list_mut(volume, "attachmentSet").first_mut()
            && attachment["status"] == "attaching"
        {
            attachment["status"] = json!("attached");
        }
    });
}

/// Begins to detach a volume.
pub fn unbind(region: &mut Region<'_, '_>, id: &str) -> Result<Json, Error> {
    let mut volume = region.get(&VOLUME, id)?;
    let Some(attachment) = list_mut(&mut volume, "attachmentSet").first_mut() else {
        let text = format!("Volume '{id}' is in the 'available' state.");
        return Err(Error::new("IncorrectState", text));
    };
    attachment["status"] = json!("detaching");
    let shown = attachment.clone();
    region.put(&VOLUME, &volume);
    region.later(DETACH_SECONDS, "volume-detached", id);
    Ok(shown)
}

/// Lets a volume be detached.
pub fn become_detached(region: &mut Region<'_, '_>, id: &str) {
    region.edit(&VOLUME, id, |volume| {
        if list(volume, "attachmentSet").iter().any(|attachment| attachment["status"] == "detaching") {
            volume["attachmentSet"] = json!([]);
            volume["status"] = json!("available");
        }
    });
}

/// `AttachVolume`.
pub fn attach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (id, instance) = (invocation.needed("VolumeId")?, invocation.needed("InstanceId")?);
    let device = invocation.needed("Device")?;
    bind(&mut invocation.region, &id, &instance, &device)
}

/// `DetachVolume`.
pub fn detach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = invocation.needed("VolumeId")?;
    let volume = invocation.region.get(&VOLUME, &id)?;
    if let (Some(instance), Some(attachment)) = (invocation.get("InstanceId"), list(&volume, "attachmentSet").first())
        && attachment["instanceId"] != *instance
    {
        let text = format!("Volume '{id}' is not attached to instance '{instance}'.");
        return Err(Error::new("InvalidAttachment.NotFound", text));
    }
    unbind(&mut invocation.region, &id)
}

/// `ModifyVolume`: larger, faster, of another type; not smaller.
pub fn modify(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut volume = invocation.named(&VOLUME, "VolumeId")?;
    let id = text(&volume, "volumeId").to_owned();
    if volume["_modification"]["modificationState"] == "modifying" {
        let text = format!("Volume {id} is still being modified.");
        return Err(Error::new("IncorrectModificationState", text));
    }
    let old = volume["size"].as_i64().unwrap_or_default();
    let size = invocation.number("Size")?.unwrap_or(old);
    if size < old {
        let text = format!("New size cannot be smaller than existing size. Existing: {old}GiB, requested: {size}GiB");
        return Err(Error::new("InvalidParameterValue", text));
    }
    let kind = invocation.get("VolumeType").unwrap_or_else(|| text(&volume, "volumeType").to_owned());
    let keeps = volume["volumeType"] == *kind && ["gp3", "io1", "io2"].contains(&&*kind);
    let kept = |member: &str| volume[member].as_i64().filter(|_| keeps);
    let operations = invocation.number("Iops")?.or(kept("iops"));
    let throughput = invocation.number("Throughput")?.or(kept("throughput"));
    let (operations, throughput) = speed(&kind, size, operations, throughput)?;
    let modification = json!({
        "volumeId": id, "modificationState": "modifying", "progress": 0, "startTime": invocation.region.now(),
        "originalSize": old, "originalVolumeType": volume["volumeType"], "originalIops": volume["iops"],
        "originalThroughput": volume["throughput"], "targetSize": size, "targetVolumeType": kind,
        "targetIops": operations, "targetThroughput": throughput,
    });
    for (member, value) in [
        ("size", json!(size)),
        ("volumeType", json!(kind)),
        ("iops", operations),
        ("throughput", throughput),
        ("_modification", modification.clone()),
    ] {
        volume[member] = value;
    }
    invocation.region.put(&VOLUME, &volume);
    invocation.region.later(MODIFY_SECONDS, "volume-modified", &id);
    Ok(json!({"volumeModification": modification}))
}

/// Lets a modification be complete.
pub fn become_modified(region: &mut Region<'_, '_>, id: &str) {
    let now = region.now();
    region.edit(&VOLUME, id, |volume| {
        volume["_modification"]["modificationState"] = json!("completed");
        volume["_modification"]["progress"] = json!(100);
        volume["_modification"]["endTime"] = json!(now);
    });
}

/// `DescribeVolumesModifications`.
pub fn describe_modifications(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let ids = invocation.parameters.list("VolumeId");
    let volumes = invocation.region.all(&VOLUME).into_iter();
    let volumes = volumes.filter(|volume| ids.is_empty() || ids.iter().any(|id| volume["volumeId"] == **id));
    let mut all: Vec<Json> = volumes.map(|volume| volume["_modification"].clone()).filter(Json::is_object).collect();
    if all.is_empty() && !ids.is_empty() {
        let text = format!("Modification for volume '{}' does not exist.", ids[0]);
        return Err(Error::new("InvalidVolumeModification.NotFound", text));
    }
    filter(invocation, &[("modification-state", "modificationState"), ("volume-id", "volumeId")], &mut all)?;
    page(invocation, "volumeModificationSet", all)
}
