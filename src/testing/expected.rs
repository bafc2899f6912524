//! Failures that a run expects: they are taken away, and those that did not happen are reported.

use std::collections::HashMap;

use diag::{Diagnostic, Diagnostics, Severity, Span};
use lang::module::{Condition, Module};
use lang::testing::{Checkable, Expected, RunBlock};
use state::{CheckResult, CheckStatus};

/// What failures of conditions are called: other problems at the same place are none.
const SUMMARIES: [&str; 5] = [
    "Check block assertion failed",
    "Invalid value for variable",
    "Module output value precondition failed",
    "Resource postcondition failed",
    "Resource precondition failed",
];

/// What a run expects to fail.
pub(crate) struct Expectations<'a> {
    expected: &'a [Expected],
    /// Whose condition stands where.
    owners: HashMap<Span, Checkable>,
}

/// Reports what a run expects to fail and what cannot fail in its module.
pub fn check_expected(run: &RunBlock, module: &Module, diags: &mut Diagnostics) {
    for own in &run.expected {
        if let Some(problem) = refuse(&own.checkable, module) {
            diags.error(own.span, "Invalid `expect_failures` reference", problem);
        }
    }
}

impl<'a> Expectations<'a> {
    /// Collects the conditions of the module under test, and reports what cannot be expected to fail.
    pub(crate) fn of(run: &'a RunBlock, module: &Module, diags: &mut Diagnostics) -> Expectations<'a> {
        check_expected(run, module, diags);
        let mut owners = HashMap::new();
        let mut add = |conditions: &[Condition], owner: Checkable| {
            owners.extend(conditions.iter().map(|condition| (condition.condition.span, owner.clone())));
        };
        for variable in &module.variables {
            add(&variable.validations, Checkable::Variable(variable.name.clone()));
        }
        for output in &module.outputs {
            add(&output.preconditions, Checkable::Output(output.name.clone()));
        }
        for check in &module.checks {
            add(&check.assertions, Checkable::Check(check.name.clone()));
        }
        for resource in &module.resources {
            let owner = || Checkable::Resource(resource.address.clone(), None);
            add(&resource.lifecycle.preconditions, owner());
            add(&resource.lifecycle.postconditions, owner());
        }
        Expectations { expected: &run.expected, owners }
    }

    /// Returns what is left to say: without the failures that were expected, with those that did not happen. A check that
    /// fails unexpectedly is an error here.
    pub(crate) fn judge(&self, said: Diagnostics, checks: &[CheckResult]) -> Diagnostics {
        let mut happened = vec![false; self.expected.len()];
        let mut left = Diagnostics::new();
        for mut problem in said {
            let meant = self.meant(&problem, checks);
            if meant.is_empty() {
                if matches!(self.owner(&problem), Some(Checkable::Check(_))) {
                    problem.severity = Severity::Error;
                }
                left.push(problem);
            }
            meant.into_iter().for_each(|place| happened[place] = true);
        }
        for (own, _) in self.expected.iter().zip(happened).filter(|(_, happened)| !happened) {
            let detail = format!("{} was to fail in this run, and none of its conditions did.", own.checkable);
            left.error(own.span, "Missing expected failure", detail);
        }
        left
    }

    /// Returns what is left to say of a plan that was to be applied and could not be: an expected failure says so.
    pub(crate) fn explain(&self, said: Diagnostics, checks: &[CheckResult]) -> Diagnostics {
        let mut left = Diagnostics::new();
        for problem in said {
            for place in self.meant(&problem, checks).into_iter().filter(|_| problem.is_error()) {
                let own = &self.expected[place];
                let detail = format!(
                    "A condition of {} does not hold, which is expected; but it was found while planning, so that the apply \
                     which this run is for could not be begun. The run counts as failed. With `command = plan` it passes.",
                    own.checkable
                );
                left.push(Diagnostic::warning("Expected failure while planning", detail).at(own.span));
            }
            left.push(problem);
        }
        left
    }

    fn owner(&self, problem: &Diagnostic) -> Option<&Checkable> {
        if !SUMMARIES.contains(&problem.summary.as_str()) {
            return None;
        }
        self.owners.get(&problem.subject?)
    }

    /// Returns the places of the expectations that a failure meets; of an instance only if no other has failed so.
    fn meant(&self, problem: &Diagnostic, checks: &[CheckResult]) -> Vec<usize> {
        let Some(owner) = self.owner(problem) else { return Vec::new() };
        let places = self.expected.iter().enumerate();
        let same = |expected: &Checkable| match (expected, owner) {
            (Checkable::Resource(a, _), Checkable::Resource(b, _)) => a == b,
            (a, b) => a == b,
        };
        let (whole, instances): (Vec<_>, Vec<_>) = places
            .filter(|(_, own)| same(&own.checkable))
            .partition(|(_, own)| !matches!(own.checkable, Checkable::Resource(_, Some(_))));
        if !whole.is_empty() {
            return whole.into_iter().map(|(place, _)| place).collect();
        }
        let failed = failed_instances(problem, owner, checks);
        let met: Vec<usize> = instances
            .iter()
            .filter(|(_, own)| failed.contains(&own.checkable.to_string()))
            .map(|(place, _)| *place)
            .collect();
        if met.len() == failed.len() { met } else { Vec::new() }
    }
}

/// Returns the addresses of the instances whose conditions failed with a message.
fn failed_instances(problem: &Diagnostic, owner: &Checkable, checks: &[CheckResult]) -> Vec<String> {
    let address = owner.to_string();
    let objects =
        checks.iter().filter(|check| check.address == address).flat_map(|check| check.objects.iter().flatten());
    let failed = objects.filter(|object| {
        object.status == CheckStatus::Fail && object.failures.iter().any(|failure| *failure == problem.detail)
    });
    failed.map(|object| object.address.to_string()).collect()
}

/// Returns why something cannot be expected to fail.
fn refuse(checkable: &Checkable, module: &Module) -> Option<String> {
    let missing = || Some(format!("The module under test has no {checkable}."));
    match checkable {
        Checkable::Nothing(text) => Some(format!(
            "{text} has no conditions that could fail. Variables, outputs, check blocks, resources and data sources of the \
             module under test have."
        )),
        Checkable::Variable(name) if module.variable(name).is_none() => missing(),
        Checkable::Output(name) if module.output(name).is_none() => missing(),
        Checkable::Check(name) if !module.checks.iter().any(|check| check.name == *name) => missing(),
        Checkable::Resource(resource, _) if module.names.resource_place(resource).is_none() => missing(),
        _ => None,
    }
}
