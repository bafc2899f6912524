//! `show`: the state as a whole.

use std::path::{Path, PathBuf};

use diag::{Diagnostic, Diagnostics, Sources};
use plan::file::SavedPlan;
use report::{Forecast, Tables};
use state::State;

use super::{Run, output};
use crate::configuration::Configuration;
use crate::outlook::{OutlookArgs, Page};
use crate::providers::LinkedProviders;
use crate::render::{json, markdown, plan as render, plan_json, state_json};
use crate::variables::{Assignments, Missing};
use crate::working::PARALLELISM_DEFAULT;
use crate::{Exit, Session, outlook, saved, stored};

/// Show what the state holds, or what a saved plan would do.
///
/// Prints every object of the state with its attributes, and the outputs. With a file it shows the plan or the state in it.
/// With -json the result has the format that tools know from Terraform; it holds sensitive values in clear text. With
/// -markdown a plan becomes what it means for people and a table of what changes, with the rest folded away, short enough for a
/// comment on GitHub.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// A plan that "plan -out" saved, or a state file.
    file: Option<PathBuf>,

    /// Print as JSON.
    #[arg(long)]
    json: bool,

    /// Print a plan as Markdown, for a comment on a pull request; values that are sensitive are hidden.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    #[command(flatten)]
    outlook: OutlookArgs,
}

impl Run for Args {
    const NAME: &'static str = "show";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let needs_plan = self.markdown || self.outlook.report.is_some();
        let state = match &self.file {
            None if needs_plan => return no_plan(session),
            None => stored::load(session),
            Some(path) => match self.of_file(session, path) {
                Ok(Shown::State(_)) if needs_plan => return no_plan(session),
                Ok(Shown::State(state)) => Ok(state),
                Ok(Shown::Plan(saved)) => return self.show_plan(session, &saved),
                Err(exit) => Err(exit),
            },
        };
        let state = match state {
            Ok(state) => state,
            Err(exit) => return exit,
        };
        let linked = LinkedProviders::of(session);
        if self.json {
            session.ui.out.print(&json::compact(&state_json::state(&state, &linked)));
            return Exit::SUCCESS;
        }
        if state.is_empty() {
            session.ui.out.print("The state is empty: it holds no objects and no outputs.\n");
            return Exit::SUCCESS;
        }
        session.ui.out.print(&shown_state(&state, &linked));
        Exit::SUCCESS
    }
}

/// Returns a state as text: its objects and its outputs.
pub(crate) fn shown_state(state: &State, linked: &LinkedProviders) -> String {
    let mut parts = Vec::new();
    for (target, resource, object) in state.objects() {
        let (value, block) = stored::object_value(&target.address, &resource.provider.provider, object, linked);
        let mut remark = target.deposed.map(|key| format!(" (deposed object {key})")).unwrap_or_default();
        if object.status == state::Status::Tainted {
            remark.push_str(" (tainted)");
        }
        parts.push(render::stored(&target.address, &value, &block, &remark));
    }
    let mut text = parts.join("\n");
    let outputs = output::lines(state);
    if !outputs.is_empty() {
        let gap = if parts.is_empty() { "" } else { "\n\n" };
        text.push_str(&format!("{gap}Outputs:\n\n{outputs}"));
    }
    text
}

/// Says that only plans are printed as Markdown or made a page.
fn no_plan(session: &mut Session) -> Exit {
    let detail = "-markdown and -report are for plans: gantry show -markdown FILE, with the FILE of \"plan -out\".";
    session.problem("No plan to show", detail);
    Exit::FAILURE
}

/// What a file holds.
enum Shown {
    State(State),
    Plan(Box<SavedPlan>),
}

impl Args {
    fn of_file(&self, session: &mut Session, path: &Path) -> Result<Shown, Exit> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let detail = format!("{} cannot be read: {error}.", path.display());
                return stored::fail(session, Diagnostic::error("Cannot read the file", detail));
            }
        };
        if let Some(state) = stored::of_bytes(&bytes) {
            return Ok(Shown::State(state));
        }
        match saved::parse(path, &bytes) {
            Ok(saved) => Ok(Shown::Plan(Box::new(saved))),
            Err(problem) => stored::fail(session, problem),
        }
    }

    fn show_plan(&self, session: &mut Session, saved: &SavedPlan) -> Exit {
        let (sources, mut diags) = (Sources::default(), Diagnostics::new());
        let configuration = saved::configuration(saved, Assignments::default(), sources, session, &mut diags);
        let linked = LinkedProviders::of_configuration(session, &configuration.root);
        match self.present(session, (saved, &linked), &configuration) {
            Ok(()) => Exit::SUCCESS,
            Err(problem) => stored::fail(session, problem).unwrap_or_else(|exit| exit),
        }
    }

    fn present(
        &self,
        session: &mut Session,
        (saved, linked): (&SavedPlan, &LinkedProviders),
        configuration: &Configuration,
    ) -> Result<(), Diagnostic> {
        let plan = &saved.plan;
        let prices = self.outlook.prices(&session.environment)?;
        let forecast = outlook::forecast(plan, &prices, PARALLELISM_DEFAULT);
        let text = if self.markdown {
            let file = self.file.as_deref().unwrap_or(Path::new("PLAN")).display().to_string();
            let tables = forecast.as_ref().map(Tables::of);
            markdown::text(plan, linked, tables.as_ref(), &file, markdown::LENGTH_MAX)
        } else if self.json {
            plan_as_json(saved, linked, configuration, forecast.as_ref())
        } else {
            let palette = render::Palette::of(session.ui.out.style());
            let table = forecast.map(|forecast| outlook::table(&forecast, palette)).unwrap_or_default();
            render::text(plan, linked, palette) + &table
        };
        session.ui.out.print(&text);
        let Some(path) = self.outlook.report.as_deref() else { return Ok(()) };
        let (operation, parallelism) = ("plan", PARALLELISM_DEFAULT);
        Page { path, operation, plan, schemas: linked, prices: &prices, parallelism, actual: None }.write(session)
    }
}

fn plan_as_json(
    saved: &SavedPlan,
    linked: &LinkedProviders,
    configuration: &Configuration,
    forecast: Option<&Forecast>,
) -> String {
    let root = &configuration.root;
    // What is ephemeral is not there, and need not be: nothing is evaluated.
    let variables = configuration.assigned.complete(&root.module, Missing::IsUnknown, &mut Diagnostics::new());
    let mut shown = plan_json::plan(saved, root, &variables, linked);
    if let Some(forecast) = forecast {
        // Readers of Terraform's format pass over what they do not know.
        shown["gantry"] = report::json(forecast);
    }
    json::compact(&shown)
}
