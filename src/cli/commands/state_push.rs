//! `state push`: takes a Terraform state file for the state.

use std::fs;
use std::path::PathBuf;

use diag::Diagnostic;
use state::State;

use super::Run;
use crate::working::LockArgs;
use crate::{Exit, Session, stored};

/// Take a Terraform state file for the state.
///
/// Reads a file of version 4 of Terraform's format, such as "terraform.tfstate", and puts it in the place of the state.
/// Refused if the state has another lineage or is newer than the file, unless -force is given.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Do it even if the state has another lineage or is newer.
    #[arg(long)]
    force: bool,

    /// Accepted for scripts: it concerns Terraform's remote backend.
    #[arg(long)]
    ignore_remote_version: bool,

    #[command(flatten)]
    lock: LockArgs,

    /// The file; "-" is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Run for Args {
    const NAME: &'static str = "state push";

    fn run(self, session: &mut Session) -> Exit {
        self.push(session).map_or_else(|exit| exit, |()| Exit::SUCCESS)
    }
}

impl Args {
    fn push(&self, session: &mut Session) -> Result<(), Exit> {
        let text = self.read(session);
        let pushed = text.and_then(|text| {
            let read = state::terraform::read(&text);
            read.map_err(|error| Diagnostic::error("Invalid state file", error.to_string()))
        });
        let pushed = pushed.or_else(|diagnostic| stored::fail(session, diagnostic))?;
        let count = pushed.instance_count();
        stored::change_whole(session, "state push", &self.lock, |journal| {
            let current = journal.state();
            if !self.force {
                check(&current, &pushed)?;
            }
            Ok(((), Some(pushed)))
        })?;
        session.ui.out.print(&format!("The state was taken over: {count} instances.\n"));
        Ok(())
    }

    fn read(&self, session: &mut Session) -> Result<String, Diagnostic> {
        let mut text = String::new();
        let read = match self.file.as_os_str() == "-" {
            true => session.ui.input.read_to_string(&mut text).map(|_| text),
            false => fs::read_to_string(&self.file),
        };
        read.map_err(|error| {
            let detail = format!("The file {} cannot be read: {error}.", self.file.display());
            Diagnostic::error("Failed to read file", detail)
        })
    }
}

/// A state that holds something is replaced only by a later one of its own line.
fn check(current: &State, pushed: &State) -> Result<(), Diagnostic> {
    if current.is_empty() {
        return Ok(());
    }
    let refuse =
        |why: String| Err(Diagnostic::error("State not taken over", format!("{why} With -force it is done anyway.")));
    if current.lineage != pushed.lineage {
        return refuse("The file is of another lineage: it was not made from this state.".to_owned());
    }
    if current.serial > pushed.serial {
        return refuse(format!(
            "The state is newer than the file: its serial is {}, the file's {}.",
            current.serial, pushed.serial
        ));
    }
    Ok(())
}
