//! Conversion between types, and the one type that several types convert to.

use std::fmt;

use crate::{Path, Type, Value};

/// Why a value does not convert.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversionError {
    /// Where inside the value the conversion fails.
    pub path: Path,
    /// What is wrong there: `a number is required`.
    pub message: String,
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Converts a value to a type constraint, as an argument of that type would be.
///
/// Marks stay where they are; unknowns become unknowns of the type with those refinements that still hold; optional
/// attributes that are missing become null; attributes that the type does not have are dropped.
pub fn convert(_value: &Value, _ty: &Type) -> Result<Value, ConversionError> {
    panic!("skeleton")
}

/// Tells whether values of `from` may convert to `to`; if not, says why as [`convert`] would.
pub fn convertible(_from: &Type, _to: &Type) -> Result<(), ConversionError> {
    panic!("skeleton")
}

/// Returns the one type that values of all the types convert to, if there is one.
pub fn unify(_types: &[Type]) -> Option<Type> {
    panic!("skeleton")
}
