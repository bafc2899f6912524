//! What really happened when a plan was carried out.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use plan::{Change, Counts, Plan};

use crate::forecast::Bar;

/// A step begins that much after the one that it waited for, in a share of the whole.
const GAP_SHARE: u32 = 20;

/// What really happened.
#[derive(Clone, Debug, Default)]
pub struct Actual {
    /// The steps that were taken, in the order in which they began, from the beginning of the first one.
    pub bars: Vec<Bar>,
    /// How long it took.
    pub took: Duration,
    /// Steps that were not taken, with what failed that they need.
    pub skipped: Vec<(String, String)>,
    /// What was said of it.
    pub problems: Vec<Told>,
    /// How many objects were created, updated, deleted.
    pub done: Counts,
    /// The user wanted it to stop.
    pub is_interrupted: bool,
}

/// A problem as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// It is no mere warning.
    pub is_error: bool,
    /// What is wrong, in short.
    pub summary: String,
    /// What is wrong, and what to do.
    pub detail: String,
    /// What it is about.
    pub address: Option<String>,
}

impl Actual {
    /// Puts the bars in order, finds the critical ones, and counts time from the first one on; it was that of any clock.
    #[must_use]
    pub fn put_in_order(mut self, plan: &Plan) -> Actual {
        let bars = &mut self.bars;
        let first = bars.iter().map(|bar| bar.start).min().unwrap_or_default();
        for bar in bars.iter_mut() {
            bar.start -= first;
            bar.end = bar.end.saturating_sub(first);
        }
        bars.sort_by(|a, b| (a.start, a.end, &a.address, a.doing).cmp(&(b.start, b.end, &b.address, b.doing)));
        self.took = bars.iter().map(|bar| bar.end).max().unwrap_or_default();
        for place in critical(plan, bars, self.took) {
            bars[place].is_critical = true;
        }
        self
    }

    /// Returns those of the steps that were expected which were not begun, and were not skipped for a failure either.
    pub(crate) fn not_begun<'a>(&self, expected: &'a [Bar]) -> Vec<&'a Bar> {
        // A change of a later stage stands in the plan without the keys of its instances.
        let names = |address: &str| [address.to_owned(), resource(address).to_owned()];
        let begun: HashSet<(String, &str)> =
            self.bars.iter().flat_map(|bar| names(&bar.address).map(|name| (name, bar.doing))).collect();
        let skipped: HashSet<String> = self.skipped.iter().flat_map(|(address, _)| names(address)).collect();
        let is_open =
            |bar: &&Bar| !begun.contains(&(bar.address.clone(), bar.doing)) && !skipped.contains(&bar.address);
        expected.iter().filter(is_open).collect()
    }
}

/// Returns the address of a resource, without the key of an instance.
fn resource(address: &str) -> &str {
    if address.ends_with(']') { address.rfind('[').map_or(address, |place| &address[..place]) } else { address }
}

/// Follows from the step that ended last what each one waited for: of what it needs, whatever ended last.
fn critical(plan: &Plan, bars: &[Bar], took: Duration) -> Vec<usize> {
    let changes = plan.changes.iter().chain(plan.deferred.iter().map(|deferred| &deferred.change));
    let by_resource: HashMap<String, &Change> =
        changes.map(|change| (resource(&change.address.to_string()).to_owned(), change)).collect();
    let needs = |bar: &Bar| -> HashSet<String> {
        let change = by_resource.get(resource(&bar.address));
        change.into_iter().flat_map(|change| change.needs.iter().map(|need| need.resource.to_string())).collect()
    };
    let mut chain = Vec::new();
    let mut next = (0..bars.len()).max_by_key(|place| (bars[*place].end, std::cmp::Reverse(*place)));
    while let Some(place) = next.filter(|_| chain.len() < bars.len()) {
        chain.push(place);
        let (own, needed) = (&bars[place], needs(&bars[place]));
        let before = |other: &usize| bars[*other].end <= own.start && !chain.contains(other);
        let latest = |other: &usize| (bars[*other].end, std::cmp::Reverse(*other));
        let needed = (0..bars.len()).filter(before).filter(|other| needed.contains(resource(&bars[*other].address)));
        let any = (0..bars.len()).filter(before).max_by_key(latest);
        // What waited for a free place waited for whatever ended just then.
        let near = any.filter(|other| own.start.saturating_sub(bars[*other].end) <= took / GAP_SHARE);
        next = needed.max_by_key(latest).or(near);
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::{Actual, resource};
    use crate::forecast::Bar;
    use plan::Plan;
    use std::time::Duration;

    #[test]
    fn the_critical_path_goes_back_from_the_step_that_ended_last() {
        let bar = |address: &str, start, end| Bar {
            address: address.into(),
            doing: "create",
            start: Duration::from_secs(start),
            end: Duration::from_secs(end),
            is_critical: false,
            has_failed: false,
        };
        let bars = vec![bar("a.c", 160, 200), bar("a.a", 100, 160), bar("a.b", 100, 130)];
        let actual = Actual { bars, ..Actual::default() }.put_in_order(&Plan::default());
        let shown: Vec<(&str, u64, bool)> =
            actual.bars.iter().map(|bar| (bar.address.as_str(), bar.start.as_secs(), bar.is_critical)).collect();
        assert_eq!(shown, [("a.b", 0, false), ("a.a", 0, true), ("a.c", 60, true)]);
        assert_eq!(actual.took, Duration::from_secs(100));
    }

    #[test]
    fn what_was_planned_and_not_begun_is_known() {
        let bar = |address: &str| Bar {
            address: address.into(),
            doing: "create",
            start: Duration::ZERO,
            end: Duration::ZERO,
            is_critical: false,
            has_failed: false,
        };
        let skipped = vec![("a.d".to_owned(), "a.a".to_owned())];
        let actual = Actual { bars: vec![bar("a.a"), bar("a.b[0]")], skipped, ..Actual::default() };
        let expected: Vec<Bar> = ["a.a", "a.b", "a.b[1]", "a.c", "a.d"].map(bar).into();
        let open: Vec<&str> = actual.not_begun(&expected).iter().map(|bar| bar.address.as_str()).collect();
        assert_eq!(open, ["a.b[1]", "a.c"]);
    }

    #[test]
    fn keys_are_no_part_of_a_resource() {
        assert_eq!(resource("module.a[\"x\"].b.c[\"k\"]"), "module.a[\"x\"].b.c");
        assert_eq!(resource("a.b"), "a.b");
    }
}
