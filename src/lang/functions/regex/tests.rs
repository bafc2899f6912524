//! Limits of patterns, and what replacement texts mean.

use super::expand::expand;
use super::parser::parse;
use super::pattern::Pattern;

#[track_caller]
fn refuses(pattern: &str, expected: &str) {
    let problem = parse(pattern).expect_err(pattern);
    assert!(problem.contains(expected), "{pattern}: {problem}");
}

#[track_caller]
fn finds(pattern: &str, text: &str, expected: &str) {
    let found = Pattern::new(pattern).unwrap_or_else(|problem| panic!("{problem}")).find(text, 0);
    let whole = found.and_then(|found| found[0].clone()).unwrap_or_else(|| panic!("{pattern} matches nothing"));
    assert_eq!(&text[whole], expected);
}

#[track_caller]
fn expands(template: &str, expected: &str) {
    let pattern = Pattern::new(r"(?P<one>a)|(b)|(?P<one>c)").expect("a pattern");
    let replaced = pattern.replace_all("c", |found, out| expand(template, &pattern, "c", found, out));
    assert_eq!(replaced, expected, "{template}");
}

#[test]
fn nesting_is_bounded_by_the_pattern_not_by_the_stack() {
    let nested = |depth: usize, open: &str, close: &str| format!("{}a{}", open.repeat(depth), close.repeat(depth));
    finds(&nested(999, "(", ")"), "ba", "a");
    refuses(&nested(1000, "(", ")"), "deeper than 1000");
    refuses(&"(".repeat(100_000), "closing parenthesis is missing");
    finds(&nested(100_000, "(?:", ")"), "ba", "a");
    refuses(&nested(501, "(?:", "|b)*"), "deeper than 1000");
}

#[test]
fn counts_are_bounded() {
    finds("a{1000}", &"a".repeat(1001), &"a".repeat(1000));
    finds("(?:a{10}){100}", &"a".repeat(1001), &"a".repeat(1000));
    refuses("(?:a{10}){101}", "multiply to more than 1000");
    refuses("(?:(?:a{2}b)*{0,}){501}", "follows another repetition");
    refuses("(?:(?:a{2}b){0,}){501}", "multiply to more than 1000");
    refuses("a{4294967297}", "above 1000");
    finds("(?:a{1000}){0}b", "b", "b");
}

#[test]
fn large_classes_repeat() {
    finds(r"(?i)[\pL\d]{3,200}", "-aβ1-", "aβ1");
    finds(r"\PL{100}", &"1".repeat(101), &"1".repeat(100));
}

#[test]
fn replacements_name_groups() {
    // As Go's `Regexp.Expand` has it.
    expands("<$one>", "<c>");
    expands("<${one}x|$onex|$2|$3|$0>", "<cx|||c|c>");
    expands("$$one $ ${ ${} ${one $01 $é- $1-", "$one $ ${ ${} ${one  - -");
    expands("$99999999999", "");
}

#[test]
fn letters_fold_as_unicode_15_has_them() {
    finds("(?i)ⅷ", "Ⅷ", "Ⅷ");
    finds("(?i)[^k]", "kK\u{212a}x", "x");
    assert!(Pattern::new("(?i)\u{264}").expect("a pattern").find("\u{a7cb}", 0).is_none());
    assert!(Pattern::new(r"\p{Mc}").expect("a pattern").find("\u{1171e}", 0).is_none());
    finds(r"\p{Mn}", "\u{1171e}", "\u{1171e}");
}
