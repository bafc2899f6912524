//! Which objects of a list are wanted: selectors of labels and of fields.

use serde_json::Value as Json;

use super::failure::Failure;

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
    pub fn parse(labels: &str, fields: &str) -> Result<Selector, Failure> {
        let labels = split(labels).into_iter().map(|demand| demand_of(&demand)).collect::<Result<_, _>>()?;
        let fields = fields.split(',').filter(|field| !field.is_empty()).map(field_of).collect::<Result<_, _>>()?;
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
                    Json::Null => String::new(),
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                };
                (found == *value) == *same
            })
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

/// Fields that can be selected by; others are refused, as a real server does.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.unschedulable",
    "spec.type",
    "status.phase",
    "status.podIP",
    "type",
    "reason",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "status.successful",
];

fn field_of(text: &str) -> Result<(String, bool, String), Failure> {
    let (path, same, value) = if let Some((path, value)) = text.split_once("!=") {
        (path, false, value)
    } else if let Some((path, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (path, true, value)
    } else {
        return Err(Failure::bad_request(format!("invalid selector: {text:?}; can't understand it")));
    };
    if !FIELDS.contains(&path) {
        return Err(Failure::bad_request(format!("field label not supported: {path}")));
    }
    Ok((path.to_owned(), same, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::Selector;
    use serde_json::json;

    fn check(labels: &str, taken: bool) {
        let object = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        let selector = Selector::parse(labels, "").expect("a selector");
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
        assert!(Selector::parse("app in web)", "").is_err());
        assert!(Selector::parse("", "spec.colour=red").is_err());
    }
}
