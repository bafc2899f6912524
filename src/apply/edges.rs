//! The steps of a plan and what each must wait for.
//!
//! The rules, by their rank; where rules contradict each other, which takes objects that changed their dependencies
//! between runs, those of higher rank give way:
//!
//! 0. What is made waits for what it was configured from, and a replacement for its other half.
//! 1. An object is deleted after the objects that depend on it, by what is stored of them: also where something that stays
//!    is between the two.
//! 2. An object that was set aside is deleted after all that is made from it, and from that in turn; one that is no longer
//!    configured after those that used it are updated.
//! 3. What is updated waits for the deletion of those that used it.
//! 4. What releases others' objects in a cluster is deleted after them.
//!
//! What goes along with a cluster has an idle step: it passes the order on to what it used.
//!
//! Where all instances of one resource are between, idle hubs keep the number of links linear.

mod hubs;
mod index;

use std::collections::{HashMap, HashSet};

use addr::AbsInstance;
use plan::{Action, Change, Need, Plan, Role};

use hubs::{Group, HUB_FROM, Rule};
use index::Index;

/// A step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// The change that it belongs to, by its place in the plan.
    pub change: u32,
    /// What it does.
    pub doing: Doing,
    /// It is one of two steps, and the make comes first.
    pub creates_first: bool,
    /// It does nothing but passing the order on: what stays, or is changed in place, is between others that come after
    /// each other all the same.
    pub is_idle: bool,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Creates, updates or reads.
    Make,
    /// Deletes.
    Delete,
}

fn makes(change: &Change) -> bool {
    !matches!(change.action, Action::NoOp | Action::Delete | Action::Forget)
}

/// Tells whether an object is deleted by a call of its own.
fn deletes(change: &Change) -> bool {
    !matches!(change.action, Action::NoOp | Action::Create | Action::Update | Action::Read)
        && change.goes_with().is_none()
}

fn needed(need: &Need) -> AbsInstance {
    AbsInstance { resource: need.resource.clone(), key: need.key.clone() }
}

/// The steps, and who waits for whom.
struct Edges<'a> {
    plan: &'a Plan,
    steps: Vec<PlannedStep>,
    makes: Index,
    deletes: Index,
    /// Idle steps at which all is made that uses an object, directly or through others.
    lasts: Index,
    /// By step: the steps that it waits for, with the rank of the rule.
    needs: Vec<Vec<(u32, u8)>>,
    /// What a rule has to do with the steps that a dependency means.
    groups: HashMap<(Rule, AbsInstance), Group>,
    /// So many steps of a group have a hub.
    hub_from: usize,
    /// The place of the first hub; all steps behind it are hubs.
    first_hub: u32,
}

/// Returns the steps of a plan and, for each, the steps that must have ended before.
pub fn steps(plan: &Plan) -> (Vec<PlannedStep>, Vec<Vec<u32>>) {
    steps_with_hubs(plan, HUB_FROM)
}

fn steps_with_hubs(plan: &Plan, hub_from: usize) -> (Vec<PlannedStep>, Vec<Vec<u32>>) {
    let mut edges = Edges {
        plan,
        steps: Vec::new(),
        makes: Index::default(),
        deletes: Index::default(),
        lasts: Index::default(),
        needs: Vec::new(),
        groups: HashMap::new(),
        hub_from,
        first_hub: 0,
    };
    edges.add_steps();
    edges.needs = vec![Vec::new(); edges.steps.len()];
    edges.first_hub = edges.steps.len() as u32;
    for step in 0..edges.first_hub {
        match edges.steps[step as usize].doing {
            Doing::Make if edges.is_last(step) => edges.last_waits(step),
            Doing::Make => edges.make_waits(step),
            Doing::Delete => edges.delete_waits(step),
        }
    }
    edges.releases_wait();
    for needs in &mut edges.needs {
        needs.sort_unstable();
        needs.dedup_by_key(|(need, _)| *need);
    }
    edges.resolve();
    let needs = edges.needs.into_iter().map(|needs| needs.into_iter().map(|(need, _)| need).collect()).collect();
    (edges.steps, needs)
}

