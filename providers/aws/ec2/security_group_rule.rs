//! `aws_security_group_rule`: what belongs together in one direction of a group, as the older of the two types has it.

use sdk::schema::Attribute;
use sdk::value::Value;
use sdk::{Call, Problem};
use serde_json::{Value as Json, json};

use super::client::call;
use super::common::find_by;
use super::group_rules::{Atom, atoms, authorize, of_group, protocol, revoke};
use super::xml;
use crate::cloud::At;
use crate::fields::{filled, flag, part, set_count};
use crate::managed::{Done, Draft, Kind, Work};
use crate::planning::{Otherwise, Rules};
use crate::shape::{Shape, flag as truth, number as amount, text as word, text_list};

/// The resource type.
pub(super) struct SecurityGroupRule;

impl Kind for SecurityGroupRule {
    fn name(&self) -> &'static str {
        "aws_security_group_rule"
    }

    fn shape(&self) -> Shape {
        let peers = |attribute: Attribute, what: &str| {
            attribute.optional().describe(&format!("{what} that it is about. A change replaces the rule."))
        };
        Shape {
            description: "Rules of a security group that differ in nothing but whom they are about.",
            attributes: vec![
                word("security_group_id").required().describe("The group. A change replaces the rule."),
                word("type").required().describe("`ingress` or `egress`. A change replaces the rule."),
                word("protocol").required().describe("`tcp`, `udp`, `icmp`, `-1` for all. A change replaces the rule."),
                amount("from_port").required().describe("The first port. A change replaces the rule."),
                amount("to_port").required().describe("The last port. A change replaces the rule."),
                peers(text_list("cidr_blocks"), "Ranges of addresses"),
                peers(text_list("ipv6_cidr_blocks"), "Ranges of addresses of IPv6"),
                peers(text_list("prefix_list_ids"), "Lists of ranges"),
                word("source_security_group_id")
                    .optional()
                    .computed()
                    .describe("The group that it is about. A change replaces the rule."),
                truth("self")
                    .optional()
                    .computed()
                    .describe("Whether it is about the group itself; false unless set. A change replaces the rule."),
                word("description").optional().describe("What people read."),
                word("security_group_rule_id").computed().describe("The id in EC2, if it is about one peer."),
            ],
            is_regional: true,
            timeouts: &["create"],
            ..Shape::default()
        }
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        if filled(config, "type").is_some_and(|kind| !["ingress", "egress"].contains(&&*kind)) {
            problems.push(Problem::error("Invalid type", "A rule is for `ingress` or for `egress`.").at("type"));
        }
        let peers = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "self", "source_security_group_id"];
        if set_count(config, peers) == (0..=0) {
            let detail = "A rule is about someone: set `cidr_blocks`, `ipv6_cidr_blocks`, `prefix_list_ids`, `self` or \
                          `source_security_group_id`.";
            problems.push(Problem::error("Invalid rule", detail));
        }
        problems
    }

    fn rules(&self) -> Rules {
        Rules {
            replaces: &[
                "security_group_id",
                "type",
                "protocol",
                "from_port",
                "to_port",
                "cidr_blocks",
                "ipv6_cidr_blocks",
                "prefix_list_ids",
                "source_security_group_id",
                "self",
            ],
            defaults: &[("self", Otherwise::Flag(false))],
            ..Rules::default()
        }
    }

    fn identity(&self) -> &'static [&'static str] {
        &["security_group_id", "type", "protocol", "from_port", "to_port"]
    }

    fn parse_id(&self, id: &str) -> Option<Json> {
        // As in `sg-0123_ingress_tcp_443_443_10.0.0.0/8_sg-0456`.
        let parts: Vec<&str> = id.split('_').collect();
        let [group, direction, protocol, from, to, peers @ ..] = &parts[..] else { return None };
        let of = |is_it: &dyn Fn(&str) -> bool| {
            let found: Vec<&str> = peers.iter().copied().filter(|peer| is_it(peer)).collect();
            if found.is_empty() { Json::Null } else { json!(found) }
        };
        let source = peers.iter().find(|peer| peer.starts_with("sg-"));
        Some(json!({
            "security_group_id": group,
            "type": direction,
            "protocol": protocol,
            "from_port": from.parse::<i64>().ok()?,
            "to_port": to.parse::<i64>().ok()?,
            "cidr_blocks": of(&|peer| peer.contains('/') && !peer.contains(':')),
            "ipv6_cidr_blocks": of(&|peer| peer.contains('/') && peer.contains(':')),
            "prefix_list_ids": of(&|peer| peer.starts_with("pl-")),
            "source_security_group_id": source,
            "self": peers.contains(&"self"),
        }))
    }

    fn keys_by_token(&self, planned: &Value, _token: &str) -> Option<Json> {
        Some(json!({"security_group_id": filled(planned, "security_group_id")}))
    }

    fn plan<'a>(&'a self, draft: &'a mut Draft<'_>) -> Call<'a, ()> {
        draft.keep_if(&["protocol"], |one, other| protocol(one) == protocol(other));
        sdk::answer(())
    }

    fn read<'a>(&'a self, at: &'a At, object: &'a Value) -> Call<'a, Done<Option<Json>>> {
        Box::pin(read(at, object))
    }

    fn create<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let group = filled(&work.planned, "security_group_id").unwrap_or_default();
            let wanted = atoms(&work.planned, &group);
            let is_egress = filled(&work.planned, "type").as_deref() == Some("egress");
            let doing = format!("Adding a rule to the security group {group}");
            authorize(&work.at, &group, is_egress, &wanted).await.map_err(|fault| fault.problem(&doing))?;
            work.made(json!({"id": id_of(&work.planned)})).await
        })
    }

    fn update<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let group = filled(&work.planned, "security_group_id").unwrap_or_default();
            let is_egress = filled(&work.planned, "type").as_deref() == Some("egress");
            let action = match is_egress {
                true => "UpdateSecurityGroupRuleDescriptionsEgress",
                false => "UpdateSecurityGroupRuleDescriptionsIngress",
            };
            let doing = format!("Describing a rule of the security group {group}");
            let told = of_group(&work.at, &group).await.map_err(|fault| fault.problem(&doing))?;
            let wanted = atoms(&work.planned, &group);
            let mut parameters = super::client::Parameters::of(&[("GroupId", &group)]);
            let mine = told.iter().filter(|rule| is_one_of(rule, is_egress, &wanted));
            for (place, rule) in mine.enumerate() {
                let prefix = format!("SecurityGroupRuleDescription.{}", place + 1);
                parameters.add(format!("{prefix}.SecurityGroupRuleId"), xml::text(rule, "securityGroupRuleId"));
                parameters
                    .add(format!("{prefix}.Description"), filled(&work.planned, "description").unwrap_or_default());
            }
            call(&work.at, action, &parameters).await.map(drop).map_err(|fault| fault.problem(&doing))
        })
    }

    fn delete<'a>(&'a self, work: &'a Work<'a>) -> Call<'a, Done<()>> {
        Box::pin(async move {
            let group = filled(&work.prior, "security_group_id").unwrap_or_default();
            let is_egress = filled(&work.prior, "type").as_deref() == Some("egress");
            let gone = revoke(&work.at, &group, is_egress, &atoms(&work.prior, &group)).await;
            gone.map_err(|fault| fault.problem(&format!("Removing a rule of the security group {group}")))
        })
    }
}

