//! Results of checks and conditions.

use serde_json::{Map, Value as Json, json};
use state::{CheckKind, CheckResult, CheckStatus};

/// Returns the results, each with what has the checks taken apart.
pub(crate) fn checks(results: &[CheckResult]) -> Json {
    results.iter().map(check).collect()
}

fn check(result: &CheckResult) -> Json {
    let mut out = json!({ "address": address(result), "status": status(result.status) });
    let instances: Vec<Json> = result.objects.iter().flatten().map(instance).collect();
    if !instances.is_empty() {
        out["instances"] = instances.into();
    }
    out
}

fn address(result: &CheckResult) -> Json {
    let kind = match result.kind {
        CheckKind::Resource => "resource",
        CheckKind::Output => "output_value",
        CheckKind::Check => "check",
        CheckKind::Variable => "var",
    };
    let (module, rest) = split_module(&result.address);
    let mut out = Map::new();
    out.insert("kind".into(), kind.into());
    if let Some(module) = module {
        out.insert("module".into(), module.into());
    }
    if result.kind == CheckKind::Resource {
        let (mode, rest) = match rest.strip_prefix("data.") {
            Some(rest) => ("data", rest),
            None => ("managed", rest),
        };
        let (kind, name) = rest.split_once('.').unwrap_or(("", rest));
        out.insert("mode".into(), mode.into());
        out.insert("type".into(), kind.into());
        out.insert("name".into(), name.into());
    } else {
        out.insert("name".into(), rest.split_once('.').map_or(rest, |(_, name)| name).into());
    }
    out.insert("to_display".into(), result.address.as_str().into());
    Json::Object(out)
}

fn instance(object: &state::CheckedObject) -> Json {
    let (module, rest) = split_module(&object.address);
    let mut address = Map::new();
    address.insert("to_display".into(), object.address.as_str().into());
    if let Some(module) = module {
        address.insert("module".into(), module.into());
    }
    if let Some((_, key)) = rest.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        let key = serde_json::from_str(key).unwrap_or_else(|_| key.into());
        address.insert("instance_key".into(), key);
    }
    let mut out = json!({ "address": address, "status": status(object.status) });
    if !object.failures.is_empty() {
        let problems = object.failures.iter().map(|message| json!({ "message": message.as_str() }));
        out["problems"] = problems.collect();
    }
    out
}

/// Cuts the modules in front of an address off.
fn split_module(address: &str) -> (Option<&str>, &str) {
    let mut at = 0;
    while let Some(rest) = address[at..].strip_prefix("module.") {
        // Keys are quoted as in the language, and may hold anything.
        let (mut in_quotes, mut escaped) = (false, false);
        let end = rest.char_indices().find(|(_, c)| {
            match c {
                '"' if !escaped => in_quotes = !in_quotes,
                '.' if !in_quotes => return true,
                _ => {}
            }
            escaped = *c == '\\' && !escaped;
            false
        });
        let Some((end, _)) = end else { break };
        at += "module.".len() + end + 1;
    }
    if at == 0 { (None, address) } else { (Some(&address[..at - 1]), &address[at..]) }
}

fn status(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Fail => "fail",
        CheckStatus::Error => "error",
        CheckStatus::Unknown => "unknown",
    }
}
