//! Diagnostics as text: boxes with a rule at their left side where there is colour, plain paragraphs where there is none.

use std::borrow::Cow;
use std::collections::HashMap;

use diag::{Diagnostic, Diagnostics, ExpressionValue, FunctionCall, Severity, Sources};

use super::snippet::{Place, Snippet};
use super::{Snippets, wrap};
use crate::ui::Style;

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const UNDERLINE: &str = "\x1b[4m";
const GREY: &str = "\x1b[90m";

/// Writes diagnostics: warnings first so that errors stand last, where the eye is; within those by place.
///
/// Of several warnings of one kind only the first is shown, with their number.
pub(crate) fn diagnostics(sources: &Sources, diagnostics: &Diagnostics, style: Style) -> String {
    let mut snippets = Snippets::new(sources);
    consolidated(sources, diagnostics).iter().map(|d| diagnostic(&mut snippets, d, style)).collect()
}

/// Writes diagnostics in their order, every one.
pub(crate) fn each(sources: &Sources, diagnostics: &Diagnostics, style: Style) -> String {
    let mut snippets = Snippets::new(sources);
    diagnostics.iter().map(|d| diagnostic(&mut snippets, d, style)).collect()
}

/// Writes warnings as a list of their summaries with their places; nothing if there are none.
pub(crate) fn compact(sources: &Sources, diagnostics: &Diagnostics, style: Style) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let (strong, reset) = if style.is_coloured { ("\x1b[1m\x1b[33m", RESET) } else { ("", "") };
    let mut text = format!("\n{strong}Warnings:{reset}\n\n");
    let mut snippets = Snippets::new(sources);
    for (diagnostic, others) in alike(sources, diagnostics) {
        text.push_str(&format!("- {}\n", diagnostic.summary));
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        match (snippets.cut(diagnostic), &diagnostic.address) {
            (Some((place, _)), _) => {
                text.push_str(&format!("  on {} line {}{more}\n", place.filename, place.start.line));
            }
            (None, Some(address)) => text.push_str(&format!("  with {address}{more}\n")),
            (None, None) if others > 0 => text.push_str(&format!(" {more}\n")),
            (None, None) => {}
        }
    }
    text.push_str("\nWithout -compact-warnings there is more about each.\n");
    text
}

fn consolidated<'a>(sources: &Sources, diagnostics: &'a Diagnostics) -> Vec<Cow<'a, Diagnostic>> {
    let noted = |(diagnostic, others)| match others {
        0 => Cow::Borrowed(diagnostic),
        others => Cow::Owned(with_note(diagnostic, others)),
    };
    alike(sources, diagnostics).into_iter().map(noted).collect()
}

/// Returns what to show in its order, of warnings of one kind only the first with the number of the others.
fn alike<'a>(sources: &Sources, diagnostics: &'a Diagnostics) -> Vec<(&'a Diagnostic, usize)> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_cached_key(|d| {
        let place = d.subject.map(|s| (sources.file(s.file).path.clone(), s.start, s.end));
        (std::cmp::Reverse(d.severity), place)
    });
    let mut alike: HashMap<&str, usize> = HashMap::new();
    for warning in sorted.iter().filter(|d| !d.is_error()) {
        *alike.entry(&warning.summary).or_default() += 1;
    }
    let shown = sorted.into_iter().filter_map(|diagnostic| match diagnostic.severity {
        Severity::Error => Some((diagnostic, 0)),
        Severity::Warning => alike.remove(diagnostic.summary.as_str()).map(|count| (diagnostic, count - 1)),
    });
    shown.collect()
}

fn with_note(diagnostic: &Diagnostic, others: usize) -> Diagnostic {
    let mut noted = diagnostic.clone();
    if !noted.detail.is_empty() {
        noted.detail.push_str("\n\n");
    }
    noted.detail.push_str(&match others {
        1 => "(and one more similar warning elsewhere)".to_owned(),
        _ => format!("(and {others} more similar warnings elsewhere)"),
    });
    noted
}

