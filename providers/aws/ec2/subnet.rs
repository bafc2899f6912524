//! `aws_subnet`: a part of a VPC, in one zone.

use sdk::value::Value;
use sdk::{Action, Call, Problem};
use serde_json::{Value as Json, json};

use super::client::{Parameters, must};
use super::common::{Source, by_token, change_tags, delete, described, find, make, modify, seen};
use super::xml;
use crate::cloud::At;
use crate::fields::filled;
use crate::managed::{Done, Kind, Work};
use crate::planning::{Otherwise, Rules};
use crate::shape::{Shape, flag as truth, number as amount, text as word};

/// The resource type.
pub(super) struct Subnet;

/// How subnets are looked up.
pub(super) const SOURCE: Source = Source {
    action: "DescribeSubnets",
    set: "subnetSet",
    filter: "subnet-id",
    parameter: "",
    id: "subnetId",
    name: "subnet",
    resource_type: "subnet",
};

/// Attributes that take a call each: here, in EC2, and what a new subnet has.
const FLAGS: &[(&str, &str, Option<bool>)] = &[
    ("assign_ipv6_address_on_creation", "AssignIpv6AddressOnCreation", Some(false)),
    ("enable_dns64", "EnableDns64", Some(false)),
    ("enable_resource_name_dns_a_record_on_launch", "EnableResourceNameDnsARecordOnLaunch", Some(false)),
    ("enable_resource_name_dns_aaaa_record_on_launch", "EnableResourceNameDnsAAAARecordOnLaunch", Some(false)),
    ("map_public_ip_on_launch", "MapPublicIpOnLaunch", Some(false)),
];

impl Kind for Subnet {
    fn name(&self) -> &'static str {
        "aws_subnet"
    }

    fn shape(&self) -> Shape {
        let unless = |name: &str, description: &str| truth(name).optional().computed().describe(description);
        Shape {
            description: "A part of a VPC, in one zone.",
            attributes: vec![
                word("vpc_id").required().describe("The VPC. A change replaces the subnet."),
                word("cidr_block")
                    .optional()
                    .computed()
                    .describe("Its range, out of the VPC's. A change replaces the subnet."),
                word("availability_zone")
                    .optional()
                    .computed()
                    .describe("Its zone, like `eu-west-1a`; AWS chooses one unless set. A change replaces the subnet."),
                word("availability_zone_id")
                    .optional()
                    .computed()
                    .describe("The id of its zone. A change replaces the subnet."),
                word("ipv6_cidr_block").optional().describe("Its range of IPv6. A change replaces the subnet."),
                unless("map_public_ip_on_launch", "Whether instances in it get public addresses; false unless set."),
                unless(
                    "assign_ipv6_address_on_creation",
                    "Whether interfaces in it get addresses of IPv6; false unless set.",
                ),
                unless("enable_dns64", "Whether names of IPv4 are resolved for IPv6; false unless set."),
                unless(
                    "enable_resource_name_dns_a_record_on_launch",
                    "Whether resource names have A records; false unless set.",
                ),
                unless(
                    "enable_resource_name_dns_aaaa_record_on_launch",
                    "Whether resource names have AAAA records; false unless set.",
                ),
                unless("ipv6_native", "Whether it has IPv6 only; false unless set. A change replaces the subnet."),
                word("private_dns_hostname_type_on_launch")
                    .optional()
                    .computed()
                    .describe("What hosts are named after: `ip-name` or `resource-name`."),
                word("customer_owned_ipv4_pool").optional().describe("Not served here: addresses of Outposts."),
                amount("enable_lni_at_device_index").optional().describe("Not served here: interfaces of Outposts."),
                truth("map_customer_owned_ip_on_launch").optional().describe("Not served here: addresses of Outposts."),
                word("outpost_arn").optional().describe("Not served here: Outposts."),
                word("arn").computed().describe("Its name in all of AWS."),
                word("ipv6_cidr_block_association_id").computed().describe("What binds its range of IPv6 to it."),
                word("owner_id").computed().describe("The account that it belongs to."),
            ],
            is_regional: true,
            has_tags: true,
            timeouts: &["create", "delete"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let names = ["customer_owned_ipv4_pool", "enable_lni_at_device_index", "outpost_arn"];
        let mut problems = super::rules::unserved(config, &names);
        problems.extend(super::rules::range(config, "cidr_block"));
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &[
                "vpc_id",
                "cidr_block",
                "availability_zone",
                "availability_zone_id",
                "ipv6_cidr_block",
                "ipv6_native",
            ],
            defaults: &[
                ("map_public_ip_on_launch", Otherwise::Flag(false)),
                ("assign_ipv6_address_on_creation", Otherwise::Flag(false)),
                ("enable_dns64", Otherwise::Flag(false)),
                ("enable_resource_name_dns_a_record_on_launch", Otherwise::Flag(false)),
                ("enable_resource_name_dns_aaaa_record_on_launch", Otherwise::Flag(false)),
                ("ipv6_native", Otherwise::Flag(false)),
            ],
            ..Rules::default()
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
            let mut parameters = Parameters::default();
            for (name, attribute) in [
                ("VpcId", "vpc_id"),
                ("CidrBlock", "cidr_block"),
                ("AvailabilityZone", "availability_zone"),
                ("AvailabilityZoneId", "availability_zone_id"),
                ("Ipv6CidrBlock", "ipv6_cidr_block"),
            ] {
                parameters.add_some(name, filled(&work.planned, attribute));
            }
            let id = make(work, &SOURCE, "CreateSubnet", parameters, "/subnet/subnetId").await?;
            configure(work, &id).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            configure(work, &id).await?;
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let parameters = Parameters::of(&[("SubnetId", &id)]);
            let doing = format!("Deleting the subnet {id}");
            delete(work, "DeleteSubnet", &parameters, &doing, Some(("subnet-id", &id))).await
        })
    }

    fn limit_minutes(&self, action: Action) -> u64 {
        if action == Action::Delete { 20 } else { 10 }
    }
}

