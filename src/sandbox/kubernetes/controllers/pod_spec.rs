//! What a pod's spec says of where it can be: selectors, affinities, tolerations.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::kubernetes::selector;

type Labels = BTreeMap<String, String>;

/// Tells whether a selector of labels takes something; one that says nothing takes everything, one that is absent nothing.
pub fn selects(selector: &Json, labels: &Labels) -> bool {
    selector::takes(selector, |key| labels.get(key).map(String::as_str))
}

/// Tells whether a plain map of labels takes something.
pub fn has_all(wanted: &Json, labels: &Labels) -> bool {
    let wanted = wanted.as_object().into_iter().flatten();
    wanted.into_iter().all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str())
}

/// Tells whether labels meet a requirement; those of nodes may be compared as numbers, too.
fn holds(requirement: &Json, labels: &Labels) -> bool {
    let value = labels.get(requirement["key"].as_str().unwrap_or_default());
    let number = |text: &str| text.parse::<i64>().ok();
    let compared = || Some((number(value?)?, number(requirement["values"][0].as_str()?)?));
    match requirement["operator"].as_str() {
        Some("Gt") => compared().is_some_and(|(is, than)| is > than),
        Some("Lt") => compared().is_some_and(|(is, than)| is < than),
        _ => selector::meets(requirement, value.map(String::as_str)),
    }
}

/// Tells whether a term of a selector of nodes takes a node.
pub fn term_takes(term: &Json, node: &str, labels: &Labels) -> bool {
    let own: Labels = [("metadata.name".to_owned(), node.to_owned())].into();
    let all = |member: &str, labels: &Labels| {
        term[member].as_array().into_iter().flatten().all(|requirement| holds(requirement, labels))
    };
    let is_empty = |member: &str| term[member].as_array().is_none_or(Vec::is_empty);
    if is_empty("matchExpressions") && is_empty("matchFields") {
        return false;
    }
    all("matchExpressions", labels) && all("matchFields", &own)
}

/// Tells whether a pod may be on a node by its own wish.
pub fn wants_node(spec: &Json, node: &str, labels: &Labels) -> bool {
    if !has_all(&spec["nodeSelector"], labels) {
        return false;
    }
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let Some(terms) = required["nodeSelectorTerms"].as_array() else { return true };
    terms.iter().any(|term| term_takes(term, node, labels))
}

/// Returns the first taint of some effects that a pod does not tolerate.
pub fn untolerated<'t>(spec: &Json, taints: &'t [Json], effects: &[&str]) -> Option<&'t Json> {
    let of_effect = |taint: &&Json| taint["effect"].as_str().is_some_and(|effect| effects.contains(&effect));
    let tolerations = || spec["tolerations"].as_array().into_iter().flatten();
    taints.iter().filter(of_effect).find(|taint| !tolerations().any(|toleration| tolerates(toleration, taint)))
}

fn tolerates(toleration: &Json, taint: &Json) -> bool {
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let (key, effect) = (word(&toleration["key"]), word(&toleration["effect"]));
    if !effect.is_empty() && taint["effect"] != effect.as_str() {
        return false;
    }
    let is_any = toleration["operator"] == "Exists";
    if key.is_empty() {
        return is_any;
    }
    taint["key"] == key.as_str() && (is_any || word(&toleration["value"]) == word(&taint["value"]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{untolerated, wants_node};

    fn check(spec: &Json, is_wanted: bool, is_tolerated: bool) {
        let labels = [("zone".to_owned(), "a".to_owned()), ("cores".to_owned(), "8".to_owned())].into();
        let taints = [json!({"key": "spot", "value": "true", "effect": "NoSchedule"})];
        assert_eq!(wants_node(spec, "n1", &labels), is_wanted, "{spec}");
        assert_eq!(untolerated(spec, &taints, &["NoSchedule"]).is_none(), is_tolerated, "{spec}");
    }

    #[test]
    fn pods_say_where_they_want_to_be() {
        let affinity = |requirement: Json| {
            let terms = json!({"nodeSelectorTerms": [{"matchExpressions": [requirement]}]});
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}})
        };
        check(&json!({}), true, false);
        check(&json!({"nodeSelector": {"zone": "b"}}), false, false);
        check(&affinity(json!({"key": "zone", "operator": "In", "values": ["a", "b"]})), true, false);
        check(&affinity(json!({"key": "cores", "operator": "Gt", "values": ["8"]})), false, false);
        check(&json!({"tolerations": [{"key": "spot", "operator": "Exists"}]}), true, true);
        check(&json!({"tolerations": [{"key": "spot", "value": "false"}]}), true, false);
        check(&json!({"tolerations": [{"operator": "Exists"}]}), true, true);
    }
}
