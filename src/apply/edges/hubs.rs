//! Hubs: idle steps between many steps and all those of a resource that they depend on.
//!
//! Where each of many steps comes before or after all steps of a resource, a hub between the two sides says so with as
//! many links as there are steps, not as there are pairs.

use std::collections::HashSet;
use std::rc::Rc;

use addr::AbsInstance;
use plan::Action;
use state::Dependency;

use super::{Doing, Edges, Index, PlannedStep};

/// So many steps of a resource have a hub; with fewer, plain links are no more.
pub(super) const HUB_FROM: usize = 3;

/// A hub of more pairs than this is not taken apart to find the one link that contradicts others.
const PAIRS_LIMIT: usize = 1_000_000;

/// What a step has to do with the steps of something that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// It is made after they are made.
    Configured,
    /// It is made before what was set aside is deleted.
    Replaced,
    /// It is updated before what it no longer uses is deleted.
    NoLongerUsed,
    /// It is deleted before they are.
    Deleted,
    /// It is deleted before they are updated.
    Updated,
    /// It is the last use of itself, and so before their last uses.
    LastUse,
}

impl Rule {
    fn rank(self) -> u8 {
        match self {
            Rule::Configured => 0,
            Rule::Deleted => 1,
            Rule::Replaced | Rule::NoLongerUsed | Rule::LastUse => 2,
            Rule::Updated => 3,
        }
    }
}

/// The steps that a rule is about, of all that one dependency means.
#[derive(Clone)]
pub(super) struct Group {
    members: Rc<[u32]>,
    hub: Option<u32>,
}

impl Edges<'_> {
    /// Orders a step and all that it depends on by one dependency.
    pub(super) fn link(&mut self, rule: Rule, on: &AbsInstance, step: u32) {
        let own = self.steps[step as usize].change;
        let dependent = &self.plan.changes[own as usize].address;
        let Some(name) = self.index(rule).meant(on, dependent) else { return };
        let is_same_block = name.resource.resource == dependent.resource.resource;
        let is_inside = is_same_block && Dependency(name.clone()).covers(dependent);
        let group = self.group(rule, name);
        if let Some(hub) = group.hub.filter(|_| !is_inside) {
            return self.order(rule, hub, step);
        }
        for member in group.members.iter().copied() {
            if self.steps[member as usize].change != own {
                self.order(rule, member, step);
            }
        }
    }

    /// Says for one pair what the rule says.
    fn order(&mut self, rule: Rule, on: u32, step: u32) {
        match rule {
            Rule::Configured => self.wait(step, on, rule.rank()),
            _ => self.wait(on, step, rule.rank()),
        }
    }

    fn index(&self, rule: Rule) -> &Index {
        match rule {
            Rule::Configured | Rule::Updated => &self.makes,
            Rule::Replaced | Rule::NoLongerUsed | Rule::Deleted => &self.deletes,
            Rule::LastUse => &self.lasts,
        }
    }

    fn group(&mut self, rule: Rule, name: AbsInstance) -> Group {
        let key = (rule, name);
        if let Some(known) = self.groups.get(&key) {
            return known.clone();
        }
        let found = self.index(rule).of(&key.1);
        let members: Rc<[u32]> = found.into_iter().filter(|member| self.is_about(rule, *member)).collect();
        let hub = (members.len() >= self.hub_from).then(|| self.add_hub(rule, &members));
        let group = Group { members, hub };
        self.groups.insert(key, group.clone());
        group
    }

    fn is_about(&self, rule: Rule, member: u32) -> bool {
        let action = self.change(member).action;
        match rule {
            Rule::Configured | Rule::Deleted | Rule::LastUse => true,
            Rule::Replaced => self.is_set_aside(member),
            Rule::NoLongerUsed => matches!(action, Action::Delete | Action::Forget) || self.is_set_aside(member),
            Rule::Updated => action == Action::Update,
        }
    }

    fn add_hub(&mut self, rule: Rule, members: &[u32]) -> u32 {
        let hub = self.steps.len() as u32;
        let change = members.first().map_or(0, |member| self.steps[*member as usize].change);
        self.steps.push(PlannedStep { change, doing: Doing::Make, creates_first: false, is_idle: true });
        self.needs.push(Vec::new());
        for member in members.iter().copied() {
            // The hub is to the members what a step is to them that stands on its other side.
            self.order(rule, member, hub);
        }
        hub
    }

    /// Takes hubs apart that are in knots, so that single links can be left out there; tells whether there were any.
    pub(super) fn dissolve(&mut self, knots: &[Vec<u32>]) -> bool {
        let hubs: HashSet<u32> = knots.iter().flatten().copied().filter(|step| *step >= self.first_hub).collect();
        if hubs.is_empty() {
            return false;
        }
        let mut later: Vec<(u32, u32)> = Vec::new();
        for (step, needs) in (0u32..).zip(&self.needs) {
            later.extend(needs.iter().filter(|(need, _)| hubs.contains(need)).map(|(need, _)| (*need, step)));
        }
        later.sort_unstable();
        let mut is_any = false;
        for of_hub in later.chunk_by(|a, b| a.0 == b.0) {
            let hub = of_hub[0].0;
            if self.needs[hub as usize].len().saturating_mul(of_hub.len()) > PAIRS_LIMIT {
                continue;
            }
            is_any = true;
            let before = std::mem::take(&mut self.needs[hub as usize]);
            for (_, step) in of_hub {
                let needs = &mut self.needs[*step as usize];
                needs.retain(|(need, _)| *need != hub);
                needs.extend_from_slice(&before);
                needs.sort_unstable();
                needs.dedup_by_key(|(need, _)| *need);
            }
        }
        is_any
    }
}
