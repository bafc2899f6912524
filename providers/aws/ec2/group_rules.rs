//! Rules of security groups: taken apart into one for each peer, told by EC2, and put together as blocks again.

use std::collections::BTreeMap;

use sdk::value::{Type, Value};
use serde_json::{Value as Json, json};

use super::client::{Parameters, call};
use super::xml;
use crate::cloud::At;
use crate::fault::Answer;
use crate::fields::{filled, flag, number, texts};

/// Whom a rule is about: `cidr_blocks`, `ipv6_cidr_blocks`, `prefix_list_ids` or `security_groups`, and which.
pub(super) type Peer = (&'static str, String);

/// Kinds of peers: attribute, list of a request with its member, member of answers.
const PEERS: &[(&str, &str, &str, &str)] = &[
    ("cidr_blocks", "IpRanges", "CidrIp", "cidrIpv4"),
    ("ipv6_cidr_blocks", "Ipv6Ranges", "CidrIpv6", "cidrIpv6"),
    ("prefix_list_ids", "PrefixListIds", "PrefixListId", "prefixListId"),
    ("security_groups", "Groups", "GroupId", ""),
];

/// A rule for one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Atom {
    pub(super) protocol: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) peer: Peer,
    pub(super) description: String,
}

impl Atom {
    /// Tells whether both allow the same, whatever people read of it.
    pub(super) fn allows_what(&self, other: &Atom) -> bool {
        (&self.protocol, self.from, self.to, &self.peer) == (&other.protocol, other.from, other.to, &other.peer)
    }

    /// Reads what EC2 tells of a rule.
    pub(super) fn told(rule: &Json) -> Option<Atom> {
        let group = xml::text(&rule["referencedGroupInfo"], "groupId");
        let peer = PEERS.iter().find_map(|(attribute, _, _, member)| {
            let id = if member.is_empty() { group } else { xml::text(rule, member) };
            (!id.is_empty()).then(|| (*attribute, id.to_owned()))
        })?;
        let port = |name: &str| xml::text(rule, name).parse().unwrap_or(-1);
        let protocol = xml::text(rule, "ipProtocol").to_owned();
        let has_ports = has_ports(&protocol);
        Some(Atom {
            from: if has_ports { port("fromPort") } else { 0 },
            to: if has_ports { port("toPort") } else { 0 },
            protocol,
            peer,
            description: xml::text(rule, "description").to_owned(),
        })
    }
}

fn has_ports(protocol: &str) -> bool {
    ["tcp", "udp", "icmp", "icmpv6"].contains(&protocol)
}

/// Writes a protocol as EC2 does.
pub(super) fn protocol(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "all" | "-1" => "-1",
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        other => return other.to_owned(),
    }
    .to_owned()
}

/// Takes a block apart; `group` is the one that it belongs to.
pub(super) fn atoms(block: &Value, group: &str) -> Vec<Atom> {
    let protocol = protocol(&filled(block, "protocol").unwrap_or_default());
    let port = |name: &str| if has_ports(&protocol) { number(block, name).map_or(-1, i64::from) } else { 0 };
    let mut peers: Vec<Peer> = Vec::new();
    for (attribute, ..) in PEERS {
        peers.extend(texts(block, attribute).unwrap_or_default().into_iter().map(|id| (*attribute, id)));
    }
    if flag(block, "self") == Some(true) {
        peers.push(("security_groups", group.to_owned()));
    }
    if let Some(source) = filled(block, "source_security_group_id") {
        peers.push(("security_groups", source));
    }
    let description = filled(block, "description").unwrap_or_default();
    let (from, to) = (port("from_port"), port("to_port"));
    let make = |peer| Atom { protocol: protocol.clone(), from, to, peer, description: description.clone() };
    peers.into_iter().map(make).collect()
}

