//! `workspace new`: makes a workspace.

use std::path::PathBuf;

use diag::Diagnostic;
use state::stores::check_workspace_name;
use state::{Journal, State, StoreError};

use super::Run;
use super::workspace_select::switch_to;
use crate::legacy::LookingArgs;
use crate::working::LockArgs;
use crate::{Exit, Session, backend, stored};

/// Make a workspace, and work in it from now on.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Take this file over for the state of the workspace; it may be Gantry's or Terraform's.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    #[command(flatten)]
    lock: LockArgs,

    /// The name of the workspace.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Run for Args {
    const NAME: &'static str = "workspace new";

    fn run(self, session: &mut Session) -> Exit {
        self.make(session).unwrap_or_else(|exit| exit)
    }
}

impl Args {
    fn make(&self, session: &mut Session) -> Result<Exit, Exit> {
        backend::refuse_foreign(session)?;
        if self.state.is_some() {
            self.lock.heed(session);
        }
        let state = match &self.state {
            None => None,
            Some(path) => Some(LookingArgs::of(path.clone()).load(session)?),
        };
        let store = stored::store();
        let made = check_workspace_name(&self.name).and_then(|()| store.workspaces()).and_then(|known| {
            let is_known = known.contains(&self.name);
            if is_known { Ok(false) } else { store.create_workspace(&self.name).map(|()| true) }
        });
        let problem = |error: StoreError| Diagnostic::error("Cannot make the workspace", error.to_string());
        let made = made.map_err(problem).or_else(|diagnostic| stored::fail(session, diagnostic))?;
        if !made {
            session.problem("Workspace exists", format!("There is a workspace {:?} already.", self.name));
            return Err(Exit::FAILURE);
        }
        if let Some(state) = state {
            self.fill(session, state).or_else(|diagnostic| stored::fail(session, diagnostic))?;
        }
        Ok(switch_to(session, &self.name, "Created and switched to"))
    }

    /// Gives the workspace its first state.
    fn fill(&self, session: &Session, state: State) -> Result<(), Diagnostic> {
        let request = stored::lock_request(session, Self::NAME, self.lock.patience());
        let lock = stored::store().lock(&self.name, &request).map_err(|error| error.diagnostic())?;
        let version = lang::version::PROGRAM_VERSION;
        let opened = Journal::open(stored::store(), &self.name, lock, &stored::world(), version);
        let closed = opened.map_err(|error| error.diagnostic())?.journal.close_with(state);
        closed.map(|_| ()).map_err(|(_, error)| Diagnostic::error("State not saved", error.to_string()))
    }
}
