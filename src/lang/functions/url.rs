//! `urlencode`, `urldecode`: text for the query part of a URL.

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

pub(super) static URLENCODE: Function = Function {
    name: "urlencode",
    summary: "Escapes a text so that it can stand in the query of a URL: a space becomes `+`, other bytes with a \
              meaning become `%` and two digits.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"urlencode("Hello World!")"#, r#""Hello+World%21""#),
        example(r#"urlencode("☃")"#, r#""%E2%98%83""#),
        example("urlencode(null)", "error: must not be null"),
    ],
    code: Code::Eager(|call| Ok(encode(call.text(0)).into())),
};

pub(super) static URLDECODE: Function = Function {
    name: "urldecode",
    summary: "Takes the escapes of `urlencode` out of a text.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"urldecode("Hello+World%21")"#, r#""Hello World!""#),
        example(r#"urldecode("100%")"#, "error: two hexadecimal digits must follow"),
    ],
    code: Code::Eager(urldecode),
};

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn urldecode(call: &Call<'_>) -> Outcome {
    let text = call.text(0);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let offset = text.len() - rest.len() - 1;
                let escape = after.get(..2).and_then(|digits| hex(digits[0], digits[1]));
                bytes.push(escape.ok_or_else(|| {
                    let message = format!("two hexadecimal digits must follow the `%` at offset {offset}");
                    CallError::argument(0, message)
                })?);
                rest = &after[2..];
            }
            _ => bytes.push(byte),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| CallError::argument(0, "the decoded bytes are not UTF-8 text"))?;
    Ok(text.into())
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn everything_but_unreserved_characters_is_escaped() {
        check(
            "urlencode",
            ["a b+c/d?e=f&g~h-i_j.k*l!m'(n)é".into()],
            Ok("a+b%2Bc%2Fd%3Fe%3Df%26g~h-i_j.k%2Al%21m%27%28n%29%C3%A9".into()),
        );
    }

    #[test]
    fn decoding_takes_it_back() {
        check("urldecode", ["a+b%2Bc%c3%a9".into()], Ok("a b+cé".into()));
        check("urldecode", ["a%4".into()], Err("the `%` at offset 1"));
        check("urldecode", ["a%+1".into()], Err("the `%` at offset 1"));
        check("urldecode", ["%ff".into()], Err("not UTF-8"));
    }
}
