//! Numbers to text: the shortest decimal that reads back as the same number, and decimals with a given number of digits.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use num_bigint::BigUint;
use num_integer::Integer;

use super::magnitude::Magnitude;
use super::{Number, Repr};

/// log10(2) as a fraction; too large by 4 in 10^12, which even at the largest exponent is far below one digit.
const LOG10_2: (i128, i128) = (3_010_299_957, 10_000_000_000);

/// How a number is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// `1234.5`, never with an exponent; digits count those after the point.
    Fixed,
    /// `1.2345e+03`; digits count those after the point.
    Exponent,
    /// The exponent form for numbers below 0.0001 or too large for the digits, the fixed form for others; digits
    /// count all significant ones.
    General,
}

/// Positive decimal digits: `0.DIGITS * 10^point`, without zeros at either end; zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    point: i64,
    digits: Vec<u8>,
}

/// The leading digits of a number, all of them unless `inexact`: then more would follow.
struct Expansion {
    decimal: Decimal,
    inexact: bool,
}

/// Multiplies by `2^twos * 10^tens`, where the power of ten is wanted for several numbers.
struct Scale {
    twos: i64,
    tens: i64,
    power: BigUint,
}

impl Number {
    /// Returns the text for JSON, nothing for infinities.
    pub fn to_json(&self) -> Option<String> {
        (!self.is_infinite()).then(|| self.to_string())
    }

    /// Writes the number out with this many digits, rounded to the nearest and of two to the even one; without a count,
    /// with as many as it takes to read back the same.
    pub fn format(&self, format: NumberFormat, digits: Option<usize>) -> String {
        let mut text = String::new();
        if self.is_negative() {
            text.push('-');
        }
        if self.is_infinite() {
            text.push_str(if self.is_negative() { "Inf" } else { "+Inf" });
            return text;
        }
        match digits {
            None => self.format_shortest(format, &mut text),
            Some(digits) => self.format_rounded(format, digits, &mut text),
        }
        text
    }

    fn format_shortest(&self, format: NumberFormat, text: &mut String) {
        const EXPONENT_FROM: i64 = 6;
        let decimal = self.shortest_decimal();
        let exponent = decimal.point - 1;
        match format {
            NumberFormat::Fixed => decimal.write_fixed(decimal.decimals(), text),
            NumberFormat::General if decimal.digits.is_empty() || (-4..EXPONENT_FROM).contains(&exponent) => {
                decimal.write_fixed(decimal.decimals(), text);
            }
            NumberFormat::Exponent | NumberFormat::General => {
                decimal.write_exponent(decimal.digits.len().saturating_sub(1), text);
            }
        }
    }

    fn format_rounded(&self, format: NumberFormat, digits: usize, text: &mut String) {
        let significant = |count: usize| self.rounded_decimal(|_| count as i64);
        match format {
            NumberFormat::Fixed => {
                let decimal = self.rounded_decimal(|point| point.saturating_add(digits as i64));
                decimal.write_fixed(digits, text);
            }
            NumberFormat::Exponent => significant(digits.saturating_add(1)).write_exponent(digits, text),
            NumberFormat::General => {
                let digits = digits.max(1);
                let decimal = significant(digits);
                let exponent = decimal.point - 1;
                let length = decimal.digits.len();
                let exponent_from = if digits > length && length as i64 >= decimal.point { length } else { digits };
                if decimal.digits.is_empty() || (-4..exponent_from as i64).contains(&exponent) {
                    decimal.write_fixed(decimal.decimals(), text);
                } else {
                    decimal.write_exponent(length.saturating_sub(1), text);
                }
            }
        }
    }

