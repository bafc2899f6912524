//! `plan`: shows what an apply would do.

use std::path::{Path, PathBuf};

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

    /// Save the plan to this file, for "apply FILE" and "show FILE". The file holds secrets in the clear.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Write configuration for import blocks whose resource has none into a new file, and plan by it.
    #[arg(long, value_name = "FILE")]
    generate_config_out: Option<PathBuf>,

    #[command(flatten)]
    planning: PlanningArgs,
}

impl Run for Args {
    const NAME: &'static str = "plan";
    const CALLS_PROVIDERS: bool = true;

    fn run(self, session: &mut Session) -> Exit {
        let mut decide = |_: &mut Session, _: &plan::Plan| Approval::Stop;
        let goal = match Goal::of(session, self.destroy, self.refresh_only) {
            Ok(goal) => goal,
            Err(exit) => return exit,
        };
        let (out, generate_into) = (self.out.as_deref(), self.generate_config_out.as_deref());
        let wish = Wish { operation: "plan", goal, out, generate_into, decide: &mut decide };
        let report = match working::run(session, &self.planning, wish) {
            Ok(report) => report,
            Err(exit) => return exit,
        };
        let has_work = !report.plan.is_empty();
        if has_work && !self.planning.json && !session.environment.is_automated() {
            session.ui.out.print(&next_step(self.out.as_deref()));
        }
        if has_work && self.detailed_exitcode { Exit(2) } else { Exit::SUCCESS }
    }
}

/// Says what to do with the plan.
fn next_step(out: Option<&Path>) -> String {
    let line = "─".repeat(77);
    let said = match out {
        Some(path) => format!(
            "Saved the plan to: {0}\n\nTo do exactly this, run:\n    gantry apply {1:?}",
            path.display(),
            path.display().to_string()
        ),
        None => {
            let note = "Note: the plan is not saved, so what \"gantry apply\" does later may differ from it.";
            format!("{note}\nThe option -out saves it.")
        }
    };
    format!("\n{line}\n\n{said}\n")
}
