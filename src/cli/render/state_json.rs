//! The state as JSON for tools: the format of `terraform show -json`.

use std::collections::{BTreeMap, BTreeSet};

use addr::{Key, ModuleInstance};
use serde_json::{Map, Value as Json, json};
use state::{Object, State, Status, Target};
use value::{Kind, Marks, Value, type_to_json, value_to_json};

use super::plan::Schemas;
use crate::stored;

/// The version of Terraform whose format this is.
const TERRAFORM_VERSION: &str = "1.11.4";

/// Returns the whole state.
pub(crate) fn state(state: &State, schemas: &dyn Schemas) -> Json {
    if state.is_empty() {
        return json!({ "format_version": "1.0" });
    }
    let mut values = Map::new();
    if !state.outputs.is_empty() {
        let output = |(name, output): (&ecow::EcoString, &state::Output)| {
            let value = plain(&output.value);
            let described =
                json!({ "sensitive": output.is_sensitive, "value": value, "type": type_to_json(&output.ty) });
            (name.to_string(), described)
        };
        values.insert("outputs".into(), Json::Object(state.outputs.iter().map(output).collect()));
    }
    let mut modules: BTreeMap<ModuleInstance, Vec<Json>> = BTreeMap::new();
    for (target, resource, object) in state.objects() {
        let described = resource_json(&target, &resource.provider.provider, object, schemas);
        modules.entry(target.address.resource.module.clone()).or_default().push(described);
    }
    // A module between two others has its place even if nothing is in it.
    let known: Vec<ModuleInstance> = modules.keys().cloned().collect();
    for module in known {
        for depth in 1..module.0.len() {
            modules.entry(ModuleInstance(module.0[..depth].to_vec().into())).or_default();
        }
    }
    values.insert("root_module".into(), module_json(&ModuleInstance::default(), &mut modules));
    json!({ "format_version": "1.0", "terraform_version": TERRAFORM_VERSION, "values": values })
}

/// Takes a module with those below it out of the list, which is sorted callers first.
fn module_json(module: &ModuleInstance, modules: &mut BTreeMap<ModuleInstance, Vec<Json>>) -> Json {
    let mut out = Map::new();
    if let Some(resources) = modules.remove(module).filter(|resources| !resources.is_empty()) {
        out.insert("resources".into(), resources.into());
    }
    if !module.is_root() {
        out.insert("address".into(), module.to_string().into());
    }
    let is_child = |other: &&ModuleInstance| other.0.len() == module.0.len() + 1 && other.0.starts_with(&module.0);
    let children: Vec<ModuleInstance> = modules.keys().filter(is_child).cloned().collect();
    let children: Vec<Json> = children.iter().map(|child| module_json(child, modules)).collect();
    if !children.is_empty() {
        out.insert("child_modules".into(), children.into());
    }
    Json::Object(out)
}

fn resource_json(target: &Target, provider: &addr::Provider, object: &Object, schemas: &dyn Schemas) -> Json {
    let address = &target.address;
    let resource = &address.resource.resource;
    let (value, _) = stored::object_value(address, provider, object, schemas);
    let mode = match resource.mode {
        addr::Mode::Managed => "managed",
        addr::Mode::Data => "data",
        addr::Mode::Ephemeral => "ephemeral",
    };
    let mut out = Map::new();
    out.insert("address".into(), address.to_string().into());
    out.insert("mode".into(), mode.into());
    out.insert("type".into(), resource.kind.as_str().into());
    out.insert("name".into(), resource.name.as_str().into());
    if let Some(key) = &address.key {
        out.insert("index".into(), key_json(key));
    }
    out.insert("provider_name".into(), provider.to_string().into());
    out.insert("schema_version".into(), object.schema_version.into());
    out.insert("values".into(), plain(&value));
    out.insert("sensitive_values".into(), sensitive(&value).unwrap_or(Json::Object(Map::new())));
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

/// Returns where a value is sensitive: `true`, or what has such parts; nothing for a single value that is not.
fn sensitive(value: &Value) -> Option<Json> {
    if value.marks().contains(Marks::SENSITIVE) {
        return Some(true.into());
    }
    if let Some(entries) = value.as_entries() {
        let inside = entries.iter().filter_map(|(name, part)| Some((name.to_string(), sensitive(part)?)));
        return Some(Json::Object(inside.collect()));
    }
    let elements = match value.kind() {
        Kind::List(list) => list.values(),
        Kind::Tuple(tuple) => tuple.values(),
        Kind::Set(set) => set.values(),
        _ => return None,
    };
    Some(elements.iter().map(|part| sensitive(part).unwrap_or(false.into())).collect())
}
