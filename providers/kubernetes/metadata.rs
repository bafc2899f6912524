//! The block `metadata` that typed resources have: name, namespace, labels, annotations, and what the cluster adds.

use regex_automata::meta::Regex;
use sdk::schema::{Attribute, BlockNesting, NestedBlock};
use sdk::value::{Kind, Type, Value};
use sdk::{Problem, Runtime, attribute, block};
use serde_json::{Value as Json, json};

use crate::json::{at, entries, first_block, members, set_text, with};

/// Letters of generated names, without those that make words.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// Random letters at the end of a generated name.
const RANDOM_LETTERS: usize = 5;
/// Labels and annotations that the cluster and its tools write.
const FOREIGN: &[&str] = &["kubernetes.io/metadata.name", "kubectl.kubernetes.io/last-applied-configuration"];

/// Returns the block.
pub(crate) fn schema(is_namespaced: bool) -> NestedBlock {
    let map = |name, description: &str| Attribute::new(name, Type::map(Type::String)).optional().describe(description);
    let text = |name, description: &str| Attribute::new(name, Type::String).describe(description);
    let mut attributes = vec![
        map("annotations", "Notes for programs. Those that others write are left alone."),
        map("labels", "What it is found by. Those that others write are left alone."),
        text("name", "Its name; a change replaces the object. Not together with `generate_name`.")
            .optional()
            .computed(),
        text("generate_name", "What its name begins with; the rest is random. A change replaces the object.")
            .optional(),
        Attribute::new("generation", Type::Number).computed().describe("How often what is wanted has changed."),
        text("resource_version", "Its version as of when it was last written by Gantry.").computed(),
        text("uid", "What tells it apart from others that had its name.").computed(),
    ];
    if is_namespaced {
        let description = "The namespace that it is in, `default` unless set; a change replaces the object.";
        attributes.push(text("namespace", description).optional().computed());
    }
    let description = "What all objects have.";
    NestedBlock { min_items: 1, max_items: 1, ..block("metadata", BlockNesting::List, description, attributes) }
}

/// Checks that there is one way to a name; one that is unknown may turn out to be null.
pub(crate) fn validate(config: &Value) -> Vec<Problem> {
    let Some(metadata) = first_block(config, "metadata") else { return Vec::new() };
    let (name, prefix) = (attribute(&metadata, "name"), attribute(&metadata, "generate_name"));
    let are_known = name.is_known() && prefix.is_known();
    let detail = match (name.is_null(), prefix.is_null()) {
        (true, true) => "Set `name`, or `generate_name` for a name that begins with it.",
        (false, false) if are_known => "`name` and `generate_name` contradict each other: leave one of them out.",
        _ => return Vec::new(),
    };
    vec![Problem::error("Invalid metadata", detail).at("metadata").at_element(0)]
}

/// Returns an object with another first block of metadata.
pub(crate) fn replaced(object: &Value, change: impl FnOnce(&Value) -> Value) -> Value {
    let Some(metadata) = first_block(object, "metadata") else { return object.clone() };
    let metadata = change(&metadata);
    let block = Value::list(metadata.ty(), [metadata]);
    with(object, vec![("metadata", block)])
}

/// Makes a name of its beginning.
pub(crate) fn generated(prefix: &str, runtime: &dyn Runtime) -> String {
    let mut bits = runtime.random();
    let mut name = prefix.to_owned();
    for _ in 0..RANDOM_LETTERS {
        let place = usize::try_from(bits % LETTERS.len() as u128).unwrap_or_default();
        name.push(char::from(LETTERS[place]));
        bits /= LETTERS.len() as u128;
    }
    name
}

/// Returns what is applied of it: labels and annotations.
pub(crate) fn body(object: &Value) -> Json {
    let metadata = first_block(object, "metadata").unwrap_or(Value::NULL);
    let mut body = json!({});
    for name in ["annotations", "labels"] {
        let entries = entries(&metadata, name);
        if !entries.is_empty() {
            body[name] = members(entries);
        }
    }
    body
}

