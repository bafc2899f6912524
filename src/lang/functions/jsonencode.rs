//! `jsonencode`: a value as JSON text, byte for byte as Terraform writes it.
//!
//! By hand, because the bytes are a promise: `<`, `>`, `&`, U+2028 and U+2029 are escaped, numbers never have an
//! exponent, nothing is indented.

use value::{Kind, Refinement, Type, Value};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static JSONENCODE: Function = Function {
    name: "jsonencode",
    summary: "Returns a value as JSON on one line. Sets become arrays, maps and objects become objects sorted by key.",
    params: &[param("val", types::any).null().unknown().dynamic()],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(
            r#"jsonencode({hello = "world", a = [1, true, null]})"#,
            r#""{\"a\":[1,true,null],\"hello\":\"world\"}""#,
        ),
        example(r#"jsonencode("<&>")"#, r#""\"\\u003c\\u0026\\u003e\"""#),
        example("jsonencode(null)", r#""null""#),
        example("jsonencode(1/0)", "error: "),
    ],
    code: Code::Eager(jsonencode),
};

fn jsonencode(call: &Call<'_>) -> Outcome {
    let value = &call.args[0];
    if !value.is_wholly_known() {
        return Ok(unknown_text(value));
    }
    let mut out = String::new();
    write_value(value, &mut out).map_err(|message| CallError::argument(0, message))?;
    Ok(out.into())
}

/// Returns the unknown text for a value that is not wholly known; where the value cannot be null its type says how the
/// text begins.
fn unknown_text(value: &Value) -> Value {
    let may_be_null = matches!(value.kind(), Kind::Unknown(_, refinement) if !refinement.not_null);
    let prefix = match value.ty() {
        _ if may_be_null => None,
        Type::String => Some("\"".into()),
        Type::Object(_) | Type::Map(_) => Some("{".into()),
        Type::Tuple(_) | Type::List(_) | Type::Set(_) => Some("[".into()),
        _ => None,
    };
    Value::unknown(Type::String).refine(Refinement { not_null: true, prefix, ..Refinement::default() })
}

/// Writes a wholly known value as JSON text, or tells why there is none.
pub(super) fn write_value(value: &Value, out: &mut String) -> Result<(), String> {
    match value.kind() {
        Kind::Null(_) => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Kind::Number(number) if number.is_infinite() => return Err("JSON has no infinite numbers".into()),
        Kind::Number(number) => out.push_str(&number.to_string()),
        Kind::String(text) => write_text(text, out),
        Kind::List(list) => write_array(list.values(), out)?,
        Kind::Set(set) => write_array(set.values(), out)?,
        Kind::Tuple(tuple) => write_array(tuple.values(), out)?,
        Kind::Map(map) => write_object(map.entries().iter().map(|(key, value)| (key.as_str(), value)), out)?,
        Kind::Object(object) => write_object(object.iter().map(|(name, value)| (name.as_str(), value)), out)?,
        Kind::Unknown(..) => return Err("a part of the value is not known yet".into()),
        Kind::Meta(_) => return Err("a type cannot be written as JSON".into()),
    }
    Ok(())
}

fn write_array(values: &[Value], out: &mut String) -> Result<(), String> {
    out.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(value, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_object<'a>(entries: impl Iterator<Item = (&'a str, &'a Value)>, out: &mut String) -> Result<(), String> {
    out.push('{');
    for (index, (key, value)) in entries.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write_value(value, out)?;
    }
    out.push('}');
    Ok(())
}

/// Writes a string in quotes.
pub(super) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use value::{Refinement, Type, Value};

    use super::super::testing::{check, check_table};

    #[test]
    fn agrees_with_terraform() {
        check_table("jsonencode", include_str!("tables/jsonencode.txt"));
    }

    #[test]
    fn of_what_is_not_known_the_beginning_may_be() {
        let unknown = || Value::unknown(Type::String);
        let expected = |prefix: Option<&str>| {
            let prefix = prefix.map(Into::into);
            Ok(Value::unknown(Type::String).refine(Refinement { not_null: true, prefix, ..Refinement::default() }))
        };
        check("jsonencode", [unknown()], expected(None));
        check("jsonencode", [unknown().refine_not_null()], expected(Some("\"")));
        check("jsonencode", [Value::tuple([unknown()])], expected(Some("[")));
        check("jsonencode", [Value::object([("a", unknown())])], expected(Some("{")));
        check("jsonencode", [Value::dynamic()], expected(None));
        let secret = Value::tuple([unknown().with_marks(value::Marks::SENSITIVE)]);
        check("jsonencode", [secret], expected(Some("[")).map(|text: Value| text.with_marks(value::Marks::SENSITIVE)));
    }
}
