//! What moved and removed blocks make of the prior state, before it is compared with anything.

use addr::{AbsInstance, AbsResource, Key, Module, ModuleInstance, ModuleStep};
use diag::{Diagnostic, Diagnostics};
use lang::module::{Endpoint, Repetition};
use lang::tree::Node;
use state::State;

use crate::relink::{ends, relinked};

/// An instance that is known by another address from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its address in the stored state.
    pub from: AbsInstance,
    /// Its address in the configuration.
    pub to: AbsInstance,
}

/// Gives stored instances the addresses that the configuration has for them: by moved blocks, in their order, and by
/// themselves where `count` was added to a block or taken away from it.
pub fn refactor(root: &Node, prior: &State) -> (State, Vec<Moved>, Diagnostics) {
    let mut work = Work { state: prior.clone(), moves: Vec::new(), diags: Diagnostics::new() };
    root.visit(&mut |node| {
        for moved in &node.module.moved {
            work.explicit(&node.path, &moved.from, &moved.to);
        }
    });
    work.implied(root);
    let ends = ends(&work.moves);
    for mut found in relinked(prior, &work.moves) {
        if let Some(end) = ends.get(&found.target.address) {
            found.target.address = end.clone();
        }
        let known = work.state.resource(&found.target.address.resource);
        let provider = known.map_or(found.provider, |known| known.provider.clone());
        work.state.set_object(&found.target, provider, found.object);
    }
    (work.state, work.moves, work.diags)
}

struct Work {
    state: State,
    moves: Vec<Moved>,
    diags: Diagnostics,
}

impl Work {
    fn explicit(&mut self, path: &Module, from: &Endpoint, to: &Endpoint) {
        let found: Vec<(AbsInstance, AbsInstance)> = self
            .state
            .resources()
            .flat_map(|(resource, stored)| {
                stored.instances.iter().map(|(key, _)| AbsInstance { resource: resource.clone(), key: key.clone() })
            })
            .filter_map(|address| Some((address.clone(), target(path, &address, from, to)?)))
            .collect();
        for (old, new) in found {
            self.shift(old, new);
        }
    }

    fn implied(&mut self, root: &Node) {
        let mut found: Vec<(AbsInstance, AbsInstance)> = Vec::new();
        for (address, stored) in self.state.resources() {
            let Some(node) = root.find(&address.module) else { continue };
            let place = node.module.names.resource_place(&address.resource).copied();
            let resource = place.and_then(|place| node.module.resources.get(place as usize));
            let (from, to) = match resource.map(|resource| &resource.repetition) {
                Some(Repetition::Single) => (Some(Key::Number(0)), None),
                Some(Repetition::Count(_)) => (None, Some(Key::Number(0))),
                _ => continue,
            };
            if stored.instances.get(&from).is_some() && stored.instances.get(&to).is_none() {
                let instance = |key| AbsInstance { resource: address.clone(), key };
                found.push((instance(from), instance(to)));
            }
        }
        for (from, to) in found {
            self.shift(from, to);
        }
    }

    fn shift(&mut self, from: AbsInstance, to: AbsInstance) {
        if from.resource.resource.kind != to.resource.resource.kind {
            let detail = format!("{from} would become {to}, and moving an object to another type is not possible yet.");
            self.diags.push(Diagnostic::error("Move to another resource type", detail));
            return;
        }
        if self.state.instance(&to).is_some() {
            let detail = format!(
                "{from} should be known as {to} from now on, but there is an object of that address already. Both stay \
                 where they are."
            );
            self.diags.push(Diagnostic::warning("Unresolved resource instance address changes", detail));
            return;
        }
        if self.state.move_instance(&from, &to).is_ok() {
            self.moves.push(Moved { from, to });
        }
    }
}

