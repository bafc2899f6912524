//! Names of which the configuration says the beginning, or nothing.
//!
//! The rest of them comes from the token of the creation, so that a creation whose end nobody saw is found by it.

use sdk::Problem;
use sdk::value::{Type, Value};
use serde_json::Value as Json;

use crate::fields::{filled, is_set, part, text};
use crate::managed::Draft;

/// What names begin with for which the configuration says nothing.
const PREFIX: &str = "terraform-";
/// How many letters the rest of a name has.
const REST: usize = 26;

/// Only one of the two may be set; says nothing while one of them is unknown.
pub(crate) fn either(config: &Value, name: &str, prefix: &str) -> Vec<Problem> {
    if !is_set(config, name) || !is_set(config, prefix) {
        return vec![];
    }
    let detail = format!("Set either `{name}` or `{prefix}`.");
    vec![Problem::error("Conflicting attributes", detail).at(prefix)]
}

/// Returns the name of an object that is to be made.
pub(crate) fn name(planned: &Value, name: &str, prefix: &str, token: &str) -> String {
    if let Some(name) = filled(planned, name) {
        return name;
    }
    let prefix = filled(planned, prefix).unwrap_or_else(|| PREFIX.to_owned());
    format!("{prefix}{}", rest(token))
}

/// Returns what a name begins with, if its rest was made here.
pub(crate) fn prefix(name: &str, reference: &Value, prefix: &str) -> Json {
    if let Some(known) = filled(reference, prefix).filter(|known| name.starts_with(&**known)) {
        return known.into();
    }
    let at = name.len().saturating_sub(REST);
    let is_ours = at > 0 && name.is_char_boundary(at) && name[at..].bytes().all(|byte| byte.is_ascii_digit());
    if is_ours { name[..at].into() } else { "".into() }
}

/// Plans both: a name that is set has no prefix, and is known.
pub(crate) fn plan(draft: &mut Draft<'_>, name: &str, prefix: &str) {
    let config = &draft.request.config;
    let (is_named, is_prefixed) = (!part(config, name).is_null(), !part(config, prefix).is_null());
    if draft.is_update() {
        let prior = text(&draft.request.prior, name).unwrap_or_default();
        // A prefix that the name has already changes nothing; another one makes another name.
        if is_prefixed && !is_named && filled(config, prefix).is_some_and(|wanted| !prior.starts_with(&*wanted)) {
            let unknown = Value::unknown(Type::String);
            draft.set(&[(name, unknown.clone())]);
        }
        return;
    }
    if is_named && !is_prefixed {
        draft.set(&[(prefix, prefix_of(part(config, name)))]);
    }
}

fn prefix_of(name: &Value) -> Value {
    match name.as_str() {
        Some(name) => self::prefix(name, &Value::NULL, "").as_str().unwrap_or_default().into(),
        None => Value::unknown(Type::String),
    }
}

/// Returns digits that follow from a token (FNV-1a, once from each end).
fn rest(token: &str) -> String {
    let hash = |bytes: &mut dyn Iterator<Item = u8>| {
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    let (one, other) = (hash(&mut token.bytes()), hash(&mut token.bytes().rev()));
    let text = format!("{:039}", u128::from(one) << 64 | u128::from(other));
    text[text.len() - REST..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{either, name, prefix, rest};
    use sdk::value::{Type, Value};

    #[test]
    fn a_name_and_a_prefix_conflict_only_when_both_are_known() {
        for (prefix, expected) in
            [("pool-".into(), 1), (Value::unknown(Type::String), 0), (Value::null(Type::String), 0)]
        {
            let config = Value::object([("n", "a".into()), ("p", prefix)]);
            assert_eq!(either(&config, "n", "p").len(), expected, "{config:?}");
        }
    }

    #[test]
    fn a_name_follows_from_its_token() {
        let planned = Value::object([("n", Value::null(Type::String)), ("p", "pool-".into())]);
        let made = name(&planned, "n", "p", "t-1");
        assert!(made.starts_with("pool-") && made.len() == 5 + 26);
        assert_eq!(made, name(&planned, "n", "p", "t-1"));
        assert_ne!(rest("t-1"), rest("t-2"));
        assert_eq!(prefix(&made, &Value::NULL, "p"), "pool-");
        assert_eq!(prefix("pool-a", &Value::NULL, "p"), "");
    }
}
