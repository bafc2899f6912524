//! `aws_eip`: a public address.

use ecow::EcoString;
use sdk::schema::Attribute;
use sdk::value::Value;
use sdk::{Action, Call, Costs, Problem};
use serde_json::{Value as Json, json};

use super::client::{Parameters, call, is_missing, must};
use super::common::{Source, arn, by_token, change_tags, delete, described, find, make, seen};
use super::xml;
use crate::cloud::At;
use crate::costs;
use crate::fields::{filled, part};
use crate::managed::{Done, Kind, Work};
use crate::planning::Rules;
use crate::shape::{Shape, flag, text as word};

/// The resource type.
pub(super) struct Eip;

const SOURCE: Source = Source {
    action: "DescribeAddresses",
    set: "addressesSet",
    filter: "allocation-id",
    parameter: "",
    id: "allocationId",
    name: "address",
    resource_type: "elastic-ip",
};

/// What it is associated with, and what comes of that.
const ASSOCIATION: &[&str] = &["association_id", "instance", "network_interface", "private_ip", "private_dns"];

impl Kind for Eip {
    fn name(&self) -> &'static str {
        "aws_eip"
    }

    fn shape(&self) -> Shape {
        let computed = |name: &str, description: &str| word(name).computed().describe(description);
        let either = |name: &str, description: &str| word(name).optional().computed().describe(description);
        Shape {
            description: "A public address.",
            attributes: vec![
                either("domain", "`vpc`, the only one there is. A change replaces the address."),
                either("instance", "The instance that it is associated with."),
                either("network_interface", "The network interface that it is associated with."),
                either("network_border_group", "Where it is announced. A change replaces the address."),
                either("public_ipv4_pool", "The pool that it comes from. A change replaces the address."),
                word("associate_with_private_ip")
                    .optional()
                    .describe("The private address that it is associated with."),
                word("address").optional().describe("Not served here: an address that is recovered."),
                word("customer_owned_ipv4_pool").optional().describe("Not served here: addresses of Outposts."),
                word("ipam_pool_id").optional().describe("Not served here: addresses out of pools."),
                old_flag(),
                computed("allocation_id", "The same as its id."),
                computed("arn", "Its name in all of AWS."),
                computed("association_id", "What binds it to a network interface."),
                computed("carrier_ip", "Its address in a carrier's network."),
                computed("customer_owned_ip", "Its address of one's own."),
                computed("private_dns", "The private name of what it is associated with."),
                computed("private_ip", "The private address that it is associated with."),
                computed("ptr_record", "What its name is told to be."),
                computed("public_dns", "Its name."),
                computed("public_ip", "The address."),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["delete", "read", "update"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = super::rules::unserved(config, &["address", "customer_owned_ipv4_pool", "ipam_pool_id"]);
        if part(config, "vpc").as_bool() == Some(false) {
            let detail = "Addresses outside of a VPC are no longer to be had: leave the argument out.";
            problems.push(Problem::error("No such addresses", detail).at("vpc"));
        }
        problems
    }

    fn costs(&self, _: &Value, region: Option<EcoString>) -> Costs {
        costs::one("aws/public-ipv4", region)
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["domain", "network_border_group", "public_ipv4_pool"], ..Rules::default() }
    }

    fn keys_by_token(&self, _planned: &Value, token: &str) -> Option<Json> {
        by_token(token)
    }

    fn plan<'a>(&'a self, draft: &'a mut crate::managed::Draft<'_>) -> Call<'a, ()> {
        if draft.is_update() && (draft.changes("instance") || draft.changes("network_interface")) {
            let unknown = Value::unknown(sdk::value::Type::String);
            let config = &draft.request.config;
            let open: Vec<(&str, Value)> = ASSOCIATION
                .iter()
                .filter(|name| part(config, name).is_null())
                .map(|name| (*name, unknown.clone()))
                .collect();
            draft.set(&open);
        }
        sdk::answer(())
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move { Ok(find(at, &SOURCE, object).await?.map(|found| describe(at, &found, object))) })
    }

    fn read_many<'a>(&'a self, at: &'a At, objects: &'a [Value]) -> Option<Call<'a, Done<Vec<Option<Json>>>>> {
        Some(Box::pin(described(at, &SOURCE, objects, describe)))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let mut parameters = Parameters::of(&[("Domain", "vpc")]);
            parameters.add_some("NetworkBorderGroup", filled(&work.planned, "network_border_group"));
            parameters.add_some("PublicIpv4Pool", filled(&work.planned, "public_ipv4_pool"));
            let id = make(work, &SOURCE, "AllocateAddress", parameters, "/allocationId").await?;
            associate(work, &id).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            if work.changes("instance")
                || work.changes("network_interface")
                || work.changes("associate_with_private_ip")
            {
                disassociate(work).await?;
                associate(work, &id).await?;
            }
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let is_ours =
                filled(&work.prior, "instance").is_some() || filled(&work.prior, "associate_with_private_ip").is_some();
            if is_ours {
                disassociate(work).await?;
            }
            let parameters = Parameters::of(&[("AllocationId", &id)]);
            delete(work, "ReleaseAddress", &parameters, &format!("Releasing the address {id}"), None).await
        })
    }

    fn limit_minutes(&self, action: Action) -> u64 {
        if action == Action::Delete { 15 } else { 5 }
    }
}

