//! `apply`: makes the world what the configuration says.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use diag::Diagnostic;
use engine::{Approval, Report};

use super::{Run, output};
use crate::progress;
use crate::render::plan::Palette;
use crate::render::stream;
use crate::working::{self, Goal, PlanningArgs, Wish};
use crate::{Exit, Session, next, saved};

/// Create, change and destroy what the configuration asks for.
///
/// Shows what would be done, asks whether to do it, and does it. With the file of a saved plan it does what that plan says.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// A plan that "plan -out" saved: it is carried out as it is, without asking.
    plan: Option<PathBuf>,

    /// Do not ask.
    #[arg(long)]
    auto_approve: bool,

    /// Destroy everything.
    #[arg(long)]
    destroy: bool,

    /// Bring the state up to date with what there is, and nothing else.
    #[arg(long)]
    refresh_only: bool,

    #[command(flatten)]
    planning: PlanningArgs,
}

impl Run for Args {
    const NAME: &'static str = "apply";
    const CALLS_PROVIDERS: bool = true;

    fn run(self, session: &mut Session) -> Exit {
        let goal = match Goal::of(session, self.destroy, self.refresh_only) {
            Ok(goal) => goal,
            Err(exit) => return exit,
        };
        let Some(path) = &self.plan else {
            return carry_out(session, &self.planning, self.auto_approve, goal);
        };
        if goal != Goal::Change {
            let detail = "A saved plan says itself what it does: leave -destroy and -refresh-only away.";
            let problem = Diagnostic::error("Plan file and planning options", detail);
            return working::refuse(session, &self.planning, problem);
        }
        carry_out_saved(session, &self.planning, path)
    }
}

/// Plans, asks, applies.
pub(super) fn carry_out(session: &mut Session, planning: &PlanningArgs, auto_approve: bool, goal: Goal) -> Exit {
    if planning.json && !auto_approve {
        session.problem("Missing flag", "With -json nobody can be asked: it needs -auto-approve.");
        return Exit::FAILURE;
    }
    let mut refused = false;
    let mut decide = |session: &mut Session, plan: &plan::Plan| {
        if plan.is_empty() || auto_approve || ask(session, goal) {
            return Approval::Apply;
        }
        refused = true;
        Approval::Stop
    };
    let destroy = goal == Goal::Destroy;
    let operation = match goal {
        Goal::Destroy => "destroy",
        Goal::Change => "apply",
        Goal::Refresh => "refresh",
    };
    let result =
        working::run(session, planning, Wish { operation, goal, out: None, generate_into: None, decide: &mut decide });
    let report = match result {
        Ok(report) => report,
        Err(exit) => return exit,
    };
    if refused {
        session.ui.out.print("\nNothing was done.\n");
        return Exit::FAILURE;
    }
    tell(session, planning, &report, destroy)
}

/// Carries out a saved plan.
fn carry_out_saved(session: &mut Session, planning: &PlanningArgs, path: &Path) -> Exit {
    if planning.has_planning_options() {
        let detail =
            "A saved plan is carried out as it is: -refresh, -replace, -target and -exclude are for making one.";
        return working::refuse(session, planning, Diagnostic::error("Plan file and planning options", detail));
    }
    let saved = match saved::read(path) {
        Ok(saved) => saved,
        Err(problem) => return working::refuse(session, planning, problem),
    };
    let goal = match &saved.options {
        options if options.destroy => Goal::Destroy,
        options if options.refresh_only => Goal::Refresh,
        _ => Goal::Change,
    };
    let destroy = goal == Goal::Destroy;
    let operation = if destroy { "destroy" } else { "apply" };
    let mut decide = |_: &mut Session, _: &plan::Plan| Approval::Apply;
    let wish = Wish { operation, goal, out: None, generate_into: None, decide: &mut decide };
    match working::run_saved(session, planning, wish, saved) {
        Ok(report) => tell(session, planning, &report, destroy),
        Err(exit) => exit,
    }
}

/// Says what was done.
fn tell(session: &mut Session, planning: &PlanningArgs, report: &Report, destroy: bool) -> Exit {
    let operation = if destroy { "destroy" } else { "apply" };
    let Some(outcome) = &report.outcome else { return Exit::FAILURE };
    let counts = outcome.counts();
    if planning.json {
        progress::say(session, [stream::summary(counts, operation)]);
        if !destroy {
            progress::say(session, [stream::outputs(&report.state)]);
        }
        return Exit::SUCCESS;
    }
    let Palette { bold, green, reset, .. } = Palette::of(session.ui.out.style());
    let summary = if destroy {
        format!("\n{bold}{green}Destroy complete! Resources: {} destroyed.{reset}\n", outcome.destroyed)
    } else {
        format!("\n{bold}{green}Apply complete! Resources: {}.{reset}\n", counts.done())
    };
    session.ui.out.print(&summary);
    let outputs = output::lines(&report.state);
    if !outputs.is_empty() && !destroy {
        session.ui.out.print(&format!("\n{bold}{green}Outputs:{reset}\n\n{outputs}"));
    }
    if !destroy {
        let next = next::text(session, report);
        session.ui.out.print(&next);
    }
    Exit::SUCCESS
}

fn ask(session: &mut Session, goal: Goal) -> bool {
    let what = match goal {
        Goal::Destroy => "destroy all of this",
        Goal::Change => "perform these actions",
        Goal::Refresh => "update the state to reflect these changes",
    };
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