/// Fills in what the cluster knows. What was planned stays.
pub(crate) fn filled(planned: &Value, object: &Json) -> Value {
    replaced(planned, |metadata| {
        let Kind::Object(parts) = metadata.kind() else { return metadata.clone() };
        let known = |name: &str| text(object, name);
        let value = |name: &str, old: &Value| match name {
            "generation" => generation(object),
            "resource_version" => known("resourceVersion"),
            "name" | "namespace" | "uid" if !old.is_known() => known(name),
            _ => old.clone(),
        };
        let values = parts.iter().map(|(name, old)| value(name, old)).collect();
        Value::object_of_shape(parts.names().clone(), values)
    })
}

/// Takes over what is there: of labels and annotations, those that were ours, or all if nothing was.
pub(crate) fn taken_over(current: &Value, object: &Json, is_new: bool, ignored: &[Regex]) -> Value {
    replaced(current, |metadata| {
        let map = |name: &str| {
            let before = entries(metadata, name);
            let found = object.pointer(&format!("/metadata/{name}")).and_then(Json::as_object);
            let is_wanted = |key: &str| {
                let is_foreign = FOREIGN.contains(&key) || ignored.iter().any(|names| names.is_match(key));
                if is_new { !is_foreign } else { before.iter().any(|(known, _)| known == key) }
            };
            let found: Vec<(&str, Value)> = found
                .into_iter()
                .flatten()
                .filter(|(key, _)| is_wanted(key))
                .map(|(key, value)| (key.as_str(), crate::json::plain(value)))
                .collect();
            let was_null = attribute(metadata, name).is_null();
            if found.is_empty() && was_null {
                Value::null(Type::map(Type::String))
            } else {
                Value::map(Type::String, found)
            }
        };
        let Kind::Object(parts) = metadata.kind() else { return metadata.clone() };
        let value = |name: &str, old: &Value| match name {
            "annotations" | "labels" => map(name),
            "generation" => generation(object),
            "resource_version" => text(object, "resourceVersion"),
            "name" | "namespace" | "uid" => text(object, name),
            _ => old.clone(),
        };
        let values = parts.iter().map(|(name, old)| value(name, old)).collect();
        Value::object_of_shape(parts.names().clone(), values)
    })
}

fn generation(object: &Json) -> Value {
    Value::number(object.pointer("/metadata/generation").and_then(Json::as_i64).unwrap_or(0))
}

fn text(object: &Json, name: &str) -> Value {
    match at(object, &format!("/metadata/{name}")) {
        "" => Value::null(Type::String),
        text => Value::string(text),
    }
}

/// Returns name and namespace, as far as they are known.
pub(crate) fn name(object: &Value) -> (Option<String>, Option<String>) {
    let metadata = first_block(object, "metadata").unwrap_or(Value::NULL);
    (set_text(&metadata, "name"), set_text(&metadata, "namespace"))
}

#[cfg(test)]
mod tests {
    use sdk::value::{Type, Value};

    use super::validate;

    #[track_caller]
    fn check(name: Value, generate_name: Value, expected: usize) {
        let metadata = Value::object([("name", name), ("generate_name", generate_name)]);
        let config = Value::object([("metadata", Value::list(metadata.ty(), [metadata]))]);
        assert_eq!(validate(&config).len(), expected, "{config:?}");
    }

    #[test]
    fn one_way_to_a_name_is_needed_as_far_as_is_known() {
        let (null, unknown) = (Value::null(Type::String), Value::unknown(Type::String));
        check("a".into(), "b".into(), 1);
        check(null.clone(), null.clone(), 1);
        check("a".into(), null.clone(), 0);
        check("a".into(), unknown.clone(), 0);
        check(unknown.clone(), "b".into(), 0);
        check(null, unknown, 0);
    }
}
