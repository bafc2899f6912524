//! `import`: takes an object that exists into state.

use std::path::Path;

use diag::{Diagnostics, Sources};
use engine::Request;
use plan::Options;

use super::Run;
use crate::configuration::{Asking, Configuration};
use crate::legacy::LegacyArgs;
use crate::providers::LinkedProviders;
use crate::render::plan::Palette;
use crate::variables::{Assignments, Missing, VariableOptions};
use crate::working::{LockArgs, PARALLELISM_DEFAULT};
use crate::{Exit, Session, stored};

/// Take an object that exists into state.
///
/// The object becomes the instance ADDRESS, which the configuration must have. What ID is depends on the resource type.
/// Nothing is changed but the state. Import blocks do the same with a plan.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// The instance: TYPE.NAME, TYPE.NAME[KEY], module.NAME.…
    #[arg(value_name = "ADDRESS")]
    address: String,

    /// What the provider calls the object.
    #[arg(value_name = "ID")]
    id: String,

    /// Ask for the values of variables that have none, on a terminal.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    input: bool,

    #[command(flatten)]
    lock: LockArgs,

    #[command(flatten)]
    legacy: LegacyArgs,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    #[command(flatten)]
    variables: VariableOptions,
}

impl Run for Args {
    const NAME: &'static str = "import";
    const CALLS_PROVIDERS: bool = true;

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        match import(session, &self) {
            Ok(()) => Exit::SUCCESS,
            Err(exit) => exit,
        }
    }
}

fn import(session: &mut Session, args: &Args) -> Result<(), Exit> {
    let address = args.legacy.check().and_then(|()| stored::instance(&args.address));
    let address = address.or_else(|problem| stored::fail(session, problem))?;
    if address.resource.resource.mode != addr::Mode::Managed {
        session.problem(
            "Invalid address",
            "Only managed resources (\"resource\" blocks) hold objects that can be imported.",
        );
        return Err(Exit::FAILURE);
    }
    if args.id.is_empty() {
        session.problem("Invalid import id argument", "The id of the object to import is empty.");
        return Err(Exit::FAILURE);
    }
    args.lock.heed(session);
    let copied = args.legacy.copy(&stored::load(session)?);
    copied.or_else(|problem| stored::fail(session, problem))?;
    let (mut diags, mut sources) = (Diagnostics::new(), Sources::default());
    let assignments =
        Assignments::collect(Path::new("."), &args.variables, &session.environment, &mut sources, &mut diags);
    let can_ask = args.input && session.ui.is_interactive && !session.environment.is_input_off();
    let asking = if can_ask { Asking::Allowed } else { Asking::Off };
    let configuration =
        Configuration::read_with_values(Path::new("."), assignments, sources, session, asking, &mut diags);
    let variables = configuration.assigned.complete(&configuration.root.module, Missing::IsError, &mut diags);
    let linked = LinkedProviders::of_configuration(session, &configuration.root);
    diags.append(lang::validate::validate(&configuration.root, &linked, &configuration.environment));
    session.ui.diagnostics(&configuration.sources, &diags);
    if diags.has_errors() {
        return Err(Exit::FAILURE);
    }
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
        providers: linked.catalogue(),
        store: stored::store(),
        workspace: &workspace,
        lock: stored::lock_request(session, Args::NAME, args.lock.patience()),
        world: stored::world(),
        options: Options::default(),
        parallelism: PARALLELISM_DEFAULT,
        runtime: session.environment.runtime(),
        version: lang::version::PROGRAM_VERSION,
        stopping: &|| false,
        tick: &|| {},
    };
    let quoted = lang::print::quote(&args.id);
    session.ui.out.print(&format!("{address}: Importing from ID {quoted}...\n"));
    let said = engine::import(request, &address, &args.id).map_err(|failure| {
        session.ui.diagnostics(&configuration.sources, &failure.0);
        Exit::FAILURE
    })?;
    session.ui.diagnostics(&configuration.sources, &said);
    let Palette { bold, green, reset, .. } = Palette::of(session.ui.out.style());
    session.ui.out.print(&format!(
        "{address}: Import complete [id={}]\n\n{bold}{green}Import successful!{reset} The object is in state now, and is \
         managed from here on.\n",
        args.id
    ));
    Ok(())
}
