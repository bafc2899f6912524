//! Custom resources are checked by the schema of their definition where it is planned with them.
//!
//! The API server, which would say the same, does not know it yet.

use std::fmt::Display;

use regex_automata::meta::Regex;
use sdk::value::{Kind, Number, PathStep, Value};
use sdk::{Problem, attribute};
use serde_json::Value as Json;

use crate::defaults;
use crate::json::{at, text, to_json};

/// Mistakes that are told of one object; whoever has more mends these first.
const PROBLEMS_MAX: usize = 20;

/// A definition, as far as it is known.
struct Definition {
    group: String,
    kind: String,
    /// The versions that are served, each with its schema; nothing if they are not known.
    versions: Option<Vec<(String, Option<Json>)>>,
    /// The version that objects are stored in.
    stored: Option<String>,
    is_namespaced: Option<bool>,
}

/// Returns the group and the kind that a manifest defines, if it is a definition.
pub(crate) fn defined(manifest: &Value) -> Option<String> {
    let spec = spec(manifest)?;
    Some(format!("{}/{}", text(&spec, "group")?, text(&attribute(&spec, "names"), "kind")?))
}

fn spec(manifest: &Value) -> Option<Value> {
    let is_definition = text(manifest, "kind")? == "CustomResourceDefinition"
        && text(manifest, "apiVersion")?.starts_with("apiextensions.k8s.io/");
    is_definition.then(|| attribute(manifest, "spec"))
}

impl Definition {
    /// Reads a manifest, if it is a definition.
    fn read(manifest: &Value) -> Option<Definition> {
        let spec = spec(manifest)?;
        let versions = attribute(&spec, "versions");
        let version = |version: &Value| {
            let is_served = attribute(version, "served").as_bool()?;
            let schema = to_json(&attribute(&attribute(version, "schema"), "openAPIV3Schema"));
            let known = (text(version, "name")?, schema.filter(Json::is_object));
            Some(is_served.then_some(known))
        };
        let mut all = versions.as_sequence().unwrap_or_default().iter();
        let stored = all.find(|version| attribute(version, "storage").as_bool() == Some(true));
        let stored = stored.and_then(|version| text(version, "name"));
        let versions = versions.as_sequence().map(|all| all.iter().map(version).collect::<Option<Vec<_>>>());
        Some(Definition {
            group: text(&spec, "group")?,
            kind: text(&attribute(&spec, "names"), "kind")?,
            stored,
            versions: versions.flatten().map(|all| all.into_iter().flatten().collect()),
            is_namespaced: text(&spec, "scope").map(|scope| scope == "Namespaced"),
        })
    }
}

/// Checks manifests with the definitions among them; returns what is wrong, and with which of them.
pub(crate) fn check(manifests: &[Value]) -> Vec<(usize, Problem)> {
    let definitions: Vec<Definition> = manifests.iter().filter_map(Definition::read).collect();
    if definitions.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, manifest) in manifests.iter().enumerate() {
        let (Some(api_version), Some(kind)) = (text(manifest, "apiVersion"), text(manifest, "kind")) else { continue };
        let Some((group, version)) = api_version.split_once('/') else { continue };
        // One that is in two clusters may be right in either.
        let own = definitions.iter().filter(|known| known.group == group && known.kind == kind);
        let problems = own.map(|definition| of_object(definition, version, manifest)).min_by_key(Vec::len);
        found.extend(problems.unwrap_or_default().into_iter().map(|problem| (index, problem)));
    }
    found
}

