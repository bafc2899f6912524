//! Routes of route tables.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done, invalid};
use super::cidr;
use super::kind::{INSTANCE, INTERNET_GATEWAY, Kind, NAT_GATEWAY, NETWORK_INTERFACE, ROUTE_TABLE, VPC_ENDPOINT};
use super::region::{Region, list, list_mut, text};

/// In a table; those to the VPC itself do not count.
const ROUTES_MAX: usize = 500;

/// Returns the routes to a VPC itself.
pub fn local(vpc: &Json) -> Vec<Json> {
    let four = list(vpc, "cidrBlockAssociationSet").iter().map(|one| ("destinationCidrBlock", &one["cidrBlock"]));
    let six = list(vpc, "ipv6CidrBlockAssociationSet").iter();
    let six = six.map(|one| ("destinationIpv6CidrBlock", &one["ipv6CidrBlock"]));
    four.chain(six)
        .map(|(member, range)| {
            json!({member: range, "gatewayId": "local", "state": "active", "origin": "CreateRouteTable"})
        })
        .collect()
}

/// Adds the routes to a VPC itself to its tables, where they are missing.
pub fn add_local(region: &mut Region<'_, '_>, vpc: &Json) {
    for mut table in region.with(&ROUTE_TABLE, "vpcId", text(vpc, "vpcId")) {
        let routes = list_mut(&mut table, "routeSet");
        for route in local(vpc) {
            if !routes.contains(&route) {
                routes.insert(0, route);
            }
        }
        region.put(&ROUTE_TABLE, &table);
    }
}

/// Removes the route to a range that a VPC no longer has.
pub fn remove_local(region: &mut Region<'_, '_>, vpc: &Json, range: &str) {
    for mut table in region.with(&ROUTE_TABLE, "vpcId", text(vpc, "vpcId")) {
        list_mut(&mut table, "routeSet").retain(|route| {
            route["gatewayId"] != "local"
                || (route["destinationCidrBlock"] != range && route["destinationIpv6CidrBlock"] != range)
        });
        region.put(&ROUTE_TABLE, &table);
    }
}

/// Lets routes lead nowhere whose target is gone.
pub fn darken(region: &mut Region<'_, '_>, member: &str, target: &str) {
    for mut table in region.all(&ROUTE_TABLE) {
        let mut has_changed = false;
        for route in list_mut(&mut table, "routeSet").iter_mut().filter(|route| route[member] == target) {
            route["state"] = json!("blackhole");
            has_changed = true;
        }
        if has_changed {
            region.put(&ROUTE_TABLE, &table);
        }
    }
}

/// Where a route leads from: the member that says so, and its value.
fn destination(invocation: &Invocation<'_, '_>) -> Result<(&'static str, String), Error> {
    let four = invocation.get("DestinationCidrBlock");
    let six = invocation.get("DestinationIpv6CidrBlock");
    let prefix_list = invocation.get("DestinationPrefixListId");
    match (four, six, prefix_list) {
        (Some(four), None, None) => {
            let range = cidr::parameter("destinationCidrBlock", &four)?;
            Ok(("destinationCidrBlock", range.to_string()))
        }
        (None, Some(six), None) => {
            let wrong = || invalid("destinationIpv6CidrBlock", &six, "This is not a valid IPv6 CIDR block.");
            Ok(("destinationIpv6CidrBlock", cidr::six(&six).ok_or_else(wrong)?))
        }
        (None, None, Some(list)) => Ok(("destinationPrefixListId", list)),
        _ => Err(Error::new("MissingParameter", "The request must contain exactly one destination")),
    }
}

/// Parameters that say where a route leads to, with the kinds of what they name.
const TARGETS: &[(&str, &str, Option<&Kind>)] = &[
    ("GatewayId", "gatewayId", Some(&INTERNET_GATEWAY)),
    ("InstanceId", "instanceId", Some(&INSTANCE)),
    ("NatGatewayId", "natGatewayId", Some(&NAT_GATEWAY)),
    ("NetworkInterfaceId", "networkInterfaceId", Some(&NETWORK_INTERFACE)),
    ("VpcEndpointId", "gatewayId", Some(&VPC_ENDPOINT)),
    ("EgressOnlyInternetGatewayId", "egressOnlyInternetGatewayId", None),
    ("TransitGatewayId", "transitGatewayId", None),
    ("VpcPeeringConnectionId", "vpcPeeringConnectionId", None),
    ("LocalGatewayId", "localGatewayId", None),
    ("CarrierGatewayId", "carrierGatewayId", None),
    ("CoreNetworkArn", "coreNetworkArn", None),
];

