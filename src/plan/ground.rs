//! What objects stand on although nobody wrote it down: nodes on the routes of their network, pods on the nodes of their cluster.
//!
//! Providers say of objects what they stand on and what they bear, so that none has to know another. It is added to what they
//! need, and so is stored with them: what stands on something is made after it and deleted before it. It never contradicts
//! what is written: what depends on what stands on something is no ground of it.

use std::collections::{HashMap, HashSet};

use addr::{AbsInstance, AbsResource, Key, Mode, ProviderConfig};
use sdk::{Footing, Ground};
use state::{Object, State};

use crate::containment::stored_value;
use crate::model::{Action, Change, Need, Plan};
use crate::pool::Pool;

/// Footings in the order in which they are laid.
const FOOTINGS: [Footing; 3] = [Footing::WayOut, Footing::Pods, Footing::Volumes];

/// Adds to the needs of what a plan makes or leaves as it is what it stands on, in the plan or in state.
pub(crate) fn complete(plan: &mut Plan, prior: &State, pool: &Pool) {
    let changes = || plan.changes.iter().chain(plan.deferred.iter().map(|deferred| &deferred.change));
    let grounds: Vec<Ground> = changes().map(|change| of_change(change, pool)).collect();
    if grounds.iter().all(|ground| ground.stands_on.is_empty()) {
        return;
    }
    let mut things: Vec<Thing<'_>> = changes().zip(grounds).map(|(change, ground)| Thing::of(change, ground)).collect();
    // A stage, or a plan of a part, has not all that there is.
    let planned: HashSet<&AbsInstance> = changes().map(|change| &change.address).collect();
    let stored: Vec<_> =
        prior.objects().filter(|(target, ..)| target.deposed.is_none() && !planned.contains(&target.address)).collect();
    things.extend(stored.iter().map(|(target, resource, object)| Thing {
        resource: &target.address.resource,
        key: target.address.key.as_ref(),
        provider: &resource.provider,
        needs: object.dependencies.iter().map(|on| (&on.0.resource, on.0.key.as_ref())).collect(),
        ground: of_stored(&target.address, &resource.provider, object, pool).unwrap_or_default(),
    }));
    let found = laid(&things);
    let places = plan.changes.len();
    for (place, on) in found {
        let change = match place.checked_sub(places) {
            None => &mut plan.changes[place],
            Some(place) => match plan.deferred.get_mut(place) {
                Some(deferred) => &mut deferred.change,
                None => continue,
            },
        };
        change.needs.extend(on.into_iter().map(|resource| Need { resource, key: None }));
        change.needs.sort_unstable();
        change.needs.dedup();
    }
}

/// Returns what a change has to do with footings, if its object is there afterwards.
fn of_change(change: &Change, pool: &Pool) -> Ground {
    let is_kept = change.address.resource.resource.mode == Mode::Managed
        && change.deposed.is_none()
        && !matches!(change.action, Action::Delete | Action::Forget);
    let provider = pool.bare(&change.provider.provider).filter(|_| is_kept);
    provider
        .map_or(Ground::default(), |provider| provider.ground(&change.address.resource.resource.kind, &change.after))
}

fn of_stored(address: &AbsInstance, config: &ProviderConfig, object: &Object, pool: &Pool) -> Option<Ground> {
    let (provider, kind) = (pool.bare(&config.provider)?, &address.resource.resource.kind);
    Some(provider.ground(kind, &stored_value(object, provider.schemas().resources.get(kind)?)?))
}

/// An object that is there or will be.
struct Thing<'p> {
    resource: &'p AbsResource,
    key: Option<&'p Key>,
    provider: &'p ProviderConfig,
    needs: Vec<(&'p AbsResource, Option<&'p Key>)>,
    ground: Ground,
}

impl Thing<'_> {
    fn of(change: &Change, ground: Ground) -> Thing<'_> {
        Thing {
            resource: &change.address.resource,
            key: change.address.key.as_ref(),
            provider: &change.provider,
            needs: change.needs.iter().map(|need| (&need.resource, need.key.as_ref())).collect(),
            ground,
        }
    }
}

