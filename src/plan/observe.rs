//! Plans that do not ask what is wanted, only what is there.
//!
//! Either everything is to be destroyed, or the state is to be brought up to date and nothing else. References then mean
//! what is stored.

use std::sync::Arc;

use addr::{AbsInstance, Key};
use lang::module::Resource;
use lang::providers::resolve;
use lang::tree::Node;
use state::Object;
use value::Value;

use crate::instances::Desired;
use crate::planner::{Block, Planner};

impl<'a> Planner<'a> {
    /// Tells whether the configuration only says where things are and not what they should be.
    pub(crate) fn is_observing(&self) -> bool {
        self.options.destroy || self.options.refresh_only
    }

    /// Takes the stored objects of a block as its values, without a look at them.
    pub(crate) async fn believe(&self, path: &[&'a Node], resource: &'a Resource) {
        let config = resolve(path, resource).address;
        let Some(module) = path.last().map(|node| &node.path) else { return };
        let Some(provider) = self.pool.bare(&config.provider) else { return };
        let Some(kind) = self.kind(&config.provider, &resource.address) else { return };
        for stored in self.stored_of(module, &resource.address) {
            let mut values = Vec::new();
            for (address, object) in self.objects_of(stored) {
                let value = self.stored_value(&*provider, &kind, &address, &object).await;
                values.extend(value.map(|value| (address.key, value)));
            }
            self.values.set(&stored.module, resource, values);
        }
    }

    /// Takes what the stored objects of a block are like now as its values.
    pub(crate) async fn observe(&self, path: &[&'a Node], block: &Block<'a>) {
        let Some(module) = path.last().map(|node| &node.path) else { return };
        for stored in self.stored_of(module, &block.resource.address) {
            let desired: Vec<Desired> = self
                .objects_of(stored)
                .into_iter()
                .map(|(address, object)| {
                    self.seen.borrow_mut().insert(address.clone());
                    Desired::observed(address, object)
                })
                .collect();
            let priors = self.refresh(block, &desired).await;
            let keys = desired.into_iter().map(|desired| desired.address.key);
            let values: Vec<(Option<Key>, Value)> =
                keys.zip(priors).map(|(key, prior)| (key, self.marked_prior(block, &prior))).collect();
            self.values.set(&stored.module, block.resource, values);
        }
    }

    /// Returns what is stored of an instance that is not looked at.
    pub(crate) async fn stored_now(&self, block: &Block<'a>, address: &AbsInstance) -> Option<Value> {
        let object = self.prior.instance(address)?.current.clone()?;
        self.stored_value(&*block.provider, &block.kind, address, &object).await
    }

    fn objects_of(&self, resource: &addr::AbsResource) -> Vec<(AbsInstance, Arc<Object>)> {
        let Some(stored) = self.prior.resource(resource) else { return Vec::new() };
        let current = stored.instances.iter().filter_map(|(key, instance)| {
            let address = AbsInstance { resource: resource.clone(), key: key.clone() };
            Some((address, instance.current.clone()?))
        });
        current.collect()
    }
}
