//! Results of tests as JUnit's XML, which CI systems read.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use diag::{Diagnostics, Sources};
use testing::{Outcome, Status};

use super::text;
use crate::ui::Style;

/// Columns of text inside the file.
const WIDTH: usize = 80;

/// The runs of a file with what came of them.
pub(crate) struct Suite<'a> {
    /// The file.
    pub(crate) path: &'a str,
    /// Names and outcomes.
    pub(crate) runs: Vec<(&'a str, &'a Outcome)>,
}

/// Writes the results.
pub(crate) fn xml(sources: &Sources, suites: &[Suite<'_>]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><testsuites>");
    out.push_str(if suites.is_empty() { "" } else { "\n" });
    for suite in suites {
        let count = |status| suite.runs.iter().filter(|(_, outcome)| outcome.status == status).count();
        let _ = write!(
            out,
            "  <testsuite name={} tests=\"{}\" skipped=\"{}\" failures=\"{}\" errors=\"{}\">",
            quoted(suite.path),
            suite.runs.len(),
            count(Status::Skip),
            count(Status::Fail),
            count(Status::Error)
        );
        out.push_str(if suite.runs.is_empty() { "" } else { "\n" });
        for (place, (name, outcome)) in suite.runs.iter().enumerate() {
            case(&mut out, sources, suite, (place, name, outcome));
        }
        out.push_str(if suite.runs.is_empty() { "</testsuite>\n" } else { "  </testsuite>\n" });
    }
    out.push_str("</testsuites>");
    out
}

fn case(out: &mut String, sources: &Sources, suite: &Suite<'_>, (place, name, outcome): (usize, &str, &Outcome)) {
    let _ = write!(out, "    <testcase name={} classname={}", quoted(name), quoted(suite.path));
    if let Some(took) = outcome.took {
        let began = state::rfc3339(UNIX_EPOCH + Duration::from_secs(outcome.begun.as_secs()));
        let _ = write!(out, " time=\"{}\" timestamp={}", took.as_secs_f64(), quoted(&began));
    }
    out.push('>');
    let mut content = String::new();
    let (errors, warnings): (Diagnostics, Diagnostics) = parted(&outcome.diags);
    match outcome.status {
        Status::Fail => element(&mut content, "failure", Some(&failure(outcome, &errors)), &told(sources, &errors)),
        Status::Error => element(&mut content, "error", Some("Encountered an error"), &told(sources, &errors)),
        Status::Skip => {
            let before = suite.runs[..place].iter().rev().find(|(_, outcome)| outcome.status == Status::Error);
            let (message, why) = match before {
                Some((name, _)) => (
                    "Testcase skipped due to a previous testcase error".to_owned(),
                    format!(
                        "Previous testcase {name:?} ended in error, which caused the remaining tests in the file to be \
                         skipped"
                    ),
                ),
                None => ("Testcase skipped due to an interrupt".to_owned(), "The user wanted to stop".to_owned()),
            };
            element(&mut content, "skipped", Some(&message), &why);
        }
        Status::Pass | Status::Pending => {}
    }
    if !warnings.is_empty() {
        element(&mut content, "system-err", None, &told(sources, &warnings));
    }
    if content.is_empty() {
        out.push_str("</testcase>\n");
    } else {
        let _ = write!(out, "\n{content}    </testcase>\n");
    }
}

fn parted(diags: &Diagnostics) -> (Diagnostics, Diagnostics) {
    let (errors, warnings): (Vec<_>, Vec<_>) = diags.iter().cloned().partition(diag::Diagnostic::is_error);
    (errors.into_iter().collect(), warnings.into_iter().collect())
}

fn failure(outcome: &Outcome, errors: &Diagnostics) -> String {
    let first = errors.iter().next().map(|error| error.detail.as_str()).unwrap_or_default();
    let including = if outcome.failed > 1 { ", including" } else { "" };
    format!("{} of {} assertions failed{including}: {first}", outcome.failed, outcome.judged)
}

fn told(sources: &Sources, diags: &Diagnostics) -> String {
    text::each(sources, diags, Style { is_coloured: false, width: WIDTH })
}

fn element(out: &mut String, name: &str, message: Option<&str>, content: &str) {
    let message = message.map(|message| format!(" message={}", quoted(message))).unwrap_or_default();
    // The one thing that ends such a section is written as two of them.
    let content = allowed(content).replace("]]>", "]]]]><![CDATA[>");
    let _ = writeln!(out, "      <{name}{message}><![CDATA[{content}]]></{name}>");
}

/// Returns text as XML may hold it: of the control characters only tabs and line breaks.
fn allowed(text: &str) -> String {
    let is_allowed =
        |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if is_allowed(c) { c } else { '\u{fffd}' }).collect()
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in allowed(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push_str("&#xA;"),
            '\t' => out.push_str("&#x9;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
