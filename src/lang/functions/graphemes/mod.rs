//! Grapheme clusters: what users call characters, and what string functions count.
//!
//! Not the `unicode-segmentation` crate: its Unicode version moves, and it follows the standard where the reference
//! implementation has quirks of its own (a joiner glues a pictograph to anything that takes extensions).

mod table;

use table::RUNS;

/// How a character takes part in clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Control,
    Extend,
    Joiner,
    Lead,
    LeadVowel,
    LeadVowelTail,
    Newline,
    Other,
    Pictograph,
    Prepend,
    Regional,
    Return,
    Spacing,
    Tail,
    Vowel,
}

use Class::*;

/// Returns the number of grapheme clusters in a text.
pub(crate) fn count(text: &str) -> usize {
    if is_simple(text) {
        return text.len();
    }
    iter(text).count()
}

/// Returns the clusters of a text in order.
pub(crate) fn iter(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = first_length(rest)?;
        let (cluster, tail) = rest.split_at(length);
        rest = tail;
        Some(cluster)
    })
}

/// Returns the byte offset after `clusters` clusters, or nothing if the text has fewer.
pub(crate) fn offset(text: &str, clusters: usize) -> Option<usize> {
    if is_simple(text) {
        return (clusters <= text.len()).then_some(clusters);
    }
    let mut at = 0;
    for _ in 0..clusters {
        at += first_length(&text[at..])?;
    }
    Some(at)
}

/// Returns the part of a known beginning that holds whatever comes after it: without the last cluster, which more
/// characters could change, unless it is a delimiter.
pub(crate) fn safe_prefix(text: &str) -> &str {
    const DELIMITERS: &str = "-_:;/\\,.(){}[]|?!~ \t@#$%^&*+\"'";
    let last = iter(text).last().unwrap_or_default();
    let mut characters = last.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) if DELIMITERS.contains(c) => text,
        _ => &text[..text.len() - last.len()],
    }
}

/// Tells whether every byte is a cluster.
fn is_simple(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii() && b != b'\r')
}

/// Returns the length in bytes of the first cluster, or nothing for an empty text.
fn first_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes {
        [] => return None,
        [b'\r', b'\n', ..] => return Some(2),
        [b'\r', ..] => return Some(1),
        [first, second, ..] if first.is_ascii() && second.is_ascii() => return Some(1),
        _ => {}
    }
    let mut scan = Scan { text, at: 0 };
    if scan.many(&[Prepend]) {
        let start = scan.at;
        if !scan.body() {
            scan.at = start;
        }
        return Some(scan.at);
    }
    if !scan.body() {
        scan.skip();
    }
    Some(scan.at)
}

fn class(c: char) -> Class {
    let code = u32::from(c);
    match code {
        0x20..0x7f => return Other,
        // The mark for undecodable text stands alone.
        0xfffd => return Control,
        0xac00..=0xd7a3 => return if (code - 0xac00) % 28 == 0 { LeadVowel } else { LeadVowelTail },
        _ => {}
    }
    let index = RUNS.partition_point(|run| run.1 < code);
    match RUNS.get(index) {
        Some(&(first, _, class)) if first <= code => class,
        _ => Other,
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<Class> {
        self.text[self.at..].chars().next().map(class)
    }

    fn skip(&mut self) {
        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
    }

    fn one(&mut self, wanted: Class) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.skip();
        }
        found
    }

    fn many(&mut self, wanted: &[Class]) -> bool {
        let start = self.at;
        while self.peek().is_some_and(|class| wanted.contains(&class)) {
            self.skip();
        }
        self.at > start
    }

    /// Takes a cluster that does not begin with prepended characters; nothing before what breaks by itself.
    fn body(&mut self) -> bool {
        match self.peek() {
            None | Some(Control | Newline | Return | Prepend) => return false,
            Some(Lead | LeadVowel | LeadVowelTail | Tail | Vowel) => self.hangul(),
            Some(Pictograph) => self.skip(),
            Some(Regional) => {
                self.skip();
                self.one(Regional);
            }
            Some(Joiner | Other | Extend | Spacing) => {
                self.skip();
                self.many(&[Extend, Joiner, Spacing]);
                return true;
            }
        }
        self.extension();
        true
    }

    fn hangul(&mut self) {
        let lead = self.many(&[Lead]);
        if self.one(LeadVowel) {
            let vowels = self.many(&[Vowel]);
            // After leading consonants a syllable of two parts takes a tail only with another vowel between.
            if vowels || !lead {
                self.many(&[Tail]);
            }
        } else if self.one(LeadVowelTail) || self.many(&[Vowel]) || !lead {
            self.many(&[Tail]);
        }
    }

    /// Takes what extends a cluster; a joiner brings the pictograph after it along.
    fn extension(&mut self) {
        loop {
            if self.many(&[Extend, Spacing]) {
                continue;
            }
            if !self.one(Joiner) {
                return;
            }
            if self.one(Pictograph) {
                self.many(&[Extend]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{count, iter, offset, safe_prefix};

    #[track_caller]
    fn check(text: &str, clusters: &[&str]) {
        assert_eq!(iter(text).collect::<Vec<_>>(), clusters, "of {text:?}");
        assert_eq!(count(text), clusters.len());
        assert_eq!(offset(text, clusters.len()), Some(text.len()));
        assert_eq!(offset(text, clusters.len() + 1), None);
    }

    #[test]
    fn line_ends_of_two_characters_are_one_cluster() {
        check("a\r\nb\r\r\n", &["a", "\r\n", "b", "\r", "\r\n"]);
    }

    #[test]
    fn marks_stay_with_their_base() {
        check("e\u{301}x", &["e\u{301}", "x"]);
        check("\u{301}", &["\u{301}"]);
        check("क्षि", &["क्", "षि"]);
    }

    #[test]
    fn emoji_sequences_and_flags_are_one_cluster() {
        check("👨\u{200d}👩\u{200d}👧👋🏽", &["👨\u{200d}👩\u{200d}👧", "👋🏽"]);
        check("🇩🇪🇫🇷🇮", &["🇩🇪", "🇫🇷", "🇮"]);
    }

    #[test]
    fn hangul_syllables_are_joined_from_their_parts() {
        check("\u{1100}\u{1161}\u{11a8}각", &["\u{1100}\u{1161}\u{11a8}", "각"]);
        check("\u{1100}\u{ac00}\u{11a8}", &["\u{1100}\u{ac00}", "\u{11a8}"]);
    }

    #[test]
    fn a_prefix_is_safe_up_to_the_last_cluster_or_delimiter() {
        // As go-cty 1.16's `SafeKnownPrefix` has it.
        for (text, safe) in [("hello", "hell"), ("a1-", "a1-"), ("<", ""), ("日本", "日"), ("ab\r", "ab"), ("-👍", "-")]
        {
            assert_eq!(safe_prefix(text), safe);
        }
    }

    #[test]
    fn prepended_characters_take_what_follows() {
        check("\u{600}1\u{600}\n", &["\u{600}1", "\u{600}", "\n"]);
    }

    #[test]
    fn a_joiner_glues_a_pictograph_to_a_syllable_but_not_to_a_letter() {
        check("\u{1161}\u{200d}©", &["\u{1161}\u{200d}©"]);
        check("a\u{200d}©", &["a\u{200d}", "©"]);
    }
}
