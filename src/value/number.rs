//! Numbers: binary floating point as the language defines it, with whole numbers of 64 bits kept inline.
//!
//! A number carries a *precision*, the bits that results are rounded to, because it shows: `1/3` has 154 decimals, but
//! 20 when both operands came from `length`. Text and literals have 512 bits, 64-bit integers 64, 64-bit floats 53. A result has the
//! larger precision of its operands, with exceptions told at the operations. Zero has a sign and prints it.

mod arithmetic;
mod magnitude;
mod parse;
#[cfg(test)]
mod tests;
mod text;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::{BigInt, BigUint, Sign};

use self::magnitude::{Magnitude, Rounded, round};
pub use self::text::NumberFormat;

/// Bits of a number read from decimal text.
const PRECISION_DECIMAL: u32 = 512;

/// Bits of a 64-bit float.
const PRECISION_F64: u32 = 53;

/// Numbers of one sign that differ by less than this in their leading 64 bits may have the same text. That needs a relative distance
/// below 2^-52, the distance of neighbours at the least precision; the rest is margin.
const SAME_TEXT_DISTANCE_MAX: u128 = 1 << 16;

/// A number as the language has it. Two numbers are equal if they are the same whole number or have the same text;
/// precision is ignored, and so is the sign of zero. The order is one of texts, too: see [`Number::compare_exactly`].
#[derive(Clone)]
pub struct Number(Repr);

/// Every number has exactly one representation: the first that can hold it.
#[derive(Clone)]
enum Repr {
    /// Not `i64::MIN`, and of no more bits than the precision, so that all digits are significant.
    Whole {
        value: i64,
        precision: u32,
    },
    NegativeZero {
        precision: u32,
    },
    Infinity {
        negative: bool,
        precision: u32,
    },
    Float(Arc<Float>),
}

struct Float {
    negative: bool,
    precision: u32,
    magnitude: Magnitude,
}

/// The text is not a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseNumberError;

impl fmt::Display for ParseNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number is required")
    }
}

