//! Commands that plan and apply: what they have in common.

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use addr::{AbsInstance, Pattern};
use diag::{Diagnostic, Diagnostics, Sources, Span};
use engine::{Approval, Report, Request};
use lang::functions::Clock;
use plan::file::SavedPlan;
use plan::{Options, Plan};
use report::Prices;
use value::Value;

use crate::configuration::{Asking, Configuration};
use crate::glimpse::Glimpse;
use crate::legacy::LegacyArgs;
use crate::outlook::{OutlookArgs, Page, Recorder};
use crate::progress::{self, Interrupt, Progress, Voice};
use crate::providers::LinkedProviders;
use crate::render::{plan as render, stream};
use crate::stored::Selection;
use crate::tally::Tally;
use crate::variables::{Assignments, Missing, VariableOptions};
use crate::{
    Exit, Session, arguments, backend, clusters, environment, generated, offer, outlook, requirements, saved, stored,
};

/// Provider calls at once, unless the user says otherwise.
pub(crate) const PARALLELISM_DEFAULT: usize = 10;

/// Arguments of commands that take the lock of the state.
#[derive(clap::Args)]
pub(crate) struct LockArgs {
    /// Wait so long for another run to give the state free: 30s, 5m.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = arguments::duration)]
    lock_timeout: Duration,

    /// For a plan: do not wait for the lock and do not hold it. What writes state always holds it.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    lock: bool,
}

impl PlanningArgs {
    /// Returns in what form the command speaks.
    pub(crate) fn voice(&self) -> Voice {
        if self.json { Voice::Json } else { Voice::Text }
    }

    /// Tells whether something is given that says how to plan.
    pub(crate) fn has_planning_options(&self) -> bool {
        let nowhere = self.replace.is_empty() && self.target.is_empty() && self.exclude.is_empty();
        !(self.refresh && nowhere)
    }
}

impl LockArgs {
    /// Returns how long to wait.
    pub(crate) fn patience(&self) -> Duration {
        self.lock_timeout
    }

    /// Tells whether the lock is not wanted.
    pub(crate) fn is_off(&self) -> bool {
        !self.lock
    }

    /// Says that a command which writes takes the lock in any case.
    pub(crate) fn heed(&self, session: &mut Session) {
        if self.is_off() {
            let detail = "Two runs that write at a time would ruin the state, so this command takes its lock all the \
                          same. A run that was killed leaves no lock behind that would have to be passed over.";
            let warning = Diagnostic::warning("The lock is taken in spite of -lock=false", detail);
            session.ui.diagnostics(&Sources::default(), &warning.into());
        }
    }
}

/// Arguments that all commands which plan have.
#[derive(clap::Args)]
pub(crate) struct PlanningArgs {
    /// At most so many calls of providers at once.
    #[arg(long, value_name = "N", default_value_t = PARALLELISM_DEFAULT)]
    pub(crate) parallelism: usize,

    /// Believe the state instead of asking the providers what has changed: -refresh=false.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) refresh: bool,

    /// Replace this instance, whether it needs it or not. May be given several times.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) replace: Vec<String>,

    /// Plan only this module, resource or instance, and what it needs. May be given several times.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) target: Vec<String>,

    /// Leave this module, resource or instance as it is, and what needs it. May be given several times.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) exclude: Vec<String>,

    /// Ask for the values of variables that have none, on a terminal.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) input: bool,

    #[command(flatten)]
    pub(crate) lock: LockArgs,

    #[command(flatten)]
    pub(crate) legacy: LegacyArgs,

    /// Show warnings as a list of their summaries, where there are no errors.
    #[arg(long)]
    pub(crate) compact_warnings: bool,

    /// Accepted for scripts: nothing is printed while objects are read.
    #[arg(long)]
    pub(crate) concise: bool,

    /// Print without colour.
    #[arg(long)]
    pub(crate) no_color: bool,

    /// Print lines of JSON while it works.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) outlook: OutlookArgs,

    #[command(flatten)]
    pub(crate) variables: VariableOptions,
}

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The world is to become what the configuration says.
    Change,
    /// Everything is to be destroyed.
    Destroy,
    /// The state is to be brought up to date, and nothing else.
    Refresh,
}

