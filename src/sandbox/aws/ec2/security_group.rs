//! Security groups and their rules.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, Parameters, done, filter, page};
use super::kind::{NETWORK_INTERFACE, SECURITY_GROUP, VPC, VPC_ENDPOINT, describe_as};
use super::region::{Region, list, list_mut, text};
use super::rules;
use crate::aws::account::ACCOUNT;

const GROUPS_MAX: usize = 2500;
/// In each direction.
const RULES_MAX: usize = 60;

/// Makes a group in a VPC.
pub fn make(region: &mut Region<'_, '_>, vpc: &str, name: &str, description: &str, tags: Vec<Json>) -> Json {
    let id = region.new_id(&SECURITY_GROUP);
    let everywhere = json!({"ipProtocol": "-1", "fromPort": -1, "toPort": -1, "cidrIpv4": "0.0.0.0/0"});
    let group = json!({
        "groupId": id,
        "securityGroupArn": format!("arn:aws:ec2:{}:{ACCOUNT}:security-group/{id}", region.name),
        "groupName": name,
        "groupDescription": description,
        "vpcId": vpc,
        "ownerId": ACCOUNT,
        "tagSet": tags,
        "_rules": [rules::make(&region.name, &id, true, &everywhere)],
    });
    region.put(&SECURITY_GROUP, &group);
    group
}

/// Makes the group that a VPC is born with: whoever is in it may talk to each other.
pub fn make_default(region: &mut Region<'_, '_>, vpc: &str) {
    let mut group = make(region, vpc, "default", "default VPC security group", Vec::new());
    let id = text(&group, "groupId").to_owned();
    let own = json!({"ipProtocol": "-1", "fromPort": -1, "toPort": -1, "referencedGroupInfo": {"groupId": id, "userId": ACCOUNT}});
    let rule = rules::make(&region.name, &id, false, &own);
    list_mut(&mut group, "_rules").push(rule);
    region.put(&SECURITY_GROUP, &group);
}

/// Checks and makes a group.
pub fn create_in(
    region: &mut Region<'_, '_>,
    vpc: &str,
    name: &str,
    description: &str,
    tags: Vec<Json>,
) -> Result<Json, Error> {
    if name == "default" {
        let text = "Cannot use reserved security group name: default";
        return Err(Error::new("InvalidParameterValue", text));
    }
    if name.starts_with("sg-") {
        let text =
            format!("Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*");
        return Err(Error::new("InvalidParameterValue", text));
    }
    for (what, value) in [("GroupName", name), ("GroupDescription", description)] {
        let is_usual =
            |character: char| character.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(character);
        if value.is_empty() || value.len() > 255 || !value.chars().all(is_usual) {
            let text = format!(
                "Value ({value}) for parameter {what} is invalid. Character sets beyond ASCII are not supported."
            );
            return Err(Error::new("InvalidParameterValue", text));
        }
    }
    let others = region.with(&SECURITY_GROUP, "vpcId", vpc);
    if others.iter().any(|other| other["groupName"] == name) {
        let text = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(Error::new("InvalidGroup.Duplicate", text));
    }
    if region.all(&SECURITY_GROUP).len() >= GROUPS_MAX {
        let text = "The maximum number of security groups has been reached.";
        return Err(Error::new("SecurityGroupLimitExceeded", text));
    }
    Ok(make(region, vpc, name, description, tags))
}

/// `CreateSecurityGroup`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (name, description) = (invocation.needed("GroupName")?, invocation.needed("GroupDescription")?);
    let vpc = match invocation.get("VpcId") {
        Some(id) => invocation.region.get(&VPC, &id)?,
        None => default_vpc(invocation)?,
    };
    let tags = invocation.tags("security-group")?;
    let group = create_in(&mut invocation.region, text(&vpc, "vpcId"), &name, &description, tags)?;
    Ok(json!({
        "return": true, "groupId": group["groupId"], "securityGroupArn": group["securityGroupArn"],
        // Without tags there is not even an empty list.
        "tagSet": Some(&group["tagSet"]).filter(|tags| tags.as_array().is_some_and(|tags| !tags.is_empty())),
    }))
}

