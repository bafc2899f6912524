//! What a provider finds wrong with a configuration.

use std::fmt::Display;

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

/// Names things in a message: the first `most` of them, and how many more there are.
pub fn name_some(all: &[impl Display], most: usize) -> String {
    let named: Vec<String> = all.iter().take(most).map(ToString::to_string).collect();
    let more = all.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Problem, name_some};

    #[test]
    fn a_message_names_some_of_many() {
        assert_eq!(name_some(&["a"], 2), "a");
        assert_eq!(name_some(&["a", "b"], 2), "a, b");
        assert_eq!(name_some(&["a", "b", "c"], 2), "a, b and 1 more");
    }

    #[test]
    fn the_path_grows_from_the_outside_in() {
        let problem = Problem::error("Invalid port", "").at("rules").at_element(2).at("port");
        assert_eq!(problem.attribute.to_string(), ".rules[2].port");
    }
}
