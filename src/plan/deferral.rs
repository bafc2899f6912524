//! What cannot be planned yet: it waits for a later stage of the same apply, together with all that needs it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use addr::{AbsInstance, AbsResource, Key, Mode, Module, ModuleInstance, Pattern, Resource};
use diag::{Diagnostic, Diagnostics};
use lang::evaluation::{Instance, Repeated};
use lang::module::Repetition;
use lang::tree::Node;
use state::DeposedKey;
use value::{Type, Value};

use crate::change;
use crate::model::{Action, Change, Deferred, Need, Plan, Reason, Wait};
use crate::needs::Shared;
use crate::planner::{Block, Planner};
use crate::pool::Pool;

/// Everything that waits.
#[derive(Default)]
pub(crate) struct Waiting {
    /// Instances by resource; nothing means all of them, however many there will be.
    instances: HashMap<AbsResource, Option<HashSet<Option<Key>>>>,
    /// By block: what stands for instances that are not known.
    patterns: HashMap<(Module, Resource), Vec<Pattern>>,
}

/// What one stage of an apply leaves to the next.
#[derive(Debug, Default)]
pub struct Rest {
    /// Instances by their addresses, with their places in the plan.
    exact: HashMap<AbsInstance, Vec<usize>>,
    /// The places of those that stand for an unknown number of instances.
    open: Vec<(Pattern, usize)>,
    /// The blocks that all of them are of.
    blocks: HashSet<(Module, Resource)>,
    /// Instances that something replaces which was done in an earlier stage.
    triggered: HashSet<AbsInstance>,
    /// Instances with objects that were set aside and are still used by something that waits.
    aside: HashSet<AbsInstance>,
}

impl Rest {
    /// Returns what a plan defers.
    pub fn of(plan: &Plan) -> Rest {
        let mut rest = Rest { aside: still_used(plan), ..Rest::default() };
        for (place, deferred) in plan.deferred.iter().enumerate() {
            let address = &deferred.change.address;
            if deferred.change.reason == Reason::Triggered {
                rest.triggered.insert(address.clone());
            }
            rest.blocks.insert(address.resource.block());
            if deferred.wait == Wait::Instances {
                rest.open.push((deferred.pattern.clone(), place));
            } else {
                rest.exact.entry(address.clone()).or_default().push(place);
            }
        }
        rest
    }

    /// Tells whether an instance is to be replaced because of something that was done in an earlier stage.
    pub(crate) fn was_triggered(&self, address: &AbsInstance) -> bool {
        self.triggered.contains(address)
    }

    /// Returns how much it is.
    pub fn len(&self) -> usize {
        self.exact.len() + self.open.len() + self.aside.len()
    }

    /// Tells whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the places of what covers an instance.
    fn places<'r>(&'r self, address: &'r AbsInstance) -> impl Iterator<Item = usize> + 'r {
        let open = self.open.iter().filter(|(pattern, _)| pattern.covers(address)).map(|(_, place)| *place);
        self.exact.get(address).into_iter().flatten().copied().chain(open)
    }
}

/// What resources without objects (data sources, ephemeral ones) were read by: whoever needs one needs these.
#[derive(Default)]
pub(crate) struct PassedOn {
    instances: HashMap<AbsInstance, Rc<[Need]>>,
    resources: HashMap<AbsResource, Folded>,
}

/// So many instances of one resource stand for all of them: where each of many needs each of many others, a list of them
/// for each would not fit into memory.
pub(crate) const INSTANCES_LIMIT: usize = 64;

/// Needs of all instances of a resource.
#[derive(Default)]
struct Folded {
    needs: BTreeSet<Need>,
    /// How many single instances of a resource are among them.
    counts: HashMap<AbsResource, usize>,
}

impl Folded {
    fn add(&mut self, needs: &[Need]) {
        for need in needs {
            let whole = Need { resource: need.resource.clone(), key: None };
            if self.needs.contains(&whole) || !self.needs.insert(need.clone()) || need.key.is_none() {
                continue;
            }
            let count = self.counts.entry(whole.resource.clone()).or_default();
            *count += 1;
            if *count > INSTANCES_LIMIT {
                self.needs.retain(|need| need.resource != whole.resource);
                self.needs.insert(whole);
            }
        }
    }
}

impl PassedOn {
    /// Takes in what an instance needs.
    pub(crate) fn add(&mut self, address: &AbsInstance, needs: &[Need]) {
        if needs.is_empty() || address.resource.resource.mode == Mode::Managed {
            return;
        }
        self.resources.entry(address.resource.clone()).or_default().add(needs);
        self.instances.insert(address.clone(), needs.into());
    }

