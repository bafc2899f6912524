//! A sandbox in this process whose time goes on at once when nobody has anything to do.
//!
//! Whether anybody has is seen by the kernel: a thread that is about to get an answer does not sleep any more, so that
//! nothing is on its way while both the sandbox's and the engine's do. Between jumps time runs as ours does, so that what
//! a run computes costs what it costs, and minutes of a cloud cost nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sandbox::{Clock, Folder, Frame, Holder, Options, Sandbox, emulator};
use sdk::{Call, Runtime};
use state::simulated::Seeded;

/// How often it is looked whether everyone waits.
const LOOK_EVERY: Duration = Duration::from_micros(100);
/// The calls to the kernel in which a thread waits for its connections and its timers: `epoll_wait` and `epoll_pwait`.
const POLLS: &[&str] = if cfg!(target_arch = "x86_64") { &["232", "281"] } else { &["22"] };
/// What is to happen later than this is waited for by nobody who has anything to do.
const JUMP_MAX: Duration = Duration::from_secs(24 * 3600);

/// A sandbox, and time.
pub(super) struct Ground {
    pub(super) frame: Arc<Frame>,
    variables: BTreeMap<String, String>,
    /// The kernel's number of the thread that a run is made on; 0 while there is none.
    engine: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    /// That of the sandbox.
    thread: u64,
    conductor: Option<JoinHandle<()>>,
    sandbox: Option<Sandbox>,
    _folder: tempfile::TempDir,
}

impl Ground {
    /// Serves an empty world.
    pub(super) fn new(seed: u64) -> Ground {
        // Whose thread is new is the one that was started here.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().expect("a folder");
        let path = Folder::new(folder.path());
        let Ok(Holder::We(hold)) = path.take() else { panic!("the folder is new") };
        let options = Options { in_memory: true, speed: Some(1.0), seed, ..Options::new(path) };
        let before = threads();
        let sandbox = Sandbox::start(&options, hold).expect("a sandbox");
        let mut thread = 0;
        while thread == 0 {
            thread = threads().difference(&before).next().copied().unwrap_or_default();
        }
        let frame = sandbox.frame.clone();
        frame.clock.heed_work();
        let variables = emulator::variables(&sandbox.served, folder.path());
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (engine, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let conductor = std::thread::spawn({
            let (clock, engine, over) = (frame.clock.clone(), engine.clone(), over.clone());
            move || conduct(&clock, thread, &engine, &over)
        });
        let (conductor, sandbox) = (Some(conductor), Some(sandbox));
        Ground { frame, variables, engine, over, thread, conductor, sandbox, _folder: folder }
    }

    /// Returns time, chance and the environment for a run on this thread, until the second is dropped.
    pub(super) fn enter(&self, seed: u64) -> (Arc<dyn Runtime>, Entered<'_>) {
        let random = Mutex::new(Seeded::new(seed));
        let time = Time { clock: self.frame.clock.clone(), variables: self.variables.clone(), random };
        self.engine.store(own_thread(), Ordering::SeqCst);
        (Arc::new(time), Entered(self))
    }
}

impl Ground {
    /// Nothing goes wrong from now on, and what was stuck goes on.
    pub(super) fn heal(&self) {
        self.frame.faults.clear();
        let executor = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        executor.block_on(self.frame.free()).expect("a world in memory");
    }

    /// Lets time pass for whoever has something to do in the sandbox.
    pub(super) fn pass(&self, time: Duration) {
        let clock = &self.frame.clock;
        let end = clock.now() + time;
        loop {
            std::thread::sleep(LOOK_EVERY);
            let Some(first) = asleep(self.thread) else { continue };
            let (next, now) = (clock.next_wait().unwrap_or(end).min(end), clock.now());
            if asleep(self.thread) != Some(first) {
                continue;
            }
            if now >= end {
                return;
            }
            clock.skip(next.saturating_sub(now));
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(conductor) = self.conductor.take() {
            let _ = conductor.join();
        }
        drop(self.sandbox.take());
    }
}

/// A run is made on this thread.
pub(super) struct Entered<'g>(&'g Ground);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.engine.store(0, Ordering::SeqCst);
    }
}

/// Lets time go on to what happens next whenever both threads sleep.
fn conduct(clock: &Clock, sandbox: u64, engine: &AtomicU64, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        std::thread::sleep(LOOK_EVERY);
        let engine = engine.load(Ordering::SeqCst);
        if engine == 0 || clock.is_held() {
            continue;
        }
        let look = || Some((asleep(engine)?, asleep(sandbox)?));
        let Some(first) = look() else { continue };
        // Whoever was woken by the other between the two looks has been awake since.
        let (Some(next), now) = (clock.next_wait(), clock.now()) else { continue };
        if look() == Some(first) && next > now && next - now < JUMP_MAX {
            clock.skip(next - now);
        }
    }
}

/// Returns how often a thread has gone to sleep, if it sleeps until something comes to it. One that waits for memory or a
/// lock, which a third thread may have, is at work: on a busy machine that takes as long as anything else.
fn asleep(thread: u64) -> Option<u64> {
    // Not every system tells in what call a thread is.
    let call = std::fs::read_to_string(format!("/proc/self/task/{thread}/syscall"));
    let is_polling = |call: String| call.split(' ').next().is_some_and(|number| POLLS.contains(&number));
    call.map_or(true, is_polling).then_some(())?;
    let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let number = |name: &str| field(name).and_then(|text| text.parse::<u64>().ok());
    field("State:")?.starts_with('S').then_some(())?;
    Some(number("voluntary_ctxt_switches:")? + number("nonvoluntary_ctxt_switches:")?)
}

/// Returns the threads that serve sandboxes.
fn threads() -> BTreeSet<u64> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse::<u64>().ok());
    let is_sandbox = |thread: &u64| {
        std::fs::read_to_string(format!("/proc/self/task/{thread}/comm")).is_ok_and(|name| name.trim() == "sandbox")
    };
    names.filter(is_sandbox).collect()
}

fn own_thread() -> u64 {
    let link = std::fs::read_link("/proc/thread-self").expect("Linux");
    link.file_name().and_then(|name| name.to_str()?.parse().ok()).expect("a number")
}

struct Time {
    clock: Arc<Clock>,
    variables: BTreeMap<String, String>,
    random: Mutex<Seeded>,
}

impl Runtime for Time {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> Call<'static, ()> {
        let (clock, until) = (self.clock.clone(), self.clock.now() + duration);
        Box::pin(async move { clock.wait(until).await })
    }

    fn random(&self) -> u128 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        u128::from(random.next()) << 64 | u128::from(random.next())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn environment(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.variables)
    }
}
