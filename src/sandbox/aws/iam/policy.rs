//! Managed policies and their versions: those of the account, and those of AWS.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::call::{Invocation, Kind, arn, conflict, exists, limit, no_such, text, validation};
use super::managed::{self, Managed};
use super::{document, tags};
use crate::aws::account::ACCOUNT;
use crate::aws::query::Error;
use crate::aws::signature::escape;
use crate::world::Records;

const POLICIES_MAX: usize = 1500;
const VERSIONS_MAX: usize = 5;
/// Characters of a policy, without those that only set it out.
const LENGTH_MAX: usize = 6144;

/// Returns the record of a policy of the account.
fn own(records: &Records, arn: &str) -> Option<Json> {
    let name = arn.strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:policy/"))?.rsplit('/').next()?;
    records.get::<Json>(&Kind::Policy.record(name)).filter(|policy| policy["Arn"] == arn)
}

/// Tells whether there is a policy, of the account or of AWS.
pub fn is_there(records: &Records, arn: &str) -> bool {
    managed::find(arn).is_some() || own(records, arn).is_some()
}

/// A policy that a request names.
enum Found {
    Own(Json),
    Aws(&'static Managed),
}

fn find(invocation: &Invocation<'_, '_>) -> Result<Found, Error> {
    let arn = invocation.needed("PolicyArn")?;
    if !arn.starts_with("arn:") || arn.len() < 20 {
        return Err(validation(format!("Invalid ARN:  Could not be parsed!: {arn}")));
    }
    if let Some(policy) = managed::find(&arn) {
        return Ok(Found::Aws(policy));
    }
    own(invocation.change, &arn).map(Found::Own).ok_or_else(|| no_such(format!("Policy {arn} was not found.")))
}

fn find_own(invocation: &Invocation<'_, '_>) -> Result<Json, Error> {
    match find(invocation)? {
        Found::Own(policy) => Ok(policy),
        Found::Aws(_) => Err(Error::of_status(
            "AccessDenied",
            403,
            "Policies of AWS can neither be changed nor deleted by an account.",
        )),
    }
}

fn keep(invocation: &mut Invocation<'_, '_>, policy: &Json) {
    let name = Kind::Policy.record(text(policy, "PolicyName"));
    invocation.change.put(&name, policy);
}

/// How often policies are attached to roles, and how often they are the boundary of one.
#[derive(Default)]
struct Uses {
    attached: BTreeMap<String, u64>,
    boundaries: BTreeMap<String, u64>,
}

fn uses(invocation: &Invocation<'_, '_>) -> Uses {
    let mut uses = Uses::default();
    for role in invocation.all(Kind::Role) {
        for attached in role["_attached"].as_array().into_iter().flatten() {
            *uses.attached.entry(text(attached, "PolicyArn").to_owned()).or_default() += 1;
        }
        if let Some(boundary) = role["PermissionsBoundary"]["PermissionsBoundaryArn"].as_str() {
            *uses.boundaries.entry(boundary.to_owned()).or_default() += 1;
        }
    }
    uses
}

/// Returns a policy as answers show it.
fn shown(found: &Found, uses: &Uses) -> Json {
    let mut policy = match found {
        Found::Aws(policy) => policy.shown(),
        Found::Own(policy) => policy.clone(),
    };
    if let Some(members) = policy.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
        if members.get("Tags").and_then(Json::as_array).is_some_and(Vec::is_empty) {
            members.remove("Tags");
        }
    }
    let count = |uses: &BTreeMap<String, u64>| uses.get(text(&policy, "Arn")).copied().unwrap_or_default();
    let (attached, boundaries) = (count(&uses.attached), count(&uses.boundaries));
    policy["AttachmentCount"] = json!(attached);
    policy["PermissionsBoundaryUsageCount"] = json!(boundaries);
    policy
}

fn document_of(invocation: &Invocation<'_, '_>) -> Result<String, Error> {
    let policy = invocation.needed("PolicyDocument")?;
    document::check_permissions(&policy)?;
    if policy.chars().filter(|character| !character.is_whitespace()).count() > LENGTH_MAX {
        return Err(limit(format!("Cannot exceed quota for PolicySize: {LENGTH_MAX}")));
    }
    Ok(policy)
}

