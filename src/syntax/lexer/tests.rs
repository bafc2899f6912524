//! Tests of the lexer.
//!
//! What is expected was recorded from the scanner of HCL 2.23, as Terraform 1.11 uses it, but where a test says otherwise.

use super::{lex, lex_template};
use crate::{Token, TokenKind};

/// Writes tokens, but not the end, with ␊ and ␍ for the characters of line breaks.
fn show(text: &[u8], tokens: &[Token]) -> String {
    let (end, tokens) = tokens.split_last().expect("there is always an end");
    assert_eq!(*end, Token { kind: TokenKind::End, start: text.len() as u32, end: text.len() as u32 });
    let shown: Vec<String> = tokens
        .iter()
        .map(|token| {
            let bytes = &text[token.start as usize..token.end as usize];
            format!("{:?} {}", token.kind, String::from_utf8_lossy(bytes).replace('\n', "␊").replace('\r', "␍"))
        })
        .collect();
    shown.join(" · ")
}

fn check(lex: fn(&[u8]) -> Vec<Token>, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(show(text.as_bytes(), &lex(text.as_bytes())), *expected, "cut from {text:?}");
    }
}

#[test]
#[rustfmt::skip]
fn cuts_quoted_templates() {
    check(lex, &[
        (r#""a$b""#, r#"OpenQuote " · QuotedText a · QuotedText $ · QuotedText b · CloseQuote ""#),
        (r#""$""#, r#"OpenQuote " · QuotedText $ · CloseQuote ""#),
        (r#""$$""#, r#"OpenQuote " · QuotedText $ · QuotedText $ · CloseQuote ""#),
        (r#""$$$""#, r#"OpenQuote " · QuotedText $ · QuotedText $ · QuotedText $ · CloseQuote ""#),
        (r#""$$${a}""#, r#"OpenQuote " · QuotedText $ · QuotedText $${ · QuotedText a} · CloseQuote ""#),
        (r#""$${a}""#, r#"OpenQuote " · QuotedText $${ · QuotedText a} · CloseQuote ""#),
        (r#""$$$${a}""#, r#"OpenQuote " · QuotedText $ · QuotedText $ · QuotedText $${ · QuotedText a} · CloseQuote ""#),
        (r#""%%%{a}""#, r#"OpenQuote " · QuotedText % · QuotedText %%{ · QuotedText a} · CloseQuote ""#),
        (r#""%%{a}""#, r#"OpenQuote " · QuotedText %%{ · QuotedText a} · CloseQuote ""#),
        (r#""$%{a}""#, r#"OpenQuote " · QuotedText $ · DirectiveStart %{ · Ident a · TemplateEnd } · CloseQuote ""#),
        (r#""%${a}""#, r#"OpenQuote " · QuotedText % · InterpolationStart ${ · Ident a · TemplateEnd } · CloseQuote ""#),
        (r#""$\"b""#, r#"OpenQuote " · QuotedText $ · QuotedText \"b · CloseQuote ""#),
        (r#""a\$b""#, r#"OpenQuote " · QuotedText a\$b · CloseQuote ""#),
        (r#""a\${b}""#, r#"OpenQuote " · QuotedText a\${b} · CloseQuote ""#),
        (r#""a\%{b}""#, r#"OpenQuote " · QuotedText a\%{b} · CloseQuote ""#),
        (r#""$${~ a}""#, r#"OpenQuote " · QuotedText $${~ · QuotedText  a} · CloseQuote ""#),
        (r#""${~ a ~}""#, r#"OpenQuote " · InterpolationStart ${~ · Ident a · TemplateEnd ~} · CloseQuote ""#),
        (r#""${ {} ~}~}""#, r#"OpenQuote " · InterpolationStart ${ · OpenBrace { · CloseBrace } · TemplateEnd ~} · QuotedText ~} · CloseQuote ""#),
        (r#""${f("${x}y")}z""#, r#"OpenQuote " · InterpolationStart ${ · Ident f · OpenParen ( · OpenQuote " · InterpolationStart ${ · Ident x · TemplateEnd } · QuotedText y · CloseQuote " · CloseParen ) · TemplateEnd } · QuotedText z · CloseQuote ""#),
        (r#""${{a="b${c}"}}""#, r#"OpenQuote " · InterpolationStart ${ · OpenBrace { · Ident a · Assign = · OpenQuote " · QuotedText b · InterpolationStart ${ · Ident c · TemplateEnd } · CloseQuote " · CloseBrace } · TemplateEnd } · CloseQuote ""#),
        (r#""${"${a}"}${b}""#, r#"OpenQuote " · InterpolationStart ${ · OpenQuote " · InterpolationStart ${ · Ident a · TemplateEnd } · CloseQuote " · TemplateEnd } · InterpolationStart ${ · Ident b · TemplateEnd } · CloseQuote ""#),
        (r#""%{ if a }b%{ else }c%{ endif }""#, r#"OpenQuote " · DirectiveStart %{ · Ident if · Ident a · TemplateEnd } · QuotedText b · DirectiveStart %{ · Ident else · TemplateEnd } · QuotedText c · DirectiveStart %{ · Ident endif · TemplateEnd } · CloseQuote ""#),
        (r#""é́""#, r#"OpenQuote " · QuotedText é́ · CloseQuote ""#),
    ]);
}

#[test]
#[rustfmt::skip]
fn cuts_heredocs() {
    check(lex, &[
        ("<<EOT\nEOT\n", "OpenHeredoc <<EOT␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\nabc\n  EOT\n", "OpenHeredoc <<EOT␊ · HeredocText abc␊ · CloseHeredoc   EOT · Newline ␊"),
        ("<<EOT\r\nabc\r\nEOT\r\nx", "OpenHeredoc <<EOT␍␊ · HeredocText abc␍␊ · CloseHeredoc EOT · Newline ␍␊ · Ident x"),
        ("<<-EOT\nab\n", "OpenHeredoc <<-EOT␊ · HeredocText ab␊"),
        ("<<EOT\na${b}EOT\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText a · InterpolationStart ${ · Ident b · TemplateEnd } · HeredocText EOT␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n$\nEOT\nx\n", "OpenHeredoc <<EOT␊ · HeredocText $ · HeredocText ␊ · CloseHeredoc EOT · Newline ␊ · Ident x · Newline ␊"),
        ("<<EOT\n$a\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText $a · HeredocText ␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n$$\n\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText $$ · HeredocText ␊ · HeredocText ␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n$${\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText $${␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n$${a}b\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText $${ · HeredocText a}b␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n$\r\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText $␍ · HeredocText ␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n${a}\nEOT\n", "OpenHeredoc <<EOT␊ · InterpolationStart ${ · Ident a · TemplateEnd } · HeredocText ␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n${a} EOT\nEOT \t\n", "OpenHeredoc <<EOT␊ · InterpolationStart ${ · Ident a · TemplateEnd } · HeredocText  EOT␊ · CloseHeredoc EOT \t · Newline ␊"),
        ("<<EOT\n\u{a0}EOT\nx", "OpenHeredoc <<EOT␊ · CloseHeredoc \u{a0}EOT · Newline ␊ · Ident x"),
        ("<<EOT\n${<<B\nx${1}\nB\n}\nEOT\n", "OpenHeredoc <<EOT␊ · InterpolationStart ${ · OpenHeredoc <<B␊ · HeredocText x · InterpolationStart ${ · Number 1 · TemplateEnd } · HeredocText ␊ · CloseHeredoc B · Newline ␊ · TemplateEnd } · HeredocText ␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<EOT\n%%{a %a\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText %%{ · HeredocText a  · HeredocText %a · HeredocText ␊ · CloseHeredoc EOT · Newline ␊"),
        ("<<a-b\nx\na-b\nx", "OpenHeredoc <<a-b␊ · HeredocText x␊ · CloseHeredoc a-b · Newline ␊ · Ident x"),
        ("<<é\nx\né\n", "OpenHeredoc <<é␊ · HeredocText x␊ · CloseHeredoc é · Newline ␊"),
        ("<<EOT\nEOT", "OpenHeredoc <<EOT␊ · HeredocText EOT"),
        ("<<EOT\nEOTX\nXEOT\nEOT\n", "OpenHeredoc <<EOT␊ · HeredocText EOTX␊ · HeredocText XEOT␊ · CloseHeredoc EOT · Newline ␊"),
    ]);
}

#[test]
#[rustfmt::skip]
fn takes_no_heredoc_where_the_line_does_not_end_behind_its_name() {
    check(lex, &[
        ("<<EOT \nabc", "Less < · Less < · Ident EOT · Newline ␊ · Ident abc"),
        ("<<-\n", "Less < · Less < · Minus - · Newline ␊"),
        ("<< EOT\n", "Less < · Less < · Ident EOT · Newline ␊"),
        ("<<1\nx", "Less < · Less < · Number 1 · Newline ␊ · Ident x"),
        ("<<EOT", "Less < · Less < · Ident EOT"),
    ]);
}

#[test]
#[rustfmt::skip]
fn numbers_take_digits_dots_and_exponents_and_end_in_no_dot() {
    check(lex, &[
        ("1. 1..2 1... .5 1.e5", "Number 1 · Dot . · Number 1..2 · Number 1 · Ellipsis ... · Dot . · Number 5 · Number 1.e5"),
        ("1e5 1e+5 1E-5 1e 1e+", "Number 1e5 · Number 1e+5 · Number 1E-5 · Number 1 · Ident e · Number 1 · Ident e · Plus +"),
        ("1e5e6 1.2.3 1e5.5", "Number 1e5e6 · Number 1.2.3 · Number 1e5.5"),
        ("0x1f 1_0 1a", "Number 0 · Ident x1f · Number 1 · Ident _0 · Number 1 · Ident a"),
    ]);
}

#[test]
#[rustfmt::skip]
fn names_are_of_unicode_letters_and_dashes() {
    check(lex, &[
        ("a-b -a _a a1", "Ident a-b · Minus - · Ident a · Ident _a · Ident a1"),
        ("a.b::c:::d", "Ident a · Dot . · Ident b · DoubleColon :: · Ident c · DoubleColon :: · Colon : · Ident d"),
        ("é été a\u{301}", "Ident é · Ident été · Ident a\u{301}"),
        ("a· ª", "Ident a· · Ident ª"),
        ("中文 x", "Ident 中文 · Ident x"),
        ("ͺ ำ ゛ ℘", "Ident ͺ · Ident ำ · Ident ゛ · Ident ℘"),
    ]);
}

#[test]
#[rustfmt::skip]
fn cuts_the_longest_operator() {
    check(lex, &[
        ("=>=== ==!=!", "FatArrow => · Equal == · Assign = · Equal == · NotEqual != · Bang !"),
        ("<=>= < >", "LessEqual <= · GreaterEqual >= · Less < · Greater >"),
        ("&&&|||", "And && · Invalid & · Or || · Invalid |"),
        ("~} ~ }} ~}", "TemplateEnd ~} · Invalid ~ · CloseBrace } · CloseBrace } · TemplateEnd ~}"),
        ("a?b:c", "Ident a · Question ? · Ident b · Colon : · Ident c"),
        ("f(x...)", "Ident f · OpenParen ( · Ident x · Ellipsis ... · CloseParen )"),
        ("a[*].b.*", "Ident a · OpenBracket [ · Star * · CloseBracket ] · Dot . · Ident b · Dot . · Star *"),
        ("-+*/%!", "Minus - · Plus + · Star * · Slash / · Percent % · Bang !"),
    ]);
}

#[test]
#[rustfmt::skip]
fn comments_take_their_line_break_and_an_unclosed_one_is_operators() {
    check(lex, &[
        ("a /* b */ c", "Ident a · Comment /* b */ · Ident c"),
        ("# a b\r\nc", "Comment # a b␍␊ · Ident c"),
        ("// foo", "Comment // foo"),
        ("/*", "Slash / · Star *"),
        ("/* /* /", "Slash / · Star * · Slash / · Star * · Slash /"),
        ("/**/a", "Comment /**/ · Ident a"),
        ("/*/a*/b", "Comment /*/a*/ · Ident b"),
        ("a#b\n", "Ident a · Comment #b␊"),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_means_nothing_is_invalid_and_a_byte_order_mark_is_skipped() {
    check(lex, &[
        ("'a' `b` ; ^ | & @ \\ \u{0} \u{b} \u{a0} “", "Invalid ' · Ident a · Invalid ' · Invalid ` · Ident b · Invalid ` · Invalid ; · Invalid ^ · Invalid | · Invalid & · Invalid @ · Invalid \\ · Invalid \u{0} · Invalid \u{b} · Invalid \u{a0} · Invalid “"),
        ("\r a", "Invalid ␍ · Ident a"),
        ("\r\n", "Newline ␍␊"),
        ("a\tb", "Ident a · Ident b"),
        ("\u{feff}a = 1", "Ident a · Assign = · Number 1"),
        ("a\u{feff}", "Ident a · Invalid \u{feff}"),
    ]);
}

#[test]
#[rustfmt::skip]
fn cuts_templates_without_quotes() {
    check(lex_template, &[
        ("a", "HeredocText a"),
        ("a\nb", "HeredocText a␊ · HeredocText b"),
        ("a$", "HeredocText a · HeredocText $"),
        ("$", "HeredocText $"),
        ("$a", "HeredocText $ · HeredocText a"),
        ("$\n", "HeredocText $ · HeredocText ␊"),
        ("a${b}\n", "HeredocText a · InterpolationStart ${ · Ident b · TemplateEnd } · HeredocText ␊"),
        ("$${a", "HeredocText $${ · HeredocText a"),
        ("$$${a}", "HeredocText $ · HeredocText $${ · HeredocText a}"),
        (r#""a""#, r#"HeredocText "a""#),
        ("a\r\nb\r\n", "HeredocText a␍␊ · HeredocText b␍␊"),
        (r"a\n${1}", r"HeredocText a\n · InterpolationStart ${ · Number 1 · TemplateEnd }"),
        (r#"${"a${b}"}c"#, r#"InterpolationStart ${ · OpenQuote " · QuotedText a · InterpolationStart ${ · Ident b · TemplateEnd } · CloseQuote " · TemplateEnd } · HeredocText c"#),
        ("<<E\na\nE\n", "HeredocText <<E␊ · HeredocText a␊ · HeredocText E␊"),
        ("~}", "HeredocText ~}"),
        ("${~a~}", "InterpolationStart ${~ · Ident a · TemplateEnd ~}"),
        ("\n\n", "HeredocText ␊ · HeredocText ␊"),
        ("a%%{ if }b", "HeredocText a · HeredocText %%{ · HeredocText  if }b"),
        ("%{ if a ~}\n b\n%{ endif }", "DirectiveStart %{ · Ident if · Ident a · TemplateEnd ~} · HeredocText ␊ · HeredocText  b␊ · DirectiveStart %{ · Ident endif · TemplateEnd }"),
        ("a\rb${c}", "HeredocText a · HeredocText ␍b${c}"),
        ("\u{feff}a", "HeredocText a"),
        ("", ""),
    ]);
}

#[test]
fn an_unclosed_string_ends_with_its_line() {
    // The scanner of HCL goes on to the next quote; so a slip here spoils the rest of the file there.
    check(
        lex,
        &[
            ("a = \"b\nc", "Ident a · Assign = · OpenQuote \" · QuotedText b · Newline ␊ · Ident c"),
            ("\"a\r\nb\"", "OpenQuote \" · QuotedText a · Newline ␍␊ · Ident b · OpenQuote \""),
            ("\"a\\\nb", "OpenQuote \" · QuotedText a · Invalid \\ · Newline ␊ · Ident b"),
            ("\"a$", "OpenQuote \" · QuotedText a · QuotedText $"),
            (
                "\"${\"a\n}b\"c",
                "OpenQuote \" · InterpolationStart ${ · OpenQuote \" · QuotedText a · Newline ␊ · TemplateEnd } · \
                 QuotedText b · CloseQuote \" · Ident c",
            ),
        ],
    );
}

#[test]
fn a_stray_carriage_return_in_a_heredoc_is_all_that_is_invalid() {
    // The scanner of HCL takes all the rest of the file for invalid.
    let tokens = "OpenHeredoc <<E␊ · HeredocText a · Invalid ␍ · HeredocText b␊ · CloseHeredoc E · Newline ␊";
    check(lex, &[("<<E\na\rb\nE\n", tokens)]);
}

#[test]
fn names_hold_no_invisible_joiners() {
    check(lex, &[("a\u{200d}b", "Ident a · Invalid \u{200d} · Ident b")]);
}

#[test]
fn bytes_that_are_not_utf8_are_apart_but_in_comments() {
    // The scanner of HCL lets overlong forms pass, and has a token for each byte.
    let check = |text: &[u8], expected: &str| assert_eq!(show(text, &lex(text)), expected);
    check(b"a\xe9b", "Ident a · BadUtf8 \u{fffd} · Ident b");
    check(b"\"a\xe9b\"", "OpenQuote \" · QuotedText a · BadUtf8 \u{fffd} · QuotedText b · CloseQuote \"");
    check(b"\"\\\xe9\"", "OpenQuote \" · QuotedText \\ · BadUtf8 \u{fffd} · CloseQuote \"");
    check(b"\"\xc0\x80\"", "OpenQuote \" · BadUtf8 \u{fffd} · BadUtf8 \u{fffd} · CloseQuote \"");
    check(b"<<E\n\xe9\nE\n", "OpenHeredoc <<E␊ · BadUtf8 \u{fffd} · HeredocText ␊ · CloseHeredoc E · Newline ␊");
    check(b"# \xe9\na", "Comment # \u{fffd}␊ · Ident a");
}

#[test]
fn every_byte_is_in_one_token_or_space() {
    let parts: &[&[u8]] = &[
        b"\"",
        b"\"",
        b"${",
        b"%{",
        b"}",
        b"~}",
        b"{",
        b"$",
        b"%",
        b"$${",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"<<E\n",
        b"<<-E\n",
        b"E\n",
        b" E\n",
        b"a",
        b"1",
        b".",
        b"e",
        b" ",
        b"\t",
        b"#",
        b"/*",
        b"*/",
        b"\\",
        b"=",
        b"\xc3\xa9",
        b"\xe9",
        b"\xc3",
        b"\xf0\x9f",
        b"~",
    ];
    let mut state = 1u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for _ in 0..20_000 {
        let text: Vec<u8> = (0..below(24)).flat_map(|_| parts[below(parts.len())]).copied().collect();
        for tokens in [lex(&text), lex_template(&text)] {
            check_covers(&text, &tokens);
        }
    }
}

fn check_covers(text: &[u8], tokens: &[Token]) {
    let mut at = 0;
    for token in tokens {
        let (start, end) = (token.start as usize, token.end as usize);
        assert!(at <= start && start <= end, "tokens of {text:?} overlap: {tokens:?}");
        assert!(text[at..start].iter().all(|byte| b" \t".contains(byte)), "a byte of {text:?} is lost: {tokens:?}");
        assert_eq!(start == end, token.kind == TokenKind::End, "{text:?} has an empty token: {tokens:?}");
        let is_utf8 = std::str::from_utf8(&text[start..end]).is_ok();
        let may_be_bad = matches!(token.kind, TokenKind::BadUtf8 | TokenKind::Comment);
        assert!(is_utf8 || may_be_bad, "a token of {text:?} is not UTF-8: {tokens:?}");
        at = end;
    }
    assert_eq!(at, text.len());
}
