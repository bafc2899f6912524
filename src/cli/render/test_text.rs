//! What happens in tests, as text for people: Terraform's lines.

use testing::Status;

use crate::ui::Style;

/// Colours of words; nothing where there is no colour.
#[derive(Clone, Copy)]
pub(crate) struct Ink {
    is_coloured: bool,
}

impl Ink {
    /// Makes ink for a stream.
    pub(crate) fn of(style: Style) -> Ink {
        Ink { is_coloured: style.is_coloured }
    }

    fn word(self, colour: &str, text: &str) -> String {
        if self.is_coloured { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Returns the word for how something came out.
    pub(crate) fn status(self, status: Status) -> String {
        match status {
            Status::Pass => self.word("32", "pass"),
            Status::Fail | Status::Error => self.word("31", "fail"),
            Status::Skip => self.word("90", "skip"),
            Status::Pending => self.word("90", "pending"),
        }
    }

    /// Returns a word for what goes on.
    pub(crate) fn quiet(self, text: &str) -> String {
        self.word("90", text)
    }

    /// Returns a line on a file.
    pub(crate) fn file(self, path: &str, word: &str) -> String {
        format!("{path}... {word}\n")
    }

    /// Returns a line on a run.
    pub(crate) fn run(self, name: &str, status: Status) -> String {
        format!("  run {name:?}... {}\n", self.status(status))
    }

    /// Returns the last line.
    pub(crate) fn summary(self, counts: Counts) -> String {
        let word = match counts.status() {
            Status::Fail | Status::Error => self.word("31", "Failure!"),
            _ => self.word("32", "Success!"),
        };
        format!("\n{word} {counts}\n")
    }
}

/// How many runs came out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) errored: usize,
    pub(crate) skipped: usize,
    /// Something was left over, or a file could not be run.
    pub(crate) is_broken: bool,
}

impl Counts {
    /// Counts a run.
    pub(crate) fn add(&mut self, status: Status) {
        match status {
            Status::Pass => self.passed += 1,
            Status::Fail => self.failed += 1,
            Status::Error => self.errored += 1,
            Status::Skip | Status::Pending => self.skipped += 1,
        }
    }

    /// Returns how all together came out.
    pub(crate) fn status(self) -> Status {
        match self {
            Counts { is_broken: true, .. } => Status::Error,
            Counts { errored: 1.., .. } => Status::Error,
            Counts { failed: 1.., .. } => Status::Fail,
            Counts { passed: 0, skipped: 1.., .. } => Status::Skip,
            _ => Status::Pass,
        }
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed + self.errored)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        f.write_str(".")
    }
}
