//! Ends a stage of an apply as soon as the next one can begin: what is in a cluster need not wait for its node groups.
//!
//! What has not begun by then goes on in the next stage, together with what was deferred. A stage ends early only while
//! nothing is under way, so that nothing begins later than it would have.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use addr::AbsInstance;
use apply::{Event, Observer};
use plan::{Change, Operation, Plan, Stage};

/// Watches a stage.
pub(crate) struct Early<'a> {
    inner: &'a dyn Observer,
    plan: &'a Plan,
    /// What is still to be made before the next stage can begin: all of one of these.
    openings: RefCell<Vec<HashSet<&'a AbsInstance>>>,
    begun: RefCell<HashSet<AbsInstance>>,
    running: Cell<usize>,
    has_failed: Cell<bool>,
}

impl<'a> Early<'a> {
    /// Gets ready to watch.
    pub(crate) fn of(plan: &'a Plan, inner: &'a dyn Observer) -> Early<'a> {
        let addresses = |places: HashSet<usize>| places.into_iter().map(|place| &plan.changes[place].address).collect();
        let openings = RefCell::new(plan::openings(plan).into_iter().map(addresses).collect());
        Early { inner, plan, openings, begun: RefCell::default(), running: Cell::new(0), has_failed: Cell::new(false) }
    }

    /// Tells whether the stage is to end now.
    pub(crate) fn is_time(&self) -> bool {
        self.running.get() == 0 && !self.has_failed.get() && self.openings.borrow().iter().any(HashSet::is_empty)
    }

    /// Returns what is left to the next stage: what was deferred, and, if this one has ended early, what has not begun.
    pub(crate) fn left(&self) -> Option<Plan> {
        self.is_time().then(|| self.plan.without(&self.begun.borrow()))
    }

    /// Keeps account of what happens.
    fn note(&self, change: &Change, event: Event<'_>) {
        let running = self.running.get();
        match event {
            Event::Started(_) => {
                self.begun.borrow_mut().insert(change.address.clone());
                self.running.set(running + 1);
            }
            Event::Ended(..) => {
                self.openings.borrow_mut().iter_mut().for_each(|open| _ = open.remove(&change.address));
                self.running.set(running.saturating_sub(1));
            }
            Event::Failed(..) => {
                self.has_failed.set(true);
                self.running.set(running.saturating_sub(1));
            }
            _ => {}
        }
    }
}

impl Observer for Early<'_> {
    fn see(&self, change: &Change, event: Event<'_>) {
        if !self.openings.borrow().is_empty() {
            self.note(change, event);
        }
        self.inner.see(change, event);
    }

    fn ephemeral(&self, address: &AbsInstance, operation: Operation, stage: Stage) {
        self.inner.ephemeral(address, operation, stage);
    }

    fn stage(&self, plan: &Plan) {
        self.inner.stage(plan);
    }

    fn look(&self, address: &AbsInstance, look: plan::Look<'_>) {
        self.inner.look(address, look);
    }
}
