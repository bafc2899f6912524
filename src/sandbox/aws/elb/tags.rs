//! Tags of load balancers, target groups and listeners.

use serde_json::{Value as Json, json};

use super::{Invocation, find, listener, load_balancer, put, target_group};
use crate::aws::query::{Error, Parameters};

/// Reads the tags of a request.
pub fn read(parameters: &Parameters) -> Vec<(String, String)> {
    let tags = parameters.structures("Tags").into_iter();
    tags.filter_map(|tag| Some((tag.get("Key")?.to_owned(), tag.get("Value").unwrap_or_default().to_owned()))).collect()
}

/// Returns what an ARN is of.
fn of(invocation: &Invocation<'_, '_>, arn: &str) -> Result<(&'static str, Json), Error> {
    let (kind, code) = match arn {
        _ if arn.contains(":targetgroup/") => (target_group::KIND, "TargetGroupNotFound"),
        _ if arn.contains(":listener/") => (listener::KIND, "ListenerNotFound"),
        _ => (load_balancer::KIND, "LoadBalancerNotFound"),
    };
    let missing = || Error::new(code, format!("'{arn}' not found"));
    find(&invocation.region, kind, arn).map(|object| (kind, object)).ok_or_else(missing)
}

/// `AddTags`.
pub fn add(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let new = read(&invocation.parameters);
    for arn in invocation.parameters.list("ResourceArns") {
        let (kind, mut object) = of(invocation, &arn)?;
        if let Some(tags) = object["_tags"].as_array_mut() {
            tags.retain(|tag| !new.iter().any(|(key, _)| tag["Key"] == **key));
            tags.extend(new.iter().map(|(key, value)| json!({"Key": key, "Value": value})));
        }
        put(&mut invocation.region, kind, &arn, &object);
    }
    Ok(json!({}))
}

/// `RemoveTags`.
pub fn remove(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let keys = invocation.parameters.list("TagKeys");
    for arn in invocation.parameters.list("ResourceArns") {
        let (kind, mut object) = of(invocation, &arn)?;
        if let Some(tags) = object["_tags"].as_array_mut() {
            tags.retain(|tag| !keys.iter().any(|key| tag["Key"] == **key));
        }
        put(&mut invocation.region, kind, &arn, &object);
    }
    Ok(json!({}))
}

/// `DescribeTags`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let mut found = Vec::new();
    for arn in invocation.parameters.list("ResourceArns") {
        let (_, object) = of(invocation, &arn)?;
        found.push(json!({"ResourceArn": arn, "Tags": object["_tags"]}));
    }
    Ok(json!({"TagDescriptions": found}))
}
