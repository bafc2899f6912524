//! What a cluster is made from, in the form that `kind` reads.

use sdk::attribute;
use sdk::value::{Kind, Value};
use serde_json::{Map, Value as Json, json};

/// Names of blocks and attributes whose names in kind's form do not follow from ours.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("api_version", "apiVersion"),
    ("disable_default_cni", "disableDefaultCNI"),
    ("node", "nodes"),
    ("selinux_relabel", "selinuxRelabel"),
];
/// Blocks of which there is one: no lists in kind's form.
const SINGLE: &[&str] = &["networking"];
/// Attributes whose members are names of others.
const MAPS: &[&str] = &["feature_gates", "labels", "runtime_config"];

/// Writes the configuration of a cluster; `config` is an object of the resource type.
pub(crate) fn write(config: &Value) -> String {
    if let Some(text) = attribute(config, "config").as_str() {
        return text.to_owned();
    }
    let block = attribute(config, "kind_config");
    let block = block.as_sequence().unwrap_or_default().first();
    let mut spec = match block.map(written) {
        Some(Json::Object(spec)) => spec,
        _ => Map::new(),
    };
    spec.insert("kind".to_owned(), "Cluster".into());
    spec.entry("apiVersion").or_insert_with(|| "kind.x-k8s.io/v1alpha4".into());
    // JSON is YAML.
    Json::Object(spec).to_string()
}

fn written(value: &Value) -> Json {
    match value.kind() {
        Kind::Bool(value) => value.into(),
        Kind::Number(number) => number.to_string().parse().map_or(Json::Null, Json::Number),
        Kind::String(text) => text.as_str().into(),
        Kind::List(_) | Kind::Tuple(_) | Kind::Set(_) => {
            Json::Array(value.as_sequence().unwrap_or_default().iter().map(written).collect())
        }
        Kind::Map(_) | Kind::Object(_) => {
            let entries = value.as_entries().unwrap_or_default().into_iter();
            let set = entries.filter(|(_, value)| !value.is_null() && value.element_count() != Some(0));
            Json::Object(set.map(|(name, value)| member(name, value)).collect())
        }
        Kind::Null(_) | Kind::Unknown(..) | Kind::Meta(_) => Json::Null,
    }
}

fn member(name: &str, value: &Value) -> (String, Json) {
    let json = if MAPS.contains(&name) { plain_map(name, value) } else { written(value) };
    let json = match json {
        Json::Array(mut one) if SINGLE.contains(&name) => one.pop().unwrap_or(Json::Null),
        json => json,
    };
    let other = OTHER_NAMES.iter().find(|(ours, _)| *ours == name).map(|(_, theirs)| (*theirs).to_owned());
    (other.unwrap_or_else(|| camel(name)), json)
}

/// Writes a map whose names are the user's. Gates are flags in kind's form and texts in ours.
fn plain_map(name: &str, value: &Value) -> Json {
    let entries = value.as_entries().unwrap_or_default().into_iter();
    let value = |value: &Value| match value.as_str() {
        Some(text) if name == "feature_gates" => json!(text == "true"),
        Some(text) => json!(text),
        None => Json::Null,
    };
    Json::Object(entries.map(|(key, one)| (key.to_string(), value(one))).collect())
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (head, rest) = word.split_at(word.len().min(1));
        format!("{text}{}{rest}", head.to_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use sdk::value::value_from_json;
    use serde_json::{Value as Json, json};

    use super::write;

    /// What `kind` is given for a configuration.
    fn check(config: Json, expected: Json) {
        let schema = crate::cluster_schema::schema();
        let mut block = config;
        block["name"] = "a".into();
        let value = sdk::read_stored(&block, &schema.block, &schema.block.ty()).unwrap();
        assert!(value_from_json(&block, &schema.block.ty()).is_ok());
        let written: Json = serde_json::from_str(&write(&value)).unwrap();
        assert_eq!(written, expected);
    }

    #[test]
    fn blocks_become_the_form_of_kind() {
        let base = json!({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"});
        check(json!({}), base.clone());
        let mapping = json!({"container_port": 80, "host_port": 8080});
        let node = json!({"role": "worker", "labels": {"disk_kind": "ssd"}, "extra_port_mappings": [mapping]});
        let blocks = json!({
            "kind": "Cluster", "api_version": "kind.x-k8s.io/v1alpha4", "node": [{"role": "control-plane"}, node],
            "networking": [{"disable_default_cni": true, "pod_subnet": "10.1.0.0/16"}], "feature_gates": {"X": "true"},
        });
        let mut expected = base;
        let mapping = json!({"containerPort": 80, "hostPort": 8080});
        let node = json!({"role": "worker", "labels": {"disk_kind": "ssd"}, "extraPortMappings": [mapping]});
        expected["nodes"] = json!([{"role": "control-plane"}, node]);
        expected["networking"] = json!({"disableDefaultCNI": true, "podSubnet": "10.1.0.0/16"});
        expected["featureGates"] = json!({"X": true});
        check(json!({"kind_config": [blocks]}), expected);
    }
}
