//! `format`, `formatlist`: strings from a pattern and values.

mod render;
mod verbs;

use value::{Kind, Refinement, Type, Value};

use self::verbs::Failure;
use super::arguments::is_sensitive;
use super::{Call, CallError, Code, Function, Outcome, Returns, example, graphemes, param, types};

pub(super) static FORMAT: Function = Function {
    name: "format",
    summary: "Fills values into a pattern. `%s` stands for the next value as text, `%d` as whole number, `%f` as decimal \
              number, `%t` as bool, `%q` as text in quotes, `%v` in its usual form, `%#v` as JSON, `%%` for a percent \
              sign; a width, a precision and flags may stand between, and `[2]` chooses a value.",
    params: &[param("format", types::string)],
    rest: Some(param("args", types::any).null().unknown()),
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"format("Hello, %s!", "Ander")"#, r#""Hello, Ander!""#),
        example(r#"format("%03d %+.2f %x %5t|", 7, 2.5, 255, true)"#, r#""007 +2.50 ff true|""#),
        example(r#"format("%[2]s-%[1]s %v", "a", "b", [1, "<"])"#, "error: too many"),
        example(r#"format("%#v %v", "a", { b = null })"#, r#""\"a\" {\"b\":null}""#),
        example(r#"format("%s %s", "a")"#, "error: there is no argument 2"),
        example(r#"format("%d", 1.5)"#, "error: a whole number is required"),
    ],
    code: Code::Eager(format),
};

pub(super) static FORMATLIST: Function = Function {
    name: "formatlist",
    summary: "Fills values into a pattern as `format` does, once for each element of the lists among the arguments.",
    params: &[param("format", types::string)],
    rest: Some(param("args", types::any).null().unknown()),
    returns: Returns::Fixed(types::list_string),
    examples: &[
        example(r#"formatlist("%s!", ["a", "b"])"#, "tolist([\n  \"a!\",\n  \"b!\",\n])"),
        example(r#"formatlist("%s-%d", "x", [1, 2])"#, "tolist([\n  \"x-1\",\n  \"x-2\",\n])"),
        example(r#"formatlist("x")"#, "tolist([\n  \"x\",\n])"),
        example(r#"formatlist("%s%s", ["a"], ["b", "c"])"#, "error: has length 2, but argument 1 has length 1"),
    ],
    code: Code::Eager(format_list),
};

fn format(call: &Call<'_>) -> Outcome {
    let pattern = call.text(0);
    if call.args[1..].iter().any(|arg| !arg.is_wholly_known()) {
        return Ok(unknown_text(pattern));
    }
    let args: Vec<&Value> = call.args[1..].iter().collect();
    let written = verbs::write(pattern, &args).map_err(|failure| error(call, failure, None))?;
    Ok(Value::string(written))
}

/// Returns an unknown string of which the text before the first verb is known.
fn unknown_text(pattern: &str) -> Value {
    let prefix = pattern.find('%').map(|end| graphemes::safe_prefix(&pattern[..end]));
    let prefix = prefix.filter(|prefix| !prefix.is_empty()).map(Into::into);
    Value::unknown(Type::String).refine(Refinement { prefix, ..Refinement::not_null() })
}

fn error(call: &Call<'_>, failure: Failure, element: Option<usize>) -> CallError {
    let place = element.map(|index| format!("for element {index}: ")).unwrap_or_default();
    let problem = if is_sensitive(call) { "format and arguments do not fit each other" } else { &failure.problem };
    // The pattern is the function's own first argument.
    CallError::argument(failure.argument.unwrap_or(0), format!("{place}{problem}"))
}

fn format_list(call: &Call<'_>) -> Outcome {
    let pattern = call.text(0);
    let args = &call.args[1..];
    let Some(count) = iterations(args)? else {
        return Ok(Value::unknown(Type::list(Type::String)));
    };
    let mut results = Vec::with_capacity(count);
    for index in 0..count {
        let row: Vec<&Value> = args.iter().map(|arg| sequence(arg).map_or(arg, |elements| &elements[index])).collect();
        if row.iter().any(|arg| !arg.is_wholly_known()) {
            results.push(Value::unknown(Type::String).refine_not_null());
            continue;
        }
        let written = verbs::write(pattern, &row).map_err(|failure| error(call, failure, Some(index)))?;
        results.push(Value::string(written));
    }
    Ok(Value::list(Type::String, results))
}

fn sequence(arg: &Value) -> Option<&[Value]> {
    arg.as_sequence()
}

/// Returns how many strings there will be, nothing if that is not known yet.
fn iterations(args: &[Value]) -> Result<Option<usize>, CallError> {
    let mut chosen: Option<(usize, usize)> = None;
    let mut unknown = false;
    for (index, arg) in args.iter().enumerate() {
        let length = match arg.kind() {
            // Unknown elements of a set may turn out to be equal to others.
            Kind::Set(_) => arg.length().ok().and_then(|length| length.as_number()?.to_usize()),
            Kind::Unknown(Type::Tuple(elements), _) => {
                unknown = true;
                Some(elements.len())
            }
            Kind::Unknown(Type::List(_) | Type::Set(_) | Type::Dynamic, _) => None,
            _ => match sequence(arg) {
                Some(elements) => Some(elements.len()),
                None => continue,
            },
        };
        let Some(length) = length else {
            unknown = true;
            continue;
        };
        match chosen {
            None => chosen = Some((index, length)),
            Some((first, wanted)) if wanted != length => {
                let message = format!("has length {length}, but argument {} has length {wanted}", first + 1);
                return Err(CallError::argument(index + 1, message));
            }
            Some(_) => {}
        }
    }
    Ok((!unknown).then_some(chosen.map_or(1, |(_, length)| length)))
}
