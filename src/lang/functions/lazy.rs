//! `can`, `convert`, `try`: documentation of what the evaluator itself does, as their arguments may fail.

use value::Type;

use super::{Code, Function, Returns, example, param, types};

pub(super) static CAN: Function = Function {
    name: "can",
    summary: "Tells whether the expression gives a value and no error; for conditions in validation rules. Errors that \
              do not depend on a value, such as a reference to what is not declared, are reported all the same.",
    params: &[param("expression", types::any)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example("can(1 + 1)", "true"),
        example(r#"can(tonumber("a"))"#, "false"),
        example("can({ a = 1 }.b)", "false"),
    ],
    code: Code::Lazy,
};

pub(super) static CONVERT: Function = Function {
    name: "convert",
    summary: "Converts a value to a type, given as a type constraint.",
    params: &[param("value", types::any).null().dynamic(), param("type", || Type::Meta)],
    rest: None,
    returns: Returns::Fixed(types::any),
    examples: &[
        example(r#"convert("1", number)"#, "1"),
        example("convert([1], set(string))", "toset([\n  \"1\",\n])"),
        example(r#"convert("a", number)"#, "error: number"),
    ],
    code: Code::Lazy,
};

pub(super) static TRY: Function = Function {
    name: "try",
    summary: "Returns the value of the first expression that gives no error.",
    params: &[],
    rest: Some(param("expressions", types::any)),
    returns: Returns::Fixed(types::any),
    examples: &[
        example(r#"try(tonumber("a"), 2)"#, "2"),
        example("try({ a = 1 }.b, null)", "null"),
        example(r#"try(tonumber("a"))"#, "error: a"),
    ],
    code: Code::Lazy,
};
