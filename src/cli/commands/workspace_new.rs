//! `workspace new`: makes a workspace.

use state::stores::check_workspace_name;

use super::Run;
use super::workspace_select::switch_to;
use crate::{Exit, Session, stored};

/// Make a workspace, and work in it from now on.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// The name of the workspace.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Run for Args {
    const NAME: &'static str = "workspace new";

    fn run(self, session: &mut Session) -> Exit {
        let store = stored::store();
        let made = check_workspace_name(&self.name).and_then(|()| store.workspaces()).and_then(|known| {
            let is_known = known.contains(&self.name);
            if is_known { Ok(false) } else { store.create_workspace(&self.name).map(|()| true) }
        });
        match made {
            Ok(true) => switch_to(session, &self.name, "Created and switched to"),
            Ok(false) => {
                session.problem("Workspace exists", format!("There is a workspace {:?} already.", self.name));
                Exit::FAILURE
            }
            Err(error) => {
                session.problem("Cannot make the workspace", error.to_string());
                Exit::FAILURE
            }
        }
    }
}