impl Goal {
    /// Returns the goal that the flags of a command name; there can be only one.
    pub(crate) fn of(session: &mut Session, destroy: bool, refresh_only: bool) -> Result<Goal, Exit> {
        match (destroy, refresh_only) {
            (true, true) => {
                let detail = "With -destroy everything is to go, with -refresh-only nothing is to change.";
                session.problem("Incompatible options", detail);
                Err(Exit::FAILURE)
            }
            (true, false) => Ok(Goal::Destroy),
            (false, true) => Ok(Goal::Refresh),
            (false, false) => Ok(Goal::Change),
        }
    }
}

/// What a command wants beyond its arguments.
pub(crate) struct Wish<'a> {
    /// Its name, for the lock.
    pub(crate) operation: &'static str,
    /// What it is for.
    pub(crate) goal: Goal,
    /// Where to save the plan.
    pub(crate) out: Option<&'a Path>,
    /// Where configuration goes that is written for imported objects without one.
    pub(crate) generate_into: Option<&'a Path>,
    /// What to do with the plan, which has been shown.
    pub(crate) decide: &'a mut dyn FnMut(&mut Session, &Plan) -> Approval,
}

/// A configuration that has been read and found right.
struct Ready {
    configuration: Configuration,
    variables: Vec<Value>,
    linked: LinkedProviders,
    /// What validation has said already.
    said: Diagnostics,
    prices: Prices,
}

/// Plans, and applies if the wish says so; what there is to say has been said.
pub(crate) fn run(session: &mut Session, args: &PlanningArgs, wish: Wish<'_>) -> Result<Report, Exit> {
    let voice = begin(session, args, wish.operation)?;
    let (mut diags, mut sources) = (Diagnostics::new(), Sources::default());
    let here = Path::new(".");
    let assignments = Assignments::collect(here, &args.variables, &session.environment, &mut sources, &mut diags);
    let can_ask =
        args.input && voice == Voice::Text && session.ui.is_interactive && !session.environment.is_input_off();
    let asking = if can_ask { Asking::Allowed } else { Asking::Off };
    let mut configuration = Configuration::read_with_values(here, assignments, sources, session, asking, &mut diags);
    if wish.goal != Goal::Destroy && !diags.has_errors() && !saved::has_modules(&configuration.sources) {
        let detail = "There is no configuration in this folder. To go by none would mean to destroy everything: if that is \
                      wanted, -destroy says so. Otherwise go where the configuration is, or name its folder by \
                      -chdir=DIR, before the command.";
        return Err(refuse_in(session, voice, Diagnostic::error("No configuration files", detail)));
    }
    let now = UNIX_EPOCH + Duration::from_secs(environment::SystemClock.now().as_secs());
    configuration.environment.plan_time = Some(now);
    let ready = check(session, args, configuration, diags)?;
    let options = Options { is_saved: wish.out.is_some(), ..options(session, args, &wish)? };
    carry_out(session, args, (&ready, options), wish, None)
}

/// Carries out a saved plan; what there is to say has been said.
pub(crate) fn run_saved(
    session: &mut Session,
    args: &PlanningArgs,
    wish: Wish<'_>,
    saved: SavedPlan,
) -> Result<Report, Exit> {
    let voice = begin(session, args, wish.operation)?;
    if let Some(problem) = engine::refuse(&saved, &stored::workspace(session)) {
        return Err(refuse_in(session, voice, problem));
    }
    let (mut diags, mut sources) = (Diagnostics::new(), Sources::default());
    let assignments =
        Assignments::collect(Path::new("."), &args.variables, &session.environment, &mut sources, &mut diags);
    let configuration = saved::configuration(&saved, assignments, sources, session, &mut diags);
    let ready = check(session, args, configuration, diags)?;
    let options = saved.options.clone();
    carry_out(session, args, (&ready, options), wish, Some(saved))
}

/// Says why nothing is done.
pub(crate) fn refuse(session: &mut Session, args: &PlanningArgs, problem: Diagnostic) -> Exit {
    match begin(session, args, "plan") {
        Ok(voice) => refuse_in(session, voice, problem),
        Err(exit) => exit,
    }
}