/// `CreatePolicy`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.name("PolicyName", 128)?;
    let path = invocation.path()?;
    let policy = document_of(invocation)?;
    let record = Kind::Policy.record(&name);
    if invocation.change.has(&record) {
        return Err(exists(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
    }
    if invocation.change.under(&Kind::Policy.record("")).count() >= POLICIES_MAX {
        return Err(limit(format!("Cannot exceed quota for PoliciesPerAccount: {POLICIES_MAX}")));
    }
    let date = invocation.date();
    let policy = json!({
        "PolicyName": name,
        "PolicyId": Kind::Policy.id(),
        "Arn": arn("policy", &path, &name),
        "Path": path,
        "DefaultVersionId": "v1",
        "IsAttachable": true,
        "Description": invocation.description()?,
        "CreateDate": date,
        "UpdateDate": date,
        "Tags": tags::read(&invocation.form, &[])?,
        "_versions": [{"VersionId": "v1", "Document": policy, "CreateDate": date}],
        "_next": 2,
    });
    keep(invocation, &policy);
    let mut policy = shown(&Found::Own(policy), &Uses::default());
    // Only `GetPolicy` tells it.
    policy["Description"] = Json::Null;
    Ok(json!({"Policy": policy}))
}

/// `GetPolicy`.
pub fn get(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let policy = find(invocation)?;
    Ok(json!({"Policy": shown(&policy, &uses(invocation))}))
}

/// `ListPolicies`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let scope = invocation.form.get("Scope").unwrap_or("All");
    if !["All", "AWS", "Local"].contains(&scope) {
        return Err(super::call::constraint("Scope", scope, "Member must satisfy enum value set: [All, AWS, Local]"));
    }
    let uses = uses(invocation);
    let mut all: Vec<Found> = Vec::new();
    if scope != "AWS" {
        all.extend(invocation.all(Kind::Policy).into_iter().map(Found::Own));
    }
    if scope != "Local" {
        all.extend(managed::ALL.iter().map(Found::Aws));
    }
    let is_attached_only = invocation.form.get("OnlyAttached") == Some("true");
    let used = match invocation.form.get("PolicyUsageFilter") {
        Some("PermissionsBoundary") => &uses.boundaries,
        _ => &uses.attached,
    };
    let mut list: Vec<(String, Json)> = Vec::new();
    for found in &all {
        let mut policy = shown(found, &uses);
        if !invocation.is_under_path(text(&policy, "Path")) {
            continue;
        }
        if is_attached_only && !used.contains_key(text(&policy, "Arn")) {
            continue;
        }
        for member in ["Tags", "Description"] {
            policy[member] = Json::Null;
        }
        list.push((text(&policy, "Arn").to_owned(), policy));
    }
    list.sort_by(|one, other| one.0.cmp(&other.0));
    invocation.page("Policies", list)
}

