//! Controllers: what makes a cluster's objects mean something.
//!
//! Each follows what changes of its kinds, and is told which of its objects to look at; nothing is ever polled. It looks at
//! what is, and does the next step towards what is wanted, within a change of the world. So it does not matter how often
//! it is told, and after a crash it is enough to look at everything once. What takes time is planned on the sandbox's
//! clock: with the step that it follows, a controller keeps in a note of its own until when.
//! *Not here:* the rules of the API, which hold for controllers as for everyone.

pub mod admission;

mod api_service;
mod autoscaler;
mod balancer;
mod cron_job;
mod daemon_set;
mod deployment;
mod disruption;
mod endpoints;
mod gateway;
mod history;
mod index;
mod job;
mod kubelet;
mod namespace;
mod node;
mod pod_spec;
mod quantity;
mod quota;
mod replica_set;
mod schedule;
mod scheduler;
mod stateful_set;
mod system;
#[cfg(test)]
mod tests;
mod volume;
mod work;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::sync::broadcast;

pub use self::index::Index;
pub use self::node::to_replace;
pub use self::work::{Key, Work, notes_prefix};
use super::cloud::Cloud;
use super::failure::Stop;
use super::kinds;
use crate::frame::{Frame, Task};
use crate::world::{Change, Changed, Commit, Records, WorldError};

/// All controllers.
static CONTROLLERS: &[&dyn Controller] = &[
    &api_service::ApiServices,
    &autoscaler::Autoscalers,
    &balancer::Balancers,
    &balancer::Ingresses,
    &cron_job::CronJobs,
    &daemon_set::DaemonSets,
    &deployment::Deployments,
    &disruption::Disruptions,
    &endpoints::Endpoints,
    &gateway::Gateways,
    &job::Jobs,
    &kubelet::Kubelet,
    &namespace::Namespaces,
    &node::Nodes,
    &quota::Quotas,
    &replica_set::ReplicaSets,
    &scheduler::Scheduler,
    &stateful_set::StatefulSets,
    &system::System,
    &volume::Volumes,
];

/// Objects that are looked at in one change of the world.
const BATCH_MAX: usize = 64;
/// How often something that fails is tried again.
const ATTEMPTS_MAX: u32 = 10;
/// After how long, on the sandbox's clock, something that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How long to wait when the world cannot be changed.
const DISK_WAIT: Duration = Duration::from_millis(500);

/// Makes what is wanted of some kinds of objects come true.
pub trait Controller: Sync {
    /// Returns its name.
    fn name(&self) -> &'static str;

    /// Returns the kinds that it follows: groups and names in paths.
    fn kinds(&self) -> &'static [(&'static str, &'static str)];

    /// Says what to look at because of a change: namespaces and names.
    fn concerns(&self, event: &Event<'_>, _index: &Index, keys: &mut Vec<(String, String)>) {
        keys.push((event.namespace.to_owned(), event.name.to_owned()));
    }

    /// Looks at something and does what is to be done.
    fn reconcile(&self, work: &mut Work<'_, '_>) -> Result<(), Stop>;
}

/// A change of an object.
pub struct Event<'e> {
    /// The kind's group.
    pub group: &'e str,
    /// The kind's name in paths.
    pub plural: &'e str,
    /// The object's namespace, or nothing.
    pub namespace: &'e str,
    /// The object's name.
    pub name: &'e str,
    texts: [Option<&'e str>; 2],
    read: [OnceCell<Json>; 2],
}

impl<'e> Event<'e> {
    fn read(record: &'e str, before: Option<&'e str>, after: Option<&'e str>) -> Option<(&'e str, Event<'e>)> {
        let mut parts = record.strip_prefix("k8s/")?.splitn(5, '/');
        let (cluster, group, plural) = (parts.next()?, parts.next()?, parts.next()?);
        let (namespace, name) = (parts.next()?, parts.next()?);
        let group = if group == "core" { "" } else { group };
        let namespace = if namespace == kinds::NO_NAMESPACE { "" } else { namespace };
        Some((cluster, Event { group, plural, namespace, name, texts: [before, after], read: Default::default() }))
    }

