//! Which step to start next: a schedule is told what has ended and says what may begin.
//!
//! Of the steps whose needs are met the one with the longest expected way to the end goes first, because a long chain
//! that starts late ends late. Nothing here waits or knows the time: the caller runs the steps.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};

/// A step as the schedule sees it.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// The steps that must have ended before.
    pub needs: Vec<u32>,
    /// How long it will take, in any unit; only compared and added up.
    pub cost: u64,
    /// What it must hold while it runs.
    pub locks: Vec<Lock>,
}

/// Something that steps share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// Names the thing.
    pub key: String,
    /// Nobody else may hold it at the same time; otherwise all may that say so, too.
    pub exclusive: bool,
}

/// Hands out steps in an order that keeps to their needs and locks.
#[derive(Debug)]
pub struct Schedule {
    dependents: Dependents,
    /// How many needs of a step have not ended; a step that was skipped has none left to wait for.
    waiting_for: Vec<u32>,
    /// The longest expected way from the start of a step to the end of everything behind it.
    way: Vec<u64>,
    states: Vec<State>,
    ready: BinaryHeap<(u64, Reverse<u32>)>,
    locks: Locks,
    open: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ended,
    Skipped,
}

/// For each step the steps that need it, in one flat list.
#[derive(Debug)]
struct Dependents {
    starts: Vec<u32>,
    steps: Vec<u32>,
}

