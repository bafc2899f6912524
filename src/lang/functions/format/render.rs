//! Values as the verbs of `format` write them.

use num_bigint::BigInt;
use num_bigint::Sign;
use value::{Kind, Number, NumberFormat, Type, Value, convert};

use super::super::{graphemes, jsonencode};
use super::verbs::Verb;

/// Greater widths and precisions are refused: they can only be a mistake.
const SIZE_MAX: usize = 10_000_000;

/// Tells whether there is a verb of a letter.
pub(super) fn is_known(letter: u8) -> bool {
    b"vtbdoxXeEfgGsq".contains(&letter)
}

/// Writes a value as the verb says, or tells why it cannot.
pub(super) fn write(verb: &Verb, arg: &Value, out: &mut String) -> Result<(), String> {
    if verb.width.max(verb.precision) > Some(SIZE_MAX) {
        return Err(format!("the width and the precision must not be above {SIZE_MAX}"));
    }
    if arg.is_null() && verb.letter != b'v' {
        return Err("it is null".into());
    }
    match verb.letter {
        b'v' => write_value(verb, arg, out)?,
        b't' => {
            let converted = convert(arg, &Type::Bool).map_err(|error| error.to_string())?;
            out.push_str(if converted.as_bool() == Some(true) { "true" } else { "false" });
        }
        b'b' | b'd' | b'o' | b'x' | b'X' => write_whole(verb, &number(arg)?, out)?,
        b'e' | b'E' | b'f' | b'g' | b'G' => write_float(verb, &number(arg)?, out),
        b's' | b'q' => write_string(verb, arg, out)?,
        _ => {}
    }
    Ok(())
}

fn number(arg: &Value) -> Result<Number, String> {
    let converted = convert(arg, &Type::Number).map_err(|error| error.to_string())?;
    converted.as_number().cloned().ok_or_else(|| "a number is required".into())
}

fn write_value(verb: &Verb, arg: &Value, out: &mut String) -> Result<(), String> {
    match arg.kind() {
        Kind::String(text) if !verb.sharp => pad(verb, text, out),
        Kind::Number(number) if !verb.sharp => pad(verb, &number.format(NumberFormat::General, None), out),
        _ => {
            let mut json = String::new();
            jsonencode::write_value(arg, &mut json)?;
            pad(verb, &json, out);
        }
    }
    Ok(())
}

fn write_string(verb: &Verb, arg: &Value, out: &mut String) -> Result<(), String> {
    let converted = convert(arg, &Type::String).map_err(|error| error.to_string())?;
    let mut text = converted.as_str().unwrap_or_default();
    // A precision of 0 does not shorten.
    if let Some(clusters) = verb.precision.filter(|precision| *precision > 0) {
        text = &text[..graphemes::offset(text, clusters).unwrap_or(text.len())];
    }
    if verb.letter == b'q' {
        let mut quoted = String::with_capacity(text.len() + 2);
        jsonencode::write_text(text, &mut quoted);
        pad(verb, &quoted, out);
    } else {
        pad(verb, text, out);
    }
    Ok(())
}

/// Writes text padded to the width, on the left unless the verb says otherwise; with zeros even on the right.
fn pad(verb: &Verb, text: &str, out: &mut String) {
    let missing = verb.width.map_or(0, |width| width.saturating_sub(graphemes::count(text)));
    let filler = if verb.zero { "0" } else { " " }.repeat(missing);
    if verb.minus {
        out.extend([text, &filler]);
    } else {
        out.extend([filler.as_str(), text]);
    }
}

fn write_whole(verb: &Verb, number: &Number, out: &mut String) -> Result<(), String> {
    let Some(whole) = number.to_bigint() else {
        return Err("a whole number is required".into());
    };
    let sign = sign(verb, whole.sign() == Sign::Minus);
    let (base, prefix) = match verb.letter {
        b'b' => (2, "0b"),
        b'o' => (8, "0"),
        b'x' => (16, "0x"),
        b'X' => (16, "0X"),
        _ => (10, ""),
    };
    let prefix = if verb.sharp { prefix } else { "" };
    let mut digits = whole.magnitude().to_str_radix(base);
    if verb.letter == b'X' {
        digits.make_ascii_uppercase();
    }
    if verb.precision == Some(0) && whole == BigInt::ZERO {
        // Zero with no digits asked for is nothing at all, not even padded.
        return Ok(());
    }
    let mut zeros = verb.precision.map_or(0, |precision| precision.saturating_sub(digits.len()));
    let length = sign.len() + prefix.len() + zeros + digits.len();
    let missing = verb.width.map_or(0, |width| width.saturating_sub(length));
    let (mut left, mut right) = (0, 0);
    if verb.minus {
        right = missing;
    } else if verb.zero && verb.precision.is_none() {
        zeros = missing;
    } else {
        left = missing;
    }
    out.extend([&*" ".repeat(left), sign, prefix, &*"0".repeat(zeros), &*digits, &*" ".repeat(right)]);
    Ok(())
}

fn write_float(verb: &Verb, number: &Number, out: &mut String) {
    /// How many digits after the point there are if nothing else is said.
    const DIGITS: usize = 6;
    let (format, digits) = match verb.letter {
        b'f' => (NumberFormat::Fixed, verb.precision.or(Some(DIGITS))),
        b'e' | b'E' => (NumberFormat::Exponent, verb.precision.or(Some(DIGITS))),
        _ => (NumberFormat::General, verb.precision),
    };
    let text = number.format(format, digits);
    let mut unsigned = text.trim_start_matches(['+', '-']).to_owned();
    if verb.letter.is_ascii_uppercase() && !number.is_infinite() {
        unsigned.make_ascii_uppercase();
    }
    // Positive infinity has its sign even if none is asked for.
    let sign = match sign(verb, text.starts_with('-')) {
        "" if number.is_infinite() => "+",
        "+" if number.is_infinite() && verb.space => " ",
        sign => sign,
    };
    let missing = verb.width.map_or(0, |width| width.saturating_sub(sign.len() + unsigned.len()));
    // For these verbs zeros come before everything else, and win over padding on the right.
    if verb.zero && !number.is_infinite() {
        out.extend([sign, &*"0".repeat(missing), &*unsigned]);
    } else if verb.minus {
        out.extend([sign, &*unsigned, &*" ".repeat(missing)]);
    } else {
        out.extend([&*" ".repeat(missing), sign, &*unsigned]);
    }
}

fn sign(verb: &Verb, negative: bool) -> &'static str {
    match (negative, verb.plus, verb.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}
