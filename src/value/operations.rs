//! Operators on values: arithmetic, logic, order, length; each with unknowns, refinements and marks.
//!
//! They behave as the language's operators do, so operands of the right type are expected (the evaluator converts
//! first), null is an error and an unknown operand gives an unknown result that is not null. Equality has its own file.

use std::fmt;

use crate::{Kind, Number, Refinement, Type, Value};

/// Why an operation on values failed; the evaluator adds the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationError(pub String);

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OperationError {}

pub(crate) fn fail<T>(message: impl Into<String>) -> Result<T, OperationError> {
    Err(OperationError(message.into()))
}

/// Lengths above this are said to be this; no collection gets there.
const LENGTH_MAX: u64 = i64::MAX as u64;

impl Value {
    /// `!`, of a bool.
    #[allow(clippy::should_implement_trait)]
    pub fn not(&self) -> Result<Value, OperationError> {
        let result = bool_operand(self)?.map(|value| !value);
        Ok(bool_result(result).with_marks(self.marks()))
    }

    /// `&&`, of bools; unknown if either is unknown, even if the other is false: the language decides this way.
    pub fn and(&self, other: &Value) -> Result<Value, OperationError> {
        self.logic(other, |left, right| left && right)
    }

    /// `||`, of bools; unknown if either is unknown, even if the other is true: the language decides this way.
    pub fn or(&self, other: &Value) -> Result<Value, OperationError> {
        self.logic(other, |left, right| left || right)
    }

    /// `+`, of numbers.
    pub fn add(&self, other: &Value) -> Result<Value, OperationError> {
        self.arithmetic(other, |left, right| left.checked_add(right).ok_or("opposing infinities have no sum"))
    }

    /// `-`, of numbers.
    pub fn subtract(&self, other: &Value) -> Result<Value, OperationError> {
        let undefined = "infinity has no difference from infinity";
        self.arithmetic(other, |left, right| left.checked_subtract(right).ok_or(undefined))
    }

    /// `*`, of numbers.
    pub fn multiply(&self, other: &Value) -> Result<Value, OperationError> {
        self.arithmetic(other, |left, right| left.checked_multiply(right).ok_or("can't multiply zero by infinity"))
    }

    /// `/`, of numbers; a number other than zero divided by zero is infinite.
    pub fn divide(&self, other: &Value) -> Result<Value, OperationError> {
        let undefined = "can't divide zero by zero or infinity by infinity";
        self.arithmetic(other, |left, right| left.divide(right).ok_or(undefined))
    }

    /// `%`, of numbers; the remainder of a division by zero is the dividend, infinity is an error.
    pub fn remainder(&self, other: &Value) -> Result<Value, OperationError> {
        self.arithmetic(other, |left, right| left.remainder(right).ok_or("infinity has no remainder"))
    }

    /// Prefix `-`, of a number.
    pub fn negate(&self) -> Result<Value, OperationError> {
        let result = match number_operand(self)? {
            Some(number) => Value::number(number.negate()),
            None => unknown_not_null(Type::Number),
        };
        Ok(result.with_marks(self.marks()))
    }

    /// `<`, of numbers; the bounds of an unknown number may decide.
    pub fn less_than(&self, other: &Value) -> Result<Value, OperationError> {
        number_operand(self)?;
        number_operand(other)?;
        Ok(bool_result(less(self, other)).with_marks(self.marks() | other.marks()))
    }

