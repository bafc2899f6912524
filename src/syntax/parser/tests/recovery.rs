//! One mistake makes one diagnostic, at the right place, and the rest of the file survives.

use super::{Kind, read};

/// Compares diagnostics, as `line: summary @ text at fault`, and the tree.
#[track_caller]
fn check(text: &str, diagnostics: &[&str], tree: &str) {
    let (dumped, diags) = read(Kind::File, text);
    let shown = |diagnostic: &diag::Diagnostic| {
        let span = diagnostic.subject.expect("every diagnostic of the parser has a place");
        let line = text[..span.start as usize].matches('\n').count() + 1;
        assert!(diagnostic.detail.len() > 20 && diagnostic.detail.ends_with(['.', ':']), "{}", diagnostic.detail);
        format!("{line}: {} @ {}", diagnostic.summary, &text[span.start as usize..span.end as usize])
    };
    assert_eq!(diags.iter().map(shown).collect::<Vec<_>>(), diagnostics);
    assert_eq!(dumped, tree);
}

#[test]
fn three_mistakes_in_three_blocks_make_three_diagnostics() {
    check(
        "a \"b\" {\n  x = foo(1 2)\n  y = 2\n}\nc {\n  z = {\n    q =\n  }\n  w = 3\n}\ne {\n  v = \"abc\n  u = 4\n}\n",
        &[
            "2: Missing argument separator @ 2",
            "7: Invalid expression @ \n",
            "12: Unterminated template string @ \"abc",
        ],
        r#"{a "b"{x=INVALID;y=2;};c{z=INVALID;w=3;};e{v=INVALID;u=4;};}"#,
    );
}

#[test]
fn blocks_behind_an_unclosed_one_are_its_siblings_again() {
    check(
        "a {\n  x = 1\nb {\n  y = \"${foo\"\n  z = 1\n}\nc {\n  k = 5\n}\n",
        &["1: Unclosed configuration block @ {", "4: Unclosed template interpolation sequence @ ${"],
        "{a{x=1;};b{y=INVALID;z=1;};c{k=5;};}",
    );
}

#[test]
fn indentation_tells_where_an_unclosed_bracket_ends() {
    check(
        "a {\n  x = [1, 2\n  y = 3\n}\nb {\n  x = (1 +\n    2\n  y = 3\n}\nc {\n  x = f({\n    k = [1\n    l = 2\n  })\n  y = 3\n}\n",
        &["3: Missing item separator @ y", "8: Unbalanced parentheses @ y", "13: Missing item separator @ l"],
        "{a{x=INVALID;y=3;};b{x=INVALID;y=3;};c{x=INVALID;y=3;};}",
    );
}

#[test]
fn a_brace_on_the_next_line_or_none_is_one_mistake() {
    check(
        "a\n{\n  x = 1\n}\nb y\n  x = 1\n}\nk = 2\n",
        &["1: Invalid block definition @ \n", "5: Invalid block definition @ \n"],
        "{k=2;a{x=1;};b \"y\"{x=1;};}",
    );
}

#[test]
fn what_a_missing_quote_or_parenthesis_leaves_behind_is_silent() {
    check(
        "a \"b {\n  x = 1\n}\nc {\n  d = f([\n    (1 2)\n  ])))\n  }))\n  e = 3\n}\nf {\n  g\n    h = 1\n  }\n  i = 2\n}\n",
        &[
            "1: Unterminated template string @ \"b {",
            "6: Unbalanced parentheses @ 2",
            "12: Invalid block definition @ \n",
        ],
        "{a{x=1;};c{d=INVALID;e=3;};f{i=2;g{h=1;};};}",
    );
}

#[test]
fn lines_that_belong_to_a_mistake_are_silent() {
    check(
        "a = \"x\nsome more y\"\nb = 1 +\n  2\nc =\n  3\nd = 4\n",
        &["1: Unterminated template string @ \"x", "3: Invalid expression @ \n", "5: Invalid expression @ \n"],
        "{a=INVALID;b=INVALID;c=INVALID;d=4;}",
    );
}

#[test]
fn a_heredoc_that_swallows_the_file_is_one_mistake() {
    check("a {\n  x = <<E\n  text\n}\nb {\n}\n", &["2: Unterminated template string @ <<E\n"], "{a{x=INVALID;};}");
}

#[test]
fn attributes_keep_their_value_where_only_the_line_end_is_wrong() {
    check(
        "a = 1 b = 2\nc = 3, \nd { e = 1 } f = 2\ng { h = 1, i = 2 }\nj { k = 1\n}\nl = 1\n",
        &[
            "1: Missing newline after argument @ b",
            "2: Unexpected comma after argument @ ,",
            "3: Missing newline after block definition @ f",
            "4: Invalid single-argument block definition @ ,",
            "5: Invalid single-argument block definition @ \n",
        ],
        "{a=1;c=3;l=1;d{e=1;};g{h=1;};j{k=1;};}",
    );
}

#[test]
fn wrong_escapes_and_repeated_attributes_do_not_stop_anything() {
    check(
        "a = \"x\\qy\"\na = 2\nb = \"\\u12\"\n",
        &["1: Invalid escape sequence @ \\q", "2: Attribute redefined @ a", "3: Invalid escape sequence @ \\u12"],
        r#"{a="xy";b="";}"#,
    );
}

#[test]
fn characters_that_mean_nothing_are_named() {
    check(
        "a = 'x'\nb = 1 & 2\nc = 1;\n}\nf = 1\n\"d\" = 1\ng = 1\n$ = 2\ne = 3\n",
        &[
            "1: Invalid character @ '",
            "2: Unsupported operator @ &",
            "3: Invalid character @ ;",
            "4: Argument or block definition required @ }",
            "6: Invalid argument name @ \"",
            "8: Invalid character @ $",
        ],
        "{a=INVALID;b=1;c=1;f=1;g=1;e=3;}",
    );
}

#[test]
fn unclosed_brackets_at_the_end_are_shown_where_they_open() {
    for (text, summary) in [
        ("a = [1,\n", "Unterminated tuple constructor expression"),
        ("a = {\n b = 1\n", "Unterminated object constructor expression"),
        ("a = f(1,\n", "Unterminated function call"),
        ("a = \"${f(\n", "Unterminated function call"),
    ] {
        let (_, diags) = read(Kind::File, text);
        let found: Vec<_> = diags.iter().map(|diagnostic| diagnostic.summary.as_str()).collect();
        assert_eq!(found, [summary], "{text:?}");
    }
}

#[test]
fn templates_say_which_directive_is_wrong() {
    for (text, summary) in [
        ("%{ if x }", "Unexpected end of template"),
        ("%{ for x in y }%{ endif }", "Unexpected endif directive"),
        ("%{ endfor }", "Unexpected endfor directive"),
        ("%{ if x }%{ else }%{ else }%{ endif }", "Unexpected else directive"),
        ("%{ foo }", "Invalid template control keyword"),
        ("%{ 1 }", "Invalid template directive"),
        ("%{ if x y }%{ endif }", "Extra characters in if marker"),
        ("${a b}", "Extra characters after interpolation expression"),
        ("${", "Missing expression"),
    ] {
        let (_, diags) = read(Kind::Template, text);
        let found: Vec<_> = diags.iter().map(|diagnostic| diagnostic.summary.as_str()).collect();
        assert_eq!(found, [summary], "{text:?}");
    }
}
