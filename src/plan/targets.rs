//! Which part of everything a plan looks at.

use std::collections::{HashMap, HashSet};

use addr::{AbsInstance, AbsResource, Mode, Pattern};
use diag::Diagnostic;
use lang::objects::{Kind, Objects};
use state::Dependency;

use crate::model::Need;
use crate::planner::{Blocks, Options, Planner};

/// The resource blocks that are looked at.
pub(crate) struct Scope {
    /// Their numbers among all objects; nothing means all.
    only: Option<HashSet<u32>>,
    /// The blocks that are not.
    left_out: HashSet<(addr::Module, addr::Resource)>,
    /// Blocks of which all instances are looked at, whatever else is said: something that is looked at needs them.
    whole: HashSet<(addr::Module, addr::Resource)>,
}

impl Scope {
    /// Finds the scope of a plan.
    pub(crate) fn of(options: &Options, objects: &Objects, blocks: &Blocks<'_>) -> Scope {
        let mut scope = Scope { only: None, left_out: HashSet::new(), whole: HashSet::new() };
        if options.destroy {
            // Only what tells providers where the objects are.
            let configs = objects.of_kind(Kind::Provider);
            scope.only = Some(reached(configs, &objects.edges));
            return scope;
        }
        let is_meant = |patterns: &[Pattern], object: u32| {
            blocks.get(&object).is_some_and(|(path, resource)| {
                let module = path.last().map(|node| &node.path);
                module.is_some_and(|module| patterns.iter().any(|pattern| pattern.reaches(module, &resource.address)))
            })
        };
        let block = |object: &u32| {
            let (path, resource) = blocks.get(object)?;
            Some((path.last()?.path.clone(), resource.address.clone()))
        };
        let mut only: HashSet<u32> = blocks.keys().copied().collect();
        if !options.targets.is_empty() {
            let targets: Vec<u32> = only.iter().copied().filter(|object| is_meant(&options.targets, *object)).collect();
            let needed = targets.iter().flat_map(|object| objects.edges[*object as usize].iter().copied());
            let needed = reached(needed.collect(), &objects.edges);
            scope.whole = needed.iter().filter_map(block).collect();
            only = targets.into_iter().chain(needed).collect();
        }
        if !options.excludes.is_empty() {
            let excluded = blocks.keys().copied().filter(|object| is_meant(&options.excludes, *object));
            let mut dependents = vec![Vec::new(); objects.edges.len()];
            for (object, needs) in objects.edges.iter().enumerate() {
                needs.iter().for_each(|need| dependents[*need as usize].push(object as u32));
            }
            let touching = excluded.flat_map(|object| dependents[object as usize].iter().copied()).collect();
            let touching = reached(touching, &dependents);
            only.retain(|object| !touching.contains(object));
        }
        scope.left_out = blocks.keys().filter(|object| !only.contains(object)).filter_map(block).collect();
        scope.only = Some(only).filter(|_| !options.targets.is_empty() || !options.excludes.is_empty());
        scope
    }

    /// Tells whether a block is looked at, by its number among all objects.
    pub(crate) fn has(&self, object: u32) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&object))
    }
}

/// Returns everything that can be reached, the beginning included.
fn reached(mut open: Vec<u32>, edges: &[Vec<u32>]) -> HashSet<u32> {
    let mut found: HashSet<u32> = open.iter().copied().collect();
    while let Some(object) = open.pop() {
        open.extend(edges[object as usize].iter().copied().filter(|next| found.insert(*next)));
    }
    found
}

