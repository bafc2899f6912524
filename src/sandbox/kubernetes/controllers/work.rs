//! What a controller has in its hands while it works: one cluster within one change of the world.

use std::sync::LazyLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::index::Index;
use crate::clock::{real_now, rfc3339};
use crate::frame::{Frame, Task};
use crate::kubernetes::cloud::{Asked, Cloud};
use crate::kubernetes::failure::{Failure, Stop};
use crate::kubernetes::kinds::{self, Kind};
use crate::kubernetes::store::{self, How, Target, text};
use crate::world::Change;

/// A kind that is built in, by its group and its name in paths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Of(pub &'static str, pub &'static str);

impl Of {
    /// Returns the kind.
    pub fn kind(self) -> &'static Kind {
        static NONE: LazyLock<Kind> = LazyLock::new(Kind::default);
        // Of several versions the last is the one that objects are kept in.
        kinds::built_in().iter().rfind(|kind| kind.is(self.0, self.1)).map_or(&NONE, |kind| &**kind)
    }
}

/// Pods.
pub const PODS: Of = Of("", "pods");
/// Nodes.
pub const NODES: Of = Of("", "nodes");
/// Claims of volumes.
pub const CLAIMS: Of = Of("", "persistentvolumeclaims");
/// Volumes.
pub const VOLUMES: Of = Of("", "persistentvolumes");

/// Services.
pub const SERVICES: Of = Of("", "services");

/// What a controller is to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The cluster.
    pub cluster: String,
    /// The controller's name.
    pub controller: String,
    /// The object's namespace, or nothing.
    pub namespace: String,
    /// The object's name, or nothing.
    pub name: String,
}

/// One cluster within one change of the world.
pub struct Work<'w, 'm> {
    /// The change.
    pub change: &'w mut Change<'m>,
    /// The clock, and things that happen later.
    pub frame: &'w Frame,
    /// What is known of the cluster's pods and nodes.
    pub index: &'w Index,
    /// The cloud that the cluster runs in.
    pub cloud: Option<&'w dyn Cloud>,
    /// What is looked at.
    pub key: &'w Key,
    /// What was placed or taken away by this very piece of work, and is not in the index yet.
    pub manager: &'static str,
}

/// Events of one namespace at most; the oldest go first.
const EVENTS_MAX: usize = 500;
/// How many events go when there are too many.
const EVENTS_CUT: usize = 50;

