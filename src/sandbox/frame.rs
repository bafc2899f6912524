//! What all emulated clouds share: the world, the clock, faults, the log, and things that happen later.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::sync::Notify;

use crate::clock::{Clock, SPEED_DEFAULT, real_now};
use crate::faults::{Fault, Faults};
use crate::folder::Folder;
use crate::log::Log;
use crate::tls::Authority;
use crate::world::{Change, Records, World, WorldError};

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that its world is kept in; in memory unless set.
    pub folder: Option<PathBuf>,
    /// Seconds of the sandbox in one of ours; as it was, or the usual, unless set.
    pub speed: Option<f64>,
    /// What chance begins with.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { folder: None, speed: None, seed: 1 }
    }
}

/// What all emulated clouds share.
pub struct Frame {
    /// Everything that exists.
    pub world: World,
    /// The time by which operations take long.
    pub clock: Arc<Clock>,
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub log: Log,
    /// Rings when something was planned for later.
    later: Notify,
    place: OnceLock<Place>,
}

/// Where a sandbox is served.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where plain HTTP is served.
    pub plain: SocketAddr,
    /// Where TLS is served.
    pub secure: SocketAddr,
    /// Who signed what is shown there.
    pub authority: Authority,
}

/// Under what name the clock is kept.
const CLOCK: &str = "frame/clock";
/// Under what prefix things that happen later are kept, by their times.
pub(crate) const TASKS: &str = "frame/tasks/";
/// Under what prefix things are kept that never happen.
const STRANDED: &str = "frame/stranded/";

#[derive(Serialize, Deserialize)]
struct KeptClock {
    milliseconds: u64,
    speed: f64,
}

/// Something that happens later.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Task {
    /// The service that does it.
    pub service: String,
    /// What it does, in the service's own words.
    pub what: Json,
}

impl Frame {
    /// Opens a sandbox's world, or makes it.
    pub fn open(settings: &Settings) -> Result<Arc<Frame>, WorldError> {
        let (world, log) = match &settings.folder {
            None => (World::in_memory(), Log::default()),
            Some(folder) => {
                let disk = |error: std::io::Error| WorldError::Disk(error.to_string());
                std::fs::create_dir_all(folder).map_err(disk)?;
                let folder = Folder::new(folder);
                (World::open(&folder.world())?, Log::to_file(&folder.log()).map_err(disk)?)
            }
        };
        let kept: Option<KeptClock> = world.look(|view| view.get(CLOCK));
        // Clouds go on while nobody looks: the sandbox is never behind us.
        let begin =
            kept.as_ref().map_or(Duration::ZERO, |kept| Duration::from_millis(kept.milliseconds)).max(real_now());
        let speed = settings.speed.or(kept.map(|kept| kept.speed)).unwrap_or(SPEED_DEFAULT);
        let rules: Vec<Fault> = world.look(|view| view.get(FAULTS)).unwrap_or_default();
        let faults = Faults::new(rules, settings.seed);
        let clock = Arc::new(Clock::new(begin, speed));
        let stamped = clock.clone();
        // Each change is on disk with its time, so that time does not go back after a crash.
        world.stamp(Box::new(move || (CLOCK, serde_json::to_string(&kept_clock(&stamped)).unwrap_or_default())));
        Ok(Arc::new(Frame { world, clock, faults, log, later: Notify::new(), place: OnceLock::new() }))
    }

    /// Says where the sandbox is served; the first time counts.
    pub fn set_place(&self, place: Place) {
        let _ = self.place.set(place);
    }

    /// Returns where the sandbox is served, if it is.
    pub fn place(&self) -> Option<&Place> {
        self.place.get()
    }

    /// Returns how much has been begun and not ended.
    pub fn task_count(&self, records: &Records) -> usize {
        records.under(TASKS).count()
    }

    /// Plans something for later, as a part of a change.
    pub fn plan(&self, change: &mut Change<'_>, after: Duration, task: &Task) {
        let at = self.clock.now() + after;
        let number = change.next_revision();
        let place = change.under(&format!("{TASKS}{:015}/", at.as_millis())).count();
        change.put(&format!("{TASKS}{:015}/{number:012}-{place:04}", at.as_millis()), task);
        self.later.notify_one();
    }

    /// Keeps in mind what should have happened and does not, as a part of a change.
    pub fn strand(&self, change: &mut Change<'_>, task: &Task) {
        let number = change.next_revision();
        let place = change.under(STRANDED).count();
        change.put(&format!("{STRANDED}{number:012}-{place:04}"), task);
    }

    /// Lets everything happen that was stuck.
    pub async fn free(&self) -> Result<(), WorldError> {
        let free = |change: &mut Change<'_>| {
            let stranded: Vec<(String, Option<Task>)> =
                change.under(STRANDED).map(|(name, text)| (name.to_owned(), serde_json::from_str(text).ok())).collect();
            for (name, task) in stranded {
                change.remove(&name);
                if let Some(task) = task {
                    self.plan(change, Duration::ZERO, &task);
                }
            }
            Ok(())
        };
        self.world.change(free).await
    }

    /// Returns when the next thing happens.
    pub fn next_task(&self) -> Option<Duration> {
        self.world.look(|records| records.under(TASKS).next().map(|(name, _)| time_of(name)))
    }

    /// Takes the next thing that should have happened by now. It is gone from the world with the change that does it.
    pub fn due(&self) -> Option<(Box<str>, Task)> {
        let now = self.clock.now();
        self.world.look(|records| {
            let (name, text) = records.under(TASKS).next().filter(|(name, _)| time_of(name) <= now)?;
            let unreadable = || Task { service: String::new(), what: Json::Null };
            Some((name.into(), serde_json::from_str(text).unwrap_or_else(|_| unreadable())))
        })
    }

    /// Returns the tasks of a service that should have happened by now, so many at most.
    pub fn all_due(&self, service: &str, count: usize) -> Vec<Box<str>> {
        let now = self.clock.now();
        self.world.look(|records| {
            let due = records.under(TASKS).take_while(|(name, _)| time_of(name) <= now);
            let is_ours = |text: &str| serde_json::from_str(text).is_ok_and(|task: Task| task.service == service);
            due.filter(|(_, text)| is_ours(text)).take(count).map(|(name, _)| name.into()).collect()
        })
    }

    /// Does what was planned for now.
    pub async fn happen(&self, perform: impl FnOnce(&mut Change<'_>) + Send) {
        let perform = |change: &mut Change<'_>| {
            perform(change);
            Ok::<_, WorldError>(())
        };
        if self.world.change(perform).await.is_err() {
            // The disk is full or broken. Not at once again, or this would be all that the program does.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits until something was planned.
    pub async fn planned(&self) {
        self.later.notified().await;
    }

    /// Keeps the time and the faults for the next process.
    pub async fn keep(&self) -> Result<(), WorldError> {
        let kept = kept_clock(&self.clock);
        let faults = self.faults.list();
        let keep = |change: &mut Change<'_>| {
            change.put(CLOCK, &kept);
            change.put(FAULTS, &faults);
            Ok(())
        };
        self.world.change(keep).await
    }
}

/// Under what name faults are kept.
const FAULTS: &str = "frame/faults";

fn kept_clock(clock: &Clock) -> KeptClock {
    KeptClock { milliseconds: clock.now().as_millis() as u64, speed: clock.speed() }
}

fn time_of(name: &str) -> Duration {
    let digits = name.strip_prefix(TASKS).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    Duration::from_millis(digits.parse().unwrap_or_default())
}