    /// Adds what a need stands for.
    pub(crate) fn expand(&self, resource: &AbsResource, key: Option<&Key>, needs: &mut Vec<Need>) {
        if resource.resource.mode == Mode::Managed {
            return;
        }
        match key {
            None => needs.extend(self.resources.get(resource).iter().flat_map(|folded| folded.needs.iter().cloned())),
            Some(key) => {
                let address = AbsInstance { resource: resource.clone(), key: Some(key.clone()) };
                needs.extend(self.instances.get(&address).iter().flat_map(|needs| needs.iter().cloned()));
            }
        }
    }
}

impl Waiting {
    fn add(&mut self, address: &AbsInstance) {
        let keys = self.instances.entry(address.resource.clone()).or_insert_with(|| Some(HashSet::new()));
        keys.iter_mut().for_each(|keys| _ = keys.insert(address.key.clone()));
    }

    /// Tells whether something that is needed waits.
    pub(crate) fn has(&self, need: &Need) -> bool {
        self.instances.get(&need.resource).is_some_and(|keys| match keys {
            Some(keys) if need.key.is_some() => keys.contains(&need.key),
            _ => true,
        })
    }

    /// Tells whether a stored instance may be one of those that are not known yet.
    pub(crate) fn covers(&self, address: &AbsInstance) -> bool {
        if self.patterns.is_empty() {
            return false;
        }
        self.patterns
            .get(&address.resource.block())
            .is_some_and(|patterns| patterns.iter().any(|pattern| pattern.covers(address)))
    }
}

/// Returns the instances of a plan whose objects are not deleted yet although they have been set aside, because something
/// that waits for a later stage still uses them, directly or through others of them.
pub fn still_used(plan: &Plan) -> HashSet<AbsInstance> {
    let is_aside = |change: &&Change| match change.action {
        Action::CreateThenDelete => true,
        Action::Delete => change.deposed.is_some(),
        _ => false,
    };
    let mut aside: HashMap<&AbsResource, Vec<&Change>> = HashMap::new();
    for change in plan.changes.iter().filter(is_aside) {
        aside.entry(&change.address.resource).or_default().push(change);
    }
    let mut found = HashSet::new();
    if aside.is_empty() {
        return found;
    }
    let mut open: Vec<(&AbsResource, Option<&Key>)> = Vec::new();
    for deferred in &plan.deferred {
        open.extend(stored_needs(&deferred.change));
        open.extend(deferred.change.needs.iter().map(|need| (&need.resource, need.key.as_ref())));
    }
    let mut seen = HashSet::new();
    while let Some((resource, key)) = open.pop() {
        if !seen.insert((resource, key)) {
            continue;
        }
        for change in aside.get(resource).into_iter().flatten() {
            if key.is_none() || key == change.address.key.as_ref() {
                found.insert(change.address.clone());
                open.extend(stored_needs(change));
            }
        }
    }
    found
}

fn stored_needs(change: &Change) -> impl Iterator<Item = (&AbsResource, Option<&Key>)> {
    let stored = change.prior.iter().flat_map(|object| object.dependencies.iter());
    stored.map(|dependency| (&dependency.0.resource, dependency.0.key.as_ref()))
}

impl<'a> Planner<'a> {
    /// Tells whether a stored object that is not configured, or was set aside, is to be planned in this stage.
    pub(crate) fn is_object_left(&self, address: &AbsInstance, deposed: Option<DeposedKey>) -> bool {
        let aside = self.options.rest.as_ref().map(|rest| &rest.aside);
        self.is_left(address) || deposed.is_some() && aside.is_some_and(|aside| aside.contains(address))
    }

    /// Tells whether an instance is to be planned in this stage.
    pub(crate) fn is_left(&self, address: &AbsInstance) -> bool {
        let Some(rest) = &self.options.rest else { return true };
        address.resource.resource.mode == Mode::Ephemeral || rest.places(address).next().is_some()
    }

