//! What stored objects depend on, when that gets other addresses.

use std::collections::HashMap;
use std::sync::Arc;

use addr::{AbsInstance, Module, ProviderConfig, Resource};
use state::{Dependency, Object, State, Target};

use crate::refactor::Moved;

/// A stored object that depends on what has other addresses from now on.
#[derive(Clone, Debug)]
pub struct Relinked {
    /// The object, by its address before the moves.
    pub target: Target,
    /// The provider configuration of its resource.
    pub provider: Arc<ProviderConfig>,
    /// The object with its dependencies by their addresses after the moves.
    pub object: Arc<Object>,
}

/// Returns what moves make of the dependencies of stored objects; the state is the one before the moves.
pub fn relinked(state: &State, moves: &[Moved]) -> Vec<Relinked> {
    if moves.is_empty() {
        return Vec::new();
    }
    let links = Links::of(state, moves);
    let objects = state.objects().filter_map(|(target, resource, object)| {
        let dependencies = links.dependencies(object)?;
        let object = Arc::new(Object { dependencies: dependencies.into(), ..Object::clone(object) });
        Some(Relinked { target, provider: resource.provider.clone(), object })
    });
    objects.collect()
}

/// The moved instances of a resource block, and all of its instances that there are.
#[derive(Default)]
struct Block {
    moved: Vec<(AbsInstance, AbsInstance)>,
    stays: Vec<AbsInstance>,
}

struct Links(HashMap<(Module, Resource), Block>);

/// Returns the last address of everything that moves, by its first: an instance may move on from where it was moved to.
pub(crate) fn ends(moves: &[Moved]) -> HashMap<&AbsInstance, AbsInstance> {
    let mut ends: HashMap<&AbsInstance, AbsInstance> = HashMap::new();
    for moved in moves.iter().rev() {
        let end = ends.remove(&moved.to).unwrap_or_else(|| moved.to.clone());
        ends.insert(&moved.from, end);
    }
    ends
}

impl Links {
    fn of(state: &State, moves: &[Moved]) -> Links {
        let ends = ends(moves);
        let mut blocks: HashMap<(Module, Resource), Block> = HashMap::new();
        for (from, to) in &ends {
            blocks.entry(from.resource.block()).or_default().moved.push(((*from).clone(), to.clone()));
        }
        for (resource, stored) in state.resources() {
            if let Some(block) = blocks.get_mut(&resource.block()) {
                let addresses = stored
                    .instances
                    .iter()
                    .map(|(key, _)| AbsInstance { resource: resource.clone(), key: key.clone() });
                block.stays.extend(addresses.filter(|address| !ends.contains_key(address)));
            }
        }
        Links(blocks)
    }

    /// Returns the dependencies of an object after the moves, if they are others.
    fn dependencies(&self, object: &Object) -> Option<Vec<Dependency>> {
        let mut new: Vec<Dependency> = Vec::with_capacity(object.dependencies.len());
        let mut differs = false;
        for dependency in object.dependencies.iter() {
            let block = self.0.get(&dependency.0.resource.block());
            let covered: Vec<&(AbsInstance, AbsInstance)> =
                block.iter().flat_map(|block| &block.moved).filter(|(from, _)| dependency.covers(from)).collect();
            let is_left = block.is_none_or(|block| block.stays.iter().any(|address| dependency.covers(address)));
            if covered.is_empty() || is_left {
                new.push(dependency.clone());
            }
            differs |= !covered.is_empty();
            new.extend(covered.into_iter().map(|(_, to)| Dependency(to.clone())));
        }
        new.sort_unstable();
        new.dedup();
        differs.then_some(new)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use addr::AbsInstance;
    use state::{Attributes, Dependency, Object, State};

    use super::relinked;
    use crate::refactor::Moved;

    fn at(text: &str) -> AbsInstance {
        state::parse_instance(text).expect("an address")
    }

    /// Of these objects the last one has the dependencies.
    #[track_caller]
    fn check(addresses: &[&str], dependencies: &[&str], moves: &[(&str, &str)], expected: Option<&[&str]>) {
        let provider = state::parse_provider_config("provider[\"registry.terraform.io/hashicorp/fake\"]");
        let provider = Arc::new(provider.expect("an address"));
        let mut state = State::new("test");
        for address in addresses {
            let is_last = Some(address) == addresses.last();
            let dependencies = dependencies.iter().filter(|_| is_last).map(|text| Dependency(at(text))).collect();
            let object = Object { dependencies, ..Object::new(0, Attributes::of_json("{}")) };
            state.set_object(&at(address).into(), provider.clone(), object.into());
        }
        let moves: Vec<Moved> =
            moves.iter().map(|(from, to)| Moved { from: at(from), to: at(to), taken_over: None }).collect();
        let found = relinked(&state, &moves);
        let found: Option<Vec<String>> =
            found.first().map(|found| found.object.dependencies.iter().map(ToString::to_string).collect());
        let expected = expected.map(|expected| expected.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(found, expected);
    }

    #[test]
    fn dependencies_follow_what_they_mean() {
        check(&["t.a", "t.z"], &["t.a"], &[("t.a", "t.b")], Some(&["t.b"]));
        check(&["t.a", "t.z"], &["t.a"], &[("t.a", "t.b"), ("t.b", "t.c")], Some(&["t.c"]));
        check(&["t.a[0]", "t.a[1]", "t.z"], &["t.a"], &[("t.a[0]", "t.b")], Some(&["t.a", "t.b"]));
        check(&["t.a[0]", "t.a[1]", "t.z"], &["t.a[1]"], &[("t.a[0]", "t.b")], None);
        check(&["module.m[1].t.a", "t.z"], &["module.m.t.a"], &[("module.m[1].t.a", "t.a")], Some(&["t.a"]));
        check(&["t.a", "t.z"], &["t.a"], &[], None);
        check(&["t.a", "t.z"], &["t.a"], &[("t.z", "t.y")], None);
    }
}