impl<'w, 'm> Work<'w, 'm> {
    /// Returns the cluster's name.
    pub fn cluster(&self) -> &'w str {
        &self.key.cluster
    }

    /// Returns the sandbox's time in milliseconds.
    pub fn now(&self) -> u64 {
        self.frame.clock.now().as_millis() as u64
    }

    /// Returns the time as objects show it: ours, as clients compare it with theirs.
    pub fn stamp(&self) -> String {
        rfc3339(real_now())
    }

    fn how(&self) -> How {
        How { manager: self.manager.to_owned(), time: self.stamp() }
    }

    fn target<'t>(&self, of: Of, namespace: &'t str, name: &'t str) -> Target<'t>
    where
        'w: 't,
    {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        Target { cluster: self.cluster(), kind: of.kind(), namespace, name, part: None }
    }

    /// Reads an object.
    pub fn get(&self, of: Of, namespace: &str, name: &str) -> Option<Json> {
        self.change.get(&self.target(of, namespace, name).record())
    }

    /// Tells whether there is an object.
    pub fn has(&self, of: Of, namespace: &str, name: &str) -> bool {
        self.change.has(&self.target(of, namespace, name).record())
    }

    /// Reads the objects of a kind in a namespace, or in all of them, whose text contains a word.
    pub fn list(&self, of: Of, namespace: &str, word: &str) -> Vec<Json> {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        let prefix = of.kind().prefix(self.cluster(), namespace);
        let texts = self.change.under(&prefix).filter(|(_, text)| word.is_empty() || text.contains(word));
        texts.filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
    }

    /// Reads the objects of a kind that an object controls.
    pub fn owned(&self, of: Of, namespace: &str, uid: &str) -> Vec<Json> {
        let mut all = self.list(of, namespace, uid);
        all.retain(|one| controller_of(one) == Some(uid));
        all
    }

    /// Makes an object. With `generateName` it gets a name that the same run would give it again.
    pub fn create(&mut self, of: Of, namespace: &str, mut object: Json) -> Result<Json, Stop> {
        if text(&object, "/metadata/name").is_empty() {
            let stem = text(&object, "/metadata/generateName").to_owned();
            let name = (0_u32..).map(|number| {
                let seed = format!("{}/{namespace}/{stem}/{}/{number}", self.cluster(), self.change.next_revision());
                format!("{stem}{}", letters(hash(&seed), 5))
            });
            let free = name.into_iter().find(|name| !self.has(of, namespace, name)).unwrap_or_default();
            object["metadata"]["name"] = free.into();
        }
        let how = self.how();
        let name = text(&object, "/metadata/name").to_owned();
        let target = self.target(of, namespace, &name);
        store::create(self.change, &target, object, &how)
    }

    /// Writes an object with what it is to be, by the rules for everyone.
    pub fn update(&mut self, of: Of, before: &Json, after: Json) -> Result<Json, Stop> {
        let (namespace, name) = place(before);
        let how = self.how();
        let target = self.target(of, &namespace, &name);
        store::replace(self.change, &target, before, after, &how)
    }

    /// Writes the status of an object, or anything else of it that only controllers write. Nothing is written if nothing
    /// changes.
    pub fn put(&mut self, of: Of, before: &Json, mut after: Json) {
        if *before != after {
            let (namespace, name) = place(before);
            let target = self.target(of, &namespace, &name);
            store::put(self.change, &target, &mut after);
        }
    }

    /// Writes the status of an object.
    pub fn set_status(&mut self, of: Of, before: &Json, status: Json) -> Json {
        let mut after = before.clone();
        after["status"] = status;
        self.put(of, before, after.clone());
        after
    }

    /// Deletes an object: what is in the way of its end stays in the way.
    pub fn delete(&mut self, of: Of, namespace: &str, name: &str, options: Json) -> Result<(), Stop> {
        let how = self.how();
        let target = self.target(of, namespace, name);
        match store::delete(self.change, &target, &options, &how) {
            Err(Stop::Failure(failure)) if failure.code == 404 => Ok(()),
            other => other.map(drop),
        }
    }

    /// Adds a finalizer, or takes it away.
    pub fn set_finalizer(&mut self, of: Of, object: &Json, word: &str, is_held: bool) -> Result<Json, Stop> {
        let all = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        if all.iter().any(|one| one == word) == is_held {
            return Ok(object.clone());
        }
        let mut after = object.clone();
        let mut kept: Vec<Json> = all.into_iter().filter(|one| one != word).collect();
        if is_held {
            kept.push(word.into());
        }
        after["metadata"]["finalizers"] = kept.into();
        self.update(of, object, after)
    }

    /// Looks at something again later.
    pub fn wake(&mut self, after: Duration, controller: &str, namespace: &str, name: &str) {
        let key = Key {
            cluster: self.cluster().to_owned(),
            controller: controller.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let what = json!({"wake": key});
        self.frame.plan(self.change, after, &Task { service: "kubernetes".to_owned(), what });
    }

    /// Looks at the same again later.
    pub fn again(&mut self, after: Duration) {
        let key = self.key;
        self.wake(after, &key.controller, &key.namespace, &key.name);
    }

    /// Returns the name of the record of what a controller keeps about an object for itself.
    fn notes_record(&self, controller: &str, namespace: &str, name: &str) -> String {
        let namespace = if namespace.is_empty() { kinds::NO_NAMESPACE } else { namespace };
        format!("{}{controller}/{namespace}/{name}", notes_prefix(self.cluster()))
    }

    /// Returns what a controller keeps about an object for itself; null if nothing.
    pub fn notes(&self, controller: &str, namespace: &str, name: &str) -> Json {
        self.change.get(&self.notes_record(controller, namespace, name)).unwrap_or(Json::Null)
    }

    /// Keeps something about the object that is looked at; null keeps nothing.
    pub fn keep(&mut self, notes: &Json) {
        let key = self.key;
        self.keep_about(&key.controller, &key.namespace, &key.name, notes);
    }

    /// Keeps something about an object.
    pub fn keep_about(&mut self, controller: &str, namespace: &str, name: &str, notes: &Json) {
        let record = self.notes_record(controller, namespace, name);
        if !notes.is_null() {
            self.change.put(&record, notes);
        } else if self.change.has(&record) {
            self.change.remove(&record);
        }
    }

    /// Asks the cloud for something.
    pub fn asked(&mut self) -> Asked<'_, 'm> {
        Asked { change: self.change, frame: self.frame, cluster: &self.key.cluster }
    }

    /// Tells an event about an object; one that was told before is counted.
    pub fn event(&mut self, about: &Json, (source, reason): (&str, &str), message: &str) {
        let kind = if is_warning(reason) { "Warning" } else { "Normal" };
        let uid = text(about, "/metadata/uid");
        let (namespace, name) = place(about);
        let namespace = if namespace.is_empty() { "default".to_owned() } else { namespace };
        let own = format!("{name}.{:016x}", hash(&format!("{uid}/{source}/{reason}/{message}")));
        let stamp = self.stamp();
        let of = Of("", "events");
        if let Some(before) = self.get(of, &namespace, &own) {
            let mut after = before.clone();
            after["count"] = (before["count"].as_u64().unwrap_or(1) + 1).into();
            after["lastTimestamp"] = stamp.into();
            return self.put(of, &before, after);
        }
        self.cut_events(&namespace);
        let object = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {
                "name": own, "namespace": namespace, "uid": store::uid().unwrap_or_default(),
                "creationTimestamp": stamp, "resourceVersion": "",
            },
            "involvedObject": {
                "kind": about["kind"], "namespace": about["metadata"]["namespace"], "name": name, "uid": uid,
                "apiVersion": about["apiVersion"], "resourceVersion": about["metadata"]["resourceVersion"],
            },
            "reason": reason, "message": message, "source": {"component": source}, "firstTimestamp": stamp,
            "lastTimestamp": stamp, "count": 1, "type": kind, "eventTime": null, "reportingComponent": source,
            "reportingInstance": "",
        });
        let target = self.target(of, &namespace, &own);
        store::put(self.change, &target, &mut object.clone());
    }

    fn cut_events(&mut self, namespace: &str) {
        let prefix = Of("", "events").kind().prefix(self.cluster(), Some(namespace));
        if self.change.under(&prefix).count() < EVENTS_MAX {
            return;
        }
        let version = |text: &str| {
            let event: Json = serde_json::from_str(text).unwrap_or_default();
            event["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        let mut all: Vec<(u64, String)> =
            self.change.under(&prefix).map(|(name, text)| (version(text), name.to_owned())).collect();
        all.sort();
        for (_, name) in all.into_iter().take(EVENTS_CUT) {
            self.change.remove(&name);
        }
    }
}

/// Reasons of events that tell of something wrong.
fn is_warning(reason: &str) -> bool {
    let known = ["BackoffLimitExceeded", "DeadlineExceeded", "NotTriggerScaleUp", "BackOff", "Unhealthy", "NoPods"];
    // That a claim finds no volume is no warning of the real one either.
    reason.starts_with("Failed") && !matches!(reason, "FailedBinding" | "FailedOver")
        || known.contains(&reason)
        || reason.ends_with("Failed")
}

/// Returns the beginning of the names of what controllers keep for themselves about a cluster.
pub fn notes_prefix(cluster: &str) -> String {
    format!("k8s-notes/{cluster}/")
}

/// Returns an object's namespace and name.
pub fn place(object: &Json) -> (String, String) {
    (text(object, "/metadata/namespace").to_owned(), text(object, "/metadata/name").to_owned())
}

/// Returns the uid of what controls an object.
pub fn controller_of(object: &Json) -> Option<&str> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["controller"] == true)?["uid"].as_str()
}

