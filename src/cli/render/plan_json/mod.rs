//! A saved plan as JSON for tools: the format of `terraform show -json PLAN`.

mod changes;
mod checks;
mod configuration;
mod providers;
pub(crate) mod values;

use std::collections::BTreeMap;

use addr::ModuleInstance;
use lang::tree::Node;
use lang::version::LANGUAGE_VERSION;
use plan::file::SavedPlan;
use serde_json::{Map, Value as Json, json};
use value::{Value, type_to_json};

use super::state_json::{self, module_json};
use crate::providers::LinkedProviders;

pub(crate) use checks::checks;

/// The version of the format, as Terraform counts it.
const FORMAT_VERSION: &str = "1.2";

/// Returns a plan with the configuration that it was made from and the values of its variables.
pub(crate) fn plan(saved: &SavedPlan, root: &Node, variables: &[Value], linked: &LinkedProviders) -> Json {
    let plan = &saved.plan;
    let mut out = Map::new();
    out.insert("format_version".into(), FORMAT_VERSION.into());
    out.insert("terraform_version".into(), LANGUAGE_VERSION.into());
    insert(&mut out, "variables", given(saved, root, variables));
    out.insert("planned_values".into(), planned_values(saved, root, linked));
    let drift = changes::drift(plan);
    if !drift.is_empty() {
        out.insert("resource_drift".into(), drift.into());
    }
    let changed = changes::resources(plan);
    if !changed.is_empty() {
        out.insert("resource_changes".into(), changed.into());
    }
    let deferred = changes::deferred(plan);
    if !deferred.is_empty() {
        out.insert("deferred_changes".into(), deferred.into());
    }
    insert(&mut out, "output_changes", changes::outputs(&plan.outputs));
    let prior = state_json::prior(saved, root, linked);
    if prior.get("values").is_some() {
        out.insert("prior_state".into(), prior);
    }
    out.insert("configuration".into(), configuration::configuration(root, linked));
    if !plan.checks.is_empty() {
        out.insert("checks".into(), checks(&plan.checks));
    }
    if let Some(created) = saved.created {
        out.insert("timestamp".into(), state::rfc3339(created).into());
    }
    out.insert("applyable".into(), (!saved.has_errors && !plan.is_empty()).into());
    out.insert("complete".into(), (!saved.has_errors && plan.deferred.is_empty()).into());
    out.insert("errored".into(), saved.has_errors.into());
    Json::Object(out)
}

fn insert(out: &mut Map<String, Json>, name: &str, inside: Map<String, Json>) {
    if !inside.is_empty() {
        out.insert(name.into(), Json::Object(inside));
    }
}

/// Returns the values of the root module's variables: as they were given, or their defaults.
fn given(saved: &SavedPlan, root: &Node, complete: &[Value]) -> Map<String, Json> {
    let variables = root.module.variables.iter().zip(complete);
    let described = variables.filter_map(|(variable, complete)| {
        let given = saved.variables.iter().find(|saved| saved.name == variable.name);
        let value = match given {
            Some(given) => given.value.as_ref()?,
            None => complete,
        };
        Some((variable.name.to_string(), json!({ "value": values::known(value) })))
    });
    described.collect()
}

/// Returns what outputs and objects will be.
fn planned_values(saved: &SavedPlan, root: &Node, linked: &LinkedProviders) -> Json {
    let mut out = Map::new();
    // One that is null is none to the plan, but is written.
    let is_written = |output: &plan::OutputChange| !saved.options.destroy && root.module.output(&output.name).is_some();
    let remaining = saved.plan.outputs.iter().filter_map(|output| {
        let null = is_written(output).then_some(&Value::NULL);
        Some((output, output.after.as_ref().or(null)?))
    });
    let outputs = remaining.map(|(output, after)| {
        let mut described = json!({ "sensitive": output.is_sensitive });
        if after.is_wholly_known() {
            described["type"] = type_to_json(&after.ty());
            described["value"] = state_json::plain(after);
        }
        (output.name.to_string(), described)
    });
    insert(&mut out, "outputs", outputs.collect());
    let mut modules: BTreeMap<ModuleInstance, Vec<Json>> = BTreeMap::new();
    let stays = |change: &&plan::Change| change.deposed.is_none() && !change.after.is_null();
    let mut staying: Vec<&plan::Change> = saved.plan.changes.iter().filter(stays).collect();
    staying.sort_by_cached_key(|change| changes::order(&change.address));
    for change in staying {
        let module = change.address.resource.module.clone();
        modules.entry(module).or_default().push(changes::planned(change, linked));
    }
    state_json::fill_in(&mut modules);
    out.insert("root_module".into(), module_json(&ModuleInstance::default(), &mut modules));
    Json::Object(out)
}