fn diagnostic(snippets: &mut Snippets<'_>, diagnostic: &Diagnostic, style: Style) -> String {
    let (word, colour) = match diagnostic.severity {
        Severity::Error => ("Error", "\x1b[31m"),
        Severity::Warning => ("Warning", "\x1b[33m"),
    };
    let title = match style.is_coloured {
        true => format!("{BOLD}{colour}{word}: {RESET}{RESET}{BOLD}{}{RESET}", diagnostic.summary),
        false => format!("{word}: {}", diagnostic.summary),
    };
    let cut = snippets.cut(diagnostic);
    let mut text = format!("{title}\n");
    if diagnostic.address.is_some() || cut.is_some() {
        text.push('\n');
        text.push_str(if style.is_coloured { RESET } else { "" });
    }
    if let Some(address) = &diagnostic.address {
        text.push_str(&format!("  with {address},\n"));
    }
    if let Some((place, snippet)) = cut {
        text.push_str(&code(&place, &snippet, style));
        text.push_str(&values(diagnostic.call.as_deref(), &diagnostic.values, style));
    }
    if !diagnostic.detail.is_empty() {
        text.push('\n');
        text.push_str(&paragraphs(&diagnostic.detail, style));
    }
    if style.is_coloured { boxed(&text, colour) } else { format!("\n{text}") }
}

/// Puts a coloured rule to the left of each line.
fn boxed(text: &str, colour: &str) -> String {
    let mut boxed = format!("{colour}╷{RESET}{RESET}\n");
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        boxed.push_str(&format!("{colour}│{RESET} {RESET}{line}\n"));
    }
    boxed.push_str(&format!("{colour}╵{RESET}{RESET}\n"));
    boxed
}

fn code(place: &Place, snippet: &Snippet, style: Style) -> String {
    let header = snippet.header.as_ref().map(|h| format!(", in {h}")).unwrap_or_default();
    let mut text = format!("  on {} line {}{header}:\n", place.filename, place.start.line);
    let marked = match style.is_coloured {
        true => {
            let (before, rest) = snippet.code.split_at(snippet.fault.start);
            let (fault, after) = rest.split_at(snippet.fault.len());
            let piece = String::from_utf8_lossy;
            format!("{}{UNDERLINE}{}{RESET}{}{RESET}", piece(before), piece(fault), piece(after))
        }
        false => String::from_utf8_lossy(&snippet.code).into_owned(),
    };
    for (number, line) in snippet.line_numbers.iter().zip(marked.split('\n')) {
        text.push_str(&format!("{number:4}: {line}\n"));
    }
    text
}

/// Writes what the references in the code were, and the function they went to.
fn values(call: Option<&FunctionCall>, values: &[ExpressionValue], style: Style) -> String {
    if call.is_none() && values.is_empty() {
        return String::new();
    }
    let (grey, bold, reset) = if style.is_coloured { (GREY, BOLD, RESET) } else { ("", "", "") };
    let mut text = format!("    {grey}├────────────────{reset}\n{reset}");
    if let Some(call) = call {
        let fixed = call.parameters.iter().map(|(name, _)| name.clone());
        let variadic = call.variadic.iter().map(|(name, _)| format!("{name}..."));
        let parameters: Vec<String> = fixed.chain(variadic).collect();
        text.push_str(&format!(
            "    {grey}│{reset} while calling {bold}{}{reset}({reset}{})\n",
            call.called_as,
            parameters.join(", ")
        ));
    }
    for value in values {
        text.push_str(&format!("    {grey}│{reset} {bold}{}{reset} {}\n{reset}", value.traversal, value.statement));
    }
    text
}

