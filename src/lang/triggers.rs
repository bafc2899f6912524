//! What `replace_triggered_by` refers to: a resource or an instance, and perhaps a part of it.

use addr::Key;
use diag::{Diagnostic, Span};
use value::{Path, PathStep, Value};

use crate::expr::{Evaluator, Expr, Step, Subject};

/// What triggers a replacement when it changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// The resource, by its place in the module's list.
    pub resource: u32,
    /// Which instance; nothing means all of them, or the only one.
    pub key: Option<Key>,
    /// Which part of it; empty for the whole.
    pub path: Path,
    /// Where it is written.
    pub span: Span,
}

impl Trigger {
    /// Reads a reference; its keys are computed in the scope of the instance that it belongs to. Nothing where that
    /// fails, which is reported to the evaluator.
    pub fn read(expr: &Expr, evaluator: &mut Evaluator<'_>) -> Option<Trigger> {
        let reference = expr.references().into_iter().next()?;
        let Subject::Resource(resource) = reference.subject else { return None };
        let mut trigger = Trigger { resource, key: None, path: Path::default(), span: expr.span };
        for (place, step) in reference.steps.iter().enumerate() {
            match step {
                Step::Attr(name, _) => trigger.path.0.push(PathStep::Attribute(name.clone())),
                Step::Index(key, _) => {
                    let found = evaluator.diags.len();
                    let value = evaluator.eval(key);
                    if evaluator.diags.len() > found {
                        return None;
                    }
                    if place == 0 {
                        trigger.key = Some(instance_key(&value, key, evaluator)?);
                    } else {
                        trigger.path.0.push(PathStep::Index(value));
                    }
                }
                Step::Splat(_, span) => {
                    let detail = "A part of all instances cannot be named; name the resource, which means any of them.";
                    evaluator
                        .diags
                        .push(Diagnostic::error("Invalid replace_triggered_by expression", detail).at(*span));
                    return None;
                }
            }
        }
        Some(trigger)
    }
}

fn instance_key(value: &Value, key: &Expr, evaluator: &mut Evaluator<'_>) -> Option<Key> {
    let found = crate::evaluation::instance_key(&value.clone().unmark().0);
    if found.is_none() {
        let detail = "The key of an instance is a text or a whole number that is known.";
        evaluator.diags.push(Diagnostic::error("Invalid replace_triggered_by expression", detail).at(key.span));
    }
    found
}
