//! The fake cloud itself: what there is in it, in memory or in a file that survives whoever uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::faults::{Fault, When};

/// What every file begins with.
const VERSION_PREFIX: &str = "{\"version\":";

/// The prefix, twenty digits and a comma.
const VERSION_BYTES_MAX: usize = VERSION_PREFIX.len() + 21;

/// What providers share that were given it. Every change is in the file before the call that made it goes on.
pub struct World {
    path: Option<PathBuf>,
    state: Mutex<Loaded>,
}

struct Loaded {
    state: State,
    /// The state's version in the file, when it was read or written last.
    seen: Option<u64>,
}

/// What there is in a world.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// Counts the changes. It is the file's first member, so that it can be read without the rest.
    version: u64,
    /// How many things were ever made: numbers are not used again.
    pub(crate) made: u64,
    /// Objects by id.
    pub(crate) objects: BTreeMap<String, WorldObject>,
    /// The ids of objects by the tokens that they were made with.
    tokens: BTreeMap<String, String>,
    /// The ids of objects that are about to go.
    going: BTreeSet<String>,
    /// What is to go wrong.
    pub(crate) faults: Vec<Fault>,
    /// How often a fault of a provider's configuration has struck, by its text.
    pub(crate) struck: BTreeMap<String, u64>,
    /// How often each kind of call was made.
    pub(crate) calls: BTreeMap<String, u64>,
    /// What became of ephemeral things.
    pub(crate) ephemerals: Ephemerals,
    /// Things outlast their rooms.
    pub(crate) keeps_things: bool,
    /// What happened to objects, for who asked for it.
    #[serde(skip)]
    history: Option<Vec<Happening>>,
}

/// Something that happened to an object of a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When, in milliseconds since 1970-01-01 in UTC; nothing if somebody else did it.
    pub at_ms: Option<u64>,
    /// The object as it was; nothing if it is new.
    pub before: Option<WorldObject>,
    /// The object from then on; nothing if somebody else took it away.
    pub after: Option<WorldObject>,
}

/// An object of a world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorldObject {
    /// What the cloud calls it.
    pub id: String,
    /// Its resource type.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The token that it was made with.
    pub token: String,
    /// Its attributes, in JSON.
    pub attributes: Map<String, Json>,
    /// Tags that the provider gives to everything.
    pub default_tags: BTreeMap<String, String>,
    /// How often it was written.
    pub revision: u64,
    /// What came in by write-only attributes, as fingerprints: even a world keeps no password.
    pub fingerprints: BTreeMap<String, String>,
    /// The token of the last change that was made to it.
    pub last_token: String,
    /// When the operation on it ends, in milliseconds since 1970-01-01 in UTC.
    pub busy_until_ms: u64,
    /// From when on it is found by those who do not wait for it, likewise.
    pub visible_from_ms: u64,
    /// It is gone when the operation ends.
    pub deleting: bool,
    /// It was not made or changed as it should have been.
    pub broken: bool,
}

impl WorldObject {
    /// Returns the id of the room that it is in, if it is in one.
    pub fn room(&self) -> Option<&str> {
        self.attributes.get("room").and_then(Json::as_str)
    }
}

/// How often ephemeral things were opened, renewed and closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ephemerals {
    /// How many were opened.
    pub opened: u64,
    /// How often any was renewed.
    pub renewed: u64,
    /// How many were closed.
    pub closed: u64,
    /// Those that are open.
    pub open: BTreeSet<String>,
}

/// The worlds on disk that this process uses: one for a path, so that each is locked once.
static ON_DISK: Mutex<BTreeMap<PathBuf, Arc<World>>> = Mutex::new(BTreeMap::new());

impl World {
    /// Makes an empty world that ends with its last user.
    pub fn in_memory() -> Arc<World> {
        Arc::new(World { path: None, state: Mutex::new(Loaded { state: State::default(), seen: None }) })
    }

