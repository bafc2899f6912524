//! Tags: of an object, of the provider for all of them, and those that are nobody's business here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sdk::value::{Kind, Type, Value};
use serde_json::{Value as Json, json};

use crate::fields::{part, text_map};

/// Tags by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// What the provider's configuration says of tags.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagRules {
    /// What every object gets, unless it says otherwise.
    pub(crate) defaults: Tags,
    /// Keys that are neither read nor changed.
    pub(crate) ignored_keys: BTreeSet<String>,
    /// What such keys begin with.
    pub(crate) ignored_prefixes: Vec<String>,
}

impl TagRules {
    /// Returns what `tags_all` is for these `tags`, as far as that is known.
    pub(crate) fn all(&self, tags: &Value) -> Value {
        if !tags.is_known() {
            return Value::unknown(Type::map(Type::String));
        }
        let mut all: BTreeMap<String, Value> =
            self.defaults.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
        if let Kind::Map(map) = tags.kind() {
            all.extend(map.entries().iter().map(|(key, value)| (key.to_string(), value.clone())));
        }
        Value::map(Type::String, all)
    }

    fn is_ignored(&self, key: &str) -> bool {
        key.starts_with("aws:")
            || self.ignored_keys.contains(key)
            || self.ignored_prefixes.iter().any(|prefix| key.starts_with(&**prefix))
    }

    /// Returns `tags` and `tags_all` of an object that has these tags; `reference` is what is known of it.
    pub(crate) fn seen(&self, found: impl IntoIterator<Item = (String, String)>, reference: &Value) -> (Json, Json) {
        let all: Tags = found.into_iter().filter(|(key, _)| !self.is_ignored(key)).collect();
        let configured = text_map(reference, "tags");
        let is_own = |key: &String, value: &String| {
            configured.as_ref().is_some_and(|tags| tags.contains_key(key)) || self.defaults.get(key) != Some(value)
        };
        let own: Tags =
            all.iter().filter(|(key, value)| is_own(key, value)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let own = if own.is_empty() && part(reference, "tags").is_null() { Json::Null } else { json!(own) };
        (own, json!(all))
    }
}

/// Returns all the tags that an object is planned with.
pub(crate) fn planned(object: &Value) -> Option<HashMap<String, String>> {
    text_map(object, "tags_all").filter(|tags| !tags.is_empty())
}

/// What is to be done to tags.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct TagChanges {
    /// To be set.
    pub(crate) set: Tags,
    /// To be removed.
    pub(crate) remove: Vec<String>,
}

/// Returns what is to be done to the tags of an object; nothing if they stay.
pub(crate) fn changes(prior: &Value, planned: &Value) -> Option<TagChanges> {
    let before = text_map(prior, "tags_all").unwrap_or_default();
    let after = text_map(planned, "tags_all").unwrap_or_default();
    let set: Tags = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut remove: Vec<String> = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
    remove.sort();
    (!set.is_empty() || !remove.is_empty()).then_some(TagChanges { set, remove })
}

#[cfg(test)]
mod tests {
    use super::{TagRules, changes};
    use sdk::value::{Type, Value};
    use serde_json::json;
    use std::collections::HashMap;

    fn tags(entries: &[(&str, &str)]) -> Value {
        Value::map(Type::String, entries.iter().map(|(key, value)| (*key, Value::from(*value))))
    }

    fn rules() -> TagRules {
        let defaults = [("team".to_owned(), "data".to_owned())].into();
        TagRules { defaults, ignored_keys: ["cost".to_owned()].into(), ignored_prefixes: vec!["k8s/".into()] }
    }

    #[test]
    fn an_object_says_otherwise_than_the_provider() {
        assert_eq!(rules().all(&tags(&[("a", "b")])), tags(&[("a", "b"), ("team", "data")]));
        assert_eq!(rules().all(&tags(&[("team", "web")])), tags(&[("team", "web")]));
        assert_eq!(rules().all(&Value::null(Type::map(Type::String))), tags(&[("team", "data")]));
        assert!(!rules().all(&Value::unknown(Type::map(Type::String))).is_known());
    }

    #[test]
    fn tags_of_others_are_not_seen() {
        let found = [("a", "b"), ("team", "data"), ("cost", "1"), ("k8s/x", "y"), ("aws:z", "w")];
        let found: HashMap<String, String> = found.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let reference = Value::object([("tags", tags(&[("a", "old")]))]);
        assert_eq!(rules().seen(found, &reference), (json!({"a": "b"}), json!({"a": "b", "team": "data"})));
    }

    #[test]
    fn only_differences_are_changed() {
        let object = |all| Value::object([("tags_all", tags(all))]);
        let found = changes(&object(&[("a", "1"), ("b", "2")]), &object(&[("a", "1"), ("c", "3")])).unwrap();
        assert_eq!((found.set, found.remove), ([("c".to_owned(), "3".to_owned())].into(), vec!["b".to_owned()]));
        assert_eq!(changes(&object(&[("a", "1")]), &object(&[("a", "1")])), None);
    }
}
