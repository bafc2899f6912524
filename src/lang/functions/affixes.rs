//! `endswith`, `startswith`, `strcontains`: whether a string is part of another.

use value::{Kind, Type, Value};

use super::{Call, Code, Function, Outcome, Returns, example, param, types};

pub(super) static ENDSWITH: Function = Function {
    name: "endswith",
    summary: "Tells whether a string ends with another.",
    params: &[param("str", types::string), param("suffix", types::string)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"endswith("hello world", "world")"#, "true"),
        example(r#"endswith("hello world", "hello")"#, "false"),
        example(r#"endswith("x", "")"#, "true"),
        example(r#"endswith(null, "")"#, "error: must not be null"),
    ],
    code: Code::Eager(|call| Ok(Value::bool(call.text(0).ends_with(call.text(1))))),
};

pub(super) static STARTSWITH: Function = Function {
    name: "startswith",
    summary: "Tells whether a string starts with another.",
    params: &[param("str", types::string).unknown(), param("prefix", types::string)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"startswith("hello world", "hello")"#, "true"),
        example(r#"startswith("hello world", "world")"#, "false"),
        example(r#"startswith("", "")"#, "true"),
    ],
    code: Code::Eager(starts_with),
};

pub(super) static STRCONTAINS: Function = Function {
    name: "strcontains",
    summary: "Tells whether a string has another in it.",
    params: &[param("str", types::string), param("substr", types::string)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"strcontains("hello world", "wor")"#, "true"),
        example(r#"strcontains("hello world", "wod")"#, "false"),
    ],
    // Nullable only in what is said about unknown results.
    code: Code::Nullable(|call| Ok(Value::bool(call.text(0).contains(call.text(1))))),
};

fn starts_with(call: &Call<'_>) -> Outcome {
    let prefix = call.text(1);
    let Kind::Unknown(_, known) = call.args[0].kind() else {
        return Ok(Value::bool(call.text(0).starts_with(prefix)));
    };
    let start = known.prefix.as_deref().unwrap_or_default();
    Ok(if start.starts_with(prefix) {
        Value::TRUE
    } else if start.len() >= prefix.len() {
        Value::FALSE
    } else {
        Value::unknown(Type::Bool)
    })
}
