//! One run: lock, plan, ask, apply, close.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Severity};
use host::Catalogue;
use lang::evaluation::World;
use lang::functions::Environment;
use lang::tree::Node;
use lang::validate::Providers;
use plan::file::SavedPlan;
use plan::{Ephemerals, Operation, Options, Plan, Pool, Rest, Stage, Values, Watcher};
use sdk::Runtime;
use state::{Journal, LockRequest, OpenIntent, Opened, State, Store};
use value::Value;

use crate::early::Early;
use crate::leftovers::told_once;
use crate::saved;
use crate::ticks::with_ticks;

/// Stages of one apply: each must do or find out something, so this many are only reached by a mistake.
const STAGES_MAX: usize = 100;

/// A configuration with all that it needs to mean something.
pub struct Configuration<'a> {
    /// The tree of modules.
    pub root: &'a Node,
    /// What functions may see, while planning.
    pub env: &'a Environment,
    /// What `path.cwd` is.
    pub cwd: &'a Path,
    /// Values of the root module's variables, in the order of its list.
    pub variables: Vec<Value>,
    /// Functions of providers.
    pub functions: &'a dyn Providers,
}

/// What is wanted of a run.
pub struct Request<'a> {
    /// The configuration.
    pub configuration: Configuration<'a>,
    /// The providers that there are.
    pub providers: Rc<Catalogue>,
    /// Where state is kept.
    pub store: Arc<dyn Store>,
    /// Which of its states.
    pub workspace: &'a str,
    /// How to take its lock.
    pub lock: LockRequest,
    /// Files, time and chance of the state.
    pub world: state::World,
    /// How to plan.
    pub options: Options,
    /// At most so many provider calls at once.
    pub parallelism: usize,
    /// Time and chance of the providers.
    pub runtime: Arc<dyn Runtime>,
    /// The program's version.
    pub version: &'static str,
    /// Tells whether the user wants to stop: nothing new is started then.
    pub stopping: &'a dyn Fn() -> bool,
    /// Is called about once a second during the apply, for those who tell of progress.
    pub tick: &'a dyn Fn(),
}

/// Whether a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It is.
    Apply,
    /// It is not.
    Stop,
}

/// What came of a run.
pub struct Report {
    /// The plan that was made.
    pub plan: Plan,
    /// How the apply came out, if there was one.
    pub outcome: Option<apply::Outcome>,
    /// The state at the end.
    pub state: State,
    /// What a plan file needs beside the plan, if one was wanted.
    pub saved: Option<Box<SavedPlan>>,
}

/// Why a run could not begin or end.
#[derive(Debug)]
pub struct Failure(pub Diagnostics);

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Failure {
        Failure(diagnostic.into())
    }
}

/// Returns the options of a plan that destroys everything.
pub fn destroy_options() -> Options {
    Options { destroy: true, ..Options::default() }
}

/// Makes a plan, asks what to do with it, and does it.
///
/// `decide` sees the plan and says whether it is carried out.
pub fn run(
    request: Request<'_>,
    observer: &dyn apply::Observer,
    decide: &mut dyn FnMut(&Plan) -> Approval,
) -> Result<Report, Failure> {
    let executor = executor()?;
    let journal = open(&request)?;
    executor.block_on(run_on(&request, journal, observer, decide))
}

/// Makes a run on a state that is open, on whatever executor awaits it; when this returns, the state is closed.
///
/// Dropped half-way, the run ends as a killed program does: the next one settles what was under way.
pub async fn run_on(
    request: &Request<'_>,
    journal: Journal,
    observer: &dyn apply::Observer,
    decide: &mut dyn FnMut(&Plan) -> Approval,
) -> Result<Report, Failure> {
    run_and_look(request, journal, observer, decide, &mut |_| {}).await
}

/// What a run has come to, while its values are at hand.
pub struct Finished<'a> {
    /// The configuration with the values of all resources, after the apply if there was one.
    pub world: World<'a>,
    /// The plan.
    pub plan: &'a Plan,
    /// How the apply came out, if there was one.
    pub outcome: Option<&'a apply::Outcome>,
}

