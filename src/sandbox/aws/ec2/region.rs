//! EC2's records in one region: found, written, and named by ids.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::kind::Kind;
use crate::aws::account::random;
use crate::aws::query::Error;
use crate::clock::rfc3339;
use crate::frame::{Frame, Task};
use crate::world::{Change, Records};

/// EC2 in one region, within a change of the world.
pub struct Region<'c, 'w> {
    /// The change.
    pub change: &'c mut Change<'w>,
    /// What all clouds share.
    pub frame: &'c Frame,
    /// Like `eu-west-1`.
    pub name: String,
    /// What begins is never to end: a fault wants it.
    pub is_stuck: bool,
}

impl<'c, 'w> Region<'c, 'w> {
    /// Takes a region in hand.
    pub fn of(change: &'c mut Change<'w>, frame: &'c Frame, name: &str) -> Region<'c, 'w> {
        Region { change, frame, name: name.to_owned(), is_stuck: false }
    }

    /// Returns the name of a record.
    pub fn record(&self, kind: &Kind, id: &str) -> String {
        record(&self.name, kind, id)
    }

    /// Returns an object, if there is one.
    pub fn find(&self, kind: &Kind, id: &str) -> Option<Json> {
        self.change.get(&self.record(kind, id))
    }

    /// Returns an object, or the error that there is none.
    pub fn get(&self, kind: &Kind, id: &str) -> Result<Json, Error> {
        kind.check(id)?;
        self.find(kind, id).ok_or_else(|| kind.missing(id))
    }

    /// Writes an object under the id that it has.
    pub fn put(&mut self, kind: &Kind, object: &Json) {
        let name = self.record(kind, text(object, kind.id));
        self.change.put(&name, object);
    }

    /// Changes an object that is there.
    pub fn edit(&mut self, kind: &Kind, id: &str, edit: impl FnOnce(&mut Json)) {
        if let Some(mut object) = self.find(kind, id) {
            edit(&mut object);
            self.put(kind, &object);
        }
    }

    /// Removes an object.
    pub fn remove(&mut self, kind: &Kind, id: &str) -> bool {
        let name = self.record(kind, id);
        self.change.remove(&name)
    }

    /// Returns all objects of a kind.
    pub fn all(&self, kind: &Kind) -> Vec<Json> {
        all(self.change, &self.name, kind)
    }

    /// Returns those of them whose member is a text.
    pub fn with(&self, kind: &Kind, member: &str, value: &str) -> Vec<Json> {
        let mut found = self.all(kind);
        found.retain(|object| object[member] == value);
        found
    }

    /// Makes an id for a new object.
    pub fn new_id(&self, kind: &Kind) -> String {
        id(kind.prefix)
    }

    /// Returns the time, as EC2 writes it.
    pub fn now(&self) -> String {
        timestamp(self.frame.clock.now())
    }

    /// Plans what happens to an object later, unless a fault wants that it never does.
    pub fn later(&mut self, seconds: u64, action: &str, object: &str) {
        let what = json!({"do": action, "object": object, "region": self.name});
        let task = Task { service: "ec2".to_owned(), what };
        match self.is_stuck {
            true => self.frame.strand(self.change, &task),
            false => self.frame.plan(self.change, Duration::from_secs(seconds), &task),
        }
    }
}

/// Returns all objects of a kind in a region.
pub fn all(records: &Records, region: &str, kind: &Kind) -> Vec<Json> {
    records.under(&record(region, kind, "")).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect()
}

/// Returns the name of a record.
pub fn record(region: &str, kind: &Kind, id: &str) -> String {
    format!("aws/ec2/{region}/{}/{id}", kind.records)
}

/// Makes an id.
pub fn id(prefix: &str) -> String {
    format!("{prefix}-0{}", random::<8>())
}

/// Returns a time as EC2 writes it.
pub fn timestamp(time: Duration) -> String {
    format!("{}.{:03}Z", rfc3339(time).trim_end_matches('Z'), time.subsec_millis())
}

/// Returns a text in an object; empty if there is none.
pub fn text<'o>(object: &'o Json, member: &str) -> &'o str {
    object[member].as_str().unwrap_or_default()
}

/// Returns the elements of a list in an object.
pub fn list<'o>(object: &'o Json, member: &str) -> &'o [Json] {
    object[member].as_array().map_or(&[], Vec::as_slice)
}

/// Returns the list in an object, to be changed; it is made if there is none.
pub fn list_mut<'o>(object: &'o mut Json, member: &str) -> &'o mut Vec<Json> {
    if !object[member].is_array() {
        object[member] = json!([]);
    }
    match &mut object[member] {
        Json::Array(list) => list,
        // The line above made it one.
        _ => unreachable!("a list was put there"),
    }
}
