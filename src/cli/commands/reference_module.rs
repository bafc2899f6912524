//! `reference module`: what a module takes and gives, in its README.

use std::fs;
use std::path::PathBuf;

use lang::functions::RealFiles;
use lang::module::list_files;

use super::Run;
use crate::reference::markdown;
use crate::{Exit, Session};

/// Print the README of a module with tables of its inputs and outputs.
///
/// The tables stand between two comments, or at the end where these are not there yet; everything else stays as it is.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Write the README instead of printing it.
    #[arg(long)]
    write: bool,

    /// Write and print nothing: exit with 3 if the README is not what it would be.
    #[arg(long)]
    check: bool,

    /// The module's folder.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

impl Run for Args {
    const NAME: &'static str = "reference module";

    fn run(self, session: &mut Session) -> Exit {
        match list_files(&RealFiles, &self.folder) {
            Ok(files) if !files.is_empty() => {}
            Ok(_) => {
                session.problem("No module there", format!("{} holds no configuration.", self.folder.display()));
                return Exit::FAILURE;
            }
            Err(error) => {
                session.problem("No module there", format!("{}: {error}.", self.folder.display()));
                return Exit::FAILURE;
            }
        }
        let path = self.folder.join("README.md");
        let before = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                session.problem("README not readable", format!("{}: {error}.", path.display()));
                return Exit::FAILURE;
            }
        };
        let after = markdown::of_module(&self.folder, &before);
        if self.check {
            return if after == before { Exit::SUCCESS } else { Exit(3) };
        }
        if !self.write {
            session.ui.out.print(&after);
        } else if after != before
            && let Err(error) = fs::write(&path, after)
        {
            session.problem("README not written", format!("{}: {error}.", path.display()));
            return Exit::FAILURE;
        }
        Exit::SUCCESS
    }
}
