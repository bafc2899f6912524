//! `apply`: makes the world what the configuration says.

use std::io::{BufRead, BufReader};

use engine::Approval;

use super::Run;
use crate::providers::LinkedProviders;
use crate::render::plan as render;
use crate::working::{self, PlanningArgs, Wish};
use crate::{Exit, Session};

/// Create, change and destroy what the configuration asks for.
///
/// Shows what would be done, asks whether to do it, and does it.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,

    /// Destroy everything.
    #[arg(long)]
    destroy: bool,

    #[command(flatten)]
    planning: PlanningArgs,
}

impl Run for Args {
    const NAME: &'static str = "apply";

    fn run(self, session: &mut Session) -> Exit {
        carry_out(session, &self.planning, self.auto_approve, self.destroy)
    }
}

/// Plans, asks, applies.
pub(super) fn carry_out(session: &mut Session, planning: &PlanningArgs, auto_approve: bool, destroy: bool) -> Exit {
    let mut refused = false;
    let mut decide = |session: &mut Session, plan: &plan::Plan, linked: &LinkedProviders| {
        let palette = render::Palette::of(session.ui.out.style());
        session.ui.out.print(&render::text(plan, linked, palette));
        if plan.is_empty() || auto_approve || ask(session, destroy) {
            return Approval::Apply;
        }
        refused = true;
        Approval::Stop
    };
    let operation = if destroy { "destroy" } else { "apply" };
    let result = working::run(session, planning, Wish { operation, destroy, decide: &mut decide });
    let report = match result {
        Ok(report) => report,
        Err(exit) => return exit,
    };
    if refused {
        session.ui.out.print("\nNothing was done.\n");
        return Exit::FAILURE;
    }
    let Some(outcome) = report.outcome else { return Exit::FAILURE };
    let summary = if destroy {
        format!("\nDestroy complete! Resources: {} destroyed.\n", outcome.destroyed)
    } else {
        format!(
            "\nApply complete! Resources: {} added, {} changed, {} destroyed.\n",
            outcome.added, outcome.changed, outcome.destroyed
        )
    };
    session.ui.out.print(&summary);
    Exit::SUCCESS
}

fn ask(session: &mut Session, destroy: bool) -> bool {
    let what = if destroy { "destroy all of this" } else { "perform these actions" };
    confirm(session, &format!("Do you want to {what}?"), "-auto-approve")
}

/// Asks, and returns whether the answer is yes; where nobody can be asked, says which flag would do.
pub(super) fn confirm(session: &mut Session, question: &str, flag: &str) -> bool {
    if !session.ui.is_interactive {
        let detail = format!("Nobody is there to be asked: run it with {flag}, or on a terminal.");
        session.problem("Approval needed", detail);
        return false;
    }
    session.ui.out.print(&format!("\n{question} Only \"yes\" will be accepted.\n\n  Enter a value: "));
    let mut answer = String::new();
    let read = BufReader::new(&mut session.ui.input).read_line(&mut answer);
    read.is_ok() && answer.trim() == "yes"
}
