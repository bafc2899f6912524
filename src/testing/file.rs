//! One test file: its runs, then everything that they have made is destroyed, the newest first.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use addr::{AbsInstance, Mode};
use diag::{Diagnostic, Diagnostics};
use ecow::EcoString;
use engine::Request;
use lang::testing::RunBlock;
use plan::Options;
use state::stores::DEFAULT_WORKSPACE;
use state::{Claim, Journal, LockRequest, Opened, State, Store, SystemClock, SystemRandom};
use value::Value;

use crate::order::{self, InOrder, Waits};
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
    /// The outputs of the runs that have been, by their names.
    pub(crate) given: RefCell<BTreeMap<EcoString, Value>>,
    kept: RefCell<BTreeMap<EcoString, Kept>>,
    waits: Waits,
}

/// Runs a test file, and cleans up.
pub fn run_file(ground: &Ground<'_>, watcher: &dyn Watcher) {
    let work = Work { ground, given: RefCell::default(), kept: RefCell::default(), waits: order::waits(ground.file) };
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let executor = executor.map_err(|error| Diagnostic::error("Cannot start", error.to_string()).into());
    let status = match executor.and_then(|executor| executor.block_on(work.whole(watcher))) {
        Ok(status) => status,
        Err(diags) => {
            watcher.run_ends(0, Outcome { status: Status::Error, diags, ..Outcome::default() }, None);
            Status::Error
        }
    };
    watcher.file_ends(status);
}

impl Work<'_> {
    async fn whole(&self, watcher: &dyn Watcher) -> Result<Status, Diagnostics> {
        self.recover().await?;
        let status = self.runs(watcher).await;
        watcher.cleanup_begins();
        Ok(status.max(self.clean_up(watcher).await))
    }

    async fn runs(&self, watcher: &dyn Watcher) -> Status {
        let count = self.ground.file.runs.len();
        if count == 0 {
            return Status::Pass;
        }
        let statuses = RefCell::new(vec![Status::Pending; count]);
        let lines = RefCell::new(InOrder::new(
            count,
            |place| watcher.run_begins(place),
            |place, (outcome, made)| watcher.run_ends(place, outcome, made),
        ));
        let begin = |place: usize| {
            let waited = self.waits[place]
                .iter()
                .zip(&*statuses.borrow())
                .any(|(waits, status)| *waits && *status == Status::Error);
            let (begun, start) = (self.now(), Instant::now());
            let prepared = (!waited && !(self.ground.stopping)()).then(|| {
                lines.borrow_mut().begins(place);
                self.prepare(place)
            });
            async move {
                let (outcome, made) = match prepared {
                    None => return (Outcome { status: Status::Skip, begun, ..Outcome::default() }, None),
                    Some(Err(outcome)) => (outcome, None),
                    Some(Ok(prepared)) => self.run(place, prepared).await,
                };
                let module = &self.ground.modules[place];
                let made = made.map(|(report, variables)| Made { module, report, variables });
                (Outcome { begun, took: Some(start.elapsed()), ..outcome }, made)
            }
        };
        order::side_by_side(&self.waits, self.ground.parallelism, begin, |place, (outcome, made)| {
            statuses.borrow_mut()[place] = outcome.status;
            lines.borrow_mut().ends(place, (outcome, made));
        })
        .await;
        let statuses = statuses.borrow();
        statuses.iter().copied().max().unwrap_or_default()
    }

    /// Destroys what a killed run of this file has left in states that outlive it.
    async fn recover(&self) -> Result<(), Diagnostics> {
        for (place, run) in self.ground.file.runs.iter().enumerate() {
            let key = run.state();
            let Some(state) = self.current(&key).filter(|state| !state.is_empty()) else { continue };
            let (mut diags, state) = self.destroy(place, state).await;
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

    /// Returns what is wrong with the module of a run. Warnings are given by the first run that it has; with errors nothing
    /// that waits for that is done.
    pub(crate) fn validate(&self, place: usize) -> Diagnostics {
        let (module, before) = (&self.ground.modules[place], &self.ground.modules[..place]);
        let is_new = !before.iter().any(|other| Arc::ptr_eq(other, module));
        let found = lang::validate::validate(module, self.ground.functions, self.ground.env);
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

    /// Destroys what the runs have made: the state that was changed last comes first, and beside it those whose runs did not
    /// wait for each other.
    async fn clean_up(&self, watcher: &dyn Watcher) -> Status {
        let states = self.changed();
        let waits = (0..states.len()).map(|place| {
            let (own, others) = (&states[place].1, &states[..place]);
            others.iter().map(|(_, other)| self.are_related(own, other)).collect()
        });
        let waits: Waits = waits.collect();
        let status = Cell::new(Status::Pending);
        let lines = RefCell::new(InOrder::new(
            states.len(),
            |place| watcher.cleans_up(states[place].0),
            |place, ended: Option<(Diagnostics, State)>| {
                let Some((diags, state)) = ended else { return };
                let ((run, key), objects) = (&states[place], objects(&state));
                if diags.has_errors() || !objects.is_empty() {
                    status.set(Status::Error);
                }
                let leftover = (!objects.is_empty()).then(|| Leftover { run: *run, key, state: &state, objects });
                watcher.cleaned_up(*run, diags, leftover);
            },
        ));
        let begin = |place: usize| {
            let (run, key) = &states[place];
            let state = match self.current(key) {
                Some(state) => Some(state).filter(|state| !state.is_empty()),
                // It says what is wrong with it when it is opened.
                None => Some(State::default()),
            };
            if state.is_some() {
                lines.borrow_mut().begins(place);
            }
            async move { Some(self.destroy(*run, state?).await) }
        };
        let ended = |place: usize, ended| lines.borrow_mut().ends(place, ended);
        order::side_by_side(&waits, self.ground.parallelism, begin, ended).await;
        status.get()
    }

    /// Returns the states that runs have changed, with the last run of each; the newest first.
    fn changed(&self) -> Vec<(usize, EcoString)> {
        let kept = self.kept.borrow();
        let changed = kept.iter().filter_map(|(key, kept)| Some((kept.run?, key.clone())));
        let mut changed: Vec<(usize, EcoString)> = changed.collect();
        changed.sort_unstable_by(|a, b| b.cmp(a));
        changed
    }

    /// Tells whether a run on one state waited for a run on the other.
    fn are_related(&self, one: &EcoString, other: &EcoString) -> bool {
        let runs = |key: &EcoString| {
            let runs = self.ground.file.runs.iter().enumerate();
            runs.filter(|(_, run)| run.state() == *key).map(|(place, _)| place).collect::<Vec<_>>()
        };
        let (ones, others) = (runs(one), runs(other));
        ones.iter().any(|one| others.iter().any(|other| self.waits[*one.max(other)][*one.min(other)]))
    }

    fn current(&self, key: &EcoString) -> Option<State> {
        let bytes = self.store(key).load(DEFAULT_WORKSPACE).ok()??;
        state::read(&bytes).ok().map(|reading| reading.ledger.state)
    }

    /// Destroys everything in the state that a run worked on; returns what is left of it.
    async fn destroy(&self, place: usize, state: State) -> (Diagnostics, State) {
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
        match engine::run_on(&request, journal, &Silent, decide).await {
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
