//! NAT gateways: they take a while to come and to go, and hold an interface and an address meanwhile.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, invalid};
use super::kind::{ADDRESS, NAT_GATEWAY, NETWORK_INTERFACE, SUBNET, describe as describe_all};
use super::network_interface::{self, New};
use super::region::{Region, list, text};
use super::{address, gateway, route};

/// In a zone; those that are gone or failed do not count.
const GATEWAYS_MAX: usize = 5;
const CREATE_SECONDS: u64 = 100;
const FAIL_SECONDS: u64 = 5;
const DELETE_SECONDS: u64 = 50;
/// How long one that is gone is still described.
const FORGET_SECONDS: u64 = 3600;

/// `CreateNatGateway`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if invocation.get("AvailabilityMode").is_some_and(|mode| mode != "zonal") {
        let text = "The sandbox does not emulate NAT gateways of a region, only those of a zone.";
        return Err(Error::new("UnsupportedOperation", text));
    }
    let subnet = invocation.named(&SUBNET, "SubnetId")?;
    let connectivity = invocation.get("ConnectivityType").unwrap_or_else(|| "public".to_owned());
    let is_public = match &*connectivity {
        "public" => true,
        "private" => false,
        other => return Err(invalid("ConnectivityType", other, "Valid values are public, private.")),
    };
    let mut address = address_of(invocation, is_public)?;
    check_number(invocation, &subnet)?;
    let tags = invocation.tags("natgateway")?;
    let region = &mut invocation.region;
    let (id, vpc) = (region.new_id(&NAT_GATEWAY), text(&subnet, "vpcId"));
    let description = format!("Interface for NAT Gateway {id}");
    let wanted = invocation.parameters.get("PrivateIpAddress");
    let mut interface = network_interface::make(
        region,
        &subnet,
        New { kind: "nat_gateway", requester: Some("amazon-nat"), address: wanted, ..New::of(&description) },
    )?;
    let mut held = json!({
        "networkInterfaceId": interface["networkInterfaceId"],
        "privateIp": interface["privateIpAddress"],
        "isPrimary": true,
        "status": if is_public { "associating" } else { "succeeded" },
    });
    if let Some(address) = &mut address {
        address["_service"] = json!(true);
        held["associationId"] = json!(address::bind(region, address, &mut interface));
        held["allocationId"] = address["allocationId"].clone();
        held["publicIp"] = address["publicIp"].clone();
    }
    let made = json!({
        "natGatewayId": id,
        "subnetId": subnet["subnetId"],
        "vpcId": vpc,
        "state": "pending",
        "createTime": region.now(),
        "connectivityType": connectivity,
        "availabilityMode": "zonal",
        "natGatewayAddressSet": [held],
        "tagSet": tags,
    });
    region.put(&NAT_GATEWAY, &made);
    if is_public && gateway::of(region, vpc).is_none() {
        region.later(FAIL_SECONDS, "nat-failed", &id);
    } else {
        region.later(CREATE_SECONDS, "nat-available", &id);
    }
    Ok(json!({"natGateway": made}))
}

/// Returns the address that a public gateway is to have.
fn address_of(invocation: &Invocation<'_, '_>, is_public: bool) -> Result<Option<Json>, Error> {
    let id = match (invocation.get("AllocationId"), is_public) {
        (None, false) => return Ok(None),
        (Some(_), false) => {
            let text = "The request must not include the AllocationId parameter for a private NAT gateway.";
            return Err(Error::new("InvalidParameterCombination", text));
        }
        (None, true) => {
            let text = "The request must include the AllocationId parameter. Add the required parameter and retry the request.";
            return Err(Error::new("MissingParameter", text));
        }
        (Some(id), true) => id,
    };
    let address = invocation.region.get(&ADDRESS, &id)?;
    if address["associationId"].is_string() {
        let text = format!("Elastic IP address [{id}] is already associated");
        return Err(Error::new("Resource.AlreadyAssociated", text));
    }
    Ok(Some(address))
}

fn check_number(invocation: &Invocation<'_, '_>, subnet: &Json) -> Result<(), Error> {
    let region = &invocation.region;
    let there = region.all(&NAT_GATEWAY).into_iter().filter(|gateway| {
        ["pending", "available", "deleting"].contains(&text(gateway, "state"))
            && region
                .find(&SUBNET, text(gateway, "subnetId"))
                .is_some_and(|other| other["availabilityZone"] == subnet["availabilityZone"])
    });
    if there.count() < GATEWAYS_MAX {
        return Ok(());
    }
    let text = format!("Performing this operation would exceed the limit of {GATEWAYS_MAX} NAT gateways");
    Err(Error::new("NatGatewayLimitExceeded", text))
}

/// Lets a gateway be available.
pub fn become_available(region: &mut Region<'_, '_>, id: &str) {
    region.edit(&NAT_GATEWAY, id, |gateway| {
        if gateway["state"] == "pending" {
            gateway["state"] = json!("available");
            gateway["natGatewayAddressSet"][0]["status"] = json!("succeeded");
        }
    });
}

/// Lets a gateway fail whose VPC has no way out.
pub fn fail(region: &mut Region<'_, '_>, id: &str) {
    let Some(mut made) = region.find(&NAT_GATEWAY, id).filter(|gateway| gateway["state"] == "pending") else { return };
    give_back(region, &made);
    made["state"] = json!("failed");
    made["failureCode"] = json!("Gateway.NotAttached");
    made["failureMessage"] = json!(format!("Network {} has no Internet gateway attached", text(&made, "vpcId")));
    made["deleteTime"] = json!(region.now());
    region.put(&NAT_GATEWAY, &made);
    region.later(FORGET_SECONDS, "nat-forget", id);
}

/// `DeleteNatGateway`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut gateway = invocation.named(&NAT_GATEWAY, "NatGatewayId")?;
    let id = text(&gateway, "natGatewayId").to_owned();
    if ["pending", "available", "failed"].contains(&text(&gateway, "state")) {
        gateway["state"] = json!("deleting");
        gateway["deleteTime"] = json!(invocation.region.now());
        invocation.region.put(&NAT_GATEWAY, &gateway);
        invocation.region.later(DELETE_SECONDS, "nat-deleted", &id);
    }
    Ok(json!({"natGatewayId": id}))
}

/// Lets a gateway be gone, with what it held.
pub fn end(region: &mut Region<'_, '_>, id: &str) {
    let Some(mut gateway) = region.find(&NAT_GATEWAY, id) else { return };
    give_back(region, &gateway);
    gateway["state"] = json!("deleted");
    region.put(&NAT_GATEWAY, &gateway);
    route::darken(region, "natGatewayId", id);
    region.later(FORGET_SECONDS, "nat-forget", id);
}

fn give_back(region: &mut Region<'_, '_>, gateway: &Json) {
    for held in list(gateway, "natGatewayAddressSet") {
        address::unbind(region, text(held, "allocationId"));
        if region.find(&NETWORK_INTERFACE, text(held, "networkInterfaceId")).is_some() {
            network_interface::unmake(region, text(held, "networkInterfaceId"));
        }
    }
}

/// `DescribeNatGateways`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &NAT_GATEWAY)
}
