//! Changes of objects and outputs, and what has changed outside.

use std::collections::HashMap;

use addr::{AbsInstance, AbsResource, Key, Mode, ModuleInstance, Resource};
use lang::validate::Providers;
use plan::{Action, Change, Deferred, OutputChange, Plan, Reason};
use serde_json::{Map, Value as Json, json};
use value::{Marks, Value};

use super::values::{known, path, sensitive, unknown};
use crate::providers::LinkedProviders;
use crate::render::state_json::behind_address;
use crate::render::stream;

/// Returns the changes of all objects, those that stay as they are among them.
pub(super) fn resources(plan: &Plan) -> Vec<Json> {
    let previous: HashMap<&AbsInstance, &AbsInstance> =
        plan.moves.iter().map(|moved| (&moved.to, &moved.from)).collect();
    let mut changes: Vec<&Change> = plan.changes.iter().collect();
    changes.sort_by_cached_key(|change| (order(&change.address), change.deposed));
    let generated = plan.generated.iter().map(|generated| (&generated.address, generated.text.as_str())).collect();
    changes.into_iter().map(|change| resource(change, previous.get(&change.address).copied(), &generated)).collect()
}

/// Returns what addresses are sorted by, as in Terraform: modules by their depth first, and data sources before managed
/// resources.
pub(super) fn order(address: &AbsInstance) -> (usize, ModuleInstance, bool, Resource, Option<Key>) {
    let AbsResource { module, resource } = &address.resource;
    let is_managed = resource.mode != Mode::Data;
    (module.0.len(), module.clone(), is_managed, resource.clone(), address.key.clone())
}

fn resource(change: &Change, previous: Option<&AbsInstance>, generated: &HashMap<&AbsInstance, &str>) -> Json {
    let mut out = heading(&change.address);
    if let Some(previous) = previous {
        out.insert("previous_address".into(), previous.to_string().into());
    }
    let mut out = behind_address(out, &change.address, &change.provider.provider);
    if let Some(key) = change.deposed {
        out.insert("deposed".into(), key.to_string().into());
    }
    // What is stored knows where it is sensitive, even where the plan did not need to know.
    let stored = change.prior.iter().flat_map(|object| object.sensitive.iter());
    let marks: Vec<_> = stored.map(|path| (path.clone(), Marks::SENSITIVE)).collect();
    let before = change.before.clone().mark_paths(&marks);
    let mut described = difference(actions(change.action), &before, &change.after);
    if !change.replaces.is_empty() {
        described.insert("replace_paths".into(), change.replaces.iter().map(path).collect());
    }
    if let Some(importing) = &change.importing {
        described.insert("importing".into(), stream::importing(importing));
    }
    if let Some(text) = generated.get(&change.address) {
        described.insert("generated_config".into(), (*text).into());
    }
    out.insert("change".into(), Json::Object(described));
    if let Some(reason) = reason(change) {
        out.insert("action_reason".into(), reason.into());
    }
    Json::Object(out)
}

/// Returns what waits for a later stage of the apply, in the form of changes.
pub(super) fn deferred(plan: &Plan) -> Vec<Json> {
    let one = |deferred: &Deferred| {
        let mut change = resource(&deferred.change, None, &HashMap::new());
        change["address"] = deferred.pattern.to_string().into();
        json!({ "reason": stream::deferred_reason(deferred.wait), "resource_change": change })
    };
    plan.deferred.iter().map(one).collect()
}

/// Returns what has changed outside, in the form of changes.
pub(super) fn drift(plan: &Plan) -> Vec<Json> {
    let one = |drift: &plan::Drift| {
        let mut out = behind_address(heading(&drift.address), &drift.address, &drift.provider.provider);
        let actions: &[&str] = if drift.after.is_null() { &["delete"] } else { &["update"] };
        out.insert("change".into(), Json::Object(difference(actions, &drift.before, &drift.after)));
        Json::Object(out)
    };
    plan.drift.iter().filter(|drift| drift.is_visible()).map(one).collect()
}

/// Returns an object as it will be.
pub(super) fn planned(change: &Change, linked: &LinkedProviders) -> Json {
    let resource = &change.address.resource.resource;
    let schema = linked.resource_schema(&change.provider.provider, resource.mode, &resource.kind);
    let mut out = Map::new();
    out.insert("address".into(), change.address.to_string().into());
    let mut out = behind_address(out, &change.address, &change.provider.provider);
    out.insert("schema_version".into(), schema.map_or(0, |schema| schema.version).into());
    // Where nothing is known yet nothing is said.
    let values = known(&change.after).filter(|values| values.as_object().is_none_or(|values| !values.is_empty()));
    out.extend(values.map(|values| ("values".into(), values)));
    out.insert("sensitive_values".into(), sensitive(&change.after));
    Json::Object(out)
}

fn heading(address: &AbsInstance) -> Map<String, Json> {
    let mut out = Map::new();
    out.insert("address".into(), address.to_string().into());
    if !address.resource.module.is_root() {
        out.insert("module_address".into(), address.resource.module.to_string().into());
    }
    out
}

fn difference(actions: &[&str], before: &Value, after: &Value) -> Map<String, Json> {
    let mut out = Map::new();
    out.insert("actions".into(), actions.iter().copied().collect());
    out.insert("before".into(), known(before).unwrap_or_default());
    if let Some(after) = known(after) {
        out.insert("after".into(), after);
    }
    out.insert("after_unknown".into(), if after.is_wholly_known() { json!({}) } else { unknown(after) });
    out.insert("before_sensitive".into(), sensitive(before));
    out.insert("after_sensitive".into(), sensitive(after));
    out
}

fn actions(action: Action) -> &'static [&'static str] {
    match action {
        Action::NoOp => &["no-op"],
        Action::Create => &["create"],
        Action::Update => &["update"],
        Action::DeleteThenCreate => &["delete", "create"],
        Action::CreateThenDelete => &["create", "delete"],
        Action::Delete => &["delete"],
        Action::Read => &["read"],
        Action::Forget => &["forget"],
    }
}

fn reason(change: &Change) -> Option<&'static str> {
    Some(match change.reason {
        Reason::CannotUpdate => "replace_because_cannot_update",
        Reason::Tainted => "replace_because_tainted",
        Reason::Requested => "replace_by_request",
        Reason::Triggered => "replace_by_triggers",
        _ => return stream::common_reason(change),
    })
}

/// Returns the changes of outputs.
pub(super) fn outputs(outputs: &[OutputChange]) -> Map<String, Json> {
    outputs.iter().map(|output| (output.name.to_string(), Json::Object(one_output(output)))).collect()
}

fn one_output(output: &OutputChange) -> Map<String, Json> {
    let actions: &[&str] = match (&output.before, &output.after) {
        _ if output.is_same() => &["no-op"],
        (None, _) => &["create"],
        (_, None) => &["delete"],
        _ => &["update"],
    };
    let null = Value::NULL;
    let (before, after) = (output.before.as_ref().unwrap_or(&null), output.after.as_ref().unwrap_or(&null));
    let mut out = Map::new();
    out.insert("actions".into(), actions.iter().copied().collect());
    out.insert("before".into(), known(before).unwrap_or_default());
    if let Some(after) = known(after) {
        out.insert("after".into(), after);
    }
    out.insert("after_unknown".into(), if after.is_wholly_known() { false.into() } else { unknown(after) });
    let sensitive = Json::Bool(output.is_sensitive);
    out.insert("before_sensitive".into(), sensitive.clone());
    out.insert("after_sensitive".into(), sensitive);
    out
}