    /// Tells whether some instance of a block is to be planned in this stage. What is ephemeral has ended with the
    /// earlier ones.
    pub(crate) fn is_block_left(&self, path: &[&'a Node], resource: &lang::module::Resource) -> bool {
        let Some(rest) = &self.options.rest else { return true };
        let block = path.last().map(|node| (node.path.clone(), resource.address.clone()));
        resource.address.mode == Mode::Ephemeral || block.is_some_and(|block| rest.blocks.contains(&block))
    }

    /// Takes in what happens to an object: in this stage, or in a later one.
    pub(crate) fn conclude(&self, wait: Option<Wait>, change: Change) {
        if self.is_observing() {
            return;
        }
        let Some(wait) = wait else { return self.push(change) };
        self.wait_for(&change.address);
        self.defer(Pattern::exactly(&change.address), wait, change);
    }

    fn defer(&self, pattern: Pattern, wait: Wait, change: Change) {
        self.out.borrow_mut().deferred.push(Deferred { pattern, wait, change });
    }

    /// Takes in that an instance waits: with it all that needs it.
    pub(crate) fn wait_for(&self, address: &AbsInstance) {
        self.waiting.borrow_mut().add(address);
    }

    /// Takes in that an object is to be deleted that the configuration does not have: destroying is no matter of what is
    /// configured.
    pub(crate) fn conclude_orphan(&self, wait: Option<Wait>, change: Change) {
        match wait {
            _ if self.options.refresh_only => {}
            None => self.push(change),
            Some(wait) => self.defer(Pattern::exactly(&change.address), wait, change),
        }
    }

    /// Tells whether anything that is needed waits.
    pub(crate) fn must_wait(&self, needs: &[Need]) -> bool {
        let waiting = self.waiting.borrow();
        needs.iter().any(|need| waiting.has(need))
    }

    /// Takes in a block whose number of instances is not known.
    pub(crate) async fn unknown_instances(&self, block: &Block<'a>, instance: &Rc<Instance<'a>>, shared: &Shared) {
        if self.is_observing() {
            return;
        }
        let resource = &block.resource.address;
        let repeated = match &block.resource.repetition {
            Repetition::Count(_) => Repeated { index: Some(Value::unknown(Type::Number)), ..Repeated::default() },
            _ => Repeated { each: Some((Value::unknown(Type::String), Value::dynamic())), ..Repeated::default() },
        };
        let address = AbsResource { module: instance.address.clone(), resource: resource.clone() };
        let pattern = Pattern::below(&instance.address, &instance.node.path, resource);
        self.unknown_number(&address, pattern.clone());
        let address = AbsInstance { resource: address, key: None };
        let Some(desired) = self.desired((block, shared), instance, address.clone(), repeated) else { return };
        let after = match resource.mode {
            Mode::Managed => self.unlisted(block, &desired).await,
            _ => Some(change::planned_data(&block.kind.schema.block, &desired.config)),
        };
        let Some(after) = after else { return };
        let change = unknown_change(block, address, after, desired.needs);
        self.defer(pattern, Wait::Instances, change);
    }

    /// Takes in the instances of a block in module instances that are not known; `known` is the last one that is.
    pub(crate) fn unknown_modules(&self, block: &Block<'a>, known: &ModuleInstance, module: &Module) {
        if self.is_observing() {
            return;
        }
        let resource = &block.resource.address;
        let pattern = Pattern::below(known, module, resource);
        let below = module.0.iter().skip(known.0.len());
        let module = below.fold(known.clone(), |module, name| module.child(name.clone(), None));
        let address = AbsResource { module, resource: resource.clone() };
        self.unknown_number(&address, pattern.clone());
        let after = change::unknown_computed(&block.kind.schema.block, &Value::unknown(block.kind.ty.clone()));
        let change = unknown_change(block, AbsInstance { resource: address, key: None }, after, Vec::new());
        self.defer(pattern, Wait::Instances, change);
    }

    fn unknown_number(&self, address: &AbsResource, pattern: Pattern) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.instances.insert(address.clone(), None);
        waiting.patterns.entry(address.block()).or_default().push(pattern);
    }

    /// Returns which objects that are to be deleted wait, because something that waits was made from them.
    pub(crate) fn orphans_that_wait<'o>(&self, orphans: impl Iterator<Item = &'o AbsInstance>) -> HashSet<AbsInstance> {
        let waiting = self.waiting.borrow();
        let mut open: Vec<AbsInstance> = Vec::new();
        if waiting.instances.is_empty() {
            return HashSet::new();
        }
        for (target, _, _) in self.prior.objects() {
            let need = Need { resource: target.address.resource.clone(), key: target.address.key.clone() };
            if waiting.has(&need) || waiting.covers(&target.address) {
                open.push(target.address);
            }
        }
        let mut by_resource: HashMap<&AbsResource, Vec<&AbsInstance>> = HashMap::new();
        for orphan in orphans {
            by_resource.entry(&orphan.resource).or_default().push(orphan);
        }
        let mut found = HashSet::new();
        while let Some(address) = open.pop() {
            let object = self.prior.instance(&address).and_then(|stored| stored.current.clone());
            for dependency in object.iter().flat_map(|object| object.dependencies.iter()) {
                for orphan in by_resource.get(&dependency.0.resource).into_iter().flatten() {
                    if dependency.covers(orphan) && found.insert((*orphan).clone()) {
                        open.push((*orphan).clone());
                    }
                }
            }
        }
        found
    }
}

