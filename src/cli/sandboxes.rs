//! Where commands find the sandbox: its folder, and whoever has its world.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diag::{Diagnostic, Sources};
use sandbox::control::{self, ask};
use sandbox::folder::Hold;
use sandbox::{Clock, Folder, Frame, Holder, Options, Sandbox, Served, Settings, emulator};
use serde_json::Value as Json;

use crate::{Environment, Exit, Session, environment};

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

/// A sandbox that is served, by whomever.
pub(crate) struct Opened {
    /// Nothing if another process serves it.
    pub(crate) server: Option<Sandbox>,
    /// Where it is served.
    pub(crate) served: Served,
    /// Its time.
    pub(crate) clock: Arc<Clock>,
    /// What points programs at it.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// Finds who serves the sandbox in a folder, or serves it here.
pub(crate) fn open(folder: &Folder, environment: &Environment) -> Result<Opened, String> {
    let text = |error: std::io::Error| error.to_string();
    let hold = match folder.take().map_err(text)? {
        Holder::Server(served) => {
            let variables = variables(&served, folder, environment).map_err(text)?;
            return Ok(Opened { server: None, clock: at_server(&served)?, served, variables });
        }
        Holder::We(hold) => hold,
    };
    serve(&Options::new(folder.clone()), hold, environment)
}

/// Serves a sandbox here, for this command.
pub(crate) fn serve(options: &Options, hold: Hold, environment: &Environment) -> Result<Opened, String> {
    let server = Sandbox::start(options, hold).map_err(|error| error.to_string())?;
    server.frame.clock.heed_work();
    let variables = variables(&server.served, &options.folder, environment).map_err(|error| error.to_string())?;
    let (served, clock) = (server.served.clone(), server.frame.clock.clone());
    Ok(Opened { server: Some(server), served, clock, variables })
}

/// Learns from a server what time it is there.
fn at_server(served: &Served) -> Result<Arc<Clock>, String> {
    let clock = control::ask(served, "GET", "clock", &Json::Null).map_err(|error| error.to_string())??;
    let begin = clock["milliseconds"].as_u64().zip(clock["speed"].as_f64());
    let (begin, speed) = begin.ok_or("the server does not say what time it is there")?;
    Ok(Arc::new(Clock::new(Duration::from_millis(begin), speed)))
}

/// Returns the variables that point programs at a sandbox; programs that it emulates are found before those of the machine.
pub(crate) fn variables(
    served: &Served,
    folder: &Folder,
    environment: &Environment,
) -> std::io::Result<Vec<(&'static str, String)>> {
    let folder = Folder::new(absolute(folder.path()));
    let mut variables = emulator::variables(served, folder.path());
    let own = folder.programs().display().to_string();
    #[cfg(unix)]
    folder.write_program("kind", &kind(folder.path())?)?;
    let others = environment.path().split(':').filter(|other| *other != own);
    variables.push(("PATH", [&*own].into_iter().chain(others).collect::<Vec<_>>().join(":")));
    Ok(variables)
}

/// The program `kind`, whose clusters are in the sandbox in a folder.
#[cfg(unix)]
fn kind(folder: &Path) -> std::io::Result<String> {
    let quoted = |path: &Path| {
        let path = path.to_str().ok_or(std::io::ErrorKind::InvalidFilename)?;
        let quoted = shlex::try_quote(path).map_err(|_| std::io::ErrorKind::InvalidFilename)?;
        Ok::<_, std::io::Error>(quoted.into_owned())
    };
    let (own, folder) = (quoted(&environment::program()?)?, quoted(folder)?);
    // Flags that the user has set for all commands are not for this one.
    Ok(format!(
        "#!/bin/sh\nunset GANTRY_CLI_ARGS GANTRY_CLI_ARGS_sandbox_kind TF_CLI_ARGS TF_CLI_ARGS_sandbox_kind\n\
         exec {own} sandbox kind -folder={folder} -- \"$@\"\n"
    ))
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