/// Returns the new address of an instance that one end of a move stands for.
fn target(path: &Module, address: &AbsInstance, from: &Endpoint, to: &Endpoint) -> Option<AbsInstance> {
    let steps = &address.resource.module.0;
    let depth = path.0.len();
    let inside = steps.len() >= depth && steps.iter().zip(path.0.iter()).all(|(step, name)| step.name == *name);
    if !inside {
        return None;
    }
    let (above, below) = steps.split_at(depth);
    let matches = |step: &ModuleStep, (name, key): &(ecow::EcoString, Option<Key>)| {
        step.name == *name && (key.is_none() || step.key == *key)
    };
    let reaches = below.len() >= from.modules.len() && below.iter().zip(&from.modules).all(|(s, m)| matches(s, m));
    if !reaches {
        return None;
    }
    let (through, rest) = below.split_at(from.modules.len());
    if from.resource.is_some() && !rest.is_empty() {
        return None;
    }
    let modules = above.iter().cloned().chain(new_steps(through, from, to)?).chain(rest.iter().cloned());
    let module = ModuleInstance(modules.collect());
    let (resource, key) = match (&from.resource, &to.resource) {
        (None, None) => (address.resource.resource.clone(), address.key.clone()),
        (Some((old, old_key)), Some((new, new_key))) => {
            let whole = old_key.is_none() && new_key.is_none();
            let fits = *old == address.resource.resource && (whole || *old_key == address.key);
            let key = if whole { address.key.clone() } else { new_key.clone() };
            fits.then(|| (new.clone(), key))?
        }
        _ => return None,
    };
    Some(AbsInstance { resource: AbsResource { module, resource }, key })
}

/// Returns the module steps of the new address: instances keep their keys where neither end names one.
fn new_steps(through: &[ModuleStep], from: &Endpoint, to: &Endpoint) -> Option<Vec<ModuleStep>> {
    let last = to.modules.len().checked_sub(1);
    let steps = to.modules.iter().enumerate().map(|(place, (name, key))| {
        let same_place = through.get(place).filter(|_| from.modules.len() == to.modules.len());
        let from_key = from.modules.get(place).and_then(|(_, key)| key.clone());
        let kept = same_place.filter(|_| from_key.is_none() && key.is_none()).and_then(|step| step.key.clone());
        // A call that gets instances takes its only object to the instance that the move names.
        if from_key.is_none() && key.is_some() && Some(place) == last && same_place?.key.is_some() {
            return None;
        }
        Some(ModuleStep { name: name.clone(), key: key.clone().or(kept) })
    });
    steps.collect()
}

/// Tells whether a removed block says that objects of this address are to be forgotten instead of destroyed.
pub(crate) fn is_forgotten(root: &Node, address: &AbsInstance) -> bool {
    let mut forgotten = false;
    root.visit(&mut |node| {
        let blocks = node.module.removed.iter().filter(|removed| !removed.destroy);
        forgotten |=
            blocks.into_iter().any(|removed| target(&node.path, address, &removed.from, &removed.from).is_some());
    });
    forgotten
}

#[cfg(test)]
mod tests {
    use super::target;
    use addr::{AbsInstance, Module};
    use diag::FileId;
    use lang::module::endpoint;

    #[track_caller]
    fn check(from: &str, to: &str, address: &str, expected: Option<&str>) {
        let end = |text: &str| {
            let (tree, diags) = syntax::parse_expression(FileId(0), text.as_bytes(), 0);
            assert!(!diags.has_errors(), "{text} does not parse");
            endpoint(&tree).expect("an address")
        };
        let address: AbsInstance = state::parse_instance(address).expect("an address");
        let found = target(&Module::default(), &address, &end(from), &end(to));
        assert_eq!(found.map(|found| found.to_string()).as_deref(), expected, "{from} -> {to} of {address}");
    }

    #[test]
    fn instances_go_where_the_move_says() {
        check("t.a", "t.b", "t.a", Some("t.b"));
        check("t.a", "t.b", "t.a[1]", Some("t.b[1]"));
        check("t.a", "t.a[\"k\"]", "t.a", Some("t.a[\"k\"]"));
        check("t.a[0]", "t.a", "t.a[0]", Some("t.a"));
        check("t.a[0]", "t.a", "t.a[1]", None);
        check("t.a", "module.m.t.a", "t.a", Some("module.m.t.a"));
        check("module.m", "module.n", "module.m.t.a[2]", Some("module.n.t.a[2]"));
        check("module.m", "module.n", "module.m[\"x\"].module.o.t.a", Some("module.n[\"x\"].module.o.t.a"));
        check("module.m", "module.m[0]", "module.m.t.a", Some("module.m[0].t.a"));
        check("module.m.t.a", "t.a", "module.m.t.a", Some("t.a"));
        check("t.a", "t.b", "t.c", None);
        check("t.a", "t.b", "module.m.t.a", None);
    }
}