    /// Returns the world in a file, which need not be there yet. Processes may share it.
    pub fn on_disk(path: impl Into<PathBuf>) -> Arc<World> {
        let path = path.into();
        let mut worlds = ON_DISK.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let state = Mutex::new(Loaded { state: State::default(), seen: None });
            Arc::new(World { path: Some(path.clone()), state })
        };
        worlds.entry(path.clone()).or_insert_with(make).clone()
    }

    /// Tells whether the world outlives this process.
    pub fn is_on_disk(&self) -> bool {
        self.path.is_some()
    }

    /// Returns all objects, those that are about to be or to go as well.
    pub fn objects(&self) -> io::Result<Vec<WorldObject>> {
        self.look(|state| state.objects.values().cloned().collect())
    }

    /// Returns how often each kind of call was made, by words like `create fake_object`.
    pub fn calls(&self) -> io::Result<BTreeMap<String, u64>> {
        self.look(|state| state.calls.clone())
    }

    /// Returns what became of ephemeral things.
    pub fn ephemerals(&self) -> io::Result<Ephemerals> {
        self.look(|state| state.ephemerals.clone())
    }

    /// Lets something go wrong, for all who use the world.
    pub fn inject(&self, fault: Fault) -> io::Result<()> {
        self.change(|state| state.faults.push(fault))
    }

    /// Forgets by which calls objects were made: none can be found by its token any more.
    pub fn forget_tokens(&self) -> io::Result<()> {
        self.change(|state| state.tokens.clear())
    }

    /// Lets things outlast their rooms from now on, which they should not.
    pub fn keep_things(&self) -> io::Result<()> {
        self.change(|state| state.keeps_things = true)
    }

    /// Takes back what was injected and has not struck yet.
    pub fn heal(&self) -> io::Result<()> {
        self.change(|state| state.faults.clear())
    }

    /// Writes down from now on what happens to objects; only a world in memory keeps it.
    pub fn record(&self) -> io::Result<()> {
        self.change(|state| state.history = Some(Vec::new()))
    }

    /// Returns what has happened to objects since it was asked last, in order.
    pub fn happenings(&self) -> io::Result<Vec<Happening>> {
        self.change(|state| state.history.as_mut().map(std::mem::take).unwrap_or_default())
    }

    /// Changes an attribute behind everybody's back; tells whether the object is there.
    pub fn edit(&self, id: &str, attribute: &str, value: Json) -> io::Result<bool> {
        self.change(|state| {
            state.meddle(id, |object| {
                object.attributes.insert(attribute.to_owned(), value);
            })
        })
    }

    /// Takes an object away behind everybody's back; tells whether it was there.
    pub fn remove(&self, id: &str) -> io::Result<bool> {
        self.change(|state| state.lose(id))
    }

    /// Looks at the state as it is now.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> io::Result<T> {
        let mut loaded = self.lock();
        let _held = self.hold()?;
        self.load(&mut loaded)?;
        Ok(look(&loaded.state))
    }

    /// Changes the state; nobody else changes it in between, and the change is stored when this returns.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> io::Result<T> {
        let mut loaded = self.lock();
        let _held = self.hold()?;
        self.load(&mut loaded)?;
        let result = change(&mut loaded.state);
        self.store(&mut loaded)?;
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, Loaded> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps other processes out until the file is closed, which the end of a process does as well.
    fn hold(&self) -> io::Result<Option<File>> {
        let Some(path) = &self.path else { return Ok(None) };
        let file = File::options().create(true).truncate(false).write(true).open(beside(path, "lock"))?;
        file.lock()?;
        Ok(Some(file))
    }

    fn load(&self, loaded: &mut Loaded) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let seen = seen(path)?;
        if seen != loaded.seen {
            loaded.state = match seen {
                Some(_) => serde_json::from_slice(&fs::read(path)?)?,
                None => State::default(),
            };
            loaded.seen = seen;
        }
        Ok(())
    }

    fn store(&self, loaded: &mut Loaded) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        loaded.state.version += 1;
        let new = beside(path, "new");
        fs::write(&new, serde_json::to_vec(&loaded.state)?)?;
        fs::rename(&new, path)?;
        loaded.seen = Some(loaded.state.version);
        Ok(())
    }
}

