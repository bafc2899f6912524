//! Subnets: parts of a VPC's range, one zone each, with the addresses that are taken in them.

use std::net::Ipv4Addr;

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done, invalid};
use super::kind::{NAT_GATEWAY, NETWORK_INTERFACE, SUBNET, VPC, describe_as};
use super::region::{Region, id, list, text};
use super::{acl, cidr, route_table, zones};
use crate::aws::account::ACCOUNT;
use crate::world::Records;

const SUBNETS_MAX: usize = 200;
/// Addresses at the beginning of a subnet that are AWS's own; the last one is, too.
const RESERVED: u64 = 4;

/// Makes a subnet whose range is free.
pub fn make(region: &mut Region<'_, '_>, vpc: &str, range: cidr::Range, zone: &str, tags: Vec<Json>) -> Json {
    let id = region.new_id(&SUBNET);
    let zone_id = zones::zones(&region.name).into_iter().find(|(name, _)| name == zone).map(|(_, id)| id);
    let subnet = json!({
        "subnetId": id,
        "subnetArn": format!("arn:aws:ec2:{}:{ACCOUNT}:subnet/{id}", region.name),
        "state": "available",
        "vpcId": vpc,
        "cidrBlock": range.to_string(),
        "ipv6CidrBlockAssociationSet": [],
        "availabilityZone": zone,
        "availabilityZoneId": zone_id,
        "ownerId": ACCOUNT,
        "defaultForAz": false,
        "mapPublicIpOnLaunch": false,
        "mapCustomerOwnedIpOnLaunch": false,
        "assignIpv6AddressOnCreation": false,
        "enableDns64": false,
        "ipv6Native": false,
        "privateDnsNameOptionsOnLaunch": {
            "hostnameType": "ip-name", "enableResourceNameDnsARecord": false, "enableResourceNameDnsAAAARecord": false,
        },
        "tagSet": tags,
    });
    region.put(&SUBNET, &subnet);
    acl::associate(region, vpc, text(&subnet, "subnetId"));
    subnet
}

/// `CreateSubnet`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let vpc = invocation.named(&VPC, "VpcId")?;
    let vpc_id = text(&vpc, "vpcId");
    let given = invocation.needed("CidrBlock")?;
    let range = cidr::parameter("CidrBlock", &given)?;
    let ranges = list(&vpc, "cidrBlockAssociationSet").iter();
    let is_within = ranges
        .filter_map(|association| cidr::Range::read(text(association, "cidrBlock")))
        .any(|vpc| vpc.contains(range));
    if !(16..=28).contains(&range.prefix) || !is_within {
        return Err(Error::new("InvalidSubnet.Range", format!("The CIDR '{range}' is invalid.")));
    }
    let others = invocation.region.with(&SUBNET, "vpcId", vpc_id);
    if others.iter().filter_map(|other| cidr::Range::read(text(other, "cidrBlock"))).any(|other| other.overlaps(range))
    {
        let text = format!("The CIDR '{range}' conflicts with another subnet");
        return Err(Error::new("InvalidSubnet.Conflict", text));
    }
    if others.len() >= SUBNETS_MAX {
        let text = "The maximum number of subnets has been reached.";
        return Err(Error::new("SubnetLimitExceeded", text));
    }
    let zone = zone(invocation, others.len())?;
    let tags = invocation.tags("subnet")?;
    let mut subnet = make(&mut invocation.region, vpc_id, range, &zone, tags);
    if let Some(six) = invocation.get("Ipv6CidrBlock") {
        let six =
            cidr::six(&six).ok_or_else(|| invalid("Ipv6CidrBlock", &six, "This is not a valid IPv6 CIDR block."))?;
        subnet["ipv6CidrBlockAssociationSet"] = json!([{
            "associationId": id("subnet-cidr-assoc"), "ipv6CidrBlock": six, "ipv6CidrBlockState": {"state": "associated"},
        }]);
        invocation.region.put(&SUBNET, &subnet);
    }
    Ok(json!({"subnet": show(&invocation.region, subnet)}))
}

/// Returns the zone that a subnet is to be in: the one that is asked for, or one of those there are, by turns.
fn zone(invocation: &Invocation<'_, '_>, turn: usize) -> Result<String, Error> {
    let zones = zones::zones(&invocation.region.name);
    let (name, id) = (invocation.get("AvailabilityZone"), invocation.get("AvailabilityZoneId"));
    let found = match (&name, &id) {
        (None, None) => zones.get(turn % zones.len().max(1)),
        _ => zones.iter().find(|(zone, zone_id)| {
            name.as_ref().is_none_or(|name| name == zone) && id.as_ref().is_none_or(|id| id == zone_id)
        }),
    };
    let all: Vec<&str> = zones.iter().map(|(zone, _)| &**zone).collect();
    let wrong = name.as_deref().or(id.as_deref()).unwrap_or_default();
    let more =
        format!("Subnets can currently only be created in the following availability zones: {}.", all.join(", "));
    found.map(|(zone, _)| zone.clone()).ok_or_else(|| invalid("AvailabilityZone", wrong, &more))
}

