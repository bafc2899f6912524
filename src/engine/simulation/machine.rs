//! A machine with a disk, in front of a cloud, on which runs are made that may end in any way.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use apply::Event;
use diag::{Diagnostics, Sources};
use fake::World;
use lang::functions::{Environment, Files};
use lang::module::Reader;
use lang::tree::{self, Node};
use lang::validate::NoProviders;
use plan::{Action, Change, Options, Plan};
use sdk::{Runtime, Simulation};
use state::record::{Record, Settled};
use state::simulated::{Fault, Seeded, SimulatedFiles};
use state::stores::local::LocalStore;
use state::{Claim, Journal, Ledger, LockRequest, Object, Scribe, Status, Store};

use super::model::Model;
use super::{check, text};
use crate::{Approval, Configuration, Report, Request, run_on};

/// No run takes longer than that, whatever goes wrong, unless it hangs.
const RUN_MAX: Duration = Duration::from_secs(3600);

/// Of so many times that records became durable the state is checked once.
const CHECKED_ONE_OF: u64 = 6;

thread_local! {
    /// The cloud of this thread's machine: providers are made by functions that know nothing else.
    static CLOUD: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

fn provider() -> Box<dyn sdk::Provider> {
    let cloud = CLOUD.with_borrow(Clone::clone);
    fake::provider_in(cloud.unwrap_or_else(World::in_memory))
}

pub(super) const PROVIDERS: &[sdk::Factory] =
    &[provider, || terraform::provider(|_| Err("there are no such files here".into()))];

/// How a run is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Cut {
    /// It is not.
    #[default]
    Not,
    /// The process is killed so many syncs and milliseconds after its begin.
    Kill(u64, u64),
    /// The machine loses power then.
    Power(u64, u64),
    /// It loses power so many operations after it began to write a new snapshot.
    PowerWhileCompacting(u64),
    /// The disk fails for good at that operation, and the process lives on.
    Disk(u64),
}

/// How a run is made.
#[derive(Clone, Debug, Default)]
pub(super) struct How {
    pub(super) options: Options,
    pub(super) cut: Cut,
    /// The user interrupts it so many syncs after its begin.
    pub(super) interrupt: Option<u64>,
    pub(super) parallelism: usize,
}

/// How a run ended.
pub(super) enum Ended {
    /// It was cut off.
    Cut,
    /// It never ends, as a call to the cloud does not.
    Hung,
    /// It could not begin or end.
    Failed(Diagnostics),
    /// It did.
    Done(Box<Report>),
}

/// The machine, the cloud and what was seen of both.
pub(super) struct Machine {
    pub(super) files: SimulatedFiles,
    pub(super) cloud: Arc<World>,
    pub(super) time: Simulation,
    pub(super) random: RefCell<Seeded>,
    pub(super) log: RefCell<Vec<String>>,
    pub(super) mirror: RefCell<check::Mirror>,
}

/// What is wrong.
pub(super) type Wrong = String;

impl Machine {
    pub(super) fn new(seed: u64) -> Machine {
        let cloud = World::in_memory();
        cloud.record().expect("a world in memory does not fail");
        Machine {
            files: SimulatedFiles::default(),
            cloud,
            time: Simulation::new(seed),
            random: RefCell::new(Seeded::new(seed ^ 0x5eed)),
            log: RefCell::default(),
            mirror: RefCell::default(),
        }
    }

    pub(super) fn say(&self, what: impl Into<String>) {
        let now = self.time.now().as_millis() - 1_704_067_200_000;
        self.log.borrow_mut().push(format!("{now:>7} {}", what.into()));
    }

    /// Returns what the state file says.
    pub(super) fn ledger(&self) -> Result<Ledger, Wrong> {
        let store = LocalStore::new("/w", self.files.world());
        match store.load("default").map_err(|error| error.to_string())? {
            None => Ok(Ledger::default()),
            Some(bytes) => Ok(state::read(&bytes).map_err(|damage| format!("the state is damaged: {damage}"))?.ledger),
        }
    }

