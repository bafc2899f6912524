//! `taint`: marks an instance as damaged, so that it is replaced.

use state::Status;

use super::Run;
use super::state_status::StatusArgs;
use crate::{Exit, Session};

/// Mark an instance as damaged.
///
/// The next apply replaces it. Nothing happens to it before.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    status: StatusArgs,
}

impl Run for Args {
    const NAME: &'static str = "taint";

    fn run(self, session: &mut Session) -> Exit {
        self.status.set(session, Self::NAME, Status::Tainted, "has been marked as tainted")
    }
}
