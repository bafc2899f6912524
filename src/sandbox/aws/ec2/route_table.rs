//! Route tables and the subnets that they are for.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done};
use super::kind::{INTERNET_GATEWAY, ROUTE_TABLE, SUBNET, VPC, describe as describe_all};
use super::region::{Region, id, list, list_mut, text};
use super::route;
use crate::aws::account::ACCOUNT;

const TABLES_MAX: usize = 200;

/// Makes a route table of a VPC, with the routes that lead to the VPC itself.
pub fn make(region: &mut Region<'_, '_>, vpc: &Json, is_main: bool, tags: Vec<Json>) -> Json {
    let id_of_table = region.new_id(&ROUTE_TABLE);
    let associations = match is_main {
        true => json!([association(&id_of_table, true, None)]),
        false => json!([]),
    };
    let table = json!({
        "routeTableId": id_of_table,
        "vpcId": vpc["vpcId"],
        "ownerId": ACCOUNT,
        "routeSet": route::local(vpc),
        "associationSet": associations,
        "propagatingVgwSet": [],
        "tagSet": tags,
    });
    region.put(&ROUTE_TABLE, &table);
    table
}

fn association(table: &str, is_main: bool, target: Option<(&str, &str)>) -> Json {
    let mut made = json!({
        "routeTableAssociationId": id("rtbassoc"),
        "routeTableId": table,
        "main": is_main,
        "associationState": {"state": "associated"},
    });
    if let Some((member, id)) = target {
        made[member] = json!(id);
    }
    made
}

/// Tells whether a table is the one for all subnets of its VPC that have no other.
pub fn is_main(table: &Json) -> bool {
    list(table, "associationSet").iter().any(|association| association["main"] == true)
}

/// Returns the main table of a VPC.
pub fn main_of(region: &Region<'_, '_>, vpc: &str) -> Option<Json> {
    region.with(&ROUTE_TABLE, "vpcId", vpc).into_iter().find(is_main)
}

/// Forgets a subnet that is gone.
pub fn forget_subnet(region: &mut Region<'_, '_>, vpc: &str, subnet: &str) {
    for mut table in region.with(&ROUTE_TABLE, "vpcId", vpc) {
        list_mut(&mut table, "associationSet").retain(|association| association["subnetId"] != subnet);
        region.put(&ROUTE_TABLE, &table);
    }
}

/// `CreateRouteTable`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let vpc = invocation.named(&VPC, "VpcId")?;
    if invocation.region.with(&ROUTE_TABLE, "vpcId", text(&vpc, "vpcId")).len() >= TABLES_MAX {
        let text = "The maximum number of route tables has been reached.";
        return Err(Error::new("RouteTableLimitExceeded", text));
    }
    let tags = invocation.tags("route-table")?;
    Ok(json!({"routeTable": make(&mut invocation.region, &vpc, false, tags)}))
}

/// `DeleteRouteTable`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let table = invocation.named(&ROUTE_TABLE, "RouteTableId")?;
    let id = text(&table, "routeTableId");
    if !list(&table, "associationSet").is_empty() {
        let text = format!("The routeTable '{id}' has dependencies and cannot be deleted.");
        return Err(Error::new("DependencyViolation", text));
    }
    invocation.region.remove(&ROUTE_TABLE, id);
    Ok(done())
}

/// `DescribeRouteTables`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_all(invocation, &ROUTE_TABLE)
}

/// `AssociateRouteTable`.
pub fn associate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut table = invocation.named(&ROUTE_TABLE, "RouteTableId")?;
    let table_id = text(&table, "routeTableId").to_owned();
    let (member, target, vpc) = match (invocation.get("SubnetId"), invocation.get("GatewayId")) {
        (Some(subnet), None) => {
            let found = invocation.region.get(&SUBNET, &subnet)?;
            ("subnetId", subnet, found["vpcId"].clone())
        }
        (None, Some(gateway)) => {
            let found = invocation.region.get(&INTERNET_GATEWAY, &gateway)?;
            ("gatewayId", gateway, found["attachmentSet"][0]["vpcId"].clone())
        }
        _ => {
            return Err(Error::new(
                "InvalidParameterCombination",
                "Exactly one of subnetId and gatewayId must be specified",
            ));
        }
    };
    if vpc != table["vpcId"] {
        let kind = if member == "subnetId" { "subnet" } else { "gateway" };
        let text = format!("route table {table_id} and {kind} {target} belong to different networks");
        return Err(Error::new("InvalidParameterValue", text));
    }
    let others = invocation.region.with(&ROUTE_TABLE, "vpcId", text(&table, "vpcId"));
    let mut associations = others.iter().flat_map(|other| list(other, "associationSet"));
    if let Some(known) = associations.find(|known| known[member] == *target) {
        // The same once more is no mistake.
        if known["routeTableId"] == *table_id {
            return Ok(answer(known));
        }
        let text =
            format!("the specified association for route table {table_id} conflicts with an existing association");
        return Err(Error::new("Resource.AlreadyAssociated", text));
    }
    let made = association(&table_id, false, Some((member, &target)));
    list_mut(&mut table, "associationSet").push(made.clone());
    invocation.region.put(&ROUTE_TABLE, &table);
    Ok(answer(&made))
}

fn answer(association: &Json) -> Json {
    json!({
        "associationId": association["routeTableAssociationId"], "associationState": association["associationState"],
    })
}

/// Takes an association out of the table that has it.
fn take(invocation: &mut Invocation<'_, '_>, id: &str) -> Result<(Json, Json), Error> {
    for mut table in invocation.region.all(&ROUTE_TABLE) {
        let place = list(&table, "associationSet").iter().position(|known| known["routeTableAssociationId"] == id);
        if let Some(place) = place {
            let association = list_mut(&mut table, "associationSet").remove(place);
            return Ok((table, association));
        }
    }
    let text = format!("The association ID '{id}' does not exist");
    Err(Error::new("InvalidAssociationID.NotFound", text))
}

/// `DisassociateRouteTable`.
pub fn disassociate(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = invocation.needed("AssociationId")?;
    let (table, association) = take(invocation, &id)?;
    if association["main"] == true {
        let text = format!("cannot disassociate the main route table association {id}");
        return Err(Error::new("InvalidParameterValue", text));
    }
    invocation.region.put(&ROUTE_TABLE, &table);
    Ok(done())
}

/// `ReplaceRouteTableAssociation`, with which also the main table of a VPC changes.
pub fn replace_association(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = invocation.needed("AssociationId")?;
    let target = invocation.named(&ROUTE_TABLE, "RouteTableId")?;
    let target_id = text(&target, "routeTableId").to_owned();
    let (table, old) = take(invocation, &id)?;
    if table["vpcId"] != target["vpcId"] {
        let text = format!("route table {target_id} and association {id} belong to different networks");
        return Err(Error::new("InvalidParameterValue", text));
    }
    invocation.region.put(&ROUTE_TABLE, &table);
    let mut target = invocation.region.get(&ROUTE_TABLE, &target_id)?;
    let member = if old["gatewayId"].is_string() { "gatewayId" } else { "subnetId" };
    let made = association(&target_id, old["main"] == true, old[member].as_str().map(|id| (member, id)));
    list_mut(&mut target, "associationSet").push(made.clone());
    invocation.region.put(&ROUTE_TABLE, &target);
    Ok(json!({"newAssociationId": made["routeTableAssociationId"], "associationState": made["associationState"]}))
}