impl Dependents {
    fn of(steps: &[Step]) -> Dependents {
        let mut starts = vec![0u32; steps.len() + 1];
        for need in steps.iter().flat_map(|step| &step.needs) {
            starts[*need as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let mut flat = vec![0u32; *starts.last().unwrap_or(&0) as usize];
        for (step, needs) in steps.iter().enumerate().map(|(place, step)| (place as u32, &step.needs)) {
            for need in needs {
                let place = &mut next[*need as usize];
                flat[*place as usize] = step;
                *place += 1;
            }
        }
        Dependents { starts, steps: flat }
    }

    fn get(&self, step: u32) -> &[u32] {
        &self.steps[self.starts[step as usize] as usize..self.starts[step as usize + 1] as usize]
    }
}

/// Who holds what, and who waits for it.
#[derive(Debug, Default)]
struct Locks {
    /// By step: the numbers of its locks and whether it needs them alone.
    wanted: Vec<Vec<(u32, bool)>>,
    held: Vec<Held>,
}

#[derive(Clone, Debug, Default)]
struct Held {
    exclusive: bool,
    shared: u32,
    waiters: Vec<u32>,
}

impl Held {
    fn admits(&self, exclusive: bool) -> bool {
        !self.exclusive && (!exclusive || self.shared == 0)
    }
}

impl Locks {
    fn of(steps: &[Step]) -> Locks {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let wanted = steps.iter().map(|step| {
            let mut wanted: Vec<(u32, bool)> = Vec::with_capacity(step.locks.len());
            for lock in &step.locks {
                let next = numbers.len() as u32;
                let number = *numbers.entry(&lock.key).or_insert(next);
                match wanted.iter_mut().find(|(known, _)| *known == number) {
                    Some((_, exclusive)) => *exclusive |= lock.exclusive,
                    None => wanted.push((number, lock.exclusive)),
                }
            }
            wanted
        });
        let wanted = wanted.collect();
        Locks { wanted, held: vec![Held::default(); numbers.len()] }
    }

    /// Takes all locks of a step, or none of them and has the step wait for the first that is not free.
    fn take(&mut self, step: u32) -> bool {
        let wanted = &self.wanted[step as usize];
        if let Some((busy, _)) = wanted.iter().find(|(lock, exclusive)| !self.held[*lock as usize].admits(*exclusive)) {
            self.held[*busy as usize].waiters.push(step);
            return false;
        }
        for (lock, exclusive) in wanted {
            let held = &mut self.held[*lock as usize];
            held.exclusive |= exclusive;
            held.shared += u32::from(!exclusive);
        }
        true
    }

    /// Gives back the locks of a step and returns the steps that waited for them.
    fn release(&mut self, step: u32) -> Vec<u32> {
        let mut freed = Vec::new();
        for (lock, exclusive) in &self.wanted[step as usize] {
            let held = &mut self.held[*lock as usize];
            if *exclusive {
                held.exclusive = false;
            } else {
                held.shared -= 1;
            }
            freed.append(&mut held.waiters);
        }
        freed
    }
}

impl Schedule {
    /// Makes a schedule. Needs that form a cycle are the caller's mistake: their steps are never handed out, which
    /// [`Schedule::is_stuck`] tells.
    pub fn new(steps: &[Step]) -> Schedule {
        let dependents = Dependents::of(steps);
        let waiting_for: Vec<u32> = steps.iter().map(|step| step.needs.len() as u32).collect();
        let way = ways(steps, &dependents, &waiting_for);
        let mut schedule = Schedule {
            dependents,
            waiting_for,
            way,
            states: vec![State::Waiting; steps.len()],
            ready: BinaryHeap::new(),
            locks: Locks::of(steps),
            open: steps.len(),
        };
        for step in 0..steps.len() as u32 {
            if schedule.waiting_for[step as usize] == 0 {
                schedule.make_ready(step);
            }
        }
        schedule
    }

    fn make_ready(&mut self, step: u32) {
        self.ready.push((self.way[step as usize], Reverse(step)));
    }

    /// Returns the next step to start, if any may start now; its locks are held from here on.
    pub fn start_next(&mut self) -> Option<u32> {
        while let Some((_, Reverse(step))) = self.ready.pop() {
            if self.states[step as usize] != State::Waiting || !self.locks.take(step) {
                continue;
            }
            self.states[step as usize] = State::Running;
            return Some(step);
        }
        None
    }

    /// Says that a running step has ended well.
    pub fn end(&mut self, step: u32) {
        self.stop(step);
        for place in 0..self.dependents.get(step).len() {
            let next = self.dependents.get(step)[place];
            self.waiting_for[next as usize] -= 1;
            if self.waiting_for[next as usize] == 0 && self.states[next as usize] == State::Waiting {
                self.make_ready(next);
            }
        }
    }

    /// Says that a running step has failed; returns the steps that cannot run because of it, nearest first.
    pub fn fail(&mut self, step: u32) -> Vec<u32> {
        self.stop(step);
        let mut skipped = Vec::new();
        let mut next = 0;
        let mut failed = step;
        loop {
            for place in 0..self.dependents.get(failed).len() {
                let dependent = self.dependents.get(failed)[place];
                if self.states[dependent as usize] == State::Waiting {
                    self.states[dependent as usize] = State::Skipped;
                    self.open -= 1;
                    skipped.push(dependent);
                }
            }
            let Some(found) = skipped.get(next) else { return skipped };
            failed = *found;
            next += 1;
        }
    }

    fn stop(&mut self, step: u32) {
        assert_eq!(self.states[step as usize], State::Running, "only a running step ends");
        self.states[step as usize] = State::Ended;
        self.open -= 1;
        for waiter in self.locks.release(step) {
            self.make_ready(waiter);
        }
    }

    /// Tells whether every step has ended or was skipped.
    pub fn is_done(&self) -> bool {
        self.open == 0
    }

    /// Tells whether steps are left, none runs and none may start.
    pub fn is_stuck(&self) -> bool {
        self.open > 0 && self.ready.is_empty() && !self.states.contains(&State::Running)
    }
}

/// Computes for each step the longest expected way from its start to the end of everything behind it.
fn ways(steps: &[Step], dependents: &Dependents, waiting_for: &[u32]) -> Vec<u64> {
    let mut left = waiting_for.to_vec();
    let mut order: Vec<u32> = (0..steps.len() as u32).filter(|step| left[*step as usize] == 0).collect();
    let mut next = 0;
    while let Some(step) = order.get(next).copied() {
        next += 1;
        for dependent in dependents.get(step) {
            left[*dependent as usize] -= 1;
            if left[*dependent as usize] == 0 {
                order.push(*dependent);
            }
        }
    }
    let mut way: Vec<u64> = steps.iter().map(|step| step.cost).collect();
    for step in order.into_iter().rev() {
        let behind = dependents.get(step).iter().map(|dependent| way[*dependent as usize]).max().unwrap_or(0);
        way[step as usize] = way[step as usize].saturating_add(behind);
    }
    way
}

/// Runs a schedule in simulated time with at most `parallel` steps at once, each taking its cost; returns the end.
///
/// For tests and for estimates: what an apply will take.
pub fn simulate(steps: &[Step], parallel: usize) -> u64 {
    let mut schedule = Schedule::new(steps);
    let mut running: BinaryHeap<Reverse<(u64, u32)>> = BinaryHeap::new();
    let mut now = 0;
    loop {
        while running.len() < parallel {
            let Some(step) = schedule.start_next() else { break };
            running.push(Reverse((now + steps[step as usize].cost, step)));
        }
        let Some(Reverse((end, step))) = running.pop() else { return now };
        debug_assert_ne!(end.cmp(&now), Ordering::Less, "time does not run backwards");
        now = end;
        schedule.end(step);
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, Schedule, Step, simulate};

    fn step(cost: u64, needs: &[u32]) -> Step {
        Step { needs: needs.to_vec(), cost, locks: Vec::new() }
    }

    #[test]
    fn a_long_chain_beside_many_short_steps_starts_first() {
        let mut steps: Vec<Step> = (0..100).map(|_| step(1, &[])).collect();
        steps.push(step(4, &[]));
        (1..5).for_each(|link| steps.push(step(4, &[99 + link])));
        assert_eq!(simulate(&steps, 10), 20);
    }

    #[test]
    fn only_the_instance_that_is_needed_is_waited_for() {
        // a[0] takes 10, a[1] takes 1; b[0] takes 1, b[1] takes 10, and b[i] needs a[i] alone.
        assert_eq!(simulate(&[step(10, &[]), step(1, &[]), step(1, &[0]), step(10, &[1])], 10), 11);
    }

    #[test]
    fn an_exclusive_lock_is_held_alone_and_a_shared_one_together() {
        let locked = |exclusive| Step { cost: 3, locks: vec![Lock { key: "c".into(), exclusive }], ..Step::default() };
        assert_eq!(simulate(&[locked(true), locked(true), locked(true)], 10), 9);
        assert_eq!(simulate(&[locked(false), locked(false), locked(false)], 10), 3);
        assert_eq!(simulate(&[locked(false), locked(true), locked(false)], 10), 6);
    }

    #[test]
    fn a_failure_skips_what_needs_it_and_nothing_else() {
        let mut schedule = Schedule::new(&[step(1, &[]), step(1, &[0]), step(1, &[1]), step(1, &[])]);
        let first = schedule.start_next();
        assert_eq!(first, Some(0));
        assert_eq!(schedule.start_next(), Some(3));
        assert_eq!(schedule.fail(0), [1, 2]);
        schedule.end(3);
        assert!(schedule.is_done() && schedule.start_next().is_none());
    }

    #[test]
    fn needs_that_form_a_cycle_are_seen() {
        let mut schedule = Schedule::new(&[step(1, &[1]), step(1, &[0])]);
        assert_eq!(schedule.start_next(), None);
        assert!(schedule.is_stuck() && !schedule.is_done());
    }

    #[test]
    fn a_hundred_thousand_steps_are_scheduled_in_linear_time() {
        let steps: Vec<Step> =
            (0..100_000u32).map(|i| step(1, &i.checked_sub(1).map_or(vec![], |n| vec![n]))).collect();
        assert_eq!(simulate(&steps, 10), 100_000);
    }
}
