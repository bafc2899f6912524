//! What is wrong with a value that a provider returned.

use std::fmt;

use value::{Path, PathStep, Value};

/// Something wrong in a value that a provider returned; the provider's fault, unless its maker says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Where in the object it is; empty for the whole.
    pub path: Path,
    /// What is wrong, without the path and without a full stop; never shows what is sensitive.
    pub message: String,
}

/// Writes the path and the message: `.disk[0].size: was 1, but now 2`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.0.is_empty() {
            true => f.write_str(&self.message),
            false => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// Problems found so far, and the place that is being looked at.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) path: Path,
    pub(super) problems: Vec<Problem>,
}

impl Findings {
    /// Notes a problem of the place that is being looked at.
    pub(super) fn add(&mut self, message: impl Into<String>) {
        self.problems.push(Problem { path: self.path.clone(), message: message.into() });
    }

    /// Looks at a part of that place.
    pub(super) fn inside<T>(&mut self, step: PathStep, look: impl FnOnce(&mut Findings) -> T) -> T {
        self.path.0.push(step);
        let result = look(self);
        self.path.0.pop();
        result
    }
}

/// Values longer than this are cut in messages: one who reads them wants to see which value, not all of it.
const SHOWN_CHARACTERS_MAX: usize = 400;

/// Shows a value in a message.
pub(super) fn show(value: &Value) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
