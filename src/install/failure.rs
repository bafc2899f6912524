//! What went wrong, as the user will read it.

use std::fmt;

use diag::Diagnostic;

/// A problem with a fixed summary; the world's or the user's fault, never ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of problem, a short phrase.
    pub summary: &'static str,
    /// Sentences: what exactly, and what to do.
    pub detail: String,
}

impl Failure {
    /// Makes a failure.
    pub fn new(summary: &'static str, detail: impl Into<String>) -> Failure {
        Failure { summary, detail: detail.into() }
    }

    /// Adds a sentence in front: what was being done.
    #[must_use]
    pub fn while_doing(mut self, what: impl fmt::Display) -> Failure {
        self.detail = format!("{what}: {}", self.detail);
        self
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Diagnostic {
        Diagnostic::error(failure.summary, failure.detail)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.summary, self.detail)
    }
}
