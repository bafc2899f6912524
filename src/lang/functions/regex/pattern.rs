//! Compiled patterns and their matches.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use regex_automata::meta;
use regex_automata::util::captures::Captures;
use regex_automata::{Input, Span};

use super::parser::{Parsed, parse};

/// Memory for one compiled pattern. Repetitions of large classes can ask for more than there is.
const SIZE_MAX: usize = 1 << 28;

/// Patterns remembered per thread: configurations apply few patterns many times.
const REMEMBERED_MAX: usize = 64;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: meta::Regex,
    groups: Vec<String>,
}

/// Where a pattern matched: the whole first, then its groups.
pub(super) type Match = Vec<Option<Range<usize>>>;

impl Pattern {
    /// Compiles a pattern, or tells what is wrong with it.
    pub(super) fn new(pattern: &str) -> Result<Rc<Pattern>, String> {
        thread_local! {
            static REMEMBERED: RefCell<HashMap<String, Rc<Pattern>>> = RefCell::default();
        }
        if let Some(known) = REMEMBERED.with_borrow(|patterns| patterns.get(pattern).cloned()) {
            return Ok(known);
        }
        let Parsed { hir, groups } = parse(pattern)?;
        let config = meta::Config::new().nfa_size_limit(Some(SIZE_MAX)).onepass_size_limit(Some(1 << 20));
        let regex = meta::Builder::new().configure(config).build_from_hir(&hir).map_err(|_| "it is too large")?;
        let new = Rc::new(Pattern { regex, groups });
        REMEMBERED.with_borrow_mut(|patterns| {
            if patterns.len() >= REMEMBERED_MAX {
                patterns.clear();
            }
            patterns.insert(pattern.to_owned(), new.clone());
        });
        Ok(new)
    }

    /// Returns the names of the groups, empty for those without.
    pub(super) fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Returns the first match that starts at an offset or later.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<Match> {
        let mut captures: Captures = self.regex.create_captures();
        self.regex.search_captures(&Input::new(text).range(from..), &mut captures);
        let whole = captures.get_match()?.range();
        let range = |Span { start, end }: Span| start..end;
        // Groups that cannot match are missing in what was compiled.
        let groups = (1..=self.groups.len()).map(|index| captures.get_group(index).map(range));
        Some(std::iter::once(Some(whole)).chain(groups).collect())
    }

    /// Returns all matches that do not overlap; an empty one does not count right after another.
    pub(super) fn find_all(&self, text: &str) -> Vec<Match> {
        let mut matches = Vec::new();
        let (mut from, mut previous_end) = (0, None);
        while from <= text.len() {
            let Some(found) = self.find(text, from) else { break };
            let Some(whole) = found[0].clone() else { break };
            let accept = whole.end != from || Some(whole.start) != previous_end;
            from = if whole.end == from { next(text, from) } else { whole.end };
            previous_end = Some(whole.end);
            if accept {
                matches.push(found);
            }
        }
        matches
    }

    /// Replaces all matches by what `replacement` writes for them.
    pub(super) fn replace_all(&self, text: &str, mut replacement: impl FnMut(&Match, &mut String)) -> String {
        let mut replaced = String::with_capacity(text.len());
        let (mut copied, mut from) = (0, 0);
        while from <= text.len() {
            let Some(found) = self.find(text, from) else { break };
            let Some(whole) = found[0].clone() else { break };
            replaced.push_str(&text[copied..whole.start]);
            // An empty match right after another one would be replaced twice.
            if whole.end > copied || whole.start == 0 {
                replacement(&found, &mut replaced);
            }
            copied = whole.end;
            from = next(text, from).max(whole.end);
        }
        replaced.push_str(&text[copied.min(text.len())..]);
        replaced
    }
}

/// Returns the offset after the character at an offset; at the end one more, which ends a loop.
fn next(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}
