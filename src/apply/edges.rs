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

use std::collections::{HashMap, HashSet};

use addr::{AbsInstance, AbsResource, Module, Resource};
use plan::{Action, Change, Plan};
use state::Dependency;

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

/// Steps by the object that they are about.
#[derive(Default)]
struct Index {
    of_instance: HashMap<AbsInstance, Vec<u32>>,
    /// For those who need all instances.
    of_resource: HashMap<AbsResource, Vec<u32>>,
    /// Steps inside modules, for dependencies that do not say which instance of the module.
    of_configured: HashMap<(Module, Resource), Vec<(AbsInstance, u32)>>,
}

impl Index {
    fn add(&mut self, address: &AbsInstance, step: u32) {
        self.of_instance.entry(address.clone()).or_default().push(step);
        self.of_resource.entry(address.resource.clone()).or_default().push(step);
        if !address.resource.module.is_root() {
            let configured = (address.resource.module.module(), address.resource.resource.clone());
            self.of_configured.entry(configured).or_default().push((address.clone(), step));
        }
    }

    /// Returns the steps of what an instance depends on.
    fn of(&self, dependency: &AbsInstance, dependent: &AbsInstance) -> Vec<u32> {
        let exact = match &dependency.key {
            Some(_) => self.of_instance.get(dependency),
            None => self.of_resource.get(&dependency.resource),
        };
        if let Some(exact) = exact {
            return exact.clone();
        }
        let module = dependency.resource.module.module();
        if module.is_root() {
            return Vec::new();
        }
        // Terraform stores dependencies without keys of modules; inside of one module its own instance is meant.
        let is_sibling = dependent.resource.module.module() == module;
        let dependency = Dependency(dependency.clone());
        let found = self.of_configured.get(&(module, dependency.0.resource.resource.clone()));
        let is_meant = |address: &AbsInstance| {
            dependency.covers(address) && (!is_sibling || address.resource.module == dependent.resource.module)
        };
        found.into_iter().flatten().filter(|(address, _)| is_meant(address)).map(|(_, step)| *step).collect()
    }
}

fn makes(change: &Change) -> bool {
    !matches!(change.action, Action::NoOp | Action::Delete | Action::Forget)
}

fn deletes(change: &Change) -> bool {
    !matches!(change.action, Action::NoOp | Action::Create | Action::Update | Action::Read)
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
}

/// Returns the steps of a plan and, for each, the steps that must have ended before.
pub fn steps(plan: &Plan) -> (Vec<PlannedStep>, Vec<Vec<u32>>) {
    let mut edges = Edges {
        plan,
        steps: Vec::new(),
        makes: Index::default(),
        deletes: Index::default(),
        lasts: Index::default(),
        needs: Vec::new(),
    };
    edges.add_steps();
    edges.needs = vec![Vec::new(); edges.steps.len()];
    for step in 0..edges.steps.len() as u32 {
        match edges.steps[step as usize].doing {
            Doing::Make if edges.is_last(step) => edges.last_waits(step),
            Doing::Make => edges.make_waits(step),
            Doing::Delete => edges.delete_waits(step),
        }
    }
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
            let on = AbsInstance { resource: need.resource.clone(), key: need.key.clone() };
            for other in self.lasts.of(&on, &change.address) {
                self.wait(other, last, 2);
            }
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
            let on = AbsInstance { resource: need.resource.clone(), key: need.key.clone() };
            for other in self.makes.of(&on, &change.address) {
                self.wait(make, other, 0);
            }
            for delete in self.deletes.of(&on, &change.address) {
                if self.is_set_aside(delete) && self.steps[delete as usize].change != self.steps[make as usize].change {
                    self.wait(delete, make, 2);
                }
            }
        }
        if change.action != Action::Update {
            return;
        }
        // Until it is updated it uses what it depended on before.
        for on in self.stored(make) {
            for delete in self.deletes.of(&on, &change.address) {
                let is_gone = matches!(self.change(delete).action, Action::Delete | Action::Forget);
                if is_gone || self.is_set_aside(delete) {
                    self.wait(delete, make, 2);
                }
            }
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
        for on in self.stored(delete) {
            for other in self.deletes.of(&on, &address) {
                if self.steps[other as usize].change != self.steps[delete as usize].change {
                    self.wait(other, delete, 1);
                }
            }
            for make in self.makes.of(&on, &address) {
                if self.change(make).action == Action::Update && !self.is_set_aside(delete) && !is_idle {
                    self.wait(make, delete, 3);
                }
            }
        }
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