/// `DeletePolicy`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let policy = find_own(invocation)?;
    let uses = uses(invocation);
    let arn = text(&policy, "Arn");
    if uses.attached.contains_key(arn) || uses.boundaries.contains_key(arn) {
        return Err(conflict("Cannot delete a policy attached to entities."));
    }
    if policy["_versions"].as_array().is_some_and(|versions| versions.len() > 1) {
        return Err(conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    invocation.change.remove(&Kind::Policy.record(text(&policy, "PolicyName")));
    Ok(Json::Null)
}

fn version_shown(policy: &Json, version: &Json, with_document: bool) -> Json {
    let is_default = version["VersionId"] == policy["DefaultVersionId"];
    let mut shown = json!({
        "VersionId": version["VersionId"], "IsDefaultVersion": is_default, "CreateDate": version["CreateDate"],
    });
    if with_document {
        shown["Document"] = json!(escape(text(version, "Document"), false));
    }
    shown
}

fn versions_of(found: &Found) -> (Json, Vec<Json>) {
    match found {
        Found::Own(policy) => (policy.clone(), policy["_versions"].as_array().cloned().unwrap_or_default()),
        Found::Aws(policy) => (policy.shown(), vec![policy.version()]),
    }
}

/// `CreatePolicyVersion`.
pub fn create_version(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut policy = find_own(invocation)?;
    let document = document_of(invocation)?;
    let mut versions = policy["_versions"].as_array().cloned().unwrap_or_default();
    if versions.len() >= VERSIONS_MAX {
        return Err(limit(format!(
            "A managed policy can have up to {VERSIONS_MAX} versions. Before you create a new version, you must delete an existing version."
        )));
    }
    let number = policy["_next"].as_u64().unwrap_or(2);
    let date = invocation.date();
    let version = json!({"VersionId": format!("v{number}"), "Document": document, "CreateDate": date});
    versions.push(version.clone());
    policy["_versions"] = json!(versions);
    policy["_next"] = json!(number + 1);
    policy["UpdateDate"] = json!(date);
    if invocation.form.get("SetAsDefault") == Some("true") {
        policy["DefaultVersionId"] = version["VersionId"].clone();
    }
    keep(invocation, &policy);
    Ok(json!({"PolicyVersion": version_shown(&policy, &version, false)}))
}

fn version_id(invocation: &Invocation<'_, '_>) -> Result<String, Error> {
    let id = invocation.needed("VersionId")?;
    let is_id = id.strip_prefix('v').is_some_and(|digits| digits.parse::<u32>().is_ok_and(|number| number > 0));
    if is_id {
        return Ok(id);
    }
    let rule = "Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?";
    Err(super::call::constraint("VersionId", &id, rule))
}

fn no_version(policy: &Json, id: &str) -> Error {
    no_such(format!("Policy {} version {id} does not exist or is not attachable.", text(policy, "Arn")))
}

/// `GetPolicyVersion`.
pub fn get_version(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = version_id(invocation)?;
    let (policy, versions) = versions_of(&find(invocation)?);
    let version = versions.iter().find(|version| version["VersionId"] == *id);
    let version = version.ok_or_else(|| no_version(&policy, &id))?;
    Ok(json!({"PolicyVersion": version_shown(&policy, version, true)}))
}

/// `ListPolicyVersions`.
pub fn list_versions(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (policy, versions) = versions_of(&find(invocation)?);
    // The newest first; keys of pages rise.
    let key = |version: &Json| {
        let number: u32 = text(version, "VersionId").trim_start_matches('v').parse().unwrap_or_default();
        format!("{:010}", u32::MAX - number)
    };
    let mut list: Vec<(String, Json)> =
        versions.iter().map(|version| (key(version), version_shown(&policy, version, false))).collect();
    list.sort_by(|one, other| one.0.cmp(&other.0));
    invocation.page("Versions", list)
}

/// `DeletePolicyVersion`.
pub fn delete_version(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = version_id(invocation)?;
    let mut policy = find_own(invocation)?;
    if policy["DefaultVersionId"] == *id {
        return Err(conflict("Cannot delete the default version of a policy."));
    }
    let before = policy.clone();
    let versions = policy["_versions"].as_array_mut();
    let is_there = versions.is_some_and(|versions| {
        let count = versions.len();
        versions.retain(|version| version["VersionId"] != *id);
        versions.len() < count
    });
    if !is_there {
        return Err(no_version(&before, &id));
    }
    keep(invocation, &policy);
    Ok(Json::Null)
}

/// `SetDefaultPolicyVersion`.
pub fn set_default_version(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let id = version_id(invocation)?;
    let mut policy = find_own(invocation)?;
    let mut versions = policy["_versions"].as_array().into_iter().flatten();
    if !versions.any(|version| version["VersionId"] == *id) {
        return Err(no_version(&policy, &id));
    }
    policy["DefaultVersionId"] = json!(id);
    policy["UpdateDate"] = json!(invocation.date());
    keep(invocation, &policy);
    Ok(Json::Null)
}

/// `ListEntitiesForPolicy`. Groups and users have no policies here.
pub fn list_entities(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (policy, _) = versions_of(&find(invocation)?);
    let arn = text(&policy, "Arn");
    let is_asked_for = invocation.form.get("EntityFilter").is_none_or(|filter| filter == "Role");
    let is_boundary = invocation.form.get("PolicyUsageFilter") == Some("PermissionsBoundary");
    let has = |role: &Json| {
        if is_boundary {
            return role["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn;
        }
        role["_attached"].as_array().is_some_and(|attached| attached.iter().any(|known| known["PolicyArn"] == arn))
    };
    let roles = invocation.all(Kind::Role).into_iter().filter(|role| is_asked_for && has(role));
    let roles = roles.filter(|role| invocation.is_under_path(text(role, "Path")));
    let roles: Vec<(String, Json)> = roles
        .map(|role| {
            (text(&role, "RoleName").to_owned(), json!({"RoleName": role["RoleName"], "RoleId": role["RoleId"]}))
        })
        .collect();
    let mut page = invocation.page("PolicyRoles", roles)?;
    page["PolicyGroups"] = json!([]);
    page["PolicyUsers"] = json!([]);
    Ok(page)
}
