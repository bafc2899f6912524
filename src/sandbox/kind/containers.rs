//! Containers as clusters of Kubernetes see them: nodes of this machine, with folders for volumes, and no load balancers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::cluster::{self, Container, KindCluster};
use super::workloads;
use crate::kubernetes::cloud::{
    Asked, Balancer, BalancerWanted, Cloud, Instance, Machine, NodeSet, Volume, VolumeWanted,
};
use crate::world::{Changed, Records};

/// This machine, for the controllers of clusters of containers.
pub struct Containers;

/// The provisioner of the storage class that images of kind bring.
pub(super) const PROVISIONER: &str = "rancher.io/local-path";

impl Cloud for Containers {
    fn name(&self) -> &'static str {
        "kind"
    }

    fn has_balancers(&self) -> bool {
        false
    }

    fn concerned(&self, _: &Records, changed: &Changed) -> Option<String> {
        let text = changed.after.as_ref().or(changed.before.as_ref())?;
        cluster::read(&changed.name, text).map(|cluster| cluster.id)
    }

    fn has(&self, records: &Records, cluster: &str) -> bool {
        cluster::of_kubernetes(records, cluster).is_some()
    }

    fn node_sets(&self, records: &Records, cluster: &str) -> Vec<NodeSet> {
        let cluster = cluster::of_kubernetes(records, cluster);
        cluster.iter().flat_map(KindCluster::joined).map(node_set).collect()
    }

    fn create_instance(&self, asked: &mut Asked<'_, '_>, set: &NodeSet, _: usize) -> Result<Instance, String> {
        let cluster = cluster::of_kubernetes(asked.change, asked.cluster).ok_or("the cluster is gone")?;
        let container = cluster.joined().find(|container| container.name == set.name).ok_or("the container is gone")?;
        Ok(Instance {
            provider_id: format!("kind://docker/{}/{}", cluster.name, container.name),
            host: container.name.clone(),
            address: container.address.clone(),
            ..Instance::default()
        })
    }

    fn has_instance(&self, records: &Records, cluster: &str, provider_id: &str) -> bool {
        let name = provider_id.rsplit('/').next().unwrap_or_default();
        let cluster = cluster::of_kubernetes(records, cluster);
        cluster.is_some_and(|cluster| cluster.containers.iter().any(|container| container.name == name))
    }

    // Containers go with their cluster, never alone.
    fn delete_instance(&self, _: &mut Asked<'_, '_>, _: &str) {}

    fn balancer(&self, _: &mut Asked<'_, '_>, _: &BalancerWanted<'_>) -> Result<Balancer, String> {
        Err("kind has no load balancers".to_owned())
    }

    fn delete_balancer(&self, _: &mut Asked<'_, '_>, _: &str, _: &str) -> Option<Duration> {
        None
    }

    fn provisions(&self, provisioner: &str) -> bool {
        provisioner == PROVISIONER
    }

    fn create_volume(&self, _: &mut Asked<'_, '_>, wanted: &VolumeWanted<'_>) -> Result<Volume, String> {
        if wanted.node.is_empty() {
            return Err("configuration error, no node was specified".to_owned());
        }
        Ok(Volume { id: wanted.name.to_owned(), node: Some(wanted.node.to_owned()), ..Volume::default() })
    }

    fn resize_volume(&self, _: &mut Asked<'_, '_>, _: &str, _: i64) -> Result<(), String> {
        Err(format!("{PROVISIONER} does not resize"))
    }

    fn attach_volume(&self, _: &mut Asked<'_, '_>, _: &str, _: Option<&str>) -> Result<(), String> {
        Ok(())
    }

    fn delete_volume(&self, _: &mut Asked<'_, '_>, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn workloads(&self, records: &Records, cluster: &str) -> Vec<Json> {
        cluster::of_kubernetes(records, cluster).map_or_else(Vec::new, |cluster| workloads::all(&cluster))
    }
}

fn node_set(container: &Container) -> NodeSet {
    // All nodes share this machine, and each takes it for its own.
    let amounts: BTreeMap<String, i64> =
        [("cpu", 8000), ("ephemeral-storage", 256 << 30), ("memory", 16 << 30), ("pods", 110)]
            .map(|(name, amount)| (name.to_owned(), amount))
            .into();
    let machine = Machine {
        kind: String::new(),
        architecture: "amd64".to_owned(),
        capacity: amounts.clone(),
        allocatable: amounts,
        image: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        kernel: "6.12.0".to_owned(),
    };
    NodeSet {
        name: container.name.clone(),
        desired: 1,
        labels: container.labels.clone(),
        taints: container.taints.clone(),
        version: minor(&container.version),
        kubelet: format!("v{}", container.version),
        machine,
        unavailable_max: 1,
        ..NodeSet::default()
    }
}

/// Returns the minor version of a version: `1.35` of `1.35.0`.
pub(super) fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}
