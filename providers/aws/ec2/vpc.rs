//! `aws_vpc`: a network of one's own.

use sdk::value::Value;
use sdk::{Action, Call, Problem};
use serde_json::{Value as Json, json};

use super::client::{Parameters, list, must};
use super::common::{Source, arn, by_token, change_tags, delete, find, make, modify, seen};
use super::xml;
use crate::cloud::At;
use crate::fields::{filled, flag, part};
use crate::managed::{Done, Kind, Work};
use crate::planning::{Otherwise, Rules};
use crate::shape::{Shape, flag as truth, number as amount, text as word};

/// The resource type.
pub(super) struct Vpc;

/// How VPCs are looked up.
pub(super) const SOURCE: Source = Source {
    action: "DescribeVpcs",
    set: "vpcSet",
    filter: "vpc-id",
    parameter: "",
    id: "vpcId",
    name: "VPC",
    resource_type: "vpc",
};

/// Attributes that take a call each: here, in EC2, and what a new VPC has.
const FLAGS: &[(&str, &str, Option<bool>)] = &[
    // Names for hosts need the one who resolves them.
    ("enable_dns_support", "EnableDnsSupport", Some(true)),
    ("enable_dns_hostnames", "EnableDnsHostnames", Some(false)),
    ("enable_network_address_usage_metrics", "EnableNetworkAddressUsageMetrics", Some(false)),
];

impl Kind for Vpc {
    fn name(&self) -> &'static str {
        "aws_vpc"
    }

    fn shape(&self) -> Shape {
        let computed = |name: &str, description: &str| word(name).computed().describe(description);
        Shape {
            description: "A network of one's own.",
            attributes: vec![
                word("cidr_block")
                    .optional()
                    .computed()
                    .describe("Its range of addresses, like `10.0.0.0/16`. A change replaces the VPC."),
                word("instance_tenancy")
                    .optional()
                    .computed()
                    .describe("`default` or `dedicated`; `default` unless set. A change replaces the VPC."),
                truth("enable_dns_support")
                    .optional()
                    .computed()
                    .describe("Whether names are resolved in it; true unless set."),
                truth("enable_dns_hostnames")
                    .optional()
                    .computed()
                    .describe("Whether its hosts get public names; false unless set."),
                truth("enable_network_address_usage_metrics")
                    .optional()
                    .computed()
                    .describe("Whether use of its addresses is measured; false unless set."),
                truth("assign_generated_ipv6_cidr_block")
                    .optional()
                    .computed()
                    .describe("Whether it has a range of IPv6 of AWS's; false unless set. A change replaces the VPC."),
                word("ipv6_cidr_block").optional().computed().describe("Its range of IPv6."),
                word("ipv6_cidr_block_network_border_group")
                    .optional()
                    .computed()
                    .describe("Where its range of IPv6 is announced."),
                word("ipv4_ipam_pool_id").optional().describe("Not served here: ranges out of pools."),
                amount("ipv4_netmask_length").optional().describe("Not served here: ranges out of pools."),
                word("ipv6_ipam_pool_id").optional().describe("Not served here: ranges out of pools."),
                amount("ipv6_netmask_length").optional().describe("Not served here: ranges out of pools."),
                computed("arn", "Its name in all of AWS."),
                computed("default_network_acl_id", "The network ACL that it was born with."),
                computed("default_route_table_id", "The route table that it was born with."),
                computed("default_security_group_id", "The security group that it was born with."),
                computed("dhcp_options_id", "What its hosts are told about the network."),
                computed("ipv6_association_id", "What binds its range of IPv6 to it."),
                computed("main_route_table_id", "The route table of subnets that have no other."),
                computed("owner_id", "The account that it belongs to."),
            ],
            is_regional: true,
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = super::rules::unserved(
            config,
            &["ipv4_ipam_pool_id", "ipv4_netmask_length", "ipv6_ipam_pool_id", "ipv6_netmask_length"],
        );
        problems.extend(super::rules::range(config, "cidr_block"));
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &["cidr_block", "instance_tenancy", "assign_generated_ipv6_cidr_block"],
            defaults: &[
                ("instance_tenancy", Otherwise::Text("default")),
                ("enable_dns_support", Otherwise::Flag(true)),
                ("assign_generated_ipv6_cidr_block", Otherwise::Flag(false)),
            ],
            ..Rules::default()
        }
    }

    fn keys_by_token(&self, _planned: &Value, token: &str) -> Option<Json> {
        by_token(token)
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(async move {
            match find(at, &SOURCE, object).await? {
                Some(found) => describe(at, &found, object).await.map(Some),
                None => Ok(None),
            }
        })
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let mut parameters = Parameters::default();
            parameters.add_some("CidrBlock", filled(&work.planned, "cidr_block"));
            parameters.add_some("InstanceTenancy", filled(&work.planned, "instance_tenancy"));
            if flag(&work.planned, "assign_generated_ipv6_cidr_block") == Some(true) {
                parameters.add("AmazonProvidedIpv6CidrBlock", "true");
            }
            let id = make(work, &SOURCE, "CreateVpc", parameters, "/vpc/vpcId").await?;
            modify(work, "ModifyVpcAttribute", ("VpcId", &id), FLAGS, "Setting the attributes of the VPC").await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            modify(work, "ModifyVpcAttribute", ("VpcId", &id), FLAGS, "Changing the VPC").await?;
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let parameters = Parameters::of(&[("VpcId", &id)]);
            delete(work, "DeleteVpc", &parameters, &format!("Deleting the VPC {id}"), Some(("vpc-id", &id))).await
        })
    }

    fn limit_minutes(&self, _action: Action) -> u64 {
        5
    }

    fn typical_seconds(&self, action: Action) -> u64 {
        if action == Action::Create { 3 } else { 1 }
    }
}

