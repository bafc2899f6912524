//! Rules of security groups: read from requests, compared, and shown as permissions.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, Parameters, invalid};
use super::cidr;
use super::kind::SECURITY_GROUP;
use super::region::{Region, id, text};
use crate::aws::account::ACCOUNT;

/// What a rule is for, as its record has it.
const SOURCES: [&str; 4] = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedGroupInfo"];

/// Makes a rule of a group.
pub fn make(region: &str, group: &str, is_egress: bool, what: &Json) -> Json {
    let id = id("sgr");
    let mut rule = json!({
        "securityGroupRuleId": id,
        "securityGroupRuleArn": format!("arn:aws:ec2:{region}:{ACCOUNT}:security-group-rule/{id}"),
        "groupId": group,
        "groupOwnerId": ACCOUNT,
        "isEgress": is_egress,
        "tagSet": [],
    });
    for (member, value) in what.as_object().into_iter().flatten() {
        rule[member] = value.clone();
    }
    rule
}

/// Tells whether two rules allow the same.
pub fn are_same(one: &Json, other: &Json) -> bool {
    let group = |rule: &Json| rule["referencedGroupInfo"]["groupId"].clone();
    ["ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId"]
        .into_iter()
        .all(|member| one[member] == other[member])
        && group(one) == group(other)
}

/// Writes what a rule is for as EC2 does in errors.
pub fn described(rule: &Json) -> String {
    let peer = SOURCES[..3].iter().find_map(|member| rule[*member].as_str());
    let peer = peer.or(rule["referencedGroupInfo"]["groupId"].as_str()).unwrap_or_default();
    match text(rule, "ipProtocol") {
        "-1" => format!("peer: {peer}, ALL, ALLOW"),
        "icmp" | "icmpv6" => {
            let protocol = text(rule, "ipProtocol").to_uppercase();
            format!("peer: {peer}, {protocol}, type: {}, code: {}, ALLOW", rule["fromPort"], rule["toPort"])
        }
        protocol => {
            let protocol = protocol.to_uppercase();
            format!("peer: {peer}, {protocol}, from port: {}, to port: {}, ALLOW", rule["fromPort"], rule["toPort"])
        }
    }
}

/// Reads the rules of a request, one for each source.
pub fn read(invocation: &Invocation<'_, '_>, group: &Json) -> Result<Vec<Json>, Error> {
    let mut rules = Vec::new();
    for permission in invocation.parameters.structures("IpPermissions") {
        read_permission(&invocation.region, group, &permission, &mut rules)?;
    }
    if rules.is_empty() && (invocation.get("CidrIp").is_some() || invocation.get("SourceSecurityGroupName").is_some()) {
        rules.push(read_short(invocation, group)?);
    }
    Ok(rules)
}

/// Reads the short form: one rule in parameters of its own.
fn read_short(invocation: &Invocation<'_, '_>, group: &Json) -> Result<Json, Error> {
    let mut rule = ports(&invocation.parameters)?;
    match (invocation.get("CidrIp"), invocation.get("SourceSecurityGroupName")) {
        (Some(range), _) => rule["cidrIpv4"] = json!(four(&range)?),
        (None, Some(name)) => {
            let found = named(&invocation.region, text(group, "vpcId"), &name)?;
            rule["referencedGroupInfo"] = json!({"groupId": found["groupId"], "userId": ACCOUNT});
        }
        (None, None) => {}
    }
    Ok(rule)
}

fn named(region: &Region<'_, '_>, vpc: &str, name: &str) -> Result<Json, Error> {
    let mut all = region.with(&SECURITY_GROUP, "vpcId", vpc).into_iter();
    let missing = || Error::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist"));
    all.find(|group| group["groupName"] == name).ok_or_else(missing)
}

fn read_permission(
    region: &Region<'_, '_>,
    group: &Json,
    permission: &Parameters,
    rules: &mut Vec<Json>,
) -> Result<(), Error> {
    let common = ports(permission)?;
    let before = rules.len();
    let mut add = |member: &str, value: Json, description: Option<&str>| {
        let mut rule = common.clone();
        rule[member] = value;
        if let Some(description) = description {
            rule["description"] = json!(description);
        }
        rules.push(rule);
    };
    for source in permission.structures("IpRanges") {
        let range = four(source.get("CidrIp").unwrap_or_default())?;
        add("cidrIpv4", json!(range), checked(source.get("Description"))?);
    }
    for source in permission.structures("Ipv6Ranges") {
        let range = source.get("CidrIpv6").unwrap_or_default();
        let wrong = || invalid("CidrIpv6", range, "CIDR block is malformed");
        add("cidrIpv6", json!(cidr::six(range).ok_or_else(wrong)?), checked(source.get("Description"))?);
    }
    for source in permission.structures("PrefixListIds") {
        add("prefixListId", json!(source.get("PrefixListId")), checked(source.get("Description"))?);
    }
    for source in permission.structures("Groups") {
        let found = match (source.get("GroupId"), source.get("GroupName")) {
            (Some(id), _) => region.get(&SECURITY_GROUP, id)?,
            (None, Some(name)) => named(region, text(group, "vpcId"), name)?,
            (None, None) => return Err(super::call::missing("groupId")),
        };
        if found["vpcId"] != group["vpcId"] {
            let text = format!(
                "You have specified two resources that belong to different networks: {} and {}",
                text(group, "groupId"),
                text(&found, "groupId")
            );
            return Err(Error::new("InvalidGroup.NotFound", text));
        }
        let value = json!({"groupId": found["groupId"], "userId": ACCOUNT});
        add("referencedGroupInfo", value, checked(source.get("Description"))?);
    }
    if rules.len() == before {
        return Err(Error::new(
            "MissingParameter",
            "Either 'cidrIp', 'cidrIpv6', 'prefixListId' or 'sourceSecurityGroupId' should be provided.",
        ));
    }
    Ok(())
}

