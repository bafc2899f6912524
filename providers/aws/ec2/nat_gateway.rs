//! `aws_nat_gateway`: the way out for subnets that nobody gets into.

use ecow::EcoString;
use sdk::value::Value;
use sdk::{Action, Call, Costs, Outlook, Problem, Prospect};
use serde_json::{Value as Json, json};

use super::client::{Parameters, call, is_missing};
use super::common::{Source, by_token, change_tags, find, find_many, make, seen};
use super::xml;
use crate::cloud::At;
use crate::costs;
use crate::fields::filled;
use crate::managed::{Done, Kind, Work};
use crate::planning::{Otherwise, Rules};
use crate::shape::{Shape, number as amount, text as word, text_set};

/// The resource type.
pub(super) struct NatGateway;

const SOURCE: Source = Source {
    action: "DescribeNatGateways",
    set: "natGatewaySet",
    filter: "nat-gateway-id",
    parameter: "",
    id: "natGatewayId",
    name: "NAT gateway",
    resource_type: "natgateway",
};

impl Kind for NatGateway {
    fn name(&self) -> &'static str {
        "aws_nat_gateway"
    }

    fn shape(&self) -> Shape {
        let computed = |name: &str, description: &str| word(name).computed().describe(description);
        Shape {
            description: "The way out for subnets that nobody gets into.",
            attributes: vec![
                word("subnet_id").optional().describe("The subnet that it is in. A change replaces it."),
                word("allocation_id")
                    .optional()
                    .computed()
                    .describe("The public address that it has, unless it is private. A change replaces it."),
                word("connectivity_type")
                    .optional()
                    .computed()
                    .describe("`public` or `private`; `public` unless set. A change replaces it."),
                word("private_ip").optional().computed().describe("Its private address. A change replaces it."),
                text_set("secondary_allocation_ids").optional().describe("Not served here: more addresses."),
                amount("secondary_private_ip_address_count").optional().describe("Not served here: more addresses."),
                text_set("secondary_private_ip_addresses").optional().describe("Not served here: more addresses."),
                computed("association_id", "What binds its public address to it."),
                computed("network_interface_id", "Its network interface."),
                computed("public_ip", "Its public address."),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete", "update"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let names =
            ["secondary_allocation_ids", "secondary_private_ip_address_count", "secondary_private_ip_addresses"];
        super::rules::unserved(config, &names)
    }

    fn outlook(&self, prospect: Prospect<'_>) -> Outlook {
        costs::outage_when_gone(prospect)
    }

    fn costs(&self, _: &Value, region: Option<EcoString>) -> Costs {
        costs::one("aws/nat-gateway", region)
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["subnet_id", "allocation_id", "connectivity_type", "private_ip"],
            defaults: &[("connectivity_type", Otherwise::Text("public"))],
            ..Rules::default()
        }
    }

    fn keys_by_token(&self, _planned: &Value, token: &str) -> Option<Json> {
        by_token(token)
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            let found = find(at, &SOURCE, object).await?;
            Ok(found.filter(is_there).map(|found| describe(at, &found, object)))
        })
    }

    fn read_many<'a>(&'a self, at: &'a At, objects: &'a [Value]) -> Option<Call<'a, Done<Vec<Option<Json>>>>> {
        Some(Box::pin(async move {
            let found = find_many(at, &SOURCE, objects).await?;
            let pairs = found.into_iter().zip(objects);
            Ok(pairs.map(|(found, object)| found.filter(is_there).map(|found| describe(at, &found, object))).collect())
        }))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let mut parameters = Parameters::of(&[("ClientToken", work.token)]);
            for (name, attribute) in [
                ("SubnetId", "subnet_id"),
                ("AllocationId", "allocation_id"),
                ("ConnectivityType", "connectivity_type"),
                ("PrivateIpAddress", "private_ip"),
            ] {
                parameters.add_some(name, filled(&work.planned, attribute));
            }
            let id = make(work, &SOURCE, "CreateNatGateway", parameters, "/natGateway/natGatewayId").await?;
            become_available(work, &id).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let parameters = Parameters::of(&[("NatGatewayId", &id)]);
            match call(&work.at, "DeleteNatGateway", &parameters).await {
                Err(fault) if is_missing(&fault) => return Ok(()),
                Err(fault) => return Err(fault.problem(&format!("Deleting the NAT gateway {id}"))),
                Ok(_) => {}
            }
            let mut waiting = work.waiting();
            loop {
                match super::common::find_by(&work.at, &SOURCE, &id).await? {
                    Some(found) if is_there(&found) => waiting.pause("waiting until it is gone").await?,
                    _ => return Ok(()),
                }
            }
        })
    }

    fn settle<'a>(&'a self, work: &'a Work<'a>, _handle: Option<&'a str>) -> Call<'a, Done<Option<Problem>>> {
        Box::pin(async move {
            let object = work.object();
            let Some(found) = find(&work.at, &SOURCE, object).await? else { return Ok(None) };
            if work.planned.is_null() || xml::text(&found, "state") == "deleting" {
                return Ok(None);
            }
            Ok(become_available(work, xml::text(&found, "natGatewayId")).await.err())
        })
    }

    fn limit_minutes(&self, action: Action) -> u64 {
        if action == Action::Delete { 30 } else { 10 }
    }

    fn typical_seconds(&self, action: Action) -> u64 {
        match action {
            Action::Create => 110,
            Action::Delete => 60,
            _ => 1,
        }
    }
}

/// Tells whether a gateway is not gone: EC2 shows those for an hour that are.
fn is_there(found: &Json) -> bool {
    xml::text(found, "state") != "deleted"
}

async fn become_available(work: &Work<'_>, id: &str) -> Done<()> {
    let mut waiting = work.waiting();
    loop {
        let found = super::common::find_by(&work.at, &SOURCE, id).await?.unwrap_or_default();
        match xml::text(&found, "state") {
            "available" => return Ok(()),
            "failed" | "deleted" | "deleting" => {
                let (code, message) = (xml::text(&found, "failureCode"), xml::text(&found, "failureMessage"));
                let detail = format!("The NAT gateway {id} is {}: {code}: {message}.", xml::text(&found, "state"));
                return Err(Problem::error("NAT gateway not available", detail));
            }
            _ => waiting.pause("waiting until it is available").await?,
        }
    }
}

fn describe(at: &At, found: &Json, object: &Value) -> Json {
    let held = xml::list(found, "natGatewayAddressSet").first().cloned().unwrap_or_default();
    let mut described = json!({
        "id": xml::text(found, "natGatewayId"),
        "subnet_id": xml::text(found, "subnetId"),
        "allocation_id": xml::filled(&held, "allocationId"),
        "association_id": xml::filled(&held, "associationId"),
        "connectivity_type": xml::filled(found, "connectivityType"),
        "network_interface_id": xml::filled(&held, "networkInterfaceId"),
        "private_ip": xml::filled(&held, "privateIp"),
        "public_ip": xml::filled(&held, "publicIp"),
    });
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    described
}
