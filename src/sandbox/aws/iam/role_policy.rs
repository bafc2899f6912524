//! Policies of roles: managed ones that are attached, and those written into the role.

use serde_json::{Value as Json, json};

use super::PROPAGATION_MILLISECONDS;
use super::call::{Invocation, limit, no_such, text};
use super::{document, role};
use crate::aws::query::Error;
use crate::aws::signature::escape;

const ATTACHED_MAX: usize = 10;
/// Characters of all policies written into a role, without those that only set them out.
const INLINE_LENGTH_MAX: usize = 10_240;

/// `AttachRolePolicy`.
pub fn attach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = role::find_changeable(invocation)?;
    let policy = invocation.needed("PolicyArn")?;
    role::check_attachable(invocation, &policy)?;
    let mut attached = role["_attached"].as_array().cloned().unwrap_or_default();
    if attached.iter().any(|known| known["PolicyArn"] == *policy) {
        return Ok(Json::Null);
    }
    if attached.len() >= ATTACHED_MAX {
        return Err(limit(format!("Cannot exceed quota for PoliciesPerRole: {ATTACHED_MAX}")));
    }
    let known = invocation.now.as_millis() as u64 + PROPAGATION_MILLISECONDS;
    let name = policy.rsplit('/').next().unwrap_or_default();
    attached.push(json!({"PolicyName": name, "PolicyArn": policy, "_known": known}));
    role["_attached"] = json!(attached);
    role::keep(invocation, &role);
    Ok(Json::Null)
}

/// `DetachRolePolicy`.
pub fn detach(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = role::find_changeable(invocation)?;
    let policy = invocation.needed("PolicyArn")?;
    let attached = role["_attached"].as_array_mut();
    let is_there = attached.is_some_and(|attached| {
        let before = attached.len();
        attached.retain(|known| known["PolicyArn"] != *policy);
        attached.len() < before
    });
    if !is_there {
        return Err(no_such(format!("Policy {policy} was not found.")));
    }
    role::keep(invocation, &role);
    Ok(Json::Null)
}

/// `ListAttachedRolePolicies`.
pub fn list_attached(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let role = role::find(invocation)?;
    let attached = role["_attached"].as_array().into_iter().flatten();
    let attached = attached.filter(|policy| {
        let path = text(policy, "PolicyArn").split_once(":policy").map_or("/", |(_, rest)| rest);
        invocation.is_under_path(path)
    });
    let mut list: Vec<(String, Json)> =
        attached.map(|policy| (text(policy, "PolicyArn").to_owned(), policy.clone())).collect();
    list.sort_by(|one, other| one.0.cmp(&other.0));
    invocation.page("AttachedPolicies", list)
}

/// `PutRolePolicy`.
pub fn put(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = role::find_changeable(invocation)?;
    let name = invocation.name("PolicyName", 128)?;
    let policy = invocation.needed("PolicyDocument")?;
    document::check_permissions(&policy)?;
    let mut inline = role["_inline"].as_object().cloned().unwrap_or_default();
    inline.insert(name, json!(policy));
    let length = |policy: &Json| {
        policy.as_str().unwrap_or_default().chars().filter(|character| !character.is_whitespace()).count()
    };
    if inline.values().map(length).sum::<usize>() > INLINE_LENGTH_MAX {
        let name = text(&role, "RoleName");
        return Err(limit(format!("Maximum policy size of {INLINE_LENGTH_MAX} bytes exceeded for role {name}")));
    }
    role["_inline"] = Json::Object(inline);
    role::keep(invocation, &role);
    Ok(Json::Null)
}

fn missing(name: &str) -> Error {
    no_such(format!("The role policy with name {name} cannot be found."))
}

/// `GetRolePolicy`.
pub fn get(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let role = role::find(invocation)?;
    let name = invocation.name("PolicyName", 128)?;
    let policy = role["_inline"][&*name].as_str().ok_or_else(|| missing(&name))?;
    Ok(json!({"RoleName": role["RoleName"], "PolicyName": name, "PolicyDocument": escape(policy, false)}))
}

/// `ListRolePolicies`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let role = role::find(invocation)?;
    let mut names: Vec<&String> = role["_inline"].as_object().into_iter().flat_map(|inline| inline.keys()).collect();
    names.sort();
    invocation.page("PolicyNames", names.into_iter().map(|name| (name.clone(), json!(name))).collect())
}

/// `DeleteRolePolicy`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = role::find_changeable(invocation)?;
    let name = invocation.name("PolicyName", 128)?;
    let is_there = role["_inline"].as_object_mut().is_some_and(|inline| inline.shift_remove(&name).is_some());
    if !is_there {
        return Err(missing(&name));
    }
    role::keep(invocation, &role);
    Ok(Json::Null)
}