/// Returns what the API server would make of new objects among manifests, by the definitions among them, and of which.
pub(crate) fn defaulted(manifests: &[Value]) -> Vec<(usize, Value)> {
    let definitions: Vec<Definition> = manifests.iter().filter_map(Definition::read).collect();
    let object = |manifest: &Value| {
        let (api_version, kind) = (text(manifest, "apiVersion")?, text(manifest, "kind")?);
        let (group, version) = api_version.split_once('/')?;
        let mut own = definitions.iter().filter(|known| known.group == group && known.kind == kind);
        // What is stored in another version is converted, and comes back with the defaults of both.
        let known = own.next().filter(|known| own.next().is_none() && known.stored.as_deref() == Some(version))?;
        let (_, schema) = known.versions.as_ref()?.iter().find(|(name, _)| name == version)?;
        Some(defaults::of_object(manifest, schema.as_ref()?, known.is_namespaced?))
    };
    let found = manifests.iter().enumerate().filter(|_| !definitions.is_empty());
    found.filter_map(|(index, manifest)| Some((index, object(manifest)?))).collect()
}

fn of_object(definition: &Definition, version: &str, manifest: &Value) -> Vec<Problem> {
    let Some(versions) = &definition.versions else { return Vec::new() };
    let Definition { kind, group, .. } = definition;
    let mut walk = Walk { kind, path: Vec::new(), problems: Vec::new() };
    let Some((_, schema)) = versions.iter().find(|(name, _)| name == version) else {
        let names: Vec<&str> = versions.iter().map(|(name, _)| name.as_str()).collect();
        walk.path.push(PathStep::Attribute("apiVersion".into()));
        walk.say(format!("the definition in this plan serves {} of {group}, and not {version}", names.join(", ")));
        return walk.problems;
    };
    if definition.is_namespaced == Some(false) && text(&attribute(manifest, "metadata"), "namespace").is_some() {
        walk.path.extend(["metadata", "namespace"].map(|name| PathStep::Attribute(name.into())));
        walk.say("its definition is of the scope Cluster, so that it is in no namespace");
        walk.path.clear();
    }
    if let Some(schema) = schema {
        walk.object(manifest, schema, true);
    }
    walk.problems
}

/// A walk over an object along a schema.
struct Walk<'a> {
    kind: &'a str,
    path: Vec<PathStep>,
    problems: Vec<Problem>,
}