    fn side(&self, side: usize) -> &Json {
        let read = || self.texts[side].and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Json::Null);
        self.read[side].get_or_init(read)
    }

    /// Returns the object before; null if it was not there.
    pub fn before(&self) -> &Json {
        self.side(0)
    }

    /// Returns the object after; null if it is gone.
    pub fn after(&self) -> &Json {
        self.side(1)
    }

    /// Returns the object as it is, or was last.
    pub fn object(&self) -> &Json {
        if self.texts[1].is_some() { self.after() } else { self.before() }
    }

    /// Tells whether it is of a kind.
    pub fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    /// Tells whether the object was not there before.
    pub fn is_new(&self) -> bool {
        self.texts[0].is_none()
    }

    /// Tells whether the object is gone.
    pub fn is_gone(&self) -> bool {
        self.texts[1].is_none()
    }

    /// Returns the objects of a kind that control this one or did.
    pub fn owners(&self, kind: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for object in [self.before(), self.after()] {
            let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
            let owner = owners.filter(|owner| owner["controller"] == true && owner["kind"] == kind);
            found.extend(
                owner.filter_map(|owner| Some((self.namespace.to_owned(), owner["name"].as_str()?.to_owned()))),
            );
        }
        found.dedup();
        found
    }
}

/// The controllers of all clusters.
#[derive(Default)]
pub struct Controllers {
    /// The clouds that clusters may be in.
    pub clouds: Vec<Box<dyn Cloud>>,
}

impl Controllers {
    /// Works for as long as it is let.
    pub async fn run(&self, frame: &Arc<Frame>) {
        let mut engine = Engine::new(&self.clouds, frame);
        loop {
            match engine.round().await {
                Ok(true) => {}
                Ok(false) => engine.wait().await,
                Err(_) => tokio::time::sleep(DISK_WAIT).await,
            }
        }
    }
}

/// What is to be looked at, and what is known.
pub struct Engine<'c> {
    clouds: &'c [Box<dyn Cloud>],
    frame: &'c Frame,
    commits: broadcast::Receiver<Arc<Commit>>,
    indexes: BTreeMap<String, Index>,
    /// Clusters of which everything is to be looked at.
    unseen: BTreeSet<String>,
    queue: VecDeque<Key>,
    queued: BTreeSet<Key>,
    attempts: BTreeMap<Key, u32>,
}

