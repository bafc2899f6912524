//! Conditions once everything is done: those that could not be judged before, and the results of all for the state.

use std::rc::Rc;
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Severity};
use lang::conditions::Verdict;
use lang::evaluation::{Instance, Repeated};
use lang::module::{Output, Resource};
use plan::{Change, Checkable};
use state::record::Record;
use state::{CheckKind, CheckResult};

use crate::run::Runner;

impl<'a> Runner<'a> {
    /// Forgets what the plan made of the conditions of an instance: they are judged again.
    pub(crate) fn forget_verdicts(&self, planned: &Change, resource: &Resource) {
        let lifecycle = &resource.lifecycle;
        if lifecycle.preconditions.is_empty() && lifecycle.postconditions.is_empty() {
            return;
        }
        let abs = &planned.address.resource;
        let (name, key) = (abs.resource.to_string(), planned.address.key.as_ref());
        self.tally.borrow_mut().begin(Checkable { kind: CheckKind::Resource, module: &abs.module, name: &name, key });
    }

    /// Judges the preconditions of an output.
    pub(crate) fn preconditions(&self, instance: &Rc<Instance<'a>>, output: &Output, diags: &mut Diagnostics) {
        if output.preconditions.is_empty() {
            return;
        }
        let name = format!("output.{}", output.name);
        let what = Checkable { kind: CheckKind::Output, module: &instance.address, name: &name, key: None };
        self.tally.borrow_mut().begin(what);
        for condition in &output.preconditions {
            let summary = "Module output value precondition failed";
            let verdict = self.evaluation.verdict(instance, &Repeated::default(), condition, summary);
            self.tally.borrow_mut().add_verdict(what, &verdict);
            match verdict {
                Verdict::Fails(problem) => diags.push(*problem),
                Verdict::Broken(found) => diags.append(found),
                Verdict::Holds | Verdict::Unknown => {}
            }
        }
    }

    /// Judges what the plan could not judge: preconditions of outputs of called modules, and check blocks.
    pub(crate) fn check_the_rest(&self, diags: &mut Diagnostics) {
        let mut instances = vec![self.evaluation.root()];
        while let Some(instance) = instances.pop() {
            let module = &instance.node.module;
            let is_open = |kind, name: &str| {
                let what = Checkable { kind, module: &instance.address, name, key: None };
                self.tally.borrow().is_open(what)
            };
            if !instance.address.is_root() {
                let open = |output: &&Output| is_open(CheckKind::Output, &format!("output.{}", output.name));
                let open: Vec<&Output> = module.outputs.iter().filter(open).collect();
                open.into_iter().for_each(|output| self.preconditions(&instance, output, diags));
            }
            for check in &module.checks {
                let name = format!("check.{}", check.name);
                if !is_open(CheckKind::Check, &name) {
                    continue;
                }
                let what = Checkable { kind: CheckKind::Check, module: &instance.address, name: &name, key: None };
                self.tally.borrow_mut().begin(what);
                for assertion in &check.assertions {
                    let summary = "Check block assertion failed";
                    let verdict = self.evaluation.verdict(&instance, &Repeated::default(), assertion, summary);
                    self.tally.borrow_mut().add_verdict(what, &verdict);
                    if let Verdict::Fails(mut problem) = verdict {
                        problem.severity = Severity::Warning;
                        diags.push(*problem);
                    }
                }
            }
            for call in 0..module.calls.len() as u32 {
                instances.extend(self.evaluation.children(&instance, call).unwrap_or_default());
            }
        }
    }

    /// Stores how the conditions came out, if that is not what is stored already.
    pub(crate) fn store_checks(&self, diags: &mut Diagnostics) {
        let stored = self.input.journal.look(|ledger| ledger.state.checks.clone());
        let mut tally = self.tally.take();
        tally.fill(stored.as_deref().unwrap_or_default());
        let is_empty = self.input.journal.look(|ledger| ledger.state.is_empty());
        let results = if is_empty { Vec::new() } else { tally.results() };
        let results: Option<Arc<[CheckResult]>> = (!results.is_empty()).then(|| results.into());
        if results == stored {
            return;
        }
        if let Err(error) = self.input.journal.commit(&Record::Checks(results)) {
            diags.push(Diagnostic::error("State not saved", error.to_string()));
        }
    }
}
