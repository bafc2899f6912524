//! `validate`: finds what is wrong with a configuration before anything is planned.

use std::fs;
use std::path::{Path, PathBuf};

use diag::{Diagnostics, Sources};
use lang::tree::Modules;

use super::Run;
use crate::configuration::{Configuration, Purity, installed_modules};
use crate::providers::LinkedProviders;
use crate::render::json;
use crate::suite::{self, Beside};
use crate::{Exit, Session};

/// How the names of test files end.
const TEST_ENDINGS: [&str; 2] = [".tftest.hcl", ".tftest.json"];

/// Check whether the configuration is valid.
///
/// Reads the configuration of the current directory, or of the given one, with the modules it calls, and reports all
/// that is wrong with it whatever the values of variables and the state may be. Neither state nor any remote service is
/// looked at. Test files are checked as far as that can be done without running them.
///
/// The exit code is 0 if the configuration is valid, with or without warnings, and 1 if it is not.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Print the result as a JSON object.
    #[arg(long)]
    json: bool,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    /// Do not look at test files.
    #[arg(long)]
    no_tests: bool,

    /// The directory with test files, besides those beside the configuration.
    #[arg(long, value_name = "DIR", default_value = "tests")]
    test_directory: PathBuf,

    /// The directory of the configuration; the current directory if there is none.
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

impl Run for Args {
    const NAME: &'static str = "validate";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        let (sources, diags) = self.check(session);
        if self.json {
            session.ui.out.print(&json::pretty(&json::validation(&sources, &diags)));
        } else {
            session.ui.diagnostics(&sources, &diags);
            if !diags.has_errors() {
                session.ui.out.print(&success(&diags, session.ui.out.style().is_coloured));
            }
        }
        if diags.has_errors() { Exit::FAILURE } else { Exit::SUCCESS }
    }
}

impl Args {
    fn check(&self, session: &Session) -> (Sources, Diagnostics) {
        let mut diags = Diagnostics::new();
        let mut read = Configuration::read(&self.directory, Purity::Pure, session, &mut diags);
        let providers = LinkedProviders::of_configuration(session, &read.root);
        diags.append(lang::validate::validate(&read.root, &providers, &read.environment));
        if !self.no_tests {
            self.check_tests(session, &mut read, &mut diags);
        }
        (read.sources, diags)
    }

    /// Checks what the test files say, as far as that can be told without running them.
    fn check_tests(&self, session: &Session, read: &mut Configuration, diags: &mut Diagnostics) {
        let folders = (self.directory.as_path(), self.test_directory.as_path());
        let mut modules = installed_modules(&self.directory, session);
        let from = (&session.environment, &mut modules as &mut dyn Modules);
        let files = suite::look(folders, &mut read.sources, &read.environment, from, diags);
        for Beside { file, others } in files {
            for (run, other) in file.runs.iter().zip(others) {
                // Of a module that could not be read that has been said.
                let module = match &other {
                    Some(node) => &node.module,
                    None if run.module.is_some() => continue,
                    None => &read.root.module,
                };
                testing::check_expected(run, module, diags);
            }
        }
    }
}

/// Returns the test files in a folder, sorted; one that is not there holds none.
pub(super) fn test_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let is_test = |path: &PathBuf| {
        let name = path.as_os_str().as_encoded_bytes();
        TEST_ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()))
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_test).collect();
    paths.sort();
    paths
}

fn success(diags: &Diagnostics, is_coloured: bool) -> String {
    let (strong, reset) = if is_coloured { ("\x1b[32m\x1b[1m", "\x1b[0m") } else { ("", "") };
    let rest = match diags.is_empty() {
        true => "The configuration is valid.",
        false => "The configuration is valid, but there are warnings above.",
    };
    format!("{strong}Success!{reset} {rest}\n{reset}\n")
}
