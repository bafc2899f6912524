//! Tags of all that EKS has.

use serde_json::{Map, Value as Json, json};

use super::call::{Error, Invocation, serialization};

const TAGS_MAX: usize = 50;

/// What resources call their ARN.
const ARNS: &[&str] = &[
    "accessEntryArn",
    "addonArn",
    "arn",
    "associationArn",
    "fargateProfileArn",
    "identityProviderConfigArn",
    "nodegroupArn",
];

/// Reads tags.
pub fn read(value: Option<&Json>) -> Result<Map<String, Json>, Error> {
    let tags = match value {
        None => return Ok(Map::new()),
        Some(Json::Object(tags)) => tags,
        Some(_) => return Err(serialization("tags", "an object")),
    };
    for (key, value) in tags {
        let value = value.as_str().ok_or_else(|| serialization("tags", "an object of strings"))?;
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(Error::parameter(format!("The tag {key} is too long, or has no key")));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Error::parameter("Tag keys must not begin with aws:"));
        }
    }
    if tags.len() > TAGS_MAX { Err(too_many()) } else { Ok(tags.clone()) }
}

fn too_many() -> Error {
    Error::new("BadRequestException", 400, format!("A resource has at most {TAGS_MAX} tags"))
}

/// Returns the name of the record that an ARN is for, and the record.
fn resource(invocation: &Invocation<'_, '_>) -> Result<(String, Json), Error> {
    let arn = invocation.argument("resourceArn");
    let missing = |code, status| Error::new(code, status, format!("No resource is found for the ARN {arn}"));
    let rest = arn.strip_prefix(&invocation.arn("")).ok_or_else(|| missing("BadRequestException", 400))?;
    let name = match rest.split('/').collect::<Vec<_>>()[..] {
        ["cluster", cluster] => invocation.record("clusters", cluster),
        ["nodegroup", cluster, group, _] => invocation.record("nodegroups", &format!("{cluster}/{group}")),
        ["addon", cluster, addon, _] => invocation.record("addons", &format!("{cluster}/{addon}")),
        ["fargateprofile", cluster, profile, _] => {
            invocation.record("fargate-profiles", &format!("{cluster}/{profile}"))
        }
        ["podidentityassociation", cluster, id] => invocation.record("pod-identities", &format!("{cluster}/{id}")),
        ["identityproviderconfig", cluster, "oidc", name, _] => {
            invocation.record("identity-providers", &format!("{cluster}/{name}"))
        }
        ["access-entry", cluster, ..] => {
            let entries = invocation.all_of("access-entries", cluster).into_iter();
            let principal = entries.filter(|(_, entry)| entry["accessEntryArn"] == *arn).map(|(name, _)| name).next();
            invocation.record("access-entries", &format!("{cluster}/{}", principal.unwrap_or_default()))
        }
        _ => return Err(missing("BadRequestException", 400)),
    };
    let found = invocation.change.get::<Json>(&name);
    let found = found.filter(|found| ARNS.iter().any(|member| found[*member] == *arn));
    found.map(|found| (name, found)).ok_or_else(|| missing("NotFoundException", 404))
}

/// `ListTagsForResource`.
pub fn list(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    Ok(json!({"tags": resource(invocation)?.1["tags"]}))
}

/// `TagResource`.
pub fn add(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (name, mut resource) = resource(invocation)?;
    let more =
        read(invocation.body.get("tags")).map_err(|error| Error::new("BadRequestException", 400, error.message))?;
    let mut tags = resource["tags"].as_object().cloned().unwrap_or_default();
    tags.extend(more);
    if tags.len() > TAGS_MAX {
        return Err(too_many());
    }
    resource["tags"] = Json::Object(tags);
    invocation.change.put(&name, &resource);
    Ok(json!({}))
}

/// `UntagResource`.
pub fn remove(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let (name, mut resource) = resource(invocation)?;
    if let Some(tags) = resource["tags"].as_object_mut() {
        tags.retain(|key, _| !invocation.query.iter().any(|(name, value)| name == "tagKeys" && value == key));
    }
    invocation.change.put(&name, &resource);
    Ok(json!({}))
}