/// Returns what things stand on, by their places.
fn laid(things: &[Thing<'_>]) -> HashMap<usize, Vec<AbsResource>> {
    let mut graph = Graph::of(things);
    let mut found: HashMap<usize, Vec<AbsResource>> = HashMap::new();
    for footing in FOOTINGS {
        let mut of_provider: HashMap<&ProviderConfig, Vec<usize>> = HashMap::new();
        let mut common: Vec<Vec<usize>> = Vec::new();
        for (place, thing) in things.iter().enumerate() {
            if thing.ground.spans.contains(&footing) {
                common.push(reached(vec![place], &graph.users));
            }
            let is_part = thing.ground.stands_on.contains(&footing) || thing.ground.bears.contains(&footing);
            // A configuration reaches one cluster, also one that nobody here has made; a cloud has many networks.
            if is_part && footing == Footing::Volumes {
                of_provider.entry(thing.provider).or_default().push(place);
            }
        }
        let mut of_provider: Vec<Vec<usize>> = of_provider.into_values().collect();
        of_provider.sort_unstable();
        // One after the other: what has been laid counts as written.
        for places in common.into_iter().chain(of_provider) {
            for (place, on) in graph.lay(&places, footing, things) {
                found.entry(place).or_default().extend(on);
            }
        }
    }
    found
}

/// Which things need which; behind the things are places for all that is below some of them at once.
pub(crate) struct Graph {
    pub(crate) needs: Vec<Vec<usize>>,
    users: Vec<Vec<usize>>,
}

impl Graph {
    /// Makes the graph of a plan's changes, by their places.
    pub(crate) fn of_changes(plan: &Plan) -> Graph {
        let things = plan.changes.iter().map(|change| Thing::of(change, Ground::default()));
        Graph::of(&things.collect::<Vec<_>>())
    }

    /// Returns all that something needs, directly or through others.
    pub(crate) fn below(&self, place: usize) -> Vec<usize> {
        reached(vec![place], &self.needs)
    }

    fn of(things: &[Thing<'_>]) -> Graph {
        let mut resources: HashMap<&AbsResource, Vec<usize>> = HashMap::new();
        for (place, thing) in things.iter().enumerate() {
            resources.entry(thing.resource).or_default().push(place);
        }
        let mut graph = Graph { needs: vec![Vec::new(); things.len()], users: vec![Vec::new(); things.len()] };
        for (place, thing) in things.iter().enumerate() {
            for (resource, key) in &thing.needs {
                let instances = resources.get(resource).into_iter().flatten();
                for on in instances.filter(|on| key.is_none() || *key == things[**on].key) {
                    graph.link(place, *on);
                }
            }
        }
        graph
    }

    fn link(&mut self, place: usize, on: usize) {
        self.needs[place].push(on);
        self.users[on].push(place);
    }

    /// Lets those of some things that stand on a footing need those that bear it, unless these depend on such themselves.
    fn lay<'t>(
        &mut self,
        places: &[usize],
        footing: Footing,
        things: &[Thing<'t>],
    ) -> impl Iterator<Item = (usize, Vec<AbsResource>)> + use<'t> {
        let those = |is: fn(&Ground) -> &[Footing]| -> Vec<usize> {
            let known = places.iter().copied().filter(|place| *place < things.len());
            known.filter(|place| is(&things[*place].ground).contains(&footing)).collect()
        };
        let standing = those(|ground| ground.stands_on);
        let above: Vec<usize> = reached(standing.clone(), &self.users).into_iter().chain(standing.clone()).collect();
        let barred = above.into_iter().filter_map(|place| things.get(place));
        let barred: HashSet<&AbsResource> = barred.map(|thing| thing.resource).collect();
        let mut bearing = those(|ground| ground.bears);
        bearing.retain(|place| !barred.contains(things[*place].resource));
        let mut on: Vec<AbsResource> = bearing.iter().map(|place| things[*place].resource.clone()).collect();
        on.sort_unstable();
        on.dedup();
        if !on.is_empty() {
            let hub = self.needs.len();
            self.needs.push(Vec::new());
            self.users.push(Vec::new());
            bearing.into_iter().for_each(|place| self.link(hub, place));
            standing.iter().for_each(|place| self.link(*place, hub));
        }
        standing.into_iter().map(move |place| (place, on.clone()))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const NODES: Ground = Ground { stands_on: &[Footing::WayOut], bears: &[Footing::Pods], spans: &[] };
    const CLASS: Ground = Ground { bears: &[Footing::Volumes], ..PLAIN };
    const CLUSTER: Ground = Ground { spans: &[Footing::Pods, Footing::Volumes], ..PLAIN };
    const NETWORK: Ground = Ground { spans: &[Footing::WayOut], ..PLAIN };
    const PLAIN: Ground = Ground { stands_on: &[], bears: &[], spans: &[] };
    const POD: Ground = Ground { stands_on: &[Footing::Pods, Footing::Volumes], ..PLAIN };
    const ROUTE: Ground = Ground { bears: &[Footing::WayOut], ..PLAIN };

    /// Compares what objects stand on, by their addresses: `cloud.NAME` is of one provider, `in_NAME.NAME` of one for each
    /// cluster.
    #[track_caller]
    fn check(objects: &[(&str, Ground, &[&str])], expected: &[(&str, &[&str])]) {
        let resource = |name: &str| state::parse_instance(name).expect("an address").resource;
        let of = |name: &str| {
            let text = format!("provider[\"example.com/a/{}\"]", resource(name).resource.kind.replace("_", "-"));
            state::parse_provider_config(&text).expect("a provider")
        };
        let resources: Vec<AbsResource> = objects.iter().map(|(name, ..)| resource(name)).collect();
        let providers: Vec<ProviderConfig> = objects.iter().map(|(name, ..)| of(name)).collect();
        let place = |name: &str| objects.iter().position(|(known, ..)| *known == name).expect("it is there");
        let thing = |(own, (_, ground, needs)): (usize, &(&str, Ground, &[&str]))| Thing {
            resource: &resources[own],
            key: None,
            provider: &providers[own],
            needs: needs.iter().map(|name| (&resources[place(name)], None)).collect(),
            ground: *ground,
        };
        let things: Vec<Thing<'_>> = objects.iter().enumerate().map(thing).collect();
        let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (place, on) in laid(&things) {
            let mut on: Vec<String> = on.iter().map(ToString::to_string).collect();
            on.sort();
            on.dedup();
            found.insert(objects[place].0, on);
        }
        found.retain(|_, on| !on.is_empty());
        let expected = expected.iter().map(|(name, on)| (*name, on.iter().map(ToString::to_string).collect()));
        assert_eq!(found, expected.collect());
    }

    #[test]
    fn pods_stand_on_the_nodes_of_their_own_cluster() {
        check(
            &[
                ("cloud.one", CLUSTER, &[]),
                ("cloud.two", CLUSTER, &[]),
                ("cloud.nodes", NODES, &["cloud.one"]),
                ("cloud.others", NODES, &["cloud.two"]),
                ("in_one.pod", POD, &["cloud.one"]),
                ("in_one.config", PLAIN, &["cloud.one"]),
                ("in_two.pod", POD, &["cloud.two"]),
            ],
            &[("in_one.pod", &["cloud.nodes"]), ("in_two.pod", &["cloud.others"])],
        );
    }

    #[test]
    fn nodes_stand_on_the_ways_out_of_their_network() {
        check(
            &[
                ("cloud.net", NETWORK, &[]),
                ("cloud.way", ROUTE, &["cloud.net"]),
                ("cloud.cluster", CLUSTER, &["cloud.net"]),
                ("cloud.nodes", NODES, &["cloud.cluster"]),
                ("cloud.late", ROUTE, &["cloud.net", "cloud.nodes"]),
            ],
            &[("cloud.nodes", &["cloud.way"])],
        );
    }

    #[test]
    fn volumes_are_made_by_what_the_same_configuration_has_where_there_is_no_cluster() {
        check(
            &[("in_one.class", CLASS, &[]), ("in_two.class", CLASS, &[]), ("in_one.pod", POD, &[])],
            &[("in_one.pod", &["in_one.class"])],
        );
    }

    #[test]
    fn nothing_stands_on_what_depends_on_such_as_it() {
        check(
            &[
                ("cloud.cluster", CLUSTER, &[]),
                ("in_one.network", POD, &["cloud.cluster"]),
                ("cloud.nodes", NODES, &["in_one.network"]),
                ("cloud.first", NODES, &["cloud.cluster"]),
                ("in_one.pod", POD, &["cloud.cluster"]),
            ],
            &[("in_one.network", &["cloud.first"]), ("in_one.pod", &["cloud.first"])],
        );
    }

    #[test]
    fn clusters_that_wait_for_each_others_pods_have_an_order() {
        check(
            &[
                ("cloud.one", CLUSTER, &[]),
                ("cloud.two", CLUSTER, &[]),
                ("in_one.pod", POD, &["cloud.one"]),
                ("in_two.pod", POD, &["cloud.two"]),
                ("cloud.nodes", NODES, &["cloud.one", "in_two.pod"]),
                ("cloud.others", NODES, &["cloud.two", "in_one.pod"]),
            ],
            &[("in_one.pod", &["cloud.nodes"])],
        );
    }
}
