//! Policy documents: whether they are written as IAM wants them.

use serde_json::{Map, Value as Json};

use super::role;
use crate::aws::account::ACCOUNT;
use crate::aws::query::Error;
use crate::world::Records;

/// Operators of conditions, without `IfExists` and the quantifiers of sets.
const OPERATORS: &[&str] = &[
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

fn malformed(message: impl Into<String>) -> Error {
    Error::new("MalformedPolicyDocument", message)
}

/// Returns what a list or a single value holds.
pub fn list(value: &Json) -> &[Json] {
    match value {
        Json::Array(list) => list,
        Json::Null => &[],
        one => std::slice::from_ref(one),
    }
}

/// Returns the statements of a document that is well-formed as a whole.
fn statements(text: &str) -> Result<Vec<Map<String, Json>>, Error> {
    let document: Json = serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let document = document.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
    if document.keys().any(|key| !["Version", "Id", "Statement"].contains(&&**key)) {
        return Err(malformed("Syntax errors in policy."));
    }
    match document.get("Version").map(|version| version.as_str().unwrap_or_default()) {
        None | Some("2008-10-17" | "2012-10-17") => {}
        Some(_) => return Err(malformed("The policy must contain a valid version string")),
    }
    let statements = document.get("Statement").ok_or_else(|| malformed("Syntax errors in policy."))?;
    let statements: Option<Vec<_>> = list(statements).iter().map(|statement| statement.as_object().cloned()).collect();
    let statements = statements.filter(|statements| !statements.is_empty());
    let statements = statements.ok_or_else(|| malformed("Syntax errors in policy."))?;
    statements.iter().try_for_each(check_statement)?;
    let mut ids: Vec<&str> = statements.iter().filter_map(|statement| statement.get("Sid")?.as_str()).collect();
    ids.retain(|id| !id.is_empty());
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
    }
    Ok(statements)
}

/// Checks what statements of all policies have.
fn check_statement(statement: &Map<String, Json>) -> Result<(), Error> {
    const MEMBERS: &[&str] =
        &["Action", "Condition", "Effect", "NotAction", "NotPrincipal", "NotResource", "Principal", "Resource", "Sid"];
    if let Some(wrong) = statement.keys().find(|key| !MEMBERS.contains(&&***key)) {
        return Err(malformed(format!("Syntax errors in policy: {wrong} is not part of a statement.")));
    }
    match statement.get("Effect").and_then(Json::as_str) {
        Some("Allow" | "Deny") => {}
        Some(other) => return Err(malformed(format!("Invalid effect: {other}"))),
        None => return Err(malformed("Missing required field Effect")),
    }
    for member in ["Action", "NotAction", "Resource", "NotResource"] {
        let texts = statement.get(member).map_or(&[][..], list);
        if texts.iter().any(|text| !text.is_string()) {
            return Err(malformed("Syntax errors in policy."));
        }
    }
    let Some(conditions) = statement.get("Condition") else { return Ok(()) };
    let conditions = conditions.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
    for (operator, keys) in conditions {
        let (_, plain, _) = operator_parts(operator);
        if !OPERATORS.contains(&plain) || !keys.is_object() {
            return Err(malformed(format!("Invalid Condition type : {operator}")));
        }
    }
    Ok(())
}

/// Takes an operator of a condition apart: its quantifier, its name, and whether the key may be missing.
pub fn operator_parts(operator: &str) -> (&str, &str, bool) {
    let (quantifier, operator) = operator.split_once(':').unwrap_or(("", operator));
    match operator.strip_suffix("IfExists") {
        Some(plain) => (quantifier, plain, true),
        None => (quantifier, operator, false),
    }
}

fn check_actions(statement: &Map<String, Json>) -> Result<Vec<String>, Error> {
    let (action, other) = (statement.get("Action"), statement.get("NotAction"));
    let actions = match (action, other) {
        (Some(_), Some(_)) => return Err(malformed("Syntax errors in policy.")),
        (None, None) => return Err(malformed("Policy statement must contain actions.")),
        (Some(actions), None) | (None, Some(actions)) => list(actions),
    };
    let actions: Vec<String> = actions.iter().filter_map(Json::as_str).map(str::to_owned).collect();
    for action in actions.iter().filter(|action| *action != "*") {
        let Some((vendor, rest)) = action.split_once(':') else {
            return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
        };
        let is_vendor = !vendor.is_empty() && vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_vendor {
            return Err(malformed(format!("Vendor {vendor} is not valid")));
        }
        if rest.is_empty() || rest.contains(':') {
            return Err(malformed("Actions/Condition can contain only one colon."));
        }
    }
    Ok(actions)
}

/// Checks a policy that allows or denies actions.
pub fn check_permissions(text: &str) -> Result<(), Error> {
    for statement in statements(text)? {
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(malformed("Policy document should not specify a principal."));
        }
        check_actions(&statement)?;
        let resources = match (statement.get("Resource"), statement.get("NotResource")) {
            (Some(_), Some(_)) => return Err(malformed("Syntax errors in policy.")),
            (None, None) => return Err(malformed("Policy statement must contain resources.")),
            (Some(resources), None) | (None, Some(resources)) => list(resources),
        };
        if resources.is_empty() {
            return Err(malformed("Policy statement must contain resources."));
        }
        for resource in resources.iter().filter_map(Json::as_str) {
            check_resource(resource)?;
        }
    }
    Ok(())
}

