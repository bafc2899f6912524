//! Load balancers: network and application ones, with an interface in each of their subnets.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Invocation, all, arn, find, later, put, remove, tags};
use crate::aws::account::random;
use crate::aws::ec2::{Region, inside as ec2};
use crate::aws::query::Error;

/// What records are kept under.
pub const KIND: &str = "load-balancers";
const BALANCERS_MAX: usize = 50;
const CREATE_SECONDS: u64 = 120;
/// How long interfaces are left after their load balancer is gone.
const LINGER_SECONDS: u64 = 60;

/// What a new load balancer is like.
#[derive(Clone, Debug, Default)]
pub struct New<'n> {
    /// Its name; at most 32 letters, digits and hyphens.
    pub name: &'n str,
    /// `network` or `application`.
    pub kind: &'n str,
    /// Only for the VPC.
    pub is_internal: bool,
    /// Its subnets, one in each zone.
    pub subnets: &'n [String],
    /// Its security groups.
    pub groups: &'n [String],
    /// Its tags: keys and values.
    pub tags: Vec<(String, String)>,
}

/// Makes a load balancer, which is active after a while.
pub fn make(region: &mut Region<'_, '_>, new: &New<'_>) -> Result<Json, Error> {
    let New { name, kind, .. } = *new;
    let is_name = (1..=32).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if !is_name {
        let text = format!(
            "The load balancer name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)"
        );
        return Err(Error::new("ValidationError", text));
    }
    if all(region, KIND).iter().any(|balancer| balancer["LoadBalancerName"] == name) {
        let text = format!("A load balancer with the same name '{name}' exists, but with different settings");
        return Err(Error::new("DuplicateLoadBalancerName", text));
    }
    if all(region, KIND).len() >= BALANCERS_MAX {
        let text = "The maximum number of load balancers has been reached";
        return Err(Error::new("TooManyLoadBalancers", text));
    }
    let short = if kind == "network" { "net" } else { "app" };
    let arn = arn(&region.name, &format!("loadbalancer/{short}/{name}"));
    let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
    let (zones, vpc, interfaces) = open(region, new, &format!("ELB {short}/{name}/{id}"))?;
    let dns = match (kind, new.is_internal) {
        ("network", _) => format!("{name}-{id}.elb.{}.amazonaws.com", region.name),
        (_, false) => format!("{name}-{}.{}.elb.amazonaws.com", digits(), region.name),
        (_, true) => format!("internal-{name}-{}.{}.elb.amazonaws.com", digits(), region.name),
    };
    let balancer = json!({
        "LoadBalancerArn": arn,
        "DNSName": dns,
        "CanonicalHostedZoneId": if kind == "network" { "Z2IFOLAFXWLO4F" } else { "Z32O12XQLNTSW2" },
        "CreatedTime": region.now(),
        "LoadBalancerName": name,
        "Scheme": if new.is_internal { "internal" } else { "internet-facing" },
        "VpcId": vpc,
        "State": {"Code": "provisioning"},
        "Type": kind,
        "AvailabilityZones": zones,
        "SecurityGroups": new.groups,
        "IpAddressType": "ipv4",
        "_interfaces": interfaces,
        "_tags": new.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>(),
        "_attributes": {"deletion_protection.enabled": "false", "load_balancing.cross_zone.enabled": (kind != "network").to_string()},
    });
    put(region, KIND, &arn, &balancer);
    later(region, CREATE_SECONDS, "active", &arn);
    Ok(balancer)
}

fn digits() -> u64 {
    u64::from_str_radix(&random::<4>(), 16).unwrap_or_default()
}

