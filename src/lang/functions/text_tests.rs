//! Functions on numbers, texts and moments against what Terraform 1.11.4 gives for the expressions of `tests/expressions`.

use super::expression_tests::evaluate;

fn shown(text: &str) -> String {
    match evaluate(text) {
        Ok(result) => result.split_whitespace().collect::<Vec<_>>().join(" "),
        Err(_) => "!".into(),
    }
}

/// Checks a table; on each line an expression, a tab, and what the console prints for it as an attribute of an object, white
/// space run together. `!` is an error.
#[track_caller]
fn check(table: &str) {
    let mut wrong = Vec::new();
    for line in table.lines() {
        let (expr, expected) = line.split_once('\t').expect("an expression and what it gives");
        let found = shown(&format!("{{ v = {expr} }}"));
        let found = found.strip_prefix("{ \"v\" = ").and_then(|rest| rest.strip_suffix(" }")).unwrap_or(&found);
        if found != expected {
            wrong.push(format!("{expr}\n    gives  {found}\n    not    {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn format_gives_what_terraform_gives() {
    check(include_str!("tables/format.txt"));
}

#[test]
fn numbers_are_those_of_terraform() {
    check(include_str!("tables/numbers.txt"));
}

#[test]
fn patterns_match_as_in_terraform() {
    check(include_str!("tables/regex.txt"));
}

#[test]
fn strings_are_those_of_terraform() {
    check(include_str!("tables/strings.txt"));
}

#[test]
fn moments_are_those_of_terraform() {
    check(include_str!("tables/time.txt"));
}

#[test]
fn unknown_arguments_make_as_much_unknown_as_in_terraform() {
    // The form of `expression_tests.txt`: the value, its type, whether it is null, whether it is sensitive.
    let mut wrong = Vec::new();
    for line in include_str!("tables/unknown.txt").lines() {
        let (expr, expected) = line.split_once(" | ").expect("an expression and what it gives");
        let forms = [expr.into(), format!("type({expr})"), format!("{expr} == null"), format!("issensitive({expr})")];
        let found = forms.map(|form| shown(&form)).join(" | ");
        if found != expected {
            wrong.push(format!("{expr}\n    gives  {found}\n    not    {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