fn check_resource(resource: &str) -> Result<(), Error> {
    if resource == "*" {
        return Ok(());
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let ["arn", partition, service, ..] = parts[..] else {
        return Err(malformed(format!("Resource {resource} must be in ARN format or \"*\".")));
    };
    let is_partition = partition.starts_with("aws") || partition == "*";
    if !is_partition {
        return Err(malformed(format!("Partition \"{partition}\" is not valid for resource \"{resource}\".")));
    }
    if service.is_empty() || parts.len() < 6 {
        return Err(malformed("The policy failed legacy parsing"));
    }
    Ok(())
}

/// Checks a policy that says who may become a role.
pub fn check_trust(text: &str, records: &Records) -> Result<(), Error> {
    for statement in statements(text)? {
        if statement.contains_key("Resource") || statement.contains_key("NotResource") {
            return Err(malformed("Has prohibited field Resource"));
        }
        let principal = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
        check_principals(principal.ok_or_else(|| malformed("Missing required field Principal"))?, records)?;
        let actions = check_actions(&statement)?;
        if actions.iter().any(|action| !action.to_ascii_lowercase().starts_with("sts:") && action != "*") {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    Ok(())
}

fn check_principals(principal: &Json, records: &Records) -> Result<(), Error> {
    let invalid = |kind: &str, text: &str| malformed(format!("Invalid principal in policy: \"{kind}\":\"{text}\""));
    let kinds = match principal {
        Json::String(all) if all == "*" => return Ok(()),
        Json::Object(kinds) if !kinds.is_empty() => kinds,
        Json::String(text) => return Err(invalid("STATIC", text)),
        _ => return Err(malformed("Invalid principal in policy.")),
    };
    for (kind, texts) in kinds {
        for text in list(texts) {
            let text = text.as_str().ok_or_else(|| malformed("Invalid principal in policy."))?;
            let is_valid = match kind.as_str() {
                "AWS" => is_principal(text, records),
                "Service" => is_service(text),
                "Federated" => text.starts_with("arn:aws") || text.contains('.'),
                "CanonicalUser" => !text.is_empty(),
                _ => return Err(malformed(format!("Invalid principal type: {kind}"))),
            };
            if !is_valid {
                return Err(invalid(&kind.to_ascii_uppercase(), text));
            }
        }
    }
    Ok(())
}

fn is_service(text: &str) -> bool {
    let begin = text.strip_suffix(".amazonaws.com").or_else(|| text.strip_suffix(".amazonaws.com.cn"));
    let is_character = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    begin.is_some_and(|begin| !begin.is_empty() && begin.bytes().all(is_character))
}

/// Tells whether someone can be named: an account, or someone of this account who is there.
fn is_principal(text: &str, records: &Records) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if text == "*" || is_account(text) {
        return true;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", "aws", service @ ("iam" | "sts"), "", account, rest] = parts[..] else { return false };
    if !is_account(account) {
        return false;
    }
    match (service, rest.split_once('/')) {
        ("iam", None) => rest == "root",
        ("iam", Some(("role", _))) if account == ACCOUNT => {
            let name = rest.rsplit('/').next().unwrap_or_default();
            records.get::<Json>(&role::record(name)).is_some_and(|role| role["Arn"] == text)
        }
        ("iam", Some(("user", name))) if account == ACCOUNT => name == "sandbox",
        ("iam", Some(("role" | "user", name))) => !name.is_empty(),
        ("sts", Some(("assumed-role", name))) => name.contains('/'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check_permissions, check_trust};
    use crate::world::Records;

    fn trust(principal: serde_json::Value) -> String {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}})
            .to_string()
    }

    #[test]
    fn trust_names_those_who_are_there() {
        let records = Records::default();
        for principal in [
            json!({"Service": ["eks.amazonaws.com", "ec2.amazonaws.com"]}),
            json!({"AWS": "123456789012"}),
            json!({"AWS": "arn:aws:iam::123456789012:user/sandbox"}),
            json!({"AWS": "arn:aws:iam::111111111111:role/other"}),
            json!("*"),
        ] {
            assert_eq!(check_trust(&trust(principal.clone()), &records), Ok(()), "{principal}");
        }
        for principal in [
            json!({"Service": "eks"}),
            json!({"AWS": "arn:aws:iam::123456789012:role/nobody"}),
            json!({"Nobody": "a"}),
            json!("me"),
        ] {
            let error = check_trust(&trust(principal.clone()), &records).expect_err("it is refused");
            assert_eq!(error.code, "MalformedPolicyDocument", "{principal}");
        }
    }

    #[test]
    fn documents_are_refused_for_what_is_wrong_in_them() {
        for (text, about) in [
            ("{", "invalid Json"),
            ("[]", "Syntax errors"),
            (r#"{"Version": "2020-01-01", "Statement": []}"#, "valid version"),
            (r#"{"Statement": [{"Action": "s3:*", "Resource": "*"}]}"#, "Effect"),
            (r#"{"Statement": [{"Effect": "Allow", "Resource": "*"}]}"#, "must contain actions"),
            (r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}"#, "must contain resources"),
            (r#"{"Statement": [{"Effect": "Allow", "Action": "s3", "Resource": "*"}]}"#, "vendor"),
            (r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "bucket"}]}"#, "ARN format"),
        ] {
            let error = check_permissions(text).expect_err(text);
            assert!(error.message.contains(about), "{text}: {}", error.message);
        }
        let good = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::a/*"}}"#;
        assert_eq!(check_permissions(good), Ok(()));
    }
}