/// Puts an interface into each subnet; returns the zones, the VPC and the interfaces.
fn open(
    region: &mut Region<'_, '_>,
    new: &New<'_>,
    description: &str,
) -> Result<(Vec<Json>, String, Vec<String>), Error> {
    let (mut zones, mut interfaces, mut vpc) = (Vec::new(), Vec::new(), String::new());
    for id in new.subnets {
        let Some(subnet) = ec2::subnet(region.change, &region.name, id) else {
            return Err(Error::new("SubnetNotFound", format!("The subnet ID '{id}' does not exist")));
        };
        if zones.iter().any(|zone: &Json| zone["ZoneName"] == *subnet.zone) {
            let text = "A load balancer cannot be attached to multiple subnets in the same Availability Zone";
            return Err(Error::new("InvalidConfigurationRequest", text));
        }
        if !vpc.is_empty() && vpc != subnet.vpc {
            return Err(Error::new("InvalidConfigurationRequest", "All subnets must belong to the same VPC"));
        }
        let kind = if new.kind == "network" { "network_load_balancer" } else { "interface" };
        let with = ec2::NewInterface {
            kind,
            requester: Some("amazon-elb"),
            groups: new.groups,
            ..ec2::NewInterface::of(description)
        };
        interfaces.push(ec2::create_network_interface(region, id, with)?);
        zones.push(json!({"ZoneName": subnet.zone, "SubnetId": id, "LoadBalancerAddresses": []}));
        vpc = subnet.vpc;
    }
    if zones.is_empty() || (new.kind == "application" && zones.len() < 2) {
        let text = "At least two subnets in two different Availability Zones must be specified";
        return Err(Error::new("ValidationError", text));
    }
    Ok((zones, vpc, interfaces))
}

/// Lets a load balancer be active.
pub fn become_active(region: &mut Region<'_, '_>, arn: &str) {
    if let Some(mut balancer) = find(region, KIND, arn) {
        balancer["State"] = json!({"Code": "active"});
        put(region, KIND, arn, &balancer);
    }
}

/// Removes a load balancer with its listeners; its interfaces go a while later.
pub fn unmake(region: &mut Region<'_, '_>, balancer: &Json) {
    let arn = balancer["LoadBalancerArn"].as_str().unwrap_or_default();
    for listener in all(region, super::listener::KIND) {
        if listener["LoadBalancerArn"] == arn {
            remove(region, super::listener::KIND, listener["ListenerArn"].as_str().unwrap_or_default());
        }
    }
    for interface in balancer["_interfaces"].as_array().into_iter().flatten() {
        let after = Duration::from_secs(LINGER_SECONDS);
        ec2::delete_network_interface(region, interface.as_str().unwrap_or_default(), after);
    }
    remove(region, KIND, arn);
}

/// `CreateLoadBalancer`: the same once more answers what is there.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.needed("Name")?;
    let kind = invocation.parameters.get("Type").unwrap_or("application").to_owned();
    if !["application", "network"].contains(&&*kind) {
        return Err(Error::new(
            "ValidationError",
            format!("The sandbox does not emulate load balancers of type '{kind}'"),
        ));
    }
    let mut subnets = invocation.parameters.list("Subnets");
    let mappings = invocation.parameters.structures("SubnetMappings");
    subnets.extend(mappings.iter().filter_map(|mapping| mapping.get("SubnetId").map(str::to_owned)));
    let scheme = invocation.parameters.get("Scheme").unwrap_or("internet-facing");
    let mut groups = invocation.parameters.list("SecurityGroups");
    let known = all(&invocation.region, KIND).into_iter().find(|balancer| balancer["LoadBalancerName"] == *name);
    if let Some(known) = known {
        let places: Vec<&Json> =
            known["AvailabilityZones"].as_array().into_iter().flatten().map(|zone| &zone["SubnetId"]).collect();
        let is_same =
            known["Type"] == *kind && known["Scheme"] == *scheme && places == subnets.iter().collect::<Vec<_>>();
        if is_same {
            return Ok(json!({"LoadBalancers": [known]}));
        }
    }
    if groups.is_empty() && kind == "application" {
        let vpc = subnets.first().and_then(|id| ec2::subnet(invocation.region.change, &invocation.region.name, id));
        groups = vpc.map(|subnet| ec2::default_group(&invocation.region, &subnet.vpc)).unwrap_or_default();
    }
    let tags = tags::read(&invocation.parameters);
    let is_internal = scheme == "internal";
    let new = New { name: &name, kind: &kind, is_internal, subnets: &subnets, groups: &groups, tags };
    Ok(json!({"LoadBalancers": [make(&mut invocation.region, &new)?]}))
}

