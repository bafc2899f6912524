//! Depth: long rows are not deep, and deep texts are refused with a diagnostic.
//!
//! Deep trees can be copied and dropped on the stack of an ordinary thread.

use diag::FileId;

use crate::parser::NESTING_MAX;
use crate::tree::ExprKind;

/// Texts of a form that is nested `depth` times.
fn nested(depth: usize) -> Vec<(&'static str, String)> {
    let around = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
    vec![
        ("parentheses", format!("a = {}\n", around("(", "1", ")"))),
        ("tuples", format!("a = {}\n", around("[", "1", "]"))),
        ("objects", format!("a = {}\n", around("{a=", "1", "}"))),
        ("calls", format!("a = {}\n", around("f(", "1", ")"))),
        ("signs", format!("a = {}\n", around("!", "x", ""))),
        ("indexes", format!("a = {}\n", around("a[", "1", "]"))),
        ("splats", format!("a = {}\n", around("", "a", "[*].b"))),
        ("for", format!("a = {}\n", around("[for x in y : ", "x", "]"))),
        ("conditionals", format!("a = {}\n", around("a ? b : ", "c", ""))),
        ("conditions inside", format!("a = {}\n", around("a ? ", "b", " : c"))),
        ("templates", format!("a = {}\n", around("\"${", "x", "}\""))),
        ("directives", format!("a = \"{}\"\n", around("%{ if x }", "y", "%{ endif }"))),
        ("loops", format!("a = \"{}\"\n", around("%{ for x in y }", "z", "%{ endfor }"))),
        ("blocks", around("a {\n", "", "}\n")),
    ]
}

#[test]
fn deep_trees_are_read_copied_and_dropped() {
    for (name, text) in nested(NESTING_MAX as usize - 2) {
        let (tree, diags) = crate::parse(FileId(0), text.as_bytes());
        assert!(diags.is_empty(), "{name}: {:?}", diags.iter().next());
        let copy = tree.clone();
        if let crate::tree::Body::Native(body) = &tree.body {
            let copies: Vec<_> = body.attributes.iter().map(|attribute| (*attribute.expr).clone()).collect();
            drop(copies);
        }
        drop(tree);
        drop(copy);
    }
}

#[test]
fn too_deep_texts_get_one_diagnostic() {
    for depth in [NESTING_MAX as usize + 1, 10_000] {
        for (name, text) in nested(depth) {
            let (_, diags) = crate::parse(FileId(0), text.as_bytes());
            let found: Vec<_> = diags.iter().map(|diagnostic| diagnostic.summary.as_str()).collect();
            assert_eq!(found, ["Nesting too deep"], "{name}");
        }
    }
}

#[test]
fn unclosed_openings_end_in_a_diagnostic() {
    for open in [
        "(",
        "[",
        "{",
        "f(",
        "a[",
        "{a=",
        "\"${",
        "\"%{ if ",
        "a ? ",
        "<<A\n${",
        "!",
        "-",
        "a {\n",
        "a { b = ",
        "[for x in ",
    ] {
        for depth in [50, 10_000] {
            let text = format!("x = {}", open.repeat(depth));
            let (_, diags) = crate::parse(FileId(0), text.as_bytes());
            assert!(diags.has_errors(), "{open}");
            let (_, diags) = crate::parse_expression(FileId(0), text.as_bytes(), 0);
            assert!(diags.has_errors(), "{open}");
        }
    }
}

#[test]
fn long_rows_of_operators_are_flat() {
    let text = format!("1{}", " + 1".repeat(100_000));
    let (expr, diags) = crate::parse_expression(FileId(0), text.as_bytes(), 0);
    assert!(diags.is_empty());
    let ExprKind::Binary(binary) = &expr.kind else { panic!("a row is one node") };
    assert_eq!(binary.rest.len(), 100_000);
    assert_eq!((expr.span.start, expr.span.end), (0, text.len() as u32));
}

#[test]
fn deep_json_is_read_up_to_the_limit() {
    let text = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let (tree, diags) = crate::parse_json(FileId(0), text(NESTING_MAX as usize - 2).as_bytes());
    assert!(diags.is_empty());
    drop(tree.clone());
    for depth in [NESTING_MAX as usize + 1, 10_000] {
        let (_, diags) = crate::parse_json(FileId(0), text(depth).as_bytes());
        assert_eq!(
            diags.iter().map(|diagnostic| diagnostic.summary.as_str()).collect::<Vec<_>>(),
            ["Nesting too deep"]
        );
    }
}
