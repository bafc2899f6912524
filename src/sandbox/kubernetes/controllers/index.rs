//! What controllers know of a cluster's pods and nodes without reading them all: kept up with every change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::quantity::{self, Amounts};
use super::work::controller_of;
use crate::kubernetes::store::text;

/// A namespace and a name.
pub type Named = (String, String);

/// The pods and nodes of a cluster.
#[derive(Default)]
pub struct Index {
    /// Pods.
    pub pods: BTreeMap<Named, Pod>,
    /// Nodes by their names.
    pub nodes: BTreeMap<String, Node>,
    /// Pods by the uid of what controls them.
    by_owner: BTreeMap<String, BTreeSet<Named>>,
    /// Pods by the node that they are on.
    by_node: BTreeMap<String, BTreeSet<Named>>,
    /// Pods that are on no node yet.
    pub waiting: BTreeSet<Named>,
    /// Claims that have no volume yet.
    pub open_claims: BTreeSet<Named>,
    /// The selectors of services that have one.
    services: BTreeMap<Named, Json>,
    /// The names of the objects of some kinds, by the kinds' names in paths.
    names: BTreeMap<&'static str, BTreeSet<Named>>,
}

/// Kinds whose objects are looked at when something else changes; there are few of each.
const NAMED: &[&str] =
    &["apiservices", "daemonsets", "horizontalpodautoscalers", "poddisruptionbudgets", "resourcequotas"];

/// What is known of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pod {
    /// Its uid.
    pub uid: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What controls it.
    pub owner: Option<String>,
    /// The node that it is on; empty if it is on none.
    pub node: String,
    /// `Pending`, `Running`, ...
    pub phase: String,
    /// All of it can be used.
    pub is_ready: bool,
    /// It is being deleted.
    pub is_ending: bool,
    /// Its containers have been started.
    pub is_started: bool,
    /// What it takes of its node.
    pub requests: Amounts,
    /// The node that it asks for by its name.
    pub target: String,
    /// How often its containers were started again.
    pub restarts: u64,
    /// What kind of object controls it, and its name.
    pub owner_named: (String, String),
    /// Its address.
    pub address: String,
    /// The claims that it uses.
    pub claims: Vec<String>,
    /// Pods that it does not want near itself: as its spec has it.
    pub repels: Json,
    /// The change that made it what it is, for an order of ages.
    pub version: u64,
}

impl Pod {
    /// It has ended by itself.
    pub fn is_finished(&self) -> bool {
        matches!(&*self.phase, "Succeeded" | "Failed")
    }

    /// It runs or is going to.
    pub fn is_active(&self) -> bool {
        !self.is_finished() && !self.is_ending
    }

    /// Reads what is to be known of it.
    pub fn read(pod: &Json) -> Pod {
        let ready = |kind: &str| {
            let conditions = pod["status"]["conditions"].as_array();
            conditions.is_some_and(|all| all.iter().any(|one| one["type"] == kind && one["status"] == "True"))
        };
        let spec = &pod["spec"];
        let volumes = spec["volumes"].as_array().into_iter().flatten();
        let claims = volumes.filter_map(|volume| claim_of(pod, volume));
        Pod {
            uid: text(pod, "/metadata/uid").to_owned(),
            labels: labels(&pod["metadata"]["labels"]),
            owner: controller_of(pod).map(str::to_owned),
            node: text(pod, "/spec/nodeName").to_owned(),
            phase: text(pod, "/status/phase").to_owned(),
            is_ready: ready("Ready"),
            is_ending: !pod["metadata"]["deletionTimestamp"].is_null(),
            is_started: text(pod, "/status/phase") != "Pending",
            requests: requests(spec),
            target: target(spec),
            restarts: pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap_or_default(),
            owner_named: owner_named(pod),
            address: text(pod, "/status/podIP").to_owned(),
            claims: claims.collect(),
            repels: spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"].clone(),
            version: text(pod, "/metadata/resourceVersion").parse().unwrap_or_default(),
        }
    }
}

/// Returns the claim of one of a pod's volumes: one that it names, or one that is made for it.
pub fn claim_of(pod: &Json, volume: &Json) -> Option<String> {
    if volume["ephemeral"].is_object() {
        return Some(format!("{}-{}", text(pod, "/metadata/name"), text(volume, "/name")));
    }
    volume["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned)
}

/// Returns the one node that a pod may be on, by its name.
fn target(spec: &Json) -> String {
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let field = &required["nodeSelectorTerms"][0]["matchFields"][0];
    if field["key"] == "metadata.name" { text(field, "/values/0").to_owned() } else { String::new() }
}

fn owner_named(pod: &Json) -> (String, String) {
    let owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let owner = owners.into_iter().find(|owner| owner["controller"] == true);
    let word = |member: &str| owner.and_then(|owner| owner[member].as_str()).unwrap_or_default().to_owned();
    (word("kind"), word("name"))
}

/// What is known of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its taints.
    pub taints: Vec<Json>,
    /// What it has for pods.
    pub allocatable: Amounts,
    /// Nothing new is to come to it.
    pub is_cordoned: bool,
    /// It takes pods.
    pub is_ready: bool,
    /// Its machine.
    pub provider_id: String,
    /// What its pods take.
    pub used: Amounts,
}

