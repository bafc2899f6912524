//! Runs the steps of a plan: as many at once as allowed, the longest way first.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use addr::{AbsInstance, AbsResource, Mode};
use diag::{Diagnostic, Diagnostics};
use futures_util::StreamExt;
use futures_util::lock::Mutex;
use futures_util::stream::FuturesUnordered;
use graph::{Lock, Schedule, Step};
use lang::body::CompiledBody;
use lang::evaluation::{Evaluation, World};
use lang::module::Resource;
use lang::replacement::CreateFirst;
use plan::{Change, Counts, Ephemerals, Need, Operation, Plan, Pool, Stage, Tally, Values};
use state::record::{Gone, Move, Record, Settled};
use state::{Dependency, DeposedKey, Journal, Object, Target};
use value::{Marks, Path, Value};

use crate::edges::{Doing, PlannedStep, steps};
use crate::open::Ranks;

/// What an apply works with.
pub struct Input<'a> {
    /// The configuration and its surroundings; resources in it are those of `values`.
    pub world: World<'a>,
    /// Values of the root module's variables.
    pub variables: Vec<Value>,
    /// What is to be done.
    pub plan: &'a Plan,
    /// The providers, configured as they were for the plan.
    pub pool: Rc<Pool>,
    /// Values of resources as the plan left them.
    pub values: &'a Values,
    /// Ephemeral resources of the phase.
    pub ephemerals: &'a Ephemerals<'a>,
    /// The state, open for writing.
    pub journal: &'a Journal,
    /// At most so many provider calls at once.
    pub parallelism: usize,
    /// Whom to tell.
    pub observer: &'a dyn Observer,
    /// Time and chance.
    pub runtime: Arc<dyn sdk::Runtime>,
    /// Tells whether the user wants to stop: nothing new is started then.
    pub stopping: &'a dyn Fn() -> bool,
}

