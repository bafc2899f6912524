//! The one way that unit tests of functions call them.

use value::Value;

use super::{Environment, find};

/// Calls a function and compares; an expected error is a part of the message.
#[track_caller]
pub(super) fn check(name: &str, args: impl IntoIterator<Item = Value>, expected: Result<Value, &str>) {
    let args: Vec<Value> = args.into_iter().collect();
    let shown = format!("{name}({args:?})");
    let function = find(name).unwrap_or_else(|| panic!("no function {name}"));
    match (function.call(args, &Environment::for_tests(".")), expected) {
        (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{shown}"),
        (Err(found), Err(wanted)) => assert!(found.message.contains(wanted), "{shown}: {found}"),
        (found, wanted) => panic!("{shown}: {found:?}, not {wanted:?}"),
    }
}
