//! When the steps of a plan would run, by how long they usually take.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use addr::{AbsInstance, AbsResource};
use apply::{Doing, PlannedStep};
use graph::{Lock, Schedule, Step};
use plan::{Change, Plan};

/// A step with its place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The change, among those of the plan and then those that wait.
    pub(crate) change: usize,
    pub(crate) doing: Doing,
    pub(crate) start: Duration,
    pub(crate) end: Duration,
    /// Were it shorter, the whole would be.
    pub(crate) is_critical: bool,
}

/// How long a step takes of which nothing is said.
const TYPICAL: Duration = Duration::from_secs(1);

/// Returns all steps of a plan in the order in which they would start. What waits for a later stage begins when all else
/// has ended.
pub(crate) fn timeline(plan: &Plan, parallelism: usize) -> Vec<Span> {
    let (planned, needs) = apply::steps(plan);
    let steps: Vec<Step> = planned.iter().zip(needs).map(|(step, needs)| described(plan, *step, needs)).collect();
    let first = simulate(&steps, parallelism, 0);
    let mut spans: Vec<Span> = Vec::new();
    for (step, run) in planned.iter().zip(&first.runs).filter(|(step, _)| !step.is_idle) {
        spans.extend(run.map(|run| run.span(step.change as usize, step.doing)));
    }
    let later = deferred_steps(plan);
    let second = simulate(&later, parallelism, first.end);
    let behind = plan.changes.len();
    for (place, run) in second.runs.iter().enumerate() {
        spans.extend(run.map(|run| run.span(behind + place, Doing::Make)));
    }
    mark_critical(&mut spans, &second, |step| Some((behind + step, Doing::Make)));
    mark_critical(&mut spans, &first, |step| planned.get(step).map(|step| (step.change as usize, step.doing)));
    spans.sort_by_key(|span| (span.start, span.end, span.change, span.doing == Doing::Make));
    spans
}

fn described(plan: &Plan, step: PlannedStep, needs: Vec<u32>) -> Step {
    if step.is_idle {
        return Step { needs, cost: 0, locks: Vec::new() };
    }
    step_of(&plan.changes[step.change as usize], step.doing, needs)
}

fn step_of(change: &Change, doing: Doing, needs: Vec<u32>) -> Step {
    let Some(outlook) = &change.outlook else {
        return Step { needs, cost: TYPICAL.as_millis() as u64, locks: Vec::new() };
    };
    let takes = if doing == Doing::Delete { outlook.deleting } else { outlook.making };
    let lock = |lock: &sdk::Lock| Lock { key: lock.key.clone(), exclusive: lock.exclusive };
    let cost = u64::try_from(takes.as_millis()).unwrap_or(u64::MAX).max(1);
    Step { needs, cost, locks: outlook.locks.iter().map(lock).collect() }
}

/// Returns a step for each change that waits, behind those of its needs that wait, too.
fn deferred_steps(plan: &Plan) -> Vec<Step> {
    let mut places: HashMap<&AbsResource, Vec<(u32, &AbsInstance)>> = HashMap::new();
    for (place, deferred) in plan.deferred.iter().enumerate() {
        let address = &deferred.change.address;
        places.entry(&address.resource).or_default().push((place as u32, address));
    }
    let step = |(place, deferred): (usize, &plan::Deferred)| {
        let needs = deferred.change.needs.iter().flat_map(|need| {
            let known = places.get(&need.resource).into_iter().flatten();
            known.filter(|(_, address)| need.key.is_none() || address.key.is_none() || need.key == address.key)
        });
        let mut needs: Vec<u32> = needs.map(|(place, _)| *place).filter(|need| *need != place as u32).collect();
        needs.sort_unstable();
        needs.dedup();
        step_of(&deferred.change, Doing::Make, needs)
    };
    plan.deferred.iter().enumerate().map(step).collect()
}

/// When a step runs, in milliseconds, and which other one it waited for last.
#[derive(Clone, Copy)]
struct Run {
    start: u64,
    end: u64,
    cause: Option<u32>,
}

impl Run {
    fn span(self, change: usize, doing: Doing) -> Span {
        let (start, end) = (Duration::from_millis(self.start), Duration::from_millis(self.end));
        Span { change, doing, start, end, is_critical: false }
    }
}

struct Simulated {
    runs: Vec<Option<Run>>,
    end: u64,
}

fn simulate(steps: &[Step], parallelism: usize, begin: u64) -> Simulated {
    let mut runs: Vec<Option<Run>> = vec![None; steps.len()];
    let mut schedule = Schedule::new(steps);
    let mut running: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
    let (mut now, mut last) = (begin, None);
    loop {
        while running.len() < parallelism.max(1) {
            let Some(place) = schedule.start_next() else { break };
            let step = &steps[place as usize];
            let ended_now = |need: &&u32| runs[**need as usize].is_some_and(|run| run.end == now);
            let cause = step.needs.iter().find(ended_now).copied().or(last);
            let end = now.saturating_add(step.cost);
            runs[place as usize] = Some(Run { start: now, end, cause });
            if step.cost == 0 {
                schedule.end(place);
            } else {
                running.push(Reverse((end, place)));
            }
        }
        let Some(Reverse((end, place))) = running.pop() else { break };
        (now, last) = (end, Some(place));
        schedule.end(place);
    }
    Simulated { runs, end: now }
}

/// Marks the chain of steps that ends last.
fn mark_critical(spans: &mut [Span], simulated: &Simulated, which: impl Fn(usize) -> Option<(usize, Doing)>) {
    let ends = simulated.runs.iter().enumerate().filter_map(|(place, run)| Some((run.as_ref()?.end, Reverse(place))));
    let mut next = ends.max().map(|(_, Reverse(place))| place);
    let mut chain = std::collections::HashSet::new();
    while let Some(place) = next {
        chain.extend(which(place).map(|(change, doing)| (change, doing == Doing::Make)));
        next = simulated.runs[place].and_then(|run| run.cause).map(|cause| cause as usize);
    }
    for span in spans.iter_mut() {
        span.is_critical |= chain.contains(&(span.change, span.doing == Doing::Make));
    }
}
