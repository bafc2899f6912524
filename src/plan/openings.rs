//! What later stages wait for: where it is there before the stage has ended, the next one can begin.

use std::collections::{HashMap, HashSet};

use addr::AbsResource;

use crate::model::{Action, Change, Need, Plan, Wait};

/// Returns the places of the changes that have to be made before the next stage can begin early, by each provider configuration
/// that is waited for: what all of its objects need, and so what it is made from.
///
/// Nothing is returned for plans that are carried out stage by stage: where anything is more than made or read, the next
/// stage could not tell whether what has not begun is still what was approved.
pub fn openings(plan: &Plan) -> Vec<HashSet<usize>> {
    let common = common_needs(plan);
    if common.is_empty() || !plan.moves.is_empty() {
        return Vec::new();
    }
    let mut open: HashMap<&AbsResource, Vec<usize>> = HashMap::new();
    for (place, change) in plan.changes.iter().enumerate().filter(|(_, change)| is_work(change)) {
        open.entry(&change.address.resource).or_default().push(place);
    }
    let places = |need: &'_ Need| {
        let of_resource = open.get(&need.resource).into_iter().flatten();
        let key = need.key.clone();
        of_resource.copied().filter(move |place| key.is_none() || plan.changes[*place].address.key == key)
    };
    // What stays would pass an order on from one stage to the next, and is in none.
    let is_plain = |change: &Change| match change.action {
        _ if change.deposed.is_some() || change.importing.is_some() => false,
        Action::NoOp => change.needs.iter().all(|need| places(need).next().is_none()),
        _ => is_work(change),
    };
    if !plan.changes.iter().all(is_plain) {
        return Vec::new();
    }
    let openings = common.iter().map(|needs| needs.iter().flat_map(|need| places(need)).collect());
    openings.filter(|places: &HashSet<usize>| !places.is_empty()).collect()
}

/// Tells whether something is made, or read.
pub(crate) fn is_work(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::Read)
}

/// Returns what all objects need that wait for the same provider configuration.
fn common_needs(plan: &Plan) -> Vec<HashSet<Need>> {
    let mut common: HashMap<&addr::ProviderConfig, HashSet<Need>> = HashMap::new();
    for deferred in plan.deferred.iter().filter(|deferred| deferred.wait == Wait::ProviderConfig) {
        let needs = || deferred.change.needs.iter().cloned().collect::<HashSet<Need>>();
        common
            .entry(&*deferred.change.provider)
            .and_modify(|common| *common = common.intersection(&needs()).cloned().collect())
            .or_insert_with(needs);
    }
    common.into_values().collect()
}
