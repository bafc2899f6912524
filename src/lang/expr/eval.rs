//! The evaluator: compiled expression and scope to value.
//!
//! Mistakes become diagnostics and the value unknown, so that one run finds as many as it can.

use diag::{Diagnostic, Diagnostics, Span};
use ecow::EcoString;
use value::{Kind, Marks, Type, Value, convert, unify};

use super::{Call, Callee, Expr, For, Node, Reference, Shape, Step, Subject, diagnose};
use crate::functions::{CallError, Environment, Function};

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
}

impl<'a> Evaluator<'a> {
    /// Makes an evaluator for a scope.
    pub fn new(scope: &'a dyn Scope, env: &'a Environment) -> Evaluator<'a> {
        Evaluator { scope, env, slots: Vec::new(), diags: Diagnostics::new(), template_depth: 0 }
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
                self.steps(base, &inner.1, Some(&inner.0))
            }
            Node::Template(parts) => self.template(parts, expr),
            Node::Wrap(inner) | Node::Parens(inner) => self.eval(inner),
            Node::Tuple(items) => Value::tuple(items.iter().map(|item| self.eval(item)).collect::<Vec<_>>()),
            Node::Object(items) => self.object(items),
            Node::Shape(shape) => self.shape(shape),
            Node::Call(call) => self.call(call, expr),
            Node::For(inner) => self.for_expr(inner, expr),
            Node::Conditional(parts) => self.conditional(parts, expr),
            Node::Binary(row) => self.binary(&row.0, &row.1, expr),
            Node::Unary(op, operand) => self.unary(*op, operand),
            Node::Invalid => Value::dynamic(),
        }
    }

    fn reference(&mut self, reference: &Reference) -> Value {
        let key = match reference.instance_key() {
            Some(key_expr) if matches!(reference.subject, Subject::Resource(_) | Subject::Module(_)) => {
                let errors = self.error_count();
                let key = self.eval(key_expr);
                if self.error_count() > errors {
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
            return self.steps(output, &reference.steps[taken + 1..], None);
        }
        if let Some(key) = &key
            && let Some(instance) = self.scope.instance(&reference.subject, key, reference.span, &mut self.diags)
        {
            return self.steps(instance, &reference.steps[1..], None);
        }
        let value = self.scope.value(&reference.subject, reference.subject_span, &mut self.diags);
        self.steps(value, &reference.steps, None)
    }

    fn shape(&mut self, shape: &Shape) -> Value {
        let values: Vec<Value> = shape.values.iter().map(|value| self.eval(value)).collect();
        let sorted = shape.order.iter().map(|place| values[*place as usize].clone()).collect();
        Value::object_of_shape(shape.names.clone(), sorted)
    }

    fn object(&mut self, items: &[(Expr, Expr)]) -> Value {
        let mut attributes: Vec<(EcoString, Value)> = Vec::with_capacity(items.len());
        let mut marks = Marks::NONE;
        let mut known = true;
        for (key_expr, value_expr) in items {
            let key = self.eval(key_expr);
            let value = self.eval(value_expr);
            if matches!(key_expr.node, Node::Invalid) {
                known = false;
                continue;
            }
            if key.is_null() {
                self.fail(key_expr, "Null value as key", "Can't use a null value as a key.");
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
        let errors = self.error_count();
        let condition = self.eval(condition_expr);
        if condition.is_null() {
            let detail = "The condition value is null. Conditions must either be true or false.";
            self.fail(condition_expr, "Null condition", detail);
            return Value::unknown(ty);
        }
        let (condition, condition_marks) = condition.unmark();
        let (then, then_marks) = then.unmark();
        let (otherwise, otherwise_marks) = otherwise.unmark();
        let marks = condition_marks | then_marks | otherwise_marks;
        if !condition.is_known() {
            return super::operators::either(&then, &otherwise, ty).with_marks(marks);
        }
        let chosen = match convert(&condition, &Type::Bool) {
            Ok(value) => value.as_bool(),
            Err(_) => {
                if self.error_count() == errors {
                    let detail = "The condition expression must be of type bool.";
                    self.fail(condition_expr, "Incorrect condition type", detail);
                }
                None
            }
        };
        let Some(chosen) = chosen else { return Value::unknown(ty) };
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
                self.fail(value_expr, "Inconsistent conditional result types", detail);
                Value::unknown(ty).with_marks(marks)
            }
        }
    }

    fn for_expr(&mut self, inner: &For, expr: &Expr) -> Value {
        let collection = self.eval(&inner.collection);
        if collection.is_null() {
            let detail = "A null value cannot be used as the collection in a 'for' expression.";
            self.fail(&inner.collection, "Iteration over null value", detail);
            return Value::dynamic();
        }
        if collection.ty() == Type::Dynamic {
            return Value::dynamic().with_marks(collection.marks());
        }
        let (collection, marks) = collection.unmark();
        let ty = collection.ty();
        if !ty.is_collection() && !matches!(ty, Type::Tuple(_) | Type::Object(_)) {
            let name = ty.friendly_name();
            let detail = format!("A value of type {name} cannot be used as the collection in a 'for' expression.");
            self.fail(&inner.collection, "Iteration over non-iterable value", detail);
            return Value::dynamic();
        }
        let Some(condition_marks) = self.probe_condition(inner) else { return Value::dynamic() };
        let Some(elements) = elements(&collection) else {
            return Value::dynamic().with_marks(marks | condition_marks);
        };
        let mut result = ForResult { known: true, marks, keys: Vec::new(), values: Vec::new() };
        for (key, value) in elements {
            let depth = self.slots.len();
            if inner.has_key {
                self.slots.push(key);
            }
            self.slots.push(value);
            self.for_element(inner, &mut result);
            self.slots.truncate(depth);
        }
        self.for_result(inner, expr, result)
    }

    /// Evaluates the condition with unknown elements: a mistake of type is then reported once, not per element.
    fn probe_condition(&mut self, inner: &For) -> Option<Marks> {
        let Some(condition) = &inner.condition else { return Some(Marks::NONE) };
        let errors = self.error_count();
        let depth = self.slots.len();
        self.slots.resize(depth + 1 + usize::from(inner.has_key), Value::dynamic());
        let result = self.eval(condition);
        self.slots.truncate(depth);
        if result.is_null() {
            self.fail(condition, "Condition is null", "The value of the 'if' clause must not be null.");
        } else if let Err(error) = convert(&result, &Type::Bool) {
            let detail = format!("The 'if' clause value is invalid: {error}.");
            self.fail(condition, "Invalid 'for' condition", detail);
        }
        (self.error_count() == errors).then(|| result.marks())
    }

    fn for_element(&mut self, inner: &For, result: &mut ForResult) {
        if let Some(condition) = &inner.condition
            && !self.includes(condition, result)
        {
            return;
        }
        if let Some(key_expr) = &inner.result_key {
            let key = self.eval(key_expr);
            result.marks |= key.marks();
            if key.is_null() {
                if result.known {
                    let detail = "Key expression in 'for' expression must not produce a null value.";
                    self.fail(key_expr, "Invalid object key", detail);
                }
                result.known = false;
                return;
            }
            if !key.is_known() {
                result.known = false;
                return;
            }
            match convert(&key, &Type::String) {
                Ok(key) => result.keys.push(key.as_str().unwrap_or_default().into()),
                Err(error) => {
                    if result.known {
                        let detail = format!("The key expression produced an invalid result: {error}.");
                        self.fail(key_expr, "Invalid object key", detail);
                    }
                    result.known = false;
                    return;
                }
            }
        }
        result.values.push(self.eval(&inner.result));
    }

    fn includes(&mut self, condition: &Expr, result: &mut ForResult) -> bool {
        let include = self.eval(condition);
        result.marks |= include.marks();
        let problem = if include.is_null() {
            Some("The value of the 'if' clause must not be null.".to_string())
        } else {
            match convert(&include, &Type::Bool) {
                Ok(value) => match value.as_bool() {
                    Some(include) => return include,
                    None => None,
                },
                Err(error) => Some(format!("The 'if' clause value is invalid: {error}.")),
            }
        };
        if let Some(detail) = problem
            && result.known
        {
            self.fail(condition, "Invalid 'for' condition", detail);
        }
        result.known = false;
        false
    }

    fn for_result(&mut self, inner: &For, expr: &Expr, result: ForResult) -> Value {
        if !result.known {
            return Value::dynamic().with_marks(result.marks);
        }
        let Some(key_expr) = &inner.result_key else {
            return Value::tuple(result.values).with_marks(result.marks);
        };
        let mut entries: Vec<(EcoString, Value)> = result.keys.into_iter().zip(result.values).collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        if inner.group {
            let groups = entries.chunk_by(|a, b| a.0 == b.0);
            let grouped: Vec<(EcoString, Value)> = groups
                .map(|group| (group[0].0.clone(), Value::tuple(group.iter().map(|(_, value)| value.clone()))))
                .collect();
            return Value::object(grouped).with_marks(result.marks);
        }
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let detail = format!(
                "Two items of this 'for' expression have the key {:?}. Write an ellipsis (...) after the value to \
                 collect the values of each key in a list.",
                pair[0].0
            );
            let error = Diagnostic::error("Duplicate object key", detail).at(key_expr.span).within(expr.span);
            self.fail_with(error, key_expr);
        }
        Value::object(entries).with_marks(result.marks)
    }

    fn call(&mut self, call: &Call, expr: &Expr) -> Value {
        match &call.callee {
            Callee::BuiltIn(function) => self.call_built_in(function, call, expr),
            Callee::Try => self.call_try(call, expr),
            Callee::Can => self.call_can(call, expr),
            Callee::Type => match &call.args[..] {
                [only] => Value::meta(self.eval(only).ty()),
                _ => self.fail_call(call, expr, CallError::new("it takes exactly one argument")),
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
                let Some(args) = self.arguments(call, expr) else { return Value::dynamic() };
                match self.scope.call_provider(provider, function, args) {
                    Ok(value) => value,
                    Err(error) => self.fail_call(call, expr, error),
                }
            }
            Callee::Unknown => {
                diagnose::unknown_function(call, &mut self.diags);
                Value::dynamic()
            }
        }
    }

    fn call_built_in(&mut self, function: &'static Function, call: &Call, expr: &Expr) -> Value {
        let errors = self.error_count();
        let Some(args) = self.arguments(call, expr) else { return Value::dynamic() };
        if let Some(problem) = diagnose::argument_count(function, call, args.len()) {
            self.fail_with(problem, expr);
            return Value::dynamic();
        }
        if self.error_count() > errors {
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

    /// Evaluates the arguments and spreads the last one where `...` follows it; nothing if that cannot be done.
    pub(super) fn arguments(&mut self, call: &Call, expr: &Expr) -> Option<Vec<Value>> {
        let mut args: Vec<Value> = call.args.iter().map(|arg| self.eval(arg)).collect();
        if !call.expand {
            return Some(args);
        }
        let last = args.pop()?;
        let last_expr = call.args.last()?;
        let (last, marks) = last.unmark();
        let ty = last.ty();
        if !matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_) | Type::Dynamic) || last.is_null() {
            let detail = "What stands before the ellipsis (...) must be a list, set or tuple, and not null.";
            let error =
                Diagnostic::error("Invalid expanding argument value", detail).at(last_expr.span).within(expr.span);
            self.fail_with(error, last_expr);
            return None;
        }
        match last.as_sequence() {
            Some(elements) => {
                args.extend(elements.iter().map(|element| element.clone().with_marks(marks)));
                Some(args)
            }
            None => None,
        }
    }

    fn call_try(&mut self, call: &Call, expr: &Expr) -> Value {
        if call.args.is_empty() {
            return self.fail_call(call, expr, CallError::new("at least one argument is required"));
        }
        let mut problems = Vec::new();
        for arg in &call.args {
            let outer = std::mem::take(&mut self.diags);
            let value = self.eval(arg);
            let found = std::mem::replace(&mut self.diags, outer);
            if found.has_errors() {
                problems.extend(found);
                continue;
            }
            // A partly unknown value may yet turn out to be an error, and another argument the result.
            if !value.is_wholly_known() {
                return Value::dynamic().with_marks(value.marks_deep());
            }
            return value;
        }
        let list: String =
            problems.iter().map(|p| format!("\n  - {}: {}", p.summary, p.detail)).collect::<Vec<_>>().concat();
        self.fail_call(call, expr, CallError::new(format!("no expression succeeded:{list}\n\nAt least one must")))
    }

    fn call_can(&mut self, call: &Call, expr: &Expr) -> Value {
        let [only] = &call.args[..] else {
            return self.fail_call(call, expr, CallError::new("it takes exactly one argument"));
        };
        let outer = std::mem::take(&mut self.diags);
        let value = self.eval(only);
        let found = std::mem::replace(&mut self.diags, outer);
        if found.has_errors() {
            return Value::FALSE;
        }
        if !value.is_wholly_known() {
            return Value::unknown(Type::Bool).refine_not_null();
        }
        Value::TRUE
    }

    /// Reports a failed call at the argument at fault or the whole call.
    pub(super) fn fail_call(&mut self, call: &Call, expr: &Expr, error: CallError) -> Value {
        let problem = diagnose::call_failed(call, expr, &error);
        let at_fault = error.argument.and_then(|index| call.args.get(index)).unwrap_or(expr);
        self.fail_with(problem, at_fault);
        Value::dynamic()
    }

    /// Reports an error at an expression, with the values of its references.
    pub(crate) fn fail(&mut self, expr: &Expr, summary: &str, detail: impl Into<String>) {
        self.fail_with(Diagnostic::error(summary, detail).at(expr.span), expr);
    }

    /// Reports an error with the values of the references in an expression.
    pub(crate) fn fail_with(&mut self, mut problem: Diagnostic, expr: &Expr) {
        problem.values = diagnose::reference_values(self, expr);
        self.diags.push(problem);
    }

    pub(super) fn error_count(&self) -> usize {
        self.diags.iter().filter(|diagnostic| diagnostic.is_error()).count()
    }
}

struct ForResult {
    known: bool,
    marks: Marks,
    keys: Vec<EcoString>,
    values: Vec<Value>,
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

/// Returns keys and elements of a known compound value as `for` sees them; a set's elements are their own keys.
pub(crate) fn elements(value: &Value) -> Option<Vec<(Value, Value)>> {
    match value.kind() {
        Kind::List(list) => Some(numbered(list.values())),
        Kind::Tuple(tuple) => Some(numbered(tuple.values())),
        Kind::Set(set) => Some(set.values().iter().map(|value| (value.clone(), value.clone())).collect()),
        Kind::Map(map) => {
            Some(map.entries().iter().map(|(key, value)| (Value::string(key.clone()), value.clone())).collect())
        }
        Kind::Object(object) => {
            Some(object.iter().map(|(name, value)| (Value::string(name.clone()), value.clone())).collect())
        }
        _ => None,
    }
}

fn numbered(values: &[Value]) -> Vec<(Value, Value)> {
    values.iter().enumerate().map(|(index, value)| (Value::from(index as i64), value.clone())).collect()
}
