//! `for` expressions.

use diag::Diagnostic;
use ecow::EcoString;
use value::{Kind, Marks, Type, Value, convert};

use super::{Evaluator, Expr, For};

impl Evaluator<'_> {
    pub(super) fn for_expr(&mut self, inner: &For, expr: &Expr) -> Value {
        let collection = self.eval(&inner.collection);
        if collection.is_null() {
            let detail = "A null value cannot be used as the collection in a 'for' expression.";
            self.fail_within(&inner.collection, expr.span, "Iteration over null value", detail);
            return Value::dynamic();
        }
        if matches!(collection.kind(), Kind::Unknown(Type::Dynamic, _)) {
            return Value::dynamic().with_marks(collection.marks());
        }
        let (collection, marks) = collection.unmark();
        if !can_iterate(&collection) {
            let name = collection.ty().friendly_name();
            let detail = format!("A value of type {name} cannot be used as the collection in a 'for' expression.");
            self.fail_within(&inner.collection, expr.span, "Iteration over non-iterable value", detail);
            return Value::dynamic();
        }
        let Some(condition_marks) = self.probe_condition(inner, expr) else { return Value::dynamic() };
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
            self.for_element(inner, expr, &mut result);
            self.slots.truncate(depth);
        }
        self.for_result(inner, expr, result)
    }

    /// Evaluates the condition with unknown elements: a mistake of type is then reported once, not per element.
    fn probe_condition(&mut self, inner: &For, expr: &Expr) -> Option<Marks> {
        let Some(condition) = &inner.condition else { return Some(Marks::NONE) };
        let found = self.diags.len();
        let depth = self.slots.len();
        self.slots.resize(depth + 1 + usize::from(inner.has_key), Value::dynamic());
        let result = self.eval(condition);
        self.slots.truncate(depth);
        if result.is_null() {
            let detail = "The value of the 'if' clause must not be null.";
            self.fail_within(condition, expr.span, "Condition is null", detail);
        } else if let Err(error) = convert(&result, &Type::Bool) {
            let detail = format!("The 'if' clause value is invalid: {error}.");
            self.fail_within(condition, expr.span, "Invalid 'for' condition", detail);
        }
        (!self.failed_since(found)).then(|| result.marks())
    }

    fn for_element(&mut self, inner: &For, expr: &Expr, result: &mut ForResult) {
        if let Some(condition) = &inner.condition
            && !self.includes(condition, expr, result)
        {
            return;
        }
        if let Some(key_expr) = &inner.result_key {
            let key = self.eval(key_expr);
            result.marks |= key.marks();
            if key.is_null() {
                if result.known {
                    let detail = "Key expression in 'for' expression must not produce a null value.";
                    self.fail_within(key_expr, expr.span, "Invalid object key", detail);
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
                        self.fail_within(key_expr, expr.span, "Invalid object key", detail);
                    }
                    result.known = false;
                    return;
                }
            }
        }
        result.values.push(self.eval(&inner.result));
    }

    fn includes(&mut self, condition: &Expr, expr: &Expr, result: &mut ForResult) -> bool {
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
            self.fail_within(condition, expr.span, "Invalid 'for' condition", detail);
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
}

struct ForResult {
    known: bool,
    marks: Marks,
    keys: Vec<EcoString>,
    values: Vec<Value>,
}

/// Tells whether a value that is not null has elements, known or not.
fn can_iterate(value: &Value) -> bool {
    match value.kind() {
        Kind::Unknown(ty, _) => ty.is_collection() || matches!(ty, Type::Tuple(_) | Type::Object(_)),
        _ => value.element_count().is_some(),
    }
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
