//! `abs`, `max`: simple arithmetic.

use value::Value;

use super::{Call, Code, Function, Returns, call::Outcome, example, param, types};

pub(super) static ABS: Function = Function {
    name: "abs",
    summary: "Returns the absolute value of a number.",
    params: &[param("num", types::number)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[example("abs(-12.4)", "12.4")],
    code: Code::Eager(abs),
};

pub(super) static MAX: Function = Function {
    name: "max",
    summary: "Returns the greatest of one or more numbers.",
    params: &[],
    rest: Some(param("numbers", types::number)),
    returns: Returns::Fixed(types::number),
    examples: &[example("max(12, 54, 3)", "54"), example("max()", "error: at least one number")],
    code: Code::Eager(max),
};

fn abs(call: &Call<'_>) -> Outcome {
    let number = call.args[0].as_number().expect("the parameter is a known number");
    Ok(Value::number(number.abs()))
}

fn max(call: &Call<'_>) -> Outcome {
    let numbers = call.args.iter().filter_map(Value::as_number);
    numbers.max().cloned().map(Value::number).ok_or_else(|| super::CallError::new("it needs at least one number"))
}
