//! `workspace list`: the workspaces there are.

use super::Run;
use crate::{Exit, Session, backend, stored};

/// List the workspaces.
///
/// The one that commands work in has a star in front.
#[derive(clap::Parser)]
pub(super) struct Args {}

impl Run for Args {
    const NAME: &'static str = "workspace list";

    fn run(self, session: &mut Session) -> Exit {
        if let Err(exit) = backend::refuse_foreign(session) {
            return exit;
        }
        match stored::store().workspaces() {
            Ok(all) => {
                let current = stored::workspace(session);
                let sign = |name: &String| if *name == current { '*' } else { ' ' };
                let text: String = all.iter().map(|name| format!("{} {name}\n", sign(name))).collect();
                session.ui.out.print(&format!("{text}\n"));
                Exit::SUCCESS
            }
            Err(error) => {
                session.problem("Cannot list the workspaces", error.to_string());
                Exit::FAILURE
            }
        }
    }
}
