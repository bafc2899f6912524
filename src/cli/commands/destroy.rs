//! `destroy`: takes away everything that was created.

use super::Run;
use super::apply::carry_out;
use crate::working::{Goal, PlanningArgs};
use crate::{Exit, Session};

/// Destroy everything that was created.
///
/// The same as "apply -destroy": shows what would be destroyed, asks whether to do it, and does it.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,

    #[command(flatten)]
    planning: PlanningArgs,
}

impl Run for Args {
    const NAME: &'static str = "destroy";
    const CALLS_PROVIDERS: bool = true;

    fn run(self, session: &mut Session) -> Exit {
        carry_out(session, &self.planning, self.auto_approve, Goal::Destroy)
    }
}
