//! The configuration that a command works on: read from its folder, together with what its functions may see.

use std::path::Path;
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Sources};
use install::modules::manifest::InstalledModules;
use lang::functions::{self, Files, RealFiles};
use lang::module::{Module, Reader};
use lang::tree::{self, Modules, Node};

use crate::built_in::WithBuiltIn;
use crate::variables::{Assigned, Assignments};
use crate::{Environment, Exit, Session, environment};

/// A configuration and what was wrong with its text.
pub(crate) struct Configuration {
    /// All files read so far; diagnostics point into them.
    pub(crate) sources: Sources,
    /// The root module and the modules it calls.
    pub(crate) root: Node,
    /// What functions may see.
    pub(crate) environment: functions::Environment,
    /// The values that the root module's variables were given, each checked against nothing but its notation.
    pub(crate) assigned: Assigned,
}

/// Whether functions whose results differ from call to call may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purity {
    /// They give unknown values.
    Pure,
    /// They run.
    Impure,
}

/// Whether someone may be asked for the values of variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Someone is there and willing.
    Allowed,
    /// Nobody is.
    Off,
}

impl Configuration {
    /// Reads the configuration in a folder, without any value for its variables.
    pub(crate) fn read(dir: &Path, purity: Purity, session: &Session, diags: &mut Diagnostics) -> Configuration {
        Self::read_with_modules(dir, purity, &session.environment, &mut installed_modules(dir, session), diags)
    }

    /// Reads the configuration of the working folder for a command that only looks at it; what is wrong has been said.
    pub(crate) fn to_look_at(session: &mut Session) -> Result<Configuration, Exit> {
        let mut diags = Diagnostics::new();
        let read = Configuration::read(Path::new("."), Purity::Pure, session, &mut diags);
        session.ui.diagnostics(&read.sources, &diags);
        if diags.has_errors() { Err(Exit::FAILURE) } else { Ok(read) }
    }

    /// The same as `read`, with modules from `modules`, which may fetch them.
    pub(crate) fn read_with_modules(
        dir: &Path,
        purity: Purity,
        variables: &Environment,
        modules: &mut dyn Modules,
        diags: &mut Diagnostics,
    ) -> Configuration {
        let environment = environment_of_functions(purity, variables, diags);
        let nothing_assigned = |_: &Module, _: &mut Sources, _: &mut Diagnostics| Assigned::default();
        let mut modules = WithBuiltIn { others: modules, data_folder: variables.data_folder().to_path_buf() };
        let (sources, from) = (Sources::default(), (&RealFiles as &dyn Files, &mut modules as &mut dyn Modules));
        let (read, mistakes) = read_with(dir, environment, from, (sources, diags), nothing_assigned);
        diags.append(mistakes);
        read
    }

    /// Reads a configuration from files and modules that were kept, for a run that changes things.
    pub(crate) fn read_saved(
        dir: &Path,
        from: (&dyn Files, &mut dyn Modules),
        session: &Session,
        (sources, diags): (Sources, &mut Diagnostics),
        assign: impl FnOnce(&Module, &mut Sources, &mut Diagnostics) -> Assigned,
    ) -> Configuration {
        let environment = environment_of_functions(Purity::Impure, &session.environment, diags);
        let (read, mistakes) = read_with(dir, environment, from, (sources, diags), assign);
        diags.append(mistakes);
        read
    }

    /// Reads the configuration in a folder with values for its variables.
    pub(crate) fn read_with_values(
        dir: &Path,
        assignments: Assignments,
        sources: Sources,
        session: &mut Session,
        asking: Asking,
        diags: &mut Diagnostics,
    ) -> Configuration {
        let (read, mistakes) = Self::read_despite_mistakes(dir, assignments, sources, session, asking, diags);
        diags.append(mistakes);
        read
    }

    /// Reads the configuration in a folder with values for its variables, and returns what is wrong with its expressions
    /// apart from everything else that is wrong.
    pub(crate) fn read_despite_mistakes(
        dir: &Path,
        mut assignments: Assignments,
        sources: Sources,
        session: &mut Session,
        asking: Asking,
        diags: &mut Diagnostics,
    ) -> (Configuration, Diagnostics) {
        let environment = environment_of_functions(Purity::Impure, &session.environment, diags);
        let mut installed = installed_modules(dir, session);
        let data_folder = session.environment.data_folder().to_path_buf();
        let mut modules = WithBuiltIn { others: &mut installed, data_folder };
        let from: (&dyn Files, &mut dyn Modules) = (&RealFiles, &mut modules);
        read_with(dir, environment, from, (sources, diags), |module, sources, diags| {
            if asking == Asking::Allowed {
                assignments.ask(module, &mut session.ui.out, diags);
            }
            assignments.resolve(module, sources, diags)
        })
    }
}

/// Returns the modules that are installed for the configuration in a folder.
pub(crate) fn installed_modules(dir: &Path, session: &Session) -> InstalledModules {
    let data_folder = session.environment.data_folder();
    match dir == Path::new(".") {
        true => InstalledModules::read(dir, data_folder),
        false => InstalledModules::read(dir, &dir.join(data_folder)),
    }
}

fn read_with(
    dir: &Path,
    environment: functions::Environment,
    (files, modules): (&dyn Files, &mut dyn Modules),
    (mut sources, diags): (Sources, &mut Diagnostics),
    assign: impl FnOnce(&Module, &mut Sources, &mut Diagnostics) -> Assigned,
) -> (Configuration, Diagnostics) {
    let mut reader = Reader::new(files, &mut sources);
    let module = reader.module(dir, diags);
    let assigned = assign(&module, reader.sources, diags);
    let root = tree::load_with(dir, &assigned.values(), &mut reader, &environment, modules, diags);
    let mistakes = std::mem::take(&mut reader.mistakes);
    (Configuration { sources, root, environment, assigned }, mistakes)
}

/// Returns what functions may see.
pub(crate) fn environment_of_functions(
    purity: Purity,
    variables: &Environment,
    diags: &mut Diagnostics,
) -> functions::Environment {
    let base_dir = environment::current_directory().unwrap_or_else(|error| {
        let detail = format!("The folder this command runs in cannot be found: {error}.");
        diags.push(Diagnostic::error("No working directory", detail));
        Path::new(".").to_path_buf()
    });
    functions::Environment {
        base_dir,
        home_dir: variables.home_directory(),
        files: Arc::new(RealFiles),
        clock: Arc::new(environment::SystemClock),
        plan_time: None,
        random: environment::fill_random,
        pure: purity == Purity::Pure,
    }
}
