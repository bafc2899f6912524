//! VPCs, with what each is born with: a route table, a security group, a network ACL.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done, invalid, missing};
use super::kind::{
    DHCP_OPTIONS, INTERNET_GATEWAY, NETWORK_ACL, NETWORK_INTERFACE, ROUTE_TABLE, SECURITY_GROUP, SUBNET, VPC,
    VPC_ENDPOINT, describe as describe_all,
};
use super::region::{Region, id, list, list_mut, text};
use super::{acl, cidr, gateway, route, route_table, security_group, subnet, zones};
use crate::aws::account::{ACCOUNT, random};

const VPCS_MAX: usize = 5;
const RANGES_MAX: usize = 5;

/// Makes what every region of a new account has: a default VPC with a subnet in each zone.
pub fn ensure_default(region: &mut Region<'_, '_>) {
    let name = format!("aws/ec2/{}/born", region.name);
    if region.change.has(&name) {
        return;
    }
    region.change.put(&name, &true);
    let options = json!({
        "dhcpOptionsId": id("dopt"),
        "dhcpConfigurationSet": [
            {"key": "domain-name", "valueSet": [{"value": zones::domain(&region.name)}]},
            {"key": "domain-name-servers", "valueSet": [{"value": "AmazonProvidedDNS"}]},
        ],
        "ownerId": ACCOUNT,
        "tagSet": [],
        "_born": true,
    });
    region.put(&DHCP_OPTIONS, &options);
    let Some(range) = cidr::Range::read("172.31.0.0/16") else { return };
    let vpc = make(region, range, true, Vec::new());
    let vpc_id = text(&vpc, "vpcId").to_owned();
    for (place, (zone, _)) in zones::zones(&region.name).into_iter().enumerate() {
        let Some(range) = cidr::Range::read(&format!("172.31.{}.0/20", place * 16)) else { continue };
        let mut made = subnet::make(region, &vpc_id, range, &zone, Vec::new());
        for member in ["defaultForAz", "mapPublicIpOnLaunch", "_born"] {
            made[member] = json!(true);
        }
        region.put(&SUBNET, &made);
    }
    let mut made = gateway::make(region, Vec::new());
    made["attachmentSet"] = json!([{"vpcId": vpc_id, "state": "available"}]);
    made["_born"] = json!(true);
    region.put(&INTERNET_GATEWAY, &made);
    if let Some(mut table) = route_table::main_of(region, &vpc_id) {
        list_mut(&mut table, "routeSet").push(json!({
            "destinationCidrBlock": "0.0.0.0/0", "gatewayId": made["internetGatewayId"],
            "state": "active", "origin": "CreateRoute",
        }));
        region.put(&ROUTE_TABLE, &table);
    }
    for kind in [&ROUTE_TABLE, &SECURITY_GROUP, &NETWORK_ACL] {
        for mut object in region.with(kind, "vpcId", &vpc_id) {
            object["_born"] = json!(true);
            region.put(kind, &object);
        }
    }
}

/// Makes a VPC and what it is born with.
fn make(region: &mut Region<'_, '_>, range: cidr::Range, is_default: bool, tags: Vec<Json>) -> Json {
    let options = region.all(&DHCP_OPTIONS).first().map(|options| options["dhcpOptionsId"].clone());
    let mut vpc = json!({
        "vpcId": region.new_id(&VPC),
        "ownerId": ACCOUNT,
        "state": "available",
        "cidrBlock": range.to_string(),
        "cidrBlockAssociationSet": [association(range)],
        "ipv6CidrBlockAssociationSet": [],
        "dhcpOptionsId": options,
        "instanceTenancy": "default",
        "isDefault": is_default,
        "tagSet": tags,
        "_attributes": {
            "enableDnsSupport": true, "enableDnsHostnames": is_default, "enableNetworkAddressUsageMetrics": false,
        },
    });
    if is_default {
        vpc["_born"] = json!(true);
    }
    region.put(&VPC, &vpc);
    let vpc_id = text(&vpc, "vpcId");
    route_table::make(region, &vpc, true, Vec::new());
    security_group::make_default(region, vpc_id);
    acl::make_default(region, vpc_id);
    vpc
}

