//! Objects of defined kinds: what their schemas ask of them.

use serde_json::{Map, Value as Json};

use super::failure::{Cause, Failure};
use super::kinds::Kind;
use super::store::text;

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
    let schema = &version["schema"]["openAPIV3Schema"];
    prune(schema, object, "", DEPTH_MAX, &mut Vec::new());
    fill(schema, object, DEPTH_MAX);
    let mut causes = Vec::new();
    check_value(schema, object, "", DEPTH_MAX, &mut causes);
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name, causes)) }
}

fn is_set(schema: &Json, mark: &str) -> bool {
    schema[mark] == true
}

/// Fills in defaults; what is null without being allowed to gets its default, or goes.
fn fill(schema: &Json, value: &mut Json, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let is_void = |schema: &Json, value: &Json| value.is_null() && !is_set(schema, "nullable");
    match value {
        Json::Object(members) => {
            let known = schema["properties"].as_object();
            let rest = Some(&schema["additionalProperties"]).filter(|rest| rest.is_object());
            for (name, schema) in known.into_iter().flatten() {
                let is_missing = members.get(name).is_none_or(|value| is_void(schema, value));
                if let Some(default) = schema.get("default").filter(|_| is_missing) {
                    members.insert(name.clone(), default.clone());
                }
            }
            members.retain(|name, value| {
                let own = known.and_then(|known| known.get(name));
                let Some(schema) = own.or(rest) else { return true };
                if is_void(schema, value) {
                    let Some(default) = schema.get("default") else { return own.is_none() };
                    *value = default.clone();
                }
                fill(schema, value, depth);
                true
            });
        }
        Json::Array(items) => {
            for item in items.iter_mut() {
                let default = schema["items"].get("default").filter(|_| is_void(&schema["items"], item));
                if let Some(default) = default {
                    *item = default.clone();
                }
                fill(&schema["items"], item, depth);
            }
        }
        _ => {}
    }
}

fn check_value(schema: &Json, value: &Json, path: &str, depth: usize, causes: &mut Vec<Cause>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    if value.is_null() && is_set(schema, "nullable") {
        return;
    }
    let wanted = text(schema, "/type");
    let is_either = is_set(schema, "x-kubernetes-int-or-string");
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
        Json::Object(members) => check_members(schema, members, path, depth, causes),
        Json::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                check_value(&schema["items"], item, &format!("{path}[{place}]"), depth, causes);
            }
            check_keys(schema, items, path, causes);
        }
        _ => {}
    }
    check_junctors(schema, value, path, depth, causes);
}

fn check_members(schema: &Json, members: &Map<String, Json>, path: &str, depth: usize, causes: &mut Vec<Cause>) {
    let known = schema["properties"].as_object();
    let rest = &schema["additionalProperties"];
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for (name, value) in members {
        if path.is_empty() && matches!(&**name, "apiVersion" | "kind" | "metadata") {
            continue;
        }
        if let Some(schema) = known.and_then(|known| known.get(name)).or(rest.is_object().then_some(rest)) {
            check_value(schema, value, &inner(name), depth, causes);
        }
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        if !members.contains_key(name) {
            causes.push(Cause::required(inner(name), ""));
        }
    }
    let count = members.len() as u64;
    if let Some(least) = schema["minProperties"].as_u64().filter(|least| count < *least) {
        let hint = format!("{path} in body should have at least {least} properties");
        causes.push(Cause::invalid(path, &count.into(), &hint));
    }
    if let Some(most) = schema["maxProperties"].as_u64().filter(|most| count > *most) {
        causes.push(Cause::too_many(path, count, most));
    }
}

/// Checks that the items of sets and of lists with keys are different.
fn check_keys(schema: &Json, items: &[Json], path: &str, causes: &mut Vec<Cause>) {
    let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let keys: Vec<&str> = keys.collect();
    let key = |item: &Json| -> Json {
        if keys.is_empty() {
            return item.clone();
        }
        keys.iter().map(|key| ((*key).to_owned(), item[*key].clone())).collect::<Map<String, Json>>().into()
    };
    if matches!(text(schema, "/x-kubernetes-list-type"), "set" | "map") {
        let all: Vec<Json> = items.iter().map(key).collect();
        for (place, one) in all.iter().enumerate().filter(|(place, one)| all[..*place].contains(one)) {
            causes.push(Cause::duplicate(format!("{path}[{place}]"), one));
        }
    }
}

