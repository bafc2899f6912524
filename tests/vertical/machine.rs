//! A machine with a disk in memory, on which runs of the engine are made that may end in any way.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use apply::{Doing, Event};
use diag::{Diagnostic, Diagnostics, Severity, Sources};
use engine::{Approval, Configuration, Report, Request, run_on};
use lang::functions::{Environment, RealFiles};
use lang::module::{BUILT_IN, Reader};
use lang::tree::{self, Modules, Node, Wanted};
use lang::validate::NoProviders;
use plan::{Action, Change, Options, Plan};
use sdk::Runtime;
use state::simulated::SimulatedFiles;
use state::stores::local::LocalStore;
use state::{Claim, Journal, Ledger, LockRequest, Scribe, Store};
use tokio::sync::broadcast::error::RecvError;
use value::Value;

use super::ground::Ground;

/// No run takes longer than this, by the machine's clock, unless it hangs.
const RUN_MAX: Duration = Duration::from_secs(1800);
/// Evaluating configurations without optimisation takes more of it than a test's thread has.
const STACK_BYTES: usize = 64 << 20;
const PARALLELISM: usize = 10;

const PROVIDERS: &[sdk::Factory] =
    &[aws::provider, kubernetes::provider, || terraform::provider(|_| Err("there are no such files here".into()))];

/// How a run is cut off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Cut {
    /// It is not.
    #[default]
    Not,
    /// The process is killed as soon as the world has changed so often.
    Commits(u64),
    /// It is killed so many syncs of its state after its begin.
    Syncs(u64),
    /// It is killed after a while, by the sandbox's clock.
    After(Duration),
    /// It is killed as soon as the world has nothing any more whose name begins like this.
    Gone(&'static str),
}

/// What is wanted of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Aim {
    /// The configuration is applied.
    #[default]
    Apply,
    /// It is planned only.
    Plan,
    /// Everything is destroyed.
    Destroy,
}

/// How a run ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// It was cut off.
    pub(super) is_cut: bool,
    /// What went wrong.
    pub(super) errors: Vec<String>,
    /// What the plan was to change.
    pub(super) changes: Vec<String>,
    /// The steps of each stage's plan.
    pub(super) stages: Vec<Vec<Planned>>,
    /// The steps that were taken, by the sandbox's clock.
    pub(super) taken: Vec<Taken>,
    /// When the apply began and ended.
    pub(super) span: (Duration, Duration),
    log: Vec<String>,
}

/// A step of a plan.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// What it is called; empty if it does nothing but pass the order on.
    pub(super) name: String,
    /// The places of those of its stage that it waits for.
    pub(super) waits: Vec<usize>,
    /// What it was configured from, which may have been made in an earlier stage.
    pub(super) needs: Vec<String>,
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) began: Duration,
    pub(super) ended: Duration,
}

/// A disk and a configuration, beside a sandbox.
pub(super) struct Machine {
    pub(super) ground: Ground,
    pub(super) log: Vec<String>,
    files: SimulatedFiles,
    folder: tempfile::TempDir,
    seed: u64,
}

impl Machine {
    pub(super) fn new(seed: u64) -> Machine {
        let folder = tempfile::tempdir().expect("a folder");
        Machine { ground: Ground::new(seed), log: Vec::new(), files: SimulatedFiles::default(), folder, seed }
    }

    pub(super) fn say(&mut self, what: impl Into<String>) {
        self.log.push(what.into());
    }

    /// Writes the configuration.
    pub(super) fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("main.gantry.hcl"), text).expect("a file");
    }

    /// Returns what the state file says.
    pub(super) fn ledger(&self) -> Ledger {
        let store = LocalStore::new("/w", self.files.world());
        match store.load("default").expect("the disk is there") {
            None => Ledger::default(),
            Some(bytes) => state::read(&bytes).expect("the state is whole").ledger,
        }
    }

    /// Takes the state away.
    pub(super) fn forget(&mut self) {
        self.files = SimulatedFiles::default();
    }

    /// Makes a run, as a process of its own would.
    pub(super) fn run(&mut self, aim: Aim, cut: Cut) -> Ended {
        self.seed += 1;
        let run = Run { ground: &self.ground, files: self.files.clone(), folder: self.folder.path(), seed: self.seed };
        let mut ended = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("engine".to_owned()).stack_size(STACK_BYTES);
            let running = thread.spawn_scoped(scope, || run.make(aim, cut));
            running.expect("a thread").join().expect("the engine does not panic")
        });
        self.files = self.files.after_kill();
        self.files.flush();
        self.say(format!("run: {aim:?}, cut {cut:?}"));
        self.log.append(&mut ended.log);
        let open = self.ledger().open.len();
        self.say(match (ended.is_cut, open) {
            (true, 0) => "cut off".to_owned(),
            (true, open) => format!("cut off, with {open} calls under way"),
            (false, _) => format!("ended{}", ended.errors.concat()),
        });
        ended
    }
}

