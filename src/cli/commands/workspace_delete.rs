//! `workspace delete`: removes a workspace.

use state::stores::DEFAULT_WORKSPACE;

use super::Run;
use crate::working::LockArgs;
use crate::{Exit, Session, backend, stored};

/// Remove a workspace.
///
/// Only one whose state is empty: destroy what is in it first. With -force the state is removed, and what it knew of
/// goes on existing with nothing that looks after it.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Remove it even if there is something in its state.
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    lock: LockArgs,

    /// The name of the workspace.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Run for Args {
    const NAME: &'static str = "workspace delete";

    fn run(self, session: &mut Session) -> Exit {
        if let Err(exit) = backend::refuse_foreign(session) {
            return exit;
        }
        self.lock.heed(session);
        match self.delete(session) {
            Ok(()) => {
                session.ui.out.print(&format!("Deleted workspace \"{}\".\n", self.name));
                Exit::SUCCESS
            }
            Err(detail) => {
                session.problem("Workspace not deleted", detail);
                Exit::FAILURE
            }
        }
    }
}

impl Args {
    fn delete(&self, session: &Session) -> Result<(), String> {
        let store = stored::store();
        if self.name == DEFAULT_WORKSPACE {
            return Err("The default workspace is always there.".to_owned());
        }
        if self.name == stored::workspace(session) {
            return Err(format!("{:?} is the workspace that commands work in: choose another one first.", self.name));
        }
        if !store.workspaces().map_err(|error| error.to_string())?.contains(&self.name) {
            return Err(format!("There is no workspace {:?}.", self.name));
        }
        let request = stored::lock_request(session, Self::NAME, self.lock.patience());
        let lock = store.lock(&self.name, &request).map_err(|error| error.to_string())?;
        let bytes = store.load(&self.name).map_err(|error| error.to_string())?.unwrap_or_default();
        if !self.force && !bytes.is_empty() {
            let reading = state::read(&bytes).map_err(|damage| damage.to_string())?;
            let count = reading.ledger.state.instance_count() + reading.ledger.open.len();
            if count > 0 {
                return Err(format!(
                    "Its state holds {count} instances. Destroy them first, or forget them with -force."
                ));
            }
        }
        store.delete_workspace(&self.name, lock).map_err(|error| error.to_string())
    }
}
