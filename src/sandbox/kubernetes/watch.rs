//! Watches: what changes, line by line, from a version on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use serde_json::{Value as Json, json};
use tokio::sync::{broadcast, watch};

use super::failure::Failure;
use super::kinds::Kind;
use super::selector::Selector;
use super::store::as_version;
use super::table;
use crate::frame::Frame;
use crate::world::Changed;

/// Changes that are kept for those who come late; who is further behind lists again.
const HISTORY_MAX: usize = 20_000;
/// How long a change may take until it is told of.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// How often a watch that wants it is told the version, though nothing changed.
const BOOKMARK_EVERY: Duration = Duration::from_secs(30);
/// The longest watch.
pub const SECONDS_MAX: u64 = 3_600;

/// What changed lately.
pub struct History {
    past: Mutex<Past>,
    latest: watch::Sender<u64>,
}

#[derive(Default)]
struct Past {
    /// Changes up to this version are not known.
    begin: u64,
    latest: u64,
    changes: VecDeque<(u64, Changed)>,
}

impl Default for History {
    fn default() -> History {
        History { past: Mutex::default(), latest: watch::channel(0).0 }
    }
}

impl History {
    /// Follows the world.
    pub async fn follow(&self, frame: &Arc<Frame>) {
        let mut commits = frame.world.follow();
        self.begin(frame.world.look(|records| records.revision()));
        loop {
            match commits.recv().await {
                Ok(commit) => self.add(&commit.changes, commit.revision),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    commits = commits.resubscribe();
                    self.begin(frame.world.look(|records| records.revision()));
                }
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn begin(&self, revision: u64) {
        *self.lock() = Past { begin: revision, latest: revision, changes: VecDeque::new() };
        self.latest.send_replace(revision);
    }

    fn add(&self, changes: &[Changed], revision: u64) {
        let mut past = self.lock();
        if revision <= past.latest {
            return;
        }
        past.changes
            .extend(changes.iter().filter(|one| one.name.starts_with("k8s/")).map(|one| (revision, one.clone())));
        while past.changes.len() > HISTORY_MAX {
            past.begin = past.changes.pop_front().map_or(past.begin, |(revision, _)| revision);
        }
        past.latest = revision;
        drop(past);
        self.latest.send_replace(revision);
    }

    fn lock(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the changes after a version under a prefix, and the version up to which they are.
    fn after(&self, revision: u64, prefix: &str) -> Option<(Vec<(u64, Changed)>, u64)> {
        let past = self.lock();
        if revision < past.begin {
            return None;
        }
        let from = past.changes.partition_point(|(at, _)| *at <= revision);
        let changes = past.changes.range(from..).filter(|(_, one)| one.name.starts_with(prefix)).cloned().collect();
        Some((changes, past.latest.max(revision)))
    }

    /// Returns what stood, at a version, under the names that have changed since; nothing if that is forgotten.
    /// Waits until all is known up to another version.
    pub async fn before(
        &self,
        revision: u64,
        until: u64,
        prefix: &str,
    ) -> Option<BTreeMap<Box<str>, Option<Arc<str>>>> {
        let mut latest = self.latest.subscribe();
        let known = latest.wait_for(|latest| *latest >= until);
        tokio::time::timeout(KNOWN_WITHIN, known).await.ok()?.ok()?;
        let past = self.lock();
        if revision < past.begin {
            return None;
        }
        let from = past.changes.partition_point(|(at, _)| *at <= revision);
        let mut before = BTreeMap::new();
        for (_, changed) in past.changes.range(from..).filter(|(_, one)| one.name.starts_with(prefix)) {
            before.entry(changed.name.clone()).or_insert_with(|| changed.before.clone());
        }
        Some(before)
    }
}

/// What is watched, and how it is told.
pub struct Watch {
    /// The kind.
    pub kind: Arc<Kind>,
    /// The beginning of the names of its records.
    pub prefix: String,
    /// Which objects.
    pub selector: Selector,
    /// The last version that the client knows.
    pub revision: u64,
    /// Whether versions are told though nothing changed.
    pub bookmarks: bool,
    /// How long.
    pub seconds: u64,
    /// As rows of a table, or with metadata alone.
    pub shape: table::Shape,
    /// What the client is told first.
    pub first: Vec<Json>,
}

/// Tells events until the time is over.
pub fn stream(history: Arc<History>, watched: Watch) -> impl Stream<Item = Bytes> + Send {
    let until = tokio::time::Instant::now() + Duration::from_secs(watched.seconds.clamp(1, SECONDS_MAX));
    let latest = history.latest.subscribe();
    let state = Some((history, watched, latest));
    futures_util::stream::unfold(state, move |state| async move {
        let (history, mut watched, mut latest) = state?;
        let mut lines = String::new();
        for event in watched.first.drain(..) {
            lines.push_str(&line(&event));
        }
        while lines.is_empty() {
            latest.mark_unchanged();
            let Some((changes, revision)) = history.after(watched.revision, &watched.prefix) else {
                let gone = Failure::new(410, "Expired", format!("too old resource version: {}", watched.revision));
                return Some((line(&json!({"type": "ERROR", "object": gone.status()})).into(), None));
            };
            for (revision, changed) in changes {
                lines.extend(event(&watched, revision, &changed).map(|event| line(&event)));
            }
            watched.revision = revision;
            if !lines.is_empty() {
                break;
            }
            let bookmark_at = (tokio::time::Instant::now() + BOOKMARK_EVERY).min(until);
            tokio::select! {
                changed = latest.changed() => if changed.is_err() { return None },
                () = tokio::time::sleep_until(bookmark_at) => {
                    if tokio::time::Instant::now() >= until {
                        return None;
                    }
                    if watched.bookmarks {
                        lines = line(&bookmark(&watched.kind, watched.revision, false));
                    }
                }
            }
        }
        Some((lines.into(), Some((history, watched, latest))))
    })
}

fn line(event: &Json) -> String {
    format!("{event}\n")
}

/// Tells a version.
pub fn bookmark(kind: &Kind, revision: u64, ends_list: bool) -> Json {
    let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
    if ends_list {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    let object = json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": metadata});
    json!({"type": "BOOKMARK", "object": object})
}

fn event(watched: &Watch, revision: u64, changed: &Changed) -> Option<Json> {
    let read = |text: &Option<Arc<str>>| -> Option<Json> {
        let object: Json = serde_json::from_str(text.as_ref()?).ok()?;
        watched.selector.takes(&object).then_some(object)
    };
    let (word, mut object) = match (read(&changed.before), read(&changed.after)) {
        (None, Some(object)) => ("ADDED", object),
        (Some(_), Some(object)) => ("MODIFIED", object),
        (Some(mut object), None) => {
            object["metadata"]["resourceVersion"] = revision.to_string().into();
            ("DELETED", object)
        }
        (None, None) => return None,
    };
    as_version(&mut object, &watched.kind);
    let object = table::shaped(&watched.kind, object, &watched.shape);
    Some(json!({"type": word, "object": object}))
}
