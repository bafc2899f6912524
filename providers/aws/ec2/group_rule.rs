//! `aws_vpc_security_group_ingress_rule` and `aws_vpc_security_group_egress_rule`: one rule for one peer, with tags.

use sdk::value::Value;
use sdk::{Call, Problem};
use serde_json::{Value as Json, json};

use super::client::{Parameters, call, must};
use super::common::{Source, arn, by_token, change_tags, described, find, make, seen};
use super::group_rules::protocol;
use super::xml;
use crate::cloud::At;
use crate::fields::{filled, number, part, set_count};
use crate::managed::{Done, Draft, Kind, Work};
use crate::planning::Rules;
use crate::shape::{Shape, number as amount, text as word};

/// The resource types.
pub(super) struct GroupRule {
    pub(super) is_egress: bool,
}

const SOURCE: Source = Source {
    action: "DescribeSecurityGroupRules",
    set: "securityGroupRuleSet",
    filter: "security-group-rule-id",
    parameter: "",
    id: "securityGroupRuleId",
    name: "security group rule",
    resource_type: "security-group-rule",
};

/// Peers: attribute, what a change calls it, and where it is in a new rule.
const PEERS: &[(&str, &str, &str)] = &[
    ("cidr_ipv4", "CidrIpv4", "IpRanges.1.CidrIp"),
    ("cidr_ipv6", "CidrIpv6", "Ipv6Ranges.1.CidrIpv6"),
    ("prefix_list_id", "PrefixListId", "PrefixListIds.1.PrefixListId"),
    ("referenced_security_group_id", "ReferencedGroupId", "Groups.1.GroupId"),
];

impl Kind for GroupRule {
    fn name(&self) -> &'static str {
        match self.is_egress {
            true => "aws_vpc_security_group_egress_rule",
            false => "aws_vpc_security_group_ingress_rule",
        }
    }

    fn shape(&self) -> Shape {
        let mut attributes = vec![
            word("security_group_id").required().describe("The group. A change replaces the rule."),
            word("ip_protocol").required().describe("`tcp`, `udp`, `icmp`, `-1` for all."),
            amount("from_port").optional().describe("The first port; none where the protocol has no ports."),
            amount("to_port").optional().describe("The last port."),
            word("description").optional().describe("What people read."),
            word("arn").computed().describe("Its name in all of AWS."),
            word("security_group_rule_id").computed().describe("The same as its id."),
        ];
        for (attribute, ..) in PEERS {
            attributes.push(word(attribute).optional().describe("Whom it is about; exactly one of these is set."));
        }
        Shape {
            description: "One rule of a security group for one peer.",
            attributes,
            is_regional: true,
            has_tags: true,
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !set_count(config, PEERS.iter().map(|peer| peer.0)).contains(&1) {
            let detail = "A rule is about exactly one of `cidr_ipv4`, `cidr_ipv6`, `prefix_list_id` and \
                          `referenced_security_group_id`.";
            problems.push(Problem::error("Invalid rule", detail));
        }
        problems.extend(super::rules::range(config, "cidr_ipv4"));
        problems.extend(super::rules::range(config, "cidr_ipv6"));
        problems
    }

    fn rules(&self) -> Rules {
        Rules { replaces: &["security_group_id"], ..Rules::default() }
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        draft.keep_if(&["ip_protocol"], |one, other| protocol(one) == protocol(other));
        sdk::answer(())
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
            let planned = &work.planned;
            let mut parameters = Parameters::default();
            parameters.add_some("GroupId", filled(planned, "security_group_id"));
            let kind = protocol(&filled(planned, "ip_protocol").unwrap_or_default());
            parameters.add("IpPermissions.1.IpProtocol", kind);
            parameters.add_some("IpPermissions.1.FromPort", number(planned, "from_port").map(|port| port.to_string()));
            parameters.add_some("IpPermissions.1.ToPort", number(planned, "to_port").map(|port| port.to_string()));
            for (attribute, _, place) in PEERS {
                let Some(peer) = filled(planned, attribute) else { continue };
                parameters.add(format!("IpPermissions.1.{place}"), peer);
                let list = place.rsplit_once('.').map_or("", |(list, _)| list);
                parameters.add_some(&format!("IpPermissions.1.{list}.Description"), filled(planned, "description"));
            }
            let action = if self.is_egress { "AuthorizeSecurityGroupEgress" } else { "AuthorizeSecurityGroupIngress" };
            make(work, &SOURCE, action, parameters, "/securityGroupRuleSet/0/securityGroupRuleId").await.map(drop)
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let names = ["ip_protocol", "from_port", "to_port", "description"];
            let peers = PEERS.iter().map(|(attribute, ..)| *attribute);
            if names.into_iter().chain(peers).any(|name| work.changes(name)) {
                let parameters = changed(&work.planned, &id);
                must(&work.at, "ModifySecurityGroupRules", &parameters, &format!("Changing the rule {id}")).await?;
            }
            change_tags(work, &id).await
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let id = filled(&work.prior, "id").unwrap_or_default();
            let mut parameters = Parameters::of(&[("SecurityGroupRuleId.1", &id)]);
            parameters.add_some("GroupId", filled(&work.prior, "security_group_id"));
            let action = if self.is_egress { "RevokeSecurityGroupEgress" } else { "RevokeSecurityGroupIngress" };
            match call(&work.at, action, &parameters).await {
                Err(fault) if !super::client::is_missing(&fault) => {
                    Err(fault.problem(&format!("Removing the rule {id}")))
                }
                _ => Ok(()),
            }
        })
    }
}