/// Makes a run as `run_on` does, and has its end looked at, unless the plan could not be begun.
pub async fn run_and_look(
    request: &Request<'_>,
    journal: Journal,
    observer: &dyn apply::Observer,
    decide: &mut dyn FnMut(&Plan) -> Approval,
    look: &mut dyn FnMut(&Finished<'_>),
) -> Result<Report, Failure> {
    let worked = work(request, &journal, observer, decide, look).await;
    close(journal, worked)
}

/// What came of the work, before the journal is closed.
#[derive(Default)]
pub(crate) struct Worked {
    pub(crate) plan: Plan,
    pub(crate) outcome: Option<apply::Outcome>,
    pub(crate) saved: Option<Box<SavedPlan>>,
}

impl Worked {
    fn failed(diags: Diagnostics) -> Worked {
        Worked { plan: Plan { diags, ..Plan::default() }, ..Worked::default() }
    }
}

pub(crate) fn close(journal: Journal, worked: Worked) -> Result<Report, Failure> {
    match journal.close() {
        Ok(closed) => {
            let Worked { plan, outcome, saved } = worked;
            Ok(Report { plan, outcome, state: closed.ledger.state, saved })
        }
        Err((journal, error)) => {
            let rest = match journal.failure() {
                None => "What was done is in the journal beside the state and is read by the next run.",
                Some(_) => {
                    "The end of what was done is not in the journal beside the state either: of what had begun it says so, \
                     and the next run asks the providers what became of it."
                }
            };
            let detail = format!("{error} {rest}");
            Err(Diagnostic::error("State not saved", detail).into())
        }
    }
}

/// One thread for all that waits.
pub(crate) fn executor() -> Result<tokio::runtime::Runtime, Failure> {
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(executor.map_err(|error| Diagnostic::error("Cannot start", error.to_string()))?)
}

pub(crate) fn open(request: &Request<'_>) -> Result<Journal, Failure> {
    let lock = request.store.lock(request.workspace, &request.lock);
    let lock = lock.map_err(|error| error.diagnostic())?;
    let opened = Journal::open(request.store.clone(), request.workspace, lock, &request.world, request.version);
    let Opened { journal, .. } = opened.map_err(|error| error.diagnostic())?;
    Ok(journal)
}

/// Finds out what became of calls that an earlier run did not see the end of, before anything else is done.
pub(crate) async fn settle(input: plan::Input<'_>, journal: &Journal) -> Diagnostics {
    let intents: Vec<OpenIntent> = journal.look(|ledger| ledger.open.values().cloned().collect());
    if intents.is_empty() {
        return Diagnostics::new();
    }
    let (records, mut diags) = plan::settle(input, &intents).await;
    for record in records {
        if let Err(error) = journal.commit(&record) {
            diags.push(Diagnostic::error("State not saved", error.to_string()));
        }
    }
    diags
}

/// Returns the world that a configuration is evaluated in.
pub(crate) fn world<'a>(request: &'a Request<'a>, values: &'a Values) -> World<'a> {
    let configuration = &request.configuration;
    World {
        root: configuration.root,
        env: configuration.env,
        workspace: request.workspace,
        cwd: configuration.cwd,
        providers: configuration.functions,
        resources: values,
        applying: false,
    }
}

async fn work(
    request: &Request<'_>,
    journal: &Journal,
    observer: &dyn apply::Observer,
    decide: &mut dyn FnMut(&Plan) -> Approval,
    look: &mut dyn FnMut(&Finished<'_>),
) -> Worked {
    let values = Values::new(request.options.made_up.clone());
    let configuration = &request.configuration;
    let world = world(request, &values);
    let watcher = Watching(observer);
    let ephemerals = Ephemerals::new(&watcher, request.runtime.clone());
    let (pool, looks) = (pool(request), Looks(observer));
    let run = Run { request, journal, observer, values: &values, ephemerals: &ephemerals, world, pool, looks };
    let before = journal.state();
    let mut diags = ephemerals.alongside(settle(run.input(&before, &request.options), journal)).await;
    diags.append(run.end_phase().await);
    if diags.has_errors() {
        return Worked::failed(diags);
    }
    let (prior, mut moves, mut moved) = plan::refactor(configuration.root, &journal.state());
    let (prior, taken_over) = plan::take_over(run.input(&prior, &request.options), &mut moves).await;
    moved.append(taken_over);
    if moved.has_errors() {
        return Worked::failed(moved);
    }
    let mut plan = ephemerals.alongside(plan::plan(run.input(&prior, &request.options))).await;
    plan.take_moves(moves);
    plan.diags.append(run.end_phase().await);
    plan.diags.append(moved);
    let saved = request.options.is_saved.then(|| {
        let basis = saved::basis(journal);
        Box::new(saved::keep(&run, basis, &prior, &plan))
    });
    let outcome = if plan.diags.has_errors() { None } else { run.carry_out(&plan, decide).await };
    let env = Environment { pure: outcome.is_none(), ..configuration.env.clone() };
    let world = World { env: &env, applying: outcome.is_some(), ..world };
    look(&Finished { world, plan: &plan, outcome: outcome.as_ref() });
    Worked { plan, outcome, saved }
}

/// What the stages of one run share.
pub(crate) struct Run<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) journal: &'a Journal,
    pub(crate) observer: &'a dyn apply::Observer,
    pub(crate) values: &'a Values,
    pub(crate) ephemerals: &'a Ephemerals<'a>,
    pub(crate) world: World<'a>,
    pub(crate) pool: Rc<Pool>,
    pub(crate) looks: Looks<'a>,
}

/// Tells those who watch an apply of what is looked at before it.
pub(crate) struct Looks<'a>(pub(crate) &'a dyn apply::Observer);

impl plan::Observer for Looks<'_> {
    fn look(&self, address: &addr::AbsInstance, look: plan::Look<'_>) {
        self.0.look(address, look);
    }
}

/// Tells the observer of the apply of ephemeral resources, too.
pub(crate) struct Watching<'a>(pub(crate) &'a dyn apply::Observer);

