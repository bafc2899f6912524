//! Imports one object into the state, without a plan: the `import` command.

use std::collections::HashSet;
use std::sync::Arc;

use addr::{AbsInstance, Key, Mode};
use diag::{Diagnostic, Diagnostics};
use graph::{Schedule, Step};
use lang::evaluation::{Instance, Instances};
use lang::module::Resource;
use lang::objects::Objects;
use lang::providers::resolve;
use lang::tree::Node;
use sdk::ImportTarget;
use state::Target;
use state::record::{Record, Settled};
use value::{Marks, Value};

use crate::imports::Found;
use crate::model::Importing;
use crate::planner::{Configured, Input, Planner, planner};

/// Finds an object for an instance of the configuration and returns what is to be recorded.
pub async fn import(input: Input<'_>, address: &AbsInstance, id: &str) -> (Option<Record>, Diagnostics) {
    let planner = planner(input);
    let record = planner.import_one(address, id).await;
    let mut diags = planner.out.take().diags;
    diags.append(planner.evaluation.take_diagnostics());
    let record = record.filter(|_| !diags.has_errors());
    (record, diags)
}

impl<'a> Planner<'a> {
    async fn import_one(&self, address: &AbsInstance, id: &str) -> Option<Record> {
        let (path, resource) = self.configured_block(address)?;
        if self.prior.instance(address).is_some_and(|known| known.current.is_some()) {
            let detail = format!(
                "There is an object of {address} in state. `gantry state rm` takes it out, if another one is to be in its \
                 place."
            );
            return self.refuse("Resource already managed by Gantry", detail);
        }
        let needed = self.know(address, resource).await?;
        if !self.has_instance(needed, resource, address.key.as_ref()) {
            let detail = format!("The block is there, but has no instance {address}.");
            return self.refuse("Configuration for import target does not exist", detail);
        }
        let resolved = resolve(&path, resource);
        let provider = resolved.address.provider.clone();
        if self.pool.bare(&provider).is_none() {
            return self.refuse("Provider not available", format!("{address} needs the provider {provider}."));
        }
        let Configured { provider: made, waits, .. } = self.configured(&path, &resolved).await?;
        if waits {
            let detail = format!(
                "The configuration of the provider {provider} depends on values that are known only after an apply. Give \
                 it values that are known now, if only for this import."
            );
            return self.refuse("Invalid provider configuration", detail);
        }
        let Some(kind) = self.kind(&provider, &resource.address) else {
            let detail = format!("The provider {provider} has no resource {:?}.", resource.address.kind);
            return self.refuse("Invalid resource type", detail);
        };
        let target = Some(ImportTarget::Id(id.into()));
        let importing = Importing { target, is_sensitive: false, is_generated: false };
        let found = match self.import(&*made, &kind, address, (importing, None)).await {
            Found::Now(found) => found,
            Found::Failed => return None,
            Found::Later(..) => {
                let detail = format!("The provider {provider} cannot look for the object yet.");
                return self.refuse("Instance cannot be imported yet", detail);
            }
        };
        Some(Record::Object(Settled {
            token: None,
            target: Target::from(address.clone()),
            provider: Arc::new(resolved.address),
            object: found.object?,
        }))
    }

    fn refuse<T>(&self, summary: &str, detail: String) -> Option<T> {
        self.report(Diagnostic::error(summary, detail));
        None
    }

    /// Finds the block of an instance.
    fn configured_block(&self, address: &AbsInstance) -> Option<(Vec<&'a Node>, &'a Resource)> {
        let module = address.resource.module.module();
        let path = self.path_to(&module);
        let node = path.last().copied().filter(|_| path.len() == module.0.len() + 1);
        let Some(node) = node else {
            let detail = format!("There is no {module} in the configuration. Write a call of it first.");
            return self.refuse("Import to non-existent module", detail);
        };
        let resource = &address.resource.resource;
        let place = node.module.names.resource_place(resource);
        let Some(found) = place.and_then(|place| node.module.resources.get(*place as usize)) else {
            let place = if module.is_root() { "the root module".to_owned() } else { module.to_string() };
            let detail = format!(
                "There is no block for {resource} in {place}. Write one first:\n\nresource \"{}\" \"{}\" {{\n  # \
                 (resource arguments)\n}}",
                resource.kind, resource.name
            );
            return self.refuse("Configuration for import target does not exist", detail);
        };
        Some((path, found))
    }

