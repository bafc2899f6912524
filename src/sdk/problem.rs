//! What a provider finds wrong with a configuration.

use diag::Severity;
use ecow::EcoString;
use value::{Path, PathStep, Value};

/// Something wrong with a configuration. The engine finds the place in the text from the path.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// A fixed, short phrase: the kind of problem.
    pub summary: String,
    /// Sentences: what exactly is wrong and what to do.
    pub detail: String,
    /// The part of the configuration at fault; empty for the whole.
    pub attribute: Path,
}

impl Problem {
    /// Makes an error about the configuration as a whole.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            attribute: Path::default(),
        }
    }

    /// Makes a warning about the configuration as a whole.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem { severity: Severity::Warning, ..Problem::error(summary, detail) }
    }

    /// Narrows the problem down to an attribute or a kind of block, of what it was about so far.
    #[must_use]
    pub fn at(mut self, name: impl Into<EcoString>) -> Problem {
        self.attribute.0.push(PathStep::Attribute(name.into()));
        self
    }

    /// Narrows the problem down to an element, of what it was about so far; a set's element is its own key.
    #[must_use]
    pub fn at_element(mut self, key: impl Into<Value>) -> Problem {
        self.attribute.0.push(PathStep::Index(key.into()));
        self
    }

    /// Tells whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;

    #[test]
    fn the_path_grows_from_the_outside_in() {
        let problem = Problem::error("Invalid port", "").at("rules").at_element(2).at("port");
        assert_eq!(problem.attribute.to_string(), ".rules[2].port");
    }
}