/// Is told what happens while it happens.
pub trait Observer {
    /// Something happened to a change of the plan.
    fn see(&self, change: &Change, event: Event<'_>);

    /// Something happened to an ephemeral resource.
    fn ephemeral(&self, _address: &AbsInstance, _operation: Operation, _stage: Stage) {}

    /// A later stage begins: what the plan deferred can be planned now.
    fn stage(&self, _plan: &Plan) {}

    /// Something is looked at while a plan is made.
    fn look(&self, _address: &AbsInstance, _look: plan::Look<'_>) {}
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// An object that exists has been taken into state.
    Imported,
    /// A step begins.
    Started(Doing),
    /// The provider says something.
    Message(&'a str),
    /// A provisioner of this type does something.
    Provisioner(&'a str, Provisioning<'a>),
    /// A step has ended well; the object as it is now.
    Ended(Doing, Duration, &'a Value),
    /// A step has failed.
    Failed(Doing, Duration),
    /// A step will not be taken, because that of another change failed.
    Skipped(Doing, &'a Change),
}

/// What a provisioner does.
#[derive(Clone, Copy, Debug)]
pub enum Provisioning<'a> {
    /// It begins.
    Started,
    /// It says something.
    Output(&'a str),
    /// It has ended well.
    Ended,
    /// It has failed.
    Failed,
}

/// How an apply came out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Objects taken into state.
    pub imported: usize,
    /// Objects created.
    pub added: usize,
    /// Objects updated.
    pub changed: usize,
    /// Objects deleted.
    pub destroyed: usize,
    /// Steps that were not taken.
    pub skipped: usize,
    /// What went wrong.
    pub diags: Diagnostics,
}

impl Outcome {
    /// Returns how many objects were taken in, created, updated and deleted.
    pub fn counts(&self) -> Counts {
        Counts { import: self.imported, add: self.added, change: self.changed, destroy: self.destroyed }
    }

    /// Adds what came of a later stage.
    pub fn add(&mut self, later: Outcome) {
        self.imported += later.imported;
        self.added += later.added;
        self.changed += later.changed;
        self.destroyed += later.destroyed;
        self.skipped += later.skipped;
        self.diags.append(later.diags);
    }
}

pub(crate) struct Runner<'a> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) evaluation: Evaluation<'a>,
    pub(crate) outcome: RefCell<Outcome>,
    /// Compiled bodies of resources that have been worked on.
    pub(crate) bodies: RefCell<HashMap<*const Resource, Rc<CompiledBody>>>,
    /// Resources whose new objects are created before the old ones are deleted.
    pub(crate) create_first: CreateFirst,
    /// What the objects are called that this run has set aside.
    pub(crate) set_aside: RefCell<HashMap<AbsInstance, DeposedKey>>,
    /// Held by whoever opens ephemeral resources.
    pub(crate) opening: Mutex<()>,
    /// Ephemeral resources that could not be opened.
    pub(crate) unopened: RefCell<HashSet<AbsResource>>,
    pub(crate) ranks: OnceCell<Ranks>,
    /// How conditions came out.
    pub(crate) tally: RefCell<Tally>,
    /// Places of the changes that go along with others, by what they are in.
    contents: HashMap<AbsInstance, Vec<usize>>,
}

/// Carries out a plan. What could not be done is in the outcome's diagnostics; what was done is in the journal.
pub async fn apply(input: &Input<'_>) -> Outcome {
    let evaluation = Evaluation::new(input.world, input.variables.clone());
    let runner = Runner {
        input,
        evaluation,
        outcome: RefCell::default(),
        bodies: RefCell::default(),
        create_first: CreateFirst::of(input.world.root),
        set_aside: RefCell::default(),
        opening: Mutex::new(()),
        unopened: RefCell::default(),
        ranks: OnceCell::new(),
        tally: RefCell::new(Tally::resume(&input.plan.checks)),
        contents: contents(input.plan),
    };
    runner.run().await;
    let mut outcome = runner.outcome.take();
    if !outcome.diags.has_errors() {
        runner.outputs(&mut outcome.diags);
        runner.check_the_rest(&mut outcome.diags);
    }
    runner.store_checks(&mut outcome.diags);
    outcome.diags.append(runner.evaluation.take_diagnostics());
    outcome
}

fn contents(plan: &Plan) -> HashMap<AbsInstance, Vec<usize>> {
    let mut contents: HashMap<AbsInstance, Vec<usize>> = HashMap::new();
    for (place, change) in plan.changes.iter().enumerate() {
        if let Some(container) = change.goes_with() {
            contents.entry(container.clone()).or_default().push(place);
        }
    }
    contents
}

/// Returns what is stored of what an object was configured from.
pub(crate) fn dependencies(needs: &[Need]) -> Vec<Dependency> {
    let managed = needs.iter().filter(|need| need.resource.resource.mode == Mode::Managed);
    managed.map(|need| Dependency(AbsInstance { resource: need.resource.clone(), key: need.key.clone() })).collect()
}

/// Returns where a value is sensitive.
fn sensitive_paths(value: &Value) -> Vec<Path> {
    let (_, marks) = value.clone().unmark_paths();
    marks.into_iter().filter(|(_, marks)| marks.contains(Marks::SENSITIVE)).map(|(path, _)| path).collect()
}

impl Runner<'_> {
    /// Stores what was found to have changed outside; the steps begin from it.
    fn take_in_drift(&self) {
        for drift in &self.input.plan.drift {
            let target = Target::from(drift.address.clone());
            let record = match &drift.object {
                None => Record::Gone(Gone { token: None, target }),
                Some(object) => Record::Object(Settled {
                    token: None,
                    target,
                    provider: drift.provider.clone(),
                    object: object.clone(),
                }),
            };
            match self.input.journal.append(&record) {
                Ok(ticket) => ticket.lazily(),
                Err(error) => self.report(Diagnostic::error("State not saved", error.to_string())),
            }
        }
    }

    /// Gives stored instances their new addresses.
    fn take_in_moves(&self) {
        // What depends on them is written first and by its old address: wherever a crash cuts this off, the next run finds
        // the same moves again.
        let relinked = self.input.journal.look(|ledger| plan::relinked(&ledger.state, &self.input.plan.moves));
        for found in relinked {
            let (target, provider, object) = (found.target, found.provider, found.object);
            let record = Record::Object(Settled { token: None, target, provider, object });
            match self.input.journal.append(&record) {
                Ok(ticket) => ticket.lazily(),
                Err(error) => self.report(Diagnostic::error("State not saved", error.to_string())),
            }
        }
        for moved in &self.input.plan.moves {
            let (from, to) = (moved.from.clone(), moved.to.clone());
            let record = match &moved.taken_over {
                None => Record::Move(Move::Instance { from, to }),
                Some((provider, object)) => {
                    let (provider, object) = (provider.clone(), object.clone());
                    Record::TakeOver { from, settled: Settled { token: None, target: to.into(), provider, object } }
                }
            };
            match self.input.journal.append(&record) {
                Ok(ticket) => ticket.lazily(),
                Err(error) => self.report(Diagnostic::error("State not saved", error.to_string())),
            }
        }
    }

    /// Stores objects that are imported; the steps begin from them. One that a crash takes back is imported again.
    fn take_in_imports(&self) {
        for change in self.input.plan.changes.iter().filter(|change| change.importing.is_some()) {
            let Some(found) = &change.prior else { continue };
            let mut object = Object {
                create_before_destroy: self.creates_first(change),
                is_contained: change.inside.is_some(),
                dependencies: dependencies(&change.needs).into(),
                ..Object::clone(found)
            };
            if change.action == plan::Action::NoOp {
                object.sensitive = sensitive_paths(&change.after).into();
            }
            let (target, provider) = (Target::from(change.address.clone()), change.provider.clone());
            let record = Record::Object(Settled { token: None, target, provider, object: Arc::new(object) });
            match self.input.journal.append(&record) {
                Ok(ticket) => ticket.lazily(),
                Err(error) => return self.report(Diagnostic::error("State not saved", error.to_string())),
            }
            self.outcome.borrow_mut().imported += 1;
            self.input.observer.see(change, Event::Imported);
        }
    }

    /// Stores what the configuration says of objects that stay as they are: what they depend on, how they are replaced,
    /// what of them is sensitive, and who manages them.
    fn take_in_configuration(&self) {
        let unchanged = self.input.plan.changes.iter().filter(|change| change.is_nothing());
        for change in unchanged.filter(|change| change.deposed.is_none()) {
            let Some(prior) = change.prior.as_ref().filter(|_| change.repeated.is_some()) else { continue };
            let sensitive = sensitive_paths(&change.after);
            let dependencies = dependencies(&change.needs);
            let creates_first = self.creates_first(change);
            let is_contained = change.inside.is_some();
            let address = &change.address;
            let is_same = prior.create_before_destroy == creates_first
                && prior.is_contained == is_contained
                && prior.dependencies.len() == dependencies.len()
                && dependencies.iter().all(|own| prior.dependencies.contains(own))
                && prior.sensitive.len() == sensitive.len()
                && sensitive.iter().all(|path| prior.sensitive.contains(path))
                && self.input.journal.look(|ledger| {
                    ledger.state.resource(&address.resource).is_some_and(|known| known.provider == change.provider)
                });
            if is_same {
                continue;
            }
            let object = Object {
                create_before_destroy: creates_first,
                is_contained,
                dependencies: dependencies.into(),
                sensitive: sensitive.into(),
                ..Object::clone(prior)
            };
            let (target, provider) = (Target::from(address.clone()), change.provider.clone());
            let record = Record::Object(Settled { token: None, target, provider, object: Arc::new(object) });
            match self.input.journal.append(&record) {
                Ok(ticket) => ticket.lazily(),
                Err(error) => self.report(Diagnostic::error("State not saved", error.to_string())),
            }
        }
    }

    /// Tells whether the new object of an instance is created before the old one is deleted.
    pub(crate) fn creates_first(&self, change: &Change) -> bool {
        let resource = &change.address.resource;
        self.create_first.has(&resource.module.module(), &resource.resource)
    }

    /// Returns the changes that go along with one.
    pub(crate) fn contents(&self, change: &Change) -> impl Iterator<Item = &Change> {
        let places = self.contents.get(&change.address).into_iter().flatten();
        places.map(|place| &self.input.plan.changes[*place])
    }

    /// Tells of what went along with an object; its record has ended with that of the other.
    pub(crate) fn contents_went(&self, change: &Change) {
        self.contents(change).for_each(|inside| self.went(inside));
    }

    fn went(&self, change: &Change) {
        self.outcome.borrow_mut().destroyed += 1;
        self.input.observer.see(change, Event::Started(Doing::Delete));
        self.input.observer.see(change, Event::Ended(Doing::Delete, Duration::ZERO, &Value::NULL));
    }

    /// Tells of what is not done because something else failed.
    pub(crate) fn skip<'c>(&self, doing: Doing, skipped: impl Iterator<Item = &'c Change>, cause: &Change) {
        for change in skipped {
            self.outcome.borrow_mut().skipped += 1;
            self.input.observer.see(change, Event::Skipped(doing, cause));
        }
    }

    /// Lets go what was in something that turned out to be gone already.
    fn take_in_lost(&self) {
        let deleted: HashSet<&AbsInstance> = self
            .input
            .plan
            .changes
            .iter()
            .filter(|change| change.action == plan::Action::Delete && change.deposed.is_none())
            .map(|change| &change.address)
            .collect();
        for (_, places) in self.contents.iter().filter(|(container, _)| !deleted.contains(container)) {
            for change in places.iter().map(|place| &self.input.plan.changes[*place]) {
                let record = Record::Gone(Gone { token: None, target: Target::from(change.address.clone()) });
                match self.input.journal.append(&record) {
                    Ok(ticket) => ticket.lazily(),
                    Err(error) => return self.report(Diagnostic::error("State not saved", error.to_string())),
                }
                self.went(change);
            }
        }
    }

    async fn run(&self) {
        self.take_in_moves();
        self.take_in_drift();
        self.take_in_lost();
        self.take_in_imports();
        self.take_in_configuration();
        let (planned, needs) = steps(self.input.plan);
        let described: Vec<Step> = planned.iter().zip(needs).map(|(step, needs)| self.describe(*step, needs)).collect();
        let mut schedule = Schedule::new(&described);
        type Running<'f> = Pin<Box<dyn Future<Output = (u32, bool)> + 'f>>;
        let mut running: FuturesUnordered<Running<'_>> = FuturesUnordered::new();
        loop {
            while running.len() < self.input.parallelism && !(self.input.stopping)() {
                let Some(place) = schedule.start_next() else { break };
                let step = planned[place as usize];
                if step.is_idle {
                    schedule.end(place);
                    continue;
                }
                running.push(Box::pin(async move { (place, self.step(step).await) }));
            }
            let Some((place, is_done)) = running.next().await else { break };
            if is_done {
                schedule.end(place);
                continue;
            }
            let cause = self.change(planned[place as usize]);
            for skipped in schedule.fail(place) {
                let step = planned[skipped as usize];
                if step.is_idle {
                    continue;
                }
                let change = self.change(step);
                let contents = self.contents(change).filter(|_| step.doing == Doing::Delete);
                self.skip(step.doing, std::iter::once(change).chain(contents), cause);
            }
        }
        if schedule.is_stuck() && !(self.input.stopping)() {
            let detail = "Some steps of the plan wait for each other, so none of them was taken. Please report this.";
            self.report(Diagnostic::error("Cycle", detail));
        }
    }

    pub(crate) fn change(&self, step: PlannedStep) -> &Change {
        &self.input.plan.changes[step.change as usize]
    }

    fn describe(&self, step: PlannedStep, needs: Vec<u32>) -> Step {
        if step.is_idle {
            return Step { needs, cost: 0, locks: Vec::new() };
        }
        let change = self.change(step);
        let kind = &change.address.resource.resource.kind;
        let Some(provider) = self.input.pool.bare(&change.provider.provider) else {
            return Step { needs, cost: 1, locks: Vec::new() };
        };
        let action = match (step.doing, change.action) {
            (Doing::Delete, _) => sdk::Action::Delete,
            (Doing::Make, plan::Action::Update) => sdk::Action::Update,
            (Doing::Make, plan::Action::Read) => sdk::Action::Read,
            (Doing::Make, _) => sdk::Action::Create,
        };
        let cost = provider.typical_duration(kind, action).as_millis().max(1) as u64;
        let none = Value::NULL;
        let (prior, planned) = match step.doing {
            Doing::Make => (&change.before, &change.after),
            Doing::Delete => (&change.before, &none),
        };
        let locks = provider.locks(kind, sdk::Change { action, prior, planned });
        let locks =
            locks.into_iter().map(|lock| Lock { key: lock.key.to_string(), exclusive: lock.exclusive }).collect();
        Step { needs, cost, locks }
    }

    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        self.outcome.borrow_mut().diags.push(diagnostic);
    }

