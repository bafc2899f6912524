//! Everything that exists in the sandbox: records under names, in memory, and on disk before anyone is told of them.
//!
//! A record is JSON text. Names are paths (`eks/eu-west-1/clusters/lake`), so that what belongs together lies together and
//! is found by its beginning. Changes happen one after the other; each is whole or not at all. What a change wrote is on
//! disk when it returns: writes of several share one commit, in the order in which they happened.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, Deref};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{broadcast, oneshot};

const RECORDS: TableDefinition<'_, &str, &str> = TableDefinition::new("records");

/// Bytes of names and records together; a world of 100 clusters with 2,000 objects each has about half of it.
pub const WORLD_BYTES_MAX: usize = 1 << 30;
/// Commits that one who follows them may be behind; who falls further back has to look at everything again.
const COMMITS_BEHIND_MAX: usize = 4096;
/// Bytes of the file that are kept in memory: everything is there anyway, and is read once.
const CACHE_BYTES: usize = 32 << 20;
/// Changes that share one commit at most.
const BATCH_MAX: usize = 512;

/// The records.
pub struct World {
    memory: Mutex<Records>,
    commits: broadcast::Sender<Arc<Commit>>,
    disk: Option<Disk>,
    /// What is written with every commit and is not in memory.
    stamp: Arc<OnceLock<Stamp>>,
}

