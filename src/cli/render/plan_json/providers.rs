//! Which provider configurations there are, and what resources call theirs.
//!
//! A name in a module that its caller has a configuration for, passed on or by itself, stands for the caller's.

use std::collections::{BTreeMap, BTreeSet};

use addr::LocalProvider;
use diag::Diagnostics;
use lang::body::CompiledBody;
use lang::module::{ModuleCall, Resource};
use lang::tree::Node;
use lang::validate::Providers;
use serde_json::{Map, Value as Json};

use super::configuration::expressions;
use crate::providers::LinkedProviders;

/// The configurations of a tree of modules by their keys.
#[derive(Default)]
pub(super) struct ProviderConfigs(BTreeMap<String, Known>);

struct Known {
    described: Map<String, Json>,
    provider: addr::Provider,
    /// The key of the configuration that it stands for.
    parent: Option<String>,
}

impl ProviderConfigs {
    pub(super) fn of(root: &Node, linked: &LinkedProviders) -> ProviderConfigs {
        let mut configs = ProviderConfigs::default();
        configs.collect(root, None, linked);
        configs
    }

    /// Returns the configurations that stand for themselves.
    pub(super) fn into_json(self) -> Map<String, Json> {
        let own = self.0.into_iter().filter(|(_, known)| known.parent.is_none());
        own.map(|(key, known)| (key, Json::Object(known.described))).collect()
    }

    /// Returns the key of the configuration that a resource uses.
    pub(super) fn key_of(&self, node: &Node, resource: &Resource) -> String {
        let local = match &resource.provider {
            Some(reference) => reference.local.clone(),
            None => LocalProvider { name: resource.address.implied_provider().into(), alias: None },
        };
        let key = key(&node.path, &local.to_string());
        self.0.get(&key).and_then(|known| known.parent.clone()).unwrap_or(key)
    }

    fn collect(&mut self, node: &Node, caller: Option<&Node>, linked: &LinkedProviders) {
        self.written(node, linked);
        for required in &node.module.settings.required_providers {
            for alias in &required.configuration_aliases {
                self.named(node, &alias.to_string(), &required.name, &required.provider, None);
            }
            self.named(node, &required.name, &required.name, &required.provider, caller);
        }
        for provider in needed(node) {
            self.named(node, &provider.name, &provider.name, &provider, caller);
        }
        for (call, child) in node.module.calls.iter().zip(&node.children) {
            let Some(child) = child else { continue };
            self.passed(node, call, child);
            self.collect(child, Some(node), linked);
        }
    }

    /// Adds the configurations that are written in a module.
    fn written(&mut self, node: &Node, linked: &LinkedProviders) {
        for config in &node.module.providers {
            let provider = node.module.provider_of(&config.local.name);
            let mut described = described(node, &config.local.name, &provider);
            if let Some(alias) = &config.local.alias {
                described.insert("alias".into(), alias.as_str().into());
            }
            let schema = linked.config_schema(&provider);
            let expressions = schema.map(|schema| {
                let diags = &mut Diagnostics::new();
                expressions(&CompiledBody::compile(&config.body, &schema.block, &config.names, diags))
            });
            if let Some(expressions) = expressions.filter(|expressions| !expressions.is_empty()) {
                described.insert("expressions".into(), Json::Object(expressions));
            }
            let key = key(&node.path, &config.local.to_string());
            self.0.insert(key, Known { described, provider, parent: None });
        }
    }

    /// Adds a configuration that nobody wrote, unless it is known.
    fn named(&mut self, node: &Node, place: &str, name: &str, provider: &addr::Provider, caller: Option<&Node>) {
        let key_here = key(&node.path, place);
        if self.0.contains_key(&key_here) {
            return;
        }
        let parent = caller.and_then(|caller| self.source(key(&caller.path, name), provider));
        let described = described(node, name, provider);
        self.0.insert(key_here, Known { described, provider: provider.clone(), parent });
    }

    /// Adds the configurations that a call passes on.
    fn passed(&mut self, node: &Node, call: &ModuleCall, child: &Node) {
        for passed in &call.providers {
            let inside = passed.inside.to_string();
            let provider = child.module.provider_of(&passed.inside.name);
            let parent = self.source(key(&node.path, &passed.outside.local.to_string()), &provider);
            let mut described = described(child, &inside, &provider);
            described.remove("version_constraint");
            self.0.insert(key(&child.path, &inside), Known { described, provider, parent });
        }
    }

    /// Follows a key to the configuration that stands for itself.
    fn source(&self, start: String, provider: &addr::Provider) -> Option<String> {
        let (mut found, mut next) = (None, Some(start));
        while let Some(key) = next {
            let Some(known) = self.0.get(&key).filter(|known| known.provider == *provider) else { break };
            next = known.parent.clone();
            found = Some(key);
        }
        found
    }
}

fn key(path: &addr::Module, name: &str) -> String {
    if path.is_root() { name.to_owned() } else { format!("{path}:{name}") }
}

fn described(node: &Node, name: &str, provider: &addr::Provider) -> Map<String, Json> {
    let mut out = Map::new();
    out.insert("name".into(), name.into());
    out.insert("full_name".into(), provider.to_string().into());
    let required = node.module.settings.required_providers.iter().find(|required| required.provider == *provider);
    if let Some((version, _)) = required.and_then(|required| required.version.as_ref()) {
        out.insert("version_constraint".into(), version.as_str().into());
    }
    if !node.path.is_root() {
        out.insert("module_address".into(), node.path.to_string().into());
    }
    out
}

/// Returns the providers of a module's resources.
fn needed(node: &Node) -> BTreeSet<addr::Provider> {
    let name = |resource: &Resource| match &resource.provider {
        Some(reference) => node.module.provider_of(&reference.local.name),
        None => node.module.provider_of(resource.address.implied_provider()),
    };
    node.module.resources.iter().map(name).collect()
}
