//! Numbers: skeleton, being replaced by 512-bit binary floating point.

use std::cmp::Ordering;
use std::fmt;

/// A number as the language has it.
#[derive(Clone, Debug)]
pub struct Number(f64);

/// The text is not a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseNumberError;

impl Number {
    /// Zero.
    pub const ZERO: Number = Number(0.0);

    /// Reads a decimal number with optional sign, fraction and exponent, at 512 bits of precision.
    pub fn parse(text: &str) -> Result<Number, ParseNumberError> {
        text.parse().map(Number).map_err(|_| ParseNumberError)
    }

    /// Makes a number of 53 bits precision; infinities are numbers, `None` is for not-a-number.
    pub fn from_f64(value: f64) -> Option<Number> {
        (!value.is_nan()).then_some(Number(value))
    }

    /// Returns the sum.
    pub fn add(&self, other: &Number) -> Number {
        Number(self.0 + other.0)
    }

    /// Returns the difference.
    pub fn subtract(&self, other: &Number) -> Number {
        Number(self.0 - other.0)
    }

    /// Returns the product.
    pub fn multiply(&self, other: &Number) -> Number {
        Number(self.0 * other.0)
    }

    /// Returns the quotient, or nothing for zero by zero or infinity by infinity.
    pub fn divide(&self, other: &Number) -> Option<Number> {
        Number::from_f64(self.0 / other.0)
    }

    /// Returns the remainder of truncated division (the sign is the dividend's), or nothing for division by zero.
    pub fn remainder(&self, other: &Number) -> Option<Number> {
        Number::from_f64(self.0 % other.0)
    }

    /// Returns the number with the opposite sign.
    pub fn negate(&self) -> Number {
        Number(-self.0)
    }

    /// Returns the absolute value.
    pub fn abs(&self) -> Number {
        Number(self.0.abs())
    }

    /// Returns the greatest whole number not above this.
    pub fn floor(&self) -> Number {
        Number(self.0.floor())
    }

    /// Returns the least whole number not below this.
    pub fn ceil(&self) -> Number {
        Number(self.0.ceil())
    }

    /// Returns -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        if self.0 == 0.0 { 0 } else { self.0.signum() as i32 }
    }

    /// Tells whether the number has no fraction; infinities have none but are not whole.
    pub fn is_integer(&self) -> bool {
        self.0.is_finite() && self.0.fract() == 0.0
    }

    /// Tells whether the number is positive or negative infinity.
    pub fn is_infinite(&self) -> bool {
        self.0.is_infinite()
    }

    /// Returns the number if it is whole and fits.
    pub fn to_i64(&self) -> Option<i64> {
        self.is_integer().then_some(self.0 as i64)
    }

    /// Returns the nearest 64-bit float; too large becomes infinite.
    pub fn to_f64(&self) -> f64 {
        self.0
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number(value as f64)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Number {
        Number(value as f64)
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Number {
        Number(value as f64)
    }
}

impl From<usize> for Number {
    fn from(value: usize) -> Number {
        Number(value as f64)
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
        self.0.total_cmp(&other.0)
    }
}

/// Writes the shortest decimal that reads back as the same number, never with an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
