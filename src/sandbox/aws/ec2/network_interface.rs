//! Network interfaces: an address of a subnet, in security groups, of one's own or of a service of AWS.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done};
use super::kind::{INSTANCE, NETWORK_INTERFACE, SECURITY_GROUP, SUBNET, describe as describe_all};
use super::region::{Region, id, list, list_mut, text};
use super::{address, subnet, zones};
use crate::aws::account::{ACCOUNT, random};

/// What a new interface is like.
pub struct New<'n> {
    /// What people read.
    pub description: &'n str,
    /// `interface`, `nat_gateway`, `network_load_balancer`.
    pub kind: &'n str,
    /// The service that it belongs to, if it is not the account's own.
    pub requester: Option<&'n str>,
    /// Security groups, by their ids.
    pub groups: &'n [String],
    /// The address that it is to have; any of the subnet unless set.
    pub address: Option<&'n str>,
    /// Tags.
    pub tags: Vec<Json>,
}

impl<'n> New<'n> {
    /// An interface of the account's own, in no group.
    pub fn of(description: &'n str) -> New<'n> {
        New { description, kind: "interface", requester: None, groups: &[], address: None, tags: Vec::new() }
    }
}

/// Makes an interface in a subnet.
pub fn make(region: &mut Region<'_, '_>, subnet: &Json, new: New<'_>) -> Result<Json, Error> {
    let interface = region.new_id(&NETWORK_INTERFACE);
    let mut groups = Vec::new();
    for group in new.groups {
        let found = region.get(&SECURITY_GROUP, group)?;
        if found["vpcId"] != subnet["vpcId"] {
            let text = "You have specified two resources that belong to different networks.";
            return Err(Error::new("InvalidGroup.NotFound", text));
        }
        groups.push(json!({"groupId": found["groupId"], "groupName": found["groupName"]}));
    }
    let address = subnet::take(region, subnet, &interface, new.address)?;
    let name = zones::private_name(&region.name, &address.to_string());
    let digits = random::<5>();
    let pairs: Vec<&str> = (0..5).map(|at| &digits[at * 2..at * 2 + 2]).collect();
    let mut made = json!({
        "networkInterfaceId": interface,
        "subnetId": subnet["subnetId"],
        "vpcId": subnet["vpcId"],
        "availabilityZone": subnet["availabilityZone"],
        "availabilityZoneId": subnet["availabilityZoneId"],
        "description": new.description,
        "ownerId": ACCOUNT,
        "requesterId": new.requester.unwrap_or("AIDAGANTRYSANDBOXAAAA"),
        "requesterManaged": new.requester.is_some(),
        "status": if new.requester.is_some() { "in-use" } else { "available" },
        "macAddress": format!("02:{}", pairs.join(":")),
        "privateIpAddress": address.to_string(),
        "privateDnsName": name,
        "sourceDestCheck": new.kind != "nat_gateway",
        "groupSet": groups,
        "privateIpAddressesSet": [{"privateIpAddress": address.to_string(), "privateDnsName": name, "primary": true}],
        "ipv6AddressesSet": [],
        "interfaceType": new.kind,
        "tagSet": new.tags,
    });
    if let Some(requester) = new.requester {
        made["attachment"] = json!({
            "attachmentId": id("eni-attach"), "instanceOwnerId": requester, "deviceIndex": 1, "status": "attached",
            "attachTime": region.now(), "deleteOnTermination": false,
        });
    }
    region.put(&NETWORK_INTERFACE, &made);
    Ok(made)
}

/// Removes an interface and gives its addresses free.
pub fn unmake(region: &mut Region<'_, '_>, id: &str) {
    let Some(interface) = region.find(&NETWORK_INTERFACE, id) else { return };
    if let Some(allocation) = interface["association"]["allocationId"].as_str() {
        address::unbind(region, allocation);
    }
    for held in list(&interface, "privateIpAddressesSet") {
        subnet::give_back(region, text(&interface, "subnetId"), text(held, "privateIpAddress"));
    }
    region.remove(&NETWORK_INTERFACE, id);
}

/// `CreateNetworkInterface`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let subnet = invocation.named(&SUBNET, "SubnetId")?;
    let tags = invocation.tags("network-interface")?;
    let mut groups = invocation.parameters.list("SecurityGroupId");
    if groups.is_empty() {
        groups = default_group(&invocation.region, text(&subnet, "vpcId"));
    }
    let description = invocation.get("Description").unwrap_or_default();
    let wanted = invocation.get("PrivateIpAddress");
    let new = New { groups: &groups, address: wanted.as_deref(), tags, ..New::of(&description) };
    let mut made = make(&mut invocation.region, &subnet, new)?;
    made["status"] = json!("pending");
    Ok(json!({"networkInterface": made}))
}

