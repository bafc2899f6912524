//! Addresses that mean several instances: keys in them may be open.

use std::fmt;

use ecow::EcoString;

use crate::{AbsInstance, CallName, Key, Module, ModuleInstance, Resource};

/// Which of several copies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyPattern {
    /// Whichever; written `[*]`.
    Any,
    /// This one; nothing means the only one.
    Exactly(Option<Key>),
}

impl KeyPattern {
    fn fits(&self, key: Option<&Key>) -> bool {
        match self {
            KeyPattern::Any => true,
            KeyPattern::Exactly(own) => own.as_ref() == key,
        }
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyPattern::Any => f.write_str("[*]"),
            KeyPattern::Exactly(key) => key.iter().try_for_each(|key| write!(f, "{key}")),
        }
    }
}

/// Instances of a resource; or everything in a module, and in those below it, if no resource is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    /// The modules on the way.
    pub modules: Vec<(EcoString, KeyPattern)>,
    /// The resource.
    pub resource: Option<(Resource, KeyPattern)>,
}

impl Pattern {
    /// Means one instance and no other.
    pub fn exactly(address: &AbsInstance) -> Pattern {
        let key = KeyPattern::Exactly(address.key.clone());
        Pattern { modules: steps(&address.resource.module), resource: Some((address.resource.resource.clone(), key)) }
    }

    /// Means all instances of a resource, in all instances of a module that are below a known one.
    pub fn below(known: &ModuleInstance, module: &Module, resource: &Resource) -> Pattern {
        let rest = module.0.iter().skip(known.0.len()).map(|name| (name.clone(), KeyPattern::Any));
        let modules = steps(known).into_iter().chain(rest).collect();
        Pattern { modules, resource: Some((resource.clone(), KeyPattern::Any)) }
    }

    /// Means what a user does who names a module: every instance of it, where no key is given.
    pub fn everything_in(module: &ModuleInstance) -> Pattern {
        Pattern { modules: open(module), resource: None }
    }

    /// Means what a user does who names a resource or an instance: all instances, where no key is given.
    pub fn named(address: &AbsInstance) -> Pattern {
        let key = address.key.clone().map_or(KeyPattern::Any, |key| KeyPattern::Exactly(Some(key)));
        Pattern { modules: open(&address.resource.module), resource: Some((address.resource.resource.clone(), key)) }
    }

    /// Tells whether an instance is meant.
    pub fn covers(&self, address: &AbsInstance) -> bool {
        let steps = &address.resource.module.0;
        let is_inside = steps.len() >= self.modules.len()
            && self
                .modules
                .iter()
                .zip(steps.iter())
                .all(|((name, key), step)| step.name == *name && key.fits(step.key.as_ref()));
        is_inside
            && self.resource.as_ref().is_none_or(|(resource, key)| {
                steps.len() == self.modules.len()
                    && *resource == address.resource.resource
                    && key.fits(address.key.as_ref())
            })
    }

    /// Tells whether some instance of a resource block may be meant, whatever the keys.
    pub fn reaches(&self, module: &Module, resource: &Resource) -> bool {
        let names = self.modules.iter().map(|(name, _)| name);
        let is_inside =
            module.0.len() >= self.modules.len() && names.zip(module.0.iter()).all(|(own, name)| own == name);
        let is_resource =
            self.resource.as_ref().is_none_or(|(own, _)| module.0.len() == self.modules.len() && own == resource);
        is_inside && is_resource
    }
}

fn steps(module: &ModuleInstance) -> Vec<(EcoString, KeyPattern)> {
    module.0.iter().map(|step| (step.name.clone(), KeyPattern::Exactly(step.key.clone()))).collect()
}

fn open(module: &ModuleInstance) -> Vec<(EcoString, KeyPattern)> {
    let key = |key: &Option<Key>| key.clone().map_or(KeyPattern::Any, |key| KeyPattern::Exactly(Some(key)));
    module.0.iter().map(|step| (step.name.clone(), key(&step.key))).collect()
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (name, key) in &self.modules {
            write!(f, "{separator}{}{key}", CallName(name))?;
            separator = ".";
        }
        let Some((resource, key)) = &self.resource else { return Ok(()) };
        write!(f, "{separator}{resource}{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::{AbsInstance, AbsResource, Key, Mode, ModuleInstance, Resource};

    fn instance(module: ModuleInstance, key: Option<Key>) -> AbsInstance {
        let resource = Resource { mode: Mode::Managed, kind: "a_b".into(), name: "c".into() };
        AbsInstance { resource: AbsResource { module, resource }, key }
    }

    #[test]
    fn covers_what_is_meant() {
        let root = ModuleInstance::default();
        let inside = |key: Option<u64>| root.child("m", key.map(Key::Number));
        let one = instance(inside(Some(1)), Some(Key::Name("x".into())));
        let bare = instance(inside(Some(1)), None);
        let below = Pattern::below(&root, &one.resource.module.module(), &one.resource.resource);
        assert_eq!(below.to_string(), "module.m[*].a_b.c[*]");
        let call = Pattern::exactly(&instance(root.child("addon.x", None), None));
        assert_eq!(call.to_string(), "addon.x.a_b.c", "a call of a block of ours is named by that");
        assert!(below.covers(&one) && below.covers(&bare) && !below.covers(&instance(root.clone(), None)));
        assert!(Pattern::exactly(&one).covers(&one) && !Pattern::exactly(&one).covers(&bare));
        assert!(Pattern::named(&instance(inside(None), None)).covers(&one), "no key means all instances");
        assert!(!Pattern::named(&instance(inside(Some(0)), None)).covers(&one));
        assert!(Pattern::everything_in(&inside(None)).covers(&one));
        assert!(
            Pattern::everything_in(&inside(Some(2))).reaches(&one.resource.module.module(), &one.resource.resource)
        );
    }
}
