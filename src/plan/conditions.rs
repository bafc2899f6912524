//! Conditions of the configuration, as far as they are known while planning.

use std::rc::Rc;

use diag::Severity;
use lang::conditions::Verdict;
use lang::evaluation::{Instance, Repeated};
use lang::module::Condition;

use crate::planner::Planner;

impl<'a> Planner<'a> {
    /// Checks conditions; returns whether none of them failed. What is not known yet is checked again when applied.
    pub(crate) fn check(
        &self,
        instance: &Rc<Instance<'a>>,
        repeated: &Repeated,
        conditions: &[Condition],
        summary: &str,
    ) -> bool {
        let mut holds = true;
        for condition in conditions {
            match self.evaluation.verdict(instance, repeated, condition, summary) {
                Verdict::Holds | Verdict::Unknown => {}
                Verdict::Fails(problem) => {
                    holds = false;
                    self.report(*problem);
                }
                Verdict::Broken(diags) => {
                    holds = false;
                    self.report_all(diags);
                }
            }
        }
        holds
    }

    /// Checks the validations of a module instance's variables.
    pub(crate) fn check_variables(&self, instance: &Rc<Instance<'a>>) -> bool {
        let variables = instance.node.module.variables.iter();
        variables.fold(true, |holds, variable| {
            let checked =
                self.check(instance, &Repeated::default(), &variable.validations, "Invalid value for variable");
            holds && checked
        })
    }

    /// Checks what belongs to no resource: variables of called modules, outputs, check blocks (which only warn).
    pub(crate) fn check_the_rest(&self) {
        let none = Repeated::default();
        let mut instances = vec![self.evaluation.root()];
        while let Some(instance) = instances.pop() {
            if !instance.address.is_root() {
                self.check_variables(&instance);
            }
            for output in &instance.node.module.outputs {
                self.check(&instance, &none, &output.preconditions, "Module output value precondition failed");
            }
            for check in &instance.node.module.checks {
                for assertion in &check.assertions {
                    let verdict = self.evaluation.verdict(&instance, &none, assertion, "Check block assertion failed");
                    if let Verdict::Fails(mut problem) = verdict {
                        problem.severity = Severity::Warning;
                        self.report(*problem);
                    }
                }
            }
            for call in 0..instance.node.module.calls.len() as u32 {
                instances.extend(self.evaluation.children(&instance, call).unwrap_or_default());
            }
        }
    }
}
