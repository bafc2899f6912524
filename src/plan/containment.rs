//! Objects that are in others, in a cluster mostly: which go along when that goes, and how they are reached meanwhile.
//!
//! An object is in what its provider's configuration was made from. That this is so is stored with it, as the
//! configuration may be gone when the object is to go.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, ProviderConfig};
use lang::module::ProvisionerWhen;
use sdk::Fate;
use state::{DeposedKey, Object};
use value::Value;

use crate::model::{Inside, Need, Role};
use crate::planner::{Configured, Planner};

/// A stored object that is no longer wanted.
pub(crate) type Orphan = (AbsInstance, Option<DeposedKey>, Arc<ProviderConfig>, Arc<Object>);

impl Planner<'_> {
    /// Returns what objects are in whose provider's configuration was made from these; nothing unless that is one.
    pub(crate) fn container_among(&self, needs: &[Need]) -> Option<AbsInstance> {
        self.only_container(needs.iter().map(|need| (&need.resource, need.key.as_ref())))
    }

    /// Returns what a stored object is in.
    pub(crate) fn container_of(&self, object: &Object) -> Option<AbsInstance> {
        let dependencies = object.dependencies.iter().filter(|_| object.is_contained);
        self.only_container(dependencies.map(|on| (&on.0.resource, on.0.key.as_ref())))
    }

    fn only_container<'n>(
        &self,
        needs: impl Iterator<Item = (&'n AbsResource, Option<&'n addr::Key>)>,
    ) -> Option<AbsInstance> {
        let mut found = None;
        for (resource, key) in needs {
            let Some(stored) = self.prior.resource(resource) else { continue };
            let provider = self.pool.bare(&stored.provider.provider);
            if !provider.is_some_and(|provider| provider.is_container(&resource.resource.kind)) {
                continue;
            }
            for (known, _) in stored.instances.iter().filter(|(known, _)| key.is_none() || known.as_ref() == key) {
                let one = AbsInstance { resource: resource.clone(), key: known.clone() };
                if found.replace(one).is_some() {
                    return None;
                }
            }
        }
        found
    }

    /// Finds the parts that orphans play when what they are in goes, too. An object goes along unless it may own something
    /// outside that nothing releases, or something is deleted by itself that it uses, and that may not go before it.
    pub(crate) fn parts(&self, orphans: &[Orphan]) -> HashMap<AbsInstance, Inside> {
        let mut parts: HashMap<AbsInstance, Inside> = HashMap::new();
        let goes = |address: &AbsInstance| self.options.destroy || !crate::refactor::is_forgotten(self.root, address);
        let going: HashSet<&AbsInstance> =
            orphans.iter().filter(|one| one.1.is_none() && goes(&one.0)).map(|one| &one.0).collect();
        let mut fates: Vec<(&Orphan, AbsInstance, Fate)> = Vec::new();
        for orphan in orphans.iter().filter(|one| going.contains(&one.0) && one.1.is_none() && one.3.is_contained) {
            let container = self.container_of(&orphan.3).filter(|container| going.contains(container));
            if let Some(container) = container {
                fates.push((orphan, container, self.fate(orphan)));
            }
        }
        let released: HashSet<AbsInstance> =
            fates.iter().filter(|(_, _, fate)| *fate == Fate::Releases).map(|found| found.1.clone()).collect();
        for ((address, ..), container, fate) in &fates {
            let role = match fate {
                Fate::Releases => Role::Release,
                Fate::Goes => Role::Along,
                Fate::GoesReleased if released.contains(container) => Role::Along,
                Fate::GoesReleased | Fate::Deleted => Role::Own,
            };
            parts.insert(address.clone(), Inside { container: container.clone(), role });
        }
        self.keep_users(orphans, &mut parts);
        parts
    }

    fn fate(&self, (address, _, config, object): &Orphan) -> Fate {
        let resource = &address.resource.resource;
        let Some((provider, kind)) = self.pool.bare(&config.provider).zip(self.kind(&config.provider, resource)) else {
            return Fate::Deleted;
        };
        let has_last_words = self.resource_of(address).is_some_and(|resource| {
            resource.provisioners.iter().any(|provisioner| provisioner.when == ProvisionerWhen::Destroy)
        });
        if has_last_words {
            return Fate::Deleted;
        }
        stored_value(object, &kind.schema).map_or(Fate::Deleted, |value| provider.fate(&resource.kind, &value))
    }

    /// Lets what uses something that is deleted by itself be deleted by itself, too, before that.
    fn keep_users(&self, orphans: &[Orphan], parts: &mut HashMap<AbsInstance, Inside>) {
        let mut users: HashMap<&AbsResource, Vec<(&AbsInstance, &state::Dependency)>> = HashMap::new();
        for (address, _, _, object) in orphans.iter().filter(|one| parts.contains_key(&one.0)) {
            for on in object.dependencies.iter() {
                users.entry(&on.0.resource).or_default().push((address, on));
            }
        }
        let mut open: Vec<AbsInstance> =
            parts.iter().filter(|(_, inside)| inside.role == Role::Own).map(|(address, _)| address.clone()).collect();
        while let Some(own) = open.pop() {
            for (user, on) in users.get(&own.resource).into_iter().flatten() {
                let Some(inside) = parts.get_mut(*user).filter(|inside| inside.role == Role::Along) else { continue };
                if on.covers(&own) {
                    inside.role = Role::Own;
                    open.push((*user).clone());
                }
            }
        }
    }

    /// Returns the provider of an object that is no longer wanted. If its configuration is gone, what the object is in says
    /// how it is reached.
    pub(crate) async fn provider_of_orphan(&self, config: &Arc<ProviderConfig>, object: &Object) -> Option<Configured> {
        let is_written = lang::providers::is_written(&self.path_to(&config.module), config);
        let Some(with) = self.connection(config, object).filter(|_| !is_written) else {
            return self.provider_at(config).await;
        };
        match self.pool.configure(config, with).await {
            Ok(provider) => Some(Configured { provider, waits: false, needs: Vec::new().into() }),
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.report(crate::problems::diagnostic(problem, None)));
                None
            }
        }
    }

    /// Returns how a provider reaches into what a stored object is in.
    fn connection(&self, config: &ProviderConfig, object: &Object) -> Option<Value> {
        let container = self.container_of(object)?;
        let schema = self.pool.bare(&config.provider)?;
        let outer = self.prior.resource(&container.resource)?.provider.clone();
        let stored = self.prior.instance(&container)?.current.clone()?;
        connection(&self.pool, (&*outer, &container, &*stored), &*schema)
    }
}

/// Returns the configuration by which a provider reaches into a stored object of another one.
pub fn connection(
    pool: &crate::Pool,
    (outer, container, stored): (&ProviderConfig, &AbsInstance, &Object),
    inner: &dyn sdk::Provider,
) -> Option<Value> {
    let kind = &container.resource.resource.kind;
    let outer = pool.bare(&outer.provider)?;
    let schema = outer.schemas().resources.get(kind)?;
    let found =
        outer.connection(kind, &stored_value(stored, schema)?).filter(|found| found.provider == inner.source())?;
    let block = &inner.schemas().provider.block;
    sdk::read_stored(&found.config, block, &block.ty()).ok()
}

/// Returns a stored object of the current version of its schema.
pub(crate) fn stored_value(object: &Object, schema: &schema::Schema) -> Option<Value> {
    if object.schema_version != schema.version {
        return None;
    }
    let ty = schema.block.ty();
    match object.attributes.value(&ty) {
        Some(value) => Some(value.clone()),
        None => {
            let raw = serde_json::from_str(&object.attributes.json()).ok()?;
            sdk::read_stored(&raw, &schema.block, &ty).ok()
        }
    }
}
