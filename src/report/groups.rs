//! Which cluster each change belongs to.
//!
//! A `cluster` block is a module of its own, and whatever uses its connection belongs to it. Other clusters are found by the
//! objects that say that they are one, with all that is made from them and what stands beside them in their module.

use std::collections::HashMap;

use addr::{AbsInstance, AbsResource, ModuleInstance};
use plan::{Change, Plan};

/// The kind of word that an object explains which is a cluster.
const CLUSTER: &str = "cluster";

/// A change of a plan, or one that waits for a later stage.
#[derive(Clone, Copy)]
pub(crate) struct Planned<'a> {
    pub(crate) change: &'a Change,
    /// What stands for the address where not all of it is known.
    pub(crate) open: Option<&'a addr::Pattern>,
    /// It is known how many objects it stands for.
    pub(crate) is_counted: bool,
}

impl Planned<'_> {
    pub(crate) fn address(&self) -> String {
        self.open.map_or_else(|| self.change.address.to_string(), ToString::to_string)
    }
}

/// Returns all changes of a plan, those that wait behind the others.
pub(crate) fn all(plan: &Plan) -> Vec<Planned<'_>> {
    let now = plan.changes.iter().map(|change| Planned { change, open: None, is_counted: true });
    let later = plan.deferred.iter().map(|deferred| Planned {
        change: &deferred.change,
        open: Some(&deferred.pattern),
        is_counted: deferred.wait != plan::Wait::Instances,
    });
    now.chain(later).collect()
}

/// The clusters of a plan, and which one each change belongs to.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// What they are called, sorted; what belongs to none comes first, without a name.
    pub(crate) names: Vec<String>,
    /// By change.
    pub(crate) of: Vec<usize>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Found {
    Module(ModuleInstance),
    Object(AbsInstance),
}

impl Found {
    fn name(&self) -> String {
        match self {
            Found::Module(module) => module.to_string(),
            Found::Object(address) => address.to_string(),
        }
    }
}

impl Groups {
    pub(crate) fn of(planned: &[Planned<'_>]) -> Groups {
        let mut found: Vec<Option<Found>> = planned.iter().map(|planned| of_module(planned.change)).collect();
        let modules: std::collections::HashSet<Found> = found.iter().flatten().cloned().collect();
        for (place, planned) in
            planned.iter().enumerate().filter(|(_, planned)| planned.change.provider.alias.is_some())
        {
            let connected = of_connection(planned.change);
            if found[place].is_none() {
                found[place] = connected.filter(|connected| modules.contains(connected));
            }
        }
        single_clusters(planned, &mut found);
        let mut names: Vec<&Found> = found.iter().flatten().collect();
        names.sort();
        names.dedup();
        let places: HashMap<&Found, usize> = names.iter().enumerate().map(|(at, name)| (*name, at + 1)).collect();
        let of = found.iter().map(|found| found.as_ref().map_or(0, |found| places[found])).collect();
        let names = [String::new()].into_iter().chain(names.into_iter().map(Found::name)).collect();
        Groups { names, of }
    }
}

/// Returns the cluster block that a change is inside of.
fn of_module(change: &Change) -> Option<Found> {
    let steps = &change.address.resource.module.0;
    let place = steps.iter().position(|step| step.name.starts_with("cluster."))?;
    Some(Found::Module(ModuleInstance(steps[..=place].into())))
}

/// Returns the cluster block whose connection a change uses: it has the same name as the provider's configuration.
fn of_connection(change: &Change) -> Option<Found> {
    let alias = change.provider.alias.as_ref()?;
    let steps = change.address.resource.module.0.get(..change.provider.module.0.len())?;
    Some(Found::Module(ModuleInstance(steps.into()).child(format!("cluster.{alias}"), None)))
}

fn is_cluster(change: &Change) -> bool {
    let costs = change.outlook.iter().flat_map(|outlook| [&outlook.before, &outlook.after]);
    costs.flat_map(|costs| &costs.meanings).any(|meaning| meaning.word.kind == CLUSTER)
}

/// Finds the clusters that are in no block, and what belongs to them.
fn single_clusters(planned: &[Planned<'_>], found: &mut [Option<Found>]) {
    let roots: Vec<usize> =
        (0..planned.len()).filter(|place| found[*place].is_none() && is_cluster(planned[*place].change)).collect();
    if roots.is_empty() {
        return;
    }
    let mut users: HashMap<&AbsResource, Vec<usize>> = HashMap::new();
    for (place, planned) in planned.iter().enumerate() {
        for need in &planned.change.needs {
            users.entry(&need.resource).or_default().push(place);
        }
    }
    // Nothing for what uses several.
    let mut reached: HashMap<usize, Option<usize>> = roots.iter().map(|root| (*root, Some(*root))).collect();
    for root in &roots {
        let mut open = vec![*root];
        while let Some(place) = open.pop() {
            let address = &planned[place].change.address;
            for user in users.get(&address.resource).into_iter().flatten().copied() {
                let needs = &planned[user].change.needs;
                let is_meant = needs
                    .iter()
                    .any(|need| need.resource == address.resource && (need.key.is_none() || need.key == address.key));
                if !is_meant || found[user].is_some() || roots.contains(&user) {
                    continue;
                }
                let mark = reached.entry(user).or_insert_with(|| {
                    open.push(user);
                    Some(*root)
                });
                if mark.is_some_and(|known| known != *root) {
                    *mark = None;
                    open.push(user);
                }
            }
        }
    }
    let mut by_module: HashMap<&ModuleInstance, Option<usize>> = HashMap::new();
    for root in &roots {
        let module = &planned[*root].change.address.resource.module;
        by_module.entry(module).and_modify(|known| *known = None).or_insert(Some(*root));
    }
    for (place, group) in found.iter_mut().enumerate().filter(|(_, group)| group.is_none()) {
        let module = &planned[place].change.address.resource.module;
        let beside = if module.is_root() { None } else { by_module.get(module).copied().flatten() };
        let root = reached.get(&place).copied().unwrap_or(beside);
        *group = root.map(|root| Found::Object(planned[root].change.address.clone()));
    }
}
