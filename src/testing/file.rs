//! One test file: its runs in order, then everything that they have made is destroyed, the newest first.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use addr::{AbsInstance, Mode};
use diag::{Diagnostic, Diagnostics};
use ecow::EcoString;
use engine::Request;
use lang::testing::RunBlock;
use lang::tree::Node;
use plan::Options;
use state::stores::DEFAULT_WORKSPACE;
use state::{Claim, Journal, LockRequest, Opened, State, Store, SystemClock, SystemRandom};
use tokio::runtime::Runtime as Executor;
use value::Value;

use crate::scene::Scene;
use crate::{Ground, Leftover, Made, Outcome, Status, Watcher};

/// A state that runs work on.
struct Kept {
    store: Arc<dyn Store>,
    /// The run that was the last to change it.
    run: Option<usize>,
}

/// The work on one file.
pub(crate) struct Work<'a> {
    pub(crate) ground: &'a Ground<'a>,
    pub(crate) executor: Executor,
    /// The outputs of the runs that have been, by their names.
    pub(crate) given: RefCell<BTreeMap<EcoString, Value>>,
    /// Modules that have been validated, which need not be told again what is wrong.
    validated: RefCell<HashSet<*const Node>>,
    kept: RefCell<BTreeMap<EcoString, Kept>>,
}

/// Runs a test file, and cleans up.
pub fn run_file(ground: &Ground<'_>, watcher: &dyn Watcher) {
    let executor = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(executor) => executor,
        Err(error) => {
            let outcome = Outcome {
                status: Status::Error,
                diags: Diagnostic::error("Cannot start", error.to_string()).into(),
                ..Outcome::default()
            };
            watcher.run_ends(0, outcome, None);
            return watcher.file_ends(Status::Error);
        }
    };
    let work =
        Work { ground, executor, given: RefCell::default(), validated: RefCell::default(), kept: RefCell::default() };
    let status = match work.recover() {
        Ok(()) => work.runs(watcher),
        Err(diags) => {
            watcher.run_ends(0, Outcome { status: Status::Error, diags, ..Outcome::default() }, None);
            return watcher.file_ends(Status::Error);
        }
    };
    watcher.cleanup_begins();
    let cleaned = work.clean_up(watcher);
    watcher.file_ends(status.max(cleaned));
}