/// Returns the id of a VPC's default group, as a list.
pub fn default_group(region: &Region<'_, '_>, vpc: &str) -> Vec<String> {
    let groups = region.with(&SECURITY_GROUP, "vpcId", vpc);
    let default = groups.iter().filter(|group| group["groupName"] == "default");
    default.map(|group| text(group, "groupId").to_owned()).collect()
}

/// `DeleteNetworkInterface`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let interface = invocation.named(&NETWORK_INTERFACE, "NetworkInterfaceId")?;
    let id = text(&interface, "networkInterfaceId");
    if interface["status"] == "in-use" {
        let text = format!("Network interface '{id}' is currently in use.");
        return Err(Error::new("InvalidParameterValue", text));
    }
    unmake(&mut invocation.region, id);
    Ok(done())
}

/// `DescribeNetworkInterfaces`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &NETWORK_INTERFACE)
}

/// `ModifyNetworkInterfaceAttribute`.
pub fn modify_attribute(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut interface = invocation.named(&NETWORK_INTERFACE, "NetworkInterfaceId")?;
    if interface["requesterManaged"] == true {
        let text = "You do not have permission to access the specified resource.";
        return Err(Error::new("AuthFailure", text));
    }
    if let Some(description) = invocation.parameters.get("Description.Value") {
        interface["description"] = json!(description);
    }
    if let Some(check) = invocation.flag("SourceDestCheck.Value")? {
        interface["sourceDestCheck"] = json!(check);
    }
    if let Some(delete) = invocation.flag("Attachment.DeleteOnTermination")? {
        interface["attachment"]["deleteOnTermination"] = json!(delete);
    }
    let groups = invocation.parameters.list("SecurityGroupId");
    if !groups.is_empty() {
        list_mut(&mut interface, "groupSet").clear();
    }
    for group in groups {
        let group = invocation.region.get(&SECURITY_GROUP, &group)?;
        let shown = json!({"groupId": group["groupId"], "groupName": group["groupName"]});
        list_mut(&mut interface, "groupSet").push(shown);
    }
    invocation.region.put(&NETWORK_INTERFACE, &interface);
    Ok(done())
}

/// `AttachNetworkInterface`.
pub fn attach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut interface = invocation.named(&NETWORK_INTERFACE, "NetworkInterfaceId")?;
    let instance = invocation.named(&INSTANCE, "InstanceId")?;
    let index = invocation.number("DeviceIndex")?.ok_or_else(|| super::call::missing("deviceIndex"))?;
    if interface["status"] != "available" {
        let text = format!("Network interface '{}' is currently in use.", text(&interface, "networkInterfaceId"));
        return Err(Error::new("InvalidNetworkInterface.InUse", text));
    }
    interface["status"] = json!("in-use");
    interface["attachment"] = attachment(&invocation.region, text(&instance, "instanceId"), index, false);
    invocation.region.put(&NETWORK_INTERFACE, &interface);
    Ok(json!({"attachmentId": interface["attachment"]["attachmentId"], "networkCardIndex": 0}))
}

/// Returns how an interface is attached to an instance.
pub fn attachment(region: &Region<'_, '_>, instance: &str, index: i64, goes_with_it: bool) -> Json {
    json!({
        "attachmentId": id("eni-attach"), "instanceId": instance, "instanceOwnerId": ACCOUNT, "deviceIndex": index,
        "networkCardIndex": 0, "status": "attached", "attachTime": region.now(), "deleteOnTermination": goes_with_it,
    })
}

/// `DetachNetworkInterface`.
pub fn detach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = invocation.needed("AttachmentId")?;
    let mut all = invocation.region.all(&NETWORK_INTERFACE).into_iter();
    let Some(mut interface) = all.find(|interface| interface["attachment"]["attachmentId"] == *id) else {
        let text = format!("The attachment ID '{id}' does not exist");
        return Err(Error::new("InvalidAttachmentID.NotFound", text));
    };
    if interface["requesterManaged"] == true {
        let text = "You do not have permission to manage the specified resource.";
        return Err(Error::new("OperationNotPermitted", text));
    }
    interface["status"] = json!("available");
    interface["attachment"] = Json::Null;
    invocation.region.put(&NETWORK_INTERFACE, &interface);
    Ok(done())
}
