//! `aws_route_table_association`: which table a subnet uses.

use sdk::value::Value;
use sdk::{Call, Problem};
use serde_json::{Value as Json, json};

use super::client::{Parameters, call, is_missing, list, must};
use super::xml;
use crate::cloud::At;
use crate::fields::{filled, set_count};
use crate::managed::{Done, Kind, Work};
use crate::planning::Rules;
use crate::shape::{Shape, text as word};

/// The resource type.
pub(super) struct RouteTableAssociation;

impl Kind for RouteTableAssociation {
    fn name(&self) -> &'static str {
        "aws_route_table_association"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "Which route table a subnet or a gateway uses.",
            attributes: vec![
                word("route_table_id").required().describe("The table."),
                word("subnet_id").optional().describe("The subnet. A change replaces the association."),
                word("gateway_id").optional().describe("The gateway. A change replaces the association."),
            ],
            is_regional: true,
            timeouts: &["create", "delete", "update"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        match set_count(config, ["subnet_id", "gateway_id"]).contains(&1) {
            true => vec![],
            false => vec![Problem::error("Invalid association", "Set exactly one of `subnet_id` and `gateway_id`.")],
        }
    }

    fn rules(&self) -> Rules {
        // Replacing an association gives it another id.
        Rules { replaces: &["subnet_id", "gateway_id"], volatile: &["id"], ..Rules::default() }
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        if id.starts_with("rtbassoc-") {
            return Some(json!({"id": id}));
        }
        let (target, table) = id.split_once('/')?;
        let attribute = if target.starts_with("subnet-") { "subnet_id" } else { "gateway_id" };
        Some(json!({attribute: target, "route_table_id": table}))
    }

    fn keys_by_token(&self, planned: &Value, _token: &str) -> Option<Json> {
        Some(json!({"route_table_id": filled(planned, "route_table_id")}))
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move { read(at, object).await })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let mut parameters = Parameters::default();
            for (name, attribute) in
                [("RouteTableId", "route_table_id"), ("SubnetId", "subnet_id"), ("GatewayId", "gateway_id")]
            {
                parameters.add_some(name, filled(&work.planned, attribute));
            }
            // The same once more answers what is there.
            let doing = "Associating the route table";
            let mut waiting = work.propagation();
            let answer = loop {
                match call(&work.at, "AssociateRouteTable", &parameters).await {
                    Ok(answer) => break answer,
                    Err(fault) if fault.is_uncertain || super::routes::is_new(&fault) => {
                        waiting.pause(&fault.text()).await.map_err(|_| fault.problem(doing))?;
                    }
                    Err(fault) => return Err(fault.problem(doing)),
                }
            };
            let id = xml::text(&answer, "associationId");
            work.made(json!({"id": id})).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let mut parameters = Parameters::default();
            parameters.add_some("AssociationId", filled(&work.prior, "id"));
            parameters.add_some("RouteTableId", filled(&work.planned, "route_table_id"));
            must(&work.at, "ReplaceRouteTableAssociation", &parameters, "Changing which route table is used")
                .await
                .map(drop)
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let parameters = Parameters::of(&[("AssociationId", &id)]);
            match call(&work.at, "DisassociateRouteTable", &parameters).await {
                Err(fault) if !is_missing(&fault) => Err(fault.problem("Taking the route table away")),
                _ => Ok(()),
            }
        })
    }
}

/// Looks for an association by what it binds, as its id changes with the table; by its id where that is not known.
async fn read(at: &At, object: &Value) -> Done<Option<Json>> {
    let (subnet, gateway) = (filled(object, "subnet_id"), filled(object, "gateway_id"));
    let (filter, value) = match (&subnet, &gateway, filled(object, "id")) {
        (Some(subnet), ..) => ("association.subnet-id", subnet.clone()),
        (None, Some(gateway), _) => ("association.gateway-id", gateway.clone()),
        (None, None, Some(id)) => ("association.route-table-association-id", id),
        _ => return Ok(None),
    };
    let parameters = Parameters::default().filter(filter, std::slice::from_ref(&value));
    let found = list(at, "DescribeRouteTables", "routeTableSet", parameters).await;
    let found = found.map_err(|fault| fault.problem("Looking for the association of a route table"))?;
    let mut associations = found.iter().flat_map(|table| xml::list(table, "associationSet"));
    let is_it = |one: &&Json| {
        ["subnetId", "gatewayId", "routeTableAssociationId"].iter().any(|name| xml::text(one, name) == value)
    };
    let Some(told) = associations.find(is_it) else { return Ok(None) };
    let wanted = filled(object, "route_table_id");
    // An import that names the table must find that one.
    if filled(object, "id").is_none() && wanted.is_some_and(|table| table != xml::text(told, "routeTableId")) {
        return Ok(None);
    }
    Ok(Some(json!({
        "id": xml::text(told, "routeTableAssociationId"),
        "route_table_id": xml::text(told, "routeTableId"),
        "subnet_id": xml::filled(told, "subnetId"),
        "gateway_id": xml::filled(told, "gatewayId"),
    })))
}