/// Writes sentences to the terminal's width; an indented line stays as it is.
fn paragraphs(detail: &str, style: Style) -> String {
    // One column stays free, two more are the box's.
    let width = style.width.saturating_sub(if style.is_coloured { 3 } else { 1 }).max(1);
    let mut text = String::new();
    for line in detail.split('\n') {
        match line.starts_with(' ') {
            true => text.push_str(line),
            false => text.push_str(&wrap(line, width)),
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use diag::Span;

    use super::*;

    const PLAIN: Style = Style { is_coloured: false, width: 78 };
    const COLOURED: Style = Style { is_coloured: true, width: 78 };

    /// Renders one error whose subject is the text between `[` and `]` in a file without blocks.
    fn check(change: impl Fn(Diagnostic) -> Diagnostic, style: Style, expected: &str) {
        let text = "x = 1\ny = upper(\n  local.a)\n";
        let mut sources = Sources::default();
        let file = sources.add(Path::new("main.tf"), text.as_bytes());
        let detail = "Expected a comma to mark the beginning of the next item, and there was none to be found.";
        let span = Span::new(file, 19, 26);
        let error = change(Diagnostic::error("Missing item separator", detail).at(span));
        assert_eq!(diagnostics(&sources, &error.into(), style), expected);
    }

    // The forms below are those of Terraform 1.11.4, `validate` and `validate -no-color`, seen byte by byte.
    #[test]
    fn shows_code_and_wrapped_detail_without_colour() {
        let expected = "
Error: Missing item separator

  on main.tf line 3:
   3:   local.a)

Expected a comma to mark the beginning of the next item, and there was none
to be found.
";
        check(|d| d, PLAIN, expected);
    }

    #[test]
    fn underlines_the_fault_in_a_box_with_colour() {
        let expected = "\x1b[31m╷\x1b[0m\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mMissing item separator\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[0m  on main.tf line 3:
\x1b[31m│\x1b[0m \x1b[0m   3:   \x1b[4mlocal.a\x1b[0m)\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m
\x1b[31m│\x1b[0m \x1b[0mExpected a comma to mark the beginning of the next item, and there was none
\x1b[31m│\x1b[0m \x1b[0mto be found.
\x1b[31m╵\x1b[0m\x1b[0m
";
        check(|d| d, COLOURED, expected);
    }

    fn with_values(mut diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.detail = "Bad.".to_owned();
        diagnostic.values = vec![ExpressionValue { traversal: "local.a".into(), statement: "is 1".into() }];
        diagnostic.call = Some(Box::new(FunctionCall {
            called_as: "max".into(),
            name: "max".into(),
            parameters: vec![],
            variadic: Some(("numbers".into(), "\"number\"".into())),
            result: "\"number\"".into(),
        }));
        diagnostic
    }

    #[test]
    fn shows_values_and_call_without_colour() {
        let expected = "
Error: Missing item separator

  on main.tf line 3:
   3:   local.a)
    ├────────────────
    │ while calling max(numbers...)
    │ local.a is 1

Bad.
";
        check(with_values, PLAIN, expected);
    }

    #[test]
    fn shows_values_and_call_with_colour() {
        let expected = "\x1b[31m╷\x1b[0m\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[1m\x1b[31mError: \x1b[0m\x1b[0m\x1b[1mMissing item separator\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[0m  on main.tf line 3:
\x1b[31m│\x1b[0m \x1b[0m   3:   \x1b[4mlocal.a\x1b[0m)\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m    \x1b[90m├────────────────\x1b[0m
\x1b[31m│\x1b[0m \x1b[0m\x1b[0m    \x1b[90m│\x1b[0m while calling \x1b[1mmax\x1b[0m(\x1b[0mnumbers...)
\x1b[31m│\x1b[0m \x1b[0m    \x1b[90m│\x1b[0m \x1b[1mlocal.a\x1b[0m is 1
\x1b[31m│\x1b[0m \x1b[0m\x1b[0m
\x1b[31m│\x1b[0m \x1b[0mBad.
\x1b[31m╵\x1b[0m\x1b[0m
";
        check(with_values, COLOURED, expected);
    }

    #[test]
    fn leaves_indented_detail_lines_alone() {
        let expected = "\nError: Missing item separator\n\nRun:\n  a b c d e f\n";
        let narrow = Style { is_coloured: false, width: 8 };
        check(|d| Diagnostic { detail: "Run:\n  a b c d e f".into(), subject: None, ..d }, narrow, expected);
    }

    #[test]
    fn puts_warnings_first_and_counts_the_alike() {
        let sources = Sources::default();
        let mut all = Diagnostics::new();
        all.push(Diagnostic::error("Broken", ""));
        for detail in ["one", "two", "three"] {
            all.push(Diagnostic::warning("Old", detail));
        }
        all.push(Diagnostic::warning("Odd", "x"));
        let expected = "\nWarning: Old\n\none\n\n(and 2 more similar warnings elsewhere)\n\
                        \nWarning: Odd\n\nx\n\nError: Broken\n";
        assert_eq!(diagnostics(&sources, &all, PLAIN), expected);
    }
}