fn refuse_in(session: &mut Session, voice: Voice, problem: Diagnostic) -> Exit {
    voice.diagnostics(session, &Sources::default(), &problem.into());
    Exit::FAILURE
}

/// Completes the values of variables and validates; what is wrong is shown.
fn check(
    session: &mut Session,
    args: &PlanningArgs,
    configuration: Configuration,
    mut diags: Diagnostics,
) -> Result<Ready, Exit> {
    let voice = args.voice();
    check_locks(session, voice, &configuration)?;
    let prices = args.outlook.prices(&session.environment).unwrap_or_else(|problem| {
        diags.push(problem);
        Prices::default()
    });
    let variables = configuration.assigned.complete(&configuration.root.module, Missing::IsError, &mut diags);
    let linked = LinkedProviders::of_configuration(session, &configuration.root);
    look_through(&configuration, &linked, &mut diags);
    voice.diagnostics(session, &configuration.sources, &diags);
    if diags.has_errors() {
        return Err(Exit::FAILURE);
    }
    Ok(Ready { configuration, variables, linked, said: diags, prices })
}

/// Plans or takes the plan that was saved, asks, applies.
fn carry_out(
    session: &mut Session,
    args: &PlanningArgs,
    (ready, options): (&Ready, Options),
    wish: Wish<'_>,
    saved: Option<SavedPlan>,
) -> Result<Report, Exit> {
    let Ready { configuration, variables, linked, said: _, prices } = ready;
    let voice = args.voice();
    let env = lang::functions::Environment { pure: true, ..configuration.environment.clone() };
    let (started_in, workspace) = (session.started_in.clone(), stored::workspace(session));
    let interrupt = Interrupt::default();
    let mut request = Request {
        configuration: engine::Configuration {
            root: &configuration.root,
            env: &env,
            cwd: &started_in,
            variables: variables.clone(),
            functions: linked,
        },
        providers: linked.catalogue(),
        store: store(args, wish.operation),
        workspace: &workspace,
        lock: stored::lock_request(session, wish.operation, args.lock.patience()),
        world: stored::world(),
        options,
        parallelism: args.parallelism.max(1),
        runtime: session.environment.runtime(),
        version: lang::version::PROGRAM_VERSION,
        stopping: &|| interrupt.is_wanted(),
        tick: &|| {},
    };
    let session = RefCell::new(session);
    let recorder = args.outlook.report.as_ref().map(|_| Recorder::default());
    let progress = Progress::new(&session, voice, interrupt.clone(), recorder);
    let tick = || progress.tick();
    request.tick = &tick;
    let is_new = saved.is_none();
    let mut decide = |plan: &Plan| {
        let mut session = session.borrow_mut();
        match voice {
            _ if is_new => show(&mut session, voice, plan, (linked, prices, args.parallelism)),
            Voice::Json => progress::say(&mut session, stream::saved_plan(plan)),
            Voice::Text => {}
        }
        let approval = (wish.decide)(&mut session, plan);
        if approval == Approval::Apply {
            progress.expect(plan);
            if let Err(error) = interrupt.listen() {
                session.problem("Cannot listen for interrupts", format!("{error}. An interrupt ends the run at once."));
            }
        }
        approval
    };
    let report = match saved {
        None => engine::run(request, &progress, &mut decide),
        Some(saved) => engine::apply_saved(request, saved, &progress, &mut decide),
    };
    let (tally, recorder) = progress.end();
    let session = session.into_inner();
    let report = report.map_err(|failure| {
        voice.diagnostics(session, &configuration.sources, &failure.0);
        Exit::FAILURE
    })?;
    conclude(session, args, (ready, wish), report, recorder, (&interrupt, &tally))
}

