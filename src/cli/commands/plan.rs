//! `plan`: shows what an apply would do.

use std::path::PathBuf;

use engine::Approval;

use super::Run;
use crate::working::{self, Goal, PlanningArgs, Wish};
use crate::{Exit, Session};

/// Show what an apply would do.
///
/// Compares the configuration with the state and with what the providers say there is, and shows what would have to be
/// created, changed and destroyed. Nothing is changed.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Plan to destroy everything.
    #[arg(long)]
    destroy: bool,

    /// Plan to bring the state up to date with what there is, and nothing else.
    #[arg(long)]
    refresh_only: bool,

    /// Exit with 2 if there is something to do, with 0 if there is nothing, with 1 on an error.
    #[arg(long)]
    detailed_exitcode: bool,

    /// Write configuration for import blocks whose resource has none into a new file, and plan by it.
    #[arg(long, value_name = "FILE")]
    generate_config_out: Option<PathBuf>,

    #[command(flatten)]
    planning: PlanningArgs,
}

impl Run for Args {
    const NAME: &'static str = "plan";

    fn run(self, session: &mut Session) -> Exit {
        let mut decide = |_: &mut Session, _: &plan::Plan| Approval::Stop;
        let goal = match Goal::of(session, self.destroy, self.refresh_only) {
            Ok(goal) => goal,
            Err(exit) => return exit,
        };
        let generate_into = self.generate_config_out.as_deref();
        let wish = Wish { operation: "plan", goal, generate_into, decide: &mut decide };
        match working::run(session, &self.planning, wish) {
            Ok(report) if self.detailed_exitcode && !report.plan.is_empty() => Exit(2),
            Ok(_) => Exit::SUCCESS,
            Err(exit) => exit,
        }
    }
}