impl Watcher for Watching<'_> {
    fn see(&self, address: &addr::AbsInstance, operation: Operation, stage: Stage) {
        self.0.ephemeral(address, operation, stage);
    }
}

impl<'a> Run<'a> {
    pub(crate) fn input<'i>(&'i self, prior: &'i State, options: &'i Options) -> plan::Input<'i> {
        let variables = self.request.configuration.variables.clone();
        let (world, pool, values, ephemerals) = (self.world, self.pool.clone(), self.values, self.ephemerals);
        plan::Input { world, variables, prior, pool, values, ephemerals, options, observer: &self.looks }
    }

    /// Applies a plan in all its stages, if that is decided.
    pub(crate) async fn carry_out(
        &self,
        plan: &Plan,
        decide: &mut dyn FnMut(&Plan) -> Approval,
    ) -> Option<apply::Outcome> {
        if decide(plan) == Approval::Stop {
            return None;
        }
        let (mut outcome, left) = self.stage(plan).await;
        self.complete(left.as_ref().unwrap_or(plan), &mut outcome).await;
        outcome.diags.append(self.end_phase().await);
        outcome.diags = told_once(outcome.diags);
        Some(outcome)
    }

    /// Carries out a stage; returns what it leaves to the next if it has ended early.
    async fn stage(&self, plan: &Plan) -> (apply::Outcome, Option<Plan>) {
        let early = Early::of(plan, self.observer);
        let stopping = || (self.request.stopping)() || early.is_time();
        let env = Environment { pure: false, ..self.request.configuration.env.clone() };
        let input = apply::Input {
            world: World { env: &env, applying: true, ..self.world },
            variables: self.request.configuration.variables.clone(),
            plan,
            pool: self.pool.clone(),
            values: self.values,
            ephemerals: self.ephemerals,
            journal: self.journal,
            parallelism: self.request.parallelism,
            observer: &early,
            runtime: self.request.runtime.clone(),
            stopping: &stopping,
        };
        let mut outcome = with_ticks(self.ephemerals.alongside(apply::apply(&input)), self.request).await;
        outcome.diags.append(self.end_phase().await);
        (outcome, early.left())
    }

    /// Closes what is ephemeral, and forgets what it held; the next phase opens it anew.
    pub(crate) async fn end_phase(&self) -> Diagnostics {
        self.values.forget_ephemeral();
        self.pool.end_phase();
        self.ephemerals.close_all().await
    }

    /// Plans what a plan deferred, now that what it waited for is done, and does it as far as that stays within what was
    /// approved; until nothing is left.
    async fn complete(&self, approved: &Plan, outcome: &mut apply::Outcome) {
        let mut rest = Rest::of(approved);
        for _ in 0..STAGES_MAX {
            if rest.is_empty() || outcome.diags.has_errors() || (self.request.stopping)() {
                return;
            }
            let left = rest.len();
            let options = Options { rest: Some(Rc::new(rest)), ..self.request.options.clone() };
            let state = self.journal.state();
            let later = self.ephemerals.alongside(plan::plan(self.input(&state, &options))).await;
            // Warnings have been given with the plan that was approved.
            later.diags.iter().filter(|found| found.severity == Severity::Error).for_each(|error| {
                outcome.diags.push(error.clone());
            });
            outcome.diags.append(plan::within(approved, &later, &self.pool));
            if outcome.diags.has_errors() {
                return;
            }
            rest = Rest::of(&later);
            let nothing_moves = later.changes.iter().all(|change| change.action == plan::Action::NoOp);
            if nothing_moves && rest.len() >= left {
                return outcome.diags.push(stuck(&later));
            }
            self.observer.stage(&later);
            let (came, cut) = self.stage(&later).await;
            outcome.add(came);
            rest = cut.map_or(rest, |cut| Rest::of(&cut));
        }
        outcome.diags.push(Diagnostic::error("Too many stages", "The parts of the plan that wait do not get fewer."));
    }
}

/// Says that what is left cannot be done, although all that it could wait for is.
fn stuck(later: &Plan) -> Diagnostic {
    let lines = later.deferred.iter().map(|deferred| {
        let wait = match deferred.wait {
            plan::Wait::Instances => "how many there are is still not known",
            plan::Wait::Config => "a part of its configuration is still not known",
            plan::Wait::ProviderConfig => "a part of its provider's configuration is still not known",
            plan::Wait::Prerequisite => "its provider still finds something missing that it needs",
            plan::Wait::Other => "it needs another one of these",
        };
        format!("\n  - {}: {wait}", deferred.pattern)
    });
    let detail = format!(
        "Everything else is done, and these can still not be planned:{}\nWhat was done is in the state; the next run \
         begins from there.",
        lines.collect::<String>()
    );
    Diagnostic::error("Deferred parts cannot be completed", detail)
}

pub(crate) fn pool(request: &Request<'_>) -> Rc<Pool> {
    let catalogue = request.providers.clone();
    let made_up = request.options.made_up.clone();
    let make = move |wanted: &addr::Provider| catalogue.make(wanted);
    Pool::new(make, request.runtime.clone(), request.version, made_up)
}
