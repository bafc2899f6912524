//! Tests of the reader of JSON. Which texts are right, and the summaries, are those of Terraform 1.11.4 (hcl 2.23).

use diag::FileId;

use crate::parser::dump;
use crate::tree::{Body, Expr, ExprKind};

fn read(text: &str) -> (Expr, Vec<String>) {
    let (file, diags) = crate::parse_json(FileId(0), text.as_bytes());
    let Body::Json(body) = file.body else { panic!("JSON makes JSON bodies") };
    let at = |diagnostic: &diag::Diagnostic| {
        let span = diagnostic.subject.expect("every diagnostic of the reader has a place");
        format!("{} @ {}", diagnostic.summary, &text[span.start as usize..span.end as usize])
    };
    ((*body.value).clone(), diags.iter().map(at).collect())
}

/// Compares the value of property `a`.
#[track_caller]
fn check(value: &str, tree: &str) {
    let (expr, diags) = read(&format!("{{\"a\": {value}}}"));
    assert_eq!(diags, Vec::<String>::new());
    let ExprKind::Object(items) = &expr.kind else { panic!("an object") };
    assert_eq!(dump::expr(&items[0].value), tree);
}

#[test]
fn values_of_every_kind() {
    check("null", "null");
    check("[true, false]", "[true false]");
    check("[0, -0, 12.50, 1e400, -1E-2]", "[0 -0 12.50 1e400 -1E-2]");
    check("123456789012345678901234567890", "123456789012345678901234567890");
    check(r#"{"b": {}, "b": []}"#, r#"{(json "b" "b")={} (json "b" "b")=[]}"#);
}

#[test]
fn strings_are_templates() {
    check(r#""x""#, r#"(json "x" "x")"#);
    check(r#""${a.b}""#, r#"(json "${a.b}" (wrap (. a b)))"#);
    check(r#""x\t${\"y\"}""#, "(json \"x<9>${\\\"y\\\"}\" (t \"x<9>\" \"y\"))");
    check(r#""$${x}""#, r#"(json "$${x}" "${x}")"#);
    check(r#""\u00e9\ud83d\ude00\ud83d""#, r#"(json "<e9><1f600><fffd>" "<e9><1f600><fffd>")"#);
}

#[test]
fn spans_are_exact_where_the_bytes_are_the_text() {
    let text = r#"{"a": "x${ b }", "c": "\t${ d }"}"#;
    let (expr, _) = read(text);
    let ExprKind::Object(items) = &expr.kind else { panic!("an object") };
    let place = |expr: &Expr| &text[expr.span.start as usize..expr.span.end as usize];
    let inner = |i: usize| {
        let ExprKind::JsonString(string) = &items[i].value.kind else { panic!("a string") };
        let ExprKind::Template(parts) = &string.template.kind else { panic!("a template") };
        let crate::tree::Part::Interpolation(expr) = &parts[1] else { panic!("an interpolation") };
        place(expr)
    };
    assert_eq!(place(&expr), text);
    assert_eq!((place(&items[0].key), place(&items[0].value)), ("\"a\"", "\"x${ b }\""));
    assert_eq!(inner(0), "b");
    assert_eq!(inner(1), "\"\\t${ d }\"");
}

#[test]
fn mistakes_are_reported_once_with_their_place() {
    for (text, expected) in [
        ("", "Missing JSON value @ "),
        ("null", "Root value must be object @ null"),
        ("{} {}", "Extraneous data after value @ {"),
        ("{\"a\": 1,}", "Trailing comma in object @ }"),
        ("{\"a\": [1,]}", "Trailing comma in array @ ]"),
        ("{\"a\": [1}", "Mismatched braces @ }"),
        ("{\"a\": {\"b\": 1]}", "Mismatched braces @ ]"),
        ("{\"a\": 1 \"b\": 2}", "Missing separator @ \""),
        ("{\"a\" 1}", "Missing property value colon @ 1"),
        ("{\"a\": }", "Missing JSON value @ }"),
        ("{a: 1}", "Invalid object property name @ a"),
        ("{\"a\": True}", "Invalid JSON keyword @ True"),
        ("{\"a\": 01}", "Invalid JSON number @ 01"),
        ("{\"a\": 1.}", "Invalid JSON number @ 1."),
        ("{\"a\": +1}", "Invalid JSON number @ +1"),
        ("{\"a\": \"b\nc\"}", "Invalid string literal @ \"b"),
        ("{\"a\": \"\\q\"}", "Invalid string literal @ \\q"),
        ("{\"a\": \"b", "Invalid string literal @ \"b"),
        ("{\"a\": 1", "Unclosed object @ {"),
        ("{\"a\": [", "Unclosed array @ ["),
        ("{\"a\": \"${b c}\"}", "Extra characters after interpolation expression @ c"),
    ] {
        assert_eq!(read(text).1, [expected], "{text:?}");
    }
}
