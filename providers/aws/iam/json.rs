//! Policies as JSON: whether two texts mean the same, and texts as IAM sends them.

use sdk::value::Value;
use serde_json::{Map, Value as Json};

use crate::fields::text;

/// Returns the text that is known of a policy if IAM's means the same, or else IAM's.
pub(crate) fn same_or(found: &str, reference: &Value, name: &str) -> String {
    let found = unescape(found);
    match text(reference, name) {
        Some(known) if means_the_same(&known, &found) => known,
        _ => found,
    }
}

/// Tells whether two policies mean the same.
pub(crate) fn means_the_same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let parse = |text: &str| serde_json::from_str::<Json>(text).ok().map(policy);
    match (parse(one), parse(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Decodes what IAM sends escaped like a part of a URL.
fn unescape(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Brings a policy into the one form of all that mean the same.
fn policy(json: Json) -> Json {
    let Json::Object(mut policy) = json else { return json };
    if let Some(statements) = policy.remove("Statement") {
        let statements = match statements {
            Json::Array(list) => list,
            one => vec![one],
        };
        let mut statements: Vec<Json> = statements.into_iter().map(statement).collect();
        statements.sort_by_key(Json::to_string);
        policy.insert("Statement".to_owned(), Json::Array(statements));
    }
    sorted(policy)
}

fn statement(json: Json) -> Json {
    let Json::Object(statement) = json else { return json };
    let member = |(name, value): (String, Json)| {
        let value = match &*name {
            "Action" | "NotAction" => lowered(texts(value)),
            "Resource" | "NotResource" => texts(value),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value),
            _ => value,
        };
        (name, value)
    };
    let members: Map<String, Json> = statement.into_iter().map(member).collect();
    sorted(members.into_iter().filter(|(name, value)| name != "Sid" || value != "").collect())
}

/// Names of actions are the same in large and small letters.
fn lowered(json: Json) -> Json {
    match json {
        Json::Array(list) => Json::Array(
            list.into_iter().map(|text| text.as_str().map_or(Json::Null, |text| text.to_lowercase().into())).collect(),
        ),
        other => other,
    }
}

/// One text is a list of one, and lists have no order.
fn texts(json: Json) -> Json {
    let mut list: Vec<String> = match json {
        Json::Array(list) => list.iter().map(scalar).collect(),
        one => vec![scalar(&one)],
    };
    list.sort();
    list.dedup();
    list.into()
}

fn scalar(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn principals(json: Json) -> Json {
    let Json::Object(map) = json else { return json };
    let member = |(kind, value): (String, Json)| {
        let mut value = texts(value);
        if kind == "AWS"
            && let Json::Array(list) = &mut value
        {
            for one in list.iter_mut() {
                let account = one.as_str().filter(|text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()));
                if let Some(account) = account {
                    *one = format!("arn:aws:iam::{account}:root").into();
                }
            }
            list.sort_by_key(Json::to_string);
        }
        (kind, value)
    };
    sorted(map.into_iter().map(member).collect())
}

fn conditions(json: Json) -> Json {
    let Json::Object(tests) = json else { return json };
    let test = |(test, variables): (String, Json)| match variables {
        Json::Object(variables) => {
            (test, sorted(variables.into_iter().map(|(name, values)| (name, texts(values))).collect()))
        }
        other => (test, other),
    };
    sorted(tests.into_iter().map(test).collect())
}

/// Members have no order.
fn sorted(map: Map<String, Json>) -> Json {
    let mut members: Vec<(String, Json)> = map.into_iter().collect();
    members.sort_by(|one, other| one.0.cmp(&other.0));
    Json::Object(members.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::{means_the_same, unescape};

    #[test]
    fn order_and_lists_of_one_mean_nothing() {
        let one = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}}"#;
        let other = r#"{"Statement":[{"Action":["sts:assumerole"],"Principal":{"AWS":["arn:aws:iam::123456789012:root"]},"Effect":"Allow"}],"Version":"2012-10-17"}"#;
        assert!(means_the_same(one, other));
        assert!(!means_the_same(one, &other.replace("Allow", "Deny")));
        let conditions = |values: &str| format!(r#"{{"Statement":[{{"Condition":{{"Bool":{{"x":{values}}}}}}}]}}"#);
        assert!(means_the_same(&conditions("true"), &conditions("[\"true\"]")));
    }

    #[test]
    fn what_iam_sends_is_escaped() {
        assert_eq!(unescape("%7B%22a%22%3A%22b%2Bc%22%7D"), r#"{"a":"b+c"}"#);
        assert_eq!(unescape(r#"{"a":"100%25"}"#), r#"{"a":"100%25"}"#);
    }
}
