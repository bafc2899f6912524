//! Arithmetic on numbers, with the precision, the rounding and the signed zeros of the reference.

use std::borrow::Cow;

use num_bigint::BigUint;

use super::magnitude::{Magnitude, Rounded, round};
use super::{Number, PRECISION_DECIMAL, Repr};

/// A number taken apart, whatever its representation.
struct Parts<'a> {
    negative: bool,
    size: Size<'a>,
}

enum Size<'a> {
    Zero,
    Finite(Cow<'a, Magnitude>),
    Infinite,
}

impl Number {
    /// Returns the sum; of opposite infinities, which have none, zero (see [`Number::checked_add`]).
    pub fn add(&self, other: &Number) -> Number {
        self.checked_add(other).unwrap_or(Number::ZERO)
    }

    /// Returns the difference; of equal infinities, which have none, zero (see [`Number::checked_subtract`]).
    pub fn subtract(&self, other: &Number) -> Number {
        self.checked_subtract(other).unwrap_or(Number::ZERO)
    }

    /// Returns the product; of zero and infinity, which have none, zero (see [`Number::checked_multiply`]).
    pub fn multiply(&self, other: &Number) -> Number {
        self.checked_multiply(other).unwrap_or(Number::ZERO)
    }

    /// Returns the sum, or nothing for opposite infinities.
    pub fn checked_add(&self, other: &Number) -> Option<Number> {
        let precision = self.precision().max(other.precision());
        if let (Repr::Whole { value: one, .. }, Repr::Whole { value: two, .. }) = (&self.0, &other.0)
            && let Some(sum) = one.checked_add(*two)
        {
            return Some(Number::from_whole(sum, precision));
        }
        self.add_at(other, precision)
    }

    /// Returns the difference, or nothing for equal infinities.
    pub fn checked_subtract(&self, other: &Number) -> Option<Number> {
        if let (Repr::Whole { value: one, .. }, Repr::Whole { value: two, .. }) = (&self.0, &other.0)
            && let Some(difference) = one.checked_sub(*two)
        {
            return Some(Number::from_whole(difference, self.precision().max(other.precision())));
        }
        self.checked_add(&other.negate())
    }

    /// Returns the product, or nothing for zero and infinity. Unlike other operations this one is done in 512 bits, and the
    /// result keeps as many as it needs even where both operands have fewer.
    pub fn checked_multiply(&self, other: &Number) -> Option<Number> {
        let precision = self.precision().max(other.precision());
        if let (Repr::Whole { value: one, .. }, Repr::Whole { value: two, .. }) = (&self.0, &other.0)
            && *one != 0
            && *two != 0
            && precision >= i64::BITS
            && let Some(product) = one.checked_mul(*two)
        {
            return Some(Number::from_whole(product, precision));
        }
        let product = self.multiply_at(other, PRECISION_DECIMAL)?;
        let needed = match product.parts().size {
            Size::Finite(magnitude) => u32::try_from(magnitude.bits()).unwrap_or(u32::MAX),
            Size::Zero | Size::Infinite => 0,
        };
        Some(product.with_precision(precision.max(needed)))
    }

    /// Returns the quotient, or nothing for zero by zero or infinity by infinity.
    pub fn divide(&self, other: &Number) -> Option<Number> {
        let precision = self.precision().max(other.precision());
        if let (Repr::Whole { value: one, .. }, Repr::Whole { value: two, .. }) = (&self.0, &other.0)
            && *one != 0
            && *two != 0
            && one % two == 0
        {
            return Some(Number::from_whole(one / two, precision));
        }
        let (one, two) = (self.parts(), other.parts());
        let quotient = match (one.size, two.size) {
            (Size::Zero, Size::Zero) | (Size::Infinite, Size::Infinite) => return None,
            (Size::Finite(one), Size::Finite(two)) => one.divide(&two, precision),
            (Size::Zero, _) | (_, Size::Infinite) => Rounded::Zero,
            (Size::Infinite, _) | (_, Size::Zero) => Rounded::Infinite,
        };
        Some(Number::finish(one.negative != two.negative, quotient, precision))
    }

    /// Returns the remainder of truncated division (the sign is the dividend's), or nothing where infinity takes part. By zero it
    /// is the dividend itself. The quotient is rounded before it is truncated, so where a fraction takes part, the
    /// result may be off by one divisor.
    pub fn remainder(&self, other: &Number) -> Option<Number> {
        if other.is_zero() {
            return Some(self.clone());
        }
        let precision = self.precision();
        if let (Repr::Whole { value: one, .. }, Repr::Whole { value: two, .. }) = (&self.0, &other.0)
            // Only with this many bits the rounded quotient surely truncates to the exact one.
            && precision.max(other.precision()) >= i64::BITS
        {
            return Some(Number::from_whole(one % two, precision));
        }
        let quotient = self.divide(other)?.truncate()?.with_precision(precision);
        let product = other.multiply_at(&quotient, precision)?;
        self.add_at(&product.negate(), precision)
    }

