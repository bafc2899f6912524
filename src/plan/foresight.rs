//! What providers know of new objects by what else is planned: the defaults of a kind that the same plan defines.
//!
//! It comes when everything is planned, whatever the order was, so that nothing else can be made from it in this plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use addr::{Mode, ProviderConfig};
use ecow::EcoString;
use value::{Marks, Path, Value};

use crate::change::{check_applied, mark_sensitive};
use crate::model::{Action, Change, Plan};
use crate::pool::Pool;

/// Completes what is promised of the objects that a plan makes.
pub(crate) fn complete(plan: &mut Plan, pool: &Pool) {
    let mut together: BTreeMap<(Arc<ProviderConfig>, EcoString), Vec<usize>> = BTreeMap::new();
    for (place, change) in plan.changes.iter().enumerate() {
        let resource = &change.address.resource.resource;
        let is_desired = resource.mode == Mode::Managed && change.repeated.is_some() && !change.after.is_null();
        let provider = pool.bare(&change.provider.provider).filter(|_| is_desired);
        if provider.is_some_and(|provider| provider.is_validated_together(&resource.kind)) {
            together.entry((change.provider.clone(), resource.kind.clone())).or_default().push(place);
        }
    }
    for ((config, kind), places) in together {
        let Some(provider) = pool.bare(&config.provider) else { continue };
        let unmarked = places.iter().map(|place| plan.changes[*place].after.clone().unmark_paths());
        let (planned, marks): (Vec<Value>, Vec<Vec<(Path, Marks)>>) = unmarked.unzip();
        let found = provider.foresee_together(&kind, &planned);
        let Some(schema) = provider.schemas().resources.get(&*kind) else { continue };
        for (index, promise) in found {
            let Some(place) = places.get(index) else { continue };
            let change = &mut plan.changes[*place];
            if is_made(change) && check_applied(&schema.block, &planned[index], &promise).is_empty() {
                change.after = mark_sensitive(&schema.block, promise, &marks[index]);
            }
        }
    }
}

fn is_made(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::DeleteThenCreate | Action::CreateThenDelete)
}
