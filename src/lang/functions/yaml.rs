//! `yamlencode`, `yamldecode`.
//!
//! Reading takes the events of `saphyr-parser` (pure Rust, maintained, with positions) and decides here what they
//! mean, because that is Terraform's: the words of YAML 1.1 (`yes`, `off`), the numbers of 1.2 (`0o17`), timestamps as
//! text. Writing is by hand: the bytes are a promise (everything quoted, lines folded after 80 characters).

mod decode;
mod encode;
mod scalar;
#[cfg(test)]
mod tests;
mod timestamp;

use value::{Type, Value};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static YAMLENCODE: Function = Function {
    name: "yamlencode",
    summary: "Returns a value as YAML in block style, with all strings and keys in quotes. Text of several lines \
              becomes a block.",
    params: &[param("value", types::any).null().dynamic()],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"yamlencode({a = "b", c = [1, true]})"#, "<<EOT\n\"a\": \"b\"\n\"c\":\n- 1\n- true\n\nEOT"),
        example("yamlencode([])", "<<EOT\n[]\n\nEOT"),
        example("yamlencode(null)", "<<EOT\nnull\n...\n\nEOT"),
    ],
    // An unknown result is not said to be "not null": Terraform does not say it either.
    code: Code::Nullable(yamlencode),
};

pub(super) static YAMLDECODE: Function = Function {
    name: "yamldecode",
    summary: "Reads one YAML document. Mappings become objects and sequences become tuples.",
    params: &[param("src", types::string)],
    rest: None,
    returns: Returns::Computed(|_| Ok(Type::Dynamic)),
    examples: &[
        example(r#"yamldecode("hello: world")"#, "{\n  \"hello\" = \"world\"\n}"),
        example(r#"yamldecode("true")"#, "true"),
        example(r#"yamldecode("{a: &x 1, b: *x}")"#, "{\n  \"a\" = 1\n  \"b\" = 1\n}"),
        example(r#"yamldecode("a: b: c")"#, "error: line 1"),
        example(r#"yamldecode("a\n---\nb")"#, "error: one document"),
    ],
    code: Code::Nullable(yamldecode),
};

/// Writes a value that is wholly known as YAML, as `yamlencode` does.
pub fn write(value: &Value) -> Result<String, String> {
    encode::encode(value)
}

/// Reads one document of YAML, as `yamldecode` does.
pub fn read(text: &str) -> Result<Value, String> {
    decode::decode(text)
        .map_err(|problem| format!("line {}, column {}: {}", problem.line, problem.column, problem.message))
}

fn yamlencode(call: &Call<'_>) -> Outcome {
    let value = &call.args[0];
    if !value.is_wholly_known() {
        return Ok(Value::unknown(Type::String));
    }
    let text = encode::encode(value).map_err(|message| CallError::argument(0, message))?;
    Ok(text.into())
}

fn yamldecode(call: &Call<'_>) -> Outcome {
    decode::decode(call.text(0)).map_err(|problem| {
        let (line, column) = (problem.line, problem.column);
        let reason = if call.is_sensitive() { String::new() } else { format!(": {}", problem.message) };
        CallError::argument(0, format!("the YAML text is wrong in line {line}, column {column}{reason}"))
    })
}
