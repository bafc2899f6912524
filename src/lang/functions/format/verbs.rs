//! The patterns of `format`: literal text and verbs.

use value::Value;

use super::super::RESULT_BYTES_MAX;
use super::render;

/// Why a pattern cannot be filled in.
#[derive(Debug)]
pub(super) struct Failure {
    /// The value at fault, from 1; the pattern itself otherwise.
    pub(super) argument: Option<usize>,
    pub(super) problem: String,
}

/// A verb: `%`, flags, width, precision, the number of a value, and a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verb {
    pub(super) letter: u8,
    pub(super) zero: bool,
    pub(super) sharp: bool,
    pub(super) plus: bool,
    pub(super) minus: bool,
    pub(super) space: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    /// Which value, from 1, if it says so.
    number: Option<usize>,
}

/// Fills values into a pattern.
pub(super) fn write(pattern: &str, args: &[&Value]) -> Result<String, Failure> {
    let mut written = String::with_capacity(pattern.len());
    let (mut next, mut highest) = (1, 0);
    let mut at = 0;
    while let Some(length) = pattern[at..].find('%') {
        written.push_str(&pattern[at..at + length]);
        let start = at + length;
        if pattern[start + 1..].starts_with('%') {
            written.push('%');
            at = start + 2;
            continue;
        }
        let mut scanner = Scanner { pattern, at: start + 1 };
        let verb = scanner.verb()?;
        at = scanner.at;
        let number = verb.number.unwrap_or(next);
        let shown = &pattern[start..at];
        let Some(arg) = args.get(number - 1) else {
            let problem = format!("there is no argument {number} for {shown:?} at offset {start}");
            return Err(Failure { argument: None, problem });
        };
        highest = highest.max(number);
        next = number + 1;
        if !render::is_known(verb.letter) {
            let problem = format!("there is no verb {:?}, as in {shown:?} at offset {start}", char::from(verb.letter));
            return Err(Failure { argument: None, problem });
        }
        render::write(&verb, arg, &mut written).map_err(|problem| {
            let problem = format!("argument {number} does not suit {shown:?} at offset {start}: {problem}");
            Failure { argument: Some(number), problem }
        })?;
        if written.len() > RESULT_BYTES_MAX {
            let problem = format!("the result would be larger than {} MB", RESULT_BYTES_MAX / 1_000_000);
            return Err(Failure { argument: None, problem });
        }
    }
    written.push_str(&pattern[at..]);
    if highest < args.len() {
        let used = if highest == 0 { "no argument".into() } else { format!("only {highest}") };
        let problem = format!("there are too many arguments; the format uses {used}");
        return Err(Failure { argument: Some(highest + 1), problem });
    }
    Ok(written)
}

struct Scanner<'a> {
    pattern: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn verb(&mut self) -> Result<Verb, Failure> {
        let mut verb = Verb::default();
        self.flags(&mut verb);
        if matches!(self.peek(), Some(b'1'..=b'9')) {
            verb.width = Some(self.number());
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            verb.precision = Some(self.number());
        }
        if self.peek() == Some(b'[') {
            self.at += 1;
            if !matches!(self.peek(), Some(b'1'..=b'9')) {
                return Err(self.unexpected());
            }
            verb.number = Some(self.number());
            if self.peek() != Some(b']') {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        match self.peek() {
            Some(letter) if letter.is_ascii_alphabetic() => {
                self.at += 1;
                verb.letter = letter;
                Ok(verb)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn flags(&mut self, verb: &mut Verb) {
        while let Some(byte) = self.peek() {
            match byte {
                b'0' => verb.zero = true,
                b'#' => verb.sharp = true,
                b'-' => verb.minus = true,
                b'+' => verb.plus = true,
                b' ' => verb.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.pattern.as_bytes().get(self.at).copied()
    }

    fn number(&mut self) -> usize {
        let mut value = 0usize;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
            self.at += 1;
        }
        value
    }

    fn unexpected(&self) -> Failure {
        let problem = match self.pattern[self.at..].chars().next() {
            Some(c) => format!("{c:?} cannot be part of a verb, at offset {}", self.at),
            None => "it ends in the middle of a verb".into(),
        };
        Failure { argument: None, problem }
    }
}