/// What a run needs on its thread.
struct Run<'m> {
    ground: &'m Ground,
    files: SimulatedFiles,
    folder: &'m Path,
    seed: u64,
}

impl Run<'_> {
    fn make(&self, aim: Aim, cut: Cut) -> Ended {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (runtime, _entered) = self.ground.enter(self.seed);
        let ended = executor.block_on(async {
            let whole = self.whole(aim, cut, runtime);
            match tokio::time::timeout(RUN_MAX, whole).await {
                Ok(ended) => ended,
                Err(_) => Ended { errors: vec!["\n  it does not end".to_owned()], ..Ended::default() },
            }
        });
        // Connections that are still open end here.
        executor.shutdown_background();
        ended
    }

    async fn whole(&self, aim: Aim, cut: Cut, runtime: Arc<dyn Runtime>) -> Ended {
        let loaded = match Loaded::new(self.folder) {
            Ok(loaded) => loaded,
            Err(wrong) => return Ended { errors: vec![format!("\n  {wrong}")], ..Ended::default() },
        };
        let store: Arc<dyn Store> = Arc::new(LocalStore::new("/w", self.files.world()));
        let lock = LockRequest { claim: Claim::default(), patience: Duration::ZERO };
        let locked = store.lock("default", &lock).expect("nobody has it");
        let world = self.files.world();
        let (opened, scribe) =
            Journal::open_by_hand(store.clone(), "default", locked, &world, "0.1.0").expect("a state");
        let request = Request {
            configuration: Configuration {
                root: &loaded.root,
                env: &loaded.environment,
                cwd: self.folder,
                variables: loaded.variables.clone(),
                functions: &NoProviders,
            },
            providers: Rc::new(host::Catalogue::of_linked(PROVIDERS)),
            store,
            workspace: "default",
            lock,
            world,
            options: Options { destroy: aim == Aim::Destroy, ..Options::default() },
            parallelism: PARALLELISM,
            runtime: runtime.clone(),
            version: "0.1.0",
            stopping: &|| false,
            tick: &|| {},
        };
        let seen = Seen { runtime: &*runtime, ended: RefCell::default() };
        let syncs = Cell::new(0);
        let mut decide = |plan: &Plan| {
            seen.begin(plan);
            if aim == Aim::Plan { Approval::Stop } else { Approval::Apply }
        };
        let came = {
            let run = run_on(&request, opened.journal, &seen, &mut decide);
            let killer = self.killer(cut, &syncs, &*runtime);
            first_of(run, scribing(&scribe, &syncs), killer).await
        };
        seen.finish(came)
    }

    /// Ends when something is so after a number of changes of the world.
    async fn commits(&self, is_so: impl Fn(u64) -> bool) {
        let mut commits = self.ground.frame.world.follow();
        let mut seen = 0;
        while !is_so(seen) {
            match commits.recv().await {
                Ok(_) => seen += 1,
                Err(RecvError::Lagged(missed)) => seen += missed,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Ends when the run is to be cut off.
    async fn killer(&self, cut: Cut, syncs: &Cell<u64>, runtime: &dyn Runtime) {
        match cut {
            Cut::Not => std::future::pending().await,
            Cut::After(time) => runtime.sleep(time).await,
            Cut::Syncs(count) => {
                poll_fn(|_| if syncs.get() >= count { Poll::Ready(()) } else { Poll::Pending }).await;
            }
            Cut::Commits(count) => self.commits(|seen| seen >= count).await,
            Cut::Gone(prefix) => {
                let world = &self.ground.frame.world;
                self.commits(|_| world.look(|records| records.under(prefix).next().is_none())).await;
            }
        }
    }
}

/// Brings records to the disk whenever that is wanted.
async fn scribing(scribe: &Scribe, syncs: &Cell<u64>) {
    loop {
        scribe.wanted().await;
        scribe.write();
        // Others go on between the two.
        tokio::task::yield_now().await;
        scribe.sync();
        syncs.set(syncs.get() + 1);
    }
}

/// Waits for the end of a run, or for that of the process: then nothing is returned.
async fn first_of<T>(
    run: impl Future<Output = T>,
    scribing: impl Future<Output = ()>,
    killer: impl Future<Output = ()>,
) -> Option<T> {
    let (mut run, mut scribing, mut killer) = (pin!(run), pin!(scribing), pin!(killer));
    poll_fn(move |context| {
        if killer.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(result) = run.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        let _ = scribing.as_mut().poll(context);
        if killer.as_mut().poll(context).is_ready() { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// Notes what happens.
struct Seen<'a> {
    runtime: &'a dyn Runtime,
    ended: RefCell<Ended>,
}

fn described(change: &Change, doing: Doing) -> String {
    let deposed = change.deposed.map(|key| format!(" (deposed {key})")).unwrap_or_default();
    format!("{doing:?} {}{deposed}", change.address)
}

impl Seen<'_> {
    fn begin(&self, plan: &Plan) {
        let mut ended = self.ended.borrow_mut();
        ended.span.0 = self.runtime.now();
        let moved = plan.changes.iter().filter(|change| !matches!(change.action, Action::NoOp | Action::Read));
        ended.changes = moved.map(|change| format!("{:?} {}", change.action, change.address)).collect();
        let told = plan.drift.iter().filter(|drift| drift.is_told);
        let drift = told.map(|drift| format!("drift of {}", drift.address));
        ended.changes.extend(drift);
        ended.changes.extend(plan.deferred.iter().map(|deferred| format!("deferred {}", deferred.pattern)));
        let lines: Vec<String> = ended.changes.iter().map(|change| format!("  plan {change}")).collect();
        ended.log.extend(lines);
        add_stage(&mut ended, plan);
    }

    fn finish(self, came: Option<Result<Report, engine::Failure>>) -> Ended {
        let mut ended = self.ended.into_inner();
        ended.span.1 = self.runtime.now();
        let written = |diags: &Diagnostics| -> Vec<String> {
            let errors = diags.iter().filter(|found| found.severity == Severity::Error);
            let line = |found: &Diagnostic| {
                let address = found.address.as_deref().unwrap_or_default();
                format!("\n  {address} {}: {}", found.summary, found.detail)
            };
            errors.map(line).collect()
        };
        match came {
            None => ended.is_cut = true,
            Some(Err(failure)) => ended.errors = written(&failure.0),
            Some(Ok(report)) => {
                ended.errors = written(&report.plan.diags);
                ended.errors.extend(report.outcome.iter().flat_map(|outcome| written(&outcome.diags)));
            }
        }
        ended
    }
}

fn add_stage(ended: &mut Ended, plan: &Plan) {
    let (steps, waits) = apply::steps(plan);
    let planned = |(step, waits): (&apply::PlannedStep, Vec<u32>)| {
        let change = &plan.changes[step.change as usize];
        let name = if step.is_idle { String::new() } else { described(change, step.doing) };
        let key = |need: &plan::Need| need.key.as_ref().map(|key| key.to_string()).unwrap_or_default();
        let needs = change.needs.iter().map(|need| format!("{:?} {}{}", Doing::Make, need.resource, key(need)));
        Planned { name, waits: waits.into_iter().map(|wait| wait as usize).collect(), needs: needs.collect() }
    };
    ended.stages.push(steps.iter().zip(waits).map(planned).collect());
}

impl apply::Observer for Seen<'_> {
    fn see(&self, change: &Change, event: Event<'_>) {
        let now = self.runtime.now();
        let ended = &mut *self.ended.borrow_mut();
        let (doing, what) = match event {
            Event::Started(doing) => (doing, "started"),
            Event::Ended(doing, ..) => (doing, "ended"),
            Event::Failed(doing, _) => (doing, "failed"),
            _ => return,
        };
        let name = described(change, doing);
        let seconds = (now - ended.span.0).as_secs_f64();
        ended.log.push(format!("  {seconds:>8.2} {what} {name}"));
        if what == "started" {
            ended.taken.push(Taken { name, began: now, ended: now });
        } else if let Some(taken) = ended.taken.iter_mut().rev().find(|taken| taken.name == name) {
            taken.ended = now;
            ended.log.push(format!("           after {:.2}", (now - taken.began).as_secs_f64()));
        }
    }

    fn stage(&self, plan: &Plan) {
        let mut ended = self.ended.borrow_mut();
        add_stage(&mut ended, plan);
        let seconds = (self.runtime.now() - ended.span.0).as_secs_f64();
        ended.log.push(format!("  {seconds:>8.2} a later stage"));
    }
}

/// A configuration that has been read.
struct Loaded {
    root: Node,
    environment: Environment,
    variables: Vec<Value>,
}

impl Loaded {
    fn new(folder: &Path) -> Result<Loaded, String> {
        let files = Arc::new(RealFiles);
        let environment = Environment { files: files.clone(), ..Environment::nowhere() };
        let (mut sources, mut diags) = (Sources::default(), Diagnostics::new());
        let mut reader = Reader::new(&*files, &mut sources);
        let root = tree::load_with(folder, &[], &mut reader, &environment, &mut BuiltIn, &mut diags);
        diags.append(std::mem::take(&mut reader.mistakes));
        if let Some(found) = diags.iter().find(|found| found.severity == Severity::Error) {
            return Err(format!("the configuration is wrong: {}: {}", found.summary, found.detail));
        }
        let variables = root.module.variables.iter().map(|variable| variable.prepare(None, None));
        let variables = variables.collect::<Result<_, _>>().map_err(|wrong| wrong.detail.clone())?;
        Ok(Loaded { root, environment, variables })
    }
}

/// The modules that are part of the program, where the repository has them.
struct BuiltIn;

impl Modules for BuiltIn {
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let name = wanted.source.strip_prefix(BUILT_IN).expect("no other modules are used");
        Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("modules").join(name))
    }
}
