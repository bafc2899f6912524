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
        if !version["schema"]["openAPIV3Schema"].is_object() {
            let path = format!("spec.versions[{place}].schema.openAPIV3Schema");
            causes.push(Cause::required(path, "schemas are required"));
        }
    }
    causes
}

/// How deep schemas are followed.
const DEPTH_MAX: usize = 64;

/// Returns the paths of what the schema of a defined kind does not know, and removes it.
pub fn unknown(kind: &Kind, object: &mut Json) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(version) = &kind.custom {
        prune(&version["schema"]["openAPIV3Schema"], object, "", DEPTH_MAX, &mut found);
    }
    found
}

fn prune(schema: &Json, value: &mut Json, path: &str, depth: usize, found: &mut Vec<String>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Json::Object(members) => {
            let known = schema["properties"].as_object();
            let rest = &schema["additionalProperties"];
            let is_embedded = path.is_empty() || schema["x-kubernetes-embedded-resource"] == true;
            let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true || rest == &Json::Bool(true);
            members.retain(|name, value| {
                if is_embedded && matches!(&**name, "apiVersion" | "kind" | "metadata") {
                    return true;
                }
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let inner = known.and_then(|known| known.get(name)).or(rest.is_object().then_some(rest));
                match inner {
                    Some(schema) => prune(schema, value, &path, depth, found),
                    None if keeps => {}
                    None => {
                        found.push(path);
                        return false;
                    }
                }
                true
            });
        }
        Json::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                prune(&schema["items"], item, &format!("{path}[{place}]"), depth, found);
            }
        }
        _ => {}
    }
}

/// Checks an object of a defined kind; removes what its schema does not know, and fills in its defaults.
pub fn check(kind: &Kind, name: &str, object: &mut Json) -> Result<(), Failure> {
    let Some(version) = &kind.custom else { return Ok(()) };
    let mut causes = Vec::new();
    let schema = &version["schema"]["openAPIV3Schema"];
    let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let known = schema["properties"].as_object();
    if let Some(members) = object.as_object_mut() {
        let own = |name: &str| matches!(name, "apiVersion" | "kind" | "metadata");
        members.retain(|name, _| own(name) || keeps || known.is_some_and(|known| known.contains_key(name)));
        for (name, schema) in known.into_iter().flatten().filter(|(name, _)| !own(name)) {
            if let (None, Some(default)) = (members.get(name), schema.get("default")) {
                members.insert(name.clone(), default.clone());
            }
            if let Some(value) = members.get_mut(name) {
                check_value(schema, value, name, DEPTH_MAX, &mut causes);
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !members.contains_key(name) {
                causes.push(Cause::required(name, ""));
            }
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name, causes)) }
}

fn check_value(schema: &Json, value: &mut Json, path: &str, depth: usize, causes: &mut Vec<Cause>) {
    if depth == 0 || value.is_null() && schema["nullable"] == true {
        return;
    }
    let wanted = text(schema, "/type");
    let is_either = schema["x-kubernetes-int-or-string"] == true;
    if is_either && !(value.is_string() || value.is_i64()) || !wanted.is_empty() && !is_of_type(wanted, value) {
        let found = type_of(value);
        let wanted = if is_either { "integer,string" } else { wanted };
        let hint = format!("{path} in body must be of type {wanted}: \"{found}\"");
        let said = if value.is_object() || value.is_array() { Json::from(found) } else { value.clone() };
        let mut cause = Cause::invalid(path, &said, &hint);
        cause.reason = "FieldValueTypeInvalid";
        causes.push(cause);
        return;
    }
    check_scalar(schema, value, path, causes);
    match value {
        Json::Object(members) => {
            let known = schema["properties"].as_object();
            let rest = &schema["additionalProperties"];
            let keeps = schema["x-kubernetes-preserve-unknown-fields"] == true
                || schema["x-kubernetes-embedded-resource"] == true
                || rest == &Json::Bool(true)
                || rest.is_object();
            if !keeps {
                members.retain(|name, _| known.is_some_and(|known| known.contains_key(name)));
            }
            for (name, schema) in known.into_iter().flatten() {
                if let (None, Some(default)) = (members.get(name), schema.get("default")) {
                    members.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in members.iter_mut() {
                if let Some(schema) = known.and_then(|known| known.get(name)).or(rest.is_object().then_some(rest)) {
                    check_value(schema, value, &format!("{path}.{name}"), depth - 1, causes);
                }
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
                if !members.contains_key(name) {
                    causes.push(Cause::required(format!("{path}.{name}"), ""));
                }
            }
        }
        Json::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                check_value(&schema["items"], item, &format!("{path}[{place}]"), depth - 1, causes);
            }
        }
        _ => {}
    }
}

fn check_scalar(schema: &Json, value: &Json, path: &str, causes: &mut Vec<Cause>) {
    if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
        let allowed: Vec<String> =
            allowed.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect();
        causes.push(Cause::unsupported(path, value, &allowed));
    }
    let mut wrong = |hint: String| causes.push(Cause::invalid(path, value, &format!("{path} in body {hint}")));
    if let Some(found) = value.as_f64() {
        if let Some(least) = schema["minimum"].as_f64().filter(|least| found < *least) {
            wrong(format!("should be greater than or equal to {least}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| found > *most) {
            wrong(format!("should be less than or equal to {most}"));
        }
    }
    if let Some(found) = value.as_str() {
        let length = found.chars().count() as u64;
        if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
            wrong(format!("should be at least {least} chars long"));
        }
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
            wrong(format!("may not be more than {most} bytes"));
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && let Ok(expression) = regex_automata::meta::Regex::new(pattern)
            && !expression.is_match(found)
        {
            wrong(format!("should match '{pattern}'"));
        }
    }
    if let Some(found) = value.as_array() {
        if let Some(least) = schema["minItems"].as_u64().filter(|least| (found.len() as u64) < *least) {
            wrong(format!("should have at least {least} items"));
        }
        if let Some(most) = schema["maxItems"].as_u64().filter(|most| found.len() as u64 > *most) {
            wrong(format!("should have at most {most} items"));
        }
    }
}

fn is_of_type(wanted: &str, value: &Json) -> bool {
    match wanted {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => true,
    }
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