impl State {
    /// Counts a call.
    pub(crate) fn count(&mut self, call: String) {
        *self.calls.entry(call).or_default() += 1;
    }

    /// Puts an object into the world, or its new form in place of the old one.
    pub(crate) fn put(&mut self, object: WorldObject, now_ms: u64) {
        if let Some(history) = &mut self.history {
            let before = self.objects.get(&object.id).cloned();
            history.push(Happening { at_ms: Some(now_ms), before, after: Some(object.clone()) });
        }
        if object.deleting {
            self.going.insert(object.id.clone());
        }
        self.tokens.insert(object.token.clone(), object.id.clone());
        self.objects.insert(object.id.clone(), object);
    }

    /// Changes an object as somebody else would; tells whether it is there.
    pub(crate) fn meddle(&mut self, id: &str, change: impl FnOnce(&mut WorldObject)) -> bool {
        let Some(object) = self.objects.get_mut(id) else { return false };
        let before = self.history.as_ref().map(|_| object.clone());
        change(object);
        if let Some(history) = &mut self.history {
            history.push(Happening { at_ms: None, before, after: Some(object.clone()) });
        }
        true
    }

    /// Takes an object away as somebody else would; tells whether it was there.
    pub(crate) fn lose(&mut self, id: &str) -> bool {
        let before = self.objects.remove(id);
        let was_there = before.is_some();
        self.empty(before.as_slice());
        if let Some(history) = &mut self.history {
            history.push(Happening { at_ms: None, before, after: None });
        }
        was_there
    }

    /// Takes what has gone away out of the objects.
    pub(crate) fn settle(&mut self, now_ms: u64) {
        let State { objects, going, .. } = self;
        let mut gone = Vec::new();
        going.retain(|id| {
            let is_there = objects.get(id).is_some_and(|object| object.busy_until_ms > now_ms);
            if !is_there {
                gone.extend(objects.remove(id));
            }
            is_there
        });
        self.empty(&gone);
    }

    /// Takes away what is in rooms that are gone.
    fn empty(&mut self, gone: &[WorldObject]) {
        let rooms: Vec<&str> = gone.iter().filter(|gone| gone.kind == "fake_room").map(|gone| &*gone.id).collect();
        if !rooms.is_empty() && !self.keeps_things {
            self.objects.retain(|_, object| object.room().is_none_or(|room| !rooms.contains(&room)));
        }
    }

    /// Returns the object that was made with a token.
    pub(crate) fn made_with(&self, token: &str) -> Option<&WorldObject> {
        self.objects.get(self.tokens.get(token)?)
    }

    /// Finds what goes wrong with a call, of what was injected and what the caller is configured with, and counts it.
    pub(crate) fn strike(&mut self, configured: &[Fault], call: &Call<'_>) -> Option<When> {
        if let Some(fault) = self.faults.iter_mut().find(|fault| fault.concerns(call) && fault.times != Some(0)) {
            fault.times = fault.times.map(|times| times - 1);
            return Some(fault.when);
        }
        for fault in configured.iter().filter(|fault| fault.concerns(call)) {
            let struck = self.struck.entry(fault.text()).or_default();
            if fault.times.is_none_or(|times| *struck < times) {
                *struck += 1;
                return Some(fault.when);
            }
        }
        None
    }
}

/// A call as faults see it.
pub(crate) struct Call<'a> {
    /// `create`, `read`, ...
    pub(crate) action: &'a str,
    /// The resource type.
    pub(crate) kind: &'a str,
    /// The object's name.
    pub(crate) name: &'a str,
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// Returns the version of the state in a file; nothing if there is no file.
fn seen(path: &Path) -> io::Result<Option<u64>> {
    let mut start = [0; VERSION_BYTES_MAX];
    let length = match File::open(path) {
        Ok(mut file) => file.read(&mut start)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&start[..length]);
    let digits = text.strip_prefix(VERSION_PREFIX).and_then(|rest| rest.split(',').next());
    let version = digits.and_then(|digits| digits.parse().ok());
    version.map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the file holds no fake world"))
}