impl Node {
    fn read(node: &Json) -> Node {
        let conditions = node["status"]["conditions"].as_array();
        Node {
            labels: labels(&node["metadata"]["labels"]),
            taints: node["spec"]["taints"].as_array().cloned().unwrap_or_default(),
            allocatable: quantity::amounts(&node["status"]["allocatable"]),
            is_cordoned: node["spec"]["unschedulable"] == true,
            is_ready: conditions
                .is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True")),
            provider_id: text(node, "/spec/providerID").to_owned(),
            used: Amounts::new(),
        }
    }
}

fn labels(labels: &Json) -> BTreeMap<String, String> {
    let labels = labels.as_object().into_iter().flatten();
    labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Returns what a pod takes of a node: that of its containers, or of its largest one that goes before them.
pub fn requests(spec: &Json) -> Amounts {
    let of = |container: &Json| {
        let mut wanted = quantity::amounts(&container["resources"]["limits"]);
        wanted.extend(quantity::amounts(&container["resources"]["requests"]));
        wanted
    };
    let mut sum = Amounts::new();
    for container in spec["containers"].as_array().into_iter().flatten() {
        quantity::add(&mut sum, &of(container));
    }
    for container in spec["initContainers"].as_array().into_iter().flatten() {
        if container["restartPolicy"] == "Always" {
            quantity::add(&mut sum, &of(container));
            continue;
        }
        for (name, amount) in of(container) {
            let most = sum.entry(name).or_default();
            *most = amount.max(*most);
        }
    }
    quantity::add(&mut sum, &quantity::amounts(&spec["overhead"]));
    sum.insert("pods".to_owned(), 1);
    sum
}

impl Index {
    /// Takes notice of a pod as it is now.
    pub fn set_pod(&mut self, named: Named, pod: Option<Pod>) {
        if let Some(old) = self.pods.remove(&named) {
            if let Some(owner) = &old.owner {
                forget(&mut self.by_owner, owner, &named);
            }
            forget(&mut self.by_node, &old.node, &named);
            self.waiting.remove(&named);
            if let Some(node) = self.nodes.get_mut(&old.node).filter(|_| !old.is_finished()) {
                quantity::subtract(&mut node.used, &old.requests);
            }
        }
        let Some(pod) = pod else { return };
        if let Some(owner) = &pod.owner {
            self.by_owner.entry(owner.clone()).or_default().insert(named.clone());
        }
        if pod.node.is_empty() {
            if pod.is_active() {
                self.waiting.insert(named.clone());
            }
        } else {
            self.by_node.entry(pod.node.clone()).or_default().insert(named.clone());
            if let Some(node) = self.nodes.get_mut(&pod.node).filter(|_| !pod.is_finished()) {
                quantity::add(&mut node.used, &pod.requests);
            }
        }
        self.pods.insert(named, pod);
    }

    /// Takes notice of a node as it is now.
    pub fn set_node(&mut self, name: &str, node: Option<&Json>) {
        let Some(node) = node else {
            self.nodes.remove(name);
            return;
        };
        let mut node = Node::read(node);
        for (_, pod) in self.on_node(name).filter(|(_, pod)| !pod.is_finished()) {
            quantity::add(&mut node.used, &pod.requests);
        }
        self.nodes.insert(name.to_owned(), node);
    }

    /// Takes notice of a service as it is now.
    pub fn set_service(&mut self, named: Named, service: Option<&Json>) {
        match service.map(|service| &service["spec"]["selector"]).filter(|selector| selector.is_object()) {
            Some(selector) => _ = self.services.insert(named, selector.clone()),
            None => _ = self.services.remove(&named),
        }
    }

    /// Takes notice of an object of some other kind.
    pub fn set_named(&mut self, plural: &str, named: Named, is_there: bool) {
        let Some(plural) = NAMED.iter().find(|known| **known == plural) else { return };
        let names = self.names.entry(plural).or_default();
        if is_there { _ = names.insert(named) } else { _ = names.remove(&named) }
    }

    /// Returns the names of the objects of one of some kinds.
    pub fn named(&self, plural: &str) -> impl Iterator<Item = &Named> {
        self.names.get(plural).into_iter().flatten()
    }

    /// Returns the services of a namespace that have selectors, with these.
    pub fn services_in<'i>(&'i self, namespace: &'i str) -> impl Iterator<Item = (&'i Named, &'i Json)> {
        let from = (namespace.to_owned(), String::new());
        self.services.range(from..).take_while(move |((own, _), _)| own == namespace)
    }

    /// Returns the pods that an object controls.
    pub fn of_owner<'i>(&'i self, uid: &str) -> impl Iterator<Item = (&'i Named, &'i Pod)> {
        self.by_owner.get(uid).into_iter().flatten().filter_map(|named| Some((named, self.pods.get(named)?)))
    }

    /// Returns the pods on a node.
    pub fn on_node<'i>(&'i self, node: &str) -> impl Iterator<Item = (&'i Named, &'i Pod)> {
        self.by_node.get(node).into_iter().flatten().filter_map(|named| Some((named, self.pods.get(named)?)))
    }

    /// Returns the pods of a namespace.
    pub fn in_namespace<'i>(&'i self, namespace: &str) -> impl Iterator<Item = (&'i Named, &'i Pod)> {
        let namespace = namespace.to_owned();
        let from = (namespace.clone(), String::new());
        self.pods.range(from..).take_while(move |((own, _), _)| *own == namespace)
    }
}

fn forget(map: &mut BTreeMap<String, BTreeSet<Named>>, at: &str, named: &Named) {
    if let Some(set) = map.get_mut(at) {
        set.remove(named);
        if set.is_empty() {
            map.remove(at);
        }
    }
}
