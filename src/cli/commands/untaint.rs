//! `untaint`: takes the mark away again.

use state::Status;

use super::Run;
use super::state_status::StatusArgs;
use crate::{Exit, Session};

/// Take away the mark that an instance is damaged.
///
/// The next apply leaves it as it is, if nothing else is to change.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    status: StatusArgs,
}

impl Run for Args {
    const NAME: &'static str = "untaint";

    fn run(self, session: &mut Session) -> Exit {
        self.status.set(session, Self::NAME, Status::Ready, "is no longer marked as tainted")
    }
}
