//! Which objects of a list are wanted: selectors of labels and of fields.

use serde_json::Value as Json;

use super::failure::Failure;
use super::kinds::Kind;

/// What has to hold of an object.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    labels: Vec<Demand>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug)]
enum Demand {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Has(String),
    HasNot(String),
}

impl Selector {
    /// Reads both kinds of selectors.
    pub fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Selector, Failure> {
        let labels = split(labels).into_iter().map(|demand| demand_of(&demand)).collect::<Result<_, _>>()?;
        let parts = fields.split(',').filter(|field| !field.is_empty());
        let fields = parts.map(|field| field_of(kind, field)).collect::<Result<_, _>>()?;
        Ok(Selector { labels, fields })
    }

    /// Tells whether it takes everything.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Returns the one name that it takes, if it asks for one.
    pub fn name(&self) -> Option<&str> {
        self.fields.iter().find(|(path, same, _)| path == "metadata.name" && *same).map(|(_, _, name)| &**name)
    }

    /// Tells whether it takes an object.
    pub fn takes(&self, object: &Json) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|demand| holds(demand, labels))
            && self.fields.iter().all(|(path, same, value)| {
                let found = path.split('.').fold(object, |value, step| &value[step]);
                let found = match found {
                    Json::Null if path == "spec.unschedulable" || path == "spec.hostNetwork" => "false".to_owned(),
                    Json::Null if path == "status.successful" => {
                        object["status"]["succeeded"].as_i64().unwrap_or_default().to_string()
                    }
                    Json::Null if path == "status.replicas" => "0".to_owned(),
                    Json::Null => String::new(),
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                (found == *value) == *same
            })
    }
}

/// Tells whether an object's selector (`matchLabels`, `matchExpressions`) takes labels; an empty one takes all.
pub fn takes_labels(selector: &Json, labels: &Json) -> bool {
    takes(selector, |key| labels.get(key).and_then(Json::as_str))
}

/// The same for labels that are found by a function.
pub fn takes<'l>(selector: &Json, label: impl Fn(&str) -> Option<&'l str>) -> bool {
    let mut same = selector["matchLabels"].as_object().into_iter().flatten();
    let mut expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    selector.is_object()
        && same.all(|(key, wanted)| label(key) == wanted.as_str())
        && expressions.all(|expression| meets(expression, label(expression["key"].as_str().unwrap_or_default())))
}

/// Tells whether the value of a label, or that there is none, meets an expression.
pub fn meets(expression: &Json, found: Option<&str>) -> bool {
    let mut values = expression["values"].as_array().into_iter().flatten().filter_map(Json::as_str);
    match expression["operator"].as_str() {
        Some("In") => found.is_some_and(|found| values.any(|value| value == found)),
        Some("NotIn") => found.is_none_or(|found| !values.any(|value| value == found)),
        Some("Exists") => found.is_some(),
        Some("DoesNotExist") => found.is_none(),
        _ => false,
    }
}

fn holds(demand: &Demand, labels: &Json) -> bool {
    let value = |key: &String| labels.get(key).and_then(Json::as_str);
    match demand {
        Demand::In(key, values) => value(key).is_some_and(|value| values.iter().any(|one| one == value)),
        Demand::NotIn(key, values) => !value(key).is_some_and(|value| values.iter().any(|one| one == value)),
        Demand::Has(key) => value(key).is_some(),
        Demand::HasNot(key) => value(key).is_none(),
    }
}

/// Splits at commas that are in no parentheses.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_usize);
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn demand_of(text: &str) -> Result<Demand, Failure> {
    let wrong = || Failure::bad_request(format!("unable to parse requirement: {text:?} is no selector of labels"));
    if let Some(open) = text.find('(') {
        let values = text[open + 1..].strip_suffix(')').ok_or_else(wrong)?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = text[..open].split_whitespace();
        return match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => Ok(Demand::In(key.to_owned(), values)),
            (Some(key), Some("notin"), None) => Ok(Demand::NotIn(key.to_owned(), values)),
            _ => Err(wrong()),
        };
    }
    let pair = |(key, value): (&str, &str)| (key.trim().to_owned(), vec![value.trim().to_owned()]);
    let demand = if let Some((key, values)) = text.split_once("!=").map(pair) {
        Demand::NotIn(key, values)
    } else if let Some((key, values)) = text.split_once("==").or_else(|| text.split_once('=')).map(pair) {
        Demand::In(key, values)
    } else if let Some(key) = text.strip_prefix('!') {
        Demand::HasNot(key.trim().to_owned())
    } else {
        Demand::Has(text.to_owned())
    };
    let (Demand::In(key, _) | Demand::NotIn(key, _) | Demand::Has(key) | Demand::HasNot(key)) = &demand;
    if key.is_empty() || key.contains(char::is_whitespace) { Err(wrong()) } else { Ok(demand) }
}

/// Fields that can be selected by, beside name and namespace; others are refused, as a real server does.
fn fields_of(kind: &Kind) -> Vec<&str> {
    let fields = match (&*kind.group, &*kind.plural) {
        ("", "pods") => {
            "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork status.phase \
             status.podIP status.podIPs status.nominatedNodeName"
        }
        ("" | "events.k8s.io", "events") => {
            "involvedObject.kind involvedObject.name involvedObject.namespace involvedObject.uid \
             involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath reason reportingComponent \
             source type regarding.kind regarding.name regarding.namespace regarding.uid"
        }
        ("", "namespaces") => "status.phase",
        ("", "nodes") => "spec.unschedulable",
        ("", "secrets") => "type",
        ("", "services") => "spec.clusterIP spec.type",
        ("", "replicationcontrollers") | ("apps", "replicasets") => "status.replicas",
        ("batch", "jobs") => "status.successful",
        ("certificates.k8s.io", _) => "spec.signerName",
        _ => "",
    };
    let custom = kind.custom.as_ref().and_then(|version| version["selectableFields"].as_array());
    let custom = custom.into_iter().flatten().filter_map(|field| field["jsonPath"].as_str());
    fields.split_whitespace().chain(custom.map(|path| path.trim_start_matches('.'))).collect()
}

fn field_of(kind: &Kind, text: &str) -> Result<(String, bool, String), Failure> {
    let (path, same, value) = if let Some((path, value)) = text.split_once("!=") {
        (path, false, value)
    } else if let Some((path, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (path, true, value)
    } else {
        return Err(Failure::bad_request(format!("invalid selector: {text:?}; can't understand it")));
    };
    let is_usual = path == "metadata.name" || path == "metadata.namespace" && kind.is_namespaced;
    if !is_usual && !fields_of(kind).contains(&path) {
        let message = format!(
            "Unable to find {:?} that match label selector \"\", field selector {text:?}: ",
            kind.api_version()
        );
        return Err(Failure::bad_request(format!("{message}field label not supported: {path}")));
    }
    Ok((path.to_owned(), same, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Selector};
    use serde_json::json;

    fn check(labels: &str, taken: bool) {
        let object = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        let selector = Selector::parse(&Kind::default(), labels, "").expect("a selector");
        assert_eq!(selector.takes(&object), taken, "{labels}");
    }

    #[test]
    fn labels_are_selected_by() {
        check("app=web", true);
        check("app==web,tier!=back", true);
        check("app in (web, db),!zone", true);
        check("app notin (web)", false);
        check("zone", false);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Selector::parse(&Kind::default(), "app in web)", "").is_err());
        assert!(Selector::parse(&Kind::default(), "", "spec.colour=red").is_err());
    }
}
