//! Instance profiles: what gives a machine its role.

use serde_json::{Value as Json, json};

use super::call::{Invocation, Kind, arn, conflict, exists, limit, no_such, text};
use super::{role, tags};
use crate::aws::query::Error;

const PROFILES_MAX: usize = 1000;

/// Returns the name of the record of a profile that the request names, and the record.
pub fn find(invocation: &Invocation<'_, '_>) -> Result<(String, Json), Error> {
    let name = invocation.name("InstanceProfileName", 128)?;
    let record = Kind::InstanceProfile.record(&name);
    let profile = invocation.change.get::<Json>(&record);
    let profile = profile.ok_or_else(|| no_such(format!("Instance Profile {name} cannot be found.")))?;
    Ok((record, profile))
}

/// Returns a profile as answers show it.
fn shown(invocation: &Invocation<'_, '_>, profile: &Json) -> Json {
    let mut shown = profile.clone();
    let role = profile["_role"].as_str().and_then(|name| invocation.change.get::<Json>(&role::record(name)));
    let roles: Vec<Json> = role.iter().map(role::listed).collect();
    if let Some(members) = shown.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    shown["Roles"] = json!(roles);
    shown
}

/// `CreateInstanceProfile`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let name = invocation.name("InstanceProfileName", 128)?;
    let path = invocation.path()?;
    let record = Kind::InstanceProfile.record(&name);
    if invocation.change.has(&record) {
        return Err(exists(format!("Instance Profile {name} already exists.")));
    }
    if invocation.change.under(&Kind::InstanceProfile.record("")).count() >= PROFILES_MAX {
        return Err(limit(format!("Cannot exceed quota for InstanceProfilesPerAccount: {PROFILES_MAX}")));
    }
    let profile = json!({
        "Path": path,
        "InstanceProfileName": name,
        "InstanceProfileId": Kind::InstanceProfile.id(),
        "Arn": arn("instance-profile", &path, &name),
        "CreateDate": invocation.date(),
        "Tags": tags::read(&invocation.form, &[])?,
    });
    invocation.change.put(&record, &profile);
    Ok(json!({"InstanceProfile": shown(invocation, &profile)}))
}

/// `GetInstanceProfile`.
pub fn get(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (_, profile) = find(invocation)?;
    Ok(json!({"InstanceProfile": shown(invocation, &profile)}))
}

fn listed(invocation: &Invocation<'_, '_>, wanted: impl Fn(&Json) -> bool) -> Result<Json, Error> {
    let profiles = invocation.all(Kind::InstanceProfile).into_iter().filter(|profile| wanted(profile));
    let profiles: Vec<(String, Json)> = profiles
        .map(|profile| {
            let mut shown = shown(invocation, &profile);
            shown["Tags"] = Json::Null;
            (text(&profile, "InstanceProfileName").to_ascii_lowercase(), shown)
        })
        .collect();
    invocation.page("InstanceProfiles", profiles)
}

/// `ListInstanceProfiles`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    listed(invocation, |profile| invocation.is_under_path(text(profile, "Path")))
}

/// `ListInstanceProfilesForRole`.
pub fn list_for_role(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let role = role::find(invocation)?;
    listed(invocation, |profile| profile["_role"] == role["RoleName"])
}

/// `DeleteInstanceProfile`.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, profile) = find(invocation)?;
    if profile["_role"].is_string() {
        return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    invocation.change.remove(&record);
    Ok(Json::Null)
}

/// `AddRoleToInstanceProfile`.
pub fn add_role(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, mut profile) = find(invocation)?;
    let role = role::find(invocation)?;
    if profile["_role"].is_string() {
        return Err(limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
    }
    profile["_role"] = role["RoleName"].clone();
    invocation.change.put(&record, &profile);
    Ok(Json::Null)
}

/// `RemoveRoleFromInstanceProfile`.
pub fn remove_role(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, mut profile) = find(invocation)?;
    let name = invocation.name("RoleName", 64)?;
    if profile["_role"] != *name {
        let profile = text(&profile, "InstanceProfileName");
        return Err(no_such(format!("Role {name} in instance profile {profile} cannot be found.")));
    }
    if let Some(members) = profile.as_object_mut() {
        members.remove("_role");
    }
    invocation.change.put(&record, &profile);
    Ok(Json::Null)
}
