//! What state knows: resources, their instances, the objects behind them, outputs and check results.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, Key, ProviderConfig};
use ecow::EcoString;
use value::{Path, Type, Value};

use crate::record::Settled;
use crate::{Attributes, OrderedMap};

/// Everything that is known of what was created; clones are cheap and share what neither side changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Counts the runs that changed something.
    pub serial: u64,
    /// Tells states apart that were begun apart.
    pub lineage: EcoString,
    /// Values of the root module's outputs.
    pub outputs: OrderedMap<EcoString, Output>,
    /// Results of checks and conditions of the last run; nothing if there was none.
    pub checks: Option<Arc<[CheckResult]>>,
    resources: OrderedMap<AbsResource, Arc<Resource>>,
}

/// The value of an output of the root module; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Output {
    /// Known and without marks.
    pub value: Value,
    /// The value's type.
    pub ty: Type,
    /// Must not be shown to people.
    pub is_sensitive: bool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({}{})", self.ty, if self.is_sensitive { ", sensitive" } else { "" })
    }
}

/// What is known of a resource; there may be no instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Which provider configuration manages it.
    pub provider: Arc<ProviderConfig>,
    /// The instances by key.
    pub instances: OrderedMap<Option<Key>, Instance>,
}

/// What is known of one instance: its current object, and old ones that wait to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// The object that the configuration means.
    pub current: Option<Arc<Object>>,
    /// Objects that were replaced and are not deleted yet.
    pub deposed: BTreeMap<DeposedKey, Arc<Object>>,
}

/// The name of a deposed object within its instance: eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeposedKey(pub u32);

impl DeposedKey {
    /// Reads eight lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<DeposedKey> {
        let is_key = text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        u32::from_str_radix(text, 16).ok().filter(|_| is_key).map(DeposedKey)
    }
}

impl fmt::Display for DeposedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Which object: the current one of an instance, or a deposed one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The instance.
    pub address: AbsInstance,
    /// The deposed object's key; nothing means the current object.
    pub deposed: Option<DeposedKey>,
}

impl From<AbsInstance> for Target {
    fn from(address: AbsInstance) -> Target {
        Target { address, deposed: None }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        self.deposed.iter().try_for_each(|key| write!(f, " (deposed object {key})"))
    }
}

/// Whether an object is what it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It is.
    #[default]
    Ready,
    /// It is to be replaced: its creation went wrong, or someone said so.
    Tainted,
}

/// A thing that exists in the world; `Debug` shows nothing of what it is like.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// Whether it is to be replaced.
    pub status: Status,
    /// The version of the schema that the attributes are of.
    pub schema_version: u64,
    /// The attributes, without marks.
    pub attributes: Attributes,
    /// Where the attributes are sensitive.
    pub sensitive: Arc<[Path]>,
    /// The provider's own notes.
    pub private: Arc<[u8]>,
    /// What the object is known by outside.
    pub identity: Option<Identity>,
    /// The direct dependencies, for the order of deletion.
    pub dependencies: Arc<[Dependency]>,
    /// A replacement is created before this one is deleted.
    pub create_before_destroy: bool,
    /// It is in what its provider's configuration was made from, a cluster, which is among its dependencies: it is gone
    /// when that is.
    pub is_contained: bool,
}

impl Object {
    /// Makes a ready object of attributes and nothing else.
    pub fn new(schema_version: u64, attributes: Attributes) -> Object {
        Object {
            status: Status::Ready,
            schema_version,
            attributes,
            sensitive: Arc::default(),
            private: Arc::default(),
            identity: None,
            dependencies: Arc::default(),
            create_before_destroy: false,
            is_contained: false,
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dependencies: Vec<String> = self.dependencies.iter().map(ToString::to_string).collect();
        f.debug_struct("Object")
            .field("status", &self.status)
            .field("schema_version", &self.schema_version)
            .field("dependencies", &dependencies)
            .field("create_before_destroy", &self.create_before_destroy)
            .finish_non_exhaustive()
    }
}

/// What an object is known by, in the terms of the provider's identity schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The version of the identity schema.
    pub version: u64,
    /// The identity's attributes.
    pub attributes: Attributes,
}

/// What an object depends on; where a key is missing, of a module or of the resource, every instance is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dependency(pub AbsInstance);

impl Dependency {
    /// Returns the address in the configuration of what is needed: without keys of modules and instances.
    pub fn configured(&self) -> String {
        let AbsResource { module, resource } = &self.0.resource;
        let steps = module.0.iter().map(|step| addr::ModuleStep { name: step.name.clone(), key: None });
        AbsResource { module: addr::ModuleInstance(steps.collect()), resource: resource.clone() }.to_string()
    }

