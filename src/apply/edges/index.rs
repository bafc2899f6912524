//! Steps by the object that they are about, and what a dependency means among them.

use std::collections::HashMap;

use addr::{AbsInstance, AbsResource, Module, Resource};
use state::Dependency;

/// Steps by the object that they are about.
#[derive(Default)]
pub(super) struct Index {
    pub(super) of_instance: HashMap<AbsInstance, Vec<u32>>,
    /// For those who need all instances.
    of_resource: HashMap<AbsResource, Vec<u32>>,
    /// Steps inside modules, for dependencies that do not say which instance of the module.
    of_configured: HashMap<(Module, Resource), Vec<(AbsInstance, u32)>>,
}

impl Index {
    pub(super) fn add(&mut self, address: &AbsInstance, step: u32) {
        self.of_instance.entry(address.clone()).or_default().push(step);
        self.of_resource.entry(address.resource.clone()).or_default().push(step);
        if !address.resource.module.is_root() {
            self.of_configured.entry(address.resource.block()).or_default().push((address.clone(), step));
        }
    }

    /// Returns the name of what a dependent means by a dependency, the same for all that mean the same steps; nothing if
    /// no step is meant.
    pub(super) fn meant(&self, dependency: &AbsInstance, dependent: &AbsInstance) -> Option<AbsInstance> {
        if self.exact(dependency).is_some() {
            return Some(dependency.clone());
        }
        let module = &dependency.resource.module;
        if module.0.iter().all(|step| step.key.is_some()) {
            return None;
        }
        if dependent.resource.module.module() != module.module() {
            return Some(dependency.clone());
        }
        // Terraform stores dependencies without keys of modules; inside of one module its own instance is meant.
        let resource = AbsResource { module: dependent.resource.module.clone(), ..dependency.resource.clone() };
        let own = AbsInstance { resource, key: dependency.key.clone() };
        (Dependency(dependency.clone()).covers(&own) && self.exact(&own).is_some()).then_some(own)
    }

    /// Returns the steps that a name from [`Index::meant`] stands for.
    pub(super) fn of(&self, name: &AbsInstance) -> Vec<u32> {
        if let Some(exact) = self.exact(name) {
            return exact.to_vec();
        }
        let name = Dependency(name.clone());
        let found = self.of_configured.get(&name.0.resource.block());
        found.into_iter().flatten().filter(|(address, _)| name.covers(address)).map(|(_, step)| *step).collect()
    }

    fn exact(&self, name: &AbsInstance) -> Option<&[u32]> {
        let found = match &name.key {
            Some(_) => self.of_instance.get(name),
            None => self.of_resource.get(&name.resource),
        };
        found.map(Vec::as_slice)
    }
}