impl Work<'_> {
    fn runs(&self, watcher: &dyn Watcher) -> Status {
        let runs = &self.ground.file.runs;
        let mut status = if runs.is_empty() { Status::Pass } else { Status::Pending };
        for place in 0..runs.len() {
            if status == Status::Error || (self.ground.stopping)() {
                let outcome = Outcome { status: Status::Skip, begun: self.now(), ..Outcome::default() };
                status = status.max(outcome.status);
                watcher.run_ends(place, outcome, None);
                continue;
            }
            watcher.run_begins(place);
            let (begun, start) = (self.now(), Instant::now());
            let (mut outcome, report) = self.run(place);
            outcome.begun = begun;
            outcome.took = Some(start.elapsed());
            status = status.max(outcome.status);
            let module = &self.ground.modules[place];
            let made = report.map(|(report, variables)| Made { module, report, variables });
            watcher.run_ends(place, outcome, made);
        }
        status
    }

    /// Destroys what a killed run of this file has left in states that outlive it.
    fn recover(&self) -> Result<(), Diagnostics> {
        for (place, run) in self.ground.file.runs.iter().enumerate() {
            let key = run.state();
            let Some(state) = self.current(&key).filter(|state| !state.is_empty()) else { continue };
            let (mut diags, state) = self.destroy(place, state);
            let left: String = objects(&state).iter().map(|object| format!("\n  - {object}")).collect();
            if diags.has_errors() || !left.is_empty() {
                let detail = format!(
                    "An earlier run of this file was cut off. What it had made must go before anything else is made, and \
                     that did not work. Left are:{left}"
                );
                diags.push(Diagnostic::error("Objects left over", detail));
                return Err(diags);
            }
        }
        Ok(())
    }

    fn now(&self) -> std::time::Duration {
        self.ground.env.clock.now()
    }

    /// Returns what is wrong with a module, once.
    pub(crate) fn validate(&self, module: &Arc<Node>) -> Diagnostics {
        let is_new = self.validated.borrow_mut().insert(Arc::as_ptr(module));
        let found = lang::validate::validate(module, self.ground.functions, self.ground.env);
        // Warnings are given once; with errors nothing else is done in this file.
        found.into_iter().filter(|problem| is_new || problem.is_error()).collect()
    }

    /// Opens the state of a run.
    pub(crate) fn open(&self, run: &RunBlock, request: &Request<'_>) -> Result<Journal, Diagnostics> {
        let lock = request.store.lock(DEFAULT_WORKSPACE, &request.lock).map_err(|error| error.diagnostic())?;
        let opened = Journal::open(request.store.clone(), DEFAULT_WORKSPACE, lock, &request.world, request.version);
        let Opened { journal, .. } = opened.map_err(|error| {
            let mut problem = error.diagnostic();
            problem.detail.push_str(&format!(" It is the state of the run {:?}.", run.name));
            problem
        })?;
        Ok(journal)
    }

    /// Makes what the engine is asked, for a run's module and state.
    pub(crate) fn request<'r>(&'r self, place: usize, scene: &Scene, options: Options) -> Request<'r> {
        let ground = self.ground;
        Request {
            configuration: engine::Configuration {
                root: &ground.modules[place],
                env: ground.env,
                cwd: ground.cwd,
                variables: scene.variables.clone(),
                functions: ground.functions,
            },
            providers: ground.catalogue.clone(),
            store: self.store(&ground.file.runs[place].state()),
            workspace: DEFAULT_WORKSPACE,
            lock: LockRequest {
                claim: Claim { operation: "test".to_owned(), ..Claim::default() },
                patience: Default::default(),
            },
            world: state::World {
                files: Arc::new(state::RealFiles),
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom),
            },
            options: Options { made_up: Some(scene.made_up.clone()), ..options },
            parallelism: ground.parallelism,
            runtime: ground.runtime.clone(),
            version: ground.version,
            // A run that has begun goes on to its end: it takes the time that it takes, and then everything is destroyed.
            stopping: &|| false,
            tick: &|| {},
        }
    }

    fn store(&self, key: &EcoString) -> Arc<dyn Store> {
        let mut kept = self.kept.borrow_mut();
        let kept = kept.entry(key.clone()).or_insert_with(|| Kept { store: (self.ground.stores)(key), run: None });
        kept.store.clone()
    }

    /// Takes note of the run that was the last to change a state.
    pub(crate) fn has_changed(&self, place: usize) {
        if let Some(kept) = self.kept.borrow_mut().get_mut(&self.ground.file.runs[place].state()) {
            kept.run = Some(place);
        }
    }

    /// Destroys what the runs have made: the state that was changed last comes first.
    fn clean_up(&self, watcher: &dyn Watcher) -> Status {
        let kept = self.kept.borrow();
        let mut states: Vec<(usize, &EcoString)> =
            kept.iter().filter_map(|(key, kept)| Some((kept.run?, key))).collect();
        states.sort_unstable_by(|a, b| b.cmp(a));
        let states: Vec<(usize, EcoString)> = states.into_iter().map(|(run, key)| (run, key.clone())).collect();
        drop(kept);
        let mut status = Status::Pending;
        for (run, key) in states {
            let state = match self.current(&key) {
                Some(state) if state.is_empty() => continue,
                Some(state) => state,
                None => State::default(),
            };
            watcher.cleans_up(run);
            let (diags, state) = self.destroy(run, state);
            let objects = objects(&state);
            if diags.has_errors() || !objects.is_empty() {
                status = Status::Error;
            }
            let leftover = (!objects.is_empty()).then(|| Leftover { run, key: &key, state: &state, objects });
            watcher.cleaned_up(run, diags, leftover);
        }
        status
    }

    fn current(&self, key: &EcoString) -> Option<State> {
        let bytes = self.store(key).load(DEFAULT_WORKSPACE).ok()??;
        state::read(&bytes).ok().map(|reading| reading.ledger.state)
    }

    /// Destroys everything in the state that a run worked on; returns what is left of it.
    fn destroy(&self, place: usize, state: State) -> (Diagnostics, State) {
        let run = &self.ground.file.runs[place];
        let mut diags = Diagnostics::new();
        let scene = Scene::of(self, place, &mut diags);
        if diags.has_errors() {
            return (diags, state);
        }
        let request = self.request(place, &scene, engine::destroy_options());
        let journal = match self.open(run, &request) {
            Ok(journal) => journal,
            Err(found) => return (found, state),
        };
        let decide = &mut |_: &plan::Plan| engine::Approval::Apply;
        let report = self.executor.block_on(engine::run_on(&request, journal, &Silent, decide));
        match report {
            Ok(report) => {
                let mut diags = report.plan.diags;
                report.outcome.into_iter().for_each(|outcome| diags.append(outcome.diags));
                // What was said about the configuration has been said by the run.
                (diags.into_iter().filter(Diagnostic::is_error).collect(), report.state)
            }
            Err(failure) => (failure.0, state),
        }
    }
}

fn objects(state: &State) -> Vec<AbsInstance> {
    let managed = state.objects().filter(|(target, ..)| target.address.resource.resource.mode == Mode::Managed);
    managed.map(|(target, ..)| target.address).collect()
}

/// Tells nobody of the steps of an apply.
pub(crate) struct Silent;

impl apply::Observer for Silent {
    fn see(&self, _: &plan::Change, _: apply::Event<'_>) {}
}
