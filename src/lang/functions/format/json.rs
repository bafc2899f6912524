//! JSON text of values as `%v` writes it: compact, safe to put into HTML.

use std::fmt::Write;

use value::{Kind, Value};

/// Writes a wholly known value as JSON, or tells why there is none.
pub(super) fn text(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    push(value, &mut out)?;
    Ok(out)
}

fn push(value: &Value, out: &mut String) -> Result<(), String> {
    match value.kind() {
        Kind::Null(_) => out.push_str("null"),
        Kind::Bool(true) => out.push_str("true"),
        Kind::Bool(false) => out.push_str("false"),
        Kind::Number(number) => out.push_str(&number.to_json().ok_or("infinity has no JSON form")?),
        Kind::String(text) => push_string(text, out),
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
            out.push('[');
            for (index, element) in value.as_sequence().unwrap_or_default().iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push(element, out)?;
            }
            out.push(']');
        }
        Kind::Map(_) | Kind::Object(_) => {
            out.push('{');
            for (index, (key, element)) in value.as_entries().unwrap_or_default().into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_string(key, out);
                out.push(':');
                push(element, out)?;
            }
            out.push('}');
        }
        Kind::Unknown(..) => return Err("the value is not known yet".into()),
        Kind::Meta(_) => return Err("a type has no JSON form".into()),
    }
    Ok(())
}

/// Writes a string in quotes; characters that mean something in HTML or end a line in JavaScript are escaped.
pub(super) fn push_string(text: &str, out: &mut String) {
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
            '\0'..'\u{20}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
