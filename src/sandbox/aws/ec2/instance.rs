//! Instances, as far as nodes of clusters are ones: run, described, terminated.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, filter, page};
use super::kind::{INSTANCE, NETWORK_INTERFACE, SUBNET, VOLUME};
use super::network_interface::{self, New as NewInterface};
use super::region::{Region, id, list, list_mut, text};
use super::{address, image, instance_types, launch_template, volume};
use crate::aws::account::ACCOUNT;

const BOOT_SECONDS: u64 = 20;
const TERMINATE_SECONDS: u64 = 45;
/// How long one that is terminated is still described.
const FORGET_SECONDS: u64 = 3600;
/// Instances of a request.
const TOGETHER_MAX: i64 = 100;

/// What a new instance is like.
#[derive(Clone, Default)]
pub struct New {
    /// Like `m7i.large`.
    pub kind: String,
    /// The subnet.
    pub subnet: String,
    /// Security groups; the default one of the VPC unless set.
    pub groups: Vec<String>,
    /// The machine image; the usual one for nodes unless set.
    pub image: Option<String>,
    /// The instance profile's ARN.
    pub profile: Option<String>,
    /// Whether it is bought on the spot market.
    pub is_spot: bool,
    /// GiB of the volume that it boots from.
    pub disk: Option<i64>,
    /// Tags of the instance, its volume and its interface.
    pub tags: Vec<Json>,
}

fn state(name: &str) -> Json {
    let code = match name {
        "pending" => 0,
        "running" => 16,
        "shutting-down" => 32,
        _ => 48,
    };
    json!({"code": code, "name": name})
}

/// Runs an instance.
pub fn make(region: &mut Region<'_, '_>, new: &New) -> Result<Json, Error> {
    let subnet = region.get(&SUBNET, &new.subnet)?;
    let Some(kind) = instance_types::find(&new.kind) else {
        let text = format!("Invalid value '{}' for InstanceType.", new.kind);
        return Err(Error::new("InvalidParameterValue", text));
    };
    let instance = region.new_id(&INSTANCE);
    let mut groups = new.groups.clone();
    if groups.is_empty() {
        groups = network_interface::default_group(region, text(&subnet, "vpcId"));
    }
    let with = NewInterface { groups: &groups, tags: new.tags.clone(), ..NewInterface::of("") };
    let mut interface = network_interface::make(region, &subnet, with)?;
    interface["status"] = json!("in-use");
    interface["attachment"] = network_interface::attachment(region, &instance, 0, true);
    region.put(&NETWORK_INTERFACE, &interface);
    let zone = text(&subnet, "availabilityZone");
    let disk = volume::New {
        zone,
        size: Some(new.disk.unwrap_or(20)),
        kind: Some("gp3"),
        tags: new.tags.clone(),
        ..volume::New::default()
    };
    let mut disk = volume::make(region, disk)?;
    disk["status"] = json!("in-use");
    disk["attachmentSet"] = json!([{
        "volumeId": disk["volumeId"], "instanceId": instance, "device": "/dev/xvda", "status": "attached",
        "attachTime": region.now(), "deleteOnTermination": true,
    }]);
    region.put(&VOLUME, &disk);
    let made = json!({
        "instanceId": instance,
        "imageId": new.image.as_deref().unwrap_or(image::USUAL),
        "instanceState": state("pending"),
        "instanceType": new.kind,
        "architecture": kind.what.architecture,
        "launchTime": region.now(),
        "amiLaunchIndex": 0,
        "placement": {"availabilityZone": zone, "availabilityZoneId": subnet["availabilityZoneId"], "tenancy": "default", "groupName": ""},
        "monitoring": {"state": "disabled"},
        "subnetId": subnet["subnetId"],
        "vpcId": subnet["vpcId"],
        "privateIpAddress": interface["privateIpAddress"],
        "privateDnsName": interface["privateDnsName"],
        "dnsName": "",
        "sourceDestCheck": true,
        "groupSet": interface["groupSet"],
        "networkInterfaceSet": [interface],
        "iamInstanceProfile": new.profile.as_ref().map(|arn| json!({"arn": arn, "id": "AIPAGANTRYSANDBOXAAAA"})),
        "instanceLifecycle": new.is_spot.then_some("spot"),
        "blockDeviceMapping": [{"deviceName": "/dev/xvda", "ebs": {
            "volumeId": disk["volumeId"], "status": "attached", "attachTime": region.now(), "deleteOnTermination": true,
        }}],
        "rootDeviceName": "/dev/xvda",
        "rootDeviceType": "ebs",
        "hypervisor": "xen",
        "virtualizationType": "hvm",
        "enaSupport": true,
        "ebsOptimized": true,
        "metadataOptions": {"state": "applied", "httpTokens": "required", "httpEndpoint": "enabled", "httpPutResponseHopLimit": 2},
        "reservationId": id("r"),
        "tagSet": new.tags,
    });
    region.put(&INSTANCE, &made);
    region.later(BOOT_SECONDS, "instance-running", &instance);
    Ok(made)
}

/// Lets an instance run.
pub fn become_running(region: &mut Region<'_, '_>, id: &str) {
    region.edit(&INSTANCE, id, |instance| {
        if instance["instanceState"]["name"] == "pending" {
            instance["instanceState"] = state("running");
        }
    });
}

/// Begins to terminate an instance; returns its state before and now.
pub fn terminate(region: &mut Region<'_, '_>, id: &str) -> Result<(Json, Json), Error> {
    let mut instance = region.get(&INSTANCE, id)?;
    let before = instance["instanceState"].clone();
    if ["shutting-down", "terminated"].contains(&text(&before, "name")) {
        return Ok((before.clone(), before));
    }
    instance["instanceState"] = state("shutting-down");
    region.put(&INSTANCE, &instance);
    region.later(TERMINATE_SECONDS, "instance-terminated", id);
    Ok((before, state("shutting-down")))
}

