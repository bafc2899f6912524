//! Tags of roles, policies, instance profiles and identity providers.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::call::{Invocation, Kind, invalid_input, limit, no_such, text, validation};
use super::{instance_profile, oidc, role};
use crate::aws::account::ACCOUNT;
use crate::aws::query::{Error, Parameters};

const TAGS_MAX: usize = 50;

/// Reads the tags that a request gives, and adds them to those that there are.
pub fn read(form: &Parameters, before: &[Json]) -> Result<Json, Error> {
    let (mut tags, mut keys) = (before.to_vec(), BTreeSet::new());
    for tag in form.structures("Tags") {
        let (key, value) = (tag.get("Key").unwrap_or_default(), tag.get("Value").unwrap_or_default());
        if key.is_empty() || key.chars().count() > 128 {
            return Err(validation(format!(
                "1 validation error detected: Value '{key}' at 'tags.member.key' failed to satisfy constraint: Member must have length between 1 and 128"
            )));
        }
        if value.chars().count() > 256 {
            return Err(validation(format!(
                "1 validation error detected: Value '{value}' at 'tags.member.value' failed to satisfy constraint: Member must have length less than or equal to 256"
            )));
        }
        let is_character = |character: char| character.is_alphanumeric() || " _.:/=+-@".contains(character);
        if !key.chars().all(is_character) || !value.chars().all(is_character) {
            return Err(validation(format!(
                "1 validation error detected: Value '{key}' at 'tags.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]+"
            )));
        }
        if key.to_lowercase().starts_with("aws:") {
            return Err(invalid_input("Tag keys that begin with aws: are reserved for AWS."));
        }
        if !keys.insert(key.to_lowercase()) {
            return Err(invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        tags.retain(|known| !text(known, "Key").eq_ignore_ascii_case(key));
        tags.push(json!({"Key": key, "Value": value}));
    }
    if tags.len() > TAGS_MAX {
        return Err(limit(format!("The number of tags has reached the maximum limit of {TAGS_MAX}.")));
    }
    Ok(json!(tags))
}

/// Returns the name of the record whose tags are asked for, and the record.
fn resource(invocation: &Invocation<'_, '_>) -> Result<(String, Json), Error> {
    if invocation.form.has("RoleName") {
        let role = role::find(invocation)?;
        return Ok((role::record(text(&role, "RoleName")), role));
    }
    if invocation.form.has("InstanceProfileName") {
        return instance_profile::find(invocation);
    }
    if invocation.form.has("OpenIDConnectProviderArn") {
        return oidc::find(invocation);
    }
    let arn = invocation.needed("PolicyArn")?;
    let name = arn.strip_prefix(&format!("arn:aws:iam::{ACCOUNT}:policy/")).and_then(|rest| rest.rsplit('/').next());
    let record = Kind::Policy.record(name.unwrap_or_default());
    let policy = invocation.change.get::<Json>(&record).filter(|policy| policy["Arn"] == *arn);
    policy.map(|policy| (record, policy)).ok_or_else(|| no_such(format!("Policy {arn} was not found.")))
}

fn tags_of(resource: &Json) -> Vec<Json> {
    resource["Tags"].as_array().cloned().unwrap_or_default()
}

/// `TagRole` and its like.
pub fn add(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, mut resource) = resource(invocation)?;
    resource["Tags"] = read(&invocation.form, &tags_of(&resource))?;
    invocation.change.put(&record, &resource);
    Ok(Json::Null)
}

/// `UntagRole` and its like.
pub fn remove(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (record, mut resource) = resource(invocation)?;
    let keys = invocation.form.list("TagKeys");
    let mut tags = tags_of(&resource);
    tags.retain(|tag| !keys.iter().any(|key| text(tag, "Key").eq_ignore_ascii_case(key)));
    resource["Tags"] = json!(tags);
    invocation.change.put(&record, &resource);
    Ok(Json::Null)
}

/// `ListRoleTags` and its like.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (_, resource) = resource(invocation)?;
    let mut tags: Vec<(String, Json)> =
        tags_of(&resource).into_iter().map(|tag| (text(&tag, "Key").to_owned(), tag)).collect();
    tags.sort_by(|one, other| one.0.cmp(&other.0));
    invocation.page("Tags", tags)
}
