//! What objects stand on although nobody wrote it down: nodes on the routes of their network.
//!
//! It is added to what they need, and so is stored with them: what stands on something is made after it and deleted
//! before it. It never contradicts what is written: what depends on what stands on something is no ground of it.

use std::collections::{HashMap, HashSet};

use addr::{AbsInstance, AbsResource, Mode};
use ecow::EcoString;
use sdk::Ground;

use crate::model::{Change, Need, Plan};
use crate::pool::Pool;

/// Adds to the needs of a plan's changes what they stand on.
pub(crate) fn complete(plan: &mut Plan, pool: &Pool) {
    let grounds = grounds(plan, pool);
    if grounds.iter().all(Option::is_none) {
        return;
    }
    let graph = Graph::of(plan);
    let mut found: Vec<(usize, Vec<Need>)> = Vec::new();
    // Resources that stand in the same place are found once for all that share it.
    let mut known: HashMap<(usize, EcoString), Vec<AbsResource>> = HashMap::new();
    for (place, ground) in grounds.iter().enumerate().filter_map(|(place, ground)| Some((place, ground.as_ref()?))) {
        let mut needs: HashSet<AbsResource> = HashSet::new();
        for below in graph.below(place) {
            if !ground.shared.contains(&&*plan.changes[below].address.resource.resource.kind) {
                continue;
            }
            let kind = plan.changes[place].address.resource.resource.kind.clone();
            let on = known.entry((below, kind)).or_insert_with(|| graph.above(below, ground, plan, &grounds));
            needs.extend(on.iter().cloned());
        }
        found.push((place, needs.into_iter().map(|resource| Need { resource, key: None }).collect()));
    }
    for (place, needs) in found {
        let change = &mut plan.changes[place];
        change.needs.extend(needs);
        change.needs.sort_unstable();
        change.needs.dedup();
    }
}

/// Returns what each change that is configured stands on, by its type.
fn grounds(plan: &Plan, pool: &Pool) -> Vec<Option<Ground>> {
    let mut known: HashMap<(&addr::Provider, &EcoString), Ground> = HashMap::new();
    let ground = |change: &'_ Change| -> Ground {
        let provider = pool.bare(&change.provider.provider);
        provider.map_or(Ground::default(), |provider| provider.ground(&change.address.resource.resource.kind))
    };
    let mut grounds = Vec::with_capacity(plan.changes.len());
    for change in &plan.changes {
        let is_configured = change.repeated.is_some() && change.address.resource.resource.mode == Mode::Managed;
        let key = (&change.provider.provider, &change.address.resource.resource.kind);
        let found = *known.entry(key).or_insert_with(|| ground(change));
        grounds.push(Some(found).filter(|found| is_configured && !found.kinds.is_empty()));
    }
    grounds
}

/// The changes, and which need which.
pub(crate) struct Graph {
    pub(crate) needs: Vec<Vec<usize>>,
    users: Vec<Vec<usize>>,
}

impl Graph {
    pub(crate) fn of(plan: &Plan) -> Graph {
        let mut instances: HashMap<&AbsInstance, usize> = HashMap::new();
        let mut resources: HashMap<&AbsResource, Vec<usize>> = HashMap::new();
        for (place, change) in plan.changes.iter().enumerate().filter(|(_, change)| change.deposed.is_none()) {
            instances.insert(&change.address, place);
            resources.entry(&change.address.resource).or_default().push(place);
        }
        let mut graph =
            Graph { needs: vec![Vec::new(); plan.changes.len()], users: vec![Vec::new(); plan.changes.len()] };
        for (place, change) in plan.changes.iter().enumerate() {
            for need in &change.needs {
                let one = AbsInstance { resource: need.resource.clone(), key: need.key.clone() };
                let on: Vec<usize> = match (&need.key, instances.get(&one)) {
                    (Some(_), found) => found.copied().into_iter().collect(),
                    (None, _) => resources.get(&need.resource).cloned().unwrap_or_default(),
                };
                on.iter().for_each(|below| graph.users[*below].push(place));
                graph.needs[place].extend(on);
            }
        }
        graph
    }

    /// Returns all that something needs, directly or through others.
    pub(crate) fn below(&self, place: usize) -> Vec<usize> {
        reached(vec![place], &self.needs)
    }

    /// Returns the resources of the ground that were made from something, but for what stands on it itself.
    fn above(&self, shared: usize, ground: &Ground, plan: &Plan, grounds: &[Option<Ground>]) -> Vec<AbsResource> {
        let above = reached(vec![shared], &self.users);
        // Whatever is made from what stands there is no ground of it.
        let standing: Vec<usize> = above.iter().copied().filter(|place| grounds[*place].is_some()).collect();
        let barred = reached(standing.clone(), &self.users).into_iter().chain(standing);
        let barred: HashSet<&AbsResource> = barred.map(|place| &plan.changes[place].address.resource).collect();
        let mut found: Vec<AbsResource> = Vec::new();
        for place in above {
            let change = &plan.changes[place];
            let resource = &change.address.resource;
            let is_ground = ground.kinds.contains(&&*resource.resource.kind) && change.repeated.is_some();
            if is_ground && !barred.contains(resource) {
                found.push(resource.clone());
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Returns what is reached from places, without these.
fn reached(from: Vec<usize>, edges: &[Vec<usize>]) -> Vec<usize> {
    let (mut seen, mut open, mut found) = (from.iter().copied().collect::<HashSet<_>>(), from, Vec::new());
    while let Some(place) = open.pop() {
        for next in &edges[place] {
            if seen.insert(*next) {
                found.push(*next);
                open.push(*next);
            }
        }
    }
    found
}