    /// Makes a run, checks what happened, and returns how it ended.
    pub(super) fn run(&mut self, model: &Model, how: &How) -> Result<Ended, Wrong> {
        CLOUD.with_borrow_mut(|cloud| *cloud = Some(self.cloud.clone()));
        let loaded = Loaded::new(model)?;
        let world = self.files.world();
        let store: Arc<dyn Store> = Arc::new(LocalStore::new("/w", world.clone()));
        let claim = Claim { who: "ann".to_owned(), operation: "apply".to_owned(), ..Claim::default() };
        let request = LockRequest { claim, patience: Duration::ZERO };
        if let Cut::Disk(operation) = how.cut {
            self.files.fail_at(self.files.operations() + operation, Fault::ForGood);
        }
        if let Cut::PowerWhileCompacting(operations) = how.cut {
            self.files.fail_after_creating("state.new", operations, Fault::ForGood);
        }
        self.say(format!("run: {how:?}"));
        let locked = store.lock("default", &request);
        let lock = match locked {
            Ok(lock) => lock,
            Err(error) if how.cut == Cut::Not => return Err(format!("the lock is not free: {error}")),
            Err(_) => return Ok(self.after(how)),
        };
        let opened = Journal::open_by_hand(store.clone(), "default", lock, &world, "0.1.0");
        let (journal, scribe) = match opened {
            Ok((opened, scribe)) => (opened.journal, scribe),
            Err(error) if how.cut == Cut::Not => return Err(format!("the state cannot be opened: {error}")),
            Err(_) => return Ok(self.after(how)),
        };
        let syncs = Cell::new(0);
        let wrong = RefCell::new(None);
        let begun = Cell::new(false);
        let stopping = || how.interrupt.is_some_and(|at| begun.get() && syncs.get() >= at);
        let env = loaded.env.clone();
        let cwd = PathBuf::from("/c");
        let request = Request {
            configuration: Configuration {
                root: &loaded.root,
                env: &env,
                cwd: &cwd,
                variables: Vec::new(),
                functions: &NoProviders,
            },
            providers: std::rc::Rc::new(host::Catalogue::of_linked(PROVIDERS)),
            store,
            workspace: "default",
            lock: request,
            world,
            options: how.options.clone(),
            parallelism: how.parallelism,
            runtime: self.time.runtime(),
            version: "0.1.0",
            stopping: &stopping,
            tick: &|| {},
        };
        let (fates, along) = (RefCell::new(HashMap::new()), RefCell::default());
        let seen = Seen { machine: self, fates: &fates, along: &along, options: &how.options };
        let mut decide = |plan: &Plan| {
            begun.set(true);
            for line in plan_lines(plan) {
                self.say(line);
            }
            *fates.borrow_mut() = check::fates(plan, &how.options, 0);
            *along.borrow_mut() = check::along(plan);
            Approval::Apply
        };
        let ended = {
            let scribing = self.scribing(&scribe, &syncs, (&along, &wrong));
            let run = run_on(&request, journal, &seen, &mut decide);
            let killer = self.killer(how.cut, &syncs);
            let mut whole = Box::pin(first_of(run, scribing, killer));
            let ended = self.time.run_for(RUN_MAX, whole.as_mut());
            let files = self.files.clone();
            // What the process still writes while it is taken down goes to a disk that nobody sees.
            let ended = match ended {
                None => Ended::Hung,
                Some(First::Cut) => Ended::Cut,
                Some(First::Run(Ok(report))) => Ended::Done(Box::new(report)),
                Some(First::Run(Err(failure))) => Ended::Failed(failure.0),
            };
            let files = match how.cut {
                Cut::Power(..) | Cut::PowerWhileCompacting(_) if !matches!(ended, Ended::Done(_)) => {
                    files.after_power_failure(&mut self.random.borrow_mut())
                }
                _ => files.after_kill(),
            };
            drop(whole);
            (ended, files)
        };
        let (ended, files) = ended;
        self.files = files;
        // What outlasted the failure has reached the disk for good.
        self.files.flush();
        self.say_ended(&ended);
        if let Some(wrong) = wrong.into_inner() {
            return Err(wrong);
        }
        let happenings = self.cloud.happenings().map_err(|error| error.to_string())?;
        self.mirror.borrow_mut().take_in(&happenings, &fates.borrow())?;
        let ledger = self.ledger()?;
        check::ledger(&ledger)?;
        check::gone_together(&ledger, &along.borrow())?;
        check::known(&ledger, &self.cloud)?;
        Ok(ended)
    }

