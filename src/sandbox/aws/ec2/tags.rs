//! Tags of everything that EC2 has.

use serde_json::{Value as Json, json};

use super::call::{Error, Invocation, done, filter, merge_tags, page, read_tags};
use super::kind::{KINDS, Kind, SECURITY_GROUP, of};
use super::region::{Region, list, list_mut, text};

/// What has tags: an object, or a rule within a security group.
enum Tagged {
    Object(&'static Kind, Json),
    Rule(Json, usize),
}

impl Tagged {
    fn find(region: &Region<'_, '_>, id: &str) -> Result<Tagged, Error> {
        if id.starts_with("sgr-") {
            let mut groups = region.all(&SECURITY_GROUP).into_iter();
            let found = groups.find_map(|group| {
                let place = list(&group, "_rules").iter().position(|rule| rule["securityGroupRuleId"] == id)?;
                Some(Tagged::Rule(group, place))
            });
            let text = format!("The security group rule ID '{id}' does not exist");
            return found.ok_or_else(|| Error::new("InvalidSecurityGroupRuleId.NotFound", text));
        }
        let Some(kind) = of(id) else {
            return Err(Error::new("InvalidID", format!("The ID '{id}' is not valid")));
        };
        region.get(kind, id).map(|object| Tagged::Object(kind, object))
    }

    fn tags(&mut self) -> &mut Vec<Json> {
        match self {
            Tagged::Object(_, object) => list_mut(object, "tagSet"),
            Tagged::Rule(group, place) => list_mut(&mut list_mut(group, "_rules")[*place], "tagSet"),
        }
    }

    fn put(&self, region: &mut Region<'_, '_>) {
        match self {
            Tagged::Object(kind, object) => region.put(kind, object),
            Tagged::Rule(group, _) => region.put(&SECURITY_GROUP, group),
        }
    }
}

/// `CreateTags`.
pub fn create(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let tags = read_tags(&invocation.parameters)?;
    let ids = invocation.parameters.list("ResourceId");
    if ids.is_empty() || tags.is_empty() {
        let name = if ids.is_empty() { "resourceIdSet" } else { "tagSet" };
        return Err(super::call::missing(name));
    }
    for id in ids {
        let mut tagged = Tagged::find(&invocation.region, &id)?;
        merge_tags(tagged.tags(), &tags)?;
        tagged.put(&mut invocation.region);
    }
    Ok(done())
}

/// `DeleteTags`: without tags all of them; with a value only if it is that.
pub fn delete(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let wanted = invocation.parameters.structures("Tag");
    for id in invocation.parameters.list("ResourceId") {
        let mut tagged = Tagged::find(&invocation.region, &id)?;
        tagged.tags().retain(|tag| {
            let is_it = wanted.iter().any(|wanted| {
                tag["key"] == wanted.get("Key").unwrap_or_default()
                    && wanted.get("Value").is_none_or(|value| tag["value"] == value)
            });
            text(tag, "key").starts_with("aws:") || !(is_it || wanted.is_empty())
        });
        tagged.put(&mut invocation.region);
    }
    Ok(done())
}

/// `DescribeTags`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut all = Vec::new();
    for kind in KINDS {
        for object in invocation.region.all(kind) {
            for tag in list(&object, "tagSet") {
                all.push(json!({
                    "resourceId": object[kind.id], "resourceType": kind.resource_type,
                    "key": tag["key"], "value": tag["value"],
                }));
            }
        }
    }
    let known = [("key", "key"), ("resource-id", "resourceId"), ("resource-type", "resourceType"), ("value", "value")];
    filter(invocation, &known, &mut all)?;
    page(invocation, "tagSet", all)
}