/// Makes a record that goes to disk with every commit: its name and its text.
pub type Stamp = Box<dyn Fn() -> (&'static str, String) + Send + Sync>;

/// The thread that writes, and the way to it.
struct Disk {
    batches: Option<std::sync::mpsc::Sender<Batch>>,
    writer: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Disk {
    /// Waits until the file is closed, so that another process can have it.
    fn drop(&mut self) {
        drop(self.batches.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// The records as they are at one moment.
#[derive(Default)]
pub struct Records {
    records: BTreeMap<Box<str>, Arc<str>>,
    bytes: usize,
    revision: u64,
}

/// A change with who waits for it to be on disk.
struct Batch {
    commit: Arc<Commit>,
    done: oneshot::Sender<Result<(), WorldError>>,
}

/// What one change did.
#[derive(Debug)]
pub struct Commit {
    /// Counts changes; larger than that of all before, also of earlier processes.
    pub revision: u64,
    /// The records that it changed, by name.
    pub changes: Vec<Changed>,
}

/// One record before and after a change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Its name.
    pub name: Box<str>,
    /// What was there.
    pub before: Option<Arc<str>>,
    /// What is there now.
    pub after: Option<Arc<str>>,
}

/// Why the world cannot be opened or changed.
#[derive(Clone, Debug)]
pub enum WorldError {
    /// The file cannot be read or written.
    Disk(String),
    /// There is too much in it.
    Full,
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorldError::Disk(error) => write!(f, "the sandbox's world cannot be read or written: {error}"),
            WorldError::Full => write!(f, "the sandbox's world is full: it holds at most {WORLD_BYTES_MAX} bytes"),
        }
    }
}

impl std::error::Error for WorldError {}

/// Under what name the count of changes is kept.
const REVISION: &str = "frame/revision";

impl World {
    /// Makes a world that ends with the process.
    pub fn in_memory() -> World {
        let (commits, _) = broadcast::channel(COMMITS_BEHIND_MAX);
        World { memory: Mutex::default(), commits, disk: None, stamp: Arc::default() }
    }

    /// Opens the world in a file, or makes it.
    pub fn open(path: &Path) -> Result<World, WorldError> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(disk)?;
        let mut memory = Records::default();
        let transaction = database.begin_write().map_err(disk)?;
        transaction.open_table(RECORDS).map_err(disk)?;
        transaction.commit().map_err(disk)?;
        let transaction = database.begin_read().map_err(disk)?;
        let table = transaction.open_table(RECORDS).map_err(disk)?;
        for record in table.iter().map_err(disk)? {
            let (name, value) = record.map_err(disk)?;
            if name.value() == REVISION {
                memory.revision = value.value().parse().unwrap_or_default();
            } else {
                memory.put(name.value(), Some(value.value().into()));
            }
        }
        drop(transaction);
        let (commits, _) = broadcast::channel(COMMITS_BEHIND_MAX);
        let (sender, receiver) = std::sync::mpsc::channel();
        let (told, stamp) = (commits.clone(), Arc::<OnceLock<Stamp>>::default());
        let stamped = stamp.clone();
        let writer = std::thread::Builder::new().name("sandbox-world".to_owned());
        let writer = writer.spawn(move || write(&database, &receiver, &told, &stamped)).map_err(disk)?;
        let disk = Disk { batches: Some(sender), writer: Some(writer) };
        Ok(World { memory: Mutex::new(memory), commits, disk: Some(disk), stamp })
    }

    /// Writes a record with every commit from now on; the first who says so counts.
    pub fn stamp(&self, stamp: Stamp) {
        let _ = self.stamp.set(stamp);
    }

    /// Looks at the records as they are at this moment.
    pub fn look<T>(&self, look: impl FnOnce(&Records) -> T) -> T {
        look(&self.lock())
    }

    /// Changes records: all of what `change` does if it returns well, nothing of it otherwise. On disk when this returns.
    pub async fn change<T, E: From<WorldError>>(
        &self,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (result, ticket) = self.change_in_memory(change)?;
        if let Some(ticket) = ticket {
            match ticket.await {
                Ok(written) => written?,
                Err(_) => return Err(WorldError::Disk("the writer has ended".to_owned()).into()),
            }
        }
        Ok(result)
    }

    #[expect(clippy::type_complexity, reason = "a pair that one caller takes apart")]
    fn change_in_memory<T, E: From<WorldError>>(
        &self,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, E>,
    ) -> Result<(T, Option<oneshot::Receiver<Result<(), WorldError>>>), E> {
        let mut work = Change { memory: self.lock(), undo: BTreeMap::new() };
        let result = match change(&mut work) {
            Ok(result) if work.memory.bytes <= WORLD_BYTES_MAX => result,
            Ok(_) => {
                work.take_back();
                return Err(WorldError::Full.into());
            }
            Err(error) => {
                work.take_back();
                return Err(error);
            }
        };
        let Change { mut memory, undo } = work;
        let changes: Vec<Changed> = undo
            .into_iter()
            .map(|(name, before)| Changed { after: memory.records.get(&name).cloned(), name, before })
            .filter(|changed| changed.before != changed.after)
            .collect();
        if changes.is_empty() {
            return Ok((result, None));
        }
        memory.revision += 1;
        let commit = Arc::new(Commit { revision: memory.revision, changes });
        let Some(writer) = self.disk.as_ref().and_then(|disk| disk.batches.as_ref()) else {
            let _ = self.commits.send(commit);
            return Ok((result, None));
        };
        // Under the lock, so that the order on disk is the order in memory.
        let (done, ticket) = oneshot::channel();
        let _ = writer.send(Batch { commit, done });
        Ok((result, Some(ticket)))
    }

    /// Follows the changes from now on, each once it is on disk.
    pub fn follow(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.commits.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        // A change that panicked has changed nothing on disk; what it left in memory is at worst as a fault would have it.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes changes to disk, those that wait together in one go.
fn write(
    database: &Database,
    batches: &std::sync::mpsc::Receiver<Batch>,
    told: &broadcast::Sender<Arc<Commit>>,
    stamp: &OnceLock<Stamp>,
) {
    while let Ok(first) = batches.recv() {
        let mut together = vec![first];
        together.extend(batches.try_iter().take(BATCH_MAX - 1));
        let result = write_batch(database, &together, stamp.get());
        for batch in together {
            if result.is_ok() {
                let _ = told.send(batch.commit);
            }
            let _ = batch.done.send(result.clone());
        }
    }
}

fn write_batch(database: &Database, together: &[Batch], stamp: Option<&Stamp>) -> Result<(), WorldError> {
    let transaction = database.begin_write().map_err(disk)?;
    {
        let mut table = transaction.open_table(RECORDS).map_err(disk)?;
        for batch in together {
            for Changed { name, after, .. } in &batch.commit.changes {
                match after {
                    Some(value) => table.insert(&**name, &**value).map(drop).map_err(disk)?,
                    None => table.remove(&**name).map(drop).map_err(disk)?,
                }
            }
        }
        let revision = together.last().map_or(0, |batch| batch.commit.revision).to_string();
        table.insert(REVISION, revision.as_str()).map_err(disk)?;
        if let Some((name, text)) = stamp.map(|stamp| stamp()) {
            table.insert(name, text.as_str()).map_err(disk)?;
        }
    }
    transaction.commit().map_err(disk)
}

fn disk(error: impl fmt::Display) -> WorldError {
    WorldError::Disk(error.to_string())
}

impl Records {
    /// Returns the text of a record.
    pub fn text(&self, name: &str) -> Option<Arc<str>> {
        self.records.get(name).cloned()
    }

    /// Returns a record; nothing, too, if it is of another form.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.records.get(name)?).ok()
    }

    /// Tells whether there is a record of a name.
    pub fn has(&self, name: &str) -> bool {
        self.records.contains_key(name)
    }

    /// Returns the records whose names begin with a prefix, in the order of the names.
    pub fn under<'r>(&'r self, prefix: &'r str) -> impl DoubleEndedIterator<Item = (&'r str, &'r Arc<str>)> {
        self.behind(prefix, None)
    }

    /// Returns those of them that are behind a name.
    pub fn behind<'r>(
        &'r self,
        prefix: &'r str,
        name: Option<&str>,
    ) -> impl DoubleEndedIterator<Item = (&'r str, &'r Arc<str>)> {
        let from = match name {
            Some(name) => Bound::Excluded(Box::<str>::from(name)),
            None => Bound::Included(Box::<str>::from(prefix)),
        };
        // No text that begins with the prefix is behind the prefix followed by the last character.
        let to = Bound::Included(format!("{prefix}{}", char::MAX).into_boxed_str());
        self.records.range((from, to)).map(|(name, value)| (&**name, value))
    }

    /// Returns the bytes of names and records together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how many changes there have been.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn put(&mut self, name: &str, value: Option<Arc<str>>) -> Option<Arc<str>> {
        self.bytes += value.as_ref().map_or(0, |value| name.len() + value.len());
        let before = match value {
            Some(value) => self.records.insert(name.into(), value),
            None => self.records.remove(name),
        };
        self.bytes -= before.as_ref().map_or(0, |before| name.len() + before.len());
        before
    }
}

