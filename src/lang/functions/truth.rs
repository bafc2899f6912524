//! `alltrue`, `anytrue`: whether the bools in a list are true.

use value::{Kind, Type, Value};

use super::{Call, Code, Function, Outcome, Returns, example, param, parts::elements, types};

pub(super) static ALLTRUE: Function = Function {
    name: "alltrue",
    summary: "Tells whether all elements of a list are `true`; of an empty list they are. A null counts as `false`.",
    params: &[param("list", types::list_bool)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"alltrue([true, "true"])"#, "true"),
        example("alltrue([true, null])", "false"),
        example("alltrue([])", "true"),
        example("alltrue([1])", "error: bool required"),
    ],
    code: Code::Eager(alltrue),
};

pub(super) static ANYTRUE: Function = Function {
    name: "anytrue",
    summary: "Tells whether an element of a list is `true`; of an empty list none is.",
    params: &[param("list", types::list_bool)],
    rest: None,
    returns: Returns::Fixed(types::bool),
    examples: &[
        example(r#"anytrue(["false", true])"#, "true"),
        example("anytrue([false, null])", "false"),
        example("anytrue([])", "false"),
        example("anytrue(true)", "error: list of bool required"),
    ],
    code: Code::Eager(anytrue),
};

fn alltrue(call: &Call<'_>) -> Outcome {
    for value in elements(&call.args[0]) {
        match value.kind() {
            Kind::Unknown(..) => return Ok(Value::unknown(Type::Bool)),
            Kind::Bool(true) => {}
            _ => return Ok(Value::FALSE),
        }
    }
    Ok(Value::TRUE)
}

fn anytrue(call: &Call<'_>) -> Outcome {
    let mut unknown = false;
    for value in elements(&call.args[0]) {
        match value.kind() {
            Kind::Unknown(..) => unknown = true,
            Kind::Bool(true) => return Ok(Value::TRUE),
            _ => {}
        }
    }
    Ok(if unknown { Value::unknown(Type::Bool) } else { Value::FALSE })
}