    /// Says of an object that it is to be replaced, as the command does.
    pub(super) fn taint(&self) -> Result<(), Wrong> {
        self.write(|ledger| {
            let objects = ledger.state.objects().filter(|(target, ..)| target.deposed.is_none());
            let tainted = objects.map(|(target, resource, object)| {
                let object = Arc::new(Object { status: Status::Tainted, ..Object::clone(object) });
                Record::Object(Settled { token: None, target, provider: resource.provider.clone(), object })
            });
            let mut tainted: Vec<Record> = tainted.collect();
            if tainted.is_empty() {
                return tainted;
            }
            let place = self.random.borrow_mut().below(tainted.len() as u64) as usize;
            if let Record::Object(settled) = &tainted[place] {
                self.say(format!("tainted: {}", settled.target));
            }
            vec![tainted.swap_remove(place)]
        })
    }

    /// Writes records into the state, outside of any run.
    pub(super) fn write(&self, records: impl FnOnce(&Ledger) -> Vec<Record>) -> Result<(), Wrong> {
        let world = self.files.world();
        let store: Arc<dyn Store> = Arc::new(LocalStore::new("/w", world.clone()));
        let request = LockRequest { claim: Claim::default(), patience: Duration::ZERO };
        let lock = store.lock("default", &request).map_err(|error| error.to_string())?;
        let opened = Journal::open_by_hand(store, "default", lock, &world, "0.1.0");
        let journal = opened.map_err(|error| error.to_string())?.0.journal;
        for record in records(&journal.ledger()) {
            journal.commit(&record).map_err(|error| error.to_string())?;
        }
        journal.close().map(|_| ()).map_err(|(_, error)| error.to_string())
    }

    fn after(&mut self, how: &How) -> Ended {
        self.files = match how.cut {
            Cut::Power(..) | Cut::PowerWhileCompacting(_) => {
                self.files.after_power_failure(&mut self.random.borrow_mut())
            }
            _ => self.files.after_kill(),
        };
        self.files.flush();
        Ended::Cut
    }

    fn say_ended(&self, ended: &Ended) {
        let said = |diags: &Diagnostics| {
            for found in diags.iter() {
                self.say(format!("  {}: {} ({:?})", found.summary, found.detail, found.address));
            }
        };
        match ended {
            Ended::Cut => self.say("cut off"),
            Ended::Hung => self.say("hangs"),
            Ended::Failed(diags) => {
                self.say("failed");
                said(diags);
            }
            Ended::Done(report) => {
                self.say("ended");
                said(&report.plan.diags);
                report.outcome.iter().for_each(|outcome| said(&outcome.diags));
            }
        }
    }

    /// Brings records to the disk, which takes its time, and checks what stands there.
    async fn scribing(
        &self,
        scribe: &Scribe,
        syncs: &Cell<u64>,
        (along, wrong): (&RefCell<check::Along>, &RefCell<Option<Wrong>>),
    ) {
        loop {
            scribe.wanted().await;
            let (early, late) = {
                let mut random = self.random.borrow_mut();
                (random.below(3), random.below(4))
            };
            self.time.sleep(Duration::from_millis(early)).await;
            scribe.write();
            self.time.sleep(Duration::from_millis(late)).await;
            scribe.sync();
            syncs.set(syncs.get() + 1);
            if syncs.get().is_multiple_of(CHECKED_ONE_OF) && scribe.failure().is_none() {
                let found = self.ledger().and_then(|ledger| {
                    check::same(&ledger, &scribe.ledger())?;
                    check::ledger(&ledger)?;
                    check::gone_together(&ledger, &along.borrow())?;
                    check::known(&ledger, &self.cloud)
                });
                if let Err(found) = found {
                    wrong.borrow_mut().get_or_insert(found);
                }
            }
        }
    }

    /// Ends when the run is to be cut off.
    async fn killer(&self, cut: Cut, syncs: &Cell<u64>) {
        let (after_syncs, after_ms) = match cut {
            Cut::Kill(syncs, ms) | Cut::Power(syncs, ms) => (syncs, ms),
            Cut::PowerWhileCompacting(_) => {
                return poll_fn(|_| if self.files.has_failed() { Poll::Ready(()) } else { Poll::Pending }).await;
            }
            Cut::Not | Cut::Disk(_) => return std::future::pending().await,
        };
        poll_fn(|_| if syncs.get() >= after_syncs { Poll::Ready(()) } else { Poll::Pending }).await;
        self.time.sleep(Duration::from_millis(after_ms)).await;
    }
}

