//! The state as JSON for tools: the format of `terraform show -json`.

use std::collections::{BTreeMap, BTreeSet};

use addr::{AbsInstance, AbsResource, Key, Mode, ModuleInstance};
use lang::providers::resolve;
use lang::tree::Node;
use lang::validate::Providers;
use lang::version::LANGUAGE_VERSION;
use plan::file::SavedPlan;
use serde_json::{Map, Value as Json, json};
use state::{CheckResult, Object, State, Status, Target};
use value::{Type, Value, type_to_json, value_to_json};

use super::plan::Schemas;
use super::plan_json::checks;
use super::plan_json::values::sensitive;
use crate::providers::LinkedProviders;
use crate::stored;

/// Returns the whole state.
pub(crate) fn state(state: &State, schemas: &dyn Schemas) -> Json {
    whole(outputs(state), objects(state, schemas), state.checks.as_deref().unwrap_or_default())
}

/// Returns the state that a plan begins from: as it was found, with what data sources said and with the outputs that are
/// known already.
pub(crate) fn prior(saved: &SavedPlan, root: &Node, linked: &LinkedProviders) -> Json {
    let mut modules = objects(&saved.prior, linked);
    data_sources(saved, root, linked, &mut modules);
    let mut outputs = outputs(&saved.prior);
    for change in &saved.plan.outputs {
        if let Some(after) = change.after.as_ref().filter(|after| after.is_wholly_known() && !after.is_null()) {
            outputs.insert(change.name.to_string(), output(after, &after.ty(), change.is_sensitive));
        }
    }
    outputs.sort_keys();
    whole(outputs, modules, &[])
}

fn output(value: &Value, ty: &Type, is_sensitive: bool) -> Json {
    json!({ "sensitive": is_sensitive, "value": plain(value), "type": type_to_json(ty) })
}

fn whole(outputs: Map<String, Json>, mut modules: BTreeMap<ModuleInstance, Vec<Json>>, found: &[CheckResult]) -> Json {
    let mut out = Map::new();
    out.insert("format_version".into(), "1.0".into());
    if outputs.is_empty() && modules.is_empty() {
        return Json::Object(out);
    }
    let mut values = Map::new();
    if !outputs.is_empty() {
        values.insert("outputs".into(), Json::Object(outputs));
    }
    fill_in(&mut modules);
    values.insert("root_module".into(), module_json(&ModuleInstance::default(), &mut modules));
    out.insert("terraform_version".into(), LANGUAGE_VERSION.into());
    out.insert("values".into(), Json::Object(values));
    if !found.is_empty() {
        out.insert("checks".into(), checks(found));
    }
    Json::Object(out)
}

fn outputs(state: &State) -> Map<String, Json> {
    let outputs = state.outputs.iter();
    outputs.map(|(name, known)| (name.to_string(), output(&known.value, &known.ty, known.is_sensitive))).collect()
}

fn objects(state: &State, schemas: &dyn Schemas) -> BTreeMap<ModuleInstance, Vec<Json>> {
    let mut modules: BTreeMap<ModuleInstance, Vec<Json>> = BTreeMap::new();
    for (target, resource, object) in state.objects() {
        let described = resource_json(&target, &resource.provider.provider, object, schemas);
        modules.entry(target.address.resource.module.clone()).or_default().push(described);
    }
    modules
}

/// Adds the data sources that have been read.
fn data_sources(
    saved: &SavedPlan,
    root: &Node,
    linked: &LinkedProviders,
    modules: &mut BTreeMap<ModuleInstance, Vec<Json>>,
) {
    for found in saved.resources.iter().filter(|found| found.resource.mode == Mode::Data) {
        let abs = AbsResource { module: found.module.clone(), resource: found.resource.clone() };
        let Some(provider) = provider_of(root, &abs) else { continue };
        let schema = linked.resource_schema(&provider, Mode::Data, &abs.resource.kind);
        for (key, value) in &found.instances {
            let Some(value) = value.as_ref().filter(|value| value.is_wholly_known()) else { continue };
            let address = AbsInstance { resource: abs.clone(), key: key.clone() };
            let described = object_json(&address, &provider, schema.map_or(0, |schema| schema.version), value);
            modules.entry(found.module.clone()).or_default().push(Json::Object(described));
        }
    }
    // Data sources stand before managed resources, as their addresses are sorted.
    for found in modules.values_mut() {
        found.sort_by_key(|described| described["mode"] != "data");
    }
}

