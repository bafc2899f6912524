//! VPC endpoints: gateway endpoints add routes, interface endpoints have interfaces in subnets.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done, invalid};
use super::kind::{ROUTE_TABLE, SECURITY_GROUP, SUBNET, VPC, VPC_ENDPOINT, describe as describe_all};
use super::network_interface::{self, New};
use super::region::{Region, list, list_mut, text};
use crate::aws::account::ACCOUNT;

const CREATE_SECONDS: u64 = 60;
const DELETE_SECONDS: u64 = 60;

/// `CreateVpcEndpoint`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let vpc = invocation.named(&VPC, "VpcId")?;
    let kind = invocation.get("VpcEndpointType").unwrap_or_else(|| "Gateway".to_owned());
    let service = invocation.needed("ServiceName")?;
    let is_gateway = match &*kind {
        "Gateway" => true,
        "Interface" => false,
        other => return Err(invalid("VpcEndpointType", other, "The sandbox has types Gateway and Interface.")),
    };
    let is_known = service.starts_with(&format!("com.amazonaws.{}.", invocation.region.name));
    let has_gateway = service.ends_with(".s3") || service.ends_with(".dynamodb");
    if !is_known || (is_gateway && !has_gateway) {
        let text = format!("The Vpc Endpoint Service '{service}' does not exist");
        return Err(Error::new("InvalidServiceName", text));
    }
    let tags = invocation.tags("vpc-endpoint")?;
    let id = invocation.region.new_id(&VPC_ENDPOINT);
    let mut made = json!({
        "vpcEndpointId": id,
        "vpcEndpointType": kind,
        "vpcId": vpc["vpcId"],
        "serviceName": service,
        "state": if is_gateway { "available" } else { "pending" },
        "policyDocument": invocation.get("PolicyDocument"),
        "routeTableIdSet": [],
        "subnetIdSet": [],
        "groupSet": [],
        "networkInterfaceIdSet": [],
        "privateDnsEnabled": !is_gateway && invocation.flag("PrivateDnsEnabled")?.unwrap_or(true),
        "requesterManaged": false,
        "dnsEntrySet": [],
        "ipAddressType": "ipv4",
        "creationTimestamp": invocation.region.now(),
        "ownerId": ACCOUNT,
        "tagSet": tags,
    });
    for table in invocation.parameters.list("RouteTableId") {
        route(&mut invocation.region, &table, &id, true)?;
        list_mut(&mut made, "routeTableIdSet").push(json!(table));
    }
    if !is_gateway {
        open(invocation, &mut made)?;
        invocation.region.later(CREATE_SECONDS, "endpoint-available", &id);
    }
    invocation.region.put(&VPC_ENDPOINT, &made);
    Ok(json!({"vpcEndpoint": made}))
}

/// Gives an interface endpoint its interfaces.
fn open(invocation: &mut Invocation<'_, '_>, made: &mut Json) -> Result<(), Error> {
    let id = text(made, "vpcEndpointId").to_owned();
    let mut groups = invocation.parameters.list("SecurityGroupId");
    if groups.is_empty() {
        groups = network_interface::default_group(&invocation.region, text(made, "vpcId"));
    }
    for group in &groups {
        let group = invocation.region.get(&SECURITY_GROUP, group)?;
        list_mut(made, "groupSet").push(json!({"groupId": group["groupId"], "groupName": group["groupName"]}));
    }
    for subnet in invocation.parameters.list("SubnetId") {
        let found = invocation.region.get(&SUBNET, &subnet)?;
        let description = format!("VPC Endpoint Interface {id}");
        let new = New { kind: "vpc_endpoint", requester: Some("amazon-aws"), groups: &groups, ..New::of(&description) };
        let interface = network_interface::make(&mut invocation.region, &found, new)?;
        list_mut(made, "networkInterfaceIdSet").push(interface["networkInterfaceId"].clone());
        list_mut(made, "subnetIdSet").push(json!(subnet));
    }
    Ok(())
}

