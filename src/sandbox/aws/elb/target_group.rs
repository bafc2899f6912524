//! Target groups: what load balancers send requests to.

use serde_json::{Value as Json, json};

use super::load_balancer::{set_attributes, shown_attributes};
use super::{Invocation, all, arn, find, listener, put, remove, tags};
use crate::aws::ec2::inside as ec2;
use crate::aws::query::Error;

/// What records are kept under.
pub const KIND: &str = "target-groups";

/// Parameters of a target group with their defaults, that a change may set, too.
const HEALTH: &[(&str, &str)] = &[
    ("HealthCheckProtocol", "TCP"),
    ("HealthCheckPort", "traffic-port"),
    ("HealthCheckEnabled", "true"),
    ("HealthCheckPath", ""),
    ("HealthCheckIntervalSeconds", "30"),
    ("HealthCheckTimeoutSeconds", "10"),
    ("HealthyThresholdCount", "5"),
    ("UnhealthyThresholdCount", "2"),
];

/// `CreateTargetGroup`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.needed("Name")?;
    let kind = invocation.parameters.get("TargetType").unwrap_or("instance").to_owned();
    let vpc = invocation.parameters.get("VpcId").map(str::to_owned);
    if let Some(vpc) = &vpc
        && ec2::vpc(invocation.region.change, &invocation.region.name, vpc).is_none()
    {
        return Err(Error::new("ValidationError", format!("The VPC ID '{vpc}' is not found")));
    }
    if all(&invocation.region, KIND).iter().any(|group| group["TargetGroupName"] == *name) {
        let text = format!("A target group with the same name '{name}' exists, but with different settings");
        return Err(Error::new("DuplicateTargetGroupName", text));
    }
    let arn = arn(&invocation.region.name, &format!("targetgroup/{name}"));
    let tags = tags::read(&invocation.parameters);
    let mut group = json!({
        "TargetGroupArn": arn,
        "TargetGroupName": name,
        "Protocol": invocation.parameters.get("Protocol"),
        "ProtocolVersion": invocation.parameters.get("ProtocolVersion"),
        "Port": invocation.number("Port")?,
        "VpcId": vpc,
        "TargetType": kind,
        "IpAddressType": "ipv4",
        "_targets": [],
        "_tags": tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect::<Vec<_>>(),
        "_attributes": {"deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false"},
    });
    for (name, default) in HEALTH {
        let value = invocation.parameters.get(name).unwrap_or(default);
        group[*name] = if value.is_empty() { Json::Null } else { json!(value) };
    }
    put(&mut invocation.region, KIND, &arn, &group);
    Ok(json!({"TargetGroups": [shown(invocation, group)]}))
}

fn shown(invocation: &Invocation<'_, '_>, mut group: Json) -> Json {
    group["LoadBalancerArns"] = json!(listener::balancers_of(&invocation.region, &group["TargetGroupArn"]));
    group
}

fn named(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let arn = invocation.needed("TargetGroupArn")?;
    let missing = || Error::new("TargetGroupNotFound", "One or more target groups not found");
    find(&invocation.region, KIND, &arn).ok_or_else(missing)
}

fn keep(invocation: &mut Invocation<'_, '_>, group: &Json) {
    put(&mut invocation.region, KIND, group["TargetGroupArn"].as_str().unwrap_or_default(), group);
}

/// `DescribeTargetGroups`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (arns, names) = (invocation.parameters.list("TargetGroupArns"), invocation.parameters.list("Names"));
    let mut found: Vec<Json> =
        all(&invocation.region, KIND).into_iter().map(|group| shown(invocation, group)).collect();
    for (member, wanted) in [("TargetGroupArn", &arns), ("TargetGroupName", &names)] {
        if wanted.iter().any(|wanted| !found.iter().any(|group| group[member] == **wanted)) {
            return Err(Error::new("TargetGroupNotFound", "One or more target groups not found"));
        }
        found.retain(|group| wanted.is_empty() || wanted.iter().any(|wanted| group[member] == **wanted));
    }
    if let Some(balancer) = invocation.parameters.get("LoadBalancerArn") {
        found.retain(|group| group["LoadBalancerArns"].as_array().into_iter().flatten().any(|arn| arn == balancer));
    }
    invocation.page("TargetGroups", found)
}

/// `ModifyTargetGroup`.
pub fn modify(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut group = named(invocation)?;
    for (name, _) in HEALTH {
        if let Some(value) = invocation.parameters.get(name) {
            group[*name] = json!(value);
        }
    }
    keep(invocation, &group);
    Ok(json!({"TargetGroups": [shown(invocation, group)]}))
}

/// `DeleteTargetGroup`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let arn = invocation.needed("TargetGroupArn")?;
    if !listener::balancers_of(&invocation.region, &json!(arn)).is_empty() {
        let text = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(Error::new("ResourceInUse", text));
    }
    remove(&mut invocation.region, KIND, &arn);
    Ok(json!({}))
}

/// `DescribeTargetGroupAttributes`.
pub fn describe_attributes(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(shown_attributes(&named(invocation)?))
}

/// `ModifyTargetGroupAttributes`.
pub fn modify_attributes(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut group = named(invocation)?;
    set_attributes(invocation, &mut group);
    keep(invocation, &group);
    Ok(shown_attributes(&group))
}

fn targets(invocation: &Invocation<'_, '_>, group: &Json) -> Vec<Json> {
    let given = invocation.parameters.structures("Targets").into_iter();
    given
        .map(|target| {
            let port = target.get("Port").and_then(|port| port.parse::<u16>().ok());
            json!({"Id": target.get("Id"), "Port": port.map_or(group["Port"].clone(), |port| json!(port))})
        })
        .collect()
}

/// `RegisterTargets`.
pub fn register(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut group = named(invocation)?;
    let new = targets(invocation, &group);
    if let Some(known) = group["_targets"].as_array_mut() {
        known.retain(|target| !new.contains(target));
        known.extend(new);
    }
    keep(invocation, &group);
    Ok(json!({}))
}

/// `DeregisterTargets`.
pub fn deregister(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut group = named(invocation)?;
    let gone = targets(invocation, &group);
    if let Some(known) = group["_targets"].as_array_mut() {
        known.retain(|target| !gone.contains(target));
    }
    keep(invocation, &group);
    Ok(json!({}))
}

/// `DescribeTargetHealth`: whatever is registered is healthy, as nothing really listens.
pub fn describe_health(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let group = named(invocation)?;
    let known = group["_targets"].as_array().into_iter().flatten();
    let shown = known.map(
        |target| json!({"Target": target, "HealthCheckPort": target["Port"], "TargetHealth": {"State": "healthy"}}),
    );
    Ok(json!({"TargetHealthDescriptions": shown.collect::<Vec<_>>()}))
}