impl Planner<'_> {
    pub(crate) fn is_limited(&self) -> bool {
        !self.options.targets.is_empty() || !self.options.excludes.is_empty()
    }

    fn is_named(&self, address: &AbsInstance) -> bool {
        let targets = &self.options.targets;
        (targets.is_empty() || targets.iter().any(|pattern| pattern.covers(address))) && !self.is_excluded(address)
    }

    fn is_excluded(&self, address: &AbsInstance) -> bool {
        self.options.excludes.iter().any(|pattern| pattern.covers(address))
    }

    /// Tells whether a configured instance is looked at; its block is.
    pub(crate) fn is_selected(&self, address: &AbsInstance) -> bool {
        if !self.is_limited() {
            return true;
        }
        let is_needed = self.scope.get().is_some_and(|scope| scope.whole.contains(&address.resource.block()));
        is_needed && !self.is_excluded(address) || self.is_named(address)
    }

    /// Tells whether all that something was made from was looked at.
    pub(crate) fn is_in_scope(&self, needs: &[Need]) -> bool {
        let Some(scope) = self.scope.get().filter(|_| self.is_limited()) else { return true };
        needs.iter().all(|need| !scope.left_out.contains(&need.resource.block()))
    }

    /// Returns which stored objects that nothing in the configuration asks for any more may be deleted.
    ///
    /// Whatever was made from one of them goes, too, if it is not configured either; and what something that stays was
    /// made from has to stay. Asked only if the plan is limited: all may go otherwise.
    pub(crate) fn may_go<'o>(&self, orphans: impl Iterator<Item = &'o AbsInstance>) -> HashSet<AbsInstance> {
        let left_out = self.scope.get().map(|scope| &scope.left_out);
        let is_left_out = |address: &AbsInstance| {
            !self.options.destroy && left_out.is_some_and(|left_out| left_out.contains(&address.resource.block()))
        };
        let candidates: HashSet<AbsInstance> = orphans.filter(|address| !is_left_out(address)).cloned().collect();
        let mut dependents: HashMap<AbsResource, Vec<AbsInstance>> = HashMap::new();
        for address in &candidates {
            for on in self.dependencies(address) {
                dependents.entry(on.0.resource).or_default().push(address.clone());
            }
        }
        let mut open: Vec<AbsInstance> = candidates.iter().filter(|address| self.is_named(address)).cloned().collect();
        let mut going: HashSet<AbsInstance> = open.iter().cloned().collect();
        while let Some(address) = open.pop() {
            for dependent in dependents.get(&address.resource).into_iter().flatten() {
                let uses = self.dependencies(dependent).iter().any(|on| on.covers(&address));
                if uses && going.insert(dependent.clone()) {
                    open.push(dependent.clone());
                }
            }
        }
        self.keep_what_is_needed(going)
    }

    /// Takes out what excluded objects were made from, and all below it.
    fn keep_what_is_needed(&self, mut going: HashSet<AbsInstance>) -> HashSet<AbsInstance> {
        if self.options.excludes.is_empty() {
            return going;
        }
        let mut by_resource: HashMap<AbsResource, Vec<AbsInstance>> = HashMap::new();
        for address in &going {
            by_resource.entry(address.resource.clone()).or_default().push(address.clone());
        }
        let stored = self.prior.objects().map(|(target, _, _)| target.address);
        let mut open: Vec<AbsInstance> = stored.filter(|address| self.is_excluded(address)).collect();
        going.retain(|address| !self.is_excluded(address));
        while let Some(address) = open.pop() {
            for on in self.dependencies(&address) {
                let kept = by_resource.get(&on.0.resource).into_iter().flatten().filter(|kept| on.covers(kept));
                open.extend(kept.filter(|kept| going.remove(*kept)).cloned());
            }
        }
        going
    }

    fn dependencies(&self, address: &AbsInstance) -> Vec<Dependency> {
        let object = self.prior.instance(address).and_then(|stored| stored.current.as_ref());
        let dependencies = object.into_iter().flat_map(|object| object.dependencies.iter());
        dependencies.filter(|on| on.0.resource.resource.mode == Mode::Managed).cloned().collect()
    }

    /// Says that the plan is not about everything.
    pub(crate) fn say_what_was_left_out(&self) {
        if self.is_limited() {
            let detail = "The plan is only about a part of the configuration, because of -target or -exclude. What is left \
                          out may have changes, too: plan without these options to see them all. They are meant for \
                          recovering from mistakes, not for everyday work.";
            self.report(Diagnostic::warning("Resource targeting is in effect", detail));
        }
    }
}
