//! One run: plan, apply if that is wanted, judge.

use diag::{Diagnostic, Diagnostics, Severity};
use engine::{Approval, Finished, Report};
use lang::evaluation::Evaluation;
use lang::expr::compile;
use lang::functions::Environment;
use lang::testing::{AssertNames, Assertion, Judgement, RunBlock, RunCommand, TestNames, judge};
use plan::{Options, Plan};
use value::Value;

use crate::expected::Expectations;
use crate::file::{Silent, Work};
use crate::scene::Scene;
use crate::{Outcome, Status};

/// What was seen at the end of a run, before its values were gone.
#[derive(Default)]
struct Seen {
    /// What the run gives to those after it.
    outputs: Option<Value>,
    judgements: Vec<Judgement>,
}

/// What a run begins with.
pub(crate) struct Prepared<'a> {
    scene: Scene,
    expectations: Expectations<'a>,
    diags: Diagnostics,
}

impl Work<'_> {
    /// Finds out what a run sees, if there is anything to carry out.
    pub(crate) fn prepare(&self, place: usize) -> Result<Prepared<'_>, Outcome> {
        let (ground, run) = (self.ground, &self.ground.file.runs[place]);
        let mut diags = self.validate(place);
        if diags.has_errors() {
            return Err(failed(diags));
        }
        let scene = Scene::of(self, place, &mut diags);
        let expectations = Expectations::of(run, &ground.modules[place].module, &mut diags);
        if diags.has_errors() { Err(failed(diags)) } else { Ok(Prepared { scene, expectations, diags }) }
    }

    /// Carries out a run.
    pub(crate) async fn run(&self, place: usize, prepared: Prepared<'_>) -> (Outcome, Option<(Report, Vec<Value>)>) {
        let (ground, run) = (self.ground, &self.ground.file.runs[place]);
        let Prepared { scene, expectations, mut diags } = prepared;
        let request = self.request(place, &scene, Options { is_saved: ground.keeps_plans, ..options(run) });
        let journal = match self.open(run, &request) {
            Ok(journal) => journal,
            Err(found) => {
                diags.append(found);
                return (failed(diags), None);
            }
        };
        let approval = match run.command {
            RunCommand::Plan => Approval::Stop,
            RunCommand::Apply => Approval::Apply,
        };
        let mut seen = Seen::default();
        let mut look = |finished: &Finished<'_>| seen = self.look(run, &scene, finished);
        let decide = &mut |_: &Plan| approval;
        let ended = engine::run_and_look(&request, journal, &Silent, decide, &mut look);
        let report = match ended.await {
            Ok(report) => report,
            Err(failure) => {
                diags.append(failure.0);
                return (failed(diags), None);
            }
        };
        if report.outcome.is_some() {
            self.has_changed(place);
        }
        let (found, is_applied) = (said(&report), report.outcome.is_some());
        let found = match is_applied || run.command == RunCommand::Plan {
            true => expectations.judge(found, checks(&report)),
            false => expectations.explain(found, checks(&report)),
        };
        diags.append(found);
        let outcome = match diags.has_errors() {
            true => failed(diags),
            false => self.conclude(run, diags, seen),
        };
        (outcome, Some((report, scene.variables)))
    }

    /// Judges the assertions and takes the outputs.
    fn look(&self, run: &RunBlock, scene: &Scene, finished: &Finished<'_>) -> Seen {
        let evaluation = Evaluation::new(finished.world, scene.variables.clone());
        let root = evaluation.root();
        let names = AssertNames {
            module: &root.node.module,
            outside: TestNames { variables: &scene.names.variables, runs: Ok(scene.names.runs()) },
        };
        let env = Environment { pure: false, ..self.ground.env.clone() };
        let judgement = |block: &lang::testing::AssertBlock| {
            let mut diags = Diagnostics::new();
            let condition = compile(&block.condition, &names, &mut diags);
            let message = compile(&block.message, &names, &mut diags);
            if diags.has_errors() {
                return Judgement::Broken(diags);
            }
            let judged = judge(&evaluation, &root, (&scene.outsides, &env), &Assertion { condition, message });
            // What is wrong in the module itself the plan has said.
            evaluation.take_diagnostics();
            judged
        };
        let judgements = run.assertions.iter().map(judgement).collect();
        let outputs = root.node.module.outputs.iter().enumerate();
        let outputs = outputs.map(|(place, output)| (output.name.clone(), evaluation.output(&root, place)));
        Seen { outputs: Some(Value::object(outputs.collect::<Vec<_>>())), judgements }
    }

    fn conclude(&self, run: &RunBlock, mut diags: Diagnostics, seen: Seen) -> Outcome {
        let mut outcome = Outcome { status: Status::Pass, judged: seen.judgements.len(), ..Outcome::default() };
        for judgement in seen.judgements {
            match judgement {
                Judgement::Holds => {}
                Judgement::Fails(problem) => {
                    outcome.failed += 1;
                    outcome.status = outcome.status.max(Status::Fail);
                    diags.push(*problem);
                }
                Judgement::Broken(found) => {
                    outcome.status = Status::Error;
                    diags.append(found);
                }
            }
        }
        if let Some(outputs) = seen.outputs {
            self.given.borrow_mut().insert(run.name.clone(), outputs);
        }
        Outcome { diags, ..outcome }
    }
}

fn failed(diags: Diagnostics) -> Outcome {
    Outcome { status: Status::Error, diags, ..Outcome::default() }
}

fn options(run: &RunBlock) -> Options {
    Options {
        refresh_only: run.options.refresh_only,
        no_refresh: run.options.no_refresh,
        replace: run.options.replace.clone(),
        targets: run.options.targets.clone(),
        ..Options::default()
    }
}

/// Returns what a run has said; of checks that the plan could not judge the apply has told.
fn said(report: &Report) -> Diagnostics {
    let is_told_later =
        |found: &Diagnostic| found.summary == plan::ASSERTION_UNKNOWN && found.severity == Severity::Warning;
    let mut said: Diagnostics = report.plan.diags.iter().filter(|found| !is_told_later(found)).cloned().collect();
    if let Some(outcome) = &report.outcome {
        said.append(outcome.diags.clone());
    }
    said
}

/// Returns how the conditions came out.
fn checks(report: &Report) -> &[state::CheckResult] {
    match (&report.outcome, &report.state.checks) {
        (Some(_), Some(checks)) => checks,
        _ => &report.plan.checks,
    }
}
