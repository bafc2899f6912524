//! Whether a role's trust policy lets someone become it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::document::{list, operator_parts};
use crate::aws::account::ACCOUNT;

/// Who wants to become a role.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// A user or a role of an account, by all names that it has: its own ARN, and its role's if it is a session.
    Aws(Vec<String>),
    /// A service of AWS, like `eks.amazonaws.com`.
    Service(String),
    /// An identity provider, by its ARN.
    Federated(String),
}

/// What is known of the request, by the keys of conditions in lower case.
pub type Context = BTreeMap<String, String>;

/// Tells whether a trust policy allows an action like `sts:AssumeRole`: some statement allows it and none denies it.
pub fn allows(trust: &Json, principal: &Principal, action: &str, context: &Context) -> bool {
    let fits = |effect: &str| {
        list(&trust["Statement"]).iter().filter(|statement| statement["Effect"] == effect).any(|statement| {
            is_principal(statement, principal) && is_action(statement, action) && is_condition(statement, context)
        })
    };
    fits("Allow") && !fits("Deny")
}

/// Tells whether a trust policy names a service at all, whatever its conditions are.
pub fn names_service(trust: &Json, service: &str) -> bool {
    let principal = Principal::Service(service.to_owned());
    let allowing = list(&trust["Statement"]).iter().filter(|statement| statement["Effect"] == "Allow");
    allowing.into_iter().any(|statement| is_principal(statement, &principal))
}

fn is_principal(statement: &Json, principal: &Principal) -> bool {
    match (&statement["Principal"], &statement["NotPrincipal"]) {
        (Json::Null, Json::Null) => false,
        (Json::Null, others) => !is_named(others, principal),
        (named, _) => is_named(named, principal),
    }
}

fn is_named(named: &Json, principal: &Principal) -> bool {
    if named == "*" {
        return true;
    }
    let texts = |kind: &str| list(&named[kind]).iter().filter_map(Json::as_str).collect::<Vec<_>>();
    match principal {
        Principal::Service(service) => texts("Service").contains(&&**service),
        Principal::Federated(provider) => texts("Federated").contains(&&**provider),
        Principal::Aws(names) => {
            let root = format!("arn:aws:iam::{ACCOUNT}:root");
            texts("AWS")
                .iter()
                .any(|text| *text == "*" || *text == ACCOUNT || *text == root || names.iter().any(|name| name == text))
        }
    }
}

fn is_action(statement: &Json, action: &str) -> bool {
    let fits =
        |actions: &Json| list(actions).iter().filter_map(Json::as_str).any(|pattern| is_like_any_case(pattern, action));
    match &statement["Action"] {
        Json::Null => !statement["NotAction"].is_null() && !fits(&statement["NotAction"]),
        actions => fits(actions),
    }
}

fn is_like_any_case(pattern: &str, text: &str) -> bool {
    is_like(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Tells whether a text is as a pattern with stars and question marks wants it.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(place) {
            Some('*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(character) if *character == '?' || *character == text[at] => {
                place += 1;
                at += 1;
            }
            _ => match star {
                // What the last star stands for gets longer by one.
                Some((begin, from)) => {
                    star = Some((begin, from + 1));
                    place = begin + 1;
                    at = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[place..].iter().all(|character| *character == '*')
}

fn is_condition(statement: &Json, context: &Context) -> bool {
    let conditions = statement["Condition"].as_object().into_iter().flatten();
    conditions.into_iter().all(|(operator, keys)| {
        keys.as_object().into_iter().flatten().all(|(key, wanted)| {
            let found = context.get(&key.to_ascii_lowercase()).map(String::as_str);
            is_fulfilled(operator, wanted, found)
        })
    })
}

fn is_fulfilled(operator: &str, wanted: &Json, found: Option<&str>) -> bool {
    let (quantifier, name, may_be_missing) = operator_parts(operator);
    let wanted: Vec<String> =
        list(wanted).iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
    if name == "Null" {
        return wanted.iter().any(|wanted| (wanted == "true") == found.is_none());
    }
    let is_negated = name.contains("Not");
    let Some(found) = found else {
        return may_be_missing || is_negated || quantifier == "ForAllValues";
    };
    let fits = |test: fn(&str, &str) -> bool| wanted.iter().any(|wanted| test(wanted, found));
    match name {
        "StringEquals" => fits(|wanted, found| wanted == found),
        "StringNotEquals" => !fits(|wanted, found| wanted == found),
        "StringEqualsIgnoreCase" | "Bool" => fits(|wanted, found| wanted.eq_ignore_ascii_case(found)),
        "StringNotEqualsIgnoreCase" => !fits(|wanted, found| wanted.eq_ignore_ascii_case(found)),
        "StringLike" | "ArnLike" | "ArnEquals" => fits(is_like),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !fits(is_like),
        // Numbers, dates and addresses are not told of requests here, so that no condition on them is fulfilled.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Context, Principal, allows, is_like};

    #[test]
    fn patterns_hold() {
        for (pattern, text, is) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("system:serviceaccount:*:x?", "system:serviceaccount:a:b:xy", true),
            ("a?", "a", false),
            ("", "a", false),
        ] {
            assert_eq!(is_like(pattern, text), is, "{pattern} {text}");
        }
    }

    #[test]
    fn conditions_and_denials_hold() {
        let trust = json!({"Statement": [
            {"Effect": "Allow", "Principal": {"Federated": "p"}, "Action": "sts:AssumeRoleWithWebIdentity",
             "Condition": {"StringEquals": {"host/id/A:sub": ["system:serviceaccount:a:b"]}, "StringLike": {"host/id/A:aud": "sts.*"}}},
            {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Condition": {"StringEquals": {"host/id/A:aud": "sts.bad"}}},
        ]});
        let context = |subject: &str, audience: &str| {
            let pairs = [("host/id/a:sub", subject), ("host/id/a:aud", audience)];
            pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect::<Context>()
        };
        let who = Principal::Federated("p".to_owned());
        let check =
            |subject, audience| allows(&trust, &who, "sts:AssumeRoleWithWebIdentity", &context(subject, audience));
        assert!(check("system:serviceaccount:a:b", "sts.amazonaws.com"));
        assert!(!check("system:serviceaccount:a:c", "sts.amazonaws.com"));
        assert!(!check("system:serviceaccount:a:b", "sts.bad"));
        assert!(!allows(&trust, &who, "sts:AssumeRoleWithWebIdentity", &Context::new()), "a missing key is not equal");
        assert!(!allows(&trust, &Principal::Service("p".into()), "sts:AssumeRoleWithWebIdentity", &Context::new()));
    }
}
