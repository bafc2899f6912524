//! Values that are known before planning against the rules of the variables that take them.

use diag::{Diagnostic, Diagnostics, Span};
use value::{Marks, Type, Value, convert};

use super::Validator;
use super::scope::ValidationScope;
use crate::culprit;
use crate::expr::{Evaluator, Expr, Scope, Subject};
use crate::functions::CallError;
use crate::module::{Condition, ModuleCall, Variable};
use crate::tree::Node;

/// The scope of a called module, with the value that a call gives to one of its variables.
struct GivenScope<'a> {
    inner: ValidationScope<'a>,
    subject: Subject,
    value: Value,
}

impl Scope for GivenScope<'_> {
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value {
        if *subject == self.subject { self.value.clone() } else { self.inner.value(subject, span, diags) }
    }

    fn call_provider(&self, provider: &str, function: &str, args: Vec<Value>) -> Result<Value, CallError> {
        self.inner.call_provider(provider, function, args)
    }
}

impl Validator<'_> {
    /// Checks the value that a call gives to a variable (or the variable's default) by the variable's own rules.
    pub(super) fn rules(&mut self, call: &ModuleCall, child: &Node, variable: &Variable, given: Option<Value>) {
        if variable.validations.is_empty() {
            return;
        }
        let found = child.module.variables.binary_search_by(|known| known.name.cmp(&variable.name));
        // What has the wrong type is reported already.
        let (Ok(offset), Ok(value)) = (found, variable.prepare(given.clone(), None)) else { return };
        let scope = |value: Value| {
            let inner = ValidationScope::new(child, self.providers, self.scope.env);
            GivenScope { inner, subject: Subject::Variable(offset as u32), value }
        };
        let mut found = Diagnostics::new();
        for rule in &variable.validations {
            let holds = |value: Value| scope(value).eval(&rule.condition, &Type::Bool).0.as_bool() == Some(true);
            found.append(scope(value.clone()).check(rule, || culprit::place(call, variable, given.as_ref(), holds)));
        }
        self.diags.append(found);
    }
}

impl GivenScope<'_> {
    fn eval(&self, expr: &Expr, ty: &Type) -> (Value, Diagnostics) {
        let mut evaluator = Evaluator::new(self, self.inner.env);
        let value = evaluator.eval(expr);
        (convert(&value, ty).unwrap_or_else(|_| Value::unknown(ty.clone())), evaluator.diags)
    }

    /// Tells whether an expression is wrong whatever the value: that is reported where the module itself is looked at.
    fn is_always_wrong(&self, expr: &Expr) -> bool {
        let mut evaluator = Evaluator::new(&self.inner, self.inner.env);
        evaluator.eval(expr);
        evaluator.diags.has_errors()
    }

    /// Checks a rule; `place` tells where a value that is against it was given.
    fn check(&self, rule: &Condition, place: impl FnOnce() -> Span) -> Diagnostics {
        let (holds, found) = self.eval(&rule.condition, &Type::Bool);
        if found.has_errors() {
            return if self.is_always_wrong(&rule.condition) { Diagnostics::new() } else { found };
        }
        let (holds, _) = holds.unmark();
        if holds.is_null() {
            let detail = "The condition must be true or false, and it is null.";
            let problem = Diagnostic::error("Invalid variable validation result", detail);
            return problem.at(rule.condition.span).into();
        }
        match holds.as_bool() {
            Some(false) => self.failure(rule, place()),
            _ => Diagnostics::new(),
        }
    }

    fn failure(&self, rule: &Condition, place: Span) -> Diagnostics {
        let (message, mut diags) = self.eval(&rule.message, &Type::String);
        let (message, marks) = message.unmark();
        if diags.has_errors() && self.is_always_wrong(&rule.message) {
            diags = Diagnostics::new();
        }
        let hidden = [(Marks::SENSITIVE, "sensitive"), (Marks::EPHEMERAL, "ephemeral")];
        let hidden = hidden.into_iter().find(|(mark, _)| marks.contains(*mark));
        if let Some((_, what)) = hidden {
            let detail = format!("The message comes from {what} values, so it is not shown.");
            diags.error(rule.message.span, format!("Error message refers to {what} values"), detail);
        }
        let said = message.as_str().filter(|_| hidden.is_none());
        let detail = said.unwrap_or("The value is against a rule of the variable, whose message is not known.");
        diags.error(place, "Invalid value for variable", detail);
        diags
    }
}
