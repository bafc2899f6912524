//! `-sandbox`: a command's providers get the sandbox's clouds and the sandbox's time, in place of the user's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::sandbox::{Clock, Folder, Sandbox, emulator};
use sdk::{Call, Runtime};

use crate::sandboxes::{self, Opened, absolute};
use crate::{Exit, Session, stored};

/// A sandbox for one command.
pub(crate) struct Simulation {
    folder: Folder,
    workspace: String,
    /// Nothing if another process serves it.
    server: Option<Sandbox>,
}

/// Time as it is in the sandbox; the rest as it is.
pub(crate) struct SimulatedRuntime {
    pub(crate) inner: Arc<dyn Runtime>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) variables: BTreeMap<String, String>,
}

impl Runtime for SimulatedRuntime {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> Call<'static, ()> {
        let until = self.clock.now() + duration;
        let clock = self.clock.clone();
        Box::pin(async move {
            clock.wait(until).await;
            // Whoever has waited has something to do now.
            drop(clock.hold());
        })
    }

    fn random(&self) -> u128 {
        self.inner.random()
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name)
    }

    fn program(&self, name: &str) -> String {
        // What the sandbox emulates is started wherever the real one lies.
        let own = self.variables.get("PATH").and_then(|path| path.split(':').next());
        let own = own.zip(Path::new(name).file_name()).map(|(folder, file)| Path::new(folder).join(file));
        own.filter(|own| own.is_file()).map_or_else(|| name.to_owned(), |own| own.display().to_string())
    }

    fn environment(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.variables)
    }
}

/// Where the sandbox of commands in this folder is.
fn folder(session: &Session) -> Folder {
    Folder::new(session.environment.data_folder().join("sandbox"))
}

impl Simulation {
    /// Points the session at the sandbox, which is served by this process unless another one serves it.
    pub(crate) fn enter(session: &mut Session) -> Result<Simulation, Exit> {
        let folder = folder(session);
        let workspace = stored::workspace(session);
        let own = Workspaces::read(&folder);
        let is_empty = stored::is_empty(session);
        if !is_empty && !own.has(&workspace) {
            let detail = format!(
                "What the state of the workspace {workspace:?} looks after was not made in the sandbox. There it would be found \
                 missing, and be forgotten. Try the configuration in another workspace:\n  gantry workspace new try"
            );
            session.problem("Not a state of the sandbox", detail);
            return Err(Exit::FAILURE);
        }
        let opened = sandboxes::open(&folder, &session.environment);
        let Opened { server, served, clock, mut variables } =
            opened.map_err(|error| sandboxes::fail(session, &folder, &error))?;
        if let Err(error) = own.add(&folder, &workspace) {
            return Err(sandboxes::fail(session, &folder, &error.to_string()));
        }
        if !session.environment.has_proxy() {
            variables.extend(emulator::way_out(&served, &absolute(folder.path())));
        }
        session.environment.simulate(emulator::FOREIGN_VARIABLES, variables, clock);
        Ok(Simulation { folder, workspace, server })
    }

    /// Says what the user sees, and whose time it is.
    pub(crate) fn announce(&self, session: &mut Session) {
        let Some(clock) = session.environment.simulated() else { return };
        let moved = self.server.as_ref().is_some_and(|server| server.has_moved);
        let moved = if moved { " Its addresses have changed, as its ports were taken." } else { "" };
        let text = format!(
            "Sandbox: nothing here is real. The world is in {}; times are the sandbox's, {} times as fast as ours.{moved}\n",
            self.folder.path().display(),
            clock.speed()
        );
        session.ui.err.print(&text);
    }

    /// Ends what was begun; the world stays for the next command.
    pub(crate) fn leave(self, session: &mut Session) -> Result<(), Exit> {
        if stored::is_empty(session) {
            let _ = Workspaces::read(&self.folder).remove(&self.folder, &self.workspace);
        }
        match self.server.map(Sandbox::stop) {
            Some(Err(error)) => Err(sandboxes::fail(session, &self.folder, &error.to_string())),
            _ => Ok(()),
        }
    }
}

/// Refuses a state that was made in the sandbox, for a command that would take it for real.
pub(crate) fn check_real(session: &mut Session) -> Result<(), Exit> {
    let folder = folder(session);
    let workspace = stored::workspace(session);
    let own = Workspaces::read(&folder);
    if !own.has(&workspace) {
        return Ok(());
    }
    if stored::is_empty(session) {
        // What is made from here on is real.
        return own.remove(&folder, &workspace).map_err(|error| sandboxes::fail(session, &folder, &error.to_string()));
    }
    let detail = format!(
        "What the state of the workspace {workspace:?} looks after is in the sandbox, and nowhere else. Add -sandbox, or set \
         GANTRY_SANDBOX=1. To work with real clouds here, destroy it there first:\n  gantry destroy -sandbox"
    );
    session.problem("A state of the sandbox", detail);
    Err(Exit::FAILURE)
}

/// The workspaces whose states were made in the sandbox. Written before anything is made, so that no crash can hide it.
struct Workspaces(BTreeSet<String>);

impl Workspaces {
    fn read(folder: &Folder) -> Workspaces {
        let text = fs::read_to_string(folder.path().join("workspaces")).unwrap_or_default();
        Workspaces(text.lines().map(str::to_owned).collect())
    }

    fn has(&self, workspace: &str) -> bool {
        self.0.contains(workspace)
    }

    fn add(mut self, folder: &Folder, workspace: &str) -> std::io::Result<()> {
        let is_new = self.0.insert(workspace.to_owned());
        if is_new { self.write(folder) } else { Ok(()) }
    }

    fn remove(mut self, folder: &Folder, workspace: &str) -> std::io::Result<()> {
        let was_there = self.0.remove(workspace);
        if was_there { self.write(folder) } else { Ok(()) }
    }

    fn write(&self, folder: &Folder) -> std::io::Result<()> {
        let text: String = self.0.iter().map(|name| format!("{name}\n")).collect();
        let temporary = folder.path().join("workspaces.new");
        fs::write(&temporary, text)?;
        fs::rename(temporary, folder.path().join("workspaces"))
    }
}
