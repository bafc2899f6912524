//! What objects need of each other although nobody wrote it down: the definition of their kind.
//!
//! It is added to what they need, so that it is there before them, and to what those depended on that go, so that it goes
//! after them. It never contradicts what is written: what a definition is made from is not made after it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use addr::{AbsInstance, Mode, ProviderConfig};
use ecow::EcoString;
use sdk::{Bond, Provider};
use state::{Dependency, Object};
use value::Value;

use crate::ground::Graph;
use crate::model::{Action, Change, Need, Plan};
use crate::outlook::shown;
use crate::pool::Pool;

/// Changes by what they give, within one provider configuration.
type Givers = HashMap<(Arc<ProviderConfig>, EcoString), Vec<usize>>;

/// Adds to what a plan's changes need, and to what those depended on that delete, what gives them what they take.
pub(crate) fn complete(plan: &mut Plan, pool: &Pool) {
    made(plan, &of_all(plan, pool, |change| change.repeated.is_some().then_some(&change.after)));
    deleted(plan, &of_all(plan, pool, |change| deletes(change).then_some(&change.before)));
}

fn deletes(change: &Change) -> bool {
    matches!(change.action, Action::Delete | Action::DeleteThenCreate | Action::CreateThenDelete)
}

/// Returns the bonds of the objects that `of` picks from the changes.
fn of_all(plan: &Plan, pool: &Pool, of: impl Fn(&Change) -> Option<&Value>) -> Vec<Bond> {
    // Neighbours mostly have the same provider.
    let mut last: Option<(&addr::Provider, Arc<dyn Provider>)> = None;
    let bond = |change: &'_ Change, provider: &dyn Provider| {
        let object = of(change).filter(|object| !object.is_null());
        object.map_or(Bond::default(), |object| provider.bond(&change.address.resource.resource.kind, &shown(object)))
    };
    let mut bonds = Vec::with_capacity(plan.changes.len());
    for change in &plan.changes {
        let name = &change.provider.provider;
        if last.as_ref().is_none_or(|(known, _)| *known != name) {
            last = pool.bare(name).map(|provider| (name, provider));
        }
        let is_managed = change.address.resource.resource.mode == Mode::Managed;
        let provider = last.as_ref().filter(|(known, _)| is_managed && *known == name);
        bonds.push(provider.map_or(Bond::default(), |(_, provider)| bond(change, &**provider)));
    }
    bonds
}

fn givers(plan: &Plan, bonds: &[Bond]) -> Givers {
    let mut givers = Givers::new();
    for (place, bond) in bonds.iter().enumerate() {
        if let Some(given) = &bond.gives {
            givers.entry((plan.changes[place].provider.clone(), given.clone())).or_default().push(place);
        }
    }
    givers
}

/// Returns what gives a change what it takes.
fn found<'g>(givers: &'g Givers, change: &Change, bond: &Bond) -> &'g [usize] {
    let taken = bond.takes.as_ref().filter(|_| !givers.is_empty());
    taken.and_then(|taken| givers.get(&(change.provider.clone(), taken.clone()))).map_or(&[], Vec::as_slice)
}

/// Lets what is made come after what gives it what it takes.
fn made(plan: &mut Plan, bonds: &[Bond]) {
    let givers = givers(plan, bonds);
    let mut takers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, bond) in bonds.iter().enumerate() {
        for giver in found(&givers, &plan.changes[place], bond) {
            takers.entry(*giver).or_default().push(place);
        }
    }
    if takers.is_empty() {
        return;
    }
    let mut graph = Graph::of_changes(plan);
    for (giver, takers) in takers {
        let first: HashSet<usize> = graph.below(giver).into_iter().chain([giver]).collect();
        let AbsInstance { resource, key } = plan.changes[giver].address.clone();
        let need = Need { resource, key };
        for taker in takers.into_iter().filter(|taker| !first.contains(taker)) {
            graph.needs[taker].push(giver);
            let needs = &mut plan.changes[taker].needs;
            if let Err(at) = needs.binary_search(&need) {
                needs.insert(at, need.clone());
            }
        }
    }
}

/// Lets what is deleted go before what gives it what it takes.
fn deleted(plan: &mut Plan, bonds: &[Bond]) {
    let givers = givers(plan, bonds);
    for (place, bond) in bonds.iter().enumerate() {
        let on: Vec<Dependency> = found(&givers, &plan.changes[place], bond)
            .iter()
            .map(|giver| Dependency(plan.changes[*giver].address.clone()))
            .collect();
        let Some(prior) = plan.changes[place].prior.as_mut().filter(|_| !on.is_empty()) else { continue };
        let mut dependencies: Vec<Dependency> = prior.dependencies.iter().cloned().chain(on).collect();
        dependencies.sort_unstable();
        dependencies.dedup();
        *prior = Arc::new(Object { dependencies: dependencies.into(), ..Object::clone(prior) });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sdk::Bond;
    use value::Value;

    use super::made;
    use crate::model::{Action, Change, Need, Plan};

    /// Plans objects of these names, each with what its configuration refers to; `a` is what `b` and `c` need. Returns what
    /// is needed in the end.
    #[track_caller]
    fn check(written: [&[&str]; 3], expected: [&[&str]; 3]) {
        let at = |name: &str| state::parse_instance(&format!("t.{name}")).expect("an address");
        let provider = state::parse_provider_config("provider[\"registry.terraform.io/hashicorp/fake\"]");
        let provider = Arc::new(provider.expect("an address"));
        let mut plan = Plan::default();
        for (name, written) in ["a", "b", "c"].iter().zip(written) {
            let needs = written.iter().map(|name| Need { resource: at(name).resource, key: None }).collect();
            let change = Change::new(at(name), provider.clone(), Action::Create, (Value::NULL, Value::NULL));
            plan.changes.push(Change { needs, ..change });
        }
        let (gives, takes) =
            (Bond { gives: Some("x".into()), takes: None }, Bond { gives: None, takes: Some("x".into()) });
        made(&mut plan, &[gives, takes.clone(), takes]);
        let needed =
            plan.changes.iter().map(|change| change.needs.iter().map(|need| need.resource.to_string()).collect());
        let expected = expected.map(|names| names.iter().map(|name| format!("t.{name}")).collect::<Vec<String>>());
        assert_eq!(needed.collect::<Vec<Vec<String>>>(), expected);
    }

    #[test]
    fn what_takes_comes_after_what_gives_unless_something_else_is_written() {
        check([&[], &[], &[]], [&[], &["a"], &["a"]]);
        check([&[], &["a"], &["b"]], [&[], &["a"], &["a", "b"]]);
        check([&["b"], &[], &[]], [&["b"], &[], &["a"]]);
        check([&["b"], &["c"], &[]], [&["b"], &["c"], &[]]);
    }
}
