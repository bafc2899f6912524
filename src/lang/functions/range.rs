//! `range`: numbers at equal distances.

use value::{Number, Type, Value};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

/// More numbers are an error: a slip in an argument shall not fill the memory.
const LENGTH_MAX: usize = 1024;

pub(super) static RANGE: Function = Function {
    name: "range",
    summary: "Returns the numbers from a start (default 0) up to but not including an end, at the distance of a step \
              (default 1, or -1 if the end is below the start): `range(end)`, `range(start, end)`, \
              `range(start, end, step)`. There may be 1024 at most.",
    params: &[],
    rest: Some(param("params", types::number)),
    returns: Returns::Fixed(list_number),
    examples: &[
        example("range(3)", "tolist([\n  0,\n  1,\n  2,\n])"),
        example("range(2, 0)", "tolist([\n  2,\n  1,\n])"),
        example("range(0, 1, 0.5)", "tolist([\n  0,\n  0.5,\n])"),
        example("range(0)", "tolist([])"),
        example("range(1, 5, -1)", "error: with a negative step the end must not be above the start"),
        example("range(1025)", "error: more than 1024 numbers"),
    ],
    code: Code::Eager(range),
};

fn list_number() -> Type {
    Type::list(Type::Number)
}

fn range(call: &Call<'_>) -> Outcome {
    let numbers: Vec<&Number> = call.args.iter().filter_map(Value::as_number).collect();
    let (start, end, step) = match numbers.as_slice() {
        [end] => (Number::ZERO, *end, None),
        [start, end] => ((*start).clone(), *end, None),
        [start, end, step] => ((*start).clone(), *end, Some((*step).clone())),
        _ => return Err(CallError::new(format!("it takes one, two or three numbers, not {}", numbers.len()))),
    };
    let step = step.unwrap_or_else(|| Number::from(if *end < start { -1 } else { 1 }));
    let down = step.signum() < 0;
    if down && *end > start {
        return Err(CallError::argument(1, "with a negative step the end must not be above the start"));
    }
    if !down && *end < start {
        return Err(CallError::argument(1, "with a positive step the end must not be below the start"));
    }
    let mut values = Vec::new();
    let mut next = start;
    while if down { next > *end } else { next < *end } {
        if values.len() >= LENGTH_MAX {
            return Err(CallError::new(format!("these would be more than {LENGTH_MAX} numbers")));
        }
        let following = next.add(&step);
        values.push(Value::number(next));
        next = following;
    }
    Ok(Value::list(Type::Number, values))
}
