//! Quantities: `500m`, `1.5Gi`, `1e3`; read, compared, and written in the one form that a server keeps.

/// A quantity, in billionths of its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    nanos: i128,
    scale: Scale,
}

/// In which way it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scale {
    Decimal,
    Binary,
    Exponent,
}

const UNIT: i128 = 1_000_000_000;
const DECIMAL: &[(&str, i32)] =
    &[("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: &[&str] = &["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Digits of what is read at most.
const LENGTH_MAX: usize = 40;

impl Quantity {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Quantity> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, suffix) = rest.split_at(end);
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if digits.len() > LENGTH_MAX || whole.is_empty() && part.is_empty() || part.contains('.') {
            return None;
        }
        let (factor, scale) = match BINARY.iter().position(|one| *one == suffix) {
            Some(place) => (1_i128 << (10 * (place + 1)), Scale::Binary),
            None => match DECIMAL.iter().find(|(one, _)| *one == suffix) {
                Some((_, power)) => return Quantity::decimal(is_negative, whole, part, *power, Scale::Decimal),
                None => {
                    let power =
                        suffix.strip_prefix(['e', 'E'])?.parse().ok().filter(|power| (-9..=18).contains(power))?;
                    return Quantity::decimal(is_negative, whole, part, power, Scale::Exponent);
                }
            },
        };
        let plain = Quantity::decimal(is_negative, whole, part, 0, scale)?;
        Some(Quantity { nanos: plain.nanos.checked_mul(factor)?, scale })
    }

    fn decimal(is_negative: bool, whole: &str, part: &str, power: i32, scale: Scale) -> Option<Quantity> {
        let number: i128 = format!("0{whole}{part}").parse().ok()?;
        let power = power + 9 - i32::try_from(part.len()).ok()?;
        let nanos = if power >= 0 {
            number.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
        } else {
            // What is smaller than a billionth is rounded up.
            let divisor = 10_i128.checked_pow(power.unsigned_abs())?;
            number / divisor + i128::from(number % divisor != 0)
        };
        Some(Quantity { nanos: if is_negative { -nanos } else { nanos }, scale })
    }

    /// Returns it in thousandths, rounded up.
    pub fn milli(self) -> i128 {
        let milli = UNIT / 1_000;
        self.nanos / milli + i128::from(self.nanos % milli > 0)
    }

    /// Tells whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        if self.scale == Scale::Binary && self.nanos % UNIT == 0 && (self.nanos / UNIT).abs() >= 1024 {
            let (mut value, mut place) = (self.nanos / UNIT, 0);
            while value % 1024 == 0 && place < BINARY.len() {
                (value, place) = (value / 1024, place + 1);
            }
            return write!(f, "{value}{}", if place == 0 { "" } else { BINARY[place - 1] });
        }
        let (mut value, mut place) = (self.nanos, 0);
        while value % 1_000 == 0 && place + 1 < DECIMAL.len() {
            (value, place) = (value / 1_000, place + 1);
        }
        let (suffix, power) = DECIMAL[place];
        match (self.scale, power) {
            (Scale::Exponent, 1..) => write!(f, "{value}e{power}"),
            _ => write!(f, "{value}{suffix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn are_written_as_a_server_keeps_them() {
        // As apimachinery's resource.Quantity writes them.
        for (said, kept) in [
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("1500Mi", "1500Mi"),
            ("0.5Gi", "512Mi"),
            ("1.5Gi", "1536Mi"),
            ("512", "512"),
            ("2000", "2k"),
            ("1e3", "1e3"),
            ("100Ki", "100Ki"),
            ("-1", "-1"),
            ("0Gi", "0"),
        ] {
            assert_eq!(Quantity::parse(said).map(|one| one.to_string()).as_deref(), Some(kept), "{said}");
        }
        for wrong in ["", "Gi", "1 Gi", "1gi", "abc", "1.2.3", "--1"] {
            assert_eq!(Quantity::parse(wrong), None, "{wrong}");
        }
    }
}