/// Reads a range of IPv4; bits behind the prefix must be 0, as security groups want it.
pub fn four(text: &str) -> Result<String, Error> {
    let wrong = || Error::new("InvalidParameterValue", format!("CIDR block {text} is malformed"));
    cidr::Range::read(text).map(|range| range.to_string()).ok_or_else(wrong)
}

/// Checks a description.
pub fn checked(description: Option<&str>) -> Result<Option<&str>, Error> {
    let is_allowed = |text: &str| {
        let is_usual =
            |character: char| character.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(character);
        text.len() <= 255 && text.chars().all(is_usual)
    };
    match description {
        Some(text) if !is_allowed(text) => Err(Error::new(
            "InvalidParameterValue",
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        )),
        other => Ok(other.filter(|text| !text.is_empty())),
    }
}

/// Reads protocol and ports.
pub fn ports(parameters: &Parameters) -> Result<Json, Error> {
    let given = parameters.get("IpProtocol").ok_or_else(|| super::call::missing("ipProtocol"))?.to_ascii_lowercase();
    let protocol = match &*given {
        "6" => "tcp",
        "17" => "udp",
        "1" => "icmp",
        "58" => "icmpv6",
        "all" => "-1",
        other => other,
    };
    let is_number = protocol.parse::<u8>().is_ok();
    if !["tcp", "udp", "icmp", "icmpv6", "-1"].contains(&protocol) && !is_number {
        return Err(Error::new(
            "InvalidParameterValue",
            format!("Invalid value '{given}' for IP protocol. Unknown protocol."),
        ));
    }
    let number = |name: &str| match parameters.get(name) {
        None => Ok(None),
        Some(text) => text.parse::<i64>().map(Some).map_err(|_| invalid(name, text, "Invalid integer value")),
    };
    let (from, to) = (number("FromPort")?, number("ToPort")?);
    match protocol {
        "tcp" | "udp" => {
            let (Some(from), Some(to)) = (from, to) else {
                return Err(Error::new(
                    "InvalidParameterValue",
                    "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
                ));
            };
            let is_port = |port: i64| (0..=65_535).contains(&port);
            if !is_port(from) || !is_port(to) || from > to {
                let wrong = if is_port(from) { to } else { from };
                return Err(Error::new(
                    "InvalidParameterValue",
                    format!("Invalid value '{wrong}' for portRange. Must be between 0 and 65535, from not behind to."),
                ));
            }
            Ok(json!({"ipProtocol": protocol, "fromPort": from, "toPort": to}))
        }
        "icmp" | "icmpv6" => {
            Ok(json!({"ipProtocol": protocol, "fromPort": from.unwrap_or(-1), "toPort": to.unwrap_or(-1)}))
        }
        // Ports mean nothing for all others.
        _ => Ok(json!({"ipProtocol": protocol, "fromPort": -1, "toPort": -1})),
    }
}

/// Puts rules together as permissions: one for each protocol with its ports.
pub fn permissions<'r>(rules: impl Iterator<Item = &'r Json>) -> Vec<Json> {
    let mut permissions: Vec<Json> = Vec::new();
    for rule in rules {
        let has_ports = text(rule, "ipProtocol") != "-1" && text(rule, "ipProtocol").parse::<u8>().is_err();
        let ports = |member: &str| if has_ports { rule[member].clone() } else { Json::Null };
        let (from, to) = (ports("fromPort"), ports("toPort"));
        let is_it = |permission: &Json| {
            permission["ipProtocol"] == rule["ipProtocol"]
                && permission["fromPort"] == from
                && permission["toPort"] == to
        };
        let place = match permissions.iter().position(is_it) {
            Some(place) => place,
            None => {
                permissions.push(json!({
                    "ipProtocol": rule["ipProtocol"], "fromPort": from, "toPort": to,
                    "groups": [], "ipRanges": [], "ipv6Ranges": [], "prefixListIds": [],
                }));
                permissions.len() - 1
            }
        };
        let description = rule["description"].clone();
        let group = &rule["referencedGroupInfo"];
        let (list, source) = if rule["cidrIpv4"].is_string() {
            ("ipRanges", json!({"cidrIp": rule["cidrIpv4"], "description": description}))
        } else if rule["cidrIpv6"].is_string() {
            ("ipv6Ranges", json!({"cidrIpv6": rule["cidrIpv6"], "description": description}))
        } else if rule["prefixListId"].is_string() {
            ("prefixListIds", json!({"prefixListId": rule["prefixListId"], "description": description}))
        } else {
            ("groups", json!({"groupId": group["groupId"], "userId": group["userId"], "description": description}))
        };
        super::region::list_mut(&mut permissions[place], list).push(source);
    }
    permissions
}
