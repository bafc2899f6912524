//! Conditions at run time: whether they hold, and what to say when they do not.

use std::rc::Rc;

use diag::{Diagnostic, Diagnostics};
use value::{Marks, Type, convert};

use crate::evaluation::{Evaluation, Instance, Repeated};
use crate::module::Condition;

/// What a condition came to.
#[derive(Debug)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not, and why that is bad.
    Fails(Box<Diagnostic>),
    /// That is not known yet.
    Unknown,
    /// It has mistakes of its own.
    Broken(Diagnostics),
}

impl<'a> Evaluation<'a> {
    /// Evaluates a condition; `summary` is what a failure is called.
    pub fn verdict(
        &self,
        instance: &Rc<Instance<'a>>,
        repeated: &Repeated,
        condition: &Condition,
        summary: &str,
    ) -> Verdict {
        let (value, diags) = self.eval(instance, repeated.clone(), &condition.condition);
        if diags.has_errors() {
            return Verdict::Broken(diags);
        }
        let (value, _) = value.unmark();
        if !value.is_known() {
            return Verdict::Unknown;
        }
        let holds = convert(&value, &Type::Bool).ok().and_then(|value| value.as_bool());
        match holds {
            Some(true) => Verdict::Holds,
            Some(false) => {
                let detail = self.message(instance, repeated, condition);
                let mut problem = Diagnostic::error(summary, detail).at(condition.condition.span);
                problem.values = self.shown_values(instance, repeated.clone(), &condition.condition);
                Verdict::Fails(Box::new(problem))
            }
            None => {
                let detail = "A condition must be true or false, and this one is neither.";
                let problem = Diagnostic::error("Invalid condition result", detail).at(condition.condition.span);
                Verdict::Broken(problem.into())
            }
        }
    }

    /// Returns the text that a condition's author wants shown, unless it would show a secret.
    fn message(&self, instance: &Rc<Instance<'a>>, repeated: &Repeated, condition: &Condition) -> String {
        let (message, diags) = self.eval(instance, repeated.clone(), &condition.message);
        let text = convert(&message, &Type::String).ok().filter(|_| !diags.has_errors());
        match text {
            Some(text) if text.marks_deep().contains(Marks::SENSITIVE) => {
                "The condition does not hold. Its message refers to sensitive values and is not shown.".into()
            }
            Some(text) => match text.as_str() {
                Some(text) => text.trim().to_owned(),
                None => "The condition does not hold.".into(),
            },
            None => "The condition does not hold, and its message has mistakes of its own.".into(),
        }
    }
}
