//! Routes, as `aws_route` and the blocks of `aws_route_table` have them: attributes and what EC2 calls them.

use sdk::value::{Type, Value};
use serde_json::{Map, Value as Json};

use super::client::{Parameters, call};
use super::xml;
use crate::cloud::At;
use crate::fault::{Answer, Fault};
use crate::fields::filled;

/// Where a route leads from: attribute of a block, attribute of a resource, parameter, and member of answers.
pub(super) const DESTINATIONS: &[(&str, &str, &str, &str)] = &[
    ("cidr_block", "destination_cidr_block", "DestinationCidrBlock", "destinationCidrBlock"),
    ("ipv6_cidr_block", "destination_ipv6_cidr_block", "DestinationIpv6CidrBlock", "destinationIpv6CidrBlock"),
    ("destination_prefix_list_id", "destination_prefix_list_id", "DestinationPrefixListId", "destinationPrefixListId"),
];

/// Where a route leads to: attribute, parameter, member of answers. Blocks call an egress-only gateway as resources do.
pub(super) const TARGETS: &[(&str, &str, &str)] = &[
    ("carrier_gateway_id", "CarrierGatewayId", "carrierGatewayId"),
    ("core_network_arn", "CoreNetworkArn", "coreNetworkArn"),
    ("egress_only_gateway_id", "EgressOnlyInternetGatewayId", "egressOnlyInternetGatewayId"),
    ("gateway_id", "GatewayId", "gatewayId"),
    ("local_gateway_id", "LocalGatewayId", "localGatewayId"),
    ("nat_gateway_id", "NatGatewayId", "natGatewayId"),
    ("network_interface_id", "NetworkInterfaceId", "networkInterfaceId"),
    ("odb_network_arn", "OdbNetworkArn", "odbNetworkArn"),
    ("transit_gateway_id", "TransitGatewayId", "transitGatewayId"),
    ("vpc_endpoint_id", "VpcEndpointId", "vpcEndpointId"),
    ("vpc_peering_connection_id", "VpcPeeringConnectionId", "vpcPeeringConnectionId"),
];

/// A route: where it leads from, and to. Both are an attribute's name with a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    /// As a block's attribute has it.
    pub(super) from: (&'static str, String),
    pub(super) to: Option<(&'static str, String)>,
}

impl Route {
    /// Reads a block, or a resource.
    pub(super) fn read(object: &Value) -> Option<Route> {
        let from = DESTINATIONS.iter().find_map(|(block, resource, ..)| {
            Some((*block, filled(object, block).or_else(|| filled(object, resource))?))
        })?;
        let to = TARGETS.iter().find_map(|(attribute, ..)| Some((*attribute, filled(object, attribute)?)));
        Some(Route { from, to })
    }

    /// Reads what EC2 tells of a route.
    pub(super) fn told(found: &Json) -> Option<Route> {
        let from = DESTINATIONS.iter().find_map(|(block, _, _, member)| {
            let text = xml::text(found, member);
            (!text.is_empty()).then(|| (*block, text.to_owned()))
        })?;
        let to = TARGETS.iter().find_map(|(attribute, _, member)| {
            let text = xml::text(found, member);
            (!text.is_empty()).then(|| (*attribute, text.to_owned()))
        });
        // Endpoints of the kind of gateways are told as gateways.
        let to = to.map(|(attribute, id)| match id.starts_with("vpce-") {
            true => ("vpc_endpoint_id", id),
            false => (attribute, id),
        });
        Some(Route { from, to })
    }

    /// Writes it as a block.
    pub(super) fn block(&self) -> Json {
        let names = DESTINATIONS.iter().map(|names| names.0).chain(TARGETS.iter().map(|names| names.0));
        let mut block: Map<String, Json> = names.map(|name| (name.to_owned(), Json::Null)).collect();
        for (name, value) in std::iter::once(&self.from).chain(&self.to) {
            block.insert((*name).to_owned(), value.as_str().into());
        }
        Json::Object(block)
    }

    /// Returns what a call about it needs.
    pub(super) fn parameters(&self, table: &str, with_target: bool) -> Parameters {
        let mut parameters = Parameters::of(&[("RouteTableId", table)]);
        for (block, _, parameter, _) in DESTINATIONS {
            if *block == self.from.0 {
                parameters.add(*parameter, &self.from.1);
            }
        }
        let to = self.to.iter().filter(|_| with_target);
        for (attribute, id) in to {
            let target = TARGETS.iter().find(|(known, ..)| known == attribute);
            parameters.add_some(target.map_or("", |target| target.1), Some(id));
        }
        parameters
    }

    /// Tells whether both lead from the same place.
    pub(super) fn is_from_where(&self, other: &Route) -> bool {
        self.from == other.from
    }
}

/// Returns the type of a block.
pub(super) fn block_type() -> Type {
    let names = DESTINATIONS.iter().map(|names| names.0).chain(TARGETS.iter().map(|names| names.0));
    Type::object(names.map(|name| (name, Type::String)))
}

/// Tells whether a target is not known everywhere yet.
pub(super) fn is_new(fault: &Fault) -> bool {
    ["InvalidGatewayID.NotFound", "InvalidNatGatewayID.NotFound", "InvalidRouteTableID.NotFound"]
        .contains(&&*fault.code)
}

/// Takes a route away; that it is gone already is no error.
pub(super) async fn remove(at: &At, table: &str, route: &Route) -> Answer<()> {
    match call(at, "DeleteRoute", &route.parameters(table, false)).await {
        Err(fault) if !super::client::is_missing(&fault) => Err(fault),
        _ => Ok(()),
    }
}