fn unknown_change(block: &Block<'_>, address: AbsInstance, after: Value, needs: Vec<Need>) -> Change {
    let action = if block.resource.address.mode == Mode::Managed { Action::Create } else { Action::Read };
    let before = Value::null(block.kind.ty.clone());
    Change { needs, ..Change::new(address, block.config.clone(), action, (before, after)) }
}

/// Tells where the plan of a later stage goes beyond what was approved.
pub fn within(approved: &Plan, later: &Plan, pool: &Pool) -> Diagnostics {
    let mut diags = Diagnostics::new();
    let rest = Rest::of(approved);
    let replaced = approved.changes.iter().filter(|change| change.action == Action::CreateThenDelete);
    let deposed = approved.changes.iter().filter(|change| change.deposed.is_some());
    let old: HashSet<&AbsInstance> = replaced.chain(deposed).map(|change| &change.address).collect();
    for change in &later.changes {
        if matches!(change.action, Action::NoOp | Action::Read) {
            continue;
        }
        let shown: Vec<&Deferred> = rest.places(&change.address).map(|place| &approved.deferred[place]).collect();
        let is_old = change.deposed.is_some() && change.action == Action::Delete && old.contains(&change.address);
        let is_allowed = is_old || shown.iter().any(|deferred| allows(deferred, change));
        let breach = if is_allowed { breach(&shown, change, pool) } else { Some(String::new()) };
        let Some(breach) = breach else { continue };
        let what = match change.action {
            Action::Create => "created",
            Action::Update => "updated",
            Action::DeleteThenCreate | Action::CreateThenDelete => "replaced",
            Action::Delete => "destroyed",
            _ => "changed",
        };
        let detail = format!(
            "Now that more is known, {} would be {what}{breach}. The plan that was approved did not show that, so this \
             stage was not begun. What was done before is in the state; plan again to see and approve the rest.",
            change.address
        );
        let mut diagnostic = Diagnostic::error("Later stage goes beyond the approved plan", detail);
        diagnostic.address = Some(change.address.to_string());
        diags.push(diagnostic);
    }
    diags
}

/// Tells whether what was shown includes that an object is created, updated, replaced or deleted.
fn allows(shown: &Deferred, change: &Change) -> bool {
    let replaces = matches!(change.action, Action::DeleteThenCreate | Action::CreateThenDelete);
    match shown.change.action {
        // Of instances in unknown number any may turn out to be new, to stay or to go.
        Action::Create if shown.wait == Wait::Instances => !replaces,
        Action::Create => change.action == Action::Create,
        // What was there may turn out to be gone.
        Action::NoOp | Action::Update => matches!(change.action, Action::Create | Action::Update),
        Action::DeleteThenCreate | Action::CreateThenDelete => {
            replaces || change.deposed.is_some() || matches!(change.action, Action::Create | Action::Update)
        }
        Action::Delete => change.action == Action::Delete,
        Action::Forget => change.action == Action::Forget,
        Action::Read => false,
    }
}

/// Returns where a new object is not what was shown.
fn breach(shown: &[&Deferred], change: &Change, pool: &Pool) -> Option<String> {
    if change.action != Action::Create {
        return None;
    }
    let provider = pool.bare(&change.provider.provider)?;
    let schema = &provider.schemas().resources.get(&change.address.resource.resource.kind)?.block;
    let (now, _) = change.after.clone().unmark_deep();
    let mut problems = shown.iter().filter(|deferred| deferred.change.action == Action::Create).map(|deferred| {
        let (promised, _) = deferred.change.after.clone().unmark_deep();
        change::check_applied(schema, &promised, &now)
    });
    let first = problems.next()?;
    let problem = first.first()?;
    Some(format!(" otherwise than shown: {}{}", problem.path, problem.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(count: u64, expected: usize) {
        let resource = |name: &str| state::parse_instance(name).expect("an address").resource;
        let (read, used) = (resource("data.t.read"), resource("t.used"));
        let mut passed_on = PassedOn::default();
        for key in 0..count {
            let address = AbsInstance { resource: read.clone(), key: Some(Key::Number(key)) };
            passed_on.add(&address, &[Need { resource: used.clone(), key: Some(Key::Number(key)) }]);
        }
        let mut needs = Vec::new();
        passed_on.expand(&read, None, &mut needs);
        assert_eq!(needs.len(), expected, "{count}");
        passed_on.expand(&read, Some(&Key::Number(0)), &mut needs);
        assert_eq!(needs.last(), Some(&Need { resource: used, key: Some(Key::Number(0)) }), "{count}");
    }

    #[test]
    fn what_many_data_sources_read_is_passed_on_as_one() {
        check(INSTANCES_LIMIT as u64, INSTANCES_LIMIT);
        check(10_000, 1);
    }
}
