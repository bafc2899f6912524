//! IAM: roles, policies and what goes with them. It is the same in all regions.

mod instance_profile;
mod json;
mod openid_connect_provider;
mod policy;
mod policy_document;
mod policy_model;
mod role;
mod role_policy;
mod role_policy_attachment;
mod rules;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_iam::types::Tag;
use sdk::value::Value;
use sdk::{DataSource, ResourceType};

use crate::cloud::Cloud;
use crate::managed::Managed;
use crate::tags;

/// How long what was detached may count as attached.
const DETACHED: Duration = Duration::from_secs(30);

/// Returns the resource types.
pub(crate) fn resources(cloud: &Arc<Cloud>) -> Vec<Box<dyn ResourceType>> {
    let cloud = || cloud.clone();
    vec![
        Box::new(Managed { kind: instance_profile::InstanceProfile, cloud: cloud() }),
        Box::new(Managed { kind: openid_connect_provider::OpenidConnectProvider, cloud: cloud() }),
        Box::new(Managed { kind: policy::Policy, cloud: cloud() }),
        Box::new(Managed { kind: role::Role, cloud: cloud() }),
        Box::new(Managed { kind: role_policy::RolePolicy, cloud: cloud() }),
        Box::new(Managed { kind: role_policy_attachment::RolePolicyAttachment, cloud: cloud() }),
    ]
}

/// Returns the data sources.
pub(crate) fn data_sources() -> Vec<Box<dyn DataSource>> {
    vec![Box::new(policy_document::PolicyDocument)]
}

/// Returns the tags that an object is planned with.
fn planned_tags(object: &Value) -> Option<Vec<Tag>> {
    tags::planned(object).map(to_tags)
}

fn to_tags(tags: impl IntoIterator<Item = (String, String)>) -> Vec<Tag> {
    let mut tags: Vec<(String, String)> = tags.into_iter().collect();
    tags.sort();
    tags.into_iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// Returns the tags that IAM tells.
fn found_tags(tags: Option<Vec<Tag>>) -> HashMap<String, String> {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}
