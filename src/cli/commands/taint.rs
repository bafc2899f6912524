//! `taint`: marks an instance as damaged, so that it is replaced.

use state::Status;

use super::Run;
use super::state_status::set_status;
use crate::working::LockArgs;
use crate::{Exit, Session};

/// Mark an instance as damaged.
///
/// The next apply replaces it. Nothing happens to it before.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Succeed even if there is no such instance.
    #[arg(long)]
    allow_missing: bool,

    #[command(flatten)]
    lock: LockArgs,

    /// The address of the instance.
    #[arg(value_name = "ADDRESS")]
    address: String,
}

impl Run for Args {
    const NAME: &'static str = "taint";

    fn run(self, session: &mut Session) -> Exit {
        let done = set_status(session, (Self::NAME, self.lock.patience()), &self.address, Status::Tainted);
        match done {
            Ok(true) => {
                session.ui.out.print(&format!("Resource instance {} has been marked as tainted.\n", self.address));
                Exit::SUCCESS
            }
            Ok(false) if self.allow_missing => Exit::SUCCESS,
            Ok(false) => {
                session.problem("No such resource instance", format!("The state has no instance {}.", self.address));
                Exit::FAILURE
            }
            Err(exit) => exit,
        }
    }
}
