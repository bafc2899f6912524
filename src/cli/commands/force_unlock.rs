//! `force-unlock`: takes a lock away from a run that is gone.

use super::Run;
use super::apply::confirm;
use crate::{Exit, Session, backend, stored};

/// Take the lock of the state away from its holder.
///
/// Only for a lock that nobody holds any more: two runs at a time ruin the state. The id stands in the message of the
/// command that could not get the lock.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Do not ask.
    #[arg(long)]
    force: bool,

    /// The id of the lock.
    #[arg(value_name = "LOCK_ID")]
    id: String,
}

impl Run for Args {
    const NAME: &'static str = "force-unlock";

    fn run(self, session: &mut Session) -> Exit {
        if let Err(exit) = backend::refuse_foreign(session) {
            return exit;
        }
        if !self.force && !confirm(session, "Do you really want to take the lock away?", "-force") {
            return Exit::FAILURE;
        }
        match stored::store().force_unlock(&stored::workspace(session), &self.id) {
            Ok(()) => {
                session.ui.out.print("The lock of the state was taken away.\n");
                Exit::SUCCESS
            }
            Err(error) => {
                session.problem("Failed to unlock state", error.to_string());
                Exit::FAILURE
            }
        }
    }
}
