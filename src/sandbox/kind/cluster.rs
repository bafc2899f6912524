//! A cluster of containers, as it is kept: its containers, and how far the program got with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::frame::Frame;
use crate::kubernetes;
use crate::tls::Identity;
use crate::world::{Change, Records};

/// Under what prefix clusters are kept, by their names.
const CLUSTERS: &str = "kind/clusters/";
/// What the names begin with that clusters of containers have among all Kubernetes clusters.
const ID_PREFIX: &str = "kind-";

/// A cluster of containers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KindCluster {
    /// Its name.
    pub(super) name: String,
    /// The name of the Kubernetes cluster in it: one that is made again is another, and its address is another.
    pub(super) id: String,
    /// Its containers.
    pub(super) containers: Vec<Container>,
    /// How far it is.
    pub(super) stage: Stage,
    /// Who may do everything, once there is a control plane.
    pub(super) administrator: Option<Identity>,
}

/// How far the making of a cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// Its containers run, and nothing is in them.
    Prepared,
    /// The first control plane answers.
    Begun,
    /// Pods reach each other.
    Networked,
    /// There is a storage class.
    Stored,
    /// All nodes are there.
    Joined,
}

/// A container of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) role: Role,
    /// The version of Kubernetes in its image: `1.35.0`; empty if there is none in it.
    pub(super) version: String,
    pub(super) address: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) taints: Vec<Json>,
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    ControlPlane,
    Worker,
    ExternalLoadBalancer,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::ControlPlane => "control-plane",
            Role::Worker => "worker",
            Role::ExternalLoadBalancer => "external-load-balancer",
        }
    }
}

impl KindCluster {
    /// Returns the nodes that have joined by now.
    pub(super) fn joined(&self) -> impl Iterator<Item = &Container> {
        let nodes = self.containers.iter().filter(|container| container.role != Role::ExternalLoadBalancer);
        let count = match self.stage {
            Stage::Prepared => 0,
            Stage::Begun | Stage::Networked | Stage::Stored => 1,
            Stage::Joined => self.containers.len(),
        };
        nodes.take(count)
    }
}

/// Returns where a cluster is kept.
pub(super) fn record(name: &str) -> String {
    format!("{CLUSTERS}{name}")
}

/// Returns a name for the Kubernetes cluster in a cluster.
pub(super) fn new_id(name: &str) -> String {
    format!("{ID_PREFIX}{name}-{}", crate::aws::account::random::<4>())
}

/// Returns the cluster that a Kubernetes cluster is in, if it is in one.
pub(super) fn of_kubernetes(records: &Records, id: &str) -> Option<KindCluster> {
    let (name, _) = id.strip_prefix(ID_PREFIX)?.rsplit_once('-')?;
    records.get(&record(name)).filter(|cluster: &KindCluster| cluster.id == id)
}

/// Reads the record of a cluster.
pub(super) fn read(name: &str, text: &str) -> Option<KindCluster> {
    name.strip_prefix(CLUSTERS).and_then(|_| serde_json::from_str(text).ok())
}

fn all(records: &Records) -> impl Iterator<Item = KindCluster> {
    records.under(CLUSTERS).filter_map(|(name, text)| read(name, text))
}

/// Returns the names of all clusters.
pub(super) fn names(frame: &Frame) -> Vec<String> {
    frame.world.look(|records| all(records).map(|cluster| cluster.name).collect())
}

/// Returns the names of the containers of a cluster; of all if it is not named.
pub(super) fn node_names(frame: &Frame, name: &str) -> Vec<String> {
    let is_wanted = |cluster: &KindCluster| name.is_empty() || cluster.name == name;
    let containers = |cluster: KindCluster| cluster.containers.into_iter().map(|container| container.name);
    frame.world.look(|records| all(records).filter(is_wanted).flat_map(containers).collect())
}

/// Returns the addresses that containers have by now: all clusters are in one network.
pub(super) fn addresses(records: &Records) -> Vec<String> {
    all(records).flat_map(|cluster| cluster.containers).map(|container| container.address).collect()
}

/// Returns how a cluster is reached, in the two parts of a kubeconfig that say it.
pub(super) fn kubeconfig(frame: &Frame, name: &str, is_internal: bool) -> Result<Json, String> {
    let cluster: Option<KindCluster> = frame.world.look(|records| records.get(&record(name)));
    let first = |cluster: &KindCluster| cluster.containers.first().map(|container| container.name.clone());
    let Some((cluster, node)) = cluster.and_then(|cluster| first(&cluster).map(|node| (cluster, node))) else {
        return Err(format!(
            "could not locate any control plane nodes for cluster named '{name}'. Use the --name option to select a \
             different cluster"
        ));
    };
    let (Some(administrator), Some(place)) = (&cluster.administrator, frame.place()) else {
        return Err(format!(
            "failed to get cluster internal kubeconfig: command \"docker exec --privileged {node} cat \
             /etc/kubernetes/admin.conf\" failed with error: exit status 1"
        ));
    };
    let mut reached = kubernetes::kubeconfig(
        &kubernetes::Cluster { name: cluster.id.clone(), version: String::new(), token: String::new() },
        place.secure,
        &place.authority.certificate,
    );
    let mut server = reached["clusters"][0]["cluster"].take();
    if is_internal {
        let host = cluster.containers.iter().max_by_key(|container| container.role == Role::ExternalLoadBalancer);
        server["server"] = format!("https://{}:6443", host.map_or(&*node, |host| &host.name)).into();
    }
    let user = json!({
        "client-certificate-data": base64(&administrator.certificate), "client-key-data": base64(&administrator.key),
    });
    Ok(json!({"cluster": server, "user": user}))
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Removes a cluster with everything in it, as a part of a change; returns its containers.
pub fn remove(change: &mut Change<'_>, name: &str) -> Vec<String> {
    let Some(cluster) = change.get::<KindCluster>(&record(name)) else { return Vec::new() };
    kubernetes::delete_cluster(change, &cluster.id);
    change.remove(&record(name));
    cluster.containers.into_iter().map(|container| container.name).collect()
}