fn changed(planned: &Value, id: &str) -> Parameters {
    let mut parameters = Parameters::of(&[("SecurityGroupRule.1.SecurityGroupRuleId", id)]);
    parameters.add_some("GroupId", filled(planned, "security_group_id"));
    let inner = "SecurityGroupRule.1.SecurityGroupRule";
    parameters.add(format!("{inner}.IpProtocol"), protocol(&filled(planned, "ip_protocol").unwrap_or_default()));
    parameters.add_some(&format!("{inner}.FromPort"), number(planned, "from_port").map(|port| port.to_string()));
    parameters.add_some(&format!("{inner}.ToPort"), number(planned, "to_port").map(|port| port.to_string()));
    parameters.add_some(&format!("{inner}.Description"), filled(planned, "description"));
    for (attribute, name, _) in PEERS {
        parameters.add_some(&format!("{inner}.{name}"), filled(planned, attribute));
    }
    parameters
}

fn describe(at: &At, found: &Json, object: &Value) -> Json {
    let id = xml::text(found, "securityGroupRuleId");
    let told = xml::text(found, "ipProtocol");
    // `6` and `tcp` are the same; what is written stays.
    let written = filled(object, "ip_protocol").filter(|written| protocol(written) == protocol(told));
    // Where there are no ports EC2 tells -1.
    let port = |attribute: &str, member: &str| match xml::number(found, member) {
        Json::Number(port) if port.as_i64() == Some(-1) && part(object, attribute).is_null() => Json::Null,
        port => port,
    };
    let group = xml::filled(&found["referencedGroupInfo"], "groupId");
    let mut described = json!({
        "id": id,
        "security_group_rule_id": id,
        "arn": arn(at, xml::text(found, "groupOwnerId"), &format!("security-group-rule/{id}")),
        "security_group_id": xml::text(found, "groupId"),
        "ip_protocol": written.unwrap_or_else(|| told.to_owned()),
        "from_port": port("from_port", "fromPort"),
        "to_port": port("to_port", "toPort"),
        "cidr_ipv4": xml::filled(found, "cidrIpv4"),
        "cidr_ipv6": xml::filled(found, "cidrIpv6"),
        "prefix_list_id": xml::filled(found, "prefixListId"),
        "referenced_security_group_id": group,
        "description": xml::filled(found, "description"),
    });
    (described["tags"], described["tags_all"]) = seen(at, found, object);
    described
}
