//! Conversion and unification, with the results that terraform 1.11.4 (console) and go-cty 1.16.2 give.

use super::*;
use crate::{Marks, type_from_json, unify, value_from_json};

/// Reads a type: JSON, with `@object` types given whole.
fn ty(json: &str) -> Type {
    type_from_json(&serde_json::from_str(json).expect("JSON")).expect("type")
}

/// Reads a value by its own JSON type.
fn value(json: &str) -> Value {
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    value_from_json(&json, &crate::implied_type(&json)).expect("value")
}

/// Checks a conversion: the debug form and type of the result, or the path and message of the error.
#[track_caller]
fn check(from: &Value, to: &str, expected: &str) {
    let actual = match convert(from, &ty(to)) {
        Ok(value) => format!("{value:?} {}", value.ty()),
        Err(error) => format!("{}! {}", error.path, error.message),
    };
    assert_eq!(actual, expected, "{from:?} to {to}");
}

#[test]
fn primitives_convert_to_text_and_back() {
    check(&value("true"), r#""string""#, r#""true" string"#);
    check(&value("12.5"), r#""string""#, r#""12.5" string"#);
    check(&value(r#""1e3""#), r#""number""#, "1000 number");
    check(&value(r#""1""#), r#""bool""#, "true bool");
    check(&value(r#""false""#), r#""bool""#, "false bool");
    check(&value("1"), r#""bool""#, "! bool required");
    check(&value("true"), r#""number""#, "! number required");
    check(&value(r#""x""#), r#""number""#, "! a number is required");
    check(&value(r#""x""#), r#""bool""#, "! a bool is required");
    check(&value(r#""TRUE""#), r#""bool""#, r#"! a bool is required; the text must be in lowercase, "true""#);
    check(&value("[]"), r#""string""#, "! string required");
}

#[test]
fn tuples_become_lists_of_the_type_their_elements_share() {
    let any = r#"["list","dynamic"]"#;
    check(&value(r#"[1,"a",true]"#), any, r#"list["1", "a", "true"] list(string)"#);
    check(&value(r#"[{"a":1},{"a":"x"}]"#), any, r#"list[{"a": "1"}, {"a": "x"}] list(object({a=string}))"#);
    check(&value(r#"[{"a":1},{"b":"x"}]"#), any, r#"list[{"a": "1"}, {"b": "x"}] list(map(string))"#);
    check(&value(r#"[[1],["a",2]]"#), any, r#"list[list["1"], list["a", "2"]] list(list(string))"#);
    check(&value("[null,1]"), any, "list[null(number), 1] list(number)");
    check(&value("[null,null]"), any, "list[null(any), null(any)] list(any)");
    check(&value("[]"), any, "list[] list(any)");
    check(&value("[1,[2]]"), any, "! all list elements must have the same type");
    check(&value("[true,1]"), any, "! all list elements must have the same type");
    check(&value(r#"[["a"],null]"#), any, "! all list elements must have the same type");
    check(&value(r#"[{"a":1},null]"#), any, "! all list elements must have the same type");
    check(
        &value(r#"[{"a":[1,"x"]},{"a":[]}]"#),
        any,
        r#"list[{"a": list["1", "x"]}, {"a": list[]}] list(object({a=list(string)}))"#,
    );
}