    /// Makes known what the instances of a resource and its provider are made from, and returns its module instance.
    ///
    /// Managed objects are believed as they are stored; data sources are read.
    async fn know(&self, address: &AbsInstance, resource: &Resource) -> Option<std::rc::Rc<Instance<'a>>> {
        let objects = Objects::of(self.root);
        let obstacles = lang::validate::obstacles(self.root, &objects);
        if obstacles.has_errors() {
            self.report_all(obstacles);
            return None;
        }
        let blocks = self.blocks(&objects);
        let is_target = |(path, block): &(std::rc::Rc<[&Node]>, &Resource)| {
            std::ptr::eq(*block, resource) && path.last().is_some_and(|n| n.path == address.resource.module.module())
        };
        let target = blocks.iter().find(|(_, block)| is_target(block)).map(|(object, _)| *object)?;
        let mut needed: HashSet<u32> = HashSet::new();
        let mut open = objects.edges[target as usize].clone();
        while let Some(object) = open.pop() {
            if needed.insert(object) {
                open.extend(&objects.edges[object as usize]);
            }
        }
        let step = |needs: &Vec<u32>| Step { needs: needs.clone(), cost: 1, locks: Vec::new() };
        let steps: Vec<Step> = objects.edges.iter().map(step).collect();
        let mut schedule = Schedule::new(&steps);
        while let Some(object) = schedule.start_next() {
            if let Some((path, block)) = blocks.get(&object).filter(|_| needed.contains(&object)) {
                match block.address.mode {
                    Mode::Data => self.block(path, block).await,
                    _ => self.know_stored(path, block).await,
                }
            }
            schedule.end(object);
        }
        let found = self.evaluation.find(&address.resource.module);
        if found.is_none() {
            let detail = format!("There is no instance {} of the module.", address.resource.module);
            return self.refuse("Configuration for import target does not exist", detail);
        }
        found
    }

    /// Sets the values of a resource to what is stored of it.
    async fn know_stored(&self, path: &[&'a Node], resource: &'a Resource) {
        let provider = resolve(path, resource).address.provider;
        let Some(bare) = self.pool.bare(&provider) else { return };
        let Some(kind) = self.kind(&provider, &resource.address) else { return };
        for instance in self.instances_of(path).0 {
            let keys: Vec<Option<Key>> = match self.evaluation.instances(&instance, &resource.repetition) {
                Instances::Single => vec![None],
                Instances::Keyed(keys) => keys.into_iter().map(|(key, _)| Some(key)).collect(),
                Instances::Unknown => continue,
            };
            let mut values = Vec::with_capacity(keys.len());
            for key in keys {
                let resource =
                    addr::AbsResource { module: instance.address.clone(), resource: resource.address.clone() };
                let address = AbsInstance { resource, key };
                let stored = self.prior.instance(&address).and_then(|known| known.current.clone());
                let value = match stored {
                    Some(object) => self.stored_value(&*bare, &kind, &address, &object).await.map(|value| {
                        let secret = object.sensitive.iter().map(|path| (path.clone(), Marks::SENSITIVE));
                        crate::change::mark_sensitive(&kind.schema.block, value, &secret.collect::<Vec<_>>())
                    }),
                    None => None,
                };
                values.push((address.key, value.unwrap_or_else(|| Value::unknown(kind.ty.clone()))));
            }
            self.values.set(&instance.address, resource, values);
        }
    }

    fn has_instance(&self, instance: std::rc::Rc<Instance<'a>>, resource: &Resource, key: Option<&Key>) -> bool {
        match self.evaluation.instances(&instance, &resource.repetition) {
            Instances::Single => key.is_none(),
            Instances::Keyed(keys) => keys.iter().any(|(known, _)| Some(known) == key),
            // How many there will be is not known, so this may be one of them: only its form can be checked.
            Instances::Unknown => key.is_some(),
        }
    }
}