    /// Returns the digits rounded to a count that may depend on where the point is; a negative count gives zero.
    fn rounded_decimal(&self, count: impl Fn(i64) -> i64) -> Decimal {
        let Some(magnitude) = self.magnitude() else { return Decimal::zero() };
        // Where the point is, is not quite known yet; two more digits than this suffice in any case.
        let wanted = count(digits_before_point(&magnitude) + 1).max(0);
        // A number has no more digits than this; asking for more would only add zeros.
        let digits_max = magnitude.bits() as i64 + magnitude.exponent().abs() + 1;
        let scale = Scale::for_digits(&magnitude, wanted.min(digits_max) + 2, magnitude.exponent());
        let expansion = scale.expand(magnitude.mantissa());
        let count = count(expansion.decimal.point);
        match usize::try_from(count) {
            Ok(count) => expansion.round(count),
            Err(_) => Decimal::zero(),
        }
    }

    /// Returns the shortest digits that read back as this number at its precision; none for zero and infinities.
    pub(super) fn shortest_decimal(&self) -> Decimal {
        match self.magnitude() {
            Some(magnitude) => shortest(&magnitude, self.precision()),
            None => Decimal::zero(),
        }
    }
}

/// Returns an estimate of how many digits are before the point: right or off by one. Its users have digits to spare.
fn digits_before_point(magnitude: &Magnitude) -> i64 {
    let (log, unit) = LOG10_2;
    (i128::from(magnitude.top() - 1) * log).div_euclid(unit) as i64 + 1
}

/// Finds the shortest digits within half a unit of the number's last place. At a power of two the unit below is only half as large, which
/// the reference disregards, and so do we.
fn shortest(magnitude: &Magnitude, precision: u32) -> Decimal {
    if magnitude.is_whole() && magnitude.top() <= i64::from(precision) {
        // The unit is one or less: all digits are significant.
        return Expansion::new(&magnitude.whole_part(), 0, false).decimal;
    }
    let precision = u64::from(precision);
    let half_units = magnitude.mantissa() << (precision + 1).saturating_sub(magnitude.bits());
    let exponent = magnitude.top() - half_units.bits() as i64;
    // The digits of the distance to a bound, too, with some to spare.
    let count = (i128::from(half_units.bits()) * LOG10_2.0 / LOG10_2.1) as i64 + 5;
    let scale = Scale::for_digits(magnitude, count, exponent);
    let number = scale.expand(&half_units);
    let lower = scale.expand(&(&half_units - 1u32));
    let upper = scale.expand(&(&half_units + 1u32));
    // A bound itself reads back as this number if its last bit is zero: ties go to even.
    let inclusive = !half_units.bit(1);

    for (index, &digit) in number.decimal.digits.iter().enumerate() {
        let (below, above) = (lower.at(index), upper.at(index));
        let down = below != digit || inclusive && lower.ends_at(index + 1);
        let up = digit != above && (inclusive || digit + 1 < above || !upper.ends_by(index + 1));
        match (down, up) {
            (true, true) => return number.round(index + 1),
            (true, false) => return number.round_down(index + 1),
            (false, true) => return number.round_up(index + 1),
            (false, false) => {}
        }
    }
    number.decimal
}

impl Scale {
    /// Makes a scale for numbers close to `magnitude`, given as multiples of `2^exponent`, that leaves at least `count`
    /// digits before the point.
    fn for_digits(magnitude: &Magnitude, count: i64, exponent: i64) -> Scale {
        let tens = count - digits_before_point(magnitude) + 1;
        let power = BigUint::from(5u32).pow(tens.unsigned_abs() as u32);
        Scale { twos: exponent + tens, tens, power }
    }

    fn expand(&self, factor: &BigUint) -> Expansion {
        let shift = |number: BigUint| {
            if self.twos >= 0 {
                return (number << self.twos, false);
            }
            let inexact = number.trailing_zeros().is_some_and(|zeros| zeros < self.twos.unsigned_abs());
            (number >> self.twos.unsigned_abs(), inexact)
        };
        let (whole, inexact) = if self.tens >= 0 {
            shift(factor * &self.power)
        } else {
            let (shifted, inexact) = shift(factor.clone());
            let (quotient, remainder) = shifted.div_rem(&self.power);
            (quotient, inexact || remainder.bits() > 0)
        };
        Expansion::new(&whole, self.tens, inexact)
    }
}

