//! `workspace show`: which workspace commands work in.

use super::Run;
use crate::{Exit, Session, backend, stored};

/// Show which workspace commands work in.
#[derive(clap::Parser)]
pub(super) struct Args {}

impl Run for Args {
    const NAME: &'static str = "workspace show";

    fn run(self, session: &mut Session) -> Exit {
        if let Err(exit) = backend::refuse_foreign(session) {
            return exit;
        }
        let name = stored::workspace(session);
        session.ui.out.print(&format!("{name}\n"));
        Exit::SUCCESS
    }
}