/// Lets an instance be terminated: what is its own goes with it, the rest is free.
pub fn end(region: &mut Region<'_, '_>, id: &str) {
    let Some(mut instance) = region.find(&INSTANCE, id) else { return };
    for interface in region.all(&NETWORK_INTERFACE) {
        if interface["attachment"]["instanceId"] != id {
            continue;
        }
        let interface_id = text(&interface, "networkInterfaceId");
        if let Some(allocation) = interface["association"]["allocationId"].as_str() {
            address::unbind(region, allocation);
        }
        if interface["attachment"]["deleteOnTermination"] == true {
            network_interface::unmake(region, interface_id);
        } else {
            region.edit(&NETWORK_INTERFACE, interface_id, |interface| {
                interface["status"] = json!("available");
                interface["attachment"] = Json::Null;
            });
        }
    }
    for mut disk in region.all(&VOLUME) {
        let Some(attachment) = list(&disk, "attachmentSet").iter().find(|attachment| attachment["instanceId"] == id)
        else {
            continue;
        };
        if attachment["deleteOnTermination"] == true {
            region.remove(&VOLUME, text(&disk, "volumeId"));
        } else {
            disk["attachmentSet"] = json!([]);
            disk["status"] = json!("available");
            region.put(&VOLUME, &disk);
        }
    }
    instance["instanceState"] = state("terminated");
    for member in ["networkInterfaceSet", "groupSet", "blockDeviceMapping"] {
        instance[member] = json!([]);
    }
    for member in ["subnetId", "vpcId", "privateIpAddress"] {
        instance[member] = Json::Null;
    }
    region.put(&INSTANCE, &instance);
    region.later(FORGET_SECONDS, "instance-forget", id);
}

/// `RunInstances`.
pub fn run(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let template = template_data(invocation)?;
    let either = |parameter: &str, member: &str| {
        invocation.get(parameter).or_else(|| template[member].as_str().map(str::to_owned))
    };
    let least = invocation.number("MinCount")?.ok_or_else(|| super::call::missing("minCount"))?;
    let most = invocation.number("MaxCount")?.ok_or_else(|| super::call::missing("maxCount"))?;
    if least < 1 || most < least || most > TOGETHER_MAX {
        return Err(Error::new("InvalidParameterValue", format!("The counts {least} and {most} are not valid.")));
    }
    let Some(subnet) = either("SubnetId", "").or_else(|| {
        let first = invocation.parameters.structures("NetworkInterface").into_iter().next();
        first.and_then(|first| first.get("SubnetId").map(str::to_owned))
    }) else {
        return Err(Error::new(
            "MissingInput",
            "No subnets found for the default VPC; the sandbox wants a subnet to be named.",
        ));
    };
    let mut groups = invocation.parameters.list("SecurityGroupId");
    if groups.is_empty() {
        groups = list(&template, "securityGroupIdSet").iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
    }
    let mut tags = invocation.tags_of(&["instance", "volume", "network-interface", "spot-instances-request"])?;
    for specification in list(&template, "tagSpecificationSet").iter().filter(|one| one["resourceType"] == "instance") {
        super::call::merge_tags(&mut tags[0], list(specification, "tagSet"))?;
    }
    let new = New {
        kind: either("InstanceType", "instanceType").unwrap_or_else(|| "m5.large".to_owned()),
        subnet,
        groups,
        image: either("ImageId", "imageId"),
        profile: invocation.get("IamInstanceProfile.Arn"),
        is_spot: invocation.get("InstanceMarketOptions.MarketType").is_some_and(|market| market == "spot"),
        disk: None,
        tags: tags.swap_remove(0),
    };
    let mut made = Vec::new();
    for _ in 0..most {
        made.push(make(&mut invocation.region, &new)?);
    }
    Ok(json!({"reservationId": made[0]["reservationId"], "ownerId": ACCOUNT, "groupSet": [], "instancesSet": made}))
}

/// Returns what the launch template says that a request names.
fn template_data(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let given = invocation.parameters.within("LaunchTemplate");
    if given.is_empty() {
        return Ok(Json::Null);
    }
    let template =
        launch_template::find(&invocation.region, given.get("LaunchTemplateId"), given.get("LaunchTemplateName"))?;
    let version = launch_template::version(&template, given.get("Version").unwrap_or_default())?;
    Ok(version["launchTemplateData"].clone())
}

/// `TerminateInstances`.
pub fn terminate_all(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut changes = Vec::new();
    for id in invocation.parameters.list("InstanceId") {
        let (before, now) = terminate(&mut invocation.region, &id)?;
        changes.push(json!({"instanceId": id, "previousState": before, "currentState": now}));
    }
    Ok(json!({"instancesSet": changes}))
}

/// `DescribeInstances`: a reservation for each.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let ids = invocation.parameters.list("InstanceId");
    let mut all = Vec::new();
    for id in &ids {
        all.push(invocation.region.get(&INSTANCE, id)?);
    }
    if ids.is_empty() {
        all = invocation.region.all(&INSTANCE);
    }
    filter(invocation, INSTANCE.filters, &mut all)?;
    let mut answer = page(invocation, INSTANCE.set, all)?;
    for instance in list_mut(&mut answer, INSTANCE.set) {
        let one = instance.take();
        *instance =
            json!({"reservationId": one["reservationId"], "ownerId": ACCOUNT, "groupSet": [], "instancesSet": [one]});
    }
    Ok(answer)
}