/// `DeleteSubnet`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let subnet = invocation.named(&SUBNET, "SubnetId")?;
    let id = text(&subnet, "subnetId");
    let region = &mut invocation.region;
    let gateways = region.with(&NAT_GATEWAY, "subnetId", id);
    let is_used = gateways.iter().any(|gateway| ["pending", "available", "deleting"].contains(&text(gateway, "state")))
        || region.all(&NETWORK_INTERFACE).iter().any(|interface| interface["subnetId"] == id);
    if is_used {
        let text = format!("The subnet '{id}' has dependencies and cannot be deleted.");
        return Err(Error::new("DependencyViolation", text));
    }
    route_table::forget_subnet(region, text(&subnet, "vpcId"), id);
    acl::forget_subnet(region, text(&subnet, "vpcId"), id);
    region.remove(&SUBNET, id);
    Ok(done())
}

/// `DescribeSubnets`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_as(invocation, &SUBNET, show)
}

fn show(region: &Region<'_, '_>, mut subnet: Json) -> Json {
    subnet["availableIpAddressCount"] = json!(free(region.change, &region.name, &subnet));
    subnet
}

/// Returns how many addresses of a subnet are free.
pub fn free(records: &Records, region: &str, subnet: &Json) -> u64 {
    let size = cidr::Range::read(text(subnet, "cidrBlock")).map_or(0, cidr::Range::size);
    let taken = records.under(&taken(region, text(subnet, "subnetId"))).count();
    size.saturating_sub(RESERVED + 1 + taken as u64)
}

/// Returns under what prefix the taken addresses of a subnet are kept.
fn taken(region: &str, subnet: &str) -> String {
    format!("aws/ec2/{region}/taken/{subnet}/")
}

/// Takes an address of a subnet for an interface: a certain one, or any.
pub fn take(
    region: &mut Region<'_, '_>,
    subnet: &Json,
    interface: &str,
    wanted: Option<&str>,
) -> Result<Ipv4Addr, Error> {
    let id = text(subnet, "subnetId");
    let prefix = taken(&region.name, id);
    let Some(range) = cidr::Range::read(text(subnet, "cidrBlock")) else {
        return Err(Error::of_status("InternalError", 500, "The subnet has no range"));
    };
    let places = RESERVED..range.size() - 1;
    if let Some(wanted) = wanted {
        let address: Option<Ipv4Addr> = wanted.parse().ok();
        let within = address.and_then(|address| range.place(address)).filter(|place| places.contains(place));
        let (Some(address), Some(_)) = (address, within) else {
            return Err(Error::new(
                "InvalidParameterValue",
                format!("Address {wanted} does not fall within the subnet's address range"),
            ));
        };
        let name = format!("{prefix}{address}");
        if region.change.has(&name) {
            return Err(Error::new("InvalidIPAddress.InUse", format!("Address {wanted} is in use.")));
        }
        region.change.put(&name, &interface);
        return Ok(address);
    }
    // Addresses look as if by chance, as those of AWS do, so that nobody relies on their order.
    let count = places.end - places.start;
    let first = interface.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    for step in 0..count {
        let address = range.address(places.start + (first.wrapping_add(step)) % count);
        let name = format!("{prefix}{address}");
        if !region.change.has(&name) {
            region.change.put(&name, &interface);
            return Ok(address);
        }
    }
    let text =
        format!("There are not enough free addresses in subnet '{id}' to satisfy the requested number of instances.");
    Err(Error::new("InsufficientFreeAddressesInSubnet", text))
}

/// Gives an address free.
pub fn give_back(region: &mut Region<'_, '_>, subnet: &str, address: &str) {
    let name = format!("{}{address}", taken(&region.name, subnet));
    region.change.remove(&name);
}

/// `ModifySubnetAttribute`.
pub fn modify_attribute(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut subnet = invocation.named(&SUBNET, "SubnetId")?;
    let mut count = 0;
    for (parameter, pointer) in [
        ("MapPublicIpOnLaunch", "/mapPublicIpOnLaunch"),
        ("AssignIpv6AddressOnCreation", "/assignIpv6AddressOnCreation"),
        ("MapCustomerOwnedIpOnLaunch", "/mapCustomerOwnedIpOnLaunch"),
        ("EnableDns64", "/enableDns64"),
        ("EnableResourceNameDnsARecordOnLaunch", "/privateDnsNameOptionsOnLaunch/enableResourceNameDnsARecord"),
        ("EnableResourceNameDnsAAAARecordOnLaunch", "/privateDnsNameOptionsOnLaunch/enableResourceNameDnsAAAARecord"),
    ] {
        if let Some(value) = invocation.flag(&format!("{parameter}.Value"))?
            && let Some(place) = subnet.pointer_mut(pointer)
        {
            *place = json!(value);
            count += 1;
        }
    }
    if let Some(value) = invocation.get("PrivateDnsHostnameTypeOnLaunch") {
        if !["ip-name", "resource-name"].contains(&&*value) {
            return Err(invalid("PrivateDnsHostnameTypeOnLaunch", &value, ""));
        }
        subnet["privateDnsNameOptionsOnLaunch"]["hostnameType"] = json!(value);
        count += 1;
    }
    if count != 1 {
        let text = "Exactly one attribute of a subnet can be modified by a request.";
        return Err(Error::new("InvalidParameterCombination", text));
    }
    invocation.region.put(&SUBNET, &subnet);
    Ok(done())
}
