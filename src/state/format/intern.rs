//! Parts that many objects have in common, kept once.

use std::collections::HashMap;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, ModuleInstance};
use value::Path;

use super::paths;
use crate::address::{parse_instance, parse_module};
use addr::ProviderConfig;

use crate::Dependency;

/// Shares equal parts among the objects that are read from one file.
#[derive(Default)]
pub(crate) struct Interner {
    providers: HashMap<String, Arc<ProviderConfig>>,
    modules: HashMap<ModuleInstance, ModuleInstance>,
    paths: HashMap<String, Arc<[Path]>>,
    dependencies: HashMap<String, Dependency>,
    no_paths: Arc<[Path]>,
    no_dependencies: Arc<[Dependency]>,
    no_bytes: Arc<[u8]>,
}

impl Interner {
    pub(crate) fn provider(&mut self, text: &str) -> Option<Arc<ProviderConfig>> {
        if let Some(known) = self.providers.get(text) {
            return Some(known.clone());
        }
        let provider = Arc::new(crate::parse_provider_config(text)?);
        self.providers.insert(text.to_owned(), provider.clone());
        Some(provider)
    }

    pub(crate) fn module(&mut self, text: &str) -> Option<ModuleInstance> {
        parse_module(text).map(|module| self.share(module))
    }

    pub(crate) fn instance(&mut self, text: &str) -> Option<AbsInstance> {
        let AbsInstance { resource: AbsResource { module, resource }, key } = parse_instance(text)?;
        Some(AbsInstance { resource: AbsResource { module: self.share(module), resource }, key })
    }

    fn share(&mut self, module: ModuleInstance) -> ModuleInstance {
        self.modules.entry(module).or_insert_with_key(Clone::clone).clone()
    }

    /// Reads sensitive paths from their JSON form.
    pub(crate) fn paths(&mut self, json: &str) -> Result<Arc<[Path]>, String> {
        if json == "[]" {
            return Ok(self.no_paths.clone());
        }
        if let Some(known) = self.paths.get(json) {
            return Ok(known.clone());
        }
        let read: Arc<[Path]> = paths::read(json)?.into();
        self.paths.insert(json.to_owned(), read.clone());
        Ok(read)
    }

    pub(crate) fn no_paths(&self) -> Arc<[Path]> {
        self.no_paths.clone()
    }

    pub(crate) fn dependencies<'a>(
        &mut self,
        texts: impl ExactSizeIterator<Item = &'a str>,
    ) -> Result<Arc<[Dependency]>, String> {
        if texts.len() == 0 {
            return Ok(self.no_dependencies.clone());
        }
        texts
            .map(|text| {
                if let Some(known) = self.dependencies.get(text) {
                    return Ok(known.clone());
                }
                let instance = self.instance(text).ok_or_else(|| format!("{text:?} is no address of a resource"))?;
                let dependency = Dependency(instance);
                self.dependencies.insert(text.to_owned(), dependency.clone());
                Ok(dependency)
            })
            .collect()
    }

    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Arc<[u8]> {
        if bytes.is_empty() { self.no_bytes.clone() } else { bytes.into() }
    }
}