fn missing() -> Error {
    Error::new("LoadBalancerNotFound", "One or more load balancers not found")
}

/// Returns the load balancer that a request names.
pub fn named(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let arn = invocation.needed("LoadBalancerArn")?;
    let text = format!("Load balancer '{arn}' not found");
    find(&invocation.region, KIND, &arn).ok_or_else(|| Error::new("LoadBalancerNotFound", text))
}

/// `DescribeLoadBalancers`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (arns, names) = (invocation.parameters.list("LoadBalancerArns"), invocation.parameters.list("Names"));
    let mut found = all(&invocation.region, KIND);
    for (member, wanted) in [("LoadBalancerArn", &arns), ("LoadBalancerName", &names)] {
        if wanted.iter().any(|wanted| !found.iter().any(|balancer| balancer[member] == **wanted)) {
            return Err(missing());
        }
        found.retain(|balancer| wanted.is_empty() || wanted.iter().any(|wanted| balancer[member] == **wanted));
    }
    invocation.page("LoadBalancers", found)
}

/// `DeleteLoadBalancer`: that it is gone already is no error.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let Ok(balancer) = named(invocation) else { return Ok(json!({})) };
    if balancer["_attributes"]["deletion_protection.enabled"] == "true" {
        let text = format!(
            "Load balancer '{}' cannot be deleted because deletion protection is enabled",
            balancer["LoadBalancerArn"].as_str().unwrap_or_default()
        );
        return Err(Error::new("OperationNotPermitted", text));
    }
    unmake(&mut invocation.region, &balancer);
    Ok(json!({}))
}

/// Writes attributes as answers have them.
pub fn shown_attributes(object: &Json) -> Json {
    let attributes = object["_attributes"].as_object().into_iter().flatten();
    let attributes: Vec<Json> = attributes.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"Attributes": attributes})
}

/// Sets the attributes that a request has.
pub fn set_attributes(invocation: &Invocation<'_, '_>, object: &mut Json) {
    for attribute in invocation.parameters.structures("Attributes") {
        if let Some(key) = attribute.get("Key") {
            object["_attributes"][key] = json!(attribute.get("Value").unwrap_or_default());
        }
    }
}

/// `DescribeLoadBalancerAttributes`.
pub fn describe_attributes(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(shown_attributes(&named(invocation)?))
}

/// `ModifyLoadBalancerAttributes`.
pub fn modify_attributes(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut balancer = named(invocation)?;
    set_attributes(invocation, &mut balancer);
    put(&mut invocation.region, KIND, balancer["LoadBalancerArn"].as_str().unwrap_or_default(), &balancer);
    Ok(shown_attributes(&balancer))
}

/// `SetSecurityGroups`.
pub fn set_security_groups(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut balancer = named(invocation)?;
    let groups = invocation.parameters.list("SecurityGroups");
    for group in &groups {
        if ec2::security_group(invocation.region.change, &invocation.region.name, group).is_none() {
            return Err(Error::new("InvalidSecurityGroup", format!("The security group '{group}' does not exist")));
        }
    }
    for interface in balancer["_interfaces"].as_array().into_iter().flatten() {
        ec2::set_groups(&mut invocation.region, interface.as_str().unwrap_or_default(), &groups);
    }
    balancer["SecurityGroups"] = json!(groups);
    put(&mut invocation.region, KIND, balancer["LoadBalancerArn"].as_str().unwrap_or_default(), &balancer);
    Ok(json!({"SecurityGroupIds": groups}))
}
