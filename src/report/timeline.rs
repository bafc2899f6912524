//! When the steps of a plan would run, by how long they usually take.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
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
/// has ended, or as soon as that stage can begin.
pub(crate) fn timeline(plan: &Plan, parallelism: usize) -> Vec<Span> {
    let (planned, needs) = apply::steps(plan);
    let mut steps: Vec<Step> = planned.iter().zip(needs).map(|(step, needs)| described(plan, *step, needs)).collect();
    let hub = steps.len();
    let runs = simulate(&steps, parallelism);
    let needs = match next_stage(plan, &planned, &runs) {
        Some(step) => vec![step],
        None => (0..hub as u32).collect(),
    };
    steps.push(Step { needs, cost: 0, locks: Vec::new() });
    steps.extend(deferred_steps(plan, &planned));
    let runs = simulate(&steps, parallelism);
    let which = |step: usize| match step.checked_sub(hub) {
        None => Some((planned[step].change as usize, planned[step].doing)),
        Some(0) => None,
        Some(behind) => Some((plan.changes.len() + behind - 1, Doing::Make)),
    };
    let is_idle = |step: usize| planned.get(step).is_some_and(|step| step.is_idle);
    let span = |(step, run): (usize, &Option<Run>)| {
        let (change, doing) = which(step).filter(|_| !is_idle(step))?;
        run.map(|run| run.span(change, doing))
    };
    let mut spans: Vec<Span> = runs.iter().enumerate().filter_map(span).collect();
    mark_critical(&mut spans, &runs, which);
    spans.sort_by_key(|span| (span.start, span.end, span.change, span.doing == Doing::Make));
    spans
}

/// Returns the step with whose end the next stage begins, if that is not the last one: what it waits for is there then, and
/// nothing is under way.
fn next_stage(plan: &Plan, planned: &[PlannedStep], runs: &[Option<Run>]) -> Option<u32> {
    let openings = plan::openings(plan);
    let taken = || planned.iter().zip(runs).zip(0u32..).filter_map(|((step, run), place)| Some((step, (*run)?, place)));
    let end = |places: &HashSet<usize>| {
        let awaited = taken().filter(|(step, ..)| places.contains(&(step.change as usize)));
        awaited.map(|(_, run, _)| run.end).max()
    };
    let begin = openings.iter().filter_map(end).min()?;
    let mut begun: Vec<Run> = taken().map(|(_, run, _)| run).collect();
    begun.sort_by_key(|run| run.start);
    let mut ends: Vec<(u64, u32)> =
        taken().filter(|(_, run, _)| run.end >= begin).map(|(_, run, place)| (run.end, place)).collect();
    ends.sort_unstable();
    let (mut begun, mut latest) = (begun.into_iter().peekable(), 0);
    let is_quiet = |(end, _): &(u64, u32)| {
        while let Some(run) = begun.next_if(|run| run.start < *end) {
            latest = latest.max(run.end);
        }
        latest <= *end
    };
    ends.into_iter().find(is_quiet).map(|(_, place)| place)
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

/// Returns a step for each change that waits, behind the hub of its stage and behind all that it needs.
fn deferred_steps(plan: &Plan, planned: &[PlannedStep]) -> Vec<Step> {
    let hub = planned.len() as u32;
    let mut places: HashMap<&AbsResource, Vec<(u32, &AbsInstance)>> = HashMap::new();
    let makes = planned.iter().zip(0u32..).filter(|(step, _)| step.doing == Doing::Make && !step.is_idle);
    let makes = makes.map(|(step, place)| (place, &plan.changes[step.change as usize].address));
    let deferred = plan.deferred.iter().zip(hub + 1..).map(|(deferred, place)| (place, &deferred.change.address));
    for (place, address) in makes.chain(deferred) {
        places.entry(&address.resource).or_default().push((place, address));
    }
    let step = |(deferred, place): (&plan::Deferred, u32)| {
        let needs = deferred.change.needs.iter().flat_map(|need| {
            let known = places.get(&need.resource).into_iter().flatten();
            known.filter(|(_, address)| need.key.is_none() || address.key.is_none() || need.key == address.key)
        });
        let needs = needs.map(|(place, _)| *place).filter(|need| *need != place);
        let mut needs: Vec<u32> = needs.chain([hub]).collect();
        needs.sort_unstable();
        needs.dedup();
        step_of(&deferred.change, Doing::Make, needs)
    };
    plan.deferred.iter().zip(hub + 1..).map(step).collect()
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

fn simulate(steps: &[Step], parallelism: usize) -> Vec<Option<Run>> {
    let mut runs: Vec<Option<Run>> = vec![None; steps.len()];
    let mut schedule = Schedule::new(steps);
    let mut running: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
    let (mut now, mut last) = (0, None);
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
        let Some(Reverse((end, place))) = running.pop() else { return runs };
        (now, last) = (end, Some(place));
        schedule.end(place);
    }
}

/// Marks the chain of steps that ends last.
fn mark_critical(spans: &mut [Span], runs: &[Option<Run>], which: impl Fn(usize) -> Option<(usize, Doing)>) {
    let ends = runs.iter().enumerate().filter_map(|(place, run)| Some((run.as_ref()?.end, Reverse(place))));
    let mut next = ends.max().map(|(_, Reverse(place))| place);
    let mut chain = HashSet::new();
    while let Some(place) = next {
        chain.extend(which(place).map(|(change, doing)| (change, doing == Doing::Make)));
        next = runs[place].and_then(|run| run.cause).map(|cause| cause as usize);
    }
    for span in spans.iter_mut() {
        span.is_critical |= chain.contains(&(span.change, span.doing == Doing::Make));
    }
}
