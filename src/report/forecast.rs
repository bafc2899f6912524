//! What a plan is like for people, cluster by cluster.

use std::time::Duration;

use apply::Doing;
use plan::{Action, Plan};
use sdk::{Costs, Disruption};

use crate::cost::{self, Line};
use crate::groups::{self, Groups, Planned};
use crate::money::Cost;
use crate::prices::Prices;
use crate::timeline;

/// What a plan is like for people.
#[derive(Clone, Debug, Default)]
pub struct Forecast {
    /// The clusters that it is about, by name; what belongs to none comes first, without a name.
    pub groups: Vec<Group>,
    /// Its steps in the order in which they would start.
    pub bars: Vec<Bar>,
    /// How long all of it takes.
    pub takes: Duration,
    /// What all that is managed costs for an hour.
    pub before: Cost,
    /// What it will cost.
    pub after: Cost,
    /// The price lists: their dates, and where they are from.
    pub sources: Vec<(String, String)>,
}

/// What a plan is like for one cluster.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// The address of the cluster's block or object; empty for what belongs to none.
    pub name: String,
    /// So many objects are created, changed, replaced or deleted.
    pub changes: usize,
    /// The worst that happens to its users.
    pub disruption: Disruption,
    /// The changes that disrupt something, by their addresses.
    pub disrupting: Vec<(String, Disruption)>,
    /// After so long its last change is done.
    pub ends: Duration,
    /// Changes that take several steps, or one that is told of.
    pub steps: Vec<Steps>,
    /// What is paid for.
    pub lines: Vec<Line>,
    /// What it costs for an hour.
    pub before: Cost,
    /// What it will cost.
    pub after: Cost,
}

/// The steps of a change.
#[derive(Clone, Debug)]
pub struct Steps {
    /// Its address.
    pub address: String,
    /// What is done one after the other.
    pub steps: Vec<sdk::OutlookStep>,
}

/// A step in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The address of its change.
    pub address: String,
    /// What it does, in a word.
    pub doing: &'static str,
    /// When it begins, from the start of the apply.
    pub start: Duration,
    /// When it ends.
    pub end: Duration,
    /// Were it shorter, the whole would be.
    pub is_critical: bool,
    /// It went wrong.
    pub has_failed: bool,
}

/// Says how much a plan does.
pub fn extent(plan: &Plan) -> String {
    let has_work = plan.changes.iter().any(|change| !change.is_nothing()) || !plan.deferred.is_empty();
    match (has_work, plan.deferred.len()) {
        (true, 0) => plan.counts().to_string(),
        (true, deferred) => format!("{}; {deferred} deferred", plan.counts()),
        (false, _) if plan.is_empty() => "no changes".to_owned(),
        (false, _) => "nothing but outputs or the state changes".to_owned(),
    }
}

/// Tells whether there is anything that people should hear of a plan beside its changes.
pub fn has_news(plan: &Plan) -> bool {
    let deferred = plan.deferred.iter().map(|deferred| &deferred.change);
    plan.changes.iter().chain(deferred).any(|change| {
        let Some(outlook) = change.outlook.as_ref().filter(|_| !change.is_nothing()) else { return false };
        let is_disrupting = outlook.disruption != Disruption::None || !outlook.steps.is_empty();
        is_disrupting
            || outlook.before.charges != outlook.after.charges
            || is_explained_anew(&outlook.before, &outlook.after)
    })
}

/// Tells whether other objects cost something else by what an object says of words.
fn is_explained_anew(before: &Costs, after: &Costs) -> bool {
    !before.meanings.is_empty() && !after.meanings.is_empty() && before.meanings != after.meanings
}

