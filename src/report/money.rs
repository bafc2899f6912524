//! Amounts of money for an hour: exact, as ranges, and as people read them.

use std::fmt;

use sdk::Quantity;

/// Billionths of the currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub u64);

/// Billionths in one.
pub(crate) const ONE: u64 = 1_000_000_000;

impl Money {
    pub(crate) fn times(self, quantity: u64) -> Money {
        Money(self.0.saturating_mul(quantity))
    }

    pub(crate) fn plus(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// Reads a decimal number as it stands in a file: no sign, no exponent, at most nine places.
    pub(crate) fn parse(text: &str) -> Option<Money> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 9 {
            return None;
        }
        let part = format!("{part:0<9}").parse::<u64>().ok()?;
        whole.parse::<u64>().ok()?.checked_mul(ONE)?.checked_add(part).map(Money)
    }
}

/// Cents from one on, and tenths of cents below: `1.94`, `0.045`, `0.10`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let round = |places: u32| {
            let step = 10_u64.pow(9 - places);
            (self.0.saturating_add(step / 2) / step, 10_u64.pow(places))
        };
        let (thousandths, thousand) = round(3);
        if thousandths < thousand && !thousandths.is_multiple_of(10) {
            return write!(f, "0.{thousandths:03}");
        }
        let (cents, hundred) = round(2);
        write!(f, "{}.{:02}", cents / hundred, cents % hundred)
    }
}

/// What something costs, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// At least so much.
    pub least: Money,
    /// At most so much; nothing if nobody knows.
    pub most: Option<Money>,
    /// Part of it has no list price: it is a guess.
    pub is_estimate: bool,
    /// So many charges are in it whose price is not known, beyond what is said here.
    pub unknown: usize,
}

impl Default for Cost {
    fn default() -> Cost {
        Cost { least: Money(0), most: Some(Money(0)), is_estimate: false, unknown: 0 }
    }
}

impl Cost {
    /// One charge whose price is not known.
    pub(crate) const UNKNOWN: Cost = Cost { least: Money(0), most: Some(Money(0)), is_estimate: false, unknown: 1 };

    pub(crate) fn of(rate: (Money, Money), is_estimate: bool, quantity: Quantity) -> Cost {
        let (least, most) = (rate.0.times(quantity.least), quantity.most.map(|most| rate.1.times(most)));
        Cost { least, most, is_estimate, unknown: 0 }
    }

    pub(crate) fn plus(self, other: Cost) -> Cost {
        Cost {
            least: self.least.plus(other.least),
            most: self.most.zip(other.most).map(|(one, other)| one.plus(other)),
            is_estimate: self.is_estimate || other.is_estimate,
            unknown: self.unknown + other.unknown,
        }
    }

    /// Tells whether it is nothing, for certain.
    pub fn is_zero(&self) -> bool {
        *self == Cost::default()
    }

    /// Returns it for a month of 730 hours.
    pub fn monthly(&self) -> Cost {
        Cost { least: self.least.times(HOURS), most: self.most.map(|most| most.times(HOURS)), ..*self }
    }
}

/// A month, as clouds count it.
pub(crate) const HOURS: u64 = 730;

/// `$1.94`, `$1.94 to 5.20`, `about $0.30 to 0.70`, `$1.94 or more`, `$1.94 + unknown`.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = self.least.to_string();
        if self.least == Money(0) && self.most == Some(Money(0)) && self.unknown > 0 {
            return f.write_str("unknown");
        }
        if self.is_estimate {
            f.write_str("about ")?;
        }
        write!(f, "${least}")?;
        match self.most.map(|most| most.to_string()) {
            None => f.write_str(" or more")?,
            Some(most) if most != least => write!(f, " to {most}")?,
            Some(_) => {}
        }
        if self.unknown > 0 { f.write_str(" + unknown") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Money};
    use sdk::Quantity;

    #[test]
    fn decimals_are_read_exactly_and_shown_as_people_read_them() {
        let check = |text: &str, nano: Option<u64>, shown: &str| {
            let money = Money::parse(text);
            assert_eq!(money, nano.map(Money), "{text}");
            assert_eq!(money.map(|money| money.to_string()).unwrap_or_default(), shown, "{text}");
        };
        check("0.0225", Some(22_500_000), "0.023");
        check("0.10", Some(100_000_000), "0.10");
        check("0.045", Some(45_000_000), "0.045");
        check("0.9996", Some(999_600_000), "1.00");
        check("12", Some(12_000_000_000), "12.00");
        check("98.324999", Some(98_324_999_000), "98.32");
        check("0", Some(0), "0.00");
        for wrong in ["-1", "1e3", "", ".5", "0.1234567891", "x"] {
            check(wrong, None, "");
        }
    }

    #[test]
    fn costs_add_up_with_what_is_not_known_of_them() {
        let check = |costs: &[Cost], shown: &str| {
            let sum = costs.iter().fold(Cost::default(), |sum, cost| sum.plus(*cost));
            assert_eq!(sum.to_string(), shown);
        };
        let rate = (Money(100_000_000), Money(100_000_000));
        let fixed = Cost::of(rate, false, Quantity::exactly(2));
        let pool = Cost::of(rate, false, Quantity { least: 2, most: Some(10) });
        let spot = Cost::of((Money(30_000_000), Money(70_000_000)), true, Quantity::ONE);
        check(&[], "$0.00");
        check(&[fixed], "$0.20");
        check(&[fixed, pool], "$0.40 to 1.20");
        check(&[fixed, spot], "about $0.23 to 0.27");
        check(&[fixed, Cost::of(rate, false, Quantity::UNKNOWN)], "$0.20 or more");
        check(&[fixed, Cost::UNKNOWN], "$0.20 + unknown");
        check(&[Cost::UNKNOWN], "unknown");
    }
}
