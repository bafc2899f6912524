//! What a configuration says to wait for: readiness, conditions, fields.

use regex_automata::meta::Regex;
use sdk::attribute;
use sdk::value::Value;
use serde_json::Value as Json;

use crate::json::{entries, first_block, flag, set_text};
use crate::readiness::{self, Look, condition};

/// What to wait for.
#[derive(Default)]
pub(crate) struct Rules {
    is_rollout: bool,
    conditions: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

/// Reads it from a planned object.
pub(crate) fn read(planned: &Value) -> Rules {
    let mut rules = Rules { fields: entries(&attribute(planned, "wait_for"), "fields"), ..Rules::default() };
    if let Some(block) = first_block(planned, "wait") {
        rules.is_rollout = flag(&block, "rollout");
        rules.fields.extend(entries(&block, "fields"));
        let conditions = attribute(&block, "condition");
        rules.conditions = conditions
            .as_sequence()
            .unwrap_or_default()
            .iter()
            .filter_map(|one| Some((set_text(one, "type")?, set_text(one, "status").unwrap_or_else(|| "True".into()))))
            .collect();
    }
    rules
}

impl Rules {
    /// Looks whether it has come.
    pub(crate) fn look(&self, object: &Json) -> Look {
        if self.is_rollout {
            match readiness::look(object) {
                Look::Ready => {}
                other => return other,
            }
        }
        for (kind, status) in &self.conditions {
            match condition(object, kind, status) {
                Look::Ready => {}
                other => return other,
            }
        }
        for (path, pattern) in &self.fields {
            let found = field(object, path);
            if !matches(found.as_deref(), pattern) {
                let found = found.map_or_else(|| "not there yet".to_owned(), |found| format!("{found:?}"));
                return Look::Waiting(format!("`{path}` is {found}, not {pattern:?}"));
            }
        }
        Look::Ready
    }
}

fn matches(found: Option<&str>, pattern: &str) -> bool {
    let Some(found) = found else { return false };
    if pattern == "*" || pattern == found {
        return true;
    }
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(found))
}

/// Returns a field by a path like `status.loadBalancer.ingress[0].hostname`, as a text.
fn field(object: &Json, path: &str) -> Option<String> {
    let mut found = object;
    for step in crate::changes::field_path(path) {
        found = match step {
            crate::changes::Step::Member(name) => found.get(name.trim_matches('"'))?,
            crate::changes::Step::Element(index) => found.get(usize::try_from(index).ok()?)?,
        };
    }
    Some(match found {
        Json::Null => return None,
        Json::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Rules, field};
    use crate::readiness::Look;

    #[test]
    fn fields_are_found_by_paths() {
        let object = json!({"status": {"n": 2, "ingress": [{"ip": "1"}]}, "metadata": {"labels": {"a.b/c": "d"}}});
        for (path, expected) in [
            ("status.n", Some("2")),
            ("status.ingress[0].ip", Some("1")),
            ("metadata.labels[\"a.b/c\"]", Some("d")),
            ("status.ingress[1].ip", None),
        ] {
            assert_eq!(field(&object, path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn all_rules_must_be_met() {
        let rules = |pattern: &str| Rules { fields: vec![("status.phase".into(), pattern.into())], ..Rules::default() };
        let object = json!({"status": {"phase": "Running"}});
        for (pattern, is_met) in [("Running", true), ("*", true), ("^Run", true), ("Pending", false), ("(", false)] {
            assert_eq!(rules(pattern).look(&object) == Look::Ready, is_met, "{pattern}");
        }
        let why = rules("*").look(&json!({}));
        assert_eq!(why, Look::Waiting("`status.phase` is not there yet, not \"*\"".into()));
    }
}