/// Adds the route of a gateway endpoint to a table, or takes it away.
fn route(region: &mut Region<'_, '_>, table: &str, endpoint: &str, is_wanted: bool) -> Result<(), Error> {
    let mut found = region.get(&ROUTE_TABLE, table)?;
    list_mut(&mut found, "routeSet").retain(|route| route["gatewayId"] != endpoint);
    if is_wanted {
        list_mut(&mut found, "routeSet").push(json!({
            "destinationPrefixListId": format!("pl-{}", &endpoint[endpoint.len() - 8..]), "gatewayId": endpoint,
            "state": "active", "origin": "CreateRoute",
        }));
    }
    region.put(&ROUTE_TABLE, &found);
    Ok(())
}

/// Lets an endpoint be available.
pub fn become_available(region: &mut Region<'_, '_>, id: &str) {
    region.edit(&VPC_ENDPOINT, id, |endpoint| {
        if endpoint["state"] == "pending" {
            endpoint["state"] = json!("available");
        }
    });
}

/// `ModifyVpcEndpoint`: the route tables and the policy of one.
pub fn modify(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut endpoint = invocation.named(&VPC_ENDPOINT, "VpcEndpointId")?;
    let id = text(&endpoint, "vpcEndpointId").to_owned();
    for parameter in ["AddSubnetId", "RemoveSubnetId", "AddSecurityGroupId", "RemoveSecurityGroupId"] {
        if !invocation.parameters.list(parameter).is_empty() {
            let text = format!("The sandbox does not emulate {parameter} of ModifyVpcEndpoint.");
            return Err(Error::new("UnsupportedOperation", text));
        }
    }
    if let Some(policy) = invocation.get("PolicyDocument") {
        endpoint["policyDocument"] = json!(policy);
    }
    if invocation.flag("ResetPolicy")? == Some(true) {
        endpoint["policyDocument"] = Json::Null;
    }
    for (parameter, is_wanted) in [("AddRouteTableId", true), ("RemoveRouteTableId", false)] {
        for table in invocation.parameters.list(parameter) {
            route(&mut invocation.region, &table, &id, is_wanted)?;
            let tables = list_mut(&mut endpoint, "routeTableIdSet");
            tables.retain(|known| *known != *table);
            if is_wanted {
                tables.push(json!(table));
            }
        }
    }
    invocation.region.put(&VPC_ENDPOINT, &endpoint);
    Ok(done())
}

/// `DeleteVpcEndpoints`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut failed = Vec::new();
    for id in invocation.parameters.list("VpcEndpointId") {
        let region = &mut invocation.region;
        let Some(mut endpoint) = region.find(&VPC_ENDPOINT, &id) else {
            let error = VPC_ENDPOINT.missing(&id);
            failed.push(json!({"resourceId": id, "error": {"code": error.code, "message": error.message}}));
            continue;
        };
        for table in list(&endpoint, "routeTableIdSet") {
            route(region, table.as_str().unwrap_or_default(), &id, false)?;
        }
        endpoint["state"] = json!("deleting");
        region.put(&VPC_ENDPOINT, &endpoint);
        region.later(DELETE_SECONDS, "endpoint-gone", &id);
    }
    Ok(json!({"unsuccessful": failed}))
}

/// Lets an endpoint be gone, with its interfaces.
pub fn end(region: &mut Region<'_, '_>, id: &str) {
    let Some(endpoint) = region.find(&VPC_ENDPOINT, id) else { return };
    for interface in list(&endpoint, "networkInterfaceIdSet") {
        network_interface::unmake(region, interface.as_str().unwrap_or_default());
    }
    region.remove(&VPC_ENDPOINT, id);
}

/// `DescribeVpcEndpoints`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &VPC_ENDPOINT)
}

/// `DescribePrefixLists`: those of the services that have gateway endpoints.
pub fn describe_prefix_lists(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let region = invocation.region.name.clone();
    let mut all: Vec<Json> = [("s3", "pl-63a5400a"), ("dynamodb", "pl-02cd2c6b")]
        .into_iter()
        .map(|(service, id)| {
            json!({"prefixListId": id, "prefixListName": format!("com.amazonaws.{region}.{service}"), "cidrSet": []})
        })
        .collect();
    let known = [("prefix-list-id", "prefixListId"), ("prefix-list-name", "prefixListName")];
    super::call::filter(invocation, &known, &mut all)?;
    super::call::page(invocation, "prefixListSet", all)
}
