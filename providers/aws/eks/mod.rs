//! EKS: clusters, what is in them, and what all of its resource types share.

mod access_entry;
mod access_policy_association;
mod addon;
mod addon_settings;
mod cluster;
mod cluster_addons;
mod cluster_read;
mod cluster_route;
mod cluster_steps;
mod cluster_version;
mod data;
mod drain;
mod fargate_profile;
mod identity_provider_config;
mod inside;
mod node_group;
mod node_group_parts;
mod node_group_shape;
mod pod_identity_association;
mod rules;
mod tagging;
mod token;
mod update;

use std::sync::Arc;

use sdk::{DataSource, Lock, ResourceType};

use crate::cloud::Cloud;
use crate::managed::Managed;

pub(crate) use cluster_read::moment;

use cluster_read::none_if_empty;

/// Returns the resource types.
pub(crate) fn resources(cloud: &Arc<Cloud>) -> Vec<Box<dyn ResourceType>> {
    let cloud = || cloud.clone();
    vec![
        Box::new(Managed { kind: access_entry::AccessEntry, cloud: cloud() }),
        Box::new(Managed { kind: access_policy_association::AccessPolicyAssociation, cloud: cloud() }),
        Box::new(Managed { kind: addon::Addon, cloud: cloud() }),
        Box::new(Managed { kind: cluster::Cluster, cloud: cloud() }),
        Box::new(Managed { kind: fargate_profile::FargateProfile, cloud: cloud() }),
        Box::new(Managed { kind: identity_provider_config::IdentityProvider, cloud: cloud() }),
        Box::new(Managed { kind: node_group::NodeGroup, cloud: cloud() }),
        Box::new(Managed { kind: pod_identity_association::PodIdentityAssociation, cloud: cloud() }),
    ]
}

/// Returns the data sources.
pub(crate) fn data_sources(cloud: &Arc<Cloud>) -> Vec<Box<dyn DataSource>> {
    vec![
        Box::new(data::AddonVersion(cloud.clone())),
        Box::new(data::ClusterAuth(cloud.clone())),
        Box::new(data::ClusterData(cloud.clone())),
        Box::new(data::ClusterVersions(cloud.clone())),
    ]
}

/// Returns what locks of a cluster are called.
fn lock_key(region: Option<String>, cluster: &str) -> String {
    format!("eks/{}/{cluster}", region.unwrap_or_default())
}

/// Nothing else is done to the cluster, or in it, meanwhile.
fn whole_cluster(object: &sdk::value::Value, name: &str) -> Vec<Lock> {
    let cluster = crate::fields::text(object, name);
    let region = crate::fields::text(object, "region");
    cluster.map(|cluster| Lock::exclusive(lock_key(region, &cluster))).into_iter().collect()
}

/// Others may be done in the cluster meanwhile, but nothing to the cluster.
fn inside_cluster(object: &sdk::value::Value) -> Vec<Lock> {
    let cluster = crate::fields::text(object, "cluster_name");
    let region = crate::fields::text(object, "region");
    cluster.map(|cluster| Lock::shared(lock_key(region, &cluster))).into_iter().collect()
}

/// Writes what is wrong with something, one sentence per issue: code, message and what it is about.
fn issues(found: impl Iterator<Item = (Option<String>, Option<String>, Vec<String>)>) -> String {
    let mut text = String::new();
    for (code, message, resources) in found {
        text.push_str(&format!(" {}: {}", code.unwrap_or_default(), message.unwrap_or_default()));
        if !text.ends_with('.') {
            text.push('.');
        }
        if !resources.is_empty() {
            text.push_str(&format!(" ({})", resources.join(", ")));
        }
    }
    text
}

#[cfg(test)]
mod tests;
