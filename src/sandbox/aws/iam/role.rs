//! Roles: who may become whom.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::PROPAGATION_MILLISECONDS;
use super::call::{Invocation, Kind, arn, conflict, exists, limit, no_such, text, validation};
use super::{document, managed, service_linked, tags};
use crate::aws::account::ACCOUNT;
use crate::aws::query::Error;
use crate::aws::signature::escape;
use crate::world::Records;

const ROLES_MAX: usize = 1000;
/// Characters of a trust policy, without those that only set it out.
const TRUST_LENGTH_MAX: usize = 2048;
/// How long sessions may last unless the role says so, in seconds.
const SESSION_SECONDS: u64 = 3600;

/// Makes the name of a role's record.
pub fn record(name: &str) -> String {
    Kind::Role.record(name)
}

/// Returns a role that the request names.
pub fn find(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.name("RoleName", 64)?;
    let role = invocation.change.get::<Json>(&record(&name));
    role.ok_or_else(|| no_such(format!("The role with name {name} cannot be found.")))
}

/// Returns a role that the request names and that may be changed.
pub fn find_changeable(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    let role = find(invocation)?;
    if service_linked::is_linked(&role) {
        let name = text(&role, "RoleName");
        return Err(Error::new(
            "UnmodifiableEntity",
            format!(
                "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
            ),
        ));
    }
    Ok(role)
}

/// Writes a role's record.
pub fn keep(invocation: &mut Invocation<'_, '_>, role: &Json) {
    let name = record(text(role, "RoleName"));
    invocation.change.put(&name, role);
}

/// Returns a role as answers show it.
pub fn shown(role: &Json) -> Json {
    let mut role = role.clone();
    if let Some(members) = role.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
        if members.get("Tags").and_then(Json::as_array).is_some_and(Vec::is_empty) {
            members.remove("Tags");
        }
    }
    role["AssumeRolePolicyDocument"] = json!(escape(text(&role, "AssumeRolePolicyDocument"), false));
    role
}

/// Returns a role as lists show it.
pub fn listed(role: &Json) -> Json {
    let mut role = shown(role);
    if let Some(members) = role.as_object_mut() {
        for member in ["Tags", "PermissionsBoundary", "RoleLastUsed"] {
            members.remove(member);
        }
    }
    role
}

/// `CreateRole`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.name("RoleName", 64)?;
    let path = invocation.path()?;
    let trust = trust_of(invocation, "AssumeRolePolicyDocument")?;
    let mut role = compose(invocation, &name, &path, &trust);
    role["MaxSessionDuration"] = json!(session_seconds(invocation)?.unwrap_or(SESSION_SECONDS));
    if let Some(description) = invocation.description()? {
        role["Description"] = json!(description);
    }
    if let Some(boundary) = invocation.form.get("PermissionsBoundary") {
        role["PermissionsBoundary"] = boundary_of(invocation, boundary)?;
    }
    role["Tags"] = tags::read(&invocation.form, &[])?;
    add(invocation, &role)?;
    Ok(json!({"Role": shown(&role)}))
}

/// Makes the record of a role.
pub fn compose(invocation: &Invocation<'_, '_>, name: &str, path: &str, trust: &str) -> Json {
    json!({
        "Path": path,
        "RoleName": name,
        "RoleId": Kind::Role.id(),
        "Arn": arn("role", path, name),
        "CreateDate": invocation.date(),
        "AssumeRolePolicyDocument": trust,
        "_known": invocation.now.as_millis() as u64 + PROPAGATION_MILLISECONDS,
    })
}

/// Writes the record of a new role, if there may be one.
pub fn add(invocation: &mut Invocation<'_, '_>, role: &Json) -> Result<(), Error> {
    let name = text(role, "RoleName");
    if invocation.change.has(&record(name)) {
        return Err(exists(format!("Role with name {name} already exists.")));
    }
    if invocation.change.under(&record("")).count() >= ROLES_MAX {
        return Err(limit(format!("Cannot exceed quota for RolesPerAccount: {ROLES_MAX}")));
    }
    keep(invocation, role);
    Ok(())
}

fn trust_of(invocation: &Invocation<'_, '_>, parameter: &str) -> Result<String, Error> {
    let trust = invocation.needed(parameter)?;
    document::check_trust(&trust, invocation.change)?;
    if trust.chars().filter(|character| !character.is_whitespace()).count() > TRUST_LENGTH_MAX {
        return Err(limit(format!("Cannot exceed quota for ACLSizePerRole: {TRUST_LENGTH_MAX}")));
    }
    Ok(trust)
}

fn session_seconds(invocation: &Invocation<'_, '_>) -> Result<Option<u64>, Error> {
    invocation.number("MaxSessionDuration", 3600, 43_200)
}

fn boundary_of(invocation: &Invocation<'_, '_>, policy: &str) -> Result<Json, Error> {
    if !policy.starts_with("arn:") {
        return Err(validation(format!("Value ({policy}) passed in was invalid: it is not an ARN.")));
    }
    if !super::policy::is_there(invocation.change, policy) {
        return Err(no_such(format!("Scope ARN: {policy} does not exist or is not attachable.")));
    }
    Ok(json!({"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": policy}))
}

/// `GetRole`.
pub fn get(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = shown(&find(invocation)?);
    role["RoleLastUsed"] = json!({});
    Ok(json!({"Role": role}))
}

/// `ListRoles`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let roles = invocation.all(Kind::Role).into_iter().filter(|role| invocation.is_under_path(text(role, "Path")));
    let roles: Vec<(String, Json)> =
        roles.map(|role| (text(&role, "RoleName").to_ascii_lowercase(), listed(&role))).collect();
    invocation.page("Roles", roles)
}

