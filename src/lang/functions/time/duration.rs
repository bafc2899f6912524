//! Durations as text: `1h30m`, `-1.5s`, `300ms`.

/// The greatest duration either way, in nanoseconds; the negative one is one longer.
const NANOSECONDS_MAX: u64 = i64::MAX as u64;
const TOO_LONG: &str = "it is longer than 292 years";

/// Reads a duration: a sign, then numbers with units. Returns nanoseconds, or what is wrong.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    let (negative, mut rest) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err("it is empty".into());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (part, tail) = part(rest)?;
        total = total.checked_add(part).filter(|sum| *sum <= NANOSECONDS_MAX + 1).ok_or(TOO_LONG)?;
        rest = tail;
    }
    if negative {
        // The most negative duration has no positive counterpart; negation keeps it.
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| TOO_LONG.into())
}

/// Reads one number with its unit.
fn part(text: &str) -> Result<(u64, &str), String> {
    let (whole_digits, rest) = digits(text);
    let whole = whole_digits.bytes().try_fold(0u64, |sum, digit| {
        sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')).filter(|sum| *sum <= NANOSECONDS_MAX + 1)
    });
    let whole = whole.ok_or(TOO_LONG)?;
    let (fraction_digits, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole_digits.is_empty() && fraction_digits.is_empty() {
        return Err(format!("a number is expected at {text:?}"));
    }
    let unit_length = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_length);
    if unit.is_empty() {
        return Err(format!("the unit is missing after {:?}", &text[..text.len() - rest.len()]));
    }
    let size = unit_size(unit).ok_or_else(|| format!("the unit {unit:?} is unknown; there are ns, us, ms, s, m, h"))?;
    let mut total = whole.checked_mul(size).filter(|sum| *sum <= NANOSECONDS_MAX + 1).ok_or(TOO_LONG)?;
    if !fraction_digits.is_empty() {
        let (fraction, scale) = fraction(fraction_digits);
        // Through a float, as the reference does: the result may differ by a nanosecond from the exact one.
        total += (fraction as f64 * (size as f64 / scale)) as u64;
        if total > NANOSECONDS_MAX + 1 {
            return Err(TOO_LONG.into());
        }
    }
    Ok((total, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Returns as many digits as fit, and by what they are to be divided.
fn fraction(digits: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0u64, 1.0);
    for digit in digits.bytes() {
        let next = (value <= NANOSECONDS_MAX / 10).then(|| value * 10 + u64::from(digit - b'0'));
        let Some(next) = next.filter(|next| *next <= NANOSECONDS_MAX + 1) else { break };
        value = next;
        scale *= 10.0;
    }
    (value, scale)
}

fn unit_size(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // Both the micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[track_caller]
    fn check(text: &str, expected: Result<i64, &str>) {
        match (parse(text), expected) {
            (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{text}"),
            (Err(found), Err(wanted)) => assert!(found.contains(wanted), "{text}: {found}"),
            (found, wanted) => panic!("{text}: {found:?}, not {wanted:?}"),
        }
    }

    #[test]
    fn numbers_and_units_add_up() {
        check("1h30m", Ok(5_400_000_000_000));
        check("-1.5s", Ok(-1_500_000_000));
        check("+.5ms1us", Ok(501_000));
        check("1.s", Ok(1_000_000_000));
        check("1µs2μs", Ok(3_000));
        check("-0", Ok(0));
        check("0.9999999999999999999999s", Ok(1_000_000_000));
    }

    #[test]
    fn the_range_is_that_of_64_bits() {
        check("9223372036854775807ns", Ok(i64::MAX));
        check("-9223372036854775808ns", Ok(i64::MIN));
        check("9223372036854775808ns", Err("292 years"));
        check("99999999999999999999h", Err("292 years"));
        check("2562048h", Err("292 years"));
    }

    #[test]
    fn faults_are_named() {
        check("", Err("empty"));
        check("-", Err("empty"));
        check("3", Err(r#"the unit is missing after "3""#));
        check("1d", Err(r#"the unit "d" is unknown"#));
        check(".s", Err("a number is expected"));
        check("1h m", Err(r#"the unit "h m" is unknown"#));
    }
}
