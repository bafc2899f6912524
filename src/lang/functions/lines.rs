//! `indent`: spaces at the beginning of lines.

use value::Value;

use super::{Call, CallError, Code, Function, Outcome, Returns, check_size, example, param, types};

pub(super) static INDENT: Function = Function {
    name: "indent",
    summary: "Puts spaces at the beginning of every line but the first.",
    params: &[
        param("spaces", types::number).summary("How many spaces."),
        param("str", types::string).summary("The lines."),
    ],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"indent(2, "[\nfoo,\n]")"#, "<<EOT\n[\n  foo,\n  ]\nEOT"),
        example(r#"indent(3, "one line")"#, r#""one line""#),
        example(r#"indent(-1, "x")"#, "error: must not be negative"),
    ],
    code: Code::Eager(indent),
};

fn indent(call: &Call<'_>) -> Outcome {
    let spaces = call.whole(0)?;
    let lines = call.text(1);
    let Ok(spaces) = usize::try_from(spaces) else {
        return Err(CallError::argument(0, "must not be negative"));
    };
    let breaks = lines.bytes().filter(|b| *b == b'\n').count();
    check_size(spaces.saturating_mul(breaks).saturating_add(lines.len()))?;
    if breaks == 0 {
        return Ok(Value::string(lines));
    }
    Ok(Value::string(lines.replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}
