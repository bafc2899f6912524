//! What a Kubernetes cluster needs of the cloud that it runs in: machines, volumes, load balancers.
//!
//! Everything is done within one change of the world, together with what it means for the cluster's objects. What takes
//! a cloud long is asked for again, when its records change or its time has come.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::frame::Frame;
use crate::world::{Change, Changed, Records};

/// What a cloud gets with everything that it is asked for.
pub struct Asked<'a, 'w> {
    /// The change that it is a part of.
    pub change: &'a mut Change<'w>,
    /// The clock, and things that happen later.
    pub frame: &'a Frame,
    /// The cluster.
    pub cluster: &'a str,
}

/// Machines that are alike, as many as are wanted.
#[derive(Clone, Debug, Default)]
pub struct NodeSet {
    /// What it is called in the cluster's cloud.
    pub name: String,
    /// How many nodes.
    pub desired: usize,
    /// Labels of its nodes, beside those that all nodes have.
    pub labels: BTreeMap<String, String>,
    /// Taints of its nodes, as Kubernetes has them.
    pub taints: Vec<Json>,
    /// The version of Kubernetes: `1.33`.
    pub version: String,
    /// What its kubelets call their version: `v1.33.0-eks-gantry`.
    pub kubelet: String,
    /// How long a machine takes to start.
    pub start: Duration,
    /// What its machines are.
    pub machine: Machine,
    /// Where they are: what the cloud calls the place (a subnet), and its zone.
    pub places: Vec<(String, String)>,
    /// Changes when its nodes have to be replaced by others.
    pub generation: String,
    /// Nodes that may be away while they are replaced.
    pub unavailable_max: usize,
    /// The replacement of its nodes that is under way; without one they stay, whatever their generation.
    pub rolling: Option<Rolling>,
}

/// A replacement of nodes by those of the next generation.
#[derive(Clone, Debug)]
pub struct Rolling {
    /// When it began, in milliseconds.
    pub since: u64,
    /// Pods that a budget protects are ended when their time is over.
    pub is_forced: bool,
}

/// What a machine has.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Its type: `m5.large`.
    pub kind: String,
    /// `amd64` or `arm64`.
    pub architecture: String,
    /// What there is, in thousandths of processors and in bytes; others by their names.
    pub capacity: BTreeMap<String, i64>,
    /// What is left of it for pods.
    pub allocatable: BTreeMap<String, i64>,
    /// As nodes tell it: `Amazon Linux 2023.9.20260101`.
    pub image: String,
    /// The version of its kernel.
    pub kernel: String,
}

/// A machine that was made.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// As nodes have it: `aws:///eu-west-1a/i-0123`.
    pub provider_id: String,
    /// The node's name.
    pub host: String,
    /// Its address.
    pub address: String,
    /// Its region; empty where there are none.
    pub region: String,
    /// Its zone; empty where there are none.
    pub zone: String,
}

/// A volume that is wanted.
#[derive(Clone, Debug)]
pub struct VolumeWanted<'v> {
    /// What the persistent volume is called.
    pub name: &'v str,
    /// Bytes.
    pub size: i64,
    /// Who makes it: `ebs.csi.aws.com`.
    pub provisioner: &'v str,
    /// The parameters of the storage class.
    pub parameters: &'v Json,
    /// Its zone; any unless set.
    pub zone: Option<&'v str>,
    /// The node of the pod that wants it; empty if it is made before there is one.
    pub node: &'v str,
    /// The claim that wants it: namespace and name.
    pub claim: (&'v str, &'v str),
}

/// A volume that was made.
#[derive(Clone, Debug, Default)]
pub struct Volume {
    /// Its id in the cloud.
    pub id: String,
    /// The only zone that it can be used in.
    pub zone: Option<String>,
    /// The only node that it can be used on: it is a folder there.
    pub node: Option<String>,
    /// Attributes that the persistent volume shows.
    pub attributes: BTreeMap<String, String>,
}

/// A load balancer that is wanted.
#[derive(Clone, Debug)]
pub struct BalancerWanted<'b> {
    /// What it is for: `service`, `ingress`, `gateway`.
    pub kind: &'b str,
    /// Of what: namespace, name and uid.
    pub of: (&'b str, &'b str, &'b str),
    /// Annotations of the object.
    pub annotations: &'b Json,
    /// Ports that it listens on.
    pub ports: Vec<(u16, &'static str)>,
    /// Who may reach it.
    pub sources: Vec<String>,
}

/// What became of a load balancer.
#[derive(Clone, Debug, PartialEq)]
pub enum Balancer {
    /// It is being made: look again so much later.
    Making(Duration),
    /// It can be reached by this name.
    Ready(String),
}

/// A cloud that clusters run in.
pub trait Cloud: Send + Sync {
    /// Returns who it is, as fields of objects have it that it writes: `eks`.
    fn name(&self) -> &'static str;

    /// Tells whether anyone makes load balancers for what is in its clusters.
    fn has_balancers(&self) -> bool {
        true
    }

    /// Tells which cluster a record of the cloud is about, if it is about machines or the like of one.
    fn concerned(&self, records: &Records, changed: &Changed) -> Option<String>;

    /// Tells whether a cluster is of this cloud.
    fn has(&self, records: &Records, cluster: &str) -> bool;

    /// Returns the sets of nodes that a cluster is to have.
    fn node_sets(&self, records: &Records, cluster: &str) -> Vec<NodeSet>;

    /// Makes the machine of a new node, in one of the places of its set.
    fn create_instance(&self, asked: &mut Asked<'_, '_>, set: &NodeSet, place: usize) -> Result<Instance, String>;

    /// Tells whether a machine is there and runs.
    fn has_instance(&self, records: &Records, cluster: &str, provider_id: &str) -> bool;

    /// Ends a machine.
    fn delete_instance(&self, asked: &mut Asked<'_, '_>, provider_id: &str);

    /// Makes a load balancer, or tells how far it is, and brings it in line with what is wanted.
    fn balancer(&self, asked: &mut Asked<'_, '_>, wanted: &BalancerWanted<'_>) -> Result<Balancer, String>;

    /// Deletes the load balancer of an object, by its kind and uid; tells how long it goes on to be there.
    fn delete_balancer(&self, asked: &mut Asked<'_, '_>, kind: &str, uid: &str) -> Option<Duration>;

    /// Tells whether the cloud makes volumes of a provisioner.
    fn provisions(&self, provisioner: &str) -> bool;

    /// Makes a volume.
    fn create_volume(&self, asked: &mut Asked<'_, '_>, wanted: &VolumeWanted<'_>) -> Result<Volume, String>;

    /// Makes a volume larger.
    fn resize_volume(&self, asked: &mut Asked<'_, '_>, id: &str, size: i64) -> Result<(), String>;

    /// Attaches a volume to a machine, or detaches it from all.
    fn attach_volume(&self, asked: &mut Asked<'_, '_>, id: &str, provider_id: Option<&str>) -> Result<(), String>;

    /// Deletes a volume.
    fn delete_volume(&self, asked: &mut Asked<'_, '_>, id: &str) -> Result<(), String>;

    /// Returns what runs in a cluster by the cloud's own doing: objects with their kinds, namespaces and names.
    fn workloads(&self, records: &Records, cluster: &str) -> Vec<Json>;
}
