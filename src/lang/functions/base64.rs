//! `base64encode`, `base64decode`: text to Base64 and back.

use ::base64::Engine;
use ::base64::alphabet::STANDARD;
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Call, CallError, Code, Function, Outcome, Returns, example, param, types};

/// Writes padding; reading, it wants padding and does not mind bits that stick out of the last character.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

pub(super) static BASE64ENCODE: Function = Function {
    name: "base64encode",
    summary: "Returns the Base64 form of the UTF-8 bytes of a text.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"base64encode("Hello World")"#, r#""SGVsbG8gV29ybGQ=""#),
        example(r#"base64encode("")"#, r#""""#),
        example("base64encode(null)", "error: must not be null"),
    ],
    code: Code::Eager(|call| Ok(encode(call.text(0).as_bytes()).into())),
};

pub(super) static BASE64DECODE: Function = Function {
    name: "base64decode",
    summary: "Returns the text whose UTF-8 bytes are given in Base64. Line breaks in the Base64 text do not matter.",
    params: &[param("str", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"base64decode("SGVsbG8gV29ybGQ=")"#, r#""Hello World""#),
        example(r#"base64decode("SGVsbG8")"#, "error: is not Base64"),
        example(r#"base64decode("/w==")"#, "error: not UTF-8"),
    ],
    code: Code::Eager(base64decode),
};

fn base64decode(call: &Call<'_>) -> Outcome {
    let bytes = decode(call.text(0)).map_err(|error| CallError::new(error.message(call, 0)))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        CallError::new(format!(
            "the decoded bytes are not UTF-8 text (byte {place} does not fit), and a string of the language can hold \
             nothing else"
        ))
    })?;
    Ok(text.into())
}

/// Returns the Base64 form of bytes, with padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

/// Where a text stops being Base64.
pub(super) struct NotBase64 {
    offset: usize,
    symbol: Option<char>,
}

impl NotBase64 {
    /// Says what is wrong with an argument.
    pub(super) fn message(&self, call: &Call<'_>, index: usize) -> String {
        let shown = call.shown(call.text(index));
        if shown.starts_with('(') {
            return format!("{shown} is not Base64");
        }
        match self.symbol {
            Some(symbol) => format!("{shown} is not Base64: {symbol:?} at offset {} is wrong", self.offset),
            None => format!("{shown} is not Base64: it ends too early, perhaps without its `=` padding"),
        }
    }
}

/// Returns the bytes of a Base64 text; line breaks in it are skipped.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, NotBase64> {
    let joined: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    ENGINE.decode(&joined).map_err(|error| {
        use ::base64::DecodeError::{InvalidByte, InvalidLastSymbol, InvalidLength, InvalidPadding};
        let offset = match error {
            InvalidByte(offset, _) | InvalidLastSymbol(offset, _) => offset,
            InvalidLength(_) | InvalidPadding => joined.len(),
        };
        locate(text, offset)
    })
}

/// Finds the character at an offset that does not count line breaks.
fn locate(text: &str, offset: usize) -> NotBase64 {
    let mut counted = text.char_indices().filter(|(_, c)| !matches!(c, '\r' | '\n'));
    let found = counted.find(|(at, c)| {
        let breaks = text[..*at].bytes().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
        at - breaks + c.len_utf8() > offset
    });
    match found {
        Some((offset, symbol)) => NotBase64 { offset, symbol: Some(symbol) },
        None => NotBase64 { offset: text.len(), symbol: None },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;

    #[test]
    fn line_breaks_are_skipped_and_loose_bits_allowed() {
        for text in ["SGVsbG8=", "SGVsbG8=\n", "SGVs\r\nbG8=", "SGVsbG9="] {
            check("base64decode", [text.into()], Ok("Hello".into()));
        }
        check("base64decode", ["SGVsbA=\n=".into()], Ok("Hell".into()));
        check("base64decode", ["\n".into()], Ok("".into()));
    }

    #[test]
    fn the_result_is_in_normal_form() {
        check("base64decode", ["ZcyB".into()], Ok("\u{e9}".into()));
    }

    #[test]
    fn an_error_names_the_place() {
        check("base64decode", ["SGVsbG8".into()], Err("it ends too early"));
        check("base64decode", ["SGVs bG8=".into()], Err("' ' at offset 4"));
        check("base64decode", ["SG\n\nVsé".into()], Err("'é' at offset 6"));
        check("base64decode", ["SGVsbG8=x".into()], Err("is not Base64"));
        check("base64decode", ["/w==".into()], Err("byte 0"));
    }

    #[test]
    fn an_error_does_not_show_what_is_sensitive() {
        let secret = value::Value::string("se cret").with_marks(value::Marks::SENSITIVE);
        check("base64decode", [secret], Err("(sensitive value) is not Base64"));
    }
}
