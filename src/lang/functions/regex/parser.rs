//! Reads patterns in RE2 syntax, as Go has it, into the form that `regex-automata` compiles.
//!
//! The parser of `regex-syntax` is no use: it takes patterns that RE2 refuses, refuses some that RE2 takes (octal escapes,
//! `\Q...\E`, `\C`-less classes), and means other things by `\d`, `\w` and `\b`. So only its tree and tables are used.
//! Groups are kept on a stack of our own: a deeply nested pattern must not overflow the program's.

use regex_syntax::hir::{Capture, Class, ClassUnicode, Hir, Look, Repetition};

use super::classes;
use super::escapes::{self, Escape};

/// Greatest count in `{n,m}`, also of nested ones multiplied.
const REPEAT_MAX: u32 = 1000;

/// Greatest depth of nested expressions.
const HEIGHT_MAX: usize = 1000;

/// A pattern that has been read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// The names of the groups in order, without the whole match; empty for groups without name.
    pub(super) groups: Vec<String>,
}

/// Reads a pattern, or tells what is wrong with it.
pub(super) fn parse(pattern: &str) -> Result<Parsed, String> {
    let mut parser = Parser { rest: pattern, flags: Flags::default(), stack: vec![Group::default()], groups: vec![] };
    let mut repeated = None;
    while let Some(c) = parser.rest.chars().next() {
        repeated = parser.step(c, repeated)?;
    }
    parser.finish()
}

#[derive(Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    swap_greedy: bool,
}

/// An expression with what the limits need to know.
struct Item {
    hir: Hir,
    height: usize,
    /// The product of nested repetition counts inside.
    repeats: u32,
}

/// A group that is open.
#[derive(Default)]
struct Group {
    /// Complete alternatives before the current one.
    alternatives: Vec<Item>,
    current: Vec<Item>,
    /// What holds again after the group.
    flags: Flags,
    capture: Option<u32>,
}

impl Group {
    fn end_alternative(&mut self) -> Result<(), String> {
        let items = std::mem::take(&mut self.current);
        self.alternatives.push(combine(items, Hir::concat)?);
        Ok(())
    }
}

fn combine(items: Vec<Item>, make: fn(Vec<Hir>) -> Hir) -> Result<Item, String> {
    let above = usize::from(items.len() != 1);
    let height = items.iter().map(|item| item.height).max().unwrap_or(0) + above;
    let repeats = items.iter().map(|item| item.repeats).max().unwrap_or(1);
    limited(Item { hir: make(items.into_iter().map(|item| item.hir).collect()), height, repeats })
}

fn limited(item: Item) -> Result<Item, String> {
    if item.height > HEIGHT_MAX {
        return Err(format!("it nests deeper than {HEIGHT_MAX} levels"));
    }
    Ok(item)
}

struct Parser<'a> {
    rest: &'a str,
    flags: Flags,
    /// Never empty: the first is the whole pattern.
    stack: Vec<Group>,
    groups: Vec<String>,
}

