//! Text to numbers: decimal numbers as literals and conversions have them, and whole numbers in any base.

use num_bigint::{BigInt, BigUint, Sign};

use super::magnitude::{EXPONENT_MAX, Magnitude, Rounded, round};
use super::{Number, PRECISION_DECIMAL};

/// How many more bits the power of five has than the result; part of the observable rounding of very long exponents.
const POWER_EXTRA_BITS: u32 = 64;

/// The largest power of five that fits 64 bits; powers above it are built by squaring.
const POWER_SMALL_MAX: u64 = 27;

/// Texts with fewer digits are read in one go; longer ones are halved, so that reading stays below quadratic cost.
const DIGITS_AT_ONCE: usize = 1024;

/// Reads `[sign] digits [. digits] [exponent]`, where either side of the point may lack its digits and the exponent is of ten
/// (`e`) or of two (`p`); or an infinity, `inf` or `Inf`.
pub(super) fn parse(text: &str) -> Option<Number> {
    if let Some(small) = parse_small(text.as_bytes()) {
        return Some(small);
    }
    let (negative, rest) = split_sign(text);
    if rest == "inf" || rest == "Inf" {
        return Some(Number::infinity(negative, PRECISION_DECIMAL));
    }
    let mantissa_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (mantissa, exponent) = rest.split_at(mantissa_end);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if fraction.contains('.') || whole.len() + fraction.len() == 0 {
        return None;
    }
    let (base, exponent) = parse_exponent(exponent)?;
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).map(|digit| digit - b'0').collect();
    let mantissa = read_digits(&digits, 10);

    let fives = i128::from(exponent) * i128::from(base == 10) - fraction.len() as i128;
    let twos = i128::from(exponent) - fraction.len() as i128;
    if mantissa.bits() == 0 {
        return Some(Number::finish(negative, Rounded::Zero, PRECISION_DECIMAL));
    }
    // The exponent of the mantissa alone must fit 32 bits; only what the power of five adds may overflow to infinity.
    i32::try_from(twos + i128::from(mantissa.bits())).ok()?;
    let scaled = scale(mantissa, twos as i64, fives as i64);
    Some(Number::finish(negative, scaled, PRECISION_DECIMAL))
}

/// Reads the common case, a whole number that surely fits, without any allocation.
fn parse_small(text: &[u8]) -> Option<Number> {
    const DIGITS_MAX: usize = 18;
    if text.is_empty() || text.len() > DIGITS_MAX || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = text.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Some(Number::whole(value, PRECISION_DECIMAL))
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// Returns the base and the exponent; for no text, ten and zero.
fn parse_exponent(text: &str) -> Option<(u32, i64)> {
    let base = match text.bytes().next() {
        None => return Some((10, 0)),
        Some(b'e' | b'E') => 10,
        Some(b'p' | b'P') => 2,
        Some(_) => return None,
    };
    // Integers read here as they do in the language: one sign at most, leading zeros, no overflow.
    let exponent = text[1..].parse().ok()?;
    Some((base, exponent))
}

/// Returns `mantissa * 2^twos * 5^fives`, rounded once the power of five is there.
fn scale(mantissa: BigUint, twos: i64, fives: i64) -> Rounded {
    if fives == 0 {
        return round(mantissa, twos, false, PRECISION_DECIMAL);
    }
    let Some(mantissa) = Magnitude::new(mantissa, twos) else { return Rounded::Zero };
    match (power_of_five(fives.unsigned_abs()), fives > 0) {
        (Rounded::Finite(power), true) => mantissa.multiply(&power, PRECISION_DECIMAL),
        (Rounded::Finite(power), false) => mantissa.divide(&power, PRECISION_DECIMAL),
        (_, true) => Rounded::Infinite,
        (_, false) => Rounded::Zero,
    }
}

/// Returns a power of five: exact up to 5^248, beyond that with the rounding steps that the reference does on its way, because
/// they decide the last bit of the result now and then.
fn power_of_five(power: u64) -> Rounded {
    let precision = PRECISION_DECIMAL + POWER_EXTRA_BITS;
    let small = BigUint::from(5u32).pow(power.min(POWER_SMALL_MAX) as u32);
    let mut result = round(small, 0, false, precision);
    let mut factor = round(BigUint::from(5u32), 0, false, precision + POWER_EXTRA_BITS);
    let mut rest = power.saturating_sub(POWER_SMALL_MAX);
    while rest > 0 {
        if rest & 1 == 1 {
            result = product(&result, &factor, precision);
        }
        factor = product(&factor, &factor, precision + POWER_EXTRA_BITS);
        rest >>= 1;
    }
    result
}

fn product(one: &Rounded, two: &Rounded, precision: u32) -> Rounded {
    match (one, two) {
        (Rounded::Finite(one), Rounded::Finite(two)) => one.multiply(two, precision),
        _ => Rounded::Infinite,
    }
}

/// Reads a whole number in a base from 2 to 62: an optional sign, then digits. Up to base 36 the case of letters does not matter;
/// above, small letters are 10 to 35 and capital letters 36 to 61.
pub(super) fn parse_radix(text: &str, base: u32) -> Option<Number> {
    if !(2..=62).contains(&base) {
        return None;
    }
    let (negative, digits) = split_sign(text);
    if digits.is_empty() {
        return None;
    }
    let digits: Option<Vec<u8>> = digits.bytes().map(|digit| digit_value(digit, base)).collect();
    let value = read_digits(&digits?, base);
    if value.bits() > EXPONENT_MAX as u64 {
        return None;
    }
    let sign = if negative { Sign::Minus } else { Sign::Plus };
    Some(Number::from_bigint(&BigInt::from_biguint(sign, value)))
}

fn digit_value(digit: u8, base: u32) -> Option<u8> {
    let value = match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'z' => digit - b'a' + 10,
        b'A'..=b'Z' if base <= 36 => digit - b'A' + 10,
        b'A'..=b'Z' => digit - b'A' + 36,
        _ => return None,
    };
    (u32::from(value) < base).then_some(value)
}

/// Returns the value of digits, each below the base.
fn read_digits(digits: &[u8], base: u32) -> BigUint {
    if digits.len() <= DIGITS_AT_ONCE {
        return BigUint::from_radix_be(digits, base).unwrap_or_default();
    }
    let (high, low) = digits.split_at(digits.len() / 2);
    read_digits(high, base) * BigUint::from(base).pow(low.len() as u32) + read_digits(low, base)
}
