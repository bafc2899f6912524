//! The evaluator: compiled expression and scope to value.
//!
//! Mistakes become diagnostics and the value unknown, so that one run finds as many as it can.

use diag::{Diagnostic, Diagnostics, Span};
use ecow::EcoString;
use value::{Marks, Type, Value, convert, unify};

use super::shown::{About, reference_values};
use super::{Expr, Node, Reference, Shape, Step, Subject, diagnose};
use crate::functions::{CallError, Environment};

/// Gives the values of what references start at.
pub trait Scope {
    /// Returns the value of a subject as a whole: of a resource with instances, all of them.
    fn value(&self, subject: &Subject, span: Span, diags: &mut Diagnostics) -> Value;

    /// Returns the value of one instance of a resource or module call, if there is one of that key; nothing where the
    /// scope cannot tell, and the caller takes it from the whole value.
    fn instance(&self, _subject: &Subject, _key: &Value, _span: Span, _diags: &mut Diagnostics) -> Option<Value> {
        None
    }

    /// Returns one output of a module call (of its instance, if a key is given), so that the others need not be
    /// computed; nothing where it is better taken from the whole value.
    fn output(&self, _call: u32, _key: Option<&Value>, _name: &str) -> Option<Value> {
        None
    }

    /// Calls a function of a provider.
    fn call_provider(&self, provider: &str, function: &str, _args: Vec<Value>) -> Result<Value, CallError> {
        Err(CallError::new(format!("no provider `{provider}` offers a function named `{function}`")))
    }
}

/// Evaluates expressions in a scope.
pub struct Evaluator<'a> {
    pub(super) scope: &'a dyn Scope,
    pub(super) env: &'a Environment,
    /// Values of the `for` variables around, outermost first.
    pub(super) slots: Vec<Value>,
    /// What went wrong so far.
    pub diags: Diagnostics,
    /// How many templates are being rendered inside each other.
    pub(super) template_depth: u32,
    /// How many `try` and `can` are around: what fails inside needs no values to show.
    pub(super) attempts: u32,
}

