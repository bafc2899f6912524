//! Function calls.

use diag::Diagnostic;
use value::{Kind, Type, Value, convert};

use super::{Call, Callee, Evaluator, Expr, diagnose};
use crate::functions::{CallError, Function};

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &Call, expr: &Expr) -> Value {
        match &call.callee {
            Callee::BuiltIn(function) => self.call_built_in(function, call, expr),
            Callee::Try => self.call_try(call, expr),
            Callee::Can => self.call_can(call, expr),
            Callee::Type => match &call.args[..] {
                [only] => Value::meta(self.eval(only).ty()),
                args => match call.function() {
                    Some(function) if self.refuse_count(function, call, args.len(), expr) => Value::dynamic(),
                    _ => self.fail_call(call, expr, CallError::new("it takes exactly one argument")),
                },
            },
            Callee::Convert(ty) => {
                let value = self.eval(&call.args[0]);
                convert(&value, ty).unwrap_or_else(|error| {
                    self.fail_call(call, expr, CallError::argument(0, error.to_string()));
                    Value::unknown(ty.without_optional())
                })
            }
            Callee::TemplateString => self.call_template_string(call, expr),
            Callee::Provider(provider, function) => {
                let found = self.diags.len();
                let Some(args) = self.arguments(call, expr) else { return Value::dynamic() };
                if self.failed_since(found) {
                    return Value::dynamic();
                }
                match self.scope.call_provider(provider, function, args) {
                    Ok(value) => value,
                    Err(error) => self.fail_call(call, expr, error),
                }
            }
            Callee::Unknown => {
                self.fail_with(diagnose::unknown_function(call), expr);
                Value::dynamic()
            }
        }
    }

    fn call_built_in(&mut self, function: &'static Function, call: &Call, expr: &Expr) -> Value {
        if !call.expand && self.refuse_count(function, call, call.args.len(), expr) {
            return Value::dynamic();
        }
        let found = self.diags.len();
        let Some(mut args) = self.arguments(call, expr) else { return Value::dynamic() };
        if call.expand && self.refuse_count(function, call, args.len(), expr) {
            return Value::dynamic();
        }
        for (index, arg) in args.iter_mut().enumerate() {
            let Some(param) = function.parameter(index) else { continue };
            let ty = (param.ty)();
            if ty == Type::Dynamic {
                continue;
            }
            match convert(arg, &ty) {
                Ok(converted) => *arg = converted,
                Err(error) => {
                    self.fail_call(call, expr, CallError::argument(index, error.to_string()));
                }
            }
        }
        if self.failed_since(found) {
            return Value::dynamic();
        }
        if function.name == "templatefile" {
            return self.call_template_file(call, args, expr);
        }
        match function.call(args, self.env) {
            Ok(value) => value,
            Err(error) => self.fail_call(call, expr, error),
        }
    }

    /// Reports a wrong number of arguments; returns whether it is wrong.
    pub(super) fn refuse_count(&mut self, function: &Function, call: &Call, count: usize, expr: &Expr) -> bool {
        let Some(mut problem) = diagnose::argument_count(function, call, count) else { return false };
        problem.call = Some(Box::new(diagnose::signature(call, function)));
        self.fail_with(problem, expr);
        true
    }

    /// Evaluates the arguments and spreads the last one where `...` follows it; nothing if that cannot be done.
    pub(super) fn arguments(&mut self, call: &Call, expr: &Expr) -> Option<Vec<Value>> {
        if !call.expand {
            return Some(call.args.iter().map(|arg| self.eval(arg)).collect());
        }
        let (last_expr, firsts) = call.args.split_last()?;
        let found = self.diags.len();
        let last = self.eval(last_expr);
        if self.failed_since(found) {
            return None;
        }
        let (last, marks) = last.unmark();
        let can_expand = match last.kind() {
            Kind::Unknown(ty, _) => matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Dynamic),
            _ => last.as_sequence().is_some(),
        };
        if !can_expand {
            let detail = "What stands before the ellipsis (...) must be a list, set or tuple, and not null.";
            let problem = Diagnostic::error("Invalid expanding argument value", detail);
            let mut problem = problem.at(last_expr.span).within(expr.span);
            problem.call = call.function().map(|function| Box::new(diagnose::signature(call, function)));
            self.fail_with(problem, last_expr);
            return None;
        }
        // The type of the result may depend on every argument, so without one nothing is known of it.
        let elements = last.as_sequence()?;
        let mut args: Vec<Value> = firsts.iter().map(|arg| self.eval(arg)).collect();
        args.extend(elements.iter().map(|element| element.clone().with_marks(marks)));
        Some(args)
    }

    fn call_try(&mut self, call: &Call, expr: &Expr) -> Value {
        if call.args.is_empty() {
            return self.fail_call(call, expr, CallError::new("at least one argument is required"));
        }
        let mut problems = Vec::new();
        for (place, arg) in call.args.iter().enumerate() {
            let (mut value, found) = self.attempt(arg);
            if found.has_errors() {
                problems.extend(found);
                continue;
            }
            // Elements that are spread out have been evaluated together: the first of them has no error of its own.
            if call.expand && place + 1 == call.args.len() && value.is_known() {
                let (list, marks) = value.unmark();
                match list.as_sequence().and_then(<[Value]>::first) {
                    Some(first) => value = first.clone().with_marks(marks),
                    None => break,
                }
            }
            // A partly unknown value may yet turn out to be an error, and another argument the result.
            if !value.is_wholly_known() {
                return Value::dynamic().with_marks(value.marks_deep());
            }
            return value;
        }
        let list: String = problems.iter().map(|p| format!("\n  - {}: {}", p.summary, p.detail)).collect();
        self.fail_call(
            call,
            expr,
            CallError::new(format!("no expression succeeded:{list}\n\nAt least one of them must have no errors")),
        )
    }

    fn call_can(&mut self, call: &Call, expr: &Expr) -> Value {
        if let Some(function) = call.function()
            && self.refuse_count(function, call, call.args.len(), expr)
        {
            return Value::dynamic();
        }
        let Some(only) = call.args.first() else { return Value::dynamic() };
        let (value, found) = self.attempt(only);
        if found.has_errors() {
            return Value::FALSE;
        }
        if !value.is_wholly_known() {
            return Value::unknown(Type::Bool);
        }
        Value::TRUE
    }

    /// Evaluates something that may fail; what went wrong is returned, not reported.
    fn attempt(&mut self, expr: &Expr) -> (Value, diag::Diagnostics) {
        let outer = std::mem::take(&mut self.diags);
        self.attempts += 1;
        let value = self.eval(expr);
        self.attempts -= 1;
        (value, std::mem::replace(&mut self.diags, outer))
    }

    /// Reports a failed call at the argument at fault or the whole call.
    pub(super) fn fail_call(&mut self, call: &Call, expr: &Expr, error: CallError) -> Value {
        let function = call.function();
        let mut problem = diagnose::call_failed(call, function, &error);
        problem.call = function.map(|function| Box::new(diagnose::signature(call, function)));
        match error.argument {
            // Arguments that `...` made have no expression of their own.
            Some(index) if call.expand && index + 1 >= call.args.len() => self.diags.push(problem),
            Some(index) => self.fail_with(problem, call.args.get(index).unwrap_or(expr)),
            None => self.fail_with(problem, expr),
        }
        Value::dynamic()
    }
}

impl Call {
    /// Returns the built-in function, also those that the evaluator itself runs.
    pub(super) fn function(&self) -> Option<&'static Function> {
        match self.callee {
            Callee::Provider(..) | Callee::Unknown => None,
            _ => crate::functions::find(&self.name),
        }
    }
}
