//! Values of what test files refer to, and whether assertions hold.

use std::collections::BTreeMap;
use std::rc::Rc;

use diag::{Diagnostic, Diagnostics, ExpressionValue, Span};
use ecow::EcoString;
use value::{Marks, Type, Value, convert};

use crate::evaluation::{Evaluation, Instance, InstanceScope, Repeated};
use crate::expr::{Evaluator, Expr, Scope, Subject};
use crate::functions::{CallError, Environment};

/// What has a value beside the module: `var.NAME` and `run.NAME`, by these names.
pub type Outsides = BTreeMap<EcoString, Value>;

/// The scope where nothing of a module is seen.
pub struct OutsideScope<'a>(pub &'a Outsides);

impl Scope for OutsideScope<'_> {
    fn value(&self, subject: &Subject, _: Span, _: &mut Diagnostics) -> Value {
        match subject {
            Subject::Outside(name) => self.0.get(name).cloned().unwrap_or_else(Value::dynamic),
            _ => Value::dynamic(),
        }
    }
}

/// The scope of an assertion.
struct AssertScope<'e, 'a> {
    inside: InstanceScope<'e, 'a>,
    outside: OutsideScope<'e>,
}

impl Scope for AssertScope<'_, '_> {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        match subject {
            Subject::Outside(_) => self.outside.value(subject, span, diags),
            _ => self.inside.value(subject, span, diags),
        }
    }

    fn instance(&self, subject: &Subject, key: &Value, span: Span, diags: &mut Diagnostics) -> Option<Value> {
        self.inside.instance(subject, key, span, diags)
    }

    fn output(&self, call: u32, key: Option<&Value>, name: &str) -> Option<Value> {
        self.inside.output(call, key, name)
    }

    fn call_provider(&self, provider: &str, function: &str, args: Vec<Value>) -> Result<Value, CallError> {
        self.inside.call_provider(provider, function, args)
    }
}

/// An assertion whose names are known.
pub struct Assertion {
    /// What must hold.
    pub condition: Expr,
    /// What to say otherwise.
    pub message: Expr,
}

/// What an assertion came to.
#[derive(Debug)]
pub enum Judgement {
    /// It holds.
    Holds,
    /// It does not.
    Fails(Box<Diagnostic>),
    /// It cannot be judged.
    Broken(Diagnostics),
}

/// Judges an assertion in a module's instance; the functions are those of `env`.
pub fn judge<'a>(
    evaluation: &Evaluation<'a>,
    instance: &Rc<Instance<'a>>,
    (outsides, env): (&Outsides, &Environment),
    assertion: &Assertion,
) -> Judgement {
    let inside = evaluation.scope(instance, Repeated::default());
    let scope = AssertScope { inside, outside: OutsideScope(outsides) };
    let condition = &assertion.condition;
    let mut evaluator = Evaluator::new(&scope, env);
    let value = evaluator.eval(condition);
    if evaluator.diags.has_errors() {
        return Judgement::Broken(evaluator.diags);
    }
    let shown = || -> Vec<ExpressionValue> { Evaluator::new(&scope, env).shown_values(condition) };
    let problem = |summary: &str, detail: String| {
        let mut problem = Diagnostic::error(summary, detail).at(condition.span);
        problem.values = shown();
        problem
    };
    let (value, _) = value.unmark();
    if !value.is_known() {
        let detail = "The condition depends on values that are known only after an apply, and this run only plans. \
                      Let the run apply, leave these values out of the condition, or make them up with \
                      `override_during = plan`.";
        return Judgement::Broken(problem("Unknown condition value", detail.to_owned()).into());
    }
    if value.is_null() {
        let detail = "The condition must be true or false, and it is null.";
        return Judgement::Broken(problem("Invalid condition run", detail.to_owned()).into());
    }
    match convert(&value, &Type::Bool).ok().and_then(|value| value.as_bool()) {
        Some(true) => Judgement::Holds,
        Some(false) => {
            let detail = message(&scope, env, &assertion.message);
            Judgement::Fails(Box::new(problem("Test assertion failed", detail)))
        }
        None => {
            let detail = "The condition must be true or false, and it is neither: a bool is required.";
            Judgement::Broken(problem("Invalid condition run", detail.to_owned()).into())
        }
    }
}

/// Returns the text that the author of an assertion wants shown, unless it would show a secret.
fn message(scope: &AssertScope<'_, '_>, env: &Environment, expr: &Expr) -> String {
    let mut evaluator = Evaluator::new(scope, env);
    let value = evaluator.eval(expr);
    let text = convert(&value, &Type::String).ok().filter(|_| !evaluator.diags.has_errors());
    match text {
        Some(text) if text.marks_deep().contains(Marks::SENSITIVE) => {
            "The assertion does not hold. Its message refers to sensitive values and is not shown.".to_owned()
        }
        Some(text) => match text.unmark().0.as_str() {
            Some(text) => text.trim().to_owned(),
            None => "The assertion does not hold, and what its message refers to is not known.".to_owned(),
        },
        None => "The assertion does not hold, and its message has mistakes of its own.".to_owned(),
    }
}
