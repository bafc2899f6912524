//! What several functions do with their arguments.

use value::{Marks, Number, Value};

use super::{Call, CallError};

static ZERO: Number = Number::ZERO;

/// Returns a known number argument.
pub(super) fn number<'a>(call: &'a Call<'_>, index: usize) -> &'a Number {
    call.args.get(index).and_then(Value::as_number).unwrap_or(&ZERO)
}

/// Says that an argument is not what it should be, and why; the reason may quote it, so it is left out if an argument
/// is sensitive.
pub(super) fn is_not(call: &Call<'_>, index: usize, what: &str, reason: &str) -> CallError {
    let shown = call.shown(call.text(index));
    if is_sensitive(call) {
        return CallError::argument(index, format!("{shown} is not {what}"));
    }
    CallError::argument(index, format!("{shown} is not {what}: {reason}"))
}

/// Tells whether messages must not quote arguments.
pub(super) fn is_sensitive(call: &Call<'_>) -> bool {
    call.marks.contains(Marks::SENSITIVE)
}
