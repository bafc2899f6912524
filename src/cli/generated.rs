//! The file that configuration of imported objects is written to.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use diag::{Diagnostic, Diagnostics, Sources};
use plan::Generated;

use crate::progress::Voice;
use crate::working::Goal;
use crate::{Exit, Session};

/// What the file begins with.
const HEADER: &str = "# __generated__ by Gantry\n# Look these blocks over and move them to where they belong.\n";

/// Checks that a new file can be written, before anything is planned.
pub(crate) fn check(session: &mut Session, voice: Voice, path: &Path, goal: Goal) -> Result<(), Exit> {
    let problem = if goal != Goal::Change {
        let detail = "Configuration is written when the world is to become what the configuration says, and not when it is \
                      to be destroyed or only looked at.";
        Diagnostic::error("Invalid generate-config-out flag", detail)
    } else if path.symlink_metadata().is_ok() {
        let detail = format!("Configuration is written to a new file only, and {} is there already.", path.display());
        Diagnostic::error("Target generated file already exists", detail)
    } else {
        return Ok(());
    };
    fail(session, voice, problem)
}

/// Writes the file, if one is wanted and there is anything to write.
pub(crate) fn write(
    session: &mut Session,
    voice: Voice,
    path: Option<&Path>,
    blocks: &[Generated],
) -> Result<(), Exit> {
    let Some(path) = path.filter(|_| !blocks.is_empty()) else { return Ok(()) };
    let mut text = HEADER.to_owned();
    for block in blocks {
        let from = block.from.as_ref().map(|from| format!(" from {}", lang::print::quote(from))).unwrap_or_default();
        text.push_str(&format!("\n# __generated__ by Gantry{from}\n{}\n", block.text));
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        let detail = format!("{} cannot be written: {error}.", path.display());
        return fail(session, voice, Diagnostic::error("Failed to create target generated file", detail));
    }
    if voice == Voice::Text {
        let path = path.display();
        session.ui.out.print(&format!(
            "\nThe configuration of what has none was written to {path}. Look it over before you apply it.\n"
        ));
    }
    Ok(())
}

fn fail(session: &mut Session, voice: Voice, problem: Diagnostic) -> Result<(), Exit> {
    voice.diagnostics(session, &Sources::default(), &Diagnostics::from(problem));
    Err(Exit::FAILURE)
}