/// What `domain` was once called: configurations of many years have it.
fn old_flag() -> Attribute {
    Attribute {
        deprecated: true,
        deprecation: "Leave it out, or write domain = \"vpc\".".into(),
        ..flag("vpc").optional().describe("The same as `domain`.")
    }
}

async fn associate(work: &Work<'_>, id: &str) -> Done<()> {
    let planned = &work.planned;
    let (instance, interface) = (filled(planned, "instance"), filled(planned, "network_interface"));
    if instance.is_none() && interface.is_none() {
        return Ok(());
    }
    let mut parameters = Parameters::of(&[("AllocationId", id)]);
    parameters.add_some("InstanceId", instance);
    parameters.add_some("NetworkInterfaceId", interface);
    parameters.add_some("PrivateIpAddress", filled(planned, "associate_with_private_ip"));
    must(&work.at, "AssociateAddress", &parameters, &format!("Associating the address {id}")).await.map(drop)
}

async fn disassociate(work: &Work<'_>) -> Done<()> {
    let Some(association) = filled(&work.prior, "association_id") else { return Ok(()) };
    let parameters = Parameters::of(&[("AssociationId", &association)]);
    match call(&work.at, "DisassociateAddress", &parameters).await {
        Err(fault) if !is_missing(&fault) => {
            Err(fault.problem("Taking the address away from what it is associated with"))
        }
        _ => Ok(()),
    }
}

fn describe(at: &At, found: &Json, object: &Value) -> Json {
    let id = xml::text(found, "allocationId");
    let (public, private) = (xml::text(found, "publicIp"), xml::text(found, "privateIpAddress"));
    let dns = match &*at.region {
        "us-east-1" => format!("ec2-{}.compute-1.amazonaws.com", public.replace('.', "-")),
        region => format!("ec2-{}.{region}.compute.amazonaws.com", public.replace('.', "-")),
    };
    let name = match (private, &*at.region) {
        ("", _) => Json::Null,
        (private, "us-east-1") => json!(format!("ip-{}.ec2.internal", private.replace('.', "-"))),
        (private, region) => json!(format!("ip-{}.{region}.compute.internal", private.replace('.', "-"))),
    };
    let mut described = json!({
        "id": id,
        "allocation_id": id,
        "arn": arn(at, "", &format!("elastic-ip/{id}")),
        "association_id": xml::text(found, "associationId"),
        "carrier_ip": xml::text(found, "carrierIp"),
        "customer_owned_ip": xml::text(found, "customerOwnedIp"),
        "domain": xml::filled(found, "domain"),
        "instance": xml::text(found, "instanceId"),
        "network_border_group": xml::filled(found, "networkBorderGroup"),
        "network_interface": xml::text(found, "networkInterfaceId"),
        "private_dns": name,
        "private_ip": xml::text(found, "privateIpAddress"),
        "ptr_record": "",
        "public_dns": dns,
        "public_ip": public,
        "public_ipv4_pool": xml::filled(found, "publicIpv4Pool"),
    });
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    described
}
