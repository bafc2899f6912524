//! Which lists and maps of objects are merged, by which keys, and which are one value: what the types of the API say.

use serde_json::{Map, Value as Json};

/// How a map or a list is merged.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A map whose members are values of their own.
    Members,
    /// A list whose items are known by these members.
    Keyed(Vec<String>),
    /// A list of different values.
    Set,
    /// One value.
    Whole,
}

/// Maps that are one value.
const WHOLE: &[&str] = &[
    "selector",
    "labelSelector",
    "namespaceSelector",
    "nodeSelector",
    "podSelector",
    "configMapKeyRef",
    "secretKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "roleRef",
    "scaleTargetRef",
    "claimRef",
    "secretRef",
    "storageClassRef",
];

/// Lists by the members that their items are known by; `containerPort` is a container's, `port` a service's.
const KEYED: &[(&str, &[&str])] = &[
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("volumes", &["name"]),
    ("env", &["name"]),
    ("imagePullSecrets", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("conditions", &["type"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("resourceClaims", &["name"]),
    ("ownerReferences", &["uid"]),
    ("secrets", &["name"]),
    ("addresses", &["type"]),
    ("podIPs", &["ip"]),
    ("webhooks", &["name"]),
    ("schedulingGates", &["name"]),
];

/// Returns how the value at a path is merged.
pub fn form(path: &[&str], value: &Json, custom: Option<&Json>) -> Form {
    let own = path
        .first()
        .is_some_and(|first| !matches!(*first, "labels" | "annotations" | "finalizers" | "ownerReferences"));
    if let (Some(version), true) = (custom, own) {
        return form_by_schema(&version["schema"]["openAPIV3Schema"], path, value);
    }
    let last = path.last().copied().unwrap_or_default();
    match value {
        Json::Object(_) if WHOLE.contains(&last) => Form::Whole,
        Json::Object(_) => Form::Members,
        Json::Array(items) => {
            let has = |member: &str| items.iter().all(|item| item.get(member).is_some());
            if last == "finalizers" {
                return Form::Set;
            }
            if last == "ports" && !items.is_empty() && has("containerPort") {
                return Form::Keyed(vec!["containerPort".to_owned(), "protocol".to_owned()]);
            }
            if last == "ports" && path.first() == Some(&"spec") && path.len() == 2 && has("port") {
                return Form::Keyed(vec!["port".to_owned(), "protocol".to_owned()]);
            }
            let keys = KEYED.iter().find(|(name, _)| *name == last).map(|(_, keys)| *keys);
            match keys {
                Some(keys) if keys.iter().all(|key| has(key)) => {
                    Form::Keyed(keys.iter().map(|key| (*key).to_owned()).collect())
                }
                _ => Form::Whole,
            }
        }
        _ => Form::Whole,
    }
}

fn form_by_schema(schema: &Json, path: &[&str], value: &Json) -> Form {
    let schema = path.iter().fold(schema, |schema, step| match (*step, schema["properties"].get(*step)) {
        ("[]", _) => &schema["items"],
        (_, Some(schema)) => schema,
        _ => &schema["additionalProperties"],
    });
    match (value, schema["x-kubernetes-list-type"].as_str(), schema["x-kubernetes-map-type"].as_str()) {
        (Json::Object(_), _, Some("atomic")) => Form::Whole,
        (Json::Object(_), ..) => Form::Members,
        (Json::Array(_), Some("set"), _) => Form::Set,
        (Json::Array(items), Some("map"), _) => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Json::as_str);
            let keys: Vec<String> = keys.map(str::to_owned).collect();
            if items.iter().all(Json::is_object) { Form::Keyed(keys) } else { Form::Whole }
        }
        _ => Form::Whole,
    }
}

/// Returns what an item of a list is known by, as managed fields have it.
pub fn key_of(item: &Json, keys: &[String]) -> String {
    let members: Map<String, Json> = keys.iter().map(|key| (key.clone(), member(item, key))).collect();
    format!("k:{}", Json::Object(members))
}

/// Tells whether an item is the one that a key names.
pub fn has_key(item: &Json, key: &Json) -> bool {
    key.as_object().is_some_and(|key| item.is_object() && key.iter().all(|(name, value)| member(item, name) == *value))
}

/// Protocols need not be said.
fn member(item: &Json, name: &str) -> Json {
    match item.get(name) {
        None if name == "protocol" => "TCP".into(),
        None => Json::Null,
        Some(value) => value.clone(),
    }
}

/// Merges what is wanted into an object: maps and keyed lists by their members, the rest as it is.
pub fn merge<'v>(into: &mut Json, wanted: &'v Json, path: &mut Vec<&'v str>, custom: Option<&Json>) {
    // Metadata has the same form in all kinds; its members are looked at as if they stood alone.
    let is_metadata = path.first() == Some(&"metadata");
    let form_path: &[&str] = if is_metadata { &path[1..] } else { path };
    let form = if form_path.is_empty() { Form::Members } else { form(form_path, wanted, custom) };
    match (form, &mut *into, wanted) {
        (Form::Members, Json::Object(members), Json::Object(wanted)) => {
            for (name, value) in wanted {
                path.push(name);
                merge(members.entry(name.clone()).or_insert(Json::Null), value, path, custom);
                path.pop();
            }
        }
        (Form::Keyed(keys), Json::Array(items), Json::Array(wanted)) => {
            for value in wanted {
                let key: Map<String, Json> = keys.iter().map(|key| (key.clone(), member(value, key))).collect();
                let key = Json::Object(key);
                path.push("[]");
                match items.iter_mut().find(|item| has_key(item, &key)) {
                    Some(item) => merge(item, value, path, custom),
                    None => items.push(value.clone()),
                }
                path.pop();
            }
        }
        (Form::Set, Json::Array(items), Json::Array(wanted)) => {
            let new: Vec<Json> = wanted.iter().filter(|value| !items.contains(value)).cloned().collect();
            items.extend(new);
        }
        _ => into.clone_from(wanted),
    }
}