impl Forecast {
    /// Makes the forecast of a plan.
    pub fn of(plan: &Plan, prices: &Prices, parallelism: usize) -> Forecast {
        let planned = groups::all(plan);
        let groups = Groups::of(&planned);
        let spans = timeline::timeline(plan, parallelism);
        let mut found: Vec<Group> = cost::lines(&planned, &groups, prices).into_iter().map(Group::of_lines).collect();
        for (group, name) in found.iter_mut().zip(&groups.names) {
            group.name.clone_from(name);
        }
        for (place, planned) in planned.iter().enumerate() {
            found[groups.of[place]].take_in(planned);
        }
        for span in &spans {
            let group = &mut found[groups.of[span.change]];
            group.ends = group.ends.max(span.end);
        }
        let bars = spans.iter().map(|span| Bar {
            address: planned[span.change].address(),
            doing: doing(planned[span.change].change.action, span.doing),
            start: span.start,
            end: span.end,
            is_critical: span.is_critical,
            has_failed: false,
        });
        Forecast {
            bars: bars.collect(),
            takes: spans.iter().map(|span| span.end).max().unwrap_or_default(),
            before: found.iter().fold(Cost::default(), |sum, group| sum.plus(group.before)),
            after: found.iter().fold(Cost::default(), |sum, group| sum.plus(group.after)),
            groups: found.into_iter().filter(|group| group.changes > 0 || !group.lines.is_empty()).collect(),
            sources: prices.sources().map(|(date, source)| (date.to_owned(), source.to_owned())).collect(),
        }
    }

    /// Returns the worst that happens to anyone.
    pub fn disruption(&self) -> Disruption {
        self.groups.iter().map(|group| group.disruption).max().unwrap_or_default()
    }
}

impl Group {
    /// Returns what it is called.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { "everything else" } else { &self.name }
    }

    /// Returns the changes that disrupt something without steps that would tell of it.
    pub(crate) fn disrupting_at_once(&self) -> impl Iterator<Item = (&str, Disruption)> {
        let has_steps = |address: &str| self.steps.iter().any(|change| change.address == address);
        let disrupting = self.disrupting.iter().map(|(address, disruption)| (address.as_str(), *disruption));
        disrupting.filter(move |(address, _)| !has_steps(address))
    }

    fn of_lines(lines: Vec<Line>) -> Group {
        let sum = |cost: fn(&Line) -> Cost| lines.iter().map(cost).fold(Cost::default(), Cost::plus);
        Group { before: sum(|line| line.cost_before), after: sum(|line| line.cost_after), lines, ..Group::default() }
    }

    fn take_in(&mut self, planned: &Planned<'_>) {
        let change = planned.change;
        self.changes += usize::from(!change.is_nothing() && change.action != Action::Read);
        let Some(outlook) = change.outlook.as_ref().filter(|_| !change.is_nothing()) else { return };
        self.disruption = self.disruption.max(outlook.disruption);
        if outlook.disruption != Disruption::None {
            self.disrupting.push((planned.address(), outlook.disruption));
        }
        if !outlook.steps.is_empty() {
            self.steps.push(Steps { address: planned.address(), steps: outlook.steps.clone() });
        }
    }
}

/// Says what a step of a change does.
pub fn doing(action: Action, doing: Doing) -> &'static str {
    match (doing, action) {
        (Doing::Delete, Action::Forget) => "forget",
        (Doing::Delete, _) => "delete",
        (Doing::Make, Action::Update) => "update",
        (Doing::Make, Action::Read) => "read",
        (Doing::Make, _) => "create",
    }
}

/// Says how bad something is.
pub fn word(disruption: Disruption) -> &'static str {
    match disruption {
        Disruption::None => "none",
        Disruption::Rolling => "rolling",
        Disruption::Outage => "outage",
    }
}

/// Returns a duration as people say it; usual durations are no more exact than that.
pub fn about(duration: Duration) -> String {
    match duration.as_secs() {
        0 if duration.is_zero() => "0 min".to_owned(),
        0..60 => "<1 min".to_owned(),
        seconds if seconds < 3600 * 2 => format!("~{} min", seconds.div_ceil(60)),
        seconds => format!("~{}.{} h", seconds / 3600, seconds % 3600 / 360),
    }
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;