impl Expansion {
    /// Makes the digits of `whole * 10^-decimals`.
    fn new(whole: &BigUint, decimals: i64, inexact: bool) -> Expansion {
        let digits = if whole.bits() == 0 { Vec::new() } else { whole.to_string().into_bytes() };
        let mut decimal = Decimal { point: digits.len() as i64 - decimals, digits };
        if !inexact {
            decimal.trim();
        }
        Expansion { decimal, inexact }
    }

    fn at(&self, index: usize) -> u8 {
        self.decimal.digits.get(index).copied().unwrap_or(b'0')
    }

    /// Tells whether there are exactly this many digits.
    fn ends_at(&self, count: usize) -> bool {
        !self.inexact && self.decimal.digits.len() == count
    }

    /// Tells whether there are at most this many digits.
    fn ends_by(&self, count: usize) -> bool {
        !self.inexact && self.decimal.digits.len() <= count
    }

    fn round(self, count: usize) -> Decimal {
        let Some(next) = self.decimal.digits.get(count) else { return self.round_down(count) };
        let is_tie = *next == b'5' && self.ends_at(count + 1);
        let up = if is_tie { count > 0 && self.at(count - 1) % 2 == 1 } else { *next >= b'5' };
        if up { self.round_up(count) } else { self.round_down(count) }
    }

    fn round_down(mut self, count: usize) -> Decimal {
        self.decimal.digits.truncate(count);
        self.decimal.trim();
        self.decimal
    }

    fn round_up(mut self, count: usize) -> Decimal {
        if count >= self.decimal.digits.len() {
            return self.decimal;
        }
        self.decimal.digits.truncate(count);
        while self.decimal.digits.last() == Some(&b'9') {
            self.decimal.digits.pop();
        }
        match self.decimal.digits.last_mut() {
            Some(last) => *last += 1,
            None => {
                self.decimal.digits.push(b'1');
                self.decimal.point += 1;
            }
        }
        self.decimal
    }
}

impl Decimal {
    fn zero() -> Decimal {
        Decimal { point: 0, digits: Vec::new() }
    }

    fn trim(&mut self) {
        let zeros = self.digits.iter().rev().take_while(|digit| **digit == b'0').count();
        self.digits.truncate(self.digits.len() - zeros);
        if self.digits.is_empty() {
            self.point = 0;
        }
    }

    /// Returns how many digits are after the point.
    fn decimals(&self) -> usize {
        usize::try_from(self.digits.len() as i64 - self.point).unwrap_or(0)
    }

    fn write_digits(&self, range: std::ops::Range<i64>, text: &mut String) {
        for index in range {
            let digit = usize::try_from(index).ok().and_then(|index| self.digits.get(index));
            text.push(char::from(digit.copied().unwrap_or(b'0')));
        }
    }

    fn write_fixed(&self, decimals: usize, text: &mut String) {
        if self.point > 0 {
            self.write_digits(0..self.point, text);
        } else {
            text.push('0');
        }
        if decimals > 0 {
            text.push('.');
            self.write_digits(self.point..self.point.saturating_add(decimals as i64), text);
        }
    }

    fn write_exponent(&self, decimals: usize, text: &mut String) {
        self.write_digits(0..1, text);
        if decimals > 0 {
            text.push('.');
            self.write_digits(1..(decimals as i64).saturating_add(1), text);
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a string cannot fail.
        let _ = write!(text, "e{sign}{:02}", exponent.unsigned_abs());
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    /// Compares by value; neither side is zero.
    fn cmp(&self, other: &Decimal) -> Ordering {
        // Without zeros at the ends, comparing digits from the left is comparing fractions.
        self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits))
    }
}

/// Writes the shortest decimal that reads back as the same number, never with an exponent. Infinities are `+Inf` and `-Inf`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Whole { value, .. } => write!(f, "{value}"),
            _ => f.write_str(&self.format(NumberFormat::Fixed, None)),
        }
    }
}
