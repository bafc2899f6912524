//! `abs`, `ceil`, `floor`, `max`, `min`, `parseint`, `signum`, `sum`: exact arithmetic.

use std::cmp::Ordering;

use value::{Number, Type, Value, convert};

use super::arguments::number;
use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static ABS: Function = Function {
    name: "abs",
    summary: "Returns the absolute value of a number.",
    params: &[param("num", types::number)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[
        example("abs(-12.4)", "12.4"),
        example("abs(23)", "23"),
        example(r#"abs("x")"#, "error: a number is required"),
    ],
    code: Code::Eager(|call| Ok(Value::number(number(call, 0).abs()))),
};

pub(super) static CEIL: Function = Function {
    name: "ceil",
    summary: "Returns the least whole number that is not below a number.",
    params: &[param("num", types::number)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[example("ceil(5)", "5"), example("ceil(5.1)", "6"), example("ceil(-5.9)", "-5")],
    code: Code::Eager(|call| Ok(Value::number(number(call, 0).ceil()))),
};

pub(super) static FLOOR: Function = Function {
    name: "floor",
    summary: "Returns the greatest whole number that is not above a number.",
    params: &[param("num", types::number)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[example("floor(5)", "5"), example("floor(4.9)", "4"), example("floor(-5.1)", "-6")],
    code: Code::Eager(|call| Ok(Value::number(number(call, 0).floor()))),
};

pub(super) static MAX: Function = Function {
    name: "max",
    summary: "Returns the greatest of one or more numbers.",
    params: &[],
    rest: Some(param("numbers", types::number)),
    returns: Returns::Fixed(types::number),
    examples: &[
        example("max(12, 54, 3)", "54"),
        example("max([12, 54]...)", "54"),
        example("max()", "error: at least one number"),
    ],
    code: Code::Eager(|call| extreme(call, Ordering::Greater)),
};

pub(super) static MIN: Function = Function {
    name: "min",
    summary: "Returns the least of one or more numbers.",
    params: &[],
    rest: Some(param("numbers", types::number)),
    returns: Returns::Fixed(types::number),
    examples: &[
        example("min(12, 54, 3)", "3"),
        example(r#"min("-1", 0.5)"#, "-1"),
        example("min()", "error: at least one number"),
    ],
    code: Code::Eager(|call| extreme(call, Ordering::Less)),
};

pub(super) static PARSEINT: Function = Function {
    name: "parseint",
    summary: "Reads a whole number that is written in a base from 2 to 62.",
    params: &[param("number", types::any), param("base", types::number)],
    rest: None,
    returns: Returns::Computed(parseint_type),
    examples: &[
        example(r#"parseint("100", 10)"#, "100"),
        example(r#"parseint("FF", 16)"#, "255"),
        example(r#"parseint("-10", 2)"#, "-2"),
        example(r#"parseint("aA", 62)"#, "656"),
        example(r#"parseint("12", 2)"#, r#"error: "12" is not a whole number in base 2"#),
        example(r#"parseint("0", 63)"#, "error: from 2 to 62"),
    ],
    code: Code::Eager(parseint),
};

pub(super) static SIGNUM: Function = Function {
    name: "signum",
    summary: "Returns the sign of a whole number: -1, 0 or 1.",
    params: &[param("num", types::number)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[
        example("signum(-13)", "-1"),
        example("signum(0)", "0"),
        example("signum(344)", "1"),
        example("signum(0.5)", "error: whole number"),
    ],
    code: Code::Eager(|call| Ok(Value::number(call.whole(0)?.signum()))),
};

pub(super) static SUM: Function = Function {
    name: "sum",
    summary: "Adds up the numbers of a list, set or tuple.",
    params: &[param("list", types::any)],
    rest: None,
    returns: Returns::Fixed(types::number),
    examples: &[
        example("sum([10, 13, 6, 4.5])", "33.5"),
        example(r#"sum(["1", 2])"#, "3"),
        example("sum([])", "error: at least one element"),
        example(r#"sum([1, "x"])"#, "error: element 1 is not a number"),
    ],
    code: Code::Eager(sum),
};

fn extreme(call: &Call<'_>, wanted: Ordering) -> Outcome {
    let mut numbers = call.args.iter().filter_map(Value::as_number);
    let Some(first) = numbers.next() else {
        return Err(CallError::new("it needs at least one number"));
    };
    let best = numbers.fold(first, |best, next| if next.compare_exactly(best) == wanted { next } else { best });
    Ok(Value::number(best.clone()))
}

fn parseint_type(call: &Call<'_>) -> Result<Type, CallError> {
    match call.args[0].ty() {
        Type::String => Ok(Type::Number),
        other => Err(CallError::argument(0, format!("must be a string, not {}", other.friendly_name()))),
    }
}

fn parseint(call: &Call<'_>) -> Outcome {
    let digits = call.text(0);
    let base = match u32::try_from(call.whole(1)?) {
        Ok(base @ 2..=62) => base,
        _ => return Err(CallError::argument(1, "the base must be from 2 to 62")),
    };
    Number::parse_radix(digits, base)
        .map(Value::number)
        .ok_or_else(|| CallError::argument(0, format!("{} is not a whole number in base {base}", call.shown(digits))))
}

fn sum(call: &Call<'_>) -> Outcome {
    let list = &call.args[0];
    let Some(elements) = list.as_sequence() else {
        let name = list.ty().friendly_name();
        return Err(CallError::argument(0, format!("must be a list, set or tuple, not {name}")));
    };
    if elements.is_empty() {
        return Err(CallError::argument(0, "must have at least one element"));
    }
    if !list.is_wholly_known() {
        return Ok(Value::unknown(Type::Number));
    }
    let mut total: Option<Number> = None;
    for (index, element) in elements.iter().enumerate() {
        let converted = convert(element, &Type::Number).ok();
        let Some(next) = converted.as_ref().and_then(Value::as_number) else {
            return Err(CallError::argument(0, format!("element {index} is not a number")));
        };
        total = Some(match total {
            None => next.clone(),
            Some(total) => total
                .checked_add(next)
                .ok_or_else(|| CallError::argument(0, "the sum of positive and negative infinity is not a number"))?,
        });
    }
    Ok(Value::number(total.unwrap_or(Number::ZERO)))
}
