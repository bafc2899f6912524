//! Operators on values: arithmetic, comparison, logic, access; each with unknowns, refinements and marks.

use crate::{Marks, Path, Refinement, Value};

/// Why an operation on values failed; the evaluator adds the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationError(pub String);

impl Value {
    /// `==`: a bool, unknown where an unknown decides. Values of different types are not equal; no conversion.
    pub fn equals(&self, _other: &Value) -> Value {
        panic!("skeleton")
    }

    /// `!`, of a bool.
    #[allow(clippy::should_implement_trait)]
    pub fn not(&self) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `&&`, of bools; false if either is known to be false.
    pub fn and(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `||`, of bools; true if either is known to be true.
    pub fn or(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `+`, of numbers.
    pub fn add(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `-`, of numbers.
    pub fn subtract(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `*`, of numbers.
    pub fn multiply(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `/`, of numbers.
    pub fn divide(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `%`, of numbers.
    pub fn remainder(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// Prefix `-`, of a number.
    pub fn negate(&self) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `<`, of numbers.
    pub fn less_than(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `<=`, of numbers.
    pub fn less_or_equal(&self, _other: &Value) -> Result<Value, OperationError> {
        panic!("skeleton")
    }

    /// `length`: the number of elements, unknown with bounds for an unknown collection; sets with unknown elements
    /// have bounds, too.
    pub fn length(&self) -> Result<Value, OperationError> {
        panic!("skeleton")
    }
}

pub(crate) fn refine(value: Value, _add: Refinement) -> Value {
    value
}

pub(crate) fn collect_marks(_value: &Value, _path: &mut Path, _found: &mut Vec<(Path, Marks)>) {
    panic!("skeleton")
}

pub(crate) fn apply_marks(_value: Value, _paths: &[(Path, Marks)]) -> Value {
    panic!("skeleton")
}
