//! Texts that hold a structure: JSON and YAML.

use lang::functions::Environment;
use value::Value;

/// Returns the structures that two texts say, if both say one of the same kind, and the function that writes such text.
///
/// YAML is read only where there is one on both sides: alone it is as readable as a text, with its comments.
pub(super) fn structures(
    before: Option<&str>,
    after: Option<&str>,
) -> Option<(&'static str, Option<Value>, Option<Value>)> {
    let json = |text: Option<&str>| text.map_or(Some(None), |text| json(text).map(Some));
    if let (Some(old), Some(new)) = (json(before), json(after)) {
        let is_like = |a: &Value, b: &Value| a.as_entries().is_some() == b.as_entries().is_some();
        let fits = old.as_ref().zip(new.as_ref()).is_none_or(|(old, new)| is_like(old, new));
        return (fits && (old.is_some() || new.is_some())).then_some(("jsonencode", old, new));
    }
    let (before, after) = before.zip(after)?;
    let (old, new) = yaml(before).zip(yaml(after))?;
    let is_other = old != new;
    is_other.then_some(("yamlencode", Some(old), Some(new)))
}

fn json(text: &str) -> Option<Value> {
    // Numbers and words are JSON, too, but nobody thinks of them so.
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let parsed = serde_json::from_str(text).ok()?;
    value::value_from_json(&parsed, &value::implied_type(&parsed)).ok()
}

fn yaml(text: &str) -> Option<Value> {
    // One line of YAML can be anything: a time, a place and a sentence have colons.
    if !text.trim_end().contains('\n') {
        return None;
    }
    let decode = lang::functions::find("yamldecode")?;
    let decoded = decode.call(vec![Value::from(text.to_owned())], &Environment::nowhere()).ok()?;
    (decoded.as_entries().is_some() || decoded.as_sequence().is_some()).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::structures;

    fn check(before: Option<&str>, after: Option<&str>, expected: Option<&str>) {
        assert_eq!(structures(before, after).map(|found| found.0), expected, "{before:?} {after:?}");
    }

    #[test]
    fn sees_structures_where_both_sides_have_one() {
        check(Some("{}"), Some(r#"{"a":1}"#), Some("jsonencode"));
        check(None, Some("[1]"), Some("jsonencode"));
        check(Some("[1]"), Some("{}"), None);
        check(Some("1"), Some("2"), None);
        check(Some("{}"), Some("{"), None);
        check(Some("a: 1\nb: 2"), Some("a: 1\nb: 3"), Some("yamlencode"));
        check(Some("a: 1\nb: 2"), Some("a: 1\nb: 2 # two"), None);
        check(None, Some("a: 1\nb: 2"), None);
        check(Some("one\ntwo"), Some("one\nthree"), None);
    }
}