/// Writes the files that are wanted, and says what there is to say at the end.
fn conclude(
    session: &mut Session,
    args: &PlanningArgs,
    (ready, wish): (&Ready, Wish<'_>),
    mut report: Report,
    recorder: Option<Recorder>,
    became: (&Interrupt, &Tally),
) -> Result<Report, Exit> {
    let (voice, configuration) = (args.voice(), &ready.configuration);
    generated::write(session, voice, wish.generate_into, &report.plan.generated)?;
    if let Some(path) = wish.out {
        saved::write(session, path, (configuration, wish.generate_into), &mut report)?;
    }
    let happened = report.outcome.as_ref().zip(recorder);
    let actual = happened.map(|(outcome, recorder)| recorder.into_actual(&report.plan, outcome, became.0.is_wanted()));
    let reported = write_report(session, args, ready, (&report, wish.operation), actual);
    let finished = finish(session, voice, (&configuration.sources, &ready.said), report, became);
    match reported {
        Ok(()) => finished,
        Err(problem) => {
            voice.diagnostics(session, &Sources::default(), &problem.into());
            Err(Exit::FAILURE)
        }
    }
}

/// Writes the page, if one is wanted and there is a plan to show.
fn write_report(
    session: &mut Session,
    args: &PlanningArgs,
    ready: &Ready,
    (report, operation): (&Report, &str),
    actual: Option<report::Actual>,
) -> Result<(), Diagnostic> {
    let Some(path) = args.outlook.report.as_deref() else { return Ok(()) };
    if actual.is_none() && report.plan.diags.has_errors() {
        return Ok(());
    }
    let plan = &report.plan;
    let (schemas, prices, parallelism) = (&ready.linked, &ready.prices, args.parallelism);
    Page { path, operation, plan, schemas, prices, parallelism, actual }.write(session)
}

/// Says what is wrong with a configuration, and with where its state is.
fn look_through(configuration: &Configuration, linked: &LinkedProviders, diags: &mut Diagnostics) {
    let settings = &configuration.root.module.settings;
    backend::check(settings, diags);
    offer::terraform_state(backend::path(settings)).into_iter().for_each(|offer| diags.push(offer));
    diags.append(lang::validate::validate(&configuration.root, linked, &configuration.environment));
}

/// Heeds the flags that are about more than the plan.
fn begin(session: &mut Session, args: &PlanningArgs, operation: &str) -> Result<Voice, Exit> {
    let voice = args.voice();
    if args.no_color {
        session.ui.disable_colour();
    }
    if voice == Voice::Json {
        progress::say(session, [stream::version()]);
    }
    if args.compact_warnings {
        session.ui.compact_warnings();
    }
    let is_plan = operation == "plan";
    let copied = args.legacy.check().and_then(|()| match stored::peek(session).filter(|_| !is_plan) {
        Some(state) => args.legacy.copy(&state),
        None => Ok(()),
    });
    if let Err(problem) = copied {
        voice.diagnostics(session, &Sources::default(), &problem.into());
        return Err(Exit::FAILURE);
    }
    if !is_plan {
        args.lock.heed(session);
    }
    Ok(voice)
}

/// Returns where state is kept; a plan that is not to hold the lock works with what is there at this moment.
fn store(args: &PlanningArgs, operation: &str) -> Arc<dyn state::Store> {
    match args.lock.is_off() && operation == "plan" {
        true => Arc::new(Glimpse(stored::store())),
        false => stored::store(),
    }
}

/// Ends the run where other versions of providers are locked than are asked for: everything else may be their fault.
fn check_locks(session: &mut Session, voice: Voice, configuration: &Configuration) -> Result<(), Exit> {
    let problems = requirements::check_locks(&configuration.root, session);
    voice.diagnostics(session, &configuration.sources, &problems);
    if problems.has_errors() { Err(Exit::FAILURE) } else { Ok(()) }
}

/// Says what there is to say at the end.
fn finish(
    session: &mut Session,
    voice: Voice,
    (sources, said_before): (&Sources, &Diagnostics),
    report: Report,
    (interrupt, tally): (&Interrupt, &Tally),
) -> Result<Report, Exit> {
    let has_failed = report.outcome.is_none() && report.plan.diags.has_errors();
    if has_failed && voice == Voice::Json && (!report.plan.changes.is_empty() || !report.plan.outputs.is_empty()) {
        // As far as it goes it is worth knowing.
        progress::say(session, stream::plan(&report.plan));
    }
    let mut said = report.plan.diags.clone();
    if let Some(outcome) = &report.outcome {
        // What the plan could not tell of checks the apply has told.
        said = said.into_iter().filter(|found| found.summary != plan::ASSERTION_UNKNOWN).collect();
        said.append(outcome.diags.clone());
    }
    let mut said = once(said, said_before);
    if interrupt.is_wanted() {
        let detail = "What was under way has ended and is in the state; the rest was not started. The same command goes on \
                      from here.";
        said.push(Diagnostic::error("Interrupted", detail));
    }
    said.append(clusters::forget_deleted(session, &report));
    voice.diagnostics(session, sources, &said);
    if voice == Voice::Text && report.outcome.is_some() {
        let unfinished = tally.unfinished();
        session.ui.err.print(&unfinished);
        session.ui.out.print(&tally.slowest());
    }
    if said.has_errors() { Err(Exit::FAILURE) } else { Ok(report) }
}

/// Leaves out warnings that have been given already: providers check the same configuration before the plan, for it, and
/// before it is carried out.
fn once(found: Diagnostics, said_before: &Diagnostics) -> Diagnostics {
    type Warning = (String, String, Option<Span>);
    let key = |warning: &Diagnostic| -> Warning { (warning.summary.clone(), warning.detail.clone(), warning.subject) };
    let before: HashSet<Warning> = said_before.iter().map(key).collect();
    let mut seen: HashSet<(Warning, Option<String>)> = HashSet::new();
    let is_new = |found: &Diagnostic| {
        found.is_error() || !before.contains(&key(found)) && seen.insert((key(found), found.address.clone()))
    };
    found.into_iter().filter(is_new).collect()
}

/// Shows a plan.
fn show(
    session: &mut Session,
    voice: Voice,
    plan: &Plan,
    (linked, prices, parallelism): (&LinkedProviders, &Prices, usize),
) {
    let forecast = outlook::forecast(plan, prices, parallelism);
    match voice {
        Voice::Text => {
            let palette = render::Palette::of(session.ui.out.style());
            session.ui.out.print(&render::text(plan, linked, palette));
            session.ui.out.print(&forecast.map(|forecast| outlook::table(&forecast, palette)).unwrap_or_default());
        }
        Voice::Json => {
            progress::say(session, stream::plan(plan));
            progress::say(session, forecast.as_ref().map(stream::outlook));
        }
    }
}

fn options(session: &mut Session, args: &PlanningArgs, wish: &Wish<'_>) -> Result<Options, Exit> {
    let goal = wish.goal;
    if let Some(path) = wish.generate_into {
        generated::check(session, args.voice(), path, goal)?;
    }
    let mut replace = Vec::new();
    for text in &args.replace {
        match state::parse_instance(text) {
            Some(address) => replace.push(address),
            None => {
                let detail =
                    format!("{text:?} is not the address of an instance: TYPE.NAME, TYPE.NAME[KEY], module.NAME.…");
                session.problem("Invalid -replace option", detail);
                return Err(Exit::FAILURE);
            }
        }
    }
    if goal == Goal::Refresh && (!args.refresh || !replace.is_empty()) {
        let detail = "With -refresh-only the state is brought up to date and nothing else, so -refresh=false and \
                      -replace make no sense with it.";
        session.problem("Incompatible options", detail);
        return Err(Exit::FAILURE);
    }
    Ok(Options {
        destroy: goal == Goal::Destroy,
        refresh_only: goal == Goal::Refresh,
        no_refresh: !args.refresh,
        generate_configuration: wish.generate_into.is_some(),
        replace,
        targets: patterns(session, "-target", &args.target)?,
        excludes: patterns(session, "-exclude", &args.exclude)?,
        ..Options::default()
    })
}

/// Reads what the user names: modules, resources, instances.
fn patterns(session: &mut Session, flag: &str, texts: &[String]) -> Result<Vec<Pattern>, Exit> {
    let pattern = |text: &String| match Selection::parse(text)? {
        Selection::Module(module) => Ok(Pattern::everything_in(&module)),
        Selection::Resource(resource) => Ok(Pattern::named(&AbsInstance { resource, key: None })),
        Selection::Instance(instance) => Ok(Pattern::named(&instance)),
    };
    let patterns: Result<Vec<Pattern>, Diagnostic> = texts.iter().map(pattern).collect();
    patterns.map_err(|problem| {
        session.problem(format!("Invalid {flag} option"), problem.detail);
        Exit::FAILURE
    })
}
