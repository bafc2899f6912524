//! What providers find wrong, as diagnostics.

use diag::{Diagnostic, Severity};
use lang::body::CompiledBody;
use sdk::Problem;
use value::PathStep;

/// Turns a provider's problem into a diagnostic, placed where the body sets the attribute at fault.
pub fn diagnostic(problem: Problem, body: Option<&CompiledBody>) -> Diagnostic {
    let place = problem.attribute.0.first().and_then(|step| match step {
        PathStep::Attribute(name) => body?.place_of(name),
        PathStep::Index(_) => None,
    });
    let made = match problem.severity {
        Severity::Error => Diagnostic::error(problem.summary, problem.detail),
        Severity::Warning => Diagnostic::warning(problem.summary, problem.detail),
    };
    Diagnostic { subject: place, ..made }
}