fn plan_lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for change in plan.changes.iter().filter(|change| change.action != Action::NoOp) {
        let deposed = change.deposed.map(|key| format!(" (deposed {key})")).unwrap_or_default();
        let id = check::id_of(&change.before).unwrap_or_default();
        lines.push(format!("  plan {:?} {}{deposed} {id}", change.action, change.address));
    }
    lines.extend(plan.moves.iter().map(|moved| format!("  plan move {} -> {}", moved.from, moved.to)));
    let gone = |object: bool| if object { "changed" } else { "gone" };
    lines.extend(
        plan.drift.iter().map(|drift| format!("  plan drift {} {}", drift.address, gone(drift.object.is_some()))),
    );
    lines
}

enum First<T> {
    Run(T),
    Cut,
}

/// Waits for the end of a run, or for that of the process.
async fn first_of<T>(
    run: impl Future<Output = T>,
    scribing: impl Future<Output = ()>,
    killer: impl Future<Output = ()>,
) -> First<T> {
    let (mut run, mut scribing, mut killer) = (pin!(run), pin!(scribing), pin!(killer));
    poll_fn(move |context| {
        if killer.as_mut().poll(context).is_ready() {
            return Poll::Ready(First::Cut);
        }
        if let Poll::Ready(result) = run.as_mut().poll(context) {
            return Poll::Ready(First::Run(result));
        }
        if scribing.as_mut().poll(context).is_ready() {
            unreachable!("whoever writes does so to the end");
        }
        if killer.as_mut().poll(context).is_ready() {
            return Poll::Ready(First::Cut);
        }
        Poll::Pending
    })
    .await
}

struct Seen<'a> {
    machine: &'a Machine,
    fates: &'a RefCell<HashMap<String, check::Fate>>,
    along: &'a RefCell<check::Along>,
    options: &'a Options,
}

impl apply::Observer for Seen<'_> {
    fn see(&self, change: &Change, event: Event<'_>) {
        let what = match event {
            Event::Started(doing) => format!("started {doing:?}"),
            Event::Ended(doing, _, value) => format!("ended {doing:?} {}", check::id_of(value).unwrap_or_default()),
            Event::Failed(doing, _) => format!("failed {doing:?}"),
            Event::Skipped(doing, _) => format!("skipped {doing:?}"),
            _ => return,
        };
        self.machine.say(format!("  {} {what}", change.address));
    }

    fn stage(&self, plan: &Plan) {
        for line in plan_lines(plan) {
            self.machine.say(format!("  later:{line}"));
        }
        let mut fates = self.fates.borrow_mut();
        let stage = 1 + check::last_stage(&fates);
        fates.extend(check::fates(plan, self.options, stage));
        self.along.borrow_mut().extend(check::along(plan));
    }
}

/// A configuration that has been read.
pub(super) struct Loaded {
    pub(super) root: Node,
    pub(super) env: Environment,
}

impl Loaded {
    pub(super) fn new(model: &Model) -> Result<Loaded, Wrong> {
        let files = text::files(model).into_iter().map(|(path, text)| (PathBuf::from(path), text.into_bytes()));
        let files = Arc::new(MemoryFiles(files.collect()));
        let env = Environment { files: files.clone(), ..Environment::nowhere() };
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let mut reader = Reader::new(&*files, &mut sources);
        let root = tree::load(Path::new("/c"), &[], &mut reader, &env, &mut diags);
        diags.append(std::mem::take(&mut reader.mistakes));
        match diags.iter().next() {
            Some(found) => Err(format!("the configuration is wrong: {}: {}", found.summary, found.detail)),
            None => Ok(Loaded { root, env }),
        }
    }
}

/// Files in memory.
struct MemoryFiles(BTreeMap<PathBuf, Vec<u8>>);

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn metadata(&self, path: &Path) -> io::Result<std::fs::Metadata> {
        // Metadata cannot be made up: any folder and any file of the machine serve.
        if self.0.contains_key(path) {
            return std::fs::metadata(file!()).or_else(|_| std::fs::metadata("Cargo.toml"));
        }
        if self.0.keys().any(|file| file.starts_with(path)) {
            return std::fs::metadata("/");
        }
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.0.keys().filter(|file| file.parent() == Some(path)).cloned().collect())
    }
}