fn is_one_of(rule: &Json, is_egress: bool, wanted: &[Atom]) -> bool {
    xml::is_true(rule, "isEgress") == is_egress
        && Atom::told(rule).is_some_and(|told| wanted.iter().any(|atom| atom.allows_what(&told)))
}

async fn read(at: &At, object: &Value) -> Done<Option<Json>> {
    let group = filled(object, "security_group_id").unwrap_or_default();
    if find_by(at, &super::security_group::SOURCE, &group).await?.is_none() {
        return Ok(None);
    }
    let told = of_group(at, &group).await;
    let told = told.map_err(|fault| fault.problem(&format!("Getting the rules of the security group {group}")))?;
    let is_egress = filled(object, "type").as_deref() == Some("egress");
    let wanted = atoms(object, &group);
    let mine: Vec<&Json> = told.iter().filter(|rule| is_one_of(rule, is_egress, &wanted)).collect();
    if mine.is_empty() {
        return Ok(None);
    }
    let found: Vec<Atom> = mine.iter().filter_map(|rule| Atom::told(rule)).collect();
    let of = |attribute: &str| -> Json {
        let ids: Vec<String> = wanted
            .iter()
            .filter(|atom| atom.peer.0 == attribute && found.iter().any(|told| told.allows_what(atom)))
            .map(|atom| atom.peer.1.clone())
            .collect();
        if ids.is_empty() { Json::Null } else { json!(ids) }
    };
    let description = found.first().map(|atom| atom.description.clone()).filter(|text| !text.is_empty());
    let mut described = json!({
        "id": id_of(object),
        "security_group_id": group,
        "cidr_blocks": of("cidr_blocks"),
        "ipv6_cidr_blocks": of("ipv6_cidr_blocks"),
        "prefix_list_ids": of("prefix_list_ids"),
        "description": description,
        "security_group_rule_id": if mine.len() == 1 { xml::text(mine[0], "securityGroupRuleId") } else { "" },
        "self": flag(object, "self") == Some(true),
        "source_security_group_id": filled(object, "source_security_group_id"),
    });
    for attribute in ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids"] {
        // An empty list stays as it is written.
        if described[attribute].is_null() && part(object, attribute).element_count() == Some(0) {
            described[attribute] = json!([]);
        }
    }
    Ok(Some(described))
}

/// Returns the id: it has none of its own in EC2, so that it follows from what the rule says.
fn id_of(object: &Value) -> String {
    let group = filled(object, "security_group_id").unwrap_or_default();
    let mut all = atoms(object, &group);
    all.sort();
    let mut text = format!("{group} {}", filled(object, "type").unwrap_or_default());
    for atom in all {
        text.push_str(&format!(" {} {} {} {}", atom.protocol, atom.from, atom.to, atom.peer.1));
    }
    let digest = text.bytes().fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("sgrule-{digest}")
}

#[cfg(test)]
mod tests {
    use super::{Kind, SecurityGroupRule};

    #[test]
    fn ids_for_imports_name_group_direction_ports_and_peers() {
        let keys = SecurityGroupRule.parse_id("sg-1_ingress_tcp_443_443_10.0.0.0/8_self").expect("an id");
        assert_eq!((&keys["security_group_id"], &keys["from_port"]), (&"sg-1".into(), &443.into()));
        assert_eq!((keys["cidr_blocks"][0].as_str(), keys["self"].as_bool()), (Some("10.0.0.0/8"), Some(true)));
        assert!(SecurityGroupRule.parse_id("sg-1_ingress_tcp").is_none());
    }
}