    /// Stores the values of the root module's outputs.
    fn outputs(&self, diags: &mut Diagnostics) {
        let root = self.evaluation.root();
        let wanted = |name: &ecow::EcoString| {
            self.input.plan.outputs.iter().any(|change| change.name == *name && change.after.is_some())
        };
        for output in root.node.module.outputs.iter().filter(|output| wanted(&output.name)) {
            self.preconditions(&root, output, diags);
        }
        if diags.has_errors() {
            return;
        }
        for change in &self.input.plan.outputs {
            let place = root.node.module.outputs.iter().position(|output| output.name == change.name);
            let place = place.filter(|_| change.after.is_some());
            let output = place.and_then(|place| {
                let value = self.evaluation.output(&root, place);
                root.node.module.outputs[place].exposes(&value).into_iter().for_each(|problem| diags.push(problem));
                let (value, _) = value.unmark_deep();
                let is_sensitive = change.is_sensitive;
                (!value.is_null()).then(|| state::Output { ty: value.ty(), value, is_sensitive })
            });
            if output.as_ref().is_some_and(|output| !output.value.is_wholly_known()) {
                continue;
            }
            let same = self.input.journal.look(|ledger| ledger.state.outputs.get(&change.name) == output.as_ref());
            if same {
                continue;
            }
            let record = Record::Output { name: change.name.clone(), output };
            if let Err(error) = self.input.journal.commit(&record) {
                diags.push(Diagnostic::error("Output not saved", error.to_string()));
            }
        }
    }
}
