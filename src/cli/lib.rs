//! The command line: arguments, commands, and everything that is printed.
//!
//! A command is one file in `commands/` and one line in its list. It gets its arguments and a [`Session`], and returns
//! an [`Exit`]; what it has to say goes through [`Ui`] and `render/`.
//! *Not here:* what the language means (`lang`), what is planned and done (`plan`, `apply`), provider code.

mod arguments;
mod backend;
mod built_in;
mod clusters;
mod commands;
mod completion;
mod configuration;
mod environment;
mod generated;
mod glimpse;
mod installing;
mod kubeconfig;
mod legacy;
mod live;
mod next;
mod offer;
mod outlook;
mod plugins;
mod progress;
mod providers;
mod reference;
mod render;
mod replacing;
mod requirements;
mod sandboxes;
mod saved;
mod simulated;
mod stored;
mod suite;
mod tally;
mod tested;
mod ui;
mod usage;
mod variables;
mod working;

use std::ffi::OsString;
use std::path::PathBuf;

use diag::{Diagnostic, Sources};

pub use commands::names as command_names;
pub use environment::{Environment, VARIABLES, Variable};
pub use providers::LinkedProviders;
pub use ui::{Stream, Style, Ui};
pub use variables::decode_tfvars;

/// What the process tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// All went well.
    pub const SUCCESS: Exit = Exit(0);
    /// Something went wrong, or the arguments made no sense.
    pub const FAILURE: Exit = Exit(1);
    /// No command was named; the number that Terraform uses.
    pub const NO_COMMAND: Exit = Exit(127);
}

/// What every command gets besides its arguments.
pub struct Session {
    /// Where to print to and read from.
    pub ui: Ui,
    /// The environment variables.
    pub environment: Environment,
    /// The providers that are part of the program.
    pub providers: &'static [sdk::Factory],
    /// The folder the process was started in; `-chdir` goes elsewhere.
    pub started_in: PathBuf,
}

impl Session {
    /// Shows one problem that has no place in a file.
    pub(crate) fn problem(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        let diagnostic = Diagnostic::error(summary, detail);
        self.ui.diagnostics(&Sources::default(), &diagnostic.into());
    }
}

/// Runs the command that the process was started with, and returns the process's exit code.
pub fn main(providers: &'static [sdk::Factory]) -> Exit {
    let started_in = environment::current_directory().unwrap_or_default();
    let session = Session { ui: Ui::of_process(), environment: Environment::of_process(), providers, started_in };
    run(with_called_provider(environment::program_name().as_deref(), environment::arguments()), session)
}

/// Under the name of a provider's program (`terraform-provider-NAME`, as Terraform looks for it) we serve that provider.
fn with_called_provider(program: Option<&str>, arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(provider) = program.and_then(|name| name.strip_prefix("terraform-provider-")) else { return arguments };
    let provider = provider.strip_suffix(".exe").unwrap_or(provider);
    // Installed ones have their version in the name.
    let name = provider.split_once("_v").map_or(provider, |(name, _)| name);
    ["provider", "serve", name].into_iter().map(OsString::from).chain(arguments).collect()
}

/// Runs the command that `arguments` name, the program's own name left out.
pub fn run(arguments: Vec<OsString>, mut session: Session) -> Exit {
    if session.environment.no_colour() {
        session.ui.disable_colour();
    }
    let exit = arguments::dispatch(arguments, &mut session);
    match session.ui.finish() {
        Ok(()) => exit,
        Err(_) if exit != Exit::SUCCESS => exit,
        Err(error) => {
            // Standard output is gone; standard error may still work, and the exit code always does.
            let mut ui = Ui::of_process();
            ui.err.print(&format!("Error: cannot write to standard output: {error}\n"));
            Exit::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::with_called_provider;

    fn check(program: &str, expected: &[&str]) {
        let arguments = with_called_provider(Some(program), vec!["-x".into()]);
        assert_eq!(arguments, expected, "{program}");
    }

    #[test]
    fn the_name_of_a_providers_program_serves_the_provider() {
        check("gantry", &["-x"]);
        check("terraform-provider-fake", &["provider", "serve", "fake", "-x"]);
        check("terraform-provider-fake_v1.2.3_x5", &["provider", "serve", "fake", "-x"]);
        check("terraform-provider-fake.exe", &["provider", "serve", "fake", "-x"]);
    }
}