    /// Returns the number with the opposite sign; zero has a sign, too.
    pub fn negate(&self) -> Number {
        Number(match &self.0 {
            Repr::Whole { value: 0, precision } => Repr::NegativeZero { precision: *precision },
            Repr::Whole { value, precision } => Repr::Whole { value: -value, precision: *precision },
            Repr::NegativeZero { precision } => Repr::Whole { value: 0, precision: *precision },
            Repr::Infinity { negative, precision } => Repr::Infinity { negative: !negative, precision: *precision },
            Repr::Float(float) => return Number::float(!float.negative, float.magnitude.clone(), float.precision),
        })
    }

    /// Returns the absolute value.
    pub fn abs(&self) -> Number {
        if self.is_negative() { self.negate() } else { self.clone() }
    }

    /// Returns the greatest whole number not above this; infinity stays.
    pub fn floor(&self) -> Number {
        self.to_whole(true)
    }

    /// Returns the least whole number not below this; infinity stays.
    pub fn ceil(&self) -> Number {
        self.to_whole(false)
    }

    fn to_whole(&self, down: bool) -> Number {
        match &self.0 {
            Repr::NegativeZero { precision } => Number::whole(0, *precision),
            Repr::Float(float) if !float.magnitude.is_whole() => {
                let mut whole = float.magnitude.whole_part();
                if float.negative == down {
                    whole += 1u32;
                }
                let negative = float.negative && whole.bits() > 0;
                Number::finish(negative, round(whole, 0, false, float.precision), float.precision)
            }
            _ => self.clone(),
        }
    }

    /// Returns the number without its fraction, nothing for an infinity; never a negative zero.
    fn truncate(&self) -> Option<Number> {
        match self.0 {
            Repr::Infinity { .. } => None,
            _ => Some(if self.is_negative() { self.ceil() } else { self.floor() }),
        }
    }

    fn with_precision(&self, precision: u32) -> Number {
        let parts = self.parts();
        match parts.size {
            Size::Zero => Number::finish(parts.negative, Rounded::Zero, precision),
            Size::Infinite => Number::infinity(parts.negative, precision),
            Size::Finite(magnitude) => Number::finish(parts.negative, magnitude.round(precision), precision),
        }
    }

    fn add_at(&self, other: &Number, precision: u32) -> Option<Number> {
        let (one, two) = (self.parts(), other.parts());
        let (one_size, two_size) = match (one.size, two.size) {
            (Size::Finite(one), Size::Finite(two)) => (one, two),
            (Size::Infinite, Size::Infinite) if one.negative != two.negative => return None,
            (Size::Zero, Size::Zero) => {
                return Some(Number::finish(one.negative && two.negative, Rounded::Zero, precision));
            }
            (Size::Infinite, _) | (_, Size::Zero) => return Some(self.with_precision(precision)),
            (Size::Zero, _) | (_, Size::Infinite) => return Some(other.with_precision(precision)),
        };
        let (negative, (mantissa, exponent)) = if one.negative == two.negative {
            (one.negative, one_size.add(&two_size))
        } else if one_size > two_size {
            (one.negative, one_size.subtract(&two_size))
        } else {
            (two.negative && one_size != two_size, two_size.subtract(&one_size))
        };
        Some(Number::finish(negative, round(mantissa, exponent, false, precision), precision))
    }

    fn multiply_at(&self, other: &Number, precision: u32) -> Option<Number> {
        let (one, two) = (self.parts(), other.parts());
        let product = match (one.size, two.size) {
            (Size::Zero, Size::Infinite) | (Size::Infinite, Size::Zero) => return None,
            (Size::Finite(one), Size::Finite(two)) => one.multiply(&two, precision),
            (Size::Infinite, _) | (_, Size::Infinite) => Rounded::Infinite,
            (Size::Zero, _) | (_, Size::Zero) => Rounded::Zero,
        };
        Some(Number::finish(one.negative != two.negative, product, precision))
    }

    fn parts(&self) -> Parts<'_> {
        let size = match &self.0 {
            Repr::Whole { value, .. } => match Magnitude::new(BigUint::from(value.unsigned_abs()), 0) {
                Some(magnitude) => Size::Finite(Cow::Owned(magnitude)),
                None => Size::Zero,
            },
            Repr::NegativeZero { .. } => Size::Zero,
            Repr::Infinity { .. } => Size::Infinite,
            Repr::Float(float) => Size::Finite(Cow::Borrowed(&float.magnitude)),
        };
        Parts { negative: self.is_negative(), size }
    }

    /// Returns the magnitude of a finite number other than zero.
    pub(super) fn magnitude(&self) -> Option<Cow<'_, Magnitude>> {
        match self.parts().size {
            Size::Finite(magnitude) => Some(magnitude),
            Size::Zero | Size::Infinite => None,
        }
    }
}
