//! Which provider configuration a resource uses: its own module's, one passed on by a caller, or the default one.

use addr::{LocalProvider, Provider};

use crate::module::{ProviderConfig, Resource};
use crate::tree::Node;

/// A provider configuration and, where one is written, its block.
pub struct Resolved<'a> {
    /// Its address.
    pub address: addr::ProviderConfig,
    /// The module and the block in it; nothing for a configuration that nobody wrote.
    pub block: Option<(&'a Node, &'a ProviderConfig)>,
}

/// Finds the configuration for a resource. `path` are the modules from the root to the resource's own.
pub fn resolve<'a>(path: &[&'a Node], resource: &Resource) -> Resolved<'a> {
    let local = match &resource.provider {
        Some(reference) => reference.local.clone(),
        None => LocalProvider { name: resource.address.implied_provider().into(), alias: None },
    };
    resolve_local(path, local)
}

/// Finds the configuration that a name means in the last module of a path.
pub fn resolve_local<'a>(path: &[&'a Node], mut local: LocalProvider) -> Resolved<'a> {
    let Some((mut node, mut above)) = path.split_last() else {
        let provider = Provider::implied(&local.name);
        return Resolved {
            address: addr::ProviderConfig { module: addr::Module::default(), provider, alias: None },
            block: None,
        };
    };
    let provider = node.module.provider_of(&local.name);
    loop {
        let found = node.module.provider(&local);
        if let Some(config) = found.filter(|config| above.is_empty() || !config.is_empty()) {
            let address = addr::ProviderConfig { module: node.path.clone(), provider, alias: local.alias };
            return Resolved { address, block: Some((node, config)) };
        }
        let Some((caller, rest)) = above.split_last() else {
            let address = addr::ProviderConfig { module: addr::Module::default(), provider, alias: local.alias };
            return Resolved { address, block: None };
        };
        local = passed(caller, node, &local, &provider);
        (node, above) = (caller, rest);
    }
}

/// Finds the block of a configuration that state names in the last module of a path, which leads as far towards the
/// configuration's own module as there are modules.
pub fn written<'a>(path: &[&'a Node], address: &addr::ProviderConfig) -> Option<(&'a Node, &'a ProviderConfig)> {
    let node = *path.last()?;
    let is_it = |known: &&ProviderConfig| {
        known.local.alias == address.alias && node.module.provider_of(&known.local.name) == address.provider
    };
    Some((node, node.module.providers.iter().find(is_it)?))
}

/// Tells whether a configuration that state names is still written in its own module.
pub fn is_written(path: &[&Node], address: &addr::ProviderConfig) -> bool {
    path.len() == address.module.0.len() + 1 && written(path, address).is_some()
}

/// Returns what the calling module calls the configuration that the called one knows by a name.
fn passed(caller: &Node, node: &Node, local: &LocalProvider, provider: &Provider) -> LocalProvider {
    let name = node.path.0.last();
    let call = caller.module.calls.iter().find(|call| Some(&call.name) == name);
    let passed = call.and_then(|call| call.providers.iter().find(|passed| passed.inside == *local));
    if let Some(passed) = passed {
        return passed.outside.local.clone();
    }
    // Default configurations reach the modules below by themselves, under whatever name the caller has for the provider.
    let required = caller.module.settings.required_providers.iter().find(|required| required.provider == *provider);
    let name = required.map_or_else(|| provider.name.clone(), |required| required.name.clone());
    LocalProvider { name, alias: local.alias.clone() }
}