/// Puts rules together: one block for those that differ in their peers only.
pub(super) fn blocks(atoms: &[Atom], group: &str) -> Vec<Json> {
    let mut together: BTreeMap<(String, i64, i64, String), Vec<&Peer>> = BTreeMap::new();
    for atom in atoms {
        let key = (atom.protocol.clone(), atom.from, atom.to, atom.description.clone());
        together.entry(key).or_default().push(&atom.peer);
    }
    let block = |((protocol, from, to, description), peers): (_, Vec<&Peer>)| {
        let of = |kind: &str| {
            let ids = peers.iter().filter(|(known, id)| *known == kind && !(kind == "security_groups" && id == group));
            ids.map(|(_, id)| id.clone()).collect::<Vec<String>>()
        };
        json!({
            "protocol": protocol,
            "from_port": from,
            "to_port": to,
            "description": description,
            "cidr_blocks": of("cidr_blocks"),
            "ipv6_cidr_blocks": of("ipv6_cidr_blocks"),
            "prefix_list_ids": of("prefix_list_ids"),
            "security_groups": of("security_groups"),
            "self": peers.iter().any(|(kind, id)| *kind == "security_groups" && id == group),
        })
    };
    together.into_iter().map(block).collect()
}

/// Returns the type of a block.
pub(super) fn block_type() -> Type {
    Type::object([
        ("cidr_blocks", Type::list(Type::String)),
        ("description", Type::String),
        ("from_port", Type::Number),
        ("ipv6_cidr_blocks", Type::list(Type::String)),
        ("prefix_list_ids", Type::list(Type::String)),
        ("protocol", Type::String),
        ("security_groups", Type::set(Type::String)),
        ("self", Type::Bool),
        ("to_port", Type::Number),
    ])
}

/// Returns all rules of a group: those that let in, and those that let out.
pub(super) async fn of_group(at: &At, group: &str) -> Answer<Vec<Json>> {
    let parameters = Parameters::default().filter("group-id", &[group.to_owned()]);
    super::client::list(at, "DescribeSecurityGroupRules", "securityGroupRuleSet", parameters).await
}

/// Returns what a call about rules needs.
fn parameters(group: &str, atoms: &[Atom]) -> Parameters {
    let mut parameters = Parameters::of(&[("GroupId", group)]);
    for (place, atom) in atoms.iter().enumerate() {
        let prefix = format!("IpPermissions.{}", place + 1);
        parameters.add(format!("{prefix}.IpProtocol"), &*atom.protocol);
        if has_ports(&atom.protocol) {
            parameters.add(format!("{prefix}.FromPort"), atom.from.to_string());
            parameters.add(format!("{prefix}.ToPort"), atom.to.to_string());
        }
        let kind = PEERS.iter().find(|(attribute, ..)| *attribute == atom.peer.0);
        let (list, member) = kind.map_or(("IpRanges", "CidrIp"), |kind| (kind.1, kind.2));
        parameters.add(format!("{prefix}.{list}.1.{member}"), &*atom.peer.1);
        if !atom.description.is_empty() {
            parameters.add(format!("{prefix}.{list}.1.Description"), &*atom.description);
        }
    }
    parameters
}

/// Adds rules; those that are there already are no error.
pub(super) async fn authorize(at: &At, group: &str, is_egress: bool, atoms: &[Atom]) -> Answer<()> {
    if atoms.is_empty() {
        return Ok(());
    }
    let action = if is_egress { "AuthorizeSecurityGroupEgress" } else { "AuthorizeSecurityGroupIngress" };
    match call(at, action, &parameters(group, atoms)).await {
        Ok(_) => Ok(()),
        // Some of them are there: one after the other.
        Err(fault) if fault.is("InvalidPermission.Duplicate") || fault.is_uncertain => {
            for atom in atoms {
                match call(at, action, &parameters(group, std::slice::from_ref(atom))).await {
                    Err(fault) if !fault.is("InvalidPermission.Duplicate") => return Err(fault),
                    _ => {}
                }
            }
            Ok(())
        }
        Err(fault) => Err(fault),
    }
}

/// Takes rules away; those that are gone already are no error.
pub(super) async fn revoke(at: &At, group: &str, is_egress: bool, atoms: &[Atom]) -> Answer<()> {
    let action = if is_egress { "RevokeSecurityGroupEgress" } else { "RevokeSecurityGroupIngress" };
    for atom in atoms {
        match call(at, action, &parameters(group, std::slice::from_ref(atom))).await {
            Err(fault) if !fault.is("InvalidPermission.NotFound") && !super::client::is_missing(&fault) => {
                return Err(fault);
            }
            _ => {}
        }
    }
    Ok(())
}
