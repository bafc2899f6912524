//! `refresh`: brings the state up to date with what there is.

use super::Run;
use super::apply::carry_out;
use crate::working::{Goal, PlanningArgs};
use crate::{Exit, Session};

/// Bring the state up to date with what there is.
///
/// The same as "apply -refresh-only -auto-approve": asks the providers what the objects are like now and stores that,
/// without asking. "apply -refresh-only" shows what has changed before.
#[derive(clap::Parser)]
pub(super) struct Args {
    #[command(flatten)]
    planning: PlanningArgs,
}

impl Run for Args {
    const NAME: &'static str = "refresh";
    const CALLS_PROVIDERS: bool = true;

    fn run(self, session: &mut Session) -> Exit {
        carry_out(session, &self.planning, true, Goal::Refresh)
    }
}