/// `UpdateRole`.
pub fn update(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = find_changeable(invocation)?;
    if let Some(description) = invocation.description()? {
        role["Description"] = json!(description);
    }
    if let Some(seconds) = session_seconds(invocation)? {
        role["MaxSessionDuration"] = json!(seconds);
    }
    keep(invocation, &role);
    Ok(json!({}))
}

/// `UpdateRoleDescription`.
pub fn update_description(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = find_changeable(invocation)?;
    role["Description"] = json!(invocation.description()?.unwrap_or_default());
    keep(invocation, &role);
    Ok(json!({"Role": shown(&role)}))
}

/// `UpdateAssumeRolePolicy`.
pub fn update_trust(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = find_changeable(invocation)?;
    let trust = trust_of(invocation, "PolicyDocument")?;
    // Until the change is known everywhere, the policy that was known before holds.
    role["_trust_before"] = role["AssumeRolePolicyDocument"].clone();
    role["_trust_known"] = json!(invocation.now.as_millis() as u64 + PROPAGATION_MILLISECONDS);
    role["AssumeRolePolicyDocument"] = json!(trust);
    keep(invocation, &role);
    Ok(Json::Null)
}

/// `PutRolePermissionsBoundary`.
pub fn put_boundary(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = find_changeable(invocation)?;
    role["PermissionsBoundary"] = boundary_of(invocation, &invocation.needed("PermissionsBoundary")?)?;
    keep(invocation, &role);
    Ok(Json::Null)
}

/// `DeleteRolePermissionsBoundary`.
pub fn delete_boundary(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut role = find_changeable(invocation)?;
    let is_there = role.as_object_mut().is_some_and(|members| members.remove("PermissionsBoundary").is_some());
    if !is_there {
        return Err(no_such(format!("The role with name {} has no permissions boundary.", text(&role, "RoleName"))));
    }
    keep(invocation, &role);
    Ok(Json::Null)
}

/// `DeleteRole`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let role = find_changeable(invocation)?;
    let name = text(&role, "RoleName");
    let is_in_profile = invocation
        .all(Kind::InstanceProfile)
        .iter()
        .any(|profile| profile["_role"].as_str().is_some_and(|role| role.eq_ignore_ascii_case(name)));
    if is_in_profile {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    if role["_attached"].as_array().is_some_and(|attached| !attached.is_empty()) {
        return Err(conflict("Cannot delete entity, must detach all policies first."));
    }
    if role["_inline"].as_object().is_some_and(|inline| !inline.is_empty()) {
        return Err(conflict("Cannot delete entity, must delete policies first."));
    }
    invocation.change.remove(&record(name));
    Ok(Json::Null)
}

/// A role as the rest of AWS knows it: some seconds behind IAM.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its name for the whole of AWS.
    pub arn: String,
    /// Its id.
    pub id: String,
    /// How long a session may last, in seconds.
    pub session_seconds_max: u64,
    /// Its trust policy.
    pub trust: Json,
    /// The policies attached to it, by their ARNs.
    pub policies: Vec<String>,
    /// Policies are written into it, too.
    pub has_inline_policies: bool,
}

/// Returns the role of an ARN, if there is one and it has been there for long enough to be known.
pub fn role_of(records: &Records, arn: &str, now: Duration) -> Option<Role> {
    let name = arn.strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:role/"))?.rsplit('/').next()?;
    let role: Json = records.get(&record(name))?;
    let now = now.as_millis() as u64;
    let is_known = |time: &Json| time.as_u64().unwrap_or_default() <= now;
    if role["Arn"] != arn || !is_known(&role["_known"]) {
        return None;
    }
    let trust = if is_known(&role["_trust_known"]) { "AssumeRolePolicyDocument" } else { "_trust_before" };
    let attached = role["_attached"].as_array().into_iter().flatten().filter(|attached| is_known(&attached["_known"]));
    Some(Role {
        name: text(&role, "RoleName").to_owned(),
        arn: arn.to_owned(),
        id: text(&role, "RoleId").to_owned(),
        session_seconds_max: role["MaxSessionDuration"].as_u64().unwrap_or(SESSION_SECONDS),
        trust: serde_json::from_str(text(&role, trust)).unwrap_or_default(),
        has_inline_policies: role["_inline"].as_object().is_some_and(|inline| !inline.is_empty()),
        policies: attached.map(|attached| text(attached, "PolicyArn").to_owned()).collect(),
    })
}

/// Returns the ARN of the role that a session is of, as `arn:aws:sts::123456789012:assumed-role/name/session` is of `name`.
pub fn role_of_session(records: &Records, session: &str) -> Option<String> {
    let rest = session.strip_prefix(&format!("arn:aws:sts::{ACCOUNT}:assumed-role/"))?;
    let role: Json = records.get(&record(rest.split('/').next()?))?;
    Some(text(&role, "Arn").to_owned())
}

/// Checks that a policy may be attached: it is there, of the account or of AWS.
pub fn check_attachable(invocation: &Invocation<'_, '_>, arn: &str) -> Result<(), Error> {
    if !arn.starts_with("arn:") {
        return Err(Error::new("InvalidInput", format!("ARN {arn} is not valid.")));
    }
    if managed::find(arn).is_some_and(|policy| policy.path == "/aws-service-role/") {
        return Err(Error::new(
            "PolicyNotAttachable",
            format!("Cannot attach a Service Role Policy to a Customer Role: {arn}"),
        ));
    }
    if super::policy::is_there(invocation.change, arn) {
        return Ok(());
    }
    Err(no_such(format!("Policy {arn} does not exist or is not attachable.")))
}
