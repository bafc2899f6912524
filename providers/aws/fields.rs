//! Reads parts of objects: a part that is absent, null or unknown is nothing.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use sdk::value::{Kind, Value};

static NOTHING: Value = Value::NULL;

/// Returns an attribute or a block of an object; null where there is none.
pub(crate) fn part<'a>(object: &'a Value, name: &str) -> &'a Value {
    match object.kind() {
        Kind::Object(members) => members.get(name).unwrap_or(&NOTHING),
        _ => &NOTHING,
    }
}

/// Tells whether one of these parts is not the same in two objects.
pub(crate) fn differ(one: &Value, other: &Value, names: &[&str]) -> bool {
    names.iter().any(|name| part(one, name) != part(other, name))
}

/// Tells whether a part is known, and not null. An unknown one may turn out to be null.
pub(crate) fn is_set(object: &Value, name: &str) -> bool {
    let part = part(object, name);
    part.is_known() && !part.is_null()
}

/// Tells whether it is not known yet if a part is set.
pub(crate) fn is_open(object: &Value, name: &str) -> bool {
    !object.is_known() || !part(object, name).is_known()
}

/// Returns how many of the parts are set, at least and at most: rules hold back as long as an unknown one may fulfil them.
pub(crate) fn set_count<'a>(object: &Value, names: impl IntoIterator<Item = &'a str>) -> RangeInclusive<usize> {
    let (mut least, mut most) = (0, 0);
    for name in names {
        least += usize::from(is_set(object, name));
        most += usize::from(is_set(object, name) || is_open(object, name));
    }
    least..=most
}

/// Returns a text.
pub(crate) fn text(object: &Value, name: &str) -> Option<String> {
    part(object, name).as_str().map(str::to_owned)
}

/// Returns a text that says something.
pub(crate) fn filled(object: &Value, name: &str) -> Option<String> {
    text(object, name).filter(|text| !text.is_empty())
}

/// Returns a truth value.
pub(crate) fn flag(object: &Value, name: &str) -> Option<bool> {
    part(object, name).as_bool()
}

/// Returns a whole number.
pub(crate) fn number(object: &Value, name: &str) -> Option<i32> {
    part(object, name).as_number().and_then(|number| number.to_i64()).and_then(|number| i32::try_from(number).ok())
}

/// Returns the texts of a list or a set; nothing where it is null.
pub(crate) fn texts(object: &Value, name: &str) -> Option<Vec<String>> {
    let elements = part(object, name).as_sequence()?;
    Some(elements.iter().filter_map(|element| element.as_str().map(str::to_owned)).collect())
}

/// Returns the texts of a map; nothing where it is null.
pub(crate) fn text_map(object: &Value, name: &str) -> Option<HashMap<String, String>> {
    let value = part(object, name);
    if value.is_null() || !value.is_known() {
        return None;
    }
    let entries = value.as_entries()?.into_iter();
    Some(entries.filter_map(|(key, value)| Some((key.to_string(), value.as_str()?.to_owned()))).collect())
}

/// Returns the blocks of a kind, or the objects of a list.
pub(crate) fn blocks<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    part(object, name).as_sequence().unwrap_or_default()
}

/// Returns the block of which there is at most one.
pub(crate) fn block<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    blocks(object, name).first().filter(|block| !block.is_null())
}

/// Returns the block of which there is at most one; null where there is none.
pub(crate) fn block_or_null<'a>(object: &'a Value, name: &str) -> &'a Value {
    block(object, name).unwrap_or(&NOTHING)
}

/// Reads a duration as Go writes it: `1h30m`, `45s`, `1.5h`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let amount: f64 = rest[..digits].parse().ok()?;
        let end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        let unit = match &rest[digits..end] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += amount * unit;
        rest = &rest[end..];
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(seconds).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{duration, set_count};
    use sdk::value::{Type, Value};
    use std::time::Duration;

    #[test]
    fn an_unknown_part_may_be_set_or_not() {
        let (unknown, null) = (Value::unknown(Type::String), Value::null(Type::String));
        let object = Value::object([("set", "a".into()), ("open", unknown), ("null", null)]);
        for (names, expected) in [
            (vec!["set", "open", "null", "absent"], 1..=2),
            (vec!["null", "absent"], 0..=0),
            (vec!["open", "null"], 0..=1),
            (vec!["set", "set"], 2..=2),
        ] {
            assert_eq!(set_count(&object, names.clone()), expected, "{names:?}");
        }
        let whole = Value::unknown(object.ty());
        assert_eq!(set_count(&whole, ["set", "null"]), 0..=2);
    }

    #[test]
    fn durations_are_as_go_writes_them() {
        for (text, seconds) in [("45s", Some(45)), ("1h30m", Some(5400)), ("1.5h", Some(5400)), ("", None), ("3", None)]
        {
            assert_eq!(duration(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
