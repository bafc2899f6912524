//! One `check` for the functions' tests.

use value::Value;

use super::{Environment, find};

/// Calls a function in an environment of the folder `/`; an expected error is a part of the message.
pub(super) fn check<const N: usize>(name: &str, args: [Value; N], expected: Result<Value, &str>) {
    check_in(&Environment::for_tests("/"), name, args, expected);
}

/// Calls a function in an environment; an expected error is a part of the message.
pub(super) fn check_in<const N: usize>(env: &Environment, name: &str, args: [Value; N], expected: Result<Value, &str>) {
    let function = find(name).unwrap_or_else(|| panic!("there is no function {name}"));
    let call = format!("{name}({args:?})");
    match (function.call(args.to_vec(), env), expected) {
        (Ok(result), Ok(expected)) => assert_eq!(result, expected, "{call}"),
        (Err(error), Err(part)) => assert!(error.message.contains(part), "{call}: {}", error.message),
        (result, expected) => panic!("{call}: {result:?} is not {expected:?}"),
    }
}
