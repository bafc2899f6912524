//! Conditions of the configuration, as far as they are known while planning.

use std::rc::Rc;

use diag::{Diagnostic, Diagnostics, Severity};
use lang::conditions::Verdict;
use lang::evaluation::{Evaluation, Instance, NoResources, Repeated, World};
use lang::module::Condition;
use state::CheckKind;

use crate::planner::{Input, Planner};
use crate::tally::Checkable;

/// What a broken rule of a variable is called.
const INVALID: &str = "Invalid value for variable";

/// What a check block's assertion is called when it does not hold.
const ASSERTION: &str = "Check block assertion failed";

/// What it is called when that is not known yet.
pub const ASSERTION_UNKNOWN: &str = "Check block assertion known after apply";

/// Checks what calls of modules give to variables as far as that depends on no resource: where it breaks a rule, whatever
/// is made of it would only be wrong as well.
pub(crate) fn broken_rules(input: &Input<'_>) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut has_rules = false;
    input.world.root.visit(&mut |node| {
        let is_called = !std::ptr::eq(node, input.world.root);
        has_rules |= is_called && node.module.variables.iter().any(|variable| !variable.validations.is_empty());
    });
    if !has_rules {
        return found;
    }
    // What would have to be read stays unknown here, and this evaluation is thrown away.
    let evaluation = Evaluation::new(World { resources: &NoResources, ..input.world }, input.variables.clone());
    let mut instances = vec![evaluation.root()];
    while let Some(instance) = instances.pop() {
        if input.pool.is_replaced(&instance.address) {
            continue;
        }
        let before = found.len();
        for variable in &instance.node.module.variables {
            for rule in &variable.validations {
                let verdict = evaluation.verdict(&instance, &Repeated::default(), rule, INVALID);
                if let Verdict::Fails(mut problem) = verdict {
                    // What is wrong with the root's own variables the plan says.
                    if instance.address.is_root() {
                        return found;
                    }
                    evaluation.point(&mut problem, &instance, variable, rule);
                    found.push(*problem);
                }
            }
        }
        // What is wrong with the root module is told with its plan.
        if instance.address.is_root() && !found.is_empty() {
            return Diagnostics::new();
        }
        // A module that is called wrongly calls others wrongly.
        if found.len() == before {
            let calls = 0..instance.node.module.calls.len() as u32;
            instances.extend(calls.filter_map(|call| evaluation.children(&instance, call)).flatten());
        }
    }
    found
}

impl<'a> Planner<'a> {
    /// Checks conditions; returns whether none of them failed. What is not known yet is checked again when applied.
    pub(crate) fn check(
        &self,
        instance: &Rc<Instance<'a>>,
        repeated: &Repeated,
        (conditions, summary): (&[Condition], &str),
        what: Checkable<'_>,
    ) -> bool {
        let mut holds = true;
        for condition in conditions {
            let verdict = self.evaluation.verdict(instance, repeated, condition, summary);
            holds = self.judge(verdict, what) && holds;
        }
        holds
    }

    /// Takes note of a verdict and reports what is wrong; returns whether nothing is.
    fn judge(&self, verdict: Verdict, what: Checkable<'_>) -> bool {
        self.tally.borrow_mut().add_verdict(what, &verdict);
        match verdict {
            Verdict::Holds | Verdict::Unknown => return true,
            Verdict::Fails(problem) => self.report(*problem),
            Verdict::Broken(diags) => self.report_all(diags),
        }
        false
    }

    /// Checks the validations of a module instance's variables.
    pub(crate) fn check_variables(&self, instance: &Rc<Instance<'a>>) -> bool {
        let (variables, none) = (instance.node.module.variables.iter(), Repeated::default());
        variables.fold(true, |holds, variable| {
            let name = format!("var.{}", variable.name);
            let what = Checkable { kind: CheckKind::Variable, module: &instance.address, name: &name, key: None };
            let mut is_right = holds;
            for rule in &variable.validations {
                let mut verdict = self.evaluation.verdict(instance, &none, rule, INVALID);
                if let Verdict::Fails(problem) = &mut verdict {
                    self.evaluation.point(problem, instance, variable, rule);
                }
                is_right = self.judge(verdict, what) && is_right;
            }
            is_right
        })
    }

    /// Checks what belongs to no resource: variables of called modules, outputs, check blocks (which only warn).
    ///
    /// Where the root's variables are not sound, called modules would only say it again.
    pub(crate) fn check_the_rest(&self, is_sound: bool) {
        let none = Repeated::default();
        let mut instances = vec![self.evaluation.root()];
        while let Some(instance) = instances.pop() {
            if self.pool.is_replaced(&instance.address) {
                continue;
            }
            // A module that is called wrongly calls others wrongly.
            if !instance.address.is_root() && !self.check_variables(&instance) {
                continue;
            }
            for output in &instance.node.module.outputs {
                let name = format!("output.{}", output.name);
                let what = Checkable { kind: CheckKind::Output, module: &instance.address, name: &name, key: None };
                let conditions = (&output.preconditions[..], "Module output value precondition failed");
                self.check(&instance, &none, conditions, what);
            }
            for check in &instance.node.module.checks {
                let name = format!("check.{}", check.name);
                let what = Checkable { kind: CheckKind::Check, module: &instance.address, name: &name, key: None };
                check.assertions.iter().for_each(|assertion| self.assertion(&instance, assertion, what));
            }
            for call in (0..instance.node.module.calls.len() as u32).filter(|_| is_sound) {
                instances.extend(self.evaluation.children(&instance, call).unwrap_or_default());
            }
        }
    }

    fn assertion(&self, instance: &Rc<Instance<'a>>, assertion: &Condition, what: Checkable<'_>) {
        let verdict = self.evaluation.verdict(instance, &Repeated::default(), assertion, ASSERTION);
        self.tally.borrow_mut().add_verdict(what, &verdict);
        match verdict {
            Verdict::Fails(mut problem) => {
                problem.severity = Severity::Warning;
                self.report(*problem);
            }
            Verdict::Unknown => {
                let detail = "The condition depends on values that are not known yet: its result comes with the apply.";
                let mut warning = Diagnostic::warning(ASSERTION_UNKNOWN, detail);
                warning.values = self.evaluation.shown_values(instance, Repeated::default(), &assertion.condition);
                self.report(warning.at(assertion.condition.span));
            }
            Verdict::Holds | Verdict::Broken(_) => {}
        }
    }
}
