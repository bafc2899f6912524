//! `aws_route`: one route of a table.

use sdk::value::Value;
use sdk::{Action, Call, Problem};
use serde_json::{Value as Json, json};

use super::client::call;
use super::common::find_by;
use super::routes::{DESTINATIONS, Route, TARGETS, is_new, remove};
use super::{route_table, xml};
use crate::cloud::At;
use crate::fields::{filled, part, set_count};
use crate::managed::{Done, Draft, Kind, Work};
use crate::planning::Rules;
use crate::shape::{Shape, text as word};

/// The resource type.
pub(super) struct RouteOfTable;

impl Kind for RouteOfTable {
    fn name(&self) -> &'static str {
        "aws_route"
    }

    fn shape(&self) -> Shape {
        let mut attributes = vec![
            word("route_table_id").required().describe("The table. A change replaces the route."),
            word("instance_id").computed().describe("The instance that it leads to."),
            word("instance_owner_id").computed().describe("Whose instance that is."),
            word("origin").computed().describe("How it came to be."),
            word("state").computed().describe("`active`, or `blackhole` if its target is gone."),
        ];
        for (_, attribute, ..) in DESTINATIONS {
            attributes.push(word(attribute).optional().describe("Where it leads from. A change replaces the route."));
        }
        for (attribute, ..) in TARGETS.iter().filter(|(attribute, ..)| *attribute != "network_interface_id") {
            attributes.push(word(attribute).optional().describe("Where it leads to."));
        }
        attributes.push(word("network_interface_id").optional().computed().describe("Where it leads to."));
        Shape {
            description: "One route of a table.",
            attributes,
            is_regional: true,
            timeouts: &["create", "delete", "update"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !set_count(config, DESTINATIONS.iter().map(|names| names.1)).contains(&1) {
            let detail = "A route leads from exactly one of `destination_cidr_block`, `destination_ipv6_cidr_block` and \
                          `destination_prefix_list_id`.";
            problems.push(Problem::error("Invalid route", detail));
        }
        if !set_count(config, TARGETS.iter().map(|names| names.0)).contains(&1) {
            problems.push(Problem::error(
                "Invalid route",
                "A route leads to exactly one target, like `gateway_id` or `nat_gateway_id`.",
            ));
        }
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &[
                "route_table_id",
                "destination_cidr_block",
                "destination_ipv6_cidr_block",
                "destination_prefix_list_id",
            ],
            volatile: &["state", "instance_id", "instance_owner_id", "network_interface_id"],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["route_table_id", "destination_cidr_block"]
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        let (table, destination) = id.split_once('_')?;
        let attribute = match destination {
            _ if destination.starts_with("pl-") => "destination_prefix_list_id",
            _ if destination.contains(':') => "destination_ipv6_cidr_block",
            _ => "destination_cidr_block",
        };
        Some(json!({"route_table_id": table, attribute: destination}))
    }

    fn keys_by_token(&self, planned: &Value, _token: &str) -> Option<Json> {
        Some(json!({"route_table_id": filled(planned, "route_table_id")}))
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        // Only a route to an interface has one; nothing else is to be seen in its place.
        if part(&draft.request.config, "network_interface_id").is_null() && !draft.is_update() {
            draft.set(&[("network_interface_id", Value::unknown(sdk::value::Type::String))]);
        }
        sdk::answer(())
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(read(at, object))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let table = filled(&work.planned, "route_table_id").unwrap_or_default();
            let Some(route) = Route::read(&work.planned) else { return Err(unwritten()) };
            put(work, &table, &route, false, &format!("Creating the route to {} in {table}", route.from.1)).await?;
            let id = id_of(&table, &route.from.1);
            work.made(json!({"id": id})).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let table = filled(&work.planned, "route_table_id").unwrap_or_default();
            let Some(route) = Route::read(&work.planned) else { return Err(unwritten()) };
            put(work, &table, &route, true, &format!("Changing the route to {} in {table}", route.from.1)).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let table = filled(&work.prior, "route_table_id").unwrap_or_default();
            let Some(route) = Route::read(&work.prior) else { return Ok(()) };
            let doing = format!("Deleting the route to {} in {table}", route.from.1);
            remove(&work.at, &table, &route).await.map_err(|fault| fault.problem(&doing))
        })
    }

    fn limit_minutes(&self, _action: Action) -> u64 {
        5
    }
}

fn unwritten() -> Problem {
    Problem::error("Invalid route", "A route needs where it leads from and where it leads to.")
}

/// Makes a route, or changes where it leads to.
pub(super) async fn put(work: &Work<'_>, table: &str, route: &Route, is_there: bool, doing: &str) -> Done<()> {
    let mut waiting = work.waiting();
    let action = if is_there { "ReplaceRoute" } else { "CreateRoute" };
    let mut is_uncertain = false;
    loop {
        match call(&work.at, action, &route.parameters(table, true)).await {
            Ok(_) => return Ok(()),
            Err(fault) if is_uncertain && fault.is("RouteAlreadyExists") => return Ok(()),
            Err(fault) if fault.is_uncertain || is_new(&fault) => {
                is_uncertain |= fault.is_uncertain;
                waiting.pause(&fault.text()).await.map_err(|_| fault.problem(doing))?;
            }
            Err(fault) => return Err(fault.problem(doing)),
        }
    }
}

async fn read(at: &At, object: &Value) -> Done<Option<Json>> {
    let table = filled(object, "route_table_id").unwrap_or_default();
    let Some(wanted) = Route::read(object) else { return Ok(None) };
    let Some(found) = find_by(at, &route_table::SOURCE, &table).await? else { return Ok(None) };
    let mut all = xml::list(&found, "routeSet").iter();
    let is_it = |told: &&Json| Route::told(told).is_some_and(|route| route.is_from_where(&wanted));
    let Some(told) = all.find(is_it) else { return Ok(None) };
    let mut described = json!({
        "id": id_of(&table, &wanted.from.1),
        "route_table_id": table,
        "instance_id": xml::text(told, "instanceId"),
        "instance_owner_id": xml::text(told, "instanceOwnerId"),
        "origin": xml::text(told, "origin"),
        "state": xml::text(told, "state"),
        "network_interface_id": xml::text(told, "networkInterfaceId"),
    });
    for (block, attribute, ..) in DESTINATIONS {
        described[*attribute] = if *block == wanted.from.0 { json!(wanted.from.1) } else { written(object, attribute) };
    }
    let to = Route::told(told).and_then(|route| route.to);
    for (attribute, ..) in TARGETS.iter().filter(|(attribute, ..)| *attribute != "network_interface_id") {
        described[*attribute] = match &to {
            Some((known, id)) if known == attribute => json!(id),
            _ => written(object, attribute),
        };
    }
    Ok(Some(described))
}

/// What says nothing stays as it is written: an empty text, or null.
fn written(object: &Value, attribute: &str) -> Json {
    if part(object, attribute).as_str() == Some("") { json!("") } else { Json::Null }
}

/// Returns the id of a route: it has none of its own in EC2.
fn id_of(table: &str, destination: &str) -> String {
    let digest = destination.bytes().fold(5381_u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(byte));
    format!("r-{table}{digest}")
}