impl Walk<'_> {
    fn say(&mut self, what: impl Display) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        let place = sdk::value::Path(self.path.clone()).to_string();
        let place = place.trim_start_matches('.');
        let detail = format!("The {} does not fit its definition, which is in this plan: {place}: {what}.", self.kind);
        let mut problem = Problem::error("Invalid custom resource", detail).at("manifest");
        problem.attribute.0.extend(self.path.iter().cloned());
        self.problems.push(problem);
    }

    fn value(&mut self, value: &Value, schema: &Json) {
        let is_flagged = |name: &str| schema[name] == true;
        match value.kind() {
            // What is not known yet may be right, and what is null is not sent.
            Kind::Unknown(..) | Kind::Null(_) | Kind::Meta(_) => {}
            _ if is_flagged("x-kubernetes-int-or-string") => {
                if value.as_str().is_none() && !value.as_number().is_some_and(Number::is_integer) {
                    self.say(format!("a whole number or a text is wanted, not {}", kind_of(value)));
                }
            }
            Kind::Bool(_) => self.is_of(value, schema, &["boolean"]),
            Kind::Number(number) => {
                let types: &[&str] = if number.is_integer() { &["integer", "number"] } else { &["number"] };
                self.is_of(value, schema, types);
                self.number(number, schema);
            }
            Kind::String(text) => {
                self.is_of(value, schema, &["string"]);
                self.text(text.as_str(), schema);
            }
            Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => {
                self.is_of(value, schema, &["array"]);
                self.list(value, schema);
            }
            Kind::Map(_) | Kind::Object(_) => {
                self.is_of(value, schema, &["object"]);
                self.object(value, schema, is_flagged("x-kubernetes-embedded-resource"));
            }
        }
        let allowed = schema["enum"].as_array().filter(|_| value.is_wholly_known() && !value.is_null());
        if let Some(allowed) = allowed.filter(|allowed| to_json(value).is_some_and(|json| !allowed.contains(&json))) {
            let allowed: Vec<String> = allowed.iter().map(Json::to_string).collect();
            self.say(format!("one of {} is wanted", allowed.join(", ")));
        }
    }

    fn is_of(&mut self, value: &Value, schema: &Json, types: &[&str]) {
        let wanted = at(schema, "/type");
        if !wanted.is_empty() && !types.contains(&wanted) {
            let what = kind_of(value);
            self.say(format!("{} is wanted, not {what}", article(wanted)));
        }
    }

    fn number(&mut self, number: &Number, schema: &Json) {
        let number = number.to_f64();
        for (name, exclusive, is_over) in
            [("minimum", "exclusiveMinimum", false), ("maximum", "exclusiveMaximum", true)]
        {
            let Some(limit) = schema[name].as_f64() else { continue };
            let is_beyond = if is_over { number > limit } else { number < limit };
            if is_beyond || number == limit && schema[exclusive] == true {
                self.say(format!("{number} is beyond the {name}, {limit}"));
            }
        }
    }

    fn text(&mut self, text: &str, schema: &Json) {
        let length = text.chars().count() as u64;
        if schema["minLength"].as_u64().is_some_and(|least| length < least)
            || schema["maxLength"].as_u64().is_some_and(|most| length > most)
        {
            self.say(format!("a text of {length} characters is too short or too long"));
        }
        let pattern = schema["pattern"].as_str().and_then(|pattern| Some((pattern, Regex::new(pattern).ok()?)));
        if let Some((pattern, _)) = pattern.filter(|(_, regex)| !regex.is_match(text)) {
            self.say(format!("{text:?} does not match {pattern:?}"));
        }
    }

    fn list(&mut self, list: &Value, schema: &Json) {
        let elements = list.as_sequence().unwrap_or_default();
        let length = elements.len() as u64;
        if schema["minItems"].as_u64().is_some_and(|least| length < least)
            || schema["maxItems"].as_u64().is_some_and(|most| length > most)
        {
            self.say(format!("{length} elements are too few or too many"));
        }
        for (index, element) in elements.iter().enumerate() {
            self.path.push(PathStep::Index(Value::number(index as i64)));
            self.value(element, &schema["items"]);
            self.path.pop();
        }
    }

    /// Checks members; those that all objects of Kubernetes have are the API server's to check.
    fn object(&mut self, object: &Value, schema: &Json, is_whole: bool) {
        let entries = object.as_entries().unwrap_or_default();
        let properties = &schema["properties"];
        let others = &schema["additionalProperties"];
        let is_open = schema["x-kubernetes-preserve-unknown-fields"] == true || !schema.is_object();
        for (name, value) in &entries {
            let name: &str = name;
            if is_whole && ["apiVersion", "kind", "metadata"].contains(&name) || value.is_null() {
                continue;
            }
            self.path.push(PathStep::Attribute(name.into()));
            match (properties.get(name), others) {
                (Some(schema), _) => self.value(value, schema),
                (None, Json::Object(_)) => self.value(value, others),
                (None, Json::Bool(true)) => {}
                _ if is_open => {}
                _ => self.unknown(name, properties),
            }
            self.path.pop();
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
        for name in required {
            let value = entries.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value);
            let has_default = properties[name].get("default").is_some();
            if !has_default && value.is_none_or(|value| value.is_null()) {
                self.say(format!("{name:?} is missing"));
            }
        }
    }

    fn unknown(&mut self, name: &str, properties: &Json) {
        let mut names: Vec<&str> =
            properties.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        self.say(format!("there is no field {name:?} here; there are {known}"));
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value.kind() {
        Kind::Bool(_) => "a boolean",
        Kind::Number(number) if number.is_integer() => "a whole number",
        Kind::Number(_) => "a number",
        Kind::String(_) => "a text",
        Kind::List(_) | Kind::Set(_) | Kind::Tuple(_) => "a list",
        _ => "an object",
    }
}

