//! `replace_triggered_by`: what is planned for other objects makes this one be replaced.

use std::rc::Rc;

use addr::{AbsInstance, AbsResource, Mode};
use diag::Diagnostic;
use lang::evaluation::{Instance, Repeated};
use lang::expr::Evaluator;
use lang::module::Repetition;
use lang::triggers::Trigger;
use value::{Path, PathStep, Value};

use crate::model::{Action, Change, Need};
use crate::planner::{Block, Planner};

const SUMMARY: &str = "Invalid reference in replace_triggered_by expression";

impl<'a> Planner<'a> {
    /// Tells whether a planned change replaces an instance, and what it therefore comes after. All it refers to is
    /// planned by now.
    pub(crate) fn triggers(
        &self,
        block: &Block<'a>,
        instance: &Rc<Instance<'a>>,
        repeated: &Repeated,
    ) -> Option<(bool, Vec<Need>)> {
        let (mut triggered, mut needs) = (false, Vec::new());
        for expr in &block.resource.lifecycle.replace_triggered_by {
            let scope = self.evaluation.scope(instance, repeated.clone());
            let mut evaluator = Evaluator::new(&scope, self.env);
            let trigger = Trigger::read(expr, &mut evaluator);
            self.report_all(evaluator.diags);
            let trigger = trigger?;
            match self.is_triggered(instance, &trigger) {
                Ok((is_triggered, need)) => {
                    triggered |= is_triggered;
                    needs.push(need);
                }
                Err(detail) => {
                    self.report(Diagnostic::error(SUMMARY, detail).at(trigger.span));
                    return None;
                }
            }
        }
        Some((triggered, needs))
    }

    fn is_triggered(&self, instance: &Rc<Instance<'a>>, trigger: &Trigger) -> Result<(bool, Need), String> {
        let Some(resource) = instance.node.module.resources.get(trigger.resource as usize) else {
            return Err("There is no such resource.".into());
        };
        if resource.address.mode != Mode::Managed {
            return Err(format!(
                "{} is not managed, so it never changes; only managed resources do.",
                resource.address
            ));
        }
        let is_single = matches!(resource.repetition, Repetition::Single);
        let whole = AbsResource { module: instance.address.clone(), resource: resource.address.clone() };
        let need = Need { resource: whole.clone(), key: trigger.key.clone() };
        let named = AbsInstance { resource: whole, key: trigger.key.clone() };
        let is_there = match (is_single, &trigger.key) {
            (true, key) => key.is_none(),
            (false, None) if !trigger.path.0.is_empty() => {
                let detail = "has instances: the one whose part is meant must be named by its key.";
                return Err(format!("{} {detail}", resource.address));
            }
            (false, None) => true,
            (false, Some(_)) => self.seen.borrow().contains(&named),
        };
        if !is_there {
            return Err(format!("There is no {named}, so it can never change."));
        }
        if trigger.key.is_none() && trigger.path.0.is_empty() {
            return Ok((self.is_updating(&need.resource), need));
        }
        let is_triggered =
            self.planned_of(&need.resource, trigger.key.as_ref(), &mut |change| changes_part(change, &trigger.path));
        Ok((is_triggered, need))
    }
}

/// Tells whether a change makes an object that is there different in some part. What is made or deleted has no part that
/// changes.
fn changes_part(change: &Change, path: &Path) -> bool {
    if !matches!(change.action, Action::Update | Action::DeleteThenCreate | Action::CreateThenDelete) {
        return false;
    }
    if path.0.is_empty() {
        return true;
    }
    match (part(&change.before, path), part(&change.after, path)) {
        (Some(before), Some(after)) => before != after || !after.is_wholly_known(),
        (before, after) => before.is_some() != after.is_some(),
    }
}

/// Returns a part of an object, without marks; nothing if it has no such part.
fn part(value: &Value, path: &Path) -> Option<Value> {
    let found = path.0.iter().try_fold(value.clone(), |value, step| match step {
        PathStep::Attribute(name) => value.attribute(name),
        PathStep::Index(key) => value.index(key).ok(),
    });
    found.map(|value| value.unmark_deep().0)
}
