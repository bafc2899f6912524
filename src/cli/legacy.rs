//! Flags that Terraform has for its local backend, and which say where a state is and where it was.

use std::fs;
use std::path::{Path, PathBuf};

use diag::Diagnostic;
use lang::version::LANGUAGE_VERSION;
use state::State;

use crate::replacing::{self, Readers};
use crate::{Exit, Session, stored};

/// Says that there is to be no copy.
const NO_COPY: &str = "-";

/// The flag of commands that only look.
#[derive(Default, clap::Args)]
pub(crate) struct LookingArgs {
    /// Look at the state in this file, of Gantry's or of Terraform's format, instead of the workspace's.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

impl LookingArgs {
    /// Looks at a file.
    pub(crate) fn of(path: PathBuf) -> LookingArgs {
        LookingArgs { state: Some(path) }
    }

    /// Reads the state that is meant, and nothing where the workspace has none.
    pub(crate) fn load_if_there(&self, session: &mut Session) -> Result<State, Exit> {
        let is_there = self.state.is_some() || stored::local().path_of(&stored::workspace(session)).exists();
        if is_there { self.load(session) } else { Ok(State::default()) }
    }

    /// Reads the state that is meant, without a lock: a moment's view.
    pub(crate) fn load(&self, session: &mut Session) -> Result<State, Exit> {
        let Some(path) = &self.state else { return stored::load(session) };
        let problem = match fs::read(path) {
            Ok(bytes) if bytes.is_empty() => return Ok(State::default()),
            Ok(bytes) => match read(&bytes) {
                Ok(state) => return Ok(state),
                Err(reason) => Diagnostic::error("Not a state", format!("{}: {reason}", path.display())),
            },
            Err(error) => Diagnostic::error(
                "Failed to read file",
                format!("The file {} cannot be read: {error}.", path.display()),
            ),
        };
        stored::fail(session, problem)
    }
}

/// Reads a state of either format; the error says what is wrong with it in the format that it seems to have.
fn read(bytes: &[u8]) -> Result<State, String> {
    let damage = match state::read(bytes) {
        Ok(reading) => return Ok(reading.ledger.state),
        Err(damage) => damage,
    };
    match (&damage.kind, std::str::from_utf8(bytes)) {
        (state::DamageKind::NoHeader, Ok(text)) => state::terraform::read(text).map_err(|error| error.to_string()),
        _ => Err(damage.to_string()),
    }
}

/// The flags of commands that change the state.
#[derive(Default, clap::Args)]
pub(crate) struct LegacyArgs {
    /// Write the state as it was before to this file, in Terraform's format; "-" is none.
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,

    /// Refused: state is kept where the workspace says. "gantry state push" takes over a file.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Refused as -state is. "gantry state pull" writes a file.
    #[arg(long, value_name = "FILE")]
    state_out: Option<PathBuf>,

    /// Accepted for scripts: it concerns Terraform's remote backend.
    #[arg(long)]
    ignore_remote_version: bool,
}

impl LegacyArgs {
    /// Refuses what cannot be done.
    pub(crate) fn check(&self) -> Result<(), Diagnostic> {
        let given = [("-state", &self.state), ("-state-out", &self.state_out)];
        let Some((flag, path)) = given.iter().find_map(|(flag, path)| path.as_ref().map(|path| (flag, path))) else {
            return Ok(());
        };
        let detail = format!(
            "Gantry writes state only where the workspace keeps it, under its lock, so {flag}={0} cannot be done. \
             \"gantry workspace new NAME\" makes room for another state, \"gantry state push {0}\" takes one over, and \
             \"gantry state pull\" writes one in Terraform's format.",
            path.display()
        );
        Err(Diagnostic::error("State file cannot be chosen", detail))
    }

    /// Writes the copy that is wished for.
    pub(crate) fn copy(&self, state: &State) -> Result<(), Diagnostic> {
        let Some(path) = self.backup.as_deref().filter(|path| *path != Path::new(NO_COPY)) else { return Ok(()) };
        let written =
            replacing::replace(path, state::terraform::write(state, LANGUAGE_VERSION).as_bytes(), Readers::Owner);
        written.map_err(|error| {
            let detail = format!("{}: {error}. Nothing was changed.", path.display());
            Diagnostic::error("Cannot write the copy of the state", detail)
        })
    }
}