fn association(range: cidr::Range) -> Json {
    json!({
        "associationId": id("vpc-cidr-assoc"), "cidrBlock": range.to_string(), "cidrBlockState": {"state": "associated"},
    })
}

fn association_six(region: &str) -> Json {
    let digits = random::<4>();
    json!({
        "associationId": id("vpc-cidr-assoc"),
        "ipv6CidrBlock": format!("2600:1f18:{}:{}00::/56", &digits[..4], &digits[4..6]),
        "ipv6CidrBlockState": {"state": "associated"},
        "networkBorderGroup": region,
        "ipv6Pool": "Amazon",
        "ipSource": "amazon",
        "ipv6AddressAttribute": "public",
    })
}

/// Checks that a VPC may have a range.
fn check_size(range: cidr::Range) -> Result<(), Error> {
    if (16..=28).contains(&range.prefix) {
        return Ok(());
    }
    Err(Error::new("InvalidVpc.Range", format!("The CIDR '{range}' is invalid.")))
}

/// `CreateVpc`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if invocation.get("Ipv4IpamPoolId").is_some() || invocation.get("Ipv6IpamPoolId").is_some() {
        return Err(Error::new("UnsupportedOperation", "The sandbox does not emulate IPAM pools."));
    }
    let given = invocation.get("CidrBlock").ok_or_else(|| missing("cidrBlock"))?;
    let range = cidr::parameter("CidrBlock", &given)?;
    check_size(range)?;
    let tenancy = invocation.get("InstanceTenancy").unwrap_or_else(|| "default".to_owned());
    if !["default", "dedicated"].contains(&&*tenancy) {
        return Err(invalid("InstanceTenancy", &tenancy, "Valid values are default, dedicated."));
    }
    if invocation.region.all(&VPC).len() >= VPCS_MAX {
        return Err(Error::new("VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let tags = invocation.tags("vpc")?;
    let mut vpc = make(&mut invocation.region, range, false, tags);
    vpc["instanceTenancy"] = json!(tenancy);
    if invocation.flag("AmazonProvidedIpv6CidrBlock")? == Some(true) {
        vpc["ipv6CidrBlockAssociationSet"] = json!([association_six(&invocation.region.name)]);
        invocation.region.put(&VPC, &vpc);
        route::add_local(&mut invocation.region, &vpc);
    }
    invocation.region.put(&VPC, &vpc);
    vpc["state"] = json!("pending");
    Ok(json!({"vpc": vpc}))
}

/// `DeleteVpc`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let vpc = invocation.named(&VPC, "VpcId")?;
    let id = text(&vpc, "vpcId");
    let region = &mut invocation.region;
    let is_left =
        |kind, is_own: &dyn Fn(&Json) -> bool| region.with(kind, "vpcId", id).iter().any(|object| !is_own(object));
    let attached = region.all(&INTERNET_GATEWAY);
    let is_used = is_left(&SUBNET, &|_| false)
        || is_left(&NETWORK_INTERFACE, &|_| false)
        || is_left(&VPC_ENDPOINT, &|_| false)
        || is_left(&SECURITY_GROUP, &|group| group["groupName"] == "default")
        || is_left(&ROUTE_TABLE, &route_table::is_main)
        || attached.iter().any(|gateway| list(gateway, "attachmentSet").iter().any(|one| one["vpcId"] == id));
    if is_used {
        let text = format!("The vpc '{id}' has dependencies and cannot be deleted.");
        return Err(Error::new("DependencyViolation", text));
    }
    for kind in [&SECURITY_GROUP, &ROUTE_TABLE, &NETWORK_ACL] {
        for object in region.with(kind, "vpcId", id) {
            region.remove(kind, text(&object, kind.id));
        }
    }
    region.remove(&VPC, id);
    Ok(done())
}

/// `DescribeVpcs`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &VPC)
}

const ATTRIBUTES: [&str; 3] = ["enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"];

/// `DescribeVpcAttribute`.
pub fn describe_attribute(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let vpc = invocation.named(&VPC, "VpcId")?;
    let attribute = invocation.needed("Attribute")?;
    let Some(known) = ATTRIBUTES.into_iter().find(|known| *known == attribute) else {
        return Err(invalid("Attribute", &attribute, ""));
    };
    Ok(json!({"vpcId": vpc["vpcId"], known: {"value": vpc["_attributes"][known]}}))
}