impl std::error::Error for ParseNumberError {}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number(Repr::Whole { value: 0, precision: PRECISION_F64 });

    /// Reads a decimal number with optional sign, fraction and exponent, at 512 bits of precision. Also reads an exponent of two
    /// (`1p5` is 32) and infinities (`inf`, `Inf`, with a sign). Exponents beyond 32 bits are an error; smaller ones that
    /// are still too large (more than about 1.26 million digits) give infinity or zero.
    pub fn parse(text: &str) -> Result<Number, ParseNumberError> {
        parse::parse(text).ok_or(ParseNumberError)
    }

    /// Reads a whole number in a base from 2 to 62 with an optional sign and without prefix. Up to base 36 the case of letters does
    /// not matter; above, small letters are the digits 10 to 35 and capital letters 36 to 61.
    pub fn parse_radix(text: &str, base: u32) -> Option<Number> {
        parse::parse_radix(text, base)
    }

    /// Makes a number of 53 bits precision; infinities are numbers, `None` is for not-a-number.
    pub fn from_f64(value: f64) -> Option<Number> {
        const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
        const EXPONENT_BIAS: i64 = 1075;
        if value.is_nan() {
            return None;
        }
        let negative = value.is_sign_negative();
        if value.is_infinite() {
            return Some(Number::infinity(negative, PRECISION_F64));
        }
        let bits = value.to_bits();
        let biased = (bits >> FRACTION_BITS & 0x7ff) as i64;
        let fraction = bits & ((1 << FRACTION_BITS) - 1);
        // The smallest exponent is shared with the numbers that lack the implied leading one.
        let mantissa = if biased == 0 { fraction } else { fraction | 1 << FRACTION_BITS };
        let rounded = round(BigUint::from(mantissa), biased.max(1) - EXPONENT_BIAS, false, PRECISION_F64);
        Some(Number::finish(negative, rounded, PRECISION_F64))
    }

    /// Makes a whole number of 64 bits precision, or as many as it needs. Beyond 4 million bits it is infinite.
    pub fn from_bigint(value: &BigInt) -> Number {
        let precision = u32::try_from(value.bits()).unwrap_or(u32::MAX).max(i64::BITS);
        Number::finish(value.sign() == Sign::Minus, round(value.magnitude().clone(), 0, false, precision), precision)
    }

    /// Returns the bits that results with this number are rounded to.
    pub fn precision(&self) -> u32 {
        match &self.0 {
            Repr::Whole { precision, .. } | Repr::NegativeZero { precision } | Repr::Infinity { precision, .. } => {
                *precision
            }
            Repr::Float(float) => float.precision,
        }
    }

    /// Returns -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        match &self.0 {
            Repr::Whole { value, .. } => value.signum() as i32,
            Repr::NegativeZero { .. } => 0,
            Repr::Infinity { negative: true, .. } => -1,
            Repr::Infinity { .. } => 1,
            Repr::Float(float) if float.negative => -1,
            Repr::Float(_) => 1,
        }
    }

    /// Tells whether the number is zero of either sign.
    pub fn is_zero(&self) -> bool {
        self.signum() == 0
    }

    /// Tells whether the number has a minus sign; negative zero has one.
    pub fn is_negative(&self) -> bool {
        matches!(self.0, Repr::NegativeZero { .. }) || self.signum() < 0
    }

    /// Tells whether the number has no fraction; infinities have none but are not whole.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Whole { .. } | Repr::NegativeZero { .. } => true,
            Repr::Infinity { .. } => false,
            Repr::Float(float) => float.magnitude.is_whole(),
        }
    }

    /// Tells whether the number is positive or negative infinity.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::Infinity { .. })
    }

    /// Returns the number if it is whole and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Whole { value, .. } => Some(*value),
            _ => i64::try_from(self.to_i128()?).ok(),
        }
    }

    /// Returns the number if it is whole and fits.
    pub fn to_u64(&self) -> Option<u64> {
        u64::try_from(self.to_i128()?).ok()
    }

    /// Returns the number if it is whole and fits.
    pub fn to_usize(&self) -> Option<usize> {
        usize::try_from(self.to_i128()?).ok()
    }

    /// Returns the number if it is whole.
    pub fn to_bigint(&self) -> Option<BigInt> {
        match &self.0 {
            Repr::Whole { value, .. } => Some(BigInt::from(*value)),
            Repr::NegativeZero { .. } => Some(BigInt::ZERO),
            Repr::Float(float) if float.magnitude.is_whole() => {
                let sign = if float.negative { Sign::Minus } else { Sign::Plus };
                Some(BigInt::from_biguint(sign, float.magnitude.whole_part()))
            }
            Repr::Infinity { .. } | Repr::Float(_) => None,
        }
    }

    /// Returns the nearest 64-bit float, of two the even one; too large becomes infinite.
    pub fn to_f64(&self) -> f64 {
        let magnitude = match &self.0 {
            Repr::Whole { value, .. } => return *value as f64,
            Repr::NegativeZero { .. } => 0.0,
            Repr::Infinity { .. } => f64::INFINITY,
            Repr::Float(float) => magnitude_to_f64(&float.magnitude),
        };
        if self.is_negative() { -magnitude } else { magnitude }
    }

    /// Returns the number as a 64-bit float if that loses nothing.
    pub fn to_f64_exactly(&self) -> Option<f64> {
        let float = self.to_f64();
        (Number::from_f64(float)?.compare_exactly(self) == Ordering::Equal).then_some(float)
    }

    /// Compares by value, as `<` does. It disagrees with the order of the type only for fractions of different
    /// precision that are next to each other: `0.1` is equal to `pow(10, -1)`, which has the same text, and also below it; and
    /// `pow(10, -1) + 0` is not equal to `pow(10, -1)`, which has the same value but another text.
    pub fn compare_exactly(&self, other: &Number) -> Ordering {
        if let (Repr::Whole { value: one, .. }, Repr::Whole { value: two, .. }) = (&self.0, &other.0) {
            return one.cmp(two);
        }
        let sign = self.signum();
        sign.cmp(&other.signum()).then_with(|| {
            let order = match (self.magnitude(), other.magnitude()) {
                (Some(one), Some(two)) => one.cmp(&two),
                _ => self.is_infinite().cmp(&other.is_infinite()),
            };
            if sign < 0 { order.reverse() } else { order }
        })
    }

    /// Tells whether equality and order of the two are decided by their texts and not by their values.
    fn may_share_text(&self, other: &Number) -> bool {
        let (Repr::Float(one), Repr::Float(two)) = (&self.0, &other.0) else { return false };
        if one.negative != two.negative || one.magnitude.is_whole() || two.magnitude.is_whole() {
            return false;
        }
        let (one, two) = (&one.magnitude, &two.magnitude);
        let (above, below) = if one.top() >= two.top() { (one, two) } else { (two, one) };
        match above.top() - below.top() {
            tops @ (0 | 1) => {
                let distance = (u128::from(above.leading_bits()) << tops).abs_diff(u128::from(below.leading_bits()));
                distance < SAME_TEXT_DISTANCE_MAX
            }
            _ => false,
        }
    }

    fn to_i128(&self) -> Option<i128> {
        match &self.0 {
            Repr::Whole { value, .. } => Some(i128::from(*value)),
            Repr::NegativeZero { .. } => Some(0),
            Repr::Float(float) if float.magnitude.is_whole() && float.magnitude.top() < i128::BITS.into() => {
                let magnitude = i128::try_from(float.magnitude.whole_part()).ok()?;
                Some(if float.negative { -magnitude } else { magnitude })
            }
            Repr::Infinity { .. } | Repr::Float(_) => None,
        }
    }

    /// Makes a number of a value that is known to fit the inline form.
    fn whole(value: i64, precision: u32) -> Number {
        Number(Repr::Whole { value, precision })
    }

    fn from_whole(value: i64, precision: u32) -> Number {
        let bits = u64::BITS - value.unsigned_abs().leading_zeros();
        if bits <= precision.min(i64::BITS - 1) {
            return Number::whole(value, precision);
        }
        Number::finish(value < 0, round(BigUint::from(value.unsigned_abs()), 0, false, precision), precision)
    }

    fn infinity(negative: bool, precision: u32) -> Number {
        Number(Repr::Infinity { negative, precision })
    }

    /// Makes a number of what rounding to this precision left.
    fn finish(negative: bool, rounded: Rounded, precision: u32) -> Number {
        match rounded {
            Rounded::Zero if negative => Number(Repr::NegativeZero { precision }),
            Rounded::Zero => Number::whole(0, precision),
            Rounded::Infinite => Number::infinity(negative, precision),
            Rounded::Finite(magnitude) => Number::float(negative, magnitude, precision),
        }
    }

    fn float(negative: bool, magnitude: Magnitude, precision: u32) -> Number {
        let inline_max = i64::from(precision.min(i64::BITS - 1));
        if magnitude.is_whole()
            && magnitude.top() <= inline_max
            && let Ok(value) = i64::try_from(magnitude.whole_part())
        {
            return Number::whole(if negative { -value } else { value }, precision);
        }
        Number(Repr::Float(Arc::new(Float { negative, precision, magnitude })))
    }
}

