//! Which drift people are told of: what contributes to something that the plan does.
//!
//! Much of what an object shows comes from others: the routes of a table, what an address is used by, the policies of a role. After
//! every apply the next look finds it, and nobody has to do anything about it. It is stored, and not told.

use std::collections::HashMap;

use addr::{AbsInstance, AbsResource};
use ecow::EcoString;
use lang::objects::{Kind, Objects};
use value::{PathStep, Value};

use crate::model::{Action, Change, Drift, Need, Plan};
use crate::planner::Planner;

impl Planner<'_> {
    /// Marks the drift that is told: all of it where nothing but the state is brought up to date. Else what is gone, attributes
    /// that the plan sets right, and those that something refers to that needs the object and changes, too; `shown` is what the
    /// outputs that change were made from.
    pub(crate) fn tell_drift(&self, plan: &mut Plan, shown: &[Need]) {
        let mut drift = std::mem::take(&mut plan.drift);
        let is_told_whole = |drift: &Drift| plan.is_refresh_only || drift.after.is_null();
        if drift.iter().all(|drift| !drift.is_visible() || is_told_whole(drift)) {
            drift.iter_mut().for_each(|drift| drift.is_told = drift.is_visible());
            plan.drift = drift;
            return;
        }
        let objects = Objects::of(self.root);
        let at_work: Vec<&Change> = plan.changes.iter().filter(|change| !change.is_nothing()).collect();
        let deferred = plan.deferred.iter().map(|deferred| &deferred.change);
        let mut users: HashMap<&AbsResource, Vec<&Need>> = HashMap::new();
        for need in at_work.iter().copied().chain(deferred).flat_map(|change| &change.needs).chain(shown) {
            users.entry(&need.resource).or_default().push(need);
        }
        let own: HashMap<&AbsInstance, &Change> =
            at_work.iter().filter(|change| change.deposed.is_none()).map(|change| (&change.address, *change)).collect();
        for one in &mut drift {
            let mut needs = users.get(&one.address.resource).into_iter().flatten();
            let is_used = needs.any(|need| need.key.is_none() || need.key == one.address.key);
            one.is_told = one.is_visible()
                && (is_told_whole(one)
                    || one.differing().iter().any(|name| {
                        own.get(&one.address).is_some_and(|change| sets(change, name))
                            || is_used && self.is_read(&objects, &one.address, name)
                    }));
        }
        drop((own, users, at_work));
        plan.drift = drift;
    }

    /// Tells whether the configuration refers anywhere to an attribute of an object, or to all of it.
    fn is_read(&self, objects: &Objects, address: &AbsInstance, name: &EcoString) -> bool {
        let Some(node) = self.root.find(&address.resource.module) else { return false };
        let Some(place) = node.module.names.resource_place(&address.resource.resource) else { return false };
        let read = objects.read.get(&objects.place(&node.path, Kind::Resource, *place));
        read.is_some_and(|read| read.contains(&None) || read.contains(&Some(name.clone())))
    }
}

impl Drift {
    /// Returns the names of the attributes and blocks at the top that are not what they were.
    fn differing(&self) -> Vec<EcoString> {
        let (before, after) = (&self.before, &self.after);
        let names = before.as_entries().unwrap_or_default().into_iter().map(|(name, _)| name.clone());
        names.filter(|name| before.attribute(name) != after.attribute(name)).collect()
    }
}

/// Tells whether a change sets an attribute, or is a replacement because of it.
fn sets(change: &Change, name: &EcoString) -> bool {
    if change.action != Action::Update {
        return change.replaces.iter().any(|path| path.0.first() == Some(&PathStep::Attribute(name.clone())));
    }
    let (before, after) = (change.before.attribute(name), change.after.attribute(name));
    after.as_ref().is_some_and(Value::is_known) && before != after
}
