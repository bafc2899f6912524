//! Check results in JSON, with the names that Terraform's state has for them.

use ecow::EcoString;
use serde_json::{Map, Value as Json};

use crate::{CheckKind, CheckResult, CheckStatus, CheckedObject};

const KINDS: [(CheckKind, &str); 4] = [
    (CheckKind::Resource, "resource"),
    (CheckKind::Output, "output"),
    (CheckKind::Check, "check"),
    (CheckKind::Variable, "var"),
];

const STATUSES: [(CheckStatus, &str); 4] = [
    (CheckStatus::Pass, "pass"),
    (CheckStatus::Fail, "fail"),
    (CheckStatus::Error, "error"),
    (CheckStatus::Unknown, "unknown"),
];

fn word<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> Json {
    table.iter().find(|(own, _)| own == value).map_or(Json::Null, |(_, word)| (*word).into())
}

fn meaning<T: Copy>(table: &[(T, &'static str)], json: Option<&Json>) -> Option<T> {
    let word = json?.as_str()?;
    table.iter().find(|(_, own)| *own == word).map(|(value, _)| *value)
}

/// Returns the JSON form.
pub(crate) fn to_json(checks: Option<&[CheckResult]>) -> Json {
    let Some(checks) = checks else { return Json::Null };
    Json::Array(checks.iter().map(result_to_json).collect())
}

fn result_to_json(check: &CheckResult) -> Json {
    let mut members = Map::new();
    members.insert("object_kind".into(), word(&KINDS, &check.kind));
    members.insert("config_addr".into(), check.address.as_str().into());
    members.insert("status".into(), word(&STATUSES, &check.status));
    let objects = check.objects.as_ref().map(|objects| objects.iter().map(object_to_json).collect());
    members.insert("objects".into(), objects.map_or(Json::Null, Json::Array));
    Json::Object(members)
}

fn object_to_json(object: &CheckedObject) -> Json {
    let mut members = Map::new();
    members.insert("object_addr".into(), object.address.as_str().into());
    members.insert("status".into(), word(&STATUSES, &object.status));
    if !object.failures.is_empty() {
        let failures = object.failures.iter().map(|message| message.as_str().into()).collect();
        members.insert("failure_messages".into(), Json::Array(failures));
    }
    Json::Object(members)
}

/// Reads the JSON form; nothing is returned where it has another shape.
#[expect(clippy::option_option, reason = "the outer one tells of the shape, the inner one is `null`")]
pub(crate) fn of_json(json: &Json) -> Option<Option<Vec<CheckResult>>> {
    match json {
        Json::Null => Some(None),
        json => json.as_array()?.iter().map(result_of_json).collect::<Option<Vec<_>>>().map(Some),
    }
}

fn result_of_json(json: &Json) -> Option<CheckResult> {
    let objects = match json.get("objects") {
        None | Some(Json::Null) => None,
        Some(objects) => Some(objects.as_array()?.iter().map(object_of_json).collect::<Option<_>>()?),
    };
    Some(CheckResult {
        kind: meaning(&KINDS, json.get("object_kind"))?,
        address: json.get("config_addr")?.as_str()?.into(),
        status: meaning(&STATUSES, json.get("status"))?,
        objects,
    })
}

fn object_of_json(json: &Json) -> Option<CheckedObject> {
    let failures = match json.get("failure_messages") {
        None | Some(Json::Null) => Vec::new(),
        Some(messages) => {
            messages.as_array()?.iter().map(|m| m.as_str().map(EcoString::from)).collect::<Option<_>>()?
        }
    };
    Some(CheckedObject {
        address: json.get("object_addr")?.as_str()?.into(),
        status: meaning(&STATUSES, json.get("status"))?,
        failures,
    })
}