fn default_vpc(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let missing = || Error::new("VPCIdNotSpecified", "No default VPC for this user");
    invocation.region.all(&VPC).into_iter().find(|vpc| vpc["isDefault"] == true).ok_or_else(missing)
}

/// Returns the group that a request names.
fn named(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    if let Some(id) = invocation.get("GroupId") {
        return invocation.region.get(&SECURITY_GROUP, &id);
    }
    let Some(name) = invocation.get("GroupName") else {
        let text = "The request must contain the parameter groupName or groupId";
        return Err(Error::new("MissingParameter", text));
    };
    let vpc = default_vpc(invocation)?;
    let mut all = invocation.region.with(&SECURITY_GROUP, "vpcId", text(&vpc, "vpcId")).into_iter();
    let missing = || Error::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist"));
    all.find(|group| group["groupName"] == *name).ok_or_else(missing)
}

/// `DeleteSecurityGroup`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let group = named(invocation)?;
    remove(&mut invocation.region, &group)?;
    Ok(json!({"return": true, "groupId": group["groupId"]}))
}

/// Removes a group that nothing uses.
pub fn remove(region: &mut Region<'_, '_>, group: &Json) -> Result<(), Error> {
    let id = text(group, "groupId");
    if group["groupName"] == "default" {
        let text = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Error::new("CannotDelete", text));
    }
    let has_group = |object: &Json| list(object, "groupSet").iter().any(|other| other["groupId"] == id);
    let is_named = |other: &Json| {
        other["groupId"] != id && list(other, "_rules").iter().any(|rule| rule["referencedGroupInfo"]["groupId"] == id)
    };
    let is_used = region.all(&NETWORK_INTERFACE).iter().any(has_group)
        || region.all(&VPC_ENDPOINT).iter().any(has_group)
        || region.with(&SECURITY_GROUP, "vpcId", text(group, "vpcId")).iter().any(is_named);
    if is_used {
        return Err(Error::new("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    region.remove(&SECURITY_GROUP, id);
    Ok(())
}

/// `DescribeSecurityGroups`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let names = invocation.parameters.list("GroupName");
    let mut answer = describe_as(invocation, &SECURITY_GROUP, show)?;
    for name in &names {
        if !list(&answer, "securityGroupInfo").iter().any(|group| group["groupName"] == **name) {
            return Err(Error::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist")));
        }
    }
    if !names.is_empty() {
        list_mut(&mut answer, "securityGroupInfo")
            .retain(|group| names.iter().any(|name| group["groupName"] == **name));
    }
    Ok(answer)
}

fn show(_region: &Region<'_, '_>, mut group: Json) -> Json {
    let of = |egress: bool| rules::permissions(list(&group, "_rules").iter().filter(|rule| rule["isEgress"] == egress));
    let (ingress, egress) = (of(false), of(true));
    group["ipPermissions"] = json!(ingress);
    group["ipPermissionsEgress"] = json!(egress);
    group
}

/// Adds rules to a group.
pub fn authorize(
    region: &mut Region<'_, '_>,
    group: &mut Json,
    is_egress: bool,
    new: &[Json],
) -> Result<Vec<Json>, Error> {
    let id = text(group, "groupId").to_owned();
    let mut made = Vec::new();
    for what in new {
        let known = list(group, "_rules").iter().filter(|rule| rule["isEgress"] == is_egress);
        if known.clone().any(|rule| rules::are_same(rule, what)) {
            let text = format!("the specified rule \"{}\" already exists", rules::described(what));
            return Err(Error::new("InvalidPermission.Duplicate", text));
        }
        if known.count() >= RULES_MAX {
            let text = "The maximum number of rules per security group has been reached.";
            return Err(Error::new("RulesPerSecurityGroupLimitExceeded", text));
        }
        let rule = rules::make(&region.name, &id, is_egress, what);
        list_mut(group, "_rules").push(rule.clone());
        made.push(rule);
    }
    region.put(&SECURITY_GROUP, group);
    Ok(made)
}

fn authorize_in(invocation: &mut Invocation<'_, '_>, is_egress: bool) -> Result<Json, Error> {
    let mut group = named(invocation)?;
    let mut new = rules::read(invocation, &group)?;
    if new.is_empty() {
        return Err(Error::new("MissingParameter", "The request must contain the parameter ipPermissions"));
    }
    let tags = invocation.tags("security-group-rule")?;
    for rule in &mut new {
        rule["tagSet"] = json!(tags);
    }
    let made = authorize(&mut invocation.region, &mut group, is_egress, &new)?;
    Ok(json!({"return": true, "securityGroupRuleSet": made}))
}

/// `AuthorizeSecurityGroupIngress`.
pub fn authorize_ingress(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    authorize_in(invocation, false)
}

/// `AuthorizeSecurityGroupEgress`.
pub fn authorize_egress(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    authorize_in(invocation, true)
}

fn revoke_in(invocation: &mut Invocation<'_, '_>, is_egress: bool) -> Result<Json, Error> {
    let mut group = named(invocation)?;
    let ids = invocation.parameters.list("SecurityGroupRuleId");
    let mut gone = Vec::new();
    for id in &ids {
        let place = list(&group, "_rules")
            .iter()
            .position(|rule| rule["securityGroupRuleId"] == **id && rule["isEgress"] == is_egress);
        gone.push(list_mut(&mut group, "_rules").remove(place.ok_or_else(|| missing_rule(id))?));
    }
    for wanted in rules::read(invocation, &group)? {
        let is_it = |rule: &Json| rule["isEgress"] == is_egress && rules::are_same(rule, &wanted);
        let place = list(&group, "_rules").iter().position(is_it).ok_or_else(|| {
            let text = "The specified rule does not exist in this security group.";
            Error::new("InvalidPermission.NotFound", text)
        })?;
        gone.push(list_mut(&mut group, "_rules").remove(place));
    }
    invocation.region.put(&SECURITY_GROUP, &group);
    for rule in &mut gone {
        rule["referencedGroupId"] = rule["referencedGroupInfo"]["groupId"].clone();
        rule["referencedGroupInfo"] = Json::Null;
        rule["tagSet"] = Json::Null;
    }
    Ok(json!({"return": true, "revokedSecurityGroupRuleSet": gone}))
}

fn missing_rule(id: &str) -> Error {
    Error::new("InvalidSecurityGroupRuleId.NotFound", format!("The security group rule ID '{id}' does not exist"))
}

/// `RevokeSecurityGroupIngress`.
pub fn revoke_ingress(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    revoke_in(invocation, false)
}

/// `RevokeSecurityGroupEgress`.
pub fn revoke_egress(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    revoke_in(invocation, true)
}

/// `DescribeSecurityGroupRules`.
pub fn describe_rules(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let ids = invocation.parameters.list("SecurityGroupRuleId");
    let groups = invocation.region.all(&SECURITY_GROUP);
    let mut all: Vec<Json> = groups.iter().flat_map(|group| list(group, "_rules")).cloned().collect();
    for id in &ids {
        if !all.iter().any(|rule| rule["securityGroupRuleId"] == **id) {
            return Err(missing_rule(id));
        }
    }
    all.retain(|rule| ids.is_empty() || ids.iter().any(|id| rule["securityGroupRuleId"] == **id));
    let known = [("group-id", "groupId"), ("security-group-rule-id", "securityGroupRuleId")];
    filter(invocation, &known, &mut all)?;
    page(invocation, "securityGroupRuleSet", all)
}

/// `ModifySecurityGroupRules`.
pub fn modify_rules(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut group = invocation.named(&SECURITY_GROUP, "GroupId")?;
    for given in invocation.parameters.structures("SecurityGroupRule") {
        let id = given.get("SecurityGroupRuleId").unwrap_or_default();
        let place = list(&group, "_rules").iter().position(|rule| rule["securityGroupRuleId"] == id);
        let place = place.ok_or_else(|| missing_rule(id))?;
        let mut what = changed(invocation, &given.within("SecurityGroupRule"))?;
        let old = list(&group, "_rules")[place].clone();
        what["tagSet"] = old["tagSet"].clone();
        let mut new = rules::make(&invocation.region.name, text(&group, "groupId"), old["isEgress"] == true, &what);
        for member in ["securityGroupRuleId", "securityGroupRuleArn"] {
            new[member] = old[member].clone();
        }
        let is_other = |(at, rule): (usize, &Json)| {
            at != place && rule["isEgress"] == new["isEgress"] && rules::are_same(rule, &new)
        };
        if list(&group, "_rules").iter().enumerate().any(is_other) {
            let text = format!("the specified rule \"{}\" already exists", rules::described(&new));
            return Err(Error::new("InvalidPermission.Duplicate", text));
        }
        list_mut(&mut group, "_rules")[place] = new;
    }
    invocation.region.put(&SECURITY_GROUP, &group);
    Ok(done())
}

fn changed(invocation: &Invocation<'_, '_>, given: &Parameters) -> Result<Json, Error> {
    let mut what = rules::ports(given)?;
    if let Some(range) = given.get("CidrIpv4") {
        what["cidrIpv4"] = json!(rules::four(range)?);
    } else if let Some(range) = given.get("CidrIpv6") {
        let wrong = || super::call::invalid("CidrIpv6", range, "CIDR block is malformed");
        what["cidrIpv6"] = json!(super::cidr::six(range).ok_or_else(wrong)?);
    } else if let Some(list) = given.get("PrefixListId") {
        what["prefixListId"] = json!(list);
    } else if let Some(id) = given.get("ReferencedGroupId") {
        let other = invocation.region.get(&SECURITY_GROUP, id)?;
        what["referencedGroupInfo"] = json!({"groupId": other["groupId"], "userId": ACCOUNT});
    } else {
        return Err(Error::new("MissingParameter", "The request must contain what the rule is for"));
    }
    if let Some(description) = rules::checked(given.get("Description"))? {
        what["description"] = json!(description);
    }
    Ok(what)
}

fn describe_rules_in(invocation: &mut Invocation<'_, '_>, is_egress: bool) -> Result<Json, Error> {
    let mut group = named(invocation)?;
    let wanted = rules::read(invocation, &group)?;
    for rule in list_mut(&mut group, "_rules").iter_mut().filter(|rule| rule["isEgress"] == is_egress) {
        if let Some(new) = wanted.iter().find(|new| rules::are_same(rule, new)) {
            rule["description"] = new["description"].clone();
        }
    }
    for given in invocation.parameters.structures("SecurityGroupRuleDescription") {
        let id = given.get("SecurityGroupRuleId").unwrap_or_default();
        let mut all = list_mut(&mut group, "_rules").iter_mut();
        let rule = all.find(|rule| rule["securityGroupRuleId"] == id).ok_or_else(|| missing_rule(id))?;
        rule["description"] = json!(rules::checked(given.get("Description"))?);
    }
    invocation.region.put(&SECURITY_GROUP, &group);
    Ok(done())
}

/// `UpdateSecurityGroupRuleDescriptionsIngress`.
pub fn describe_ingress(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_rules_in(invocation, false)
}

/// `UpdateSecurityGroupRuleDescriptionsEgress`.
pub fn describe_egress(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    describe_rules_in(invocation, true)
}
