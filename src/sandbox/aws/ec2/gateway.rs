//! Internet gateways: one for a VPC, which cannot go as long as public addresses are mapped.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done};
use super::kind::{INTERNET_GATEWAY, NETWORK_INTERFACE, VPC, describe as describe_all};
use super::region::{Region, list, list_mut, text};
use super::route;
use crate::aws::account::ACCOUNT;

const GATEWAYS_MAX: usize = 5;

/// Makes a gateway that is not attached to anything.
pub fn make(region: &mut Region<'_, '_>, tags: Vec<Json>) -> Json {
    let gateway = json!({
        "internetGatewayId": region.new_id(&INTERNET_GATEWAY),
        "attachmentSet": [],
        "ownerId": ACCOUNT,
        "tagSet": tags,
    });
    region.put(&INTERNET_GATEWAY, &gateway);
    gateway
}

/// Returns the gateway of a VPC, if it has one.
pub fn of(region: &Region<'_, '_>, vpc: &str) -> Option<Json> {
    let mut all = region.all(&INTERNET_GATEWAY).into_iter();
    all.find(|gateway| list(gateway, "attachmentSet").iter().any(|attachment| attachment["vpcId"] == vpc))
}

/// `CreateInternetGateway`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    if invocation.region.all(&INTERNET_GATEWAY).len() >= GATEWAYS_MAX {
        let text = "The maximum number of internet gateways has been reached.";
        return Err(Error::new("InternetGatewayLimitExceeded", text));
    }
    let tags = invocation.tags("internet-gateway")?;
    Ok(json!({"internetGateway": make(&mut invocation.region, tags)}))
}

/// `AttachInternetGateway`.
pub fn attach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut gateway = invocation.named(&INTERNET_GATEWAY, "InternetGatewayId")?;
    let vpc = invocation.named(&VPC, "VpcId")?;
    let (id, vpc) = (text(&gateway, "internetGatewayId").to_owned(), text(&vpc, "vpcId"));
    if let Some(attachment) = list(&gateway, "attachmentSet").first() {
        let text = format!("resource {id} is already attached to network {}", text(attachment, "vpcId"));
        return Err(Error::new("Resource.AlreadyAssociated", text));
    }
    if of(&invocation.region, vpc).is_some() {
        let text = format!("Network {vpc} already has an internet gateway attached");
        return Err(Error::new("InvalidParameterValue", text));
    }
    list_mut(&mut gateway, "attachmentSet").push(json!({"vpcId": vpc, "state": "available"}));
    invocation.region.put(&INTERNET_GATEWAY, &gateway);
    Ok(done())
}

/// `DetachInternetGateway`.
pub fn detach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut gateway = invocation.named(&INTERNET_GATEWAY, "InternetGatewayId")?;
    let vpc = invocation.named(&VPC, "VpcId")?;
    let (id, vpc) = (text(&gateway, "internetGatewayId").to_owned(), text(&vpc, "vpcId"));
    if !list(&gateway, "attachmentSet").iter().any(|attachment| attachment["vpcId"] == vpc) {
        let text = format!("resource {id} is not attached to network {vpc}");
        return Err(Error::new("Gateway.NotAttached", text));
    }
    let interfaces = invocation.region.with(&NETWORK_INTERFACE, "vpcId", vpc);
    if interfaces.iter().any(|interface| interface["association"]["publicIp"].is_string()) {
        let text = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(Error::new("DependencyViolation", text));
    }
    list_mut(&mut gateway, "attachmentSet").clear();
    invocation.region.put(&INTERNET_GATEWAY, &gateway);
    route::darken(&mut invocation.region, "gatewayId", &id);
    Ok(done())
}

/// `DeleteInternetGateway`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let gateway = invocation.named(&INTERNET_GATEWAY, "InternetGatewayId")?;
    let id = text(&gateway, "internetGatewayId");
    if !list(&gateway, "attachmentSet").is_empty() {
        let text = format!("The internetGateway '{id}' has dependencies and cannot be deleted.");
        return Err(Error::new("DependencyViolation", text));
    }
    invocation.region.remove(&INTERNET_GATEWAY, id);
    Ok(done())
}

/// `DescribeInternetGateways`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &INTERNET_GATEWAY)
}
