//! Diagnostics as data: what is wrong, where, and what to do about it.

use crate::Span;

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The work cannot be completed.
    Error,
    /// The work can be completed; the user should know.
    Warning,
}

/// A value that an expression had when the diagnostic was made, as a phrase that never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionValue {
    /// The reference, as written: `var.size`.
    pub traversal: String,
    /// The phrase behind it: `is "large"`, `is a string`, `has a sensitive value`.
    pub statement: String,
}

/// The call of a function that an expression at fault is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall {
    /// The function's name as the expression has it.
    pub called_as: String,
    /// The function's own name.
    pub name: String,
    /// Name and type of each fixed parameter; types in JSON notation: `"string"`, `["set","dynamic"]`.
    pub parameters: Vec<(String, String)>,
    /// Name and type of the parameter that takes all further arguments.
    pub variadic: Option<(String, String)>,
    /// The type of the result, in JSON notation.
    pub result: String,
}

/// One thing to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A fixed, short phrase: the kind of problem.
    pub summary: String,
    /// Sentences: what exactly is wrong and what to do.
    pub detail: String,
    /// The bytes at fault.
    pub subject: Option<Span>,
    /// More of the text around the subject, worth showing with it.
    pub context: Option<Span>,
    /// Address of the object the problem belongs to (`fake_object.a[0]`), where there is one.
    pub address: Option<String>,
    /// Values of the references in the expression at fault.
    pub values: Vec<ExpressionValue>,
    /// The function call at fault.
    pub call: Option<Box<FunctionCall>>,
}

impl Diagnostic {
    /// Makes an error without a place.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            subject: None,
            context: None,
            address: None,
            values: Vec::new(),
            call: None,
        }
    }

    /// Makes a warning without a place.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(summary, detail) }
    }

    /// Points at the bytes at fault.
    #[must_use]
    pub fn at(mut self, subject: Span) -> Diagnostic {
        self.subject = Some(subject);
        self
    }

    /// Adds the wider text that explains the subject.
    #[must_use]
    pub fn within(mut self, context: Span) -> Diagnostic {
        self.context = Some(context);
        self
    }

    /// Tells whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Diagnostics in the order they were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Makes an empty collection.
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds an error at a place; the most frequent form.
    pub fn error(&mut self, span: Span, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Diagnostic::error(summary, detail).at(span));
    }

    /// Adds a warning at a place.
    pub fn warning(&mut self, span: Span, summary: impl Into<String>, detail: impl Into<String>) {
        self.push(Diagnostic::warning(summary, detail).at(span));
    }

    /// Adds all of another collection.
    pub fn append(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    /// Tells whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns them in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Returns them for change in place.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.0.iter_mut()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Diagnostics {
        Diagnostics(iter.into_iter().collect())
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Diagnostics {
        Diagnostics(vec![diagnostic])
    }
}