    /// `<=`, of numbers; the bounds of an unknown number may decide.
    pub fn less_or_equal(&self, other: &Value) -> Result<Value, OperationError> {
        number_operand(self)?;
        number_operand(other)?;
        let result = match (less(self, other), crate::equality::compare(self, other)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        Ok(bool_result(result).with_marks(self.marks() | other.marks()))
    }

    /// `length`: the number of elements, unknown with bounds for an unknown collection; sets with unknown elements
    /// have bounds, too.
    pub fn length(&self) -> Result<Value, OperationError> {
        let result = match self.kind() {
            Kind::Null(_) => return fail("argument must not be null"),
            Kind::Unknown(ty, refinement) => length_of_unknown(ty, refinement)?,
            Kind::Set(set) if set.values().len() > 1 && !self.is_wholly_known() => {
                between(1, set.values().len() as u64)
            }
            _ => match self.element_count() {
                Some(count) => Value::number(count),
                None => return fail("a collection is required"),
            },
        };
        Ok(result.with_marks(self.marks()))
    }

    fn logic(&self, other: &Value, decide: impl Fn(bool, bool) -> bool) -> Result<Value, OperationError> {
        let result = match (bool_operand(self)?, bool_operand(other)?) {
            (Some(left), Some(right)) => Some(decide(left, right)),
            _ => None,
        };
        Ok(bool_result(result).with_marks(self.marks() | other.marks()))
    }

    /// Calculates with numbers; the calculation says why it has no result.
    fn arithmetic(
        &self,
        other: &Value,
        calculate: impl Fn(&Number, &Number) -> Result<Number, &'static str>,
    ) -> Result<Value, OperationError> {
        let result = match (number_operand(self)?, number_operand(other)?) {
            (Some(left), Some(right)) => match calculate(left, right) {
                Ok(number) => Value::number(number),
                Err(reason) => return fail(reason),
            },
            _ => unknown_not_null(Type::Number),
        };
        Ok(result.with_marks(self.marks() | other.marks()))
    }
}

/// Returns the number, or nothing if it is unknown.
fn number_operand(value: &Value) -> Result<Option<&Number>, OperationError> {
    match value.kind() {
        Kind::Number(number) => Ok(Some(number)),
        Kind::Unknown(Type::Number | Type::Dynamic, _) => Ok(None),
        Kind::Null(_) => fail("argument must not be null"),
        _ => fail("a number is required"),
    }
}

/// Returns the bool, or nothing if it is unknown.
fn bool_operand(value: &Value) -> Result<Option<bool>, OperationError> {
    match value.kind() {
        Kind::Bool(value) => Ok(Some(value)),
        Kind::Unknown(Type::Bool | Type::Dynamic, _) => Ok(None),
        Kind::Null(_) => fail("argument must not be null"),
        _ => fail("a bool is required"),
    }
}

pub(crate) fn bool_result(result: Option<bool>) -> Value {
    result.map_or_else(|| unknown_not_null(Type::Bool), Value::bool)
}

fn unknown_not_null(ty: Type) -> Value {
    Value::unknown_refined(ty, Refinement::not_null())
}

/// Compares two numbers, one of which may be known by its bounds only.
fn less(left: &Value, right: &Value) -> Option<bool> {
    if let (Some(left), Some(right)) = (left.as_number(), right.as_number()) {
        return Some(left.compare_exactly(right).is_lt());
    }
    let (left_min, left_max) = bounds(left);
    let (right_min, right_max) = bounds(right);
    match (left_max, right_min, left_min, right_max) {
        (Some(left_max), Some(right_min), _, _) if left_max.compare_exactly(right_min).is_lt() => Some(true),
        (_, _, Some(left_min), Some(right_max)) if left_min.compare_exactly(right_max).is_gt() => Some(false),
        _ => None,
    }
}

fn bounds(value: &Value) -> (Option<&Number>, Option<&Number>) {
    match value.kind() {
        Kind::Number(number) => (Some(number), Some(number)),
        Kind::Unknown(_, refinement) => {
            (refinement.number_min.as_ref().map(|bound| &bound.0), refinement.number_max.as_ref().map(|bound| &bound.0))
        }
        _ => (None, None),
    }
}

fn length_of_unknown(ty: &Type, refinement: &Refinement) -> Result<Value, OperationError> {
    match ty {
        Type::Tuple(elements) => Ok(Value::number(elements.len())),
        Type::Object(object) => Ok(Value::number(object.attributes().len())),
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            Ok(between(refinement.length_min.unwrap_or(0), refinement.length_max.unwrap_or(LENGTH_MAX)))
        }
        Type::Dynamic => Ok(between(0, LENGTH_MAX)),
        _ => fail("a collection is required"),
    }
}

fn between(min: u64, max: u64) -> Value {
    Value::unknown(Type::Number).refine(Refinement {
        not_null: true,
        number_min: Some((Number::from(min), true)),
        number_max: Some((Number::from(max), true)),
        ..Refinement::default()
    })
}

#[cfg(test)]
#[path = "operations_tests.rs"]
mod tests;