fn article(kind: &str) -> &str {
    match kind {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "boolean" => "a boolean",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use sdk::value::{Type, Value};
    use serde_json::{Value as Json, json};

    use super::check;
    use crate::json::{from_json, with};

    /// A definition of lakes, which have a depth, a name of their shore, and open notes.
    fn definition() -> Value {
        let spec = json!({"type": "object", "required": ["depth", "kind"], "properties": {
            "depth": {"type": "integer", "minimum": 1},
            "kind": {"type": "string", "enum": ["salt", "sweet"], "default": "sweet"},
            "shores": {"type": "array", "maxItems": 2, "items": {"type": "string", "pattern": "^[a-z]+$"}},
            "port": {"x-kubernetes-int-or-string": true},
            "notes": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        }});
        let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
        from_json(&json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "lakes.example.com"},
            "spec": {"group": "example.com", "scope": "Cluster", "names": {"kind": "Lake"}, "versions": [
                {"name": "v1", "served": true, "storage": true, "schema": schema},
                {"name": "v0", "served": false, "storage": false, "schema": schema},
            ]},
        }))
    }

    fn lake(spec: Json) -> Value {
        from_json(&json!({"apiVersion": "example.com/v1", "kind": "Lake", "metadata": {"name": "a"}, "spec": spec}))
    }

    #[track_caller]
    fn said(manifest: Value, expected: &[&str]) {
        // The order does not matter: the object comes first.
        let found = check(&[manifest, definition()]);
        let shown: Vec<String> = found
            .iter()
            .map(|(index, problem)| {
                assert_eq!(*index, 0);
                format!("{}: {}", problem.attribute, problem.detail.rsplit_once(": ").unwrap_or_default().1)
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_fits_its_definition_is_right() {
        let tags = json!({"a": "b"});
        let notes = json!({"any": [1]});
        said(lake(json!({"depth": 3, "shores": ["north"], "port": "http", "notes": notes, "tags": tags})), &[]);
        said(lake(json!({"depth": 3, "shores": null})), &[]);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        said(lake(json!({"depth": "deep"})), &[".manifest.spec.depth: a whole number is wanted, not a text."]);
        said(lake(json!({"depth": 1.5})), &[".manifest.spec.depth: a whole number is wanted, not a number."]);
        said(lake(json!({"depth": 0})), &[".manifest.spec.depth: 0 is beyond the minimum, 1."]);
        said(lake(json!({})), &[".manifest.spec: \"depth\" is missing."]);
        said(
            lake(json!({"depth": 1, "kind": "sour"})),
            &[".manifest.spec.kind: one of \"salt\", \"sweet\" is wanted."],
        );
        said(
            lake(json!({"depth": 1, "shores": ["N"]})),
            &[".manifest.spec.shores[0]: \"N\" does not match \"^[a-z]+$\"."],
        );
        said(
            lake(json!({"depth": 1, "tags": {"a": 1}})),
            &[".manifest.spec.tags.a: a text is wanted, not a whole number."],
        );
        let unknown =
            ".manifest.spec.deep: there is no field \"deep\" here; there are depth, kind, notes, port, shores, tags.";
        said(lake(json!({"depth": 1, "deep": 1})), &[unknown]);
    }

    #[test]
    fn what_is_not_known_yet_may_be_right() {
        let spec = from_json(&json!({"depth": 1}));
        let spec = with(&spec, vec![("depth", Value::unknown(Type::String))]);
        said(with(&lake(json!({})), vec![("spec", spec)]), &[]);
        said(with(&lake(json!({})), vec![("spec", Value::dynamic())]), &[]);
    }

    #[test]
    fn versions_and_scopes_are_the_definitions() {
        let old = with(&lake(json!({"depth": 1})), vec![("apiVersion", "example.com/v0".into())]);
        said(old, &[".manifest.apiVersion: the definition in this plan serves v1 of example.com, and not v0."]);
        let metadata = from_json(&json!({"name": "a", "namespace": "b"}));
        let inside = with(&lake(json!({"depth": 1})), vec![("metadata", metadata)]);
        let scope =
            ".manifest.metadata.namespace: its definition is of the scope Cluster, so that it is in no namespace.";
        said(inside, &[scope]);
    }
}
