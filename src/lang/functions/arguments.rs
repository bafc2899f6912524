//! Access to arguments whose types the parameters have already made sure of.

use value::{Number, Value};

use super::{Call, CallError};

/// Returns a known string argument.
pub(super) fn text<'a>(call: &'a Call<'_>, index: usize) -> &'a str {
    call.args.get(index).and_then(Value::as_str).unwrap_or_default()
}

static ZERO: Number = Number::ZERO;

/// Returns a known number argument.
pub(super) fn number<'a>(call: &'a Call<'_>, index: usize) -> &'a Number {
    call.args.get(index).and_then(Value::as_number).unwrap_or(&ZERO)
}

/// Returns a known number argument that must be whole and fit 64 bits.
pub(super) fn whole(call: &Call<'_>, index: usize) -> Result<i64, CallError> {
    number(call, index)
        .to_i64()
        .ok_or_else(|| CallError::argument(index, format!("must be a whole number from {} to {}", i64::MIN, i64::MAX)))
}

/// Writes a text for a message: in quotes.
pub(super) fn shown(_call: &Call<'_>, text: &str) -> String {
    format!("{text:?}")
}