/// Checks what combines schemas: all of them, any, one, none.
fn check_junctors(schema: &Json, value: &Json, path: &str, depth: usize, causes: &mut Vec<Cause>) {
    let holds = |schema: &Json| {
        let mut own = Vec::new();
        check_value(schema, value, path, depth, &mut own);
        own.is_empty()
    };
    let list = |name: &str| schema[name].as_array().filter(|all| !all.is_empty());
    for schema in list("allOf").into_iter().flatten() {
        check_value(schema, value, path, depth, causes);
    }
    let mut wrong = |hint: &str| {
        let said = if value.is_object() || value.is_array() { type_of(value).into() } else { value.clone() };
        causes.push(Cause::invalid(path, &said, &format!("{path:?} {hint}")));
    };
    if list("anyOf").is_some_and(|all| !all.iter().any(holds)) {
        wrong("must validate at least one schema (anyOf)");
    }
    if list("oneOf").is_some_and(|all| all.iter().filter(|schema| holds(schema)).count() != 1) {
        wrong("must validate one and only one schema (oneOf)");
    }
    if schema["not"].is_object() && holds(&schema["not"]) {
        wrong("must not validate the schema (not)");
    }
}

fn check_scalar(schema: &Json, value: &Json, path: &str, causes: &mut Vec<Cause>) {
    if let Some(allowed) = schema["enum"].as_array().filter(|allowed| !allowed.contains(value)) {
        let allowed: Vec<String> =
            allowed.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned)).collect();
        causes.push(Cause::unsupported(path, value, &allowed));
    }
    let count = value.as_array().map(|items| items.len() as u64);
    if let Some((count, most)) = count.zip(schema["maxItems"].as_u64()).filter(|(count, most)| count > most) {
        causes.push(Cause::too_many(path, count, most));
    }
    let mut wrong = |hint: String| causes.push(Cause::invalid(path, value, &format!("{path} in body {hint}")));
    if let Some(found) = value.as_f64() {
        let is_out = |bound: f64, mark: &str, below: bool| {
            if is_set(schema, mark) && found == bound {
                true
            } else if below {
                found < bound
            } else {
                found > bound
            }
        };
        if let Some(least) = schema["minimum"].as_f64().filter(|least| is_out(*least, "exclusiveMinimum", true)) {
            let equal = if is_set(schema, "exclusiveMinimum") { "" } else { " or equal to" };
            wrong(format!("should be greater than{equal} {least}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| is_out(*most, "exclusiveMaximum", false)) {
            let equal = if is_set(schema, "exclusiveMaximum") { "" } else { " or equal to" };
            wrong(format!("should be less than{equal} {most}"));
        }
        if let Some(factor) = schema["multipleOf"].as_f64().filter(|factor| *factor > 0.0 && found % factor != 0.0) {
            wrong(format!("should be a multiple of {factor}"));
        }
    }
    if let Some(found) = value.as_str() {
        let length = found.chars().count() as u64;
        if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
            wrong(format!("should be at least {least} chars long"));
        }
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
            let message = format!("Too long: may not be more than {most} bytes");
            causes.push(Cause { field: path.to_owned(), reason: "FieldValueTooLong", message });
            return;
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && let Ok(expression) = regex_automata::meta::Regex::new(pattern)
            && !expression.is_match(found)
        {
            wrong(format!("should match '{pattern}'"));
        }
        if !is_of_format(text(schema, "/format"), found) {
            wrong(format!("must be of type {}: {found:?}", text(schema, "/format")));
        }
    }
    if let Some((count, least)) = count.zip(schema["minItems"].as_u64()).filter(|(count, least)| count < least) {
        wrong(format!("should have at least {least} items: {count}"));
    }
}

/// Tells whether a text is of a format; what is not known is not looked at.
fn is_of_format(format: &str, text: &str) -> bool {
    use base64::Engine;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    match format {
        "date-time" => text.len() >= 20 && text.as_bytes()[10] == b'T' && digits(text) >= 14,
        "date" => text.len() == 10 && digits(text) == 8,
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "byte" => base64::engine::general_purpose::STANDARD.decode(text).is_ok(),
        "uuid" => text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-'),
        _ => true,
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