    /// Tells whether an instance is part of what is depended on.
    pub fn covers(&self, instance: &AbsInstance) -> bool {
        let fits = |own: &Option<Key>, other: &Option<Key>| own.is_none() || own == other;
        let (own, other) = (&self.0.resource, &instance.resource);
        own.resource == other.resource
            && own.module.0.len() == other.module.0.len()
            && own.module.0.iter().zip(other.module.0.iter()).all(|(a, b)| a.name == b.name && fits(&a.key, &b.key))
            && fits(&self.0.key, &instance.key)
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The result of the checks of one configuration object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// What has the checks.
    pub kind: CheckKind,
    /// Its address in the configuration.
    pub address: EcoString,
    /// The worst of its instances.
    pub status: CheckStatus,
    /// Its instances; nothing if it is not known which there are.
    pub objects: Option<Vec<CheckedObject>>,
}

/// What kind of configuration object has checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// A resource with conditions.
    Resource,
    /// An output value with conditions.
    Output,
    /// A `check` block.
    Check,
    /// A variable with validations.
    Variable,
}

/// How checks came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// All hold.
    Pass,
    /// One does not.
    Fail,
    /// One could not be evaluated.
    Error,
    /// Not known yet.
    Unknown,
}

/// The result of the checks of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedObject {
    /// Its address.
    pub address: EcoString,
    /// How its checks came out.
    pub status: CheckStatus,
    /// The messages of those that failed.
    pub failures: Vec<EcoString>,
}

/// Why a change to state is none: the state is as it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeError(pub String);

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ChangeError {}

fn refuse<T>(reason: String) -> Result<T, ChangeError> {
    Err(ChangeError(reason))
}

impl State {
    /// Makes an empty state of a lineage.
    pub fn new(lineage: impl Into<EcoString>) -> State {
        State { lineage: lineage.into(), ..State::default() }
    }

    /// Returns the resources in the order of their addresses.
    pub fn resources(&self) -> impl Iterator<Item = (&AbsResource, &Resource)> {
        self.resources.iter().map(|(address, resource)| (address, &**resource))
    }

    /// Returns a resource.
    pub fn resource(&self, address: &AbsResource) -> Option<&Resource> {
        self.resources.get(address).map(|resource| &**resource)
    }

    /// Returns an instance.
    pub fn instance(&self, address: &AbsInstance) -> Option<&Instance> {
        self.resource(&address.resource)?.instances.get(&address.key)
    }

    /// Returns an object.
    pub fn object(&self, target: &Target) -> Option<&Arc<Object>> {
        let instance = self.instance(&target.address)?;
        match &target.deposed {
            None => instance.current.as_ref(),
            Some(key) => instance.deposed.get(key),
        }
    }

    /// Returns every object, with its resource: of each instance first the current one, then those deposed.
    pub fn objects(&self) -> impl Iterator<Item = (Target, &Resource, &Arc<Object>)> {
        self.resources().flat_map(|(address, resource)| {
            resource.instances.iter().flat_map(move |(key, instance)| {
                let current = instance.current.iter().map(|object| (None, object));
                let deposed = instance.deposed.iter().map(|(key, object)| (Some(*key), object));
                current.chain(deposed).map(move |(deposed, object)| {
                    let address = AbsInstance { resource: address.clone(), key: key.clone() };
                    (Target { address, deposed }, resource, object)
                })
            })
        })
    }

    /// Returns the number of resource instances.
    pub fn instance_count(&self) -> usize {
        self.resources().map(|(_, resource)| resource.instances.len()).sum()
    }

