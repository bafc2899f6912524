//! Rules that several types share. Each says nothing about what is not known yet.

use std::time::Duration;

use sdk::value::{Kind, Value};
use sdk::{Problem, attribute};

/// The text must not be empty.
pub(crate) fn not_empty(config: &Value, name: &str) -> Option<Problem> {
    let empty = attribute(config, name).as_str() == Some("");
    empty.then(|| Problem::error("Empty text", format!("`{name}` must not be empty.")).at(name))
}

/// The number must be a whole one and at least 1.
pub(crate) fn positive(config: &Value, name: &str) -> Option<Problem> {
    let value = attribute(config, name);
    let number = value.as_number()?;
    if number.signum() > 0 && number.is_integer() {
        return None;
    }
    let detail = format!("`{name}` must be a whole number of at least 1, not {number}.");
    Some(Problem::error("Number out of range", detail).at(name))
}

/// The text must be a duration like `1m30s` or `100ms`.
pub(crate) fn duration(config: &Value, name: &str) -> Option<Problem> {
    let value = attribute(config, name);
    let text = value.as_str()?;
    if parse_duration(text).is_some() {
        return None;
    }
    let detail = format!("`{name}` must be a duration like `100ms`, `30s` or `1m30s`, not {text:?}.");
    Some(Problem::error("Invalid duration", detail).at(name))
}

/// Reads a duration: whole numbers with the units `ms`, `s`, `m` and `h`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u32 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let unit = match &rest[digits..unit_end] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            _ => return None,
        };
        sum = sum.checked_add(unit.checked_mul(number)?)?;
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(sum)
}

/// At most one of two attributes may be set.
pub(crate) fn not_both(config: &Value, one: &str, other: &str) -> Option<Problem> {
    if !is_set(config, one) || !is_set(config, other) {
        return None;
    }
    let detail = format!("`{one}` and `{other}` are two ways to say the same: set one of them.");
    Some(Problem::error("Conflicting attributes", detail).at(other))
}

/// If one attribute is set, the other must be.
pub(crate) fn together(config: &Value, one: &str, other: &str) -> Option<Problem> {
    if !is_set(config, one) || !attribute(config, other).is_null() {
        return None;
    }
    Some(Problem::error("Missing attribute", format!("Set `{other}` as well, because `{one}` is set.")).at(one))
}

/// Tells whether an attribute surely has a value.
fn is_set(config: &Value, name: &str) -> bool {
    match attribute(config, name).kind() {
        Kind::Null(_) => false,
        Kind::Unknown(_, refinement) => refinement.not_null,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{not_both, not_empty, positive, together};
    use sdk::Problem;
    use sdk::value::{Number, Type, Value};

    fn check(attributes: [(&'static str, Value); 2], rule: impl Fn(&Value) -> Option<Problem>, expected: Option<&str>) {
        let problem = rule(&Value::object(attributes));
        let shown = problem.map(|problem| format!("{} {}", problem.attribute, problem.detail));
        assert_eq!(shown.as_deref(), expected);
    }

    fn a(value: Value) -> [(&'static str, Value); 2] {
        [("a", value), ("b", Value::NULL)]
    }

    #[test]
    fn empty_text_is_found() {
        let rule = |config: &Value| not_empty(config, "a");
        check(a("".into()), rule, Some(".a `a` must not be empty."));
        check(a("x".into()), rule, None);
        check(a(Value::unknown(Type::String)), rule, None);
    }

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, milliseconds) in
            [("100ms", Some(100)), ("1m30s", Some(90_000)), ("0s", Some(0)), ("2h", Some(7_200_000))]
        {
            assert_eq!(super::parse_duration(text).map(|duration| duration.as_millis()), milliseconds, "{text}");
        }
        for text in ["", "5", "s", "1.5s", "-1s", "1d", "99999999999s", "1s "] {
            assert_eq!(super::parse_duration(text), None, "{text}");
        }
        let rule = |config: &Value| super::duration(config, "a");
        let detail = ".a `a` must be a duration like `100ms`, `30s` or `1m30s`, not \"5\".";
        check(a("5".into()), rule, Some(detail));
    }

    #[test]
    fn numbers_below_one_and_fractions_are_found() {
        let rule = |config: &Value| positive(config, "a");
        check(a(Value::number(0)), rule, Some(".a `a` must be a whole number of at least 1, not 0."));
        let half = Value::number(Number::parse("1.5").unwrap());
        check(a(half), rule, Some(".a `a` must be a whole number of at least 1, not 1.5."));
        check(a(Value::number(1)), rule, None);
        check(a(Value::unknown(Type::Number)), rule, None);
        check(a(Value::NULL), rule, None);
    }

    #[test]
    fn two_that_exclude_each_other_are_found_once_both_are_surely_set() {
        let rule = |config: &Value| not_both(config, "a", "b");
        let unknown = Value::unknown(Type::String);
        let found = Some(".b `a` and `b` are two ways to say the same: set one of them.");
        check([("a", "x".into()), ("b", "y".into())], rule, found);
        check([("a", "x".into()), ("b", unknown.clone().refine_not_null())], rule, found);
        check([("a", "x".into()), ("b", unknown)], rule, None);
        check(a("x".into()), rule, None);
    }

    #[test]
    fn one_that_needs_another_is_found() {
        let rule = |config: &Value| together(config, "a", "b");
        check(a("x".into()), rule, Some(".a Set `b` as well, because `a` is set."));
        check([("a", "x".into()), ("b", Value::unknown(Type::Number))], rule, None);
        check(a(Value::unknown(Type::String)), rule, None);
        check(a(Value::NULL), rule, None);
    }
}