impl<'a> Evaluator<'a> {
    /// Makes an evaluator for a scope.
    pub fn new(scope: &'a dyn Scope, env: &'a Environment) -> Evaluator<'a> {
        Evaluator { scope, env, slots: Vec::new(), diags: Diagnostics::new(), template_depth: 0, attempts: 0 }
    }

    /// Evaluates an expression.
    pub fn eval(&mut self, expr: &Expr) -> Value {
        // Bounds the native stack: expressions may be as deep as the parser allows.
        stacker::maybe_grow(128 * 1024, 2 * 1024 * 1024, || self.node(expr))
    }

    /// Runs `work` with one more value on the stack: expressions compiled with a name for it see it.
    pub(crate) fn with_slot<T>(&mut self, value: Value, work: impl FnOnce(&mut Self) -> T) -> T {
        self.slots.push(value);
        let result = work(self);
        self.slots.pop();
        result
    }

    /// Evaluates an expression and converts the result to a type.
    pub fn eval_as(&mut self, expr: &Expr, ty: &Type) -> Value {
        let value = self.eval(expr);
        match convert(&value, ty) {
            Ok(value) => value,
            Err(error) => {
                self.fail(expr, "Incorrect value type", format!("Invalid expression value: {error}."));
                Value::unknown(ty.without_optional())
            }
        }
    }

    fn node(&mut self, expr: &Expr) -> Value {
        match &expr.node {
            Node::Constant(value) => value.clone(),
            Node::Slot(slot, _) => self.slots[*slot as usize].clone(),
            Node::Reference(reference) => self.reference(reference),
            Node::Steps(inner) => {
                let base = self.eval(&inner.0);
                self.steps(base, &inner.1, inner.0.about())
            }
            Node::Template(parts) => self.template(parts, expr),
            Node::Wrap(inner) | Node::Parens(inner) => self.eval(inner),
            Node::Tuple(items) => Value::tuple(items.iter().map(|item| self.eval(item)).collect::<Vec<_>>()),
            Node::Object(items) => self.object(items),
            Node::Shape(shape) => self.shape(shape),
            Node::Call(call) => self.call(call, expr),
            Node::For(inner) => self.for_expr(inner, expr),
            Node::Conditional(parts) => self.conditional(parts, expr),
            Node::Binary(row) => self.binary(&row.0, &row.1),
            Node::Unary(op, operand) => self.unary(*op, operand, expr),
            Node::Invalid => Value::dynamic(),
        }
    }

    fn reference(&mut self, reference: &Reference) -> Value {
        let key = match reference.instance_key() {
            Some(key_expr) if matches!(reference.subject, Subject::Resource(_) | Subject::Module(_)) => {
                let found = self.diags.len();
                let key = self.eval(key_expr);
                if self.failed_since(found) {
                    return Value::dynamic();
                }
                Some(key)
            }
            _ => None,
        };
        let taken = usize::from(key.is_some());
        if let Subject::Module(call) = reference.subject
            && let Some(Step::Attr(name, _)) = reference.steps.get(taken)
            && let Some(output) = self.scope.output(call, key.as_ref(), name)
        {
            return self.steps(output, &reference.steps[taken + 1..], About::Reference(reference, taken + 1));
        }
        if let Some(key) = &key
            && let Some(instance) = self.scope.instance(&reference.subject, key, reference.span, &mut self.diags)
        {
            return self.steps(instance, &reference.steps[1..], About::Reference(reference, 1));
        }
        let value = self.scope.value(&reference.subject, reference.subject_span, &mut self.diags);
        self.steps_by(key, value, &reference.steps, About::Reference(reference, 0))
    }

    fn shape(&mut self, shape: &Shape) -> Value {
        // Mistakes are found in source order; the values then move to the places of their names.
        let mut values: Vec<Value> = shape.values.iter().map(|value| self.eval(value)).collect();
        let sorted = shape.order.iter().map(|place| std::mem::replace(&mut values[*place as usize], Value::NULL));
        let sorted = sorted.collect();
        Value::object_of_shape(shape.names.clone(), sorted)
    }

    fn object(&mut self, items: &[(Expr, Expr)]) -> Value {
        let mut attributes: Vec<(EcoString, Value)> = Vec::with_capacity(items.len());
        let mut marks = Marks::NONE;
        let mut known = true;
        for (key_expr, value_expr) in items {
            let found = self.diags.len();
            let key = self.eval(key_expr);
            let key_failed = matches!(key_expr.node, Node::Invalid) || self.failed_since(found);
            let value = self.eval(value_expr);
            if key_failed {
                known = false;
                continue;
            }
            if key.is_null() {
                let problem = Diagnostic::error("Null value as key", "Can't use a null value as a key.");
                self.fail_with(problem.at(value_expr.span), key_expr);
                known = false;
                continue;
            }
            let (key, key_marks) = key.unmark();
            marks |= key_marks;
            match convert(&key, &Type::String) {
                Err(error) => {
                    let detail = format!("Can't use this value as a key: {error}.");
                    self.fail(key_expr, "Incorrect key type", detail);
                    known = false;
                }
                Ok(key) => match key.as_str() {
                    Some(name) => attributes.push((name.into(), value)),
                    None => known = false,
                },
            }
        }
        if !known {
            return Value::dynamic().with_marks(marks);
        }
        Value::object(attributes).with_marks(marks)
    }

    fn conditional(&mut self, parts: &[Expr; 3], expr: &Expr) -> Value {
        let [condition_expr, then_expr, otherwise_expr] = parts;
        let outer = std::mem::take(&mut self.diags);
        let then = self.eval(then_expr);
        let then_diags = std::mem::take(&mut self.diags);
        let otherwise = self.eval(otherwise_expr);
        let otherwise_diags = std::mem::replace(&mut self.diags, outer);

        let Some(ty) = conditional_type(&then, &otherwise) else {
            let detail = format!(
                "Both results of a conditional must be of one type. {}.",
                diagnose::type_mismatch(&then.ty(), &otherwise.ty())
            );
            let error = Diagnostic::error("Inconsistent conditional result types", detail)
                .at(then_expr.span.to(otherwise_expr.span))
                .within(expr.span);
            self.fail_with(error, expr);
            return Value::dynamic();
        };
        let condition = self.eval(condition_expr);
        if condition.is_null() {
            let detail = "The condition value is null. Conditions must either be true or false.";
            self.fail_within(condition_expr, expr.span, "Null condition", detail);
            return Value::unknown(ty);
        }
        let (condition, condition_marks) = condition.unmark();
        let (then, then_marks) = then.unmark();
        let (otherwise, otherwise_marks) = otherwise.unmark();
        let marks = condition_marks | then_marks | otherwise_marks;
        if !condition.is_known() {
            return super::operators::either(&then, &otherwise, ty).with_marks(marks);
        }
        let Some(chosen) = convert(&condition, &Type::Bool).ok().and_then(|condition| condition.as_bool()) else {
            let detail = "The condition expression must be of type bool.";
            self.fail_within(condition_expr, expr.span, "Incorrect condition type", detail);
            return Value::unknown(ty);
        };
        let (value, value_expr, diags, name) = if chosen {
            (then, then_expr, then_diags, "true")
        } else {
            (otherwise, otherwise_expr, otherwise_diags, "false")
        };
        self.diags.append(diags);
        match convert(&value, &ty) {
            Ok(value) => value.with_marks(marks),
            Err(error) => {
                let detail = format!("The {name} result value has the wrong type: {error}.");
                self.fail_within(value_expr, expr.span, "Inconsistent conditional result types", detail);
                Value::unknown(ty).with_marks(marks)
            }
        }
    }

    /// Reports an error at an expression, with the values of its references.
    pub(crate) fn fail(&mut self, expr: &Expr, summary: &str, detail: impl Into<String>) {
        self.fail_with(Diagnostic::error(summary, detail).at(expr.span), expr);
    }

    /// Reports an error at an expression that is best shown with the text around it.
    pub(super) fn fail_within(&mut self, expr: &Expr, context: Span, summary: &str, detail: impl Into<String>) {
        self.fail_with(Diagnostic::error(summary, detail).at(expr.span).within(context), expr);
    }

    /// Reports an error with the values of the references in an expression.
    pub(crate) fn fail_with(&mut self, problem: Diagnostic, expr: &Expr) {
        self.fail_about(problem, &expr.about(), &[]);
    }

    /// Reports an error with the values of the references in what was being evaluated, up to the last of its steps.
    pub(super) fn fail_about(&mut self, mut problem: Diagnostic, about: &About<'_>, steps: &[Step]) {
        if self.attempts == 0 {
            problem.values = reference_values(self, about, steps);
        }
        self.diags.push(problem);
    }

    /// Tells whether an error was reported since there were `found` diagnostics.
    pub(crate) fn failed_since(&self, found: usize) -> bool {
        self.diags.iter().skip(found).any(Diagnostic::is_error)
    }
}

/// Returns the type that both results of a conditional convert to.
fn conditional_type(then: &Value, otherwise: &Value) -> Option<Type> {
    let (then_ty, otherwise_ty) = (then.ty(), otherwise.ty());
    if *then == Value::NULL {
        return Some(otherwise_ty);
    }
    if *otherwise == Value::NULL {
        return Some(then_ty);
    }
    if then_ty == Type::Dynamic || otherwise_ty == Type::Dynamic {
        return Some(Type::Dynamic);
    }
    if then_ty == otherwise_ty {
        return Some(then_ty);
    }
    unify(&[then_ty, otherwise_ty])
}