async fn describe(at: &At, found: &Json, object: &Value) -> Done<Json> {
    let id = xml::text(found, "vpcId");
    let owner = xml::text(found, "ownerId");
    let doing = format!("Getting the VPC {id}");
    let mut described = json!({
        "id": id,
        "arn": arn(at, owner, &format!("vpc/{id}")),
        "cidr_block": xml::filled(found, "cidrBlock"),
        "instance_tenancy": xml::filled(found, "instanceTenancy"),
        "dhcp_options_id": xml::filled(found, "dhcpOptionsId"),
        "owner_id": owner,
    });
    for (attribute, name, _) in FLAGS {
        let parameters = Parameters::of(&[("VpcId", id), ("Attribute", &super::rules::lower(name))]);
        let answer = must(at, "DescribeVpcAttribute", &parameters, &doing).await?;
        described[*attribute] = json!(xml::is_true(&answer[super::rules::lower(name)], "value"));
    }
    let six = xml::list(found, "ipv6CidrBlockAssociationSet").first().cloned().unwrap_or_default();
    described["assign_generated_ipv6_cidr_block"] = json!(six.is_object());
    described["ipv6_cidr_block"] = json!(xml::text(&six, "ipv6CidrBlock"));
    described["ipv6_association_id"] = json!(xml::text(&six, "associationId"));
    described["ipv6_cidr_block_network_border_group"] = json!(xml::text(&six, "networkBorderGroup"));
    for (attribute, action, set, filter, member) in [
        ("default_network_acl_id", "DescribeNetworkAcls", "networkAclSet", ("default", "true"), "networkAclId"),
        (
            "default_security_group_id",
            "DescribeSecurityGroups",
            "securityGroupInfo",
            ("group-name", "default"),
            "groupId",
        ),
        ("main_route_table_id", "DescribeRouteTables", "routeTableSet", ("association.main", "true"), "routeTableId"),
    ] {
        let known = filled(object, attribute);
        // What a VPC was born with stays; only the main table may become another.
        if let Some(known) = known.filter(|_| attribute != "main_route_table_id") {
            described[attribute] = json!(known);
            continue;
        }
        let parameters =
            Parameters::default().filter("vpc-id", &[id.to_owned()]).filter(filter.0, &[filter.1.to_owned()]);
        let list = list(at, action, set, parameters).await.map_err(|fault| fault.problem(&doing))?;
        described[attribute] = list.first().map_or(Json::Null, |one| xml::filled(one, member));
    }
    let born = part(object, "default_route_table_id").as_str().map(|known| json!(known));
    described["default_route_table_id"] = born.unwrap_or_else(|| described["main_route_table_id"].clone());
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    Ok(described)
}
