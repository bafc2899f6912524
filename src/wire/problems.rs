//! Problems, paths and deferrals, both ways.

use diag::Severity as OurSeverity;
use sdk::{Deferral, Problem};
use value::{Path, PathStep as OurStep, Value};

use crate::messages::{AttributePath, Deferred, DeferredReason, Diagnostic, PathStep, Selector, Severity};

/// Writes problems.
pub fn pack_problems(problems: &[Problem]) -> Vec<Diagnostic> {
    problems.iter().map(pack_problem).collect()
}

/// Reads problems. What is neither error nor warning counts as an error.
pub fn unpack_problems(diagnostics: Vec<Diagnostic>) -> Vec<Problem> {
    diagnostics.into_iter().map(unpack_problem).collect()
}

fn pack_problem(problem: &Problem) -> Diagnostic {
    let severity = if problem.is_error() { Severity::Error } else { Severity::Warning };
    Diagnostic {
        severity: severity.into(),
        summary: problem.summary.clone(),
        detail: problem.detail.clone(),
        attribute: (!problem.attribute.0.is_empty()).then(|| pack_path(&problem.attribute)),
    }
}

fn unpack_problem(diagnostic: Diagnostic) -> Problem {
    let is_warning = diagnostic.severity() == Severity::Warning;
    let Diagnostic { summary, detail, attribute, .. } = diagnostic;
    Problem {
        severity: if is_warning { OurSeverity::Warning } else { OurSeverity::Error },
        summary,
        detail,
        attribute: attribute.map(unpack_path).unwrap_or_default(),
    }
}

/// Writes a path, as far as the protocol has steps for it: it ends where one goes into an element of a set.
pub fn pack_path(path: &Path) -> AttributePath {
    let selectors = path.0.iter().map_while(|step| match step {
        OurStep::Attribute(name) => Some(Selector::AttributeName(name.to_string())),
        OurStep::Index(key) => match (key.as_str(), key.as_number()) {
            (Some(text), _) => Some(Selector::ElementKeyString(text.to_owned())),
            (_, Some(number)) => number.to_i64().map(Selector::ElementKeyInt),
            _ => None,
        },
    });
    AttributePath { steps: selectors.map(|selector| PathStep { selector: Some(selector) }).collect() }
}

/// Reads a path, up to a step that is none.
pub fn unpack_path(path: AttributePath) -> Path {
    let steps = path.steps.into_iter().map_while(|step| {
        Some(match step.selector? {
            Selector::AttributeName(name) => OurStep::Attribute(name.into()),
            Selector::ElementKeyString(key) => OurStep::Index(Value::string(key)),
            Selector::ElementKeyInt(key) => OurStep::Index(Value::number(key)),
        })
    });
    Path(steps.collect())
}

/// Writes why something has to wait.
pub fn pack_deferral(deferral: Option<Deferral>) -> Option<Deferred> {
    let reason = match deferral? {
        Deferral::ResourceConfigUnknown => DeferredReason::ResourceConfigUnknown,
        Deferral::ProviderConfigUnknown => DeferredReason::ProviderConfigUnknown,
        Deferral::AbsentPrerequisite => DeferredReason::AbsentPrereq,
        Deferral::Unspecified => DeferredReason::Unknown,
    };
    Some(Deferred { reason: reason.into() })
}

/// Reads why something has to wait.
pub fn unpack_deferral(deferred: Option<&Deferred>) -> Option<Deferral> {
    Some(match deferred?.reason() {
        DeferredReason::ResourceConfigUnknown => Deferral::ResourceConfigUnknown,
        DeferredReason::ProviderConfigUnknown => Deferral::ProviderConfigUnknown,
        DeferredReason::AbsentPrereq => Deferral::AbsentPrerequisite,
        DeferredReason::Unknown => Deferral::Unspecified,
    })
}

#[cfg(test)]
mod tests {
    use super::{pack_deferral, pack_path, pack_problems, unpack_deferral, unpack_path, unpack_problems};
    use crate::messages::{Deferred, Diagnostic};
    use sdk::{Deferral, Problem};
    use value::Value;

    #[test]
    fn a_problem_comes_back_as_it_went() {
        let problems = vec![
            Problem::error("Wrong", "So."),
            Problem::warning("Odd", "Hm.").at("rules").at_element(2).at_element("key"),
        ];
        assert_eq!(unpack_problems(pack_problems(&problems)), problems);
    }

    #[test]
    fn a_path_ends_at_an_element_of_a_set() {
        let problem = Problem::error("", "").at("set").at_element(Value::object([("a", Value::TRUE)])).at("a");
        assert_eq!(unpack_path(pack_path(&problem.attribute)).to_string(), ".set");
    }

    #[test]
    fn a_severity_that_is_none_is_an_error() {
        assert!(unpack_problems(vec![Diagnostic { severity: 7, ..Diagnostic::default() }])[0].is_error());
    }

    #[test]
    fn a_deferral_comes_back_as_it_went() {
        let all = [
            Deferral::ResourceConfigUnknown,
            Deferral::ProviderConfigUnknown,
            Deferral::AbsentPrerequisite,
            Deferral::Unspecified,
        ];
        for deferral in all {
            assert_eq!(unpack_deferral(pack_deferral(Some(deferral)).as_ref()), Some(deferral));
        }
        assert_eq!(unpack_deferral(Some(&Deferred { reason: 99 })), Some(Deferral::Unspecified));
        assert_eq!(unpack_deferral(None), None);
    }
}
