//! `workspace select`: which workspace to work in.

use super::Run;
use crate::{Exit, Session, backend, stored};

/// Choose the workspace to work in.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Make the workspace if there is none of that name.
    #[arg(long)]
    or_create: bool,

    /// The name of the workspace.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Run for Args {
    const NAME: &'static str = "workspace select";

    fn run(self, session: &mut Session) -> Exit {
        if let Err(exit) = backend::refuse_foreign(session) {
            return exit;
        }
        let store = stored::store();
        let known = store.workspaces().and_then(|known| match known.contains(&self.name) {
            false if self.or_create => store.create_workspace(&self.name).map(|()| true),
            is_known => Ok(is_known),
        });
        match known {
            Ok(true) => switch_to(session, &self.name, "Switched to"),
            Ok(false) => {
                let detail = format!(
                    "There is no workspace {:?}. \"gantry workspace new\" or the flag -or-create makes it.",
                    self.name
                );
                session.problem("No such workspace", detail);
                Exit::FAILURE
            }
            Err(error) => {
                session.problem("Cannot choose the workspace", error.to_string());
                Exit::FAILURE
            }
        }
    }
}

/// Works in a workspace from now on, and says so.
pub(super) fn switch_to(session: &mut Session, name: &str, phrase: &str) -> Exit {
    if let Some(forced) = session.environment.workspace_by_environment() {
        let detail = format!(
            "The environment variable GANTRY_WORKSPACE or TF_WORKSPACE says {forced:?}, which wins over any choice. Unset \
             it first."
        );
        session.problem("Workspace is set by the environment", detail);
        return Exit::FAILURE;
    }
    if let Err(error) = stored::select_workspace(session, name) {
        session.problem("Cannot choose the workspace", format!("The choice cannot be written down: {error}."));
        return Exit::FAILURE;
    }
    session.ui.out.print(&format!("{phrase} workspace \"{name}\".\n"));
    Exit::SUCCESS
}
