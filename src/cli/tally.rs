//! What became of the steps of an apply, for the report at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::progress::spoken;
use crate::render::counted;

/// An apply that took longer ends with its slowest steps.
const LONG: Duration = Duration::from_secs(10);

/// So many of the slowest steps are told.
const SLOWEST: usize = 5;

/// So many addresses are told of those that failed, and of those that were skipped because of one.
const NAMES: usize = 5;

/// What became of the steps.
#[derive(Default)]
pub(crate) struct Tally {
    /// When the first step began, and when the last one ended.
    began: Option<Duration>,
    ended: Duration,
    done: usize,
    /// The slowest steps, the slowest first.
    slowest: Vec<(Duration, String)>,
    failed: Vec<String>,
    /// What was skipped, by what it needs that failed.
    skipped: BTreeMap<String, Vec<String>>,
}

impl Tally {
    /// A step begins.
    pub(crate) fn begin(&mut self, now: Duration) {
        self.began.get_or_insert(now);
    }

    /// A step has ended.
    pub(crate) fn end(&mut self, now: Duration, took: Duration, name: impl FnOnce() -> String) {
        self.ended = now;
        self.done += 1;
        let is_slow = self.slowest.last().is_none_or(|(last, _)| self.slowest.len() < SLOWEST || took > *last);
        if is_slow {
            let place = self.slowest.partition_point(|(other, _)| *other >= took);
            self.slowest.insert(place, (took, name()));
            self.slowest.truncate(SLOWEST);
        }
    }

    /// A step has failed.
    pub(crate) fn fail(&mut self, now: Duration, name: String) {
        self.ended = now;
        self.failed.push(name);
    }

    /// A step was skipped because of another change.
    pub(crate) fn skip(&mut self, name: String, cause: &str) {
        self.skipped.entry(cause.to_owned()).or_default().push(name);
    }

    /// Returns how many steps have ended.
    pub(crate) fn over(&self) -> usize {
        self.done + self.failed.len() + self.skipped.values().map(Vec::len).sum::<usize>()
    }

    /// Says what took longest, if it took long.
    pub(crate) fn slowest(&self) -> String {
        let whole = self.ended.saturating_sub(self.began.unwrap_or_default());
        if whole < LONG || self.done < 2 {
            return String::new();
        }
        let mut text = format!("\nTook {}. The slowest steps:\n", spoken(whole));
        for (took, name) in &self.slowest {
            text.push_str(&format!("{:>10}  {name}\n", spoken(*took)));
        }
        text
    }

    /// Says what failed, what was skipped because of it, and what to run next; nothing if nothing failed.
    pub(crate) fn unfinished(&self) -> String {
        if self.failed.is_empty() {
            return String::new();
        }
        let skipped: usize = self.skipped.values().map(Vec::len).sum();
        let mut text =
            format!("\nNot everything was done: {} done, {} failed", counted(self.done, "step"), self.failed.len());
        text.push_str(&if skipped > 0 { format!(", {skipped} skipped.\n\n") } else { ".\n\n".to_owned() });
        text.push_str(&format!("  Failed:\n{}", names(&self.failed)));
        for (cause, skipped) in &self.skipped {
            text.push_str(&format!("  Skipped because of {cause}:\n{}", names(skipped)));
        }
        text.push_str(
            "\nWhat was done is in the state. When the cause is gone, run the same command again:\nit goes on from here.\n",
        );
        text
    }
}

fn names(all: &[String]) -> String {
    let mut text: String = all.iter().take(NAMES).map(|name| format!("    {name}\n")).collect();
    if all.len() > NAMES {
        text.push_str(&format!("    and {} more\n", all.len() - NAMES));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_slowest_steps_are_told_after_a_long_apply() {
        let mut tally = Tally::default();
        tally.begin(seconds(100));
        for took in [1, 9, 3, 70, 2, 4] {
            tally.end(seconds(170), seconds(took), || format!("a.b{took} (create)"));
        }
        let expected = "\nTook 1m10s. The slowest steps:\n     1m10s  a.b70 (create)\n        9s  a.b9 (create)\n        \
                        4s  a.b4 (create)\n        3s  a.b3 (create)\n        2s  a.b2 (create)\n";
        assert_eq!(tally.slowest(), expected);
        assert_eq!(tally.unfinished(), "");
    }

    #[test]
    fn a_short_apply_ends_without_them() {
        let mut tally = Tally::default();
        tally.begin(seconds(100));
        tally.end(seconds(104), seconds(4), || "a.b".to_owned());
        tally.end(seconds(105), seconds(4), || "a.c".to_owned());
        assert_eq!(tally.slowest(), "");
    }

    #[test]
    fn a_failure_is_told_with_what_was_skipped_because_of_it() {
        let mut tally = Tally::default();
        tally.begin(seconds(1));
        tally.end(seconds(2), seconds(1), || "a.b".to_owned());
        tally.fail(seconds(3), "a.c (create)".to_owned());
        (0..7).for_each(|number| tally.skip(format!("a.d[{number}]"), "a.c"));
        let expected = "\nNot everything was done: 1 step done, 1 failed, 7 skipped.\n\n  Failed:\n    a.c (create)\n  \
                        Skipped because of a.c:\n    a.d[0]\n    a.d[1]\n    a.d[2]\n    a.d[3]\n    a.d[4]\n    and 2 \
                        more\n\nWhat was done is in the state. When the cause is gone, run the same command again:\nit goes on from here.\n";
        assert_eq!(tally.unfinished(), expected);
    }
}
