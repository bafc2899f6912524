//! `aws_route_table`: where what leaves a subnet goes.

use sdk::Call;
use sdk::value::{Type, Value};
use serde_json::{Value as Json, json};

use super::client::{Parameters, call};
use super::common::{Source, arn, by_token, change_tags, delete, described, find, make, seen};
use super::routes::{self, Route};
use super::xml;
use crate::cloud::At;
use crate::fields::{blocks, filled, part};
use crate::managed::{Done, Kind, Work};
use crate::planning::Rules;
use crate::shape::{Shape, text as word, text_set};
use sdk::schema::Attribute;

/// The resource type.
pub(super) struct RouteTable;

/// How route tables are looked up.
pub(super) const SOURCE: Source = Source {
    action: "DescribeRouteTables",
    set: "routeTableSet",
    filter: "route-table-id",
    parameter: "",
    id: "routeTableId",
    name: "route table",
    resource_type: "route-table",
};

impl Kind for RouteTable {
    fn name(&self) -> &'static str {
        "aws_route_table"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "Where what leaves a subnet goes.",
            attributes: vec![
                word("vpc_id").required().describe("The VPC. A change replaces the table."),
                Attribute::new("route", Type::set(routes::block_type())).optional().computed().describe(
                    "All of its routes but those to the VPC itself; others are removed. Not looked at unless set.",
                ),
                text_set("propagating_vgws")
                    .optional()
                    .computed()
                    .describe("Virtual gateways whose routes it has; not served here."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("owner_id").computed().describe("The account that it belongs to."),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete", "update"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<sdk::Problem> {
        super::rules::unserved(config, &["propagating_vgws"])
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["vpc_id"], ..Rules::default() }
    }

    fn keys_by_token(&self, _planned: &Value, token: &str) -> Option<Json> {
        by_token(token)
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move { Ok(find(at, &SOURCE, object).await?.map(|found| describe(at, &found, object))) })
    }

    fn read_many<'a>(&'a self, at: &'a At, objects: &'a [Value]) -> Option<Call<'a, Done<Vec<Option<Json>>>>> {
        Some(Box::pin(described(at, &SOURCE, objects, describe)))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let mut parameters = Parameters::of(&[("ClientToken", work.token)]);
            parameters.add_some("VpcId", filled(&work.planned, "vpc_id"));
            let id = make(work, &SOURCE, "CreateRouteTable", parameters, "/routeTable/routeTableId").await?;
            set_routes(work, &id).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            set_routes(work, &id).await?;
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            release(work, &id).await?;
            let parameters = Parameters::of(&[("RouteTableId", &id)]);
            delete(work, "DeleteRouteTable", &parameters, &format!("Deleting the route table {id}"), None).await
        })
    }
}

/// Takes a table away from the subnets that it is for.
async fn release(work: &Work<'_>, id: &str) -> Done<()> {
    let Some(found) = super::common::find_by(&work.at, &SOURCE, id).await? else { return Ok(()) };
    for association in xml::list(&found, "associationSet").iter().filter(|one| !xml::is_true(one, "main")) {
        let parameters = Parameters::of(&[("AssociationId", xml::text(association, "routeTableAssociationId"))]);
        match call(&work.at, "DisassociateRouteTable", &parameters).await {
            Err(fault) if !super::client::is_missing(&fault) => {
                return Err(fault.problem(&format!("Taking the route table {id} away from a subnet")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Brings the routes in line with those that are planned.
async fn set_routes(work: &Work<'_>, id: &str) -> Done<()> {
    if part(&work.planned, "route").is_null() || (!work.prior.is_null() && !work.changes("route")) {
        return Ok(());
    }
    let before: Vec<Route> = blocks(&work.prior, "route").iter().filter_map(Route::read).collect();
    let wanted: Vec<Route> = blocks(&work.planned, "route").iter().filter_map(Route::read).collect();
    let doing = format!("Setting the routes of {id}");
    for gone in before.iter().filter(|route| !wanted.iter().any(|wanted| wanted.is_from_where(route))) {
        routes::remove(&work.at, id, gone).await.map_err(|fault| fault.problem(&doing))?;
    }
    for route in wanted.iter().filter(|route| !before.contains(route)) {
        let is_there = before.iter().any(|before| before.is_from_where(route));
        super::route::put(work, id, route, is_there, &doing).await?;
    }
    Ok(())
}

fn describe(at: &At, found: &Json, object: &Value) -> Json {
    let id = xml::text(found, "routeTableId");
    let owner = xml::text(found, "ownerId");
    let is_own = |route: &&Json| {
        let is_local = xml::text(route, "gatewayId") == "local" && xml::text(route, "origin") == "CreateRouteTable";
        let is_endpoint = xml::text(route, "gatewayId").starts_with("vpce-");
        !is_local && !is_endpoint && xml::text(route, "origin") != "EnableVgwRoutePropagation"
    };
    let told = xml::list(found, "routeSet").iter().filter(is_own).filter_map(Route::told);
    let mut described = json!({
        "id": id,
        "arn": arn(at, owner, &format!("route-table/{id}")),
        "vpc_id": xml::text(found, "vpcId"),
        "owner_id": owner,
        "propagating_vgws": [],
        "route": told.map(|route| route.block()).collect::<Vec<_>>(),
    });
    // Blocks that mean what EC2 tells stay as they are written: an empty text says as little as null.
    let written: Vec<Route> = blocks(object, "route").iter().filter_map(Route::read).collect();
    let told: Vec<Route> = xml::list(found, "routeSet").iter().filter(is_own).filter_map(Route::told).collect();
    let is_same = written.len() == told.len() && written.iter().all(|route| told.contains(route));
    if is_same
        && !written.is_empty()
        && let Some(members) = described.as_object_mut()
    {
        members.remove("route");
    }
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    described
}
