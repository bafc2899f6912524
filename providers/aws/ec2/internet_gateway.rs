//! `aws_internet_gateway`: a VPC's way to the internet.

use sdk::Call;
use sdk::value::Value;
use serde_json::{Value as Json, json};

use super::client::{Parameters, call};
use super::common::{Source, arn, by_token, change_tags, delete, described, find, make, seen};
use super::xml;
use crate::cloud::At;
use crate::fields::filled;
use crate::managed::{Done, Kind, Work};
use crate::shape::{Shape, text as word};

/// The resource type.
pub(super) struct InternetGateway;

const SOURCE: Source = Source {
    action: "DescribeInternetGateways",
    set: "internetGatewaySet",
    filter: "internet-gateway-id",
    parameter: "",
    id: "internetGatewayId",
    name: "internet gateway",
    resource_type: "internet-gateway",
};

impl Kind for InternetGateway {
    fn name(&self) -> &'static str {
        "aws_internet_gateway"
    }

    fn shape(&self) -> Shape {
        Shape {
            description: "A VPC's way to the internet.",
            attributes: vec![
                word("vpc_id").optional().computed().describe("The VPC that it is attached to."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("owner_id").computed().describe("The account that it belongs to."),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete", "update"],
            ..Shape::default()
        }
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
            let place = "/internetGateway/internetGatewayId";
            let id = make(work, &SOURCE, "CreateInternetGateway", Parameters::default(), place).await?;
            attach(work, &id).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            if work.changes("vpc_id") {
                detach(work, &id).await?;
                attach(work, &id).await?;
            }
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            detach(work, &id).await?;
            let parameters = Parameters::of(&[("InternetGatewayId", &id)]);
            delete(work, "DeleteInternetGateway", &parameters, &format!("Deleting the internet gateway {id}"), None)
                .await
        })
    }
}

async fn attach(work: &Work<'_>, id: &str) -> Done<()> {
    let Some(vpc) = filled(&work.planned, "vpc_id") else { return Ok(()) };
    let parameters = Parameters::of(&[("InternetGatewayId", id), ("VpcId", &vpc)]);
    let mut waiting = work.propagation();
    loop {
        match call(&work.at, "AttachInternetGateway", &parameters).await {
            Ok(_) => return Ok(()),
            // An attempt of ours whose answer was lost.
            Err(fault) if fault.is("Resource.AlreadyAssociated") && fault.message.contains(&vpc) => return Ok(()),
            Err(fault) if fault.is("InvalidInternetGatewayID.NotFound") => waiting.pause(&fault.text()).await?,
            Err(fault) => return Err(fault.problem(&format!("Attaching the internet gateway {id} to {vpc}"))),
        }
    }
}

async fn detach(work: &Work<'_>, id: &str) -> Done<()> {
    let Some(vpc) = filled(&work.prior, "vpc_id") else { return Ok(()) };
    let parameters = Parameters::of(&[("InternetGatewayId", id), ("VpcId", &vpc)]);
    let mut waiting = work.waiting();
    loop {
        match call(&work.at, "DetachInternetGateway", &parameters).await {
            Err(fault) if fault.is("DependencyViolation") => waiting.pause(&fault.text()).await?,
            Err(fault) if !fault.is("Gateway.NotAttached") && !super::client::is_missing(&fault) => {
                return Err(fault.problem(&format!("Detaching the internet gateway {id} from {vpc}")));
            }
            _ => return Ok(()),
        }
    }
}

fn describe(at: &At, found: &Json, object: &Value) -> Json {
    let id = xml::text(found, "internetGatewayId");
    let owner = xml::text(found, "ownerId");
    let attachment = xml::list(found, "attachmentSet").first().cloned().unwrap_or_default();
    let mut described = json!({
        "id": id,
        "arn": arn(at, owner, &format!("internet-gateway/{id}")),
        "vpc_id": xml::text(&attachment, "vpcId"),
        "owner_id": owner,
    });
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    described
}