impl Edges<'_> {
    fn add_steps(&mut self) {
        let plan = self.plan;
        if plan.changes.iter().all(|change| change.action == Action::NoOp) {
            return;
        }
        let is_aside = |change: &Change| change.deposed.is_some() || change.action == Action::CreateThenDelete;
        let some_deleted = plan.changes.iter().any(deletes);
        let some_aside = plan.changes.iter().any(is_aside);
        // A later stage deletes what something still uses that is done there.
        let still_used = plan::still_used(plan);
        let deletes = |change: &Change| deletes(change) && !(is_aside(change) && still_used.contains(&change.address));
        for (place, change) in plan.changes.iter().enumerate() {
            let place = place as u32;
            let is_used = |needs: bool| needs && change.deposed.is_none();
            if makes(change) || change.action == Action::NoOp && is_used(!change.needs.is_empty()) {
                let step = self.add(place, Doing::Make, !makes(change));
                self.makes.add(&change.address, step);
            }
            let stored = change.prior.as_ref().is_some_and(|object| !object.dependencies.is_empty());
            if deletes(change) || is_used(some_deleted && stored) {
                let step = self.add(place, Doing::Delete, !deletes(change));
                self.deletes.add(&change.address, step);
            }
            if is_used(some_aside) && !matches!(change.action, Action::Delete | Action::Forget) {
                let step = self.add(place, Doing::Make, true);
                self.lasts.add(&change.address, step);
            }
        }
    }

    fn add(&mut self, change: u32, doing: Doing, is_idle: bool) -> u32 {
        let creates_first = !is_idle && self.plan.changes[change as usize].action == Action::CreateThenDelete;
        self.steps.push(PlannedStep { change, doing, creates_first, is_idle });
        self.steps.len() as u32 - 1
    }

    fn is_last(&self, step: u32) -> bool {
        self.steps[step as usize].is_idle && self.own(&self.lasts, step).contains(&step)
    }

    fn last_waits(&mut self, last: u32) {
        let plan = self.plan;
        let change = &plan.changes[self.steps[last as usize].change as usize];
        for make in self.own(&self.makes, last) {
            self.wait(last, make, 2);
        }
        for need in &change.needs {
            self.link(Rule::LastUse, &needed(need), last);
        }
    }

    fn change(&self, step: u32) -> &Change {
        &self.plan.changes[self.steps[step as usize].change as usize]
    }

    /// Tells whether a delete is of something that was, or will have been, set aside when it is deleted.
    fn is_set_aside(&self, delete: u32) -> bool {
        self.steps[delete as usize].creates_first || self.change(delete).deposed.is_some()
    }

    /// Returns what is stored of a change's dependencies; of one that makes an object anew, the object is another.
    fn stored(&self, step: u32) -> Vec<AbsInstance> {
        let prior = self.change(step).prior.iter();
        prior.flat_map(|object| object.dependencies.iter()).map(|dependency| dependency.0.clone()).collect()
    }

    fn wait(&mut self, step: u32, need: u32, rank: u8) {
        if step != need {
            self.needs[step as usize].push((need, rank));
        }
    }

    fn make_waits(&mut self, make: u32) {
        let plan = self.plan;
        let change = &plan.changes[self.steps[make as usize].change as usize];
        if change.action == Action::DeleteThenCreate {
            for delete in self.own(&self.deletes, make) {
                self.wait(make, delete, 0);
            }
        }
        for need in &change.needs {
            let on = needed(need);
            self.link(Rule::Configured, &on, make);
            self.link(Rule::Replaced, &on, make);
        }
        if change.action != Action::Update {
            return;
        }
        // Until it is updated it uses what it depended on before.
        for on in self.stored(make) {
            self.link(Rule::NoLongerUsed, &on, make);
        }
    }

    fn delete_waits(&mut self, delete: u32) {
        if self.steps[delete as usize].creates_first {
            for make in self.own(&self.makes, delete) {
                self.wait(delete, make, 0);
            }
        }
        let address = self.change(delete).address.clone();
        if self.is_set_aside(delete) {
            for last in self.lasts.of_instance.get(&address).cloned().unwrap_or_default() {
                self.wait(delete, last, 2);
            }
        }
        let is_idle = self.steps[delete as usize].is_idle;
        let has_users_go_first = !self.is_set_aside(delete) && !is_idle;
        for on in self.stored(delete) {
            self.link(Rule::Deleted, &on, delete);
            if has_users_go_first {
                self.link(Rule::Updated, &on, delete);
            }
        }
    }

    /// Lets what releases what others own wait until these are deleted: who is to do it may need their nodes.
    fn releases_wait(&mut self) {
        let plan = self.plan;
        let part = |step: u32, role: Role| {
            let inside = plan.changes[self.steps[step as usize].change as usize].inside.as_ref();
            let is_deleted = self.steps[step as usize].doing == Doing::Delete && !self.steps[step as usize].is_idle;
            inside.filter(|inside| is_deleted && inside.role == role).map(|inside| &inside.container)
        };
        let all = 0..self.first_hub;
        let releases: Vec<(u32, &AbsInstance)> =
            all.clone().filter_map(|step| Some((step, part(step, Role::Release)?))).collect();
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for (release, container) in releases {
            let others = all.clone().filter(|step| part(*step, Role::Own) == Some(container));
            pairs.extend(others.map(|other| (release, other)));
        }
        pairs.into_iter().for_each(|(release, other)| self.wait(release, other, 4));
    }

    /// Returns the steps of the same change.
    fn own(&self, index: &Index, step: u32) -> Vec<u32> {
        let change = self.steps[step as usize].change;
        let found = index.of_instance.get(&self.change(step).address).into_iter().flatten();
        found.copied().filter(|other| self.steps[*other as usize].change == change).collect()
    }

    /// Leaves out rules of high rank until no step waits for itself; rules of rank 0 never contradict each other, as
    /// plans follow the order of the configuration.
    fn resolve(&mut self) {
        loop {
            let plain: Vec<Vec<u32>> =
                self.needs.iter().map(|needs| needs.iter().map(|(need, _)| *need).collect()).collect();
            if self.dissolve(&graph::knots(&plain)) {
                continue;
            }
            let cycles = graph::cycles(&plain);
            let mut dropped = HashSet::new();
            for cycle in cycles {
                let next = cycle.iter().cycle().skip(1);
                let links = cycle.iter().zip(next).filter_map(|(step, need)| {
                    let found = self.needs[*step as usize].iter().find(|(known, _)| known == need)?;
                    Some((found.1, *step, *need))
                });
                dropped.extend(links.max().filter(|(rank, ..)| *rank > 0).map(|(_, step, need)| (step, need)));
            }
            if dropped.is_empty() {
                return;
            }
            for (step, needs) in self.needs.iter_mut().enumerate() {
                needs.retain(|(need, _)| !dropped.contains(&(step as u32, *need)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
