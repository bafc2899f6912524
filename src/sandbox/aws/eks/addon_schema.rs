//! What an add-on can be configured with: its schema, and whether a configuration is as the schema wants it.

use serde_json::{Map, Value as Json, json};

use super::addon_catalogue::{Addon, find};
use super::call::{Error, Invocation};

/// How deep a configuration is looked into.
const DEPTH_MAX: usize = 32;

fn text() -> Json {
    json!({"type": "string"})
}

fn object(properties: Json) -> Json {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

/// What all controllers have: resources, tolerations, affinity.
fn workload(more: Json) -> Json {
    let quantities = object(json!({"cpu": text(), "memory": text(), "ephemeral-storage": text()}));
    let mut properties = json!({
        "affinity": {"type": ["object", "null"]},
        "nodeSelector": {"type": "object"},
        "podAnnotations": {"type": "object"},
        "podLabels": {"type": "object"},
        "resources": object(json!({"limits": quantities, "requests": quantities})),
        "tolerations": {"type": "array", "items": {"type": "object"}},
    });
    if let (Some(properties), Json::Object(more)) = (properties.as_object_mut(), more) {
        properties.extend(more);
    }
    object(properties)
}

/// Returns the schema of an add-on's configuration.
pub fn schema(addon: &Addon) -> Json {
    let flag = json!({"type": "boolean"});
    let count = json!({"type": "integer", "minimum": 0});
    let any = json!({"type": "object"});
    let mut schema = match addon.name {
        "vpc-cni" => workload(json!({
            "enableNetworkPolicy": {"type": "string", "enum": ["true", "false"]},
            "enableWindowsIpam": {"type": "string", "enum": ["true", "false"]},
            "env": {"type": "object", "additionalProperties": {"type": "string"}},
            "eniConfig": any,
            "init": any,
            "livenessProbeTimeoutSeconds": count,
            "nodeAgent": any,
            "readinessProbeTimeoutSeconds": count,
        })),
        "coredns" => workload(json!({
            "autoScaling": object(json!({"enabled": flag, "minReplicas": count, "maxReplicas": count})),
            "computeType": text(),
            "corefile": text(),
            "podDisruptionBudget": any,
            "replicaCount": count,
            "topologySpreadConstraints": {"type": "array", "items": {"type": "object"}},
        })),
        "kube-proxy" => workload(json!({
            "ipvs": object(json!({"scheduler": text()})),
            "mode": {"type": "string", "enum": ["iptables", "ipvs", "nftables"]},
        })),
        "eks-pod-identity-agent" => workload(json!({"agent": any})),
        "aws-ebs-csi-driver" => object(json!({
            "controller": any,
            "defaultStorageClass": object(json!({"enabled": flag})),
            "node": any,
            "sidecars": any,
        })),
        "aws-efs-csi-driver" | "aws-mountpoint-s3-csi-driver" => object(json!({"controller": any, "node": any})),
        "metrics-server" => workload(json!({
            "addonResizer": any, "podDisruptionBudget": any, "replicas": {"type": "integer", "minimum": 1}, "updateStrategy": any,
        })),
        "snapshot-controller" => workload(json!({"replicaCount": count})),
        "amazon-cloudwatch-observability" => object(json!({
            "agent": any, "containerLogs": any, "manager": any, "tolerations": {"type": "array", "items": {"type": "object"}},
        })),
        _ => workload(json!({"replicas": count})),
    };
    schema["$schema"] = json!("http://json-schema.org/draft-06/schema#");
    schema
}

/// Checks the text of a configuration.
pub fn check(addon: &Addon, configuration: &str) -> Result<(), Error> {
    if configuration.trim().is_empty() {
        return Ok(());
    }
    let value: Json = serde_json::from_str(configuration).map_err(|_| {
        Error::parameter("ConfigurationValue provided in request is not supported: the sandbox reads JSON only")
    })?;
    let mut wrong = Vec::new();
    compare(&schema(addon), &value, "$", &mut wrong, 0);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::parameter(format!(
        "ConfigurationValue provided in request is not supported: Json schema validation failed with error: [{}]",
        wrong.join(", ")
    )))
}

