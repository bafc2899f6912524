//! What a scalar means: string, number, bool or null, by its tag and its text.

use saphyr_parser::{ScalarStyle, Tag};
use value::{Number, Value};

use super::super::base64;
use super::timestamp;

const CORE: &str = "tag:yaml.org,2002:";

/// Returns the full name of a tag.
pub(super) fn tag_name(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

/// Returns the value of a scalar.
///
/// Several results look odd (`!!int "3"` is a string, `!!bool 3` a number); they are what Terraform gives.
pub(super) fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let name = tag.map(tag_name).unwrap_or_default();
    let short = name.strip_prefix(CORE);
    let is_known = matches!(short, Some("str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary"));
    if !name.is_empty() && !is_known {
        return Err(format!("the tag `{name}` is not supported"));
    }
    let mut wanted = short.unwrap_or_default();
    if !matches!(wanted, "str" | "binary") && may_be_special(text) {
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            return Ok(Value::string(text));
        }
        match implied(text, wanted)? {
            Implied::Value(value) => return Ok(value),
            Implied::Number => wanted = "float",
            Implied::Nothing => {}
        }
    }
    tagged(text, wanted)
}

/// Tells by the first character whether the text may be more than a string.
fn may_be_special(text: &str) -> bool {
    let first = text.chars().next();
    first.is_none_or(|c| matches!(c, '+' | '-' | '.' | '~' | '0'..='9') || "yYnNtTfFoO".contains(c))
}

enum Implied {
    Value(Value),
    Number,
    Nothing,
}

fn implied(text: &str, wanted: &str) -> Result<Implied, String> {
    if let Some(value) = word(text) {
        return Ok(Implied::Value(value));
    }
    if wanted.is_empty() && matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err("there is no number that is \"not a number\"".into());
    }
    Ok(match text.chars().next() {
        Some('.') => Number::parse(text).map_or(Implied::Nothing, |number| Implied::Value(number.into())),
        Some('+' | '-' | '0'..='9') => {
            let is_time = matches!(wanted, "" | "timestamp");
            match timestamp::normalize(text).filter(|_| is_time) {
                Some(time) => Implied::Value(time.into()),
                None if is_number(text) => Implied::Number,
                None => Implied::Nothing,
            }
        }
        _ => Implied::Nothing,
    })
}

/// The words that are not strings.
fn word(text: &str) -> Option<Value> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::NULL,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::number(infinity(false)),
        "-.inf" | "-.Inf" | "-.INF" => Value::number(infinity(true)),
        _ => Value::bool(truth(text)?),
    })
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn infinity(is_negative: bool) -> Number {
    let value = if is_negative { f64::NEG_INFINITY } else { f64::INFINITY };
    Number::from_f64(value).unwrap_or(Number::ZERO)
}

/// Tells whether a text is a number of YAML 1.2: decimal, `0o17`, `0x1f`.
fn is_number(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_mantissa = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            all_digits(whole) && all_digits(fraction) && (!whole.is_empty() || !fraction.is_empty())
        }
        None => !mantissa.is_empty() && all_digits(mantissa),
    };
    let is_exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    is_mantissa && is_exponent
}

/// Reads a text as what its tag says; without a tag it is a string.
fn tagged(text: &str, wanted: &str) -> Result<Value, String> {
    let wrong = || format!("{text:?} is not a YAML {wanted}");
    match wanted {
        "null" => Ok(Value::NULL),
        "bool" => truth(text).map(Value::bool).ok_or_else(wrong),
        "int" | "float" => number(&text.replace('_', "")).map(Value::number).ok_or_else(wrong),
        "timestamp" => timestamp::normalize(text).map(Value::from).ok_or_else(wrong),
        // There are no bytes in the language: the text stays, if it is Base64.
        "binary" => base64::decode(text).map(|_| Value::string(text)).map_err(|_| format!("{text:?} is not Base64")),
        _ => Ok(Value::string(text)),
    }
}

fn number(text: &str) -> Option<Number> {
    if let Ok(number) = Number::parse(text) {
        return Some(number);
    }
    let (is_negative, unsigned) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let (digits, radix) = match unsigned.get(..2)?.to_ascii_lowercase().as_str() {
        "0x" => (&unsigned[2..], 16),
        "0o" => (&unsigned[2..], 8),
        "0b" => (&unsigned[2..], 2),
        _ => return None,
    };
    // Larger ones are refused, as Terraform does.
    let magnitude = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with(['+', '-']))?;
    if !is_negative {
        return Some(magnitude.into());
    }
    i64::try_from(-i128::from(magnitude)).ok().map(Number::from)
}