/// Returns where a route leads to, if that is there, in the same VPC.
fn target(invocation: &Invocation<'_, '_>, table: &Json) -> Result<(&'static str, String), Error> {
    let mut given = TARGETS.iter().filter_map(|target| Some((target, invocation.get(target.0)?)));
    let Some(((parameter, member, kind), id)) = given.next() else {
        return Err(Error::new("MissingParameter", "The request must contain exactly one target of the route"));
    };
    if given.next().is_some() {
        return Err(Error::new(
            "InvalidParameterCombination",
            "The request must contain exactly one target of the route",
        ));
    }
    let Some(kind) = kind else {
        let text = format!("The sandbox does not emulate routes whose target is a {parameter}.");
        return Err(Error::new("UnsupportedOperation", text));
    };
    if *parameter == "GatewayId" && id == "local" {
        return Ok((member, id));
    }
    let (code, name) = match *parameter {
        "GatewayId" => ("InvalidGatewayID.NotFound", "gateway"),
        "NatGatewayId" => ("InvalidNatGatewayID.NotFound", "natGateway"),
        _ => ("", ""),
    };
    let found = match invocation.region.find(kind, &id) {
        Some(found) if *parameter != "NatGatewayId" || !["deleted", "failed"].contains(&text(&found, "state")) => found,
        _ if !code.is_empty() => return Err(Error::new(code, format!("The {name} ID '{id}' does not exist"))),
        _ => return Err(kind.missing(&id)),
    };
    let vpc = if *parameter == "GatewayId" { &found["attachmentSet"][0]["vpcId"] } else { &found["vpcId"] };
    if *vpc != table["vpcId"] {
        let what = if *parameter == "GatewayId" { "network gateway" } else { "target" };
        let text = format!("route table {} and {what} {id} belong to different networks", text(table, "routeTableId"));
        return Err(Error::new("InvalidParameterValue", text));
    }
    Ok((member, id))
}

/// `CreateRoute`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut table = invocation.named(&ROUTE_TABLE, "RouteTableId")?;
    let (from, range) = destination(invocation)?;
    let (to, id) = target(invocation, &table)?;
    let routes = list_mut(&mut table, "routeSet");
    if let Some(known) = routes.iter().find(|route| route[from] == *range) {
        // The same once more is no mistake.
        if known[to] == *id && known["state"] == "active" {
            return Ok(done());
        }
        let text = format!("The route identified by {range} already exists.");
        return Err(Error::new("RouteAlreadyExists", text));
    }
    if routes.iter().filter(|route| route["gatewayId"] != "local").count() >= ROUTES_MAX {
        let text = "The maximum number of routes has been reached.";
        return Err(Error::new("RouteLimitExceeded", text));
    }
    if let Some(inner) = cidr::Range::read(&range) {
        let is_local = |route: &Json| {
            let outer = cidr::Range::read(text(route, "destinationCidrBlock"));
            route["gatewayId"] == "local" && outer.is_some_and(|outer| outer.contains(inner) && outer != inner)
        };
        if to == "gatewayId" && routes.iter().any(is_local) {
            let text = format!(
                "The destination CIDR block {range} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
            );
            return Err(Error::new("InvalidParameterValue", text));
        }
    }
    routes.push(json!({from: range, to: id, "state": "active", "origin": "CreateRoute"}));
    invocation.region.put(&ROUTE_TABLE, &table);
    Ok(done())
}

fn missing(table: &Json, from: &str, range: &str) -> Error {
    let destination = match from {
        "destinationCidrBlock" => "destination-cidr-block",
        "destinationIpv6CidrBlock" => "destination-ipv6-cidr-block",
        _ => "destination-prefix-list-id",
    };
    let text = format!("no route with {destination} {range} in route table {}", text(table, "routeTableId"));
    Error::new("InvalidRoute.NotFound", text)
}

/// `ReplaceRoute`.
pub fn replace(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut table = invocation.named(&ROUTE_TABLE, "RouteTableId")?;
    let (from, range) = destination(invocation)?;
    let (to, id) = match invocation.flag("LocalTarget")? {
        Some(true) => ("gatewayId", "local".to_owned()),
        _ => target(invocation, &table)?,
    };
    let missing = missing(&table, from, &range);
    let place = list(&table, "routeSet").iter().position(|route| route[from] == *range).ok_or(missing)?;
    let origin = list(&table, "routeSet")[place]["origin"].clone();
    list_mut(&mut table, "routeSet")[place] = json!({from: range, to: id, "state": "active", "origin": origin});
    invocation.region.put(&ROUTE_TABLE, &table);
    Ok(done())
}

/// `DeleteRoute`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut table = invocation.named(&ROUTE_TABLE, "RouteTableId")?;
    let (from, range) = destination(invocation)?;
    let missing = missing(&table, from, &range);
    let place = list(&table, "routeSet").iter().position(|route| route[from] == *range).ok_or(missing)?;
    if list(&table, "routeSet")[place]["origin"] == "CreateRouteTable" {
        let text = format!("cannot remove local route {range} in route table {}", text(&table, "routeTableId"));
        return Err(Error::new("InvalidParameterValue", text));
    }
    list_mut(&mut table, "routeSet").remove(place);
    invocation.region.put(&ROUTE_TABLE, &table);
    Ok(done())
}