/// Returns the provider of a resource of a configuration.
fn provider_of(root: &Node, address: &AbsResource) -> Option<addr::Provider> {
    let mut path = vec![root];
    for step in address.module.0.iter() {
        path.push(path.last()?.child(&step.name)?);
    }
    let module = &path.last()?.module;
    let resource = module.resources.get(*module.names.resource_place(&address.resource)? as usize)?;
    Some(resolve(&path, resource).address.provider)
}

/// Gives modules between two others their places, even if nothing is in them.
pub(crate) fn fill_in(modules: &mut BTreeMap<ModuleInstance, Vec<Json>>) {
    let known: Vec<ModuleInstance> = modules.keys().cloned().collect();
    for module in known {
        for depth in 1..module.0.len() {
            modules.entry(ModuleInstance(module.0[..depth].to_vec().into())).or_default();
        }
    }
}

/// Takes a module with those below it out of the list, which is sorted callers first.
pub(crate) fn module_json(module: &ModuleInstance, modules: &mut BTreeMap<ModuleInstance, Vec<Json>>) -> Json {
    let mut out = Map::new();
    if let Some(resources) = modules.remove(module).filter(|resources| !resources.is_empty()) {
        out.insert("resources".into(), resources.into());
    }
    if !module.is_root() {
        out.insert("address".into(), module.to_string().into());
    }
    // All modules below this one stand behind it, in one piece.
    let below = modules.range(module.clone()..).map(|(other, _)| other);
    let below = below.take_while(|other| other.0.starts_with(&module.0));
    let children: Vec<ModuleInstance> = below.filter(|other| other.0.len() == module.0.len() + 1).cloned().collect();
    let children: Vec<Json> = children.iter().map(|child| module_json(child, modules)).collect();
    if !children.is_empty() {
        out.insert("child_modules".into(), children.into());
    }
    Json::Object(out)
}

fn resource_json(target: &Target, provider: &addr::Provider, object: &Object, schemas: &dyn Schemas) -> Json {
    let (value, _) = stored::object_value(&target.address, provider, object, schemas);
    let mut out = object_json(&target.address, provider, object.schema_version, &value);
    if let Some(identity) = &object.identity {
        out.insert("identity_schema_version".into(), identity.version.into());
        let attributes: Json = serde_json::from_str(&identity.attributes.json()).unwrap_or_default();
        out.insert("identity".into(), attributes);
    }
    if !object.dependencies.is_empty() {
        let needed: BTreeSet<String> = object.dependencies.iter().map(state::Dependency::configured).collect();
        let dependencies: Vec<Json> = needed.into_iter().map(Json::from).collect();
        out.insert("depends_on".into(), dependencies.into());
    }
    if object.status == Status::Tainted {
        out.insert("tainted".into(), true.into());
    }
    if let Some(key) = target.deposed {
        out.insert("deposed_key".into(), key.to_string().into());
    }
    Json::Object(out)
}

/// Returns what is said of any object.
fn object_json(address: &AbsInstance, provider: &addr::Provider, version: u64, value: &Value) -> Map<String, Json> {
    let mut out = Map::new();
    out.insert("address".into(), address.to_string().into());
    let mut out = behind_address(out, address, provider);
    out.insert("schema_version".into(), version.into());
    out.insert("values".into(), plain(value));
    out.insert("sensitive_values".into(), sensitive(value));
    out
}

/// Adds what stands behind the address of an object wherever one is described.
pub(crate) fn behind_address(
    mut out: Map<String, Json>,
    address: &AbsInstance,
    provider: &addr::Provider,
) -> Map<String, Json> {
    let resource = &address.resource.resource;
    out.insert("mode".into(), mode(resource.mode).into());
    out.insert("type".into(), resource.kind.as_str().into());
    out.insert("name".into(), resource.name.as_str().into());
    if let Some(key) = &address.key {
        out.insert("index".into(), key_json(key));
    }
    out.insert("provider_name".into(), provider.to_string().into());
    out
}

/// Returns the word for a mode.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
    }
}

/// Returns an instance key as JSON.
pub(crate) fn key_json(key: &Key) -> Json {
    match key {
        Key::Number(number) => (*number).into(),
        Key::Name(name) => name.as_str().into(),
    }
}

/// Returns a value as JSON, without what says which types it has.
pub(crate) fn plain(value: &Value) -> Json {
    let bare = value.clone().unmark_deep().0;
    value_to_json(&bare, &bare.ty()).unwrap_or_default()
}
