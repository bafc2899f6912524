//! What names mean in test files: in assertions, and in the values of variables and provider configurations.

use std::collections::BTreeSet;

use diag::{Diagnostic, did_you_mean};
use ecow::{EcoString, eco_format};

use crate::expr::{Names, ReferenceContext, Subject};
use crate::module::Module;
use crate::module::names::{Allowed, ScopedNames};

/// Names where nothing of a module is seen: values of variables, provider configurations, made-up values.
#[derive(Clone, Copy, Debug)]
pub struct TestNames<'a> {
    /// The variables that can be referred to.
    pub variables: &'a BTreeSet<EcoString>,
    /// The runs of the file in order; nothing where none can be referred to, and what the place is called then.
    pub runs: Result<Runs<'a>, &'static str>,
}

/// The runs of a file as one of them sees them.
#[derive(Clone, Copy, Debug)]
pub struct Runs<'a> {
    /// All, in order.
    pub all: &'a [EcoString],
    /// How many of them have been.
    pub done: usize,
}

/// Names in an assertion: those of the module under test, its outputs, and what runs before gave.
#[derive(Clone, Copy, Debug)]
pub struct AssertNames<'a> {
    /// The module.
    pub module: &'a Module,
    /// What else there is.
    pub outside: TestNames<'a>,
}

impl Names for TestNames<'_> {
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        match reference.root {
            "var" => {
                let name = attribute(reference, "var.NAME")?;
                match self.variables.contains(name) {
                    true => Ok((variable(name), 1)),
                    false => Err(unavailable(name, self.variables, reference)),
                }
            }
            "run" => self.run(reference),
            root => {
                let detail = format!(
                    "{root:?} means nothing here: what a test file says of variables and providers can come from \
                     var.NAME and run.NAME.OUTPUT."
                );
                Err(Diagnostic::error("Invalid reference", detail).at(reference.span))
            }
        }
    }
}

impl TestNames<'_> {
    fn run(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let named = reference.attributes.first().map_or(reference.root_span, |(_, span)| reference.root_span.to(*span));
        let wrong = |summary: &str, detail: String| Err(Diagnostic::error(summary, detail).at(named));
        let runs = match self.runs {
            Ok(runs) => runs,
            Err(place) => {
                let detail = format!("{place} are the same for all runs, so they cannot come from one of them.");
                return wrong("Invalid reference", detail);
            }
        };
        let name = attribute(reference, "run.NAME.OUTPUT")?;
        match runs.all.iter().position(|known| known == name) {
            Some(place) if place < runs.done => Ok((Subject::Outside(eco_format!("run.{name}")), 1)),
            Some(_) => {
                let detail = format!("The run {name:?} comes later, so it has given nothing yet.");
                wrong("Reference to unevaluated run block", detail)
            }
            None => {
                let hint = did_you_mean(name, runs.all.iter().map(EcoString::as_str));
                let hint = hint.map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
                wrong("Reference to undeclared run block", format!("This file has no run {name:?}.{hint}"))
            }
        }
    }
}

impl Names for AssertNames<'_> {
    fn resolve(&self, reference: &ReferenceContext<'_>) -> Result<(Subject, usize), Diagnostic> {
        let own = || ScopedNames { module: self.module.names.clone(), allowed: Allowed::default() }.resolve(reference);
        match reference.root {
            "var" => own().or_else(|problem| match reference.attributes.first() {
                Some((name, _)) if self.outside.variables.contains(name) => Ok((variable(name), 1)),
                _ => Err(problem),
            }),
            "run" => self.outside.run(reference),
            "output" => {
                let name = attribute(reference, "output.NAME")?;
                let outputs = &self.module.outputs;
                if let Some(place) = outputs.iter().position(|output| output.name == name) {
                    return Ok((Subject::Output(place as u32), 1));
                }
                let hint = did_you_mean(name, outputs.iter().map(|output| output.name.as_str()));
                let hint = hint.map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
                let detail = format!("The module under test has no output {name:?}.{hint}");
                Err(Diagnostic::error("Reference to undeclared output value", detail).at(reference.span))
            }
            _ => own(),
        }
    }
}

fn variable(name: &str) -> Subject {
    Subject::Outside(eco_format!("var.{name}"))
}

fn attribute<'a>(reference: &'a ReferenceContext<'_>, form: &str) -> Result<&'a str, Diagnostic> {
    reference.attributes.first().map(|(name, _)| name.as_str()).ok_or_else(|| {
        let detail = format!("{:?} cannot be used as a whole. Write {form}.", reference.root);
        Diagnostic::error("Invalid reference", detail).at(reference.span)
    })
}

fn unavailable(name: &str, known: &BTreeSet<EcoString>, reference: &ReferenceContext<'_>) -> Diagnostic {
    let hint = did_you_mean(name, known.iter().map(EcoString::as_str));
    let hint = hint.map(|near| format!(" Did you mean {near:?}?")).unwrap_or_default();
    let detail = format!(
        "No variable {name:?} has a value here.{hint} Values of the file's variables can come from those of the command \
         line and of files, and those of a run from the file's as well."
    );
    Diagnostic::error("Reference to unavailable variable", detail).at(reference.span)
}