/// Returns the nearest 64-bit float.
fn magnitude_to_f64(magnitude: &Magnitude) -> f64 {
    const EXPONENT_MIN: i64 = -1074;
    const TOP_MAX: i64 = 1024;
    // Tiny numbers have fewer bits: those above the smallest exponent.
    let precision = (magnitude.top() - EXPONENT_MIN).clamp(0, i64::from(PRECISION_F64)) as u32;
    if precision == 0 {
        // Only above half of the smallest number it rounds up; half itself is a tie with zero, which is even.
        let rounds_up = magnitude.top() == EXPONENT_MIN && magnitude.bits() > 1;
        return if rounds_up { f64::from_bits(1) } else { 0.0 };
    }
    let Rounded::Finite(rounded) = magnitude.round(precision) else { return f64::INFINITY };
    if rounded.top() > TOP_MAX {
        return f64::INFINITY;
    }
    let mantissa = rounded.mantissa().iter_u64_digits().next().unwrap_or(0);
    // The distance from the last place of the mantissa to the last place of the float; never negative after rounding.
    let unit = (rounded.top() - i64::from(PRECISION_F64)).max(EXPONENT_MIN);
    let fraction = mantissa << (rounded.exponent() - unit);
    // The leading one of a number that is not tiny adds one to the exponent, as the encoding wants it.
    f64::from_bits((((unit - EXPONENT_MIN) as u64) << (PRECISION_F64 - 1)) + fraction)
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number::from_whole(value, i64::BITS)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Number {
        match i64::try_from(value) {
            Ok(value) => Number::from(value),
            Err(_) => Number::finish(false, round(BigUint::from(value), 0, false, u64::BITS), u64::BITS),
        }
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Number {
        Number::from(i64::from(value))
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Number {
        Number::from(value as u64)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let exact = self.compare_exactly(other);
        // The same value at another precision may print differently.
        let is_same = exact == Ordering::Equal && self.precision() == other.precision();
        if is_same || !self.may_share_text(other) {
            return exact;
        }
        // Fractions this close are compared as the decimals they print as. Every fraction lies on the same side of every whole number
        // as its decimal, and of every fraction that is not close, so this is one order together with the exact one.
        let order = self.shortest_decimal().cmp(&other.shortest_decimal());
        if self.is_negative() { order.reverse() } else { order }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Whole { value, .. } => value.hash(state),
            Repr::NegativeZero { .. } => 0i64.hash(state),
            Repr::Infinity { negative, .. } => negative.hash(state),
            Repr::Float(float) if float.magnitude.is_whole() => match self.to_i64() {
                Some(value) => value.hash(state),
                None => (float.negative, &float.magnitude).hash(state),
            },
            Repr::Float(float) => (float.negative, self.shortest_decimal()).hash(state),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self}, {} bits)", self.precision())
    }
}
