//! Kinds that users define: their definitions, and what their schemas ask of objects.

use serde_json::{Value as Json, json};

use super::failure::{Cause, Failure, Stop};
use super::kinds::{self, Kind};
use super::store::{How, text};
use crate::world::Change;

/// Returns the kinds that an established definition makes: one for each version that is served.
pub fn kinds(definition: &Json) -> Vec<Kind> {
    let is_established = definition["status"]["conditions"].as_array().is_some_and(|conditions| {
        conditions.iter().any(|condition| condition["type"] == "Established" && condition["status"] == "True")
    });
    if !is_established {
        return Vec::new();
    }
    let spec = &definition["spec"];
    let names = &spec["names"];
    let list = |member: &str| {
        let words = names[member].as_array().into_iter().flatten().filter_map(Json::as_str);
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let singular = match text(names, "/singular") {
        "" => text(names, "/kind").to_lowercase(),
        singular => singular.to_owned(),
    };
    let versions = spec["versions"].as_array().into_iter().flatten().filter(|version| version["served"] == true);
    let kinds = versions.map(|version| Kind {
        group: text(spec, "/group").to_owned(),
        version: text(version, "/name").to_owned(),
        kind: text(names, "/kind").to_owned(),
        plural: text(names, "/plural").to_owned(),
        singular: singular.clone(),
        short: list("shortNames"),
        categories: list("categories"),
        is_namespaced: spec["scope"] == "Namespaced",
        has_status: version["subresources"]["status"].is_object(),
        has_scale: version["subresources"]["scale"].is_object(),
        is_question: false,
        custom: Some(version.clone()),
    });
    kinds.collect()
}

/// Checks a definition, and lets its kind be served.
pub fn establish(change: &Change<'_>, cluster: &str, definition: &mut Json, how: &How) -> Result<(), Stop> {
    let name = text(definition, "/metadata/name").to_owned();
    let causes = complaints(definition, &name);
    let kind = kinds::built_in().iter().find(|kind| kind.is(kinds::DEFINITIONS.0, kinds::DEFINITIONS.1));
    if let (Some(kind), false) = (kind, causes.is_empty()) {
        return Err(Failure::invalid(kind, &name, causes).into());
    }
    let names = definition["spec"]["names"].clone();
    let mut names = names.as_object().cloned().unwrap_or_default();
    let word = text(definition, "/spec/names/kind").to_owned();
    names.entry("singular").or_insert_with(|| word.to_lowercase().into());
    names.entry("listKind").or_insert_with(|| format!("{word}List").into());
    definition["spec"]["names"] = Json::Object(names.clone());
    if definition["spec"]["conversion"].is_null() {
        definition["spec"]["conversion"] = json!({"strategy": "None"});
    }
    let preserved = &definition["spec"]["preserveUnknownFields"];
    if *preserved == true {
        let hint = "must be false";
        let cause = Cause::invalid("spec.preserveUnknownFields", preserved, hint);
        if let Some(kind) = kind {
            return Err(Failure::invalid(kind, &name, vec![cause]).into());
        }
    }
    let group = text(definition, "/spec/group");
    let plural = text(definition, "/spec/names/plural");
    let taken = kinds::all(change, cluster)
        .into_iter()
        .any(|kind| kind.group == group && kind.kind == word && kind.plural != plural);
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    let stored: Vec<Json> = versions.filter(|one| one["storage"] == true).map(|one| one["name"].clone()).collect();
    let accepted = if taken { "False" } else { "True" };
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": accepted, "lastTransitionTime": how.time,
            "reason": if taken { "KindConflict" } else { reason },
            "message": if taken { "another definition has this kind already" } else { message },
        })
    };
    let old = definition["status"]["storedVersions"].as_array().cloned().unwrap_or_default();
    let mut all = old;
    all.extend(stored.into_iter().filter(|one| !all.contains(one)).collect::<Vec<_>>());
    let conditions = match definition["status"]["conditions"].as_array() {
        Some(kept) if !taken && kept.iter().all(|one| one["status"] == "True") => Json::Array(kept.clone()),
        _ => json!([
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ]),
    };
    definition["status"] = json!({"conditions": conditions, "acceptedNames": names, "storedVersions": all});
    Ok(())
}

