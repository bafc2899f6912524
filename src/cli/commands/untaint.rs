//! `untaint`: takes the mark away again.

use state::Status;

use super::Run;
use super::state_status::set_status;
use crate::working::LockArgs;
use crate::{Exit, Session};

/// Take away the mark that an instance is damaged.
///
/// The next apply leaves it as it is, if nothing else is to change.
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
    const NAME: &'static str = "untaint";

    fn run(self, session: &mut Session) -> Exit {
        let done = set_status(session, (Self::NAME, self.lock.patience()), &self.address, Status::Ready);
        match done {
            Ok(true) => {
                session.ui.out.print(&format!("Resource instance {} is no longer marked as tainted.\n", self.address));
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