impl<'a> Parser<'a> {
    /// Takes what begins with `c`. Gets the repetition operator just before, if there was one, and returns this one.
    fn step(&mut self, c: char, repeated: Option<&'a str>) -> Result<Option<&'a str>, String> {
        match c {
            '(' if self.rest.starts_with("(?") => self.flag_group()?,
            '(' => {
                self.skip(1);
                self.open_capture(String::new());
            }
            '|' => {
                self.skip(1);
                self.top().end_alternative()?;
            }
            ')' => self.close()?,
            '^' => self.look(if self.flags.multi_line { Look::StartLF } else { Look::Start }, 1),
            '$' => self.look(if self.flags.multi_line { Look::EndLF } else { Look::End }, 1),
            '.' => {
                self.skip(1);
                let class = if self.flags.dot_newline {
                    classes::of(&[('\0', char::MAX)])
                } else {
                    classes::of(&[('\0', '\t'), ('\u{b}', char::MAX)])
                };
                self.push_class(class);
            }
            '[' => self.bracket()?,
            '*' | '+' | '?' | '{' => return self.repeat(c, repeated),
            '\\' => self.escape()?,
            _ => {
                self.skip(c.len_utf8());
                self.push_char(u32::from(c));
            }
        }
        Ok(None)
    }

    fn finish(mut self) -> Result<Parsed, String> {
        if self.stack.len() > 1 {
            return Err("a closing parenthesis is missing".into());
        }
        let mut whole = self.stack.pop().unwrap_or_default();
        whole.end_alternative()?;
        let hir = combine(whole.alternatives, Hir::alternation)?.hir;
        Ok(Parsed { hir, groups: self.groups })
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn top(&mut self) -> &mut Group {
        if self.stack.is_empty() {
            self.stack.push(Group::default());
        }
        let last = self.stack.len() - 1;
        &mut self.stack[last]
    }

    fn push(&mut self, hir: Hir) {
        self.top().current.push(Item { hir, height: 1, repeats: 1 });
    }

    fn push_class(&mut self, class: ClassUnicode) {
        self.push(Hir::class(Class::Unicode(class)));
    }

    fn push_char(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(c) if !self.flags.fold_case => {
                self.push(Hir::literal(c.to_string().into_bytes()));
            }
            Some(c) => self.push_class(classes::folded(&classes::of(&[(c, c)]))),
            None => self.push(Hir::fail()),
        }
    }

    fn look(&mut self, look: Look, bytes: usize) {
        self.skip(bytes);
        self.push(Hir::look(look));
    }

    fn open_capture(&mut self, name: String) {
        self.groups.push(name);
        let capture = u32::try_from(self.groups.len()).ok();
        self.stack.push(Group { flags: self.flags, capture, ..Group::default() });
    }

    fn close(&mut self) -> Result<(), String> {
        if self.stack.len() < 2 {
            return Err("there is a closing parenthesis without an opening one".into());
        }
        self.skip(1);
        let mut group = self.stack.pop().unwrap_or_default();
        group.end_alternative()?;
        self.flags = group.flags;
        let mut item = combine(group.alternatives, Hir::alternation)?;
        if let Some(index) = group.capture {
            // Names are kept here only: the engine does not take one twice.
            item.hir = Hir::capture(Capture { index, name: None, sub: Box::new(item.hir) });
            item.height += 1;
        }
        self.top().current.push(limited(item)?);
        Ok(())
    }

    /// Takes `(?P<name>`, `(?<name>`, `(?flags:` or `(?flags)`.
    fn flag_group(&mut self) -> Result<(), String> {
        let rest = self.rest;
        if let Some(tail) = rest.strip_prefix("(?P<").or_else(|| rest.strip_prefix("(?<")) {
            let name = tail.split_once('>').map(|(name, _)| name);
            let valid = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let Some(name) = name.filter(valid) else {
                let around = ["(?<=", "(?<!"].iter().any(|start| rest.starts_with(start));
                let reason = if around { ", and RE2 cannot look around" } else { "" };
                return Err(format!("{:?} does not name a group{reason}", shorten(rest)));
            };
            self.rest = &tail[name.len() + 1..];
            self.open_capture(name.to_owned());
            return Ok(());
        }
        let before = self.flags;
        let (mut value, mut seen, mut negated) = (true, false, false);
        for (at, c) in rest.char_indices().skip(2) {
            match c {
                'i' => self.flags.fold_case = value,
                'm' => self.flags.multi_line = value,
                's' => self.flags.dot_newline = value,
                'U' => self.flags.swap_greedy = value,
                '-' if !negated => (value, negated, seen) = (false, true, false),
                ':' | ')' if !negated || seen => {
                    self.skip(at + 1);
                    if c == ':' {
                        self.stack.push(Group { flags: before, ..Group::default() });
                    }
                    return Ok(());
                }
                _ => break,
            }
            seen |= c != '-';
        }
        let around = ["(?=", "(?!"].iter().any(|start| rest.starts_with(start));
        let reason = if around { ", since RE2 cannot look around" } else { "" };
        Err(format!("{:?} is not supported{reason}", shorten(rest)))
    }

    fn repeat(&mut self, c: char, repeated: Option<&'a str>) -> Result<Option<&'a str>, String> {
        let whole = self.rest;
        let (min, max, length) = match c {
            '*' => (0, None, 1),
            '+' => (1, None, 1),
            '?' => (0, Some(1), 1),
            _ => match escapes::counts(whole) {
                Some(counts) => counts,
                None => {
                    self.skip(1);
                    self.push_char(u32::from('{'));
                    return Ok(None);
                }
            },
        };
        if min > REPEAT_MAX || max.is_some_and(|max| max > REPEAT_MAX || max < min) {
            let shown = &whole[..length];
            return Err(format!("the counts of {shown:?} are not in order or above {REPEAT_MAX}"));
        }
        self.skip(length);
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.skip(1);
        }
        let operator = &whole[..whole.len() - self.rest.len()];
        if let Some(before) = repeated {
            return Err(format!("{:?} follows another repetition", format!("{before}{operator}")));
        }
        let greedy = lazy == self.flags.swap_greedy;
        let Some(item) = self.top().current.pop() else {
            return Err(format!("there is nothing before {operator:?} to repeat"));
        };
        let repeats = match (c, max) {
            ('{', Some(0)) => 1,
            ('{', _) => item.repeats.saturating_mul(max.unwrap_or(min).max(1)),
            _ => item.repeats,
        };
        if repeats > REPEAT_MAX {
            return Err(format!("with {operator:?} the nested counts multiply to more than {REPEAT_MAX}"));
        }
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(item.hir) });
        let item = limited(Item { hir, height: item.height + 1, repeats })?;
        self.top().current.push(item);
        Ok(Some(operator))
    }

    fn escape(&mut self) -> Result<(), String> {
        let rest = self.rest;
        if let Some(tail) = rest.strip_prefix("\\Q") {
            let (text, after) = tail.split_once("\\E").unwrap_or((tail, ""));
            for c in text.chars() {
                self.push_char(u32::from(c));
            }
            self.rest = after;
            return Ok(());
        }
        match rest.chars().nth(1) {
            Some('A') => self.look(Look::Start, 2),
            Some('z') => self.look(Look::End, 2),
            Some('b') => self.look(Look::WordAscii, 2),
            Some('B') => self.look(Look::WordAsciiNegate, 2),
            _ => {
                let (escape, length) = escapes::read(rest, self.flags.fold_case)?;
                self.skip(length);
                match escape {
                    Escape::Class(class) => self.push_class(class),
                    Escape::Code(code) => self.push_char(code),
                }
            }
        }
        Ok(())
    }

    fn bracket(&mut self) -> Result<(), String> {
        let whole = self.rest;
        let missing = || format!("the closing bracket of {:?} is missing", shorten(whole));
        self.skip(1);
        let negated = self.rest.starts_with('^');
        if negated {
            self.skip(1);
        }
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if self.rest.is_empty() {
                return Err(missing());
            }
            if let Some((named, length)) = escapes::class_in_bracket(self.rest, self.flags.fold_case)? {
                class.union(&named);
                self.skip(length);
                continue;
            }
            let start = self.rest;
            let low = self.class_char().ok_or_else(missing)??;
            let mut high = low;
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1 {
                self.skip(1);
                high = self.class_char().ok_or_else(missing)??;
            }
            if high < low {
                let shown = &start[..start.len() - self.rest.len()];
                return Err(format!("the range {shown:?} is not in order"));
            }
            let range = classes::of_codes(low, high);
            class.union(&if self.flags.fold_case { classes::folded(&range) } else { range });
        }
        self.skip(1);
        if negated {
            class.negate();
        }
        self.push_class(class);
        Ok(())
    }

    /// Takes one character of a class; nothing at the end of the pattern.
    fn class_char(&mut self) -> Option<Result<u32, String>> {
        let c = self.rest.chars().next()?;
        if c != '\\' {
            self.skip(c.len_utf8());
            return Some(Ok(u32::from(c)));
        }
        Some(escapes::code(self.rest).map(|(code, length)| {
            self.skip(length);
            code
        }))
    }
}

/// Returns the beginning of a part of the pattern, for messages.
pub(super) fn shorten(text: &str) -> &str {
    const SHOWN: usize = 20;
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}
