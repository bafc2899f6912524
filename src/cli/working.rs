//! Commands that plan and apply: what they have in common.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use apply::{Doing, Event, Observer};
use diag::{Diagnostics, Sources};
use engine::{Approval, RealRuntime, Report, Request};
use plan::{Change, Options, Plan};

use crate::configuration::{Asking, Configuration};
use crate::providers::LinkedProviders;
use crate::render::plan as render;
use crate::variables::{Assignments, Missing, VariableOptions};
use crate::{Exit, Session, arguments, environment, stored};

/// Provider calls at once, unless the user says otherwise.
pub(crate) const PARALLELISM_DEFAULT: usize = 10;

/// Arguments of commands that take the lock of the state.
#[derive(clap::Args)]
pub(crate) struct LockArgs {
    /// Wait so long for another run to give the state free: 30s, 5m.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = arguments::duration)]
    lock_timeout: Duration,
}

impl LockArgs {
    /// Returns how long to wait.
    pub(crate) fn patience(&self) -> Duration {
        self.lock_timeout
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

    /// Ask for the values of variables that have none, on a terminal.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) input: bool,

    #[command(flatten)]
    pub(crate) lock: LockArgs,

    /// Print without colour.
    #[arg(long)]
    pub(crate) no_color: bool,

    #[command(flatten)]
    pub(crate) variables: VariableOptions,
}

/// What a command wants beyond its arguments.
pub(crate) struct Wish<'a> {
    /// Its name, for the lock.
    pub(crate) operation: &'static str,
    /// Everything is to be destroyed.
    pub(crate) destroy: bool,
    /// What to do with the plan.
    pub(crate) decide: &'a mut dyn FnMut(&mut Session, &Plan, &LinkedProviders) -> Approval,
}

/// Plans, and applies if the wish says so; what there is to say has been said.
pub(crate) fn run(session: &mut Session, args: &PlanningArgs, wish: Wish<'_>) -> Result<Report, Exit> {
    if args.no_color {
        session.ui.disable_colour();
    }
    let (mut diags, mut sources) = (Diagnostics::new(), Sources::default());
    let here = Path::new(".");
    let assignments = Assignments::collect(here, &args.variables, &session.environment, &mut sources, &mut diags);
    let can_ask = args.input && session.ui.is_interactive && !session.environment.is_input_off();
    let asking = if can_ask { Asking::Allowed } else { Asking::Off };
    let configuration = Configuration::read_with_values(here, assignments, sources, session, asking, &mut diags);
    let variables = configuration.assigned.complete(&configuration.root.module, Missing::IsError, &mut diags);
    let linked = LinkedProviders::new(session.providers);
    diags.append(lang::validate::validate(&configuration.root, &linked, &configuration.environment));
    session.ui.diagnostics(&configuration.sources, &diags);
    if diags.has_errors() {
        return Err(Exit::FAILURE);
    }
    let options = options(session, args, wish.destroy)?;
    let env = lang::functions::Environment { pure: true, ..configuration.environment.clone() };
    let (started_in, workspace) = (session.started_in.clone(), stored::workspace(session));
    let request = Request {
        configuration: engine::Configuration {
            root: &configuration.root,
            env: &env,
            cwd: &started_in,
            variables,
            functions: &linked,
        },
        providers: session.providers,
        store: stored::store(),
        workspace: &workspace,
        lock: stored::lock_request(session, wish.operation, args.lock.patience()),
        world: stored::world(),
        options,
        parallelism: args.parallelism.max(1),
        runtime: Arc::new(RealRuntime::new(environment::fill_random)),
        version: lang::version::PROGRAM_VERSION,
    };
    let session = RefCell::new(session);
    let observer = Printer { session: &session };
    let report = engine::run(request, &observer, &mut |plan| (wish.decide)(&mut session.borrow_mut(), plan, &linked));
    let session = session.into_inner();
    let report = report.map_err(|failure| {
        session.ui.diagnostics(&configuration.sources, &failure.0);
        Exit::FAILURE
    })?;
    let mut said = report.plan.diags.clone();
    if let Some(outcome) = &report.outcome {
        said.append(outcome.diags.clone());
    }
    session.ui.diagnostics(&configuration.sources, &said);
    if said.has_errors() { Err(Exit::FAILURE) } else { Ok(report) }
}

fn options(session: &mut Session, args: &PlanningArgs, destroy: bool) -> Result<Options, Exit> {
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
    Ok(Options { destroy, no_refresh: !args.refresh, replace, ..Options::default() })
}

/// Prints what happens while it happens, a line each.
struct Printer<'a, 's> {
    session: &'a RefCell<&'s mut Session>,
}

impl Observer for Printer<'_, '_> {
    fn see(&self, change: &Change, event: Event<'_>) {
        let address = &change.address;
        let word = |doing| match (doing, change.action) {
            (Doing::Delete, _) => ("Destroying", "Destruction"),
            (Doing::Make, plan::Action::Update) => ("Modifying", "Modifications"),
            (Doing::Make, plan::Action::Read) => ("Reading", "Read"),
            (Doing::Make, _) => ("Creating", "Creation"),
        };
        let line = match event {
            Event::Started(doing) => format!("{address}: {}...\n", word(doing).0),
            Event::Message(text) => format!("{address}: {text}\n"),
            Event::Ended(doing, took, value) => {
                let id = render::id(value).map(|id| format!(" [id={id}]")).unwrap_or_default();
                format!("{address}: {} complete after {}s{id}\n", word(doing).1, took.as_secs())
            }
            Event::Failed(doing, took) => {
                format!("{address}: {} failed after {}s\n", word(doing).1, took.as_secs())
            }
            Event::Skipped(_) => format!("{address}: Skipped, because something that it needs failed\n"),
        };
        self.session.borrow_mut().ui.out.print(&line);
    }
}