    /// Tells whether nothing is known: no resource, no output.
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.outputs.is_empty()
    }

    /// Makes a resource known, perhaps without instances, and says which provider configuration manages it.
    pub fn set_resource(&mut self, address: &AbsResource, provider: Arc<ProviderConfig>) {
        match self.resources.get_mut(address) {
            Some(resource) if resource.provider == provider => {}
            Some(resource) => Arc::make_mut(resource).provider = provider,
            None => {
                let resource = Resource { provider, instances: OrderedMap::default() };
                self.resources.insert(address.clone(), Arc::new(resource));
            }
        }
    }

    /// Forgets a resource that has no instances.
    pub fn prune_resource(&mut self, address: &AbsResource) {
        if self.resource(address).is_some_and(|resource| resource.instances.is_empty()) {
            self.resources.remove(address);
        }
    }

    /// Sets an object; the old one, if there was one, is returned.
    pub fn set_object(
        &mut self,
        target: &Target,
        provider: Arc<ProviderConfig>,
        object: Arc<Object>,
    ) -> Option<Arc<Object>> {
        self.set_resource(&target.address.resource, provider);
        let instances = self.instances_mut(&target.address.resource)?;
        if instances.get(&target.address.key).is_none() {
            instances.insert(target.address.key.clone(), Instance::default());
        }
        let instance = instances.get_mut(&target.address.key)?;
        match target.deposed {
            None => instance.current.replace(object),
            Some(key) => instance.deposed.insert(key, object),
        }
    }

    /// Takes out an object; its instance and resource go with the last of their objects.
    pub fn remove_object(&mut self, target: &Target) -> Option<Arc<Object>> {
        self.object(target)?;
        let instances = self.instances_mut(&target.address.resource)?;
        let instance = instances.get_mut(&target.address.key)?;
        let object = match &target.deposed {
            None => instance.current.take(),
            Some(key) => instance.deposed.remove(key),
        };
        if instance.current.is_none() && instance.deposed.is_empty() {
            instances.remove(&target.address.key);
            self.prune_resource(&target.address.resource);
        }
        object
    }

    /// Forgets an instance with all its objects.
    pub fn remove_instance(&mut self, address: &AbsInstance) -> Option<Instance> {
        self.instance(address)?;
        let instance = self.instances_mut(&address.resource)?.remove(&address.key);
        self.prune_resource(&address.resource);
        instance
    }

    /// Forgets a resource with all its instances.
    pub fn remove_resource(&mut self, address: &AbsResource) -> Option<Arc<Resource>> {
        self.resources.remove(address)
    }

    /// Makes the current object of an instance a deposed one.
    pub fn depose(&mut self, address: &AbsInstance, key: DeposedKey) -> Result<(), ChangeError> {
        match self.instance(address) {
            Some(instance) if instance.deposed.contains_key(&key) => {
                return refuse(format!("{address} has a deposed object {key} already"));
            }
            Some(instance) if instance.current.is_some() => {}
            _ => return refuse(format!("{address} has no current object to depose")),
        }
        self.change_instance(address, |instance| {
            if let Some(object) = instance.current.take() {
                instance.deposed.insert(key, object);
            }
        });
        Ok(())
    }

    /// Makes a deposed object the current one again: its replacement was never created.
    pub fn restore(&mut self, address: &AbsInstance, key: DeposedKey) -> Result<(), ChangeError> {
        match self.instance(address) {
            Some(instance) if instance.current.is_some() => {
                return refuse(format!("{address} has a current object, so its deposed object {key} stays deposed"));
            }
            Some(instance) if instance.deposed.contains_key(&key) => {}
            _ => return refuse(format!("{address} has no deposed object {key}")),
        }
        self.change_instance(address, |instance| instance.current = instance.deposed.remove(&key));
        Ok(())
    }

    /// Gives an instance another address, which must be free and of the same mode.
    pub fn move_instance(&mut self, from: &AbsInstance, to: &AbsInstance) -> Result<(), ChangeError> {
        let Some(resource) = self.resource(&from.resource) else { return refuse(format!("{from} is not in state")) };
        if self.instance(to).is_some() {
            return refuse(format!("{to} is in state already"));
        }
        if from.resource.resource.mode != to.resource.resource.mode {
            return refuse(format!("{from} cannot become {to}, which is another kind of block"));
        }
        let provider = resource.provider.clone();
        let Some(instance) = self.remove_instance(from) else { return refuse(format!("{from} is not in state")) };
        if self.resource(&to.resource).is_none() {
            self.set_resource(&to.resource, provider);
        }
        if let Some(instances) = self.instances_mut(&to.resource) {
            instances.insert(to.key.clone(), instance);
        }
        Ok(())
    }

    /// Takes the current object of an instance away and sets what it has become at another address, which must be free.
    pub fn take_over(&mut self, from: &AbsInstance, settled: &Settled) -> Result<(), ChangeError> {
        let to = &settled.target.address;
        if self.instance(to).is_some() {
            return refuse(format!("{to} is in state already"));
        }
        if self.remove_object(&Target::from(from.clone())).is_none() {
            return refuse(format!("{from} is not in state"));
        }
        self.set_object(&settled.target, settled.provider.clone(), settled.object.clone());
        Ok(())
    }

    /// Gives a resource with all its instances another address, which must be free and of the same mode.
    pub fn move_resource(&mut self, from: &AbsResource, to: &AbsResource) -> Result<(), ChangeError> {
        if self.resource(from).is_none() {
            return refuse(format!("{from} is not in state"));
        }
        if self.resource(to).is_some_and(|resource| !resource.instances.is_empty()) {
            return refuse(format!("{to} is in state already"));
        }
        if from.resource.mode != to.resource.mode {
            return refuse(format!("{from} cannot become {to}, which is another kind of block"));
        }
        if let Some(resource) = self.resources.remove(from) {
            self.resources.insert(to.clone(), resource);
        }
        Ok(())
    }

    fn instances_mut(&mut self, address: &AbsResource) -> Option<&mut OrderedMap<Option<Key>, Instance>> {
        self.resources.get_mut(address).map(|resource| &mut Arc::make_mut(resource).instances)
    }

    fn change_instance(&mut self, address: &AbsInstance, change: impl FnOnce(&mut Instance)) {
        if let Some(instance) = self.instances_mut(&address.resource).and_then(|all| all.get_mut(&address.key)) {
            change(instance);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dependency, DeposedKey, Target};
    use crate::testing::{at, object, provider, state_of};

    #[test]
    fn an_object_goes_and_its_resource_with_the_last_one() {
        let mut state = state_of(&["a.b[0]", "a.b[1]", "module.m.a.b"]);
        let before = state.clone();
        for address in ["a.b[0]", "a.b[1]"] {
            assert!(state.remove_object(&at(address).into()).is_some());
        }
        assert_eq!((state.resources().count(), state.instance_count()), (1, 1));
        assert_eq!((before.resources().count(), before.instance_count()), (2, 3));
        assert!(state.remove_object(&at("a.b[0]").into()).is_none());
    }

    #[test]
    fn a_deposed_object_comes_back_only_to_an_empty_place() {
        let mut state = state_of(&["a.b"]);
        let (address, key) = (at("a.b"), DeposedKey(0xab));
        state.depose(&address, key).unwrap();
        assert!(state.depose(&address, key).is_err());
        assert!(state.object(&address.clone().into()).is_none());
        assert!(state.object(&Target { address: address.clone(), deposed: Some(key) }).is_some());
        state.set_object(&address.clone().into(), provider(), object("new"));
        assert!(state.restore(&address, key).is_err());
        state.remove_object(&address.clone().into());
        state.restore(&address, key).unwrap();
        assert_eq!(state, state_of(&["a.b"]));
    }

    #[test]
    fn a_move_never_covers_what_is_there() {
        let mut state = state_of(&["a.b[0]", "a.b[1]", "a.c"]);
        let before = state.clone();
        for (from, to) in [("a.b[0]", "a.b[1]"), ("a.x", "a.y"), ("a.b[0]", "data.a.b[0]"), ("a.b[0]", "a.b[0]")] {
            assert!(state.move_instance(&at(from), &at(to)).is_err(), "{from} to {to}");
        }
        assert!(state.move_resource(&at("a.b").resource, &at("a.c").resource).is_err());
        assert_eq!(state, before);
        state.move_resource(&at("a.b").resource, &at("module.m.a.z").resource).unwrap();
        state.move_instance(&at("module.m.a.z[1]"), &at("a.b")).unwrap();
        let addresses: Vec<String> = state.objects().map(|(target, ..)| target.to_string()).collect();
        assert_eq!(addresses, ["a.b", "a.c", "module.m.a.z[0]"]);
    }

    #[test]
    fn a_dependency_without_keys_covers_all_instances() {
        let check = |dependency: &str, instance: &str| Dependency(at(dependency)).covers(&at(instance));
        assert!(check("module.m.a.b", "module.m[1].a.b[\"x\"]"));
        assert!(check("module.m[1].a.b", "module.m[1].a.b[\"x\"]"));
        assert!(!check("module.m[0].a.b", "module.m[1].a.b"));
        assert!(!check("a.b", "module.m.a.b"));
        assert!(!check("a.b[0]", "a.b[1]"));
    }

    #[test]
    fn deposed_keys_are_eight_digits() {
        assert_eq!(DeposedKey::parse("0000ab1f").map(|key| key.to_string()).as_deref(), Some("0000ab1f"));
        for text in ["", "ab", "+000ab1f", "0000AB1F", "0000ab1fa"] {
            assert_eq!(DeposedKey::parse(text), None, "{text}");
        }
    }
}