async fn configure(work: &Work<'_>, id: &str) -> Done<()> {
    let doing = format!("Setting the attributes of the subnet {id}");
    modify(work, "ModifySubnetAttribute", ("SubnetId", id), FLAGS, &doing).await?;
    let Some(kind) = filled(&work.planned, "private_dns_hostname_type_on_launch") else { return Ok(()) };
    if work.changes("private_dns_hostname_type_on_launch") {
        let parameters = Parameters::of(&[("SubnetId", id), ("PrivateDnsHostnameTypeOnLaunch", &kind)]);
        must(&work.at, "ModifySubnetAttribute", &parameters, &doing).await?;
    }
    Ok(())
}

fn describe(at: &At, found: &Json, object: &Value) -> Json {
    let six = xml::list(found, "ipv6CidrBlockAssociationSet").first().cloned().unwrap_or_default();
    let names = &found["privateDnsNameOptionsOnLaunch"];
    let mut described = json!({
        "id": xml::text(found, "subnetId"),
        "arn": xml::filled(found, "subnetArn"),
        "vpc_id": xml::text(found, "vpcId"),
        "cidr_block": xml::filled(found, "cidrBlock"),
        "availability_zone": xml::filled(found, "availabilityZone"),
        "availability_zone_id": xml::filled(found, "availabilityZoneId"),
        "ipv6_cidr_block": xml::filled(&six, "ipv6CidrBlock"),
        "ipv6_cidr_block_association_id": xml::text(&six, "associationId"),
        "map_public_ip_on_launch": xml::is_true(found, "mapPublicIpOnLaunch"),
        "assign_ipv6_address_on_creation": xml::is_true(found, "assignIpv6AddressOnCreation"),
        "enable_dns64": xml::is_true(found, "enableDns64"),
        "enable_resource_name_dns_a_record_on_launch": xml::is_true(names, "enableResourceNameDnsARecord"),
        "enable_resource_name_dns_aaaa_record_on_launch": xml::is_true(names, "enableResourceNameDnsAAAARecord"),
        "private_dns_hostname_type_on_launch": xml::filled(names, "hostnameType"),
        "ipv6_native": xml::is_true(found, "ipv6Native"),
        "owner_id": xml::text(found, "ownerId"),
    });
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    described
}