fn is_type(value: &Json, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => value.is_null(),
    }
}

fn name_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn compare(schema: &Json, value: &Json, place: &str, wrong: &mut Vec<String>, depth: usize) {
    if depth > DEPTH_MAX {
        wrong.push(format!("{place}: is too deep"));
        return;
    }
    let kinds = crate::aws::iam::document::list(&schema["type"]);
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_type(value, kind.as_str().unwrap_or_default())) {
        let wanted: Vec<&str> = kinds.iter().filter_map(Json::as_str).collect();
        wrong.push(format!("{place}: {} found, {} expected", name_of(value), wanted.join(" or ")));
        return;
    }
    if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        wrong.push(format!("{place}: does not have a value in the enumeration [{}]", words.join(", ")));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        wrong.push(format!("{place}: must have a minimum value of {least}"));
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        compare(&schema["items"], item, &format!("{place}[{number}]"), wrong, depth + 1);
    }
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        match (properties.get(name), &schema["additionalProperties"]) {
            (Some(schema), _) => compare(schema, member, &place, wrong, depth + 1),
            (None, Json::Bool(false)) => wrong.push(format!(
                "{place}: is not defined in the schema and the schema does not allow additional properties"
            )),
            (None, other) => compare(other, member, &place, wrong, depth + 1),
        }
    }
}

/// `DescribeAddonConfiguration`.
pub fn describe(invocation: &mut Invocation<'_, '_>) -> Result<Json, Error> {
    let given = |name: &str| {
        let missing = || Error::parameter(format!("The following supplied parameter is missing or empty: {name}"));
        invocation.parameter(name).map(str::to_owned).ok_or_else(missing)
    };
    let (name, version) = (given("addonName")?, given("addonVersion")?);
    let addon = find(&name)
        .ok_or_else(|| Error::not_found(format!("Addon {name} is not supported")).about("addonName", &name))?;
    if !addon.versions.iter().any(|(known, _, _)| *known == version) {
        return Err(
            Error::not_found(format!("Addon version {version} of {name} is not supported")).about("addonName", &name)
        );
    }
    let identity = addon.account.map(|(account, policy)| {
        json!([{"serviceAccount": account, "recommendedManagedPolicies": [format!("arn:aws:iam::aws:policy/{policy}")]}])
    });
    Ok(json!({
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": schema(addon).to_string(),
        "podIdentityConfiguration": identity.unwrap_or(json!([])),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::addon_catalogue::find;
    use super::check;

    #[test]
    fn configurations_are_as_their_schema_wants_them() {
        for (addon, configuration, about) in [
            ("coredns", r#"{"replicaCount": 3, "resources": {"limits": {"cpu": "100m"}}}"#, None),
            ("vpc-cni", r#"{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}"#, None),
            ("vpc-cni", "", None),
            ("coredns", r#"{"replicas": 3}"#, Some("$.replicas: is not defined in the schema")),
            ("coredns", r#"{"replicaCount": "3"}"#, Some("$.replicaCount: string found, integer expected")),
            ("coredns", r#"{"replicaCount": -1}"#, Some("minimum value of 0")),
            ("vpc-cni", r#"{"env": {"A": 1}}"#, Some("$.env.A: number found, string expected")),
            ("vpc-cni", r#"{"enableNetworkPolicy": "yes"}"#, Some("enumeration")),
            ("coredns", "replicaCount: 3", Some("JSON only")),
        ] {
            let result = check(find(addon).expect("an add-on"), configuration);
            match about {
                None => assert!(result.is_ok(), "{configuration}"),
                Some(about) => {
                    let error = result.expect_err(configuration);
                    assert!(error.message.contains(about), "{}", error.message);
                }
            }
        }
    }
}
