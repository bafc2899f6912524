//! The steps of a plan and what each must wait for.

use std::collections::HashMap;

use addr::{AbsInstance, AbsResource, Key};
use plan::{Action, Change, Plan};

/// A step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedStep {
    /// The change that it belongs to, by its place in the plan.
    pub change: u32,
    /// What it does.
    pub doing: Doing,
    /// It is one of two steps, and the make comes first.
    pub creates_first: bool,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Creates, updates or reads.
    Make,
    /// Deletes.
    Delete,
}

/// The steps that make and delete an instance, by instance.
#[derive(Default)]
struct Places {
    make: HashMap<AbsInstance, u32>,
    /// All makes of a resource: for those who need all of its instances.
    makes_of: HashMap<AbsResource, Vec<u32>>,
    delete: HashMap<AbsInstance, u32>,
    deletes_of: HashMap<AbsResource, Vec<u32>>,
}

/// Returns the steps of a plan and, for each, the steps that must have ended before.
pub fn steps(plan: &Plan) -> (Vec<PlannedStep>, Vec<Vec<u32>>) {
    let mut steps = Vec::new();
    let mut places = Places::default();
    for (change, planned) in plan.changes.iter().enumerate() {
        let change = change as u32;
        let (makes, deletes) = match planned.action {
            Action::NoOp => (false, false),
            Action::Create | Action::Update | Action::Read => (true, false),
            Action::Delete | Action::Forget => (false, true),
            Action::DeleteThenCreate | Action::CreateThenDelete => (true, true),
        };
        let creates_first = planned.action == Action::CreateThenDelete;
        let (address, resource) = (&planned.address, &planned.address.resource);
        if makes {
            places.make.insert(address.clone(), steps.len() as u32);
            places.makes_of.entry(resource.clone()).or_default().push(steps.len() as u32);
            steps.push(PlannedStep { change, doing: Doing::Make, creates_first });
        }
        if deletes {
            places.delete.insert(address.clone(), steps.len() as u32);
            places.deletes_of.entry(resource.clone()).or_default().push(steps.len() as u32);
            steps.push(PlannedStep { change, doing: Doing::Delete, creates_first });
        }
    }
    let mut needs = vec![Vec::new(); steps.len()];
    for (place, step) in steps.iter().enumerate() {
        let planned = &plan.changes[step.change as usize];
        match step.doing {
            Doing::Make => makes_wait(planned, &steps, &places, place as u32, &mut needs),
            Doing::Delete => deletes_wait(planned, &places, place as u32, &mut needs),
        }
    }
    for needs in &mut needs {
        needs.sort_unstable();
        needs.dedup();
    }
    (steps, needs)
}

/// A make waits for the makes of what it was configured from, and for its own delete where that comes first. The old
/// object of what is created anew first goes when nobody uses it any more.
fn makes_wait(planned: &Change, steps: &[PlannedStep], places: &Places, place: u32, needs: &mut [Vec<u32>]) {
    if planned.action == Action::DeleteThenCreate {
        needs[place as usize].extend(places.delete.get(&planned.address));
    }
    for need in &planned.needs {
        let makes = select(&places.make, &places.makes_of, &need.resource, need.key.as_ref());
        needs[place as usize].extend(makes.iter().filter(|make| **make != place));
        for delete in select(&places.delete, &places.deletes_of, &need.resource, need.key.as_ref()) {
            if steps[*delete as usize].creates_first {
                needs[*delete as usize].push(place);
            }
        }
    }
}

/// A delete waits for the deletes of what depends on the object; and for its own make where that comes first.
fn deletes_wait(planned: &Change, places: &Places, place: u32, needs: &mut [Vec<u32>]) {
    if planned.action == Action::CreateThenDelete {
        needs[place as usize].extend(places.make.get(&planned.address));
    }
    let Some(prior) = &planned.prior else { return };
    for dependency in prior.dependencies.iter() {
        let on = &dependency.0;
        for delete in select(&places.delete, &places.deletes_of, &on.resource, on.key.as_ref()) {
            if *delete != place {
                needs[*delete as usize].push(place);
            }
        }
    }
}

fn select<'a>(
    one: &'a HashMap<AbsInstance, u32>,
    all: &'a HashMap<AbsResource, Vec<u32>>,
    resource: &AbsResource,
    key: Option<&Key>,
) -> &'a [u32] {
    match key {
        Some(key) => {
            let address = AbsInstance { resource: resource.clone(), key: Some(key.clone()) };
            one.get(&address).map_or(&[], std::slice::from_ref)
        }
        None => all.get(resource).map_or(&[], Vec::as_slice),
    }
}