/// Returns the reference by which an object controls others.
pub fn owner_reference(owner: &Json) -> Json {
    json!({
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
    })
}

/// Tells whether an object is being deleted.
pub fn is_ending(object: &Json) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// Returns an annotation.
pub fn annotation<'o>(object: &'o Json, name: &str) -> Option<&'o str> {
    object["metadata"]["annotations"][name].as_str()
}

/// Sets a member of a member of an object's metadata: a label, an annotation.
pub fn set_metadata(object: &mut Json, part: &str, name: &str, value: Json) {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    if !object["metadata"][part].is_object() {
        object["metadata"][part] = json!({});
    }
    object["metadata"][part][name] = value;
}

/// Puts a condition into a list of conditions; the time of its last transition stays if its status does.
pub fn set_condition(conditions: &mut Vec<Json>, kind: &str, is_true: bool, (reason, message): (&str, &str)) {
    let stamp = rfc3339(real_now());
    let status = if is_true { "True" } else { "False" };
    let place = conditions.iter().position(|one| one["type"] == kind);
    let since = place.map(|place| &conditions[place]).filter(|one| one["status"] == status);
    let since = since.map_or_else(|| Json::from(stamp), |one| one["lastTransitionTime"].clone());
    let mut condition = json!({"type": kind, "status": status, "lastTransitionTime": since});
    for (member, value) in [("reason", reason), ("message", message)] {
        if !value.is_empty() {
            condition[member] = value.into();
        }
    }
    match place {
        Some(place) => conditions[place] = condition,
        None => conditions.push(condition),
    }
}

/// Returns the conditions of an object.
pub fn conditions(object: &Json) -> Vec<Json> {
    object["status"]["conditions"].as_array().cloned().unwrap_or_default()
}

/// Returns a number that is the same for the same text.
pub fn hash(text: &str) -> u64 {
    // FNV-1a, with a last mix: short, and the same everywhere.
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (sum ^ (sum >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Characters of generated names: none that look alike, no vowels.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Writes a number with so many characters.
pub fn letters(mut number: u64, count: usize) -> String {
    let mut word = String::new();
    for _ in 0..count {
        word.push(char::from(LETTERS[(number % LETTERS.len() as u64) as usize]));
        number /= LETTERS.len() as u64;
    }
    word
}

/// Returns what stands for a template: equal for equal ones.
pub fn template_hash(template: &Json) -> String {
    letters(hash(&sorted(template).to_string()), 10)
}

/// Returns a value with the members of its objects in order.
pub fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let ordered: std::collections::BTreeMap<&String, &Json> = members.iter().collect();
            Json::Object(ordered.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Says why something was not done.
pub fn said(stop: &Stop) -> String {
    match stop {
        Stop::Failure(Failure { message, .. }) => message.clone(),
        Stop::Tried(_) => "it was only tried".to_owned(),
    }
}
