//! Conditions at run time: whether they hold, and what to say when they do not.

use std::rc::Rc;

use diag::{Diagnostic, Diagnostics, Span};
use value::{Marks, Type, Value, convert};

use crate::culprit;
use crate::evaluation::{Evaluation, Instance, InstanceScope, Repeated};
use crate::expr::{Evaluator, Scope, Subject};
use crate::functions::CallError;
use crate::module::{Condition, ModuleCall, Variable};

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

/// The scope of a module instance in which one of its variables has another value.
struct Supposing<'e, 'a> {
    inner: InstanceScope<'e, 'a>,
    subject: Subject,
    value: Value,
}

impl Scope for Supposing<'_, '_> {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        if *subject == self.subject { self.value.clone() } else { self.inner.value(subject, span, diags) }
    }

    fn call_provider(&self, provider: &str, function: &str, args: Vec<Value>) -> Result<Value, CallError> {
        self.inner.call_provider(provider, function, args)
    }
}

impl<'a> Evaluation<'a> {
    /// Points a broken rule of a called module's variable at the user's words; nothing happens to the root module's.
    pub fn point(&self, problem: &mut Diagnostic, instance: &Rc<Instance<'a>>, variable: &Variable, rule: &Condition) {
        let Some((place, call)) = self.culprit(instance, variable, rule) else { return };
        problem.subject = Some(place);
        if call.short.is_some() {
            // They are names of the module's inside.
            problem.values.clear();
        }
    }

    fn culprit(
        &self,
        instance: &Rc<Instance<'a>>,
        variable: &Variable,
        rule: &Condition,
    ) -> Option<(Span, &'a ModuleCall)> {
        let (call, given) = self.given(instance, variable)?;
        let offset = instance.node.module.variables.iter().position(|known| known.name == variable.name)?;
        let holds = |value: Value| {
            let (inner, subject) = (self.scope(instance, Repeated::default()), Subject::Variable(offset as u32));
            let scope = Supposing { inner, subject, value };
            let value = Evaluator::new(&scope, self.environment()).eval(&rule.condition);
            convert(&value, &Type::Bool).is_ok_and(|holds| holds.unmark().0.as_bool() == Some(true))
        };
        Some((culprit::place(call, variable, given.as_ref(), holds), call))
    }

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