impl Deref for Change<'_> {
    type Target = Records;

    fn deref(&self) -> &Records {
        &self.memory
    }
}

/// A change that is being made; it sees what it has done so far.
pub struct Change<'w> {
    memory: MutexGuard<'w, Records>,
    /// What was there before, by name, for what has been changed.
    undo: BTreeMap<Box<str>, Option<Arc<str>>>,
}

impl Change<'_> {
    /// Writes a record.
    pub fn put(&mut self, name: &str, value: &impl Serialize) {
        // Keys of maps are texts in all that is stored here, the one thing that could make this fail.
        let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
        self.put_text(name, text.into());
    }

    /// Writes a record that is text already.
    pub fn put_text(&mut self, name: &str, text: Arc<str>) {
        let before = self.memory.put(name, Some(text));
        self.undo.entry(name.into()).or_insert(before);
    }

    /// Removes a record; tells whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.memory.put(name, None);
        let is_there = before.is_some();
        self.undo.entry(name.into()).or_insert(before);
        is_there
    }

    /// Does a part of the change that leaves nothing behind if it fails.
    pub fn attempt<T, E>(&mut self, part: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let before = std::mem::take(&mut self.undo);
        let result = part(self);
        if result.is_err() {
            self.take_back();
        }
        for (name, first) in std::mem::replace(&mut self.undo, before) {
            self.undo.entry(name).or_insert(first);
        }
        result
    }

    /// Returns what will be the number of this change.
    pub fn next_revision(&self) -> u64 {
        self.memory.revision + 1
    }

    fn take_back(&mut self) {
        for (name, before) in std::mem::take(&mut self.undo) {
            self.memory.put(&name, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, World, WorldError};

    async fn put(world: &World, name: &str, value: u32) {
        let put = |change: &mut Change<'_>| {
            change.put(name, &value);
            Ok::<_, WorldError>(())
        };
        world.change(put).await.expect("the change is made");
    }

    #[tokio::test]
    async fn keeps_what_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("world");
        {
            let world = World::open(&path).expect("a new world");
            put(&world, "a/1", 1).await;
            put(&world, "a/2", 2).await;
            put(&world, "b/1", 3).await;
            world.change(|change| Ok::<_, WorldError>(change.remove("a/1"))).await.expect("the change is made");
        }
        // The file is given free when its writer sees that nobody is left.
        let world = (0..100).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            World::open(&path).ok()
        });
        let world = world.expect("the same world");
        world.look(|view| {
            assert_eq!(view.get::<u32>("a/2"), Some(2));
            assert_eq!(view.under("a/").count(), 1);
            assert_eq!(view.revision(), 4);
        });
    }

    #[tokio::test]
    async fn a_change_is_whole_or_not_at_all() {
        let world = World::in_memory();
        put(&world, "a", 1).await;
        let mut following = world.follow();
        let failed = world.change(|change| {
            change.put("a", &2);
            change.put("b", &3);
            Err::<(), _>(WorldError::Full)
        });
        assert!(failed.await.is_err());
        world.look(|view| assert_eq!((view.get::<u32>("a"), view.get::<u32>("b")), (Some(1), None)));
        put(&world, "a", 1).await;
        assert!(following.try_recv().is_err(), "what changes nothing is no change");
        put(&world, "a", 5).await;
        assert_eq!(following.try_recv().expect("a commit").changes.len(), 1);
    }
}