impl<'c> Engine<'c> {
    /// Makes one that looks at everything once.
    pub fn new(clouds: &'c [Box<dyn Cloud>], frame: &'c Frame) -> Engine<'c> {
        let mut engine = Engine {
            clouds,
            frame,
            commits: frame.world.follow(),
            indexes: BTreeMap::new(),
            unseen: BTreeSet::new(),
            queue: VecDeque::new(),
            queued: BTreeSet::new(),
            attempts: BTreeMap::new(),
        };
        engine.start_over();
        engine
    }

    fn start_over(&mut self) {
        let clusters = |records: &Records| {
            let names = records.under(super::CLUSTERS).map(|(name, _)| name[super::CLUSTERS.len()..].to_owned());
            names.collect()
        };
        self.unseen = self.frame.world.look(clusters);
        self.indexes.clear();
    }

    /// Does some of what is to be done; tells whether there was anything.
    pub async fn round(&mut self) -> Result<bool, WorldError> {
        self.catch_up();
        if self.queue.is_empty()
            && let Some(cluster) = self.unseen.pop_first()
        {
            self.look_at_all(&cluster);
            return Ok(true);
        }
        let count = self.queue.len().min(BATCH_MAX);
        let batch: Vec<Key> = self.queue.drain(..count).collect();
        if batch.is_empty() {
            return Ok(false);
        }
        batch.iter().for_each(|key| _ = self.queued.remove(key));
        // Time waits, where it does, so that what the work takes here does not count as the cluster's.
        let _held = self.frame.clock.hold();
        let (frame, clouds, indexes, attempts) = (self.frame, self.clouds, &self.indexes, &mut self.attempts);
        let work = |change: &mut Change<'_>| {
            for key in &batch {
                let failed = look_at(change, frame, clouds, indexes.get(&key.cluster), key).is_err();
                retry(change, frame, attempts, key, failed);
            }
            Ok::<_, WorldError>(())
        };
        if let Err(error) = frame.world.change(work).await {
            batch.into_iter().for_each(|key| self.add(key));
            return Err(error);
        }
        self.catch_up();
        Ok(true)
    }

    /// Waits until something changes.
    pub async fn wait(&mut self) {
        match self.commits.recv().await {
            Ok(commit) => self.take(&commit),
            Err(broadcast::error::RecvError::Lagged(_)) => self.start_over(),
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }

    /// Takes notice of what has changed.
    fn catch_up(&mut self) {
        loop {
            match self.commits.try_recv() {
                Ok(commit) => self.take(&commit),
                Err(broadcast::error::TryRecvError::Lagged(_)) => self.start_over(),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, commit: &Commit) {
        for changed in &commit.changes {
            let name = &*changed.name;
            if name.starts_with("k8s/") {
                self.object(name, changed.before.as_deref(), changed.after.as_deref());
            } else if let Some(cluster) = name.strip_prefix(super::CLUSTERS) {
                if changed.after.is_none() {
                    self.indexes.remove(cluster);
                    self.unseen.remove(cluster);
                } else if changed.before.is_none() {
                    self.unseen.insert(cluster.to_owned());
                }
            } else if name.starts_with(crate::frame::TASKS) {
                self.woken(changed);
            } else if let Some(cluster) =
                self.frame.world.look(|records| self.clouds.iter().find_map(|cloud| cloud.concerned(records, changed)))
            {
                self.about_cloud(&cluster);
            }
        }
    }

    /// Something that was planned has come: its task is gone.
    fn woken(&mut self, changed: &Changed) {
        let (Some(before), None) = (&changed.before, &changed.after) else { return };
        let Ok(task) = serde_json::from_str::<Task>(before) else { return };
        if task.service == "kubernetes"
            && let Ok(key) = serde_json::from_value(task.what["wake"].clone())
        {
            self.add(key);
        }
    }

    /// A record of a cluster's cloud has changed.
    fn about_cloud(&mut self, cluster: &str) {
        for controller in CLOUD_CONTROLLERS {
            self.add(Key {
                cluster: cluster.to_owned(),
                controller: (*controller).to_owned(),
                namespace: String::new(),
                name: String::new(),
            });
        }
    }

    fn add(&mut self, key: Key) {
        if self.queued.insert(key.clone()) {
            self.queue.push_back(key);
        }
    }

    fn object(&mut self, name: &str, before: Option<&str>, after: Option<&str>) {
        let Some((cluster, event)) = Event::read(name, before, after) else { return };
        if self.unseen.contains(cluster) {
            return;
        }
        if !self.indexes.contains_key(cluster) {
            return;
        }
        let Some(index) = self.indexes.get_mut(cluster) else { return };
        note(index, &event);
        let mut keys = Vec::new();
        for controller in CONTROLLERS {
            if controller.kinds().contains(&(event.group, event.plural)) {
                controller.concerns(&event, index, &mut keys);
            }
            for (namespace, name) in keys.drain(..) {
                let (cluster, controller) = (cluster.to_owned(), controller.name().to_owned());
                let key = Key { cluster, controller, namespace, name };
                if self.queued.insert(key.clone()) {
                    self.queue.push_back(key);
                }
            }
        }
    }

    /// Looks at all objects of a cluster that some controller follows.
    fn look_at_all(&mut self, cluster: &str) {
        let prefix = kinds::cluster_prefix(cluster);
        let followed = |name: &str| {
            let mut parts = name[prefix.len()..].split('/');
            let (group, plural) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let group = if group == "core" { "" } else { group };
            CONTROLLERS.iter().any(|controller| controller.kinds().contains(&(group, plural)))
        };
        let all: Vec<(String, Arc<str>)> = self.frame.world.look(|records| {
            let followed = records.under(&prefix).filter(|(name, _)| followed(name));
            followed.map(|(name, text)| (name.to_owned(), text.clone())).collect()
        });
        let mut index = Index::default();
        for (name, text) in &all {
            if let Some((_, event)) = Event::read(name, None, Some(text)) {
                note(&mut index, &event);
            }
        }
        self.indexes.insert(cluster.to_owned(), index);
        for (name, text) in &all {
            self.object(name, None, Some(text));
        }
        // What was noted about an object that is gone meanwhile is looked at by the note.
        let prefix = notes_prefix(cluster);
        let noted: Vec<String> = self
            .frame
            .world
            .look(|records| records.under(&prefix).map(|(name, _)| name[prefix.len()..].to_owned()).collect());
        for name in noted {
            let mut parts = name.splitn(3, '/').map(str::to_owned);
            let (Some(controller), Some(namespace), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            if CONTROLLERS.iter().any(|known| known.name() == controller) {
                let namespace = if namespace == kinds::NO_NAMESPACE { String::new() } else { namespace };
                self.add(Key { cluster: cluster.to_owned(), controller, namespace, name });
            }
        }
        self.about_cloud(cluster);
    }
}

/// Controllers that look at a cluster as a whole when something of its cloud changes.
const CLOUD_CONTROLLERS: &[&str] = &["nodes", "system"];

/// Keeps the index of a cluster up.
fn note(index: &mut Index, event: &Event<'_>) {
    match (event.group, event.plural) {
        ("", "pods") => {
            let pod = (!event.is_gone()).then(|| index::Pod::read(event.after()));
            index.set_pod((event.namespace.to_owned(), event.name.to_owned()), pod);
        }
        ("", "nodes") => index.set_node(event.name, (!event.is_gone()).then(|| event.after())),
        ("", "services") => {
            let service = (!event.is_gone()).then(|| event.after());
            index.set_service((event.namespace.to_owned(), event.name.to_owned()), service);
        }
        ("", "persistentvolumeclaims") => {
            let named = (event.namespace.to_owned(), event.name.to_owned());
            let is_open = !event.is_gone() && event.after()["status"]["phase"] != "Bound";
            _ = if is_open { index.open_claims.insert(named) } else { index.open_claims.remove(&named) };
        }
        (_, plural) => {
            index.set_named(plural, (event.namespace.to_owned(), event.name.to_owned()), !event.is_gone());
        }
    }
}

/// Lets a controller look at something.
fn look_at(
    change: &mut Change<'_>,
    frame: &Frame,
    clouds: &[Box<dyn Cloud>],
    index: Option<&Index>,
    key: &Key,
) -> Result<(), Stop> {
    let controller = CONTROLLERS.iter().find(|controller| controller.name() == key.controller);
    let (Some(controller), Some(index)) = (controller, index) else { return Ok(()) };
    if !change.has(&super::cluster_record(&key.cluster)) {
        return Ok(());
    }
    let cloud = clouds.iter().find(|cloud| cloud.has(change, &key.cluster)).map(|cloud| &**cloud);
    let manager = match controller.name() {
        "scheduler" => "kube-scheduler",
        "kubelet" => "kubelet",
        _ => "kube-controller-manager",
    };
    change.attempt(|change| controller.reconcile(&mut Work { change, frame, index, cloud, key, manager }))
}

/// Plans another attempt at what failed.
fn retry(change: &mut Change<'_>, frame: &Frame, attempts: &mut BTreeMap<Key, u32>, key: &Key, failed: bool) {
    if !failed {
        attempts.remove(key);
        return;
    }
    let count = attempts.entry(key.clone()).or_default();
    *count += 1;
    if *count <= ATTEMPTS_MAX {
        let what = serde_json::json!({"wake": key});
        frame.plan(change, RETRY_AFTER * *count, &Task { service: "kubernetes".to_owned(), what });
    }
}
