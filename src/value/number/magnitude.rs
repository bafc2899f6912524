//! Magnitudes: positive finite binary numbers, and the one place where results are rounded.

use num_bigint::BigUint;

/// The largest binary exponent, about 1.26 million decimal digits. Beyond it results become infinite, below its negative
/// they become zero, as everywhere in this arithmetic; the bound keeps the text of `1e999999` affordable and that
/// of `1e99999999` out of memory.
pub(super) const EXPONENT_MAX: i64 = 1 << 22;

/// A number above zero: `mantissa * 2^exponent`. The mantissa is odd, so equal numbers have equal fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Magnitude {
    mantissa: BigUint,
    exponent: i64,
}

/// What rounding gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rounded {
    Zero,
    Finite(Magnitude),
    Infinite,
}

impl Magnitude {
    /// Makes `mantissa * 2^exponent`, or nothing for zero.
    pub(super) fn new(mantissa: BigUint, exponent: i64) -> Option<Magnitude> {
        match mantissa.trailing_zeros()? {
            0 => Some(Magnitude { mantissa, exponent }),
            zeros => Some(Magnitude { mantissa: mantissa >> zeros, exponent: exponent + zeros as i64 }),
        }
    }

    /// Returns the odd factor.
    pub(super) fn mantissa(&self) -> &BigUint {
        &self.mantissa
    }

    /// Returns the power of two beside the odd factor.
    pub(super) fn exponent(&self) -> i64 {
        self.exponent
    }

    /// Returns how many bits the mantissa needs: the least precision that represents this exactly.
    pub(super) fn bits(&self) -> u64 {
        self.mantissa.bits()
    }

    /// Returns the least `n` such that this is below `2^n`.
    pub(super) fn top(&self) -> i64 {
        self.exponent + self.bits() as i64
    }

    /// Tells whether there is no fraction.
    pub(super) fn is_whole(&self) -> bool {
        self.exponent >= 0
    }

    /// Returns the whole part.
    pub(super) fn whole_part(&self) -> BigUint {
        if self.exponent >= 0 {
            &self.mantissa << self.exponent
        } else {
            &self.mantissa >> self.exponent.unsigned_abs()
        }
    }

    /// Returns the leading 64 bits.
    pub(super) fn leading_bits(&self) -> u64 {
        let bits = self.bits();
        let leading = if bits > 64 { &self.mantissa >> (bits - 64) } else { &self.mantissa << (64 - bits) };
        leading.iter_u64_digits().next().unwrap_or(0)
    }

    /// Rounds this to a precision.
    pub(super) fn round(&self, precision: u32) -> Rounded {
        if self.bits() <= u64::from(precision) && self.top().abs() <= EXPONENT_MAX {
            return Rounded::Finite(self.clone());
        }
        round(self.mantissa.clone(), self.exponent, false, precision)
    }

    /// Returns the sum, unrounded.
    pub(super) fn add(&self, other: &Magnitude) -> (BigUint, i64) {
        let (one, two, exponent) = self.aligned(other);
        (one + two, exponent)
    }

    /// Returns the difference from a smaller or equal one, unrounded.
    pub(super) fn subtract(&self, smaller: &Magnitude) -> (BigUint, i64) {
        let (one, two, exponent) = self.aligned(smaller);
        (one - two, exponent)
    }

    /// Returns the product, rounded.
    pub(super) fn multiply(&self, other: &Magnitude, precision: u32) -> Rounded {
        round(&self.mantissa * &other.mantissa, self.exponent + other.exponent, false, precision)
    }

    /// Returns the quotient, rounded.
    pub(super) fn divide(&self, other: &Magnitude, precision: u32) -> Rounded {
        // Two bits more than asked for: one decides the rounding, one is lost when the quotient starts with a zero.
        let wanted = u64::from(precision) + 2 + other.bits();
        let shift = wanted.saturating_sub(self.bits());
        let (quotient, remainder) = num_integer::Integer::div_rem(&(&self.mantissa << shift), &other.mantissa);
        let sticky = remainder.bits() > 0;
        round(quotient, self.exponent - other.exponent - shift as i64, sticky, precision)
    }

    fn aligned(&self, other: &Magnitude) -> (BigUint, BigUint, i64) {
        let exponent = self.exponent.min(other.exponent);
        (&self.mantissa << (self.exponent - exponent), &other.mantissa << (other.exponent - exponent), exponent)
    }
}

impl PartialOrd for Magnitude {
    fn partial_cmp(&self, other: &Magnitude) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Magnitude {
    fn cmp(&self, other: &Magnitude) -> std::cmp::Ordering {
        self.top().cmp(&other.top()).then_with(|| {
            // Equal tops: the exponents differ by no more than the mantissas' lengths, so aligning is cheap.
            let (one, two, _) = self.aligned(other);
            one.cmp(&two)
        })
    }
}

/// Rounds `mantissa * 2^exponent` to the nearest number with `precision` bits, a tie to the even one. `sticky` tells that the
/// true value is a little above the mantissa; then the mantissa must have more bits than the precision.
pub(super) fn round(mut mantissa: BigUint, mut exponent: i64, sticky: bool, precision: u32) -> Rounded {
    let bits = mantissa.bits();
    let precision = u64::from(precision);
    debug_assert!(!sticky || bits > precision, "a sticky bit needs a rounding bit before it");
    if bits > precision {
        let dropped = bits - precision;
        let half = mantissa.bit(dropped - 1);
        let above_half = sticky || mantissa.trailing_zeros().is_some_and(|zeros| zeros < dropped - 1);
        mantissa >>= dropped;
        exponent += dropped as i64;
        if half && (above_half || mantissa.bit(0)) {
            mantissa += 1u32;
        }
    }
    match Magnitude::new(mantissa, exponent) {
        None => Rounded::Zero,
        Some(magnitude) if magnitude.top() > EXPONENT_MAX => Rounded::Infinite,
        Some(magnitude) if magnitude.top() < -EXPONENT_MAX => Rounded::Zero,
        Some(magnitude) => Rounded::Finite(magnitude),
    }
}
