//! Character classes of patterns, by the tables of Unicode 15.0.
//!
//! The tables of `regex-syntax` are newer, so everything is cut down to what 15.0 had assigned; the few characters whose
//! properties changed since are put right here.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind, Literal};

use super::scripts::SCRIPTS;

const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P",
    "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// AHOM CONSONANT SIGN MEDIAL RA was a non-spacing mark then.
const AHOM_MEDIAL: char = '\u{1171e}';

/// Letters that count as equal only since Unicode 15.1.
const LATER_EQUAL: [char; 6] = ['\u{390}', '\u{1fd3}', '\u{3b0}', '\u{1fe3}', '\u{fb05}', '\u{fb06}'];

/// Makes the class of some ranges.
pub(super) fn of(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(first, last)| ClassUnicodeRange::new(*first, *last)))
}

/// Makes the class of the range of two code points, which may touch or hold surrogates; those match nothing.
pub(super) fn of_codes(first: u32, last: u32) -> ClassUnicode {
    let below = (first.min(0xd800), last.min(0xd7ff));
    let above = (first.max(0xe000), last.max(0xdfff));
    let ranges = [below, above].into_iter().filter(|(first, last)| first <= last);
    let ranges: Vec<_> =
        ranges.filter_map(|(first, last)| Some((char::from_u32(first)?, char::from_u32(last)?))).collect();
    of(&ranges)
}

/// Returns `\d`, `\s` or `\w`.
pub(super) fn perl(letter: char) -> Option<ClassUnicode> {
    Some(match letter {
        'd' => of(&[('0', '9')]),
        's' => of(&[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')]),
        'w' => of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        _ => return None,
    })
}

/// Returns the class of a name in `[:name:]`.
pub(super) fn posix(name: &str) -> Option<ClassUnicode> {
    Some(match name {
        "alnum" => of(&[('0', '9'), ('A', 'Z'), ('a', 'z')]),
        "alpha" => of(&[('A', 'Z'), ('a', 'z')]),
        "ascii" => of(&[('\0', '\x7f')]),
        "blank" => of(&[('\t', '\t'), (' ', ' ')]),
        "cntrl" => of(&[('\0', '\x1f'), ('\x7f', '\x7f')]),
        "digit" => of(&[('0', '9')]),
        "graph" => of(&[('!', '~')]),
        "lower" => of(&[('a', 'z')]),
        "print" => of(&[(' ', '~')]),
        "punct" => of(&[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        "space" => of(&[('\t', '\r'), (' ', ' ')]),
        "upper" => of(&[('A', 'Z')]),
        "word" => of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
        "xdigit" => of(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
        _ => return None,
    })
}

/// Returns the class of a category or script in `\p{name}`.
pub(super) fn property(name: &str) -> Option<ClassUnicode> {
    if name == "Any" {
        return Some(of(&[('\0', char::MAX)]));
    }
    if name == "Cs" {
        // Surrogates are in no text.
        return Some(ClassUnicode::empty());
    }
    let kind = if CATEGORIES.contains(&name) {
        "gc"
    } else if SCRIPTS.binary_search(&name).is_ok() {
        "sc"
    } else {
        return None;
    };
    let mut class = table(&format!(r"\p{{{kind}={name}}}"))?;
    class.intersect(assigned());
    let medial = of(&[(AHOM_MEDIAL, AHOM_MEDIAL)]);
    match name {
        "Mn" => class.union(&medial),
        "Mc" => class.difference(&medial),
        _ => {}
    }
    Some(class)
}

/// Adds all characters that are equal to one of the class when case does not matter.
pub(super) fn folded(class: &ClassUnicode) -> ClassUnicode {
    let mut others = class.clone();
    others.intersect(assigned());
    others.difference(&of(&LATER_EQUAL.map(|c| (c, c))));
    // A compiler may have dropped the tables; then nothing folds, which the tests would see.
    let _ = others.try_case_fold_simple();
    others.intersect(assigned());
    others.union(class);
    others
}

/// Returns the characters that Unicode 15.0 has.
fn assigned() -> &'static ClassUnicode {
    static ASSIGNED: OnceLock<ClassUnicode> = OnceLock::new();
    ASSIGNED.get_or_init(|| table(r"\p{age=15.0}").unwrap_or_else(|| of(&[('\0', char::MAX)])))
}

fn table(pattern: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(pattern).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        // Classes of one character come as text.
        HirKind::Literal(Literal(text)) => {
            let c = std::str::from_utf8(&text).ok()?.chars().next()?;
            Some(of(&[(c, c)]))
        }
        _ => None,
    }
}
