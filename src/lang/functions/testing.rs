//! One way to test functions: a call by name and what it gives.

use value::Value;

use super::{CallError, Environment, find};

/// Calls a function.
pub(super) fn call(name: &str, args: impl IntoIterator<Item = Value>) -> Result<Value, CallError> {
    let function = find(name).unwrap_or_else(|| panic!("there is no function {name}"));
    function.call(args.into_iter().collect(), &Environment::for_tests("/"))
}

/// Checks the result of a call; of an expected error a part of the message is enough.
#[track_caller]
pub(super) fn check(name: &str, args: impl IntoIterator<Item = Value>, expected: Result<Value, &str>) {
    match (call(name, args), expected) {
        (Ok(value), Ok(expected)) => {
            let same = value == expected && value.ty() == expected.ty() && value.marks_deep() == expected.marks_deep();
            assert!(same, "{name}: got {value:?} of {}, expected {expected:?} of {}", value.ty(), expected.ty());
        }
        (Err(error), Err(part)) => assert!(error.message.contains(part), "{name}: {error} lacks {part}"),
        (got, expected) => panic!("{name}: got {got:?}, expected {expected:?}"),
    }
}