/// `ModifyVpcAttribute`.
pub fn modify_attribute(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut vpc = invocation.named(&VPC, "VpcId")?;
    let mut count = 0;
    for attribute in ATTRIBUTES {
        let parameter = format!("{}{}.Value", attribute[..1].to_uppercase(), &attribute[1..]);
        if let Some(value) = invocation.flag(&parameter)? {
            vpc["_attributes"][attribute] = json!(value);
            count += 1;
        }
    }
    if count != 1 {
        let text = "Fields for multiple attribute types specified: one attribute can be modified by a request";
        return Err(Error::new("InvalidParameterCombination", text));
    }
    invocation.region.put(&VPC, &vpc);
    Ok(done())
}

/// `AssociateVpcCidrBlock`.
pub fn associate_range(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut vpc = invocation.named(&VPC, "VpcId")?;
    let made = if invocation.flag("AmazonProvidedIpv6CidrBlock")? == Some(true) {
        let made = association_six(&invocation.region.name);
        list_mut(&mut vpc, "ipv6CidrBlockAssociationSet").push(made.clone());
        ("ipv6CidrBlockAssociation", made)
    } else {
        let given = invocation.needed("CidrBlock")?;
        let range = cidr::parameter("CidrBlock", &given)?;
        check_size(range)?;
        let ranges = list_mut(&mut vpc, "cidrBlockAssociationSet");
        if ranges.len() >= RANGES_MAX {
            let text = format!("The maximum number of CIDR blocks has been reached for {}.", text(&vpc, "vpcId"));
            return Err(Error::new("CidrLimitExceeded", text));
        }
        let overlaps =
            |other: &Json| cidr::Range::read(text(other, "cidrBlock")).is_some_and(|other| other.overlaps(range));
        if ranges.iter().any(overlaps) {
            let text = format!("The CIDR '{range}' conflicts with another CIDR block of the VPC");
            return Err(Error::new("InvalidVpc.Conflict", text));
        }
        let made = association(range);
        ranges.push(made.clone());
        ("cidrBlockAssociation", made)
    };
    invocation.region.put(&VPC, &vpc);
    route::add_local(&mut invocation.region, &vpc);
    Ok(json!({"vpcId": vpc["vpcId"], made.0: made.1}))
}

/// `DisassociateVpcCidrBlock`.
pub fn disassociate_range(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let association = invocation.needed("AssociationId")?;
    for mut vpc in invocation.region.all(&VPC) {
        for (set, member) in
            [("cidrBlockAssociationSet", "cidrBlock"), ("ipv6CidrBlockAssociationSet", "ipv6CidrBlock")]
        {
            let Some(place) = list(&vpc, set).iter().position(|one| one["associationId"] == *association) else {
                continue;
            };
            let range = list(&vpc, set)[place][member].clone();
            if set == "cidrBlockAssociationSet" && (range == vpc["cidrBlock"] || is_used(invocation, &vpc, &range)) {
                let text = format!("The vpc CIDR block with association ID {association} may not be disassociated.");
                return Err(Error::new("OperationNotPermitted", text));
            }
            let mut gone = list_mut(&mut vpc, set).remove(place);
            gone[format!("{member}State")] = json!({"state": "disassociating"});
            invocation.region.put(&VPC, &vpc);
            route::remove_local(&mut invocation.region, &vpc, text(&gone, member));
            return Ok(json!({"vpcId": vpc["vpcId"], format!("{member}Association"): gone}));
        }
    }
    let text = format!("The vpc CIDR block association ID '{association}' does not exist");
    Err(Error::new("InvalidVpcCidrBlockAssociationID.NotFound", text))
}

fn is_used(invocation: &Invocation<'_, '_>, vpc: &Json, range: &Json) -> bool {
    let Some(range) = range.as_str().and_then(cidr::Range::read) else { return false };
    let subnets = invocation.region.with(&SUBNET, "vpcId", text(vpc, "vpcId"));
    subnets
        .iter()
        .filter_map(|subnet| cidr::Range::read(text(subnet, "cidrBlock")))
        .any(|subnet| range.contains(subnet))
}
