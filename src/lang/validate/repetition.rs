//! `count` and `for_each`: whether they can say how many instances there are.

use diag::Diagnostic;
use value::{Kind, Marks, Type, Value, convert};

use super::Validator;
use crate::expr::Expr;
use crate::module::Repetition;

impl Validator<'_> {
    /// Checks how many instances a block has.
    pub(super) fn repetition(&mut self, repetition: &Repetition) {
        let Some(expr) = repetition.expr() else { return };
        let value = self.value(expr);
        let result = match repetition {
            Repetition::Count(_) => check_count(&value).map(|_| ()),
            _ => check_for_each(&value),
        };
        if let Err(problem) = result {
            self.fail(expr, *problem);
        }
    }

    fn fail(&mut self, expr: &Expr, problem: Diagnostic) {
        let mut evaluator = crate::expr::Evaluator::new(self.scope, self.scope.env);
        evaluator.fail_with(problem.at(expr.span), expr);
        self.diags.append(evaluator.diags);
    }
}

/// Returns the number of instances that a `count` says, or nothing while it is unknown.
pub fn check_count(value: &Value) -> Result<Option<u64>, Box<Diagnostic>> {
    const SUMMARY: &str = "Invalid count argument";
    let problem = |detail: String| Box::new(Diagnostic::error(SUMMARY, detail));
    let (value, marks) = value.clone().unmark();
    // A sensitive number is fine: all that its instances tell is how many of them there are.
    if marks.contains(Marks::EPHEMERAL) {
        return Err(problem("The number of instances is stored, so \"count\" cannot be an ephemeral value.".into()));
    }
    if value.is_null() {
        return Err(problem("\"count\" is null. A number is required.".into()));
    }
    let number =
        convert(&value, &Type::Number).map_err(|error| problem(format!("\"count\" is not suitable: {error}.")))?;
    let Some(number) = number.as_number() else { return Ok(None) };
    if number.signum() < 0 {
        return Err(problem(format!("\"count\" must be 0 or greater, and it is {number}.")));
    }
    if !number.is_integer() {
        return Err(problem(format!("\"count\" must be a whole number, and it is {number}.")));
    }
    match number.to_i64() {
        Some(count) if count <= i64::from(i32::MAX) => Ok(Some(count as u64)),
        _ => Err(problem(format!("\"count\" must be at most {}.", i32::MAX))),
    }
}

/// Checks that a value can be a `for_each`; unknown values can.
pub fn check_for_each(value: &Value) -> Result<(), Box<Diagnostic>> {
    const SUMMARY: &str = "Invalid for_each argument";
    let problem = |detail: String| Box::new(Diagnostic::error(SUMMARY, detail));
    let (value, marks) = value.clone().unmark();
    if marks.contains(Marks::SENSITIVE) {
        let detail = "The keys of instances are shown, so \"for_each\" cannot be a sensitive value. A map with \
                      sensitive elements is possible: make its keys from values that are not.";
        return Err(problem(detail.into()));
    }
    if marks.contains(Marks::EPHEMERAL) {
        return Err(problem("The keys of instances are stored, so \"for_each\" cannot be an ephemeral value.".into()));
    }
    if value.is_null() {
        let detail = "\"for_each\" is null. A map, or a set of strings, is required; an empty one for no instance.";
        return Err(problem(detail.into()));
    }
    let ty = value.ty();
    match &ty {
        Type::Dynamic | Type::Map(_) | Type::Object(_) => Ok(()),
        Type::Set(element) if matches!(**element, Type::String | Type::Dynamic) => check_keys(&value),
        Type::Set(element) if value.element_count() == Some(0) && **element == Type::Dynamic => Ok(()),
        Type::Set(element) => Err(problem(format!(
            "\"for_each\" takes a map or a set of strings, and this is a set of {}.",
            element.friendly_name()
        ))),
        Type::List(_) | Type::Tuple(_) => {
            let name = ty.friendly_name();
            let detail = format!(
                "\"for_each\" takes a map or a set of strings, and this is a {name}. toset() makes a set of a list of \
                 strings."
            );
            Err(problem(detail))
        }
        _ => {
            Err(problem(format!("\"for_each\" takes a map or a set of strings, and this is a {}.", ty.friendly_name())))
        }
    }
}

fn check_keys(value: &Value) -> Result<(), Box<Diagnostic>> {
    let Kind::Set(set) = value.kind() else { return Ok(()) };
    if set.values().iter().any(Value::is_null) {
        let detail = "The set for \"for_each\" holds null, and an instance needs a key.";
        return Err(Box::new(Diagnostic::error("Invalid for_each set argument", detail)));
    }
    Ok(())
}
