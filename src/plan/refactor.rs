//! What moved and removed blocks make of the prior state, before it is compared with anything.

use std::collections::HashMap;
use std::sync::Arc;

use addr::{AbsInstance, AbsResource, Key, Module, ModuleInstance, ModuleStep, ProviderConfig, Resource};
use diag::{Diagnostic, Diagnostics};
use lang::module::{Endpoint, Repetition};
use lang::tree::Node;
use state::{Object, State};

use crate::moves::{self, Statement};

use crate::relink::{ends, relinked};

/// An instance that is known by another address from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its address in the stored state.
    pub from: AbsInstance,
    /// Its address in the configuration.
    pub to: AbsInstance,
    /// What it is in its new resource type, if that is another one, and the provider configuration that manages it.
    pub taken_over: Option<(Arc<ProviderConfig>, Arc<Object>)>,
}

/// Gives stored instances the addresses that the configuration has for them: by moved blocks, in their order, and by
/// themselves where `count` was added to a block or taken away from it.
pub fn refactor(root: &Node, prior: &State) -> (State, Vec<Moved>, Diagnostics) {
    let mut work = Work::of(prior);
    let statements = match moves::statements(root) {
        Ok(statements) => statements,
        Err(diags) => return (work.state, work.moves, diags),
    };
    for Statement { path, moved } in statements {
        work.explicit(path, &moved.from, &moved.to);
    }
    work.implied(root);
    let diags = work.conflicts();
    let ends = ends(&work.moves);
    for mut found in relinked(prior, &work.moves) {
        if let Some(end) = ends.get(&found.target.address) {
            found.target.address = end.clone();
        }
        let known = work.state.resource(&found.target.address.resource);
        let provider = known.map_or(found.provider, |known| known.provider.clone());
        work.state.set_object(&found.target, provider, found.object);
    }
    (work.state, work.moves, diags)
}

struct Work {
    state: State,
    moves: Vec<Moved>,
    /// Moves to where an object is already.
    blocked: Vec<(AbsInstance, AbsInstance)>,
    /// Stored resources by their blocks: those that were there, too. Made when there is a move to follow.
    of_block: HashMap<(Module, Resource), Vec<AbsResource>>,
    /// The places of moves by where they lead.
    ends: HashMap<AbsInstance, usize>,
}

impl Work {
    fn of(prior: &State) -> Work {
        let (of_block, ends) = (HashMap::new(), HashMap::new());
        Work { state: prior.clone(), moves: Vec::new(), blocked: Vec::new(), of_block, ends }
    }

    /// Returns the stored resources that one end of a move may stand for.
    fn candidates(&mut self, path: &Module, from: &Endpoint) -> Vec<AbsResource> {
        let Some((resource, _)) = &from.resource else {
            return self.state.resources().map(|(address, _)| address.clone()).collect();
        };
        if self.of_block.is_empty() {
            for (address, _) in self.state.resources() {
                self.of_block.entry(address.block()).or_default().push(address.clone());
            }
        }
        let names = path.0.iter().cloned().chain(from.modules.iter().map(|(name, _)| name.clone()));
        self.of_block.get(&(Module(names.collect()), resource.clone())).cloned().unwrap_or_default()
    }

    fn conflicts(&self) -> Diagnostics {
        if self.blocked.is_empty() {
            return Diagnostics::new();
        }
        let lines: Vec<String> = self.blocked.iter().map(|(from, to)| format!("  - {from} to {to}")).collect();
        let detail = format!(
            "The configuration gives objects new addresses at which there are objects already:\n\n{}\n\nThese stay where \
             they are, and are destroyed if nothing is configured there. \"gantry state mv\" and \"gantry state rm\" can \
             put it right.",
            lines.join("\n")
        );
        Diagnostic::warning("Unresolved resource instance address changes", detail).into()
    }

    fn explicit(&mut self, path: &Module, from: &Endpoint, to: &Endpoint) {
        let mut found: Vec<(AbsInstance, AbsInstance)> = Vec::new();
        for resource in self.candidates(path, from) {
            let Some(stored) = self.state.resource(&resource) else { continue };
            let addresses =
                stored.instances.iter().map(|(key, _)| AbsInstance { resource: resource.clone(), key: key.clone() });
            found.extend(addresses.filter_map(|address| Some((address.clone(), target(path, &address, from, to)?))));
        }
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
        if from == to {
            return;
        }
        if self.state.instance(&to).is_some() {
            self.blocked.push((from, to));
            return;
        }
        if self.state.move_instance(&from, &to).is_err() {
            return;
        }
        let block = to.resource.block();
        if let Some(known) = self.of_block.get_mut(&block) {
            known.extend((!known.contains(&to.resource)).then(|| to.resource.clone()));
        } else if !self.of_block.is_empty() {
            self.of_block.insert(block, vec![to.resource.clone()]);
        }
        // What moves on has been moved once, from where it began.
        let place = match self.ends.remove(&from) {
            Some(place) => {
                self.moves[place].to = to.clone();
                place
            }
            None => {
                self.moves.push(Moved { from, to: to.clone(), taken_over: None });
                self.moves.len() - 1
            }
        };
        self.ends.insert(to, place);
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
