//! `state repair`: puts together what can still be read of a damaged state file.

use std::fs::OpenOptions;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use diag::Diagnostic;
use state::Salvage;
use state::stores::local::STATE_FILE;

use super::Run;
use crate::{Exit, Session, stored};

/// The damages that are told of one by one.
const TOLD_MAX: usize = 10;

/// Put together what can still be read of a damaged state file.
///
/// Says which records of the state file are whole and where it is damaged. With -confirm it writes what the whole records
/// say to a new file, beside the damaged one if no other is named; an existing file is never written over.
///
/// What is put together may have objects that were deleted since, and lack objects that were created, by the records that
/// are lost. So look at it first, with "gantry state list -state=FILE"; then move it to the damaged file's place and let
/// "gantry plan" compare it with what there is.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Write the file; without this flag nothing is written.
    #[arg(long)]
    confirm: bool,

    /// The file to write; "gantry.state.repaired" beside the damaged one if none is named.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// The damaged file; the state of the workspace if none is named.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Run for Args {
    const NAME: &'static str = "state repair";

    fn run(self, session: &mut Session) -> Exit {
        self.repair(session).map_or_else(|exit| exit, |()| Exit::SUCCESS)
    }
}

impl Args {
    fn repair(&self, session: &mut Session) -> Result<(), Exit> {
        let workspace = stored::workspace(session);
        let path = self.file.clone().unwrap_or_else(|| stored::local().path_of(&workspace));
        let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
        let bytes = std::fs::read(&path).or_else(|error| {
            let detail = format!("The file {} cannot be read: {error}.", path.display());
            stored::fail(session, Diagnostic::error("Failed to read file", detail))
        })?;
        if let Ok(reading) = state::read(&bytes) {
            let notes: String = reading.notes.iter().map(|note| format!("{note}\n")).collect();
            let count = reading.ledger.state.instance_count();
            session.ui.out.print(&format!("{notes}{} is whole: {count} instances.\n", path.display()));
            return Ok(());
        }
        let salvage = state::salvage(&bytes);
        if salvage.whole == 0 {
            let detail = format!(
                "Not one record of {} is whole, so there is nothing to put together. Restore it from a backup.",
                path.display()
            );
            return stored::fail(session, Diagnostic::error("Nothing can be repaired", detail));
        }
        session.ui.out.print(&description(&path, &salvage));
        let out = self.out.clone().unwrap_or_else(|| path.with_file_name(format!("{STATE_FILE}.repaired")));
        let (shown, damaged) = (out.display(), path.display());
        if !self.confirm {
            session.ui.out.print(&format!("\nNothing was written. With -confirm all this goes to {shown}.\n"));
            return Err(Exit::FAILURE);
        }
        write(&out, &salvage).or_else(|diagnostic| stored::fail(session, diagnostic))?;
        session.ui.out.print(&format!(
            "\nWrote {shown}; {damaged} is as it was. Look at it, put it in that file's place and let Gantry compare:\n  \
             gantry state list -state={shown}\n  mv {damaged} {damaged}.damaged && mv {shown} {damaged}\n  gantry plan\n"
        ));
        Ok(())
    }
}

/// Writes the file; one that is there already stays as it is.
fn write(path: &Path, salvage: &Salvage) -> Result<(), Diagnostic> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|file| {
        let mut buffer = BufWriter::new(file);
        salvage.write(&mut buffer, lang::version::PROGRAM_VERSION)?;
        buffer.flush()?;
        buffer.get_ref().sync_all()
    });
    written.map_err(|error| {
        let detail = match error.kind() {
            ErrorKind::AlreadyExists => {
                format!(
                    "There is a file {} already, and it stays as it is. Name another one with -out.",
                    path.display()
                )
            }
            _ => format!("{} cannot be written: {error}.", path.display()),
        };
        Diagnostic::error("Repaired state not written", detail)
    })
}

/// Says what is whole and what is not.
fn description(path: &Path, salvage: &Salvage) -> String {
    let ledger = &salvage.ledger;
    let mut text = format!("{}: {} records are whole.\n", path.display(), salvage.whole);
    for damage in salvage.damages.iter().take(TOLD_MAX) {
        text.push_str(&format!("- {}\n", damage.place()));
    }
    match salvage.damages.len().saturating_sub(TOLD_MAX) {
        0 => {}
        rest => text.push_str(&format!("- and {rest} places more\n")),
    }
    text.push_str(&format!(
        "The whole records put together have {} instances and {} outputs",
        ledger.state.instance_count(),
        ledger.state.outputs.len()
    ));
    text.push_str(&match ledger.open.len() {
        0 => ".\n".to_owned(),
        open => format!(", and {open} calls of which nobody knows what became of them: the next run finds out.\n"),
    });
    text
}
