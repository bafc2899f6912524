//! Where commands find the sandbox: its folder, and whoever has its world.

use std::path::{Path, PathBuf};

use diag::{Diagnostic, Sources};
use sandbox::control::{self, ask};
use sandbox::folder::Hold;
use sandbox::{Folder, Frame, Holder, Served, Settings};
use serde_json::Value as Json;

use crate::{Exit, Session};

/// The argument that names the sandbox.
#[derive(clap::Args)]
pub(crate) struct FolderArgs {
    /// The folder of the sandbox; .gantry/sandbox unless set.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl FolderArgs {
    /// Returns the folder of the sandbox.
    pub(crate) fn folder(&self, session: &Session) -> Folder {
        match &self.folder {
            Some(folder) => Folder::new(folder),
            None => Folder::new(session.environment.data_folder().join("sandbox")),
        }
    }
}

/// A sandbox that can be asked: by its server, or opened here as there is none.
pub(crate) enum Asked {
    /// Someone serves it.
    Server(Served),
    /// Its world is open here, and the right to it ends with this.
    Here(std::sync::Arc<Frame>, #[expect(dead_code, reason = "it is held")] Hold),
}

impl Asked {
    /// Finds the sandbox in a folder.
    pub(crate) fn find(session: &mut Session, folder: &Folder) -> Result<Asked, Exit> {
        let found = match folder.take() {
            Ok(Holder::Server(served)) => return Ok(Asked::Server(served)),
            Ok(Holder::We(hold)) => {
                let settings = Settings { folder: Some(folder.path().to_owned()), ..Settings::default() };
                Frame::open(&settings).map(|frame| Asked::Here(frame, hold)).map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        found.map_err(|error| fail(session, folder, &error))
    }

    /// Carries out a command of the sandbox.
    pub(crate) fn perform(
        &self,
        session: &mut Session,
        (method, what): (&str, &str),
        body: &Json,
    ) -> Result<Json, Exit> {
        let answer = match self {
            Asked::Server(served) => match ask(served, method, what, body) {
                Ok(answer) => answer,
                Err(error) => {
                    let detail = format!("The sandbox at {} does not answer: {error}.", served.plain);
                    session.problem("No answer from the sandbox", detail);
                    return Err(Exit::FAILURE);
                }
            },
            Asked::Here(frame, _) => block_on(control::perform(frame, method, what, body)),
        };
        answer.map_err(|refused| {
            session.problem("The sandbox refuses this", refused);
            Exit::FAILURE
        })
    }

    /// Returns where it is served, if it is.
    pub(crate) fn served(&self) -> Option<&Served> {
        match self {
            Asked::Server(served) => Some(served),
            Asked::Here(..) => None,
        }
    }
}

/// Says that the sandbox in a folder cannot be used.
pub(crate) fn fail(session: &mut Session, folder: &Folder, error: &str) -> Exit {
    let detail = format!("{}: {error}.", folder.path().display());
    session.ui.diagnostics(&Sources::default(), &Diagnostic::error("Cannot use the sandbox", detail).into());
    Exit::FAILURE
}

/// Returns a path from the root on, for those who work in other folders.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Waits for what the sandbox does, which has no runtime of its own while nobody serves it.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime without input and timers needs nothing of the system").block_on(work)
}