fn complaints(definition: &Json, name: &str) -> Vec<Cause> {
    let spec = &definition["spec"];
    let mut causes = Vec::new();
    for path in ["/group", "/names/plural", "/names/kind", "/scope"] {
        if text(spec, path).is_empty() {
            causes.push(Cause::required(format!("spec{}", path.replace('/', ".")), ""));
        }
    }
    let expected = format!("{}.{}", text(spec, "/names/plural"), text(spec, "/group"));
    if causes.is_empty() && expected != name {
        let hint = "must be spec.names.plural+\".\"+spec.group";
        causes.push(Cause::invalid("metadata.name", &name.into(), hint));
    }
    if !matches!(text(spec, "/scope"), "" | "Cluster" | "Namespaced") {
        let supported = ["Cluster", "Namespaced"].map(str::to_owned);
        causes.push(Cause::unsupported("spec.scope", &spec["scope"], &supported));
    }
    let versions: Vec<&Json> = spec["versions"].as_array().into_iter().flatten().collect();
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        let hint = "must have exactly one version marked as storage version";
        causes.push(Cause::invalid("spec.versions", &spec["versions"], hint));
    }
    for (place, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{place}].schema.openAPIV3Schema");
        let schema = &version["schema"]["openAPIV3Schema"];
        if !schema.is_object() {
            causes.push(Cause::required(path, "schemas are required"));
            continue;
        }
        if text(schema, "/type") != "object" {
            let hint = "must be object at the root";
            causes.push(Cause::invalid(format!("{path}.type"), &schema["type"], hint));
        }
        structural(schema, &path, DEPTH_MAX, &mut causes);
        if versions[..place].iter().any(|other| other["name"] == version["name"]) {
            causes.push(Cause::duplicate(format!("spec.versions[{place}].name"), &version["name"]));
        }
    }
    if text(spec, "/conversion/strategy") == "Webhook" {
        let hint = "the sandbox cannot ask webhooks to convert";
        causes.push(Cause::forbidden("spec.conversion.strategy", hint));
    }
    causes
}

/// How deep schemas are followed.
const DEPTH_MAX: usize = 64;
const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

/// Checks that a schema says of each value what it is.
fn structural(schema: &Json, path: &str, depth: usize, causes: &mut Vec<Cause>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let word = text(schema, "/type");
    let is_open =
        schema["x-kubernetes-preserve-unknown-fields"] == true || schema["x-kubernetes-int-or-string"] == true;
    if word.is_empty() && !is_open {
        causes.push(Cause::required(format!("{path}.type"), "must not be empty for specified object fields"));
    } else if !word.is_empty() && !TYPES.contains(&word) {
        let all: Vec<String> = TYPES.iter().map(|one| (*one).to_owned()).collect();
        causes.push(Cause::unsupported(format!("{path}.type"), &schema["type"], &all));
    }
    if let Some(pattern) = schema["pattern"].as_str().filter(|one| regex_automata::meta::Regex::new(one).is_err()) {
        let hint = "must be a valid regular expression";
        causes.push(Cause::invalid(format!("{path}.pattern"), &pattern.into(), hint));
    }
    if schema.get("$ref").is_some() {
        causes.push(Cause::forbidden(format!("{path}.$ref"), "$ref is not supported"));
    }
    if schema["uniqueItems"] == true {
        let hint = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        causes.push(Cause::forbidden(format!("{path}.uniqueItems"), hint));
    }
    let rest = &schema["additionalProperties"];
    let properties = schema["properties"].as_object();
    if properties.is_some_and(|known| !known.is_empty()) && !rest.is_null() {
        let hint = "additionalProperties and properties are mutual exclusive";
        causes.push(Cause::forbidden(format!("{path}.additionalProperties"), hint));
    }
    for (name, schema) in properties.into_iter().flatten() {
        structural(schema, &format!("{path}.properties[{name}]"), depth, causes);
    }
    if rest.is_object() {
        structural(rest, &format!("{path}.additionalProperties"), depth, causes);
    }
    if word == "array" && !schema["items"].is_object() {
        causes.push(Cause::required(format!("{path}.items"), "must be specified"));
    } else if schema["items"].is_object() {
        structural(&schema["items"], &format!("{path}.items"), depth, causes);
    }
    let has_keys = schema["x-kubernetes-list-map-keys"].as_array().is_some_and(|keys| !keys.is_empty());
    if schema["x-kubernetes-list-type"] == "map" && !has_keys {
        let hint = "must not be empty if x-kubernetes-list-type is map";
        causes.push(Cause::required(format!("{path}.x-kubernetes-list-map-keys"), hint));
    }
}

/// Returns what of a definition the sandbox takes and does not do.
pub fn warnings(definition: &Json) -> Vec<String> {
    let versions = definition["spec"]["versions"].as_array().into_iter().flatten();
    let has_rules = |version: &&Json| version["schema"].to_string().contains("\"x-kubernetes-validations\"");
    let names = versions.filter(has_rules).map(|version| text(version, "/name"));
    let said = names.map(|name| {
        format!("the sandbox does not evaluate x-kubernetes-validations (CEL) of version {name}: its rules always hold")
    });
    said.collect()
}
