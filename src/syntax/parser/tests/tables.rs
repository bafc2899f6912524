//! Texts with their trees. What is expected is what hclsyntax 2.23, the parser of Terraform 1.11.4, makes of them.

use super::{Kind, outcome};

/// Compares each text's tree, or the word `error`, with what is expected.
fn check(kind: Kind, table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(outcome(kind, text), *expected, "{text:?}");
    }
}

#[test]
fn literals_names_and_steps() {
    check(
        Kind::Expression,
        &[
            ("1", "1"),
            ("1.5", "1.5"),
            ("1e5", "1e5"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1e400", "1e400"),
            ("true", "true"),
            ("null", "null"),
            ("foo", "foo"),
            ("foo.bar", "(. foo bar)"),
            ("foo.0", "(i foo 0)"),
            ("foo.0.1", "error"),
            ("foo.0.1.2", "error"),
            ("foo.0.1.2.3", "error"),
            ("foo.bar.0.1.baz", "error"),
            ("foo[0]", "(i foo 0)"),
            ("foo[a]", "(i foo a)"),
            ("foo[a].b", "(. (i foo a) b)"),
            ("foo.*", "(.* foo @)"),
            ("foo.*.bar", "(.* foo (. @ bar))"),
            ("foo.*.bar.baz", "(.* foo (. (. @ bar) baz))"),
            ("foo.*.bar[0]", "(i (.* foo (. @ bar)) 0)"),
            ("foo.*.0", "(.* foo (i @ 0))"),
            ("foo.*.bar.0.baz", "(.* foo (. (i (. @ bar) 0) baz))"),
            ("foo.*.0.1", "error"),
            ("foo.*.bar.*", "error"),
            ("foo.*.*", "error"),
            ("foo[*]", "(* foo @)"),
            ("foo[*].bar", "(* foo (. @ bar))"),
            ("foo[*].bar[0]", "(* foo (i (. @ bar) 0))"),
            ("foo[*].bar[*].baz", "(* foo (* (. @ bar) (. @ baz)))"),
            ("foo[*][0]", "(* foo (i @ 0))"),
            ("foo[*].*.a", "(* foo (.* @ (. @ a)))"),
            ("foo.*.a[*].b", "(* (.* foo (. @ a)) (. @ b))"),
            ("foo[ *]", "(* foo @)"),
            ("foo[* ]", "(* foo @)"),
            ("foo[*", "error"),
            ("foo.", "error"),
            ("foo.*.", "error"),
            ("foo[", "error"),
            ("foo[]", "error"),
            ("foo[1", "error"),
            ("foo[1 2]", "error"),
            ("(foo).bar", "(. (p foo) bar)"),
            ("(foo)[0].bar", "(. (i (p foo) 0) bar)"),
            ("a b", "error"),
            ("1 2", "error"),
            ("()", "error"),
            ("(a", "error"),
            ("(a b)", "error"),
            ("(a)", "(p a)"),
            ("((a))", "(p (p a))"),
            ("(", "error"),
            ("a", "a"),
            ("a & b", "error"),
            ("a | b", "error"),
            ("a ^ b", "error"),
            ("a;b", "error"),
            ("a = b", "error"),
            ("a # comment", "a"),
            ("a.b.", "error"),
            ("a[0].", "error"),
            ("a[0]b", "error"),
            ("a.0x", "error"),
            ("a[*].0", "(* a (i @ 0))"),
            ("a[*].0.1", "error"),
            ("a.*.b.0.1", "error"),
            ("a...", "error"),
            ("a..b", "error"),
            ("a.*b", "error"),
            ("a . b", "(. a b)"),
            ("a [0]", "(i a 0)"),
            ("a. b", "(. a b)"),
            ("a .0", "(i a 0)"),
            ("f (x)", "(call f x)"),
            ("true.a", "(. true a)"),
            ("null[0]", "(i null 0)"),
            ("true(1)", "(call true 1)"),
            ("1(2)", "error"),
            ("1.a", "(. 1 a)"),
            ("1 .a", "(. 1 a)"),
            ("1.5.a", "(. 1.5 a)"),
            ("if", "if"),
            ("in", "in"),
            ("a=>b", "error"),
            ("a", "a"),
            ("b", "b"),
        ],
    );
}

#[test]
fn operators_and_conditionals() {
    check(
        Kind::Expression,
        &[
            ("1.5E+3", "1.5E+3"),
            ("foo-bar", "foo-bar"),
            ("1+2", "(Add 1 2)"),
            ("1+2*3", "(Add 1 (Multiply 2 3))"),
            ("1*2+3", "(Add (Multiply 1 2) 3)"),
            ("1-2-3", "(Subtract (Subtract 1 2) 3)"),
            ("1-2+3*4/5%6", "(Add (Subtract 1 2) (Remainder (Divide (Multiply 3 4) 5) 6))"),
            ("a||b&&c||d", "(Or (Or a (And b c)) d)"),
            ("a==b!=c", "(NotEqual (Equal a b) c)"),
            ("a<b==c>d", "(Equal (Less a b) (Greater c d))"),
            ("a<b<c", "(Less (Less a b) c)"),
            ("-a", "(Negate a)"),
            ("!a", "(Not a)"),
            ("-a+b", "(Add (Negate a) b)"),
            ("!a&&b", "(And (Not a) b)"),
            ("--a", "(Negate (Negate a))"),
            ("!!a", "(Not (Not a))"),
            ("!-a", "(Not (Negate a))"),
            ("- 1", "(Negate 1)"),
            ("-a.b[0]", "(Negate (i (. a b) 0))"),
            ("-a ? b : c", "(? (Negate a) b c)"),
            ("a?b:c", "(? a b c)"),
            ("a?b:c?d:e", "(? a b (? c d e))"),
            ("a?b?c:d:e", "(? a (? b c d) e)"),
            ("a ? b", "error"),
            ("a ? b :", "error"),
            ("a ?", "error"),
            ("a +", "error"),
            ("+ a", "error"),
            ("a /* c */ + b", "(Add a b)"),
            ("a // c", "a"),
            ("-1.a", "(Negate (. 1 a))"),
            ("1 == 1 ? 2 : 3", "(? (Equal 1 1) 2 3)"),
            ("a ? b : c + d", "(? a b (Add c d))"),
            ("a || b ? c : d", "(? (Or a b) c d)"),
            ("a ? [1] : {}", "(? a [1] {})"),
            ("(a ? b : c).d", "(. (p (? a b c)) d)"),
            ("!a.b", "(Not (. a b))"),
            ("!f(x)", "(Not (call f x))"),
            ("+", "error"),
            ("a }x%{ endif", "error"),
        ],
    );
}

#[test]
fn calls() {
    check(
        Kind::Expression,
        &[
            ("f(x).y", "(. (call f x) y)"),
            ("f(x)[0].y[*].z", "(* (. (i (call f x) 0) y) (. @ z))"),
            ("f()", "(call f)"),
            ("f(a)", "(call f a)"),
            ("f(a,b)", "(call f a b)"),
            ("f(a,)", "(call f a)"),
            ("f(a b)", "error"),
            ("f(a,b...)", "(call f a b...)"),
            ("f(a...)", "(call f a...)"),
            ("f(a...,b)", "error"),
            ("f(...)", "error"),
            ("f(,)", "error"),
            ("f(", "error"),
            ("f(a", "error"),
            ("f(a,", "error"),
            ("provider::a::b(1)", "(call provider::a::b 1)"),
            ("a::b", "error"),
            ("a::", "error"),
            ("a::(1)", "error"),
            ("a :: b (1)", "(call a::b 1)"),
            ("a::b ::c(1)", "(call a::b::c 1)"),
            ("f(", "error"),
            ("f({a=1}, [2])", "(call f {a=1} [2])"),
            ("f({})", "(call f {})"),
        ],
    );
}

#[test]
fn tuples_objects_and_for() {
    check(
        Kind::Expression,
        &[
            ("[1,2][0]", "(i [1 2] 0)"),
            ("{a=1}.a", "(. {a=1} a)"),
            ("[]", "[]"),
            ("[1]", "[1]"),
            ("[1,]", "[1]"),
            ("[1,2,3]", "[1 2 3]"),
            ("[1 2]", "error"),
            ("[,]", "error"),
            ("[1", "error"),
            ("[", "error"),
            ("[1,", "error"),
            ("[for]", "error"),
            ("[for x in y : x]", "(for x y x)"),
            ("[for k, v in y : v]", "(for k,v y v)"),
            ("[for k, v in y : v if k]", "(for k,v y v if k)"),
            ("[for k, v in y : v => k]", "error"),
            ("[for x in y : x...]", "error"),
            ("{for k, v in y : k => v}", "(for k,v y k => v)"),
            ("{for k, v in y : k => v...}", "(for k,v y k => v...)"),
            ("{for k, v in y : k => v if v}", "(for k,v y k => v if v)"),
            ("{for k, v in y : k => v... if v}", "(for k,v y k => v... if v)"),
            ("{for k, v in y : v}", "error"),
            ("{for k, v in y : k => v if v...}", "error"),
            ("[for x in y x]", "error"),
            ("[for x y : x]", "error"),
            ("[for x, in y : x]", "error"),
            ("[for 1 in y : x]", "error"),
            ("[for x in : x]", "error"),
            ("[for x in y :]", "error"),
            ("[for x in y : x if]", "error"),
            ("[for x in y : x z]", "error"),
            ("[for x in y : x", "error"),
            ("{for = 1}", "error"),
            ("{(for) = 1}", "{(p for)=1}"),
            ("{}", "{}"),
            ("{a=1}", "{a=1}"),
            ("{a:1}", "{a=1}"),
            ("{a=1,}", "{a=1}"),
            ("{a=1,b=2}", "{a=1 b=2}"),
            ("{a=1 b=2}", "error"),
            ("{(a)=1}", "{(p a)=1}"),
            ("{a.b=1}", "{(. a b)=1}"),
            ("{1=2}", "{1=2}"),
            ("{1.5=2}", "{1.5=2}"),
            ("{-1=2}", "{(Negate 1)=2}"),
            ("{null=1,true=2}", "{null=1 true=2}"),
            ("{a}", "error"),
            ("{a=}", "error"),
            ("{=1}", "error"),
            ("{,}", "error"),
            ("{a=1,,b=2}", "error"),
            ("{a = 1", "error"),
            ("{a =", "error"),
            ("{a", "error"),
            ("{", "error"),
            ("{a+b=1}", "{(Add a b)=1}"),
            ("{f(x)=1}", "{(call f x)=1}"),
            ("{a ? b : c = 1}", "{(? a b c)=1}"),
            ("{a=1,a=2}", "{a=1 a=2}"),
            ("{a => 1}", "error"),
            ("[a", "error"),
            ("for", "for"),
            ("for.x", "(. for x)"),
            ("[for x in y : if]", "(for x y if)"),
            ("[for for in in : for]", "(for for in for)"),
            ("[for if in x : if if if]", "(for if x if if if)"),
            ("[[[]]]", "[[[]]]"),
            ("[for x in [for y in z : y] : x]", "(for x (for y z y) x)"),
            ("{ for x in y : (x) => x, }", "error"),
            ("[for x in y : x,]", "error"),
        ],
    );
}

#[test]
fn templates() {
    check(
        Kind::Expression,
        &[
            (r#"foo["a"]"#, r#"(i foo "a")"#),
            (r#"foo["a${b}"]"#, r#"(i foo (t "a" b))"#),
            (r#"foo["a\n"]"#, r#"(i foo "a\n")"#),
            (r#"{a=1}["a"]"#, r#"(i {a=1} "a")"#),
            (r#""abc"[0]"#, r#"(i "abc" 0)"#),
            (r#""a".b"#, r#"(. "a" b)"#),
            (r#"core::upper("x")"#, r#"(call core::upper "x")"#),
            (r#"{"for" = 1}"#, r#"{"for"=1}"#),
            (r#"{"a"=1}"#, r#"{"a"=1}"#),
            (r#"{"a${b}"=1}"#, r#"{(t "a" b)=1}"#),
            (r#""abc""#, r#""abc""#),
            (r#""""#, r#""""#),
            (r#""a${b}c""#, r#"(t "a" b "c")"#),
            (r#""${b}""#, "(wrap b)"),
            (r#""${b}${c}""#, "(t b c)"),
            (r#""${ b }""#, "(wrap b)"),
            (r#""${"x"}""#, r#"(wrap "x")"#),
            (r#""${"${b}"}""#, "(wrap (wrap b))"),
            (r#""a${"b"}c""#, r#"(t "a" "b" "c")"#),
            (r#""$${a}""#, r#""${a}""#),
            (r#""%%{a}""#, r#""%{a}""#),
            (r#""$$${a}""#, r#""$${a}""#),
            (r#""$$$${a}""#, r#""$$${a}""#),
            (r#""$""#, r#""$""#),
            (r#""$$""#, r#""$$""#),
            (r#""%""#, r#""%""#),
            (r#""100%""#, r#""100%""#),
            (r#""$a""#, r#""$a""#),
            (r#""%%""#, r#""%%""#),
            (r#""${a""#, "error"),
            (r#""${a b}""#, "error"),
            (r#""${}""#, "error"),
            (r#""${a}}""#, r#"(t a "}")"#),
            (r#""a\nb\tc\rd\"e\\f""#, r#""a\nb<9>c<d>d\"e\\f""#),
            (r#""\u00e9\U0001F600""#, r#""<e9><1f600>""#),
            (r#""\q""#, "error"),
            (r#""\u12""#, "error"),
            (r#""\u12G4""#, "error"),
            (r#""\U0001""#, "error"),
            (r#""\uD800""#, "error"),
            (r#""\U00110000""#, "error"),
            (r#""\""#, "error"),
            ("\"\u{e9}\"", r#""<e9>""#),
            ("\"\u{e9}\"", r#""<e9>""#),
            (r#""a~${ ~a~ } b""#, "error"),
            (r#""a ${~ b ~} c""#, r#"(t "a" b "c")"#),
            (r#""a ${~ b} c""#, r#"(t "a" b " c")"#),
            (r#""a ${b ~} c""#, r#"(t "a " b "c")"#),
            (r#""a ${b ~}${~ c} d""#, r#"(t "a " b c " d")"#),
            (r#""a \n ${~ b ~} \n c""#, r#"(t "a" b "c")"#),
            (r#""a %{ if x } b %{ else } c %{ endif } d""#, r#"(t "a " (? x " b " " c ") " d")"#),
            (r#""a %{~ if x ~} b %{~ else ~} c %{~ endif ~} d""#, r#"(t "a" (? x "b" "c") "d")"#),
            (r#""%{ if x }b%{ endif }""#, r#"(t (? x "b" ""))"#),
            (r#""%{ if x }%{ endif }""#, r#"(t (? x "" ""))"#),
            (r#""%{ if x }${b}%{ endif }""#, r#"(t (? x (t b) ""))"#),
            (r#""%{ if x }a%{ else }%{ endif }""#, r#"(t (? x "a" ""))"#),
            (r#""%{ if x }a%{ else }b%{ else }c%{ endif }""#, "error"),
            (r#""%{ if x }a""#, "error"),
            (r#""%{ if }a%{ endif }""#, "error"),
            (r#""%{ if x y }a%{ endif }""#, "error"),
            (r#""%{ for x in y }${x}%{ endfor }""#, "(t (join x y (t x)))"),
            (r#""%{ for k, x in y }${x},%{ endfor }""#, r#"(t (join k,x y (t x ",")))"#),
            (r#""%{ for x in y }""#, "error"),
            (r#""%{ for x in y }a%{ endif }""#, "error"),
            (r#""%{ if x }a%{ endfor }""#, "error"),
            (r#""%{ endif }""#, "error"),
            (r#""%{ else }""#, "error"),
            (r#""%{ endfor }""#, "error"),
            (r#""%{ foo }""#, "error"),
            (r#""%{ }""#, "error"),
            (r#""%{""#, "error"),
            (r#""%{ for }""#, "error"),
            (r#""%{ for x }""#, "error"),
            (r#""%{ for x, in y}""#, "error"),
            (
                r#""%{ if x }%{ for a in b }${a}%{ endfor }%{ else }z%{ endif }""#,
                r#"(t (? x (t (join a b (t a))) "z"))"#,
            ),
            (r#""%{ if x }\n%{ endif }""#, r#"(t (? x "\n" ""))"#),
            (r#""%{ if x }$${y}%{ endif }""#, r#"(t (? x "${y}" ""))"#),
            (r#""%{ else x }""#, "error"),
            (r#""%{ if x }a%{ endif x }""#, "error"),
            (r#""abc"#, "error"),
            (r#""abc${"#, "error"),
            (r#""abc${d}"#, "error"),
            (r#"a."b""#, "error"),
            (r#""${for}""#, "(wrap for)"),
            (r#""a" + "b""#, r#"(Add "a" "b")"#),
            (r#"-"1""#, r#"(Negate "1")"#),
            (r#"{ "a" : { b = [1, { c = 2 }] } }"#, r#"{"a"={b=[1 {c=2}]}}"#),
            (r#"{ for x in y : "${x}" => x }"#, "(for x y (wrap x) => x)"),
            (r#""${f("${a}")}""#, "(wrap (call f (wrap a)))"),
            (r#""${ { a = 1 } }""#, "(wrap {a=1})"),
            (r#""${ { a = 1 }.a }""#, "(wrap (. {a=1} a))"),
            (r#""${[for x in y : "${x}"]}""#, "(wrap (for x y (wrap x)))"),
            (r#""${ a ? "b" : "c" }""#, r#"(wrap (? a "b" "c"))"#),
            (r#""\${a}""#, "error"),
            (r#""\%{a}""#, "error"),
            (r#""a\"#, "error"),
            (r#"b""#, "error"),
            (r#""${a"#, "error"),
            (r#"}""#, "error"),
            (r#""${"#, "error"),
            (r#"}""#, "error"),
            (r#""%{ if"#, "error"),
            (r#"}""#, "error"),
        ],
    );
}

#[test]
fn odd_ones_of_expressions() {
    check(
        Kind::Expression,
        &[
            (")", "error"),
            ("~a", "error"),
            ("'a'", "error"),
            ("`a`", "error"),
            ("@a", "error"),
            ("#comment", "error"),
            (", b]", "error"),
            ("  a,", "error"),
            ("  b", "b"),
            (")", "error"),
            (".a", "error"),
        ],
    );
}

#[test]
fn heredocs() {
    check(
        Kind::File,
        &[
            ("a = <<E\nhello\nE\n", r#"{a="hello\n";}"#),
            ("a = <<E\nE\n", r#"{a="";}"#),
            ("a = <<E\n  hi ${x}\n there\nE\n", r#"{a=(t "  hi " x "\n there\n");}"#),
            ("a = <<-E\n  hi ${x}\n    there\n  E\n", r#"{a=(t "hi " x "\n  there\n");}"#),
            ("a = <<-E\n    hi\n\n      there\n    ${x}\n  E\n", r#"{a=(t "hi\n\n  there\n" x "\n");}"#),
            (
                "a = <<-E\n    %{ if x }\n      a\n    %{ else }\n      b\n    %{ endif }\n    E\n",
                r#"{a=(t "" (? x "\n  a\n" "\n  b\n") "\n");}"#,
            ),
            (
                "a = <<-E\n    %{ if x ~}\n      a\n    %{~ else ~}\n      b\n    %{~ endif ~}\n    E\n",
                r#"{a=(t "    " (? x "      a\n" "      b\n") "");}"#,
            ),
            (
                "a = <<-E\n    %{ for i in x ~}\n      a ${i}\n    %{ endfor ~}\n    end\n    E\n",
                r#"{a=(t "" (join i x (t "      a " i "\n")) "    end\n");}"#,
            ),
            (
                "a = <<E\n    %{ for i in x ~}\n      a ${i}\n    %{ endfor ~}\n    end\nE\n",
                r#"{a=(t "    " (join i x (t "      a " i "\n    ")) "    end\n");}"#,
            ),
            ("a = <<-E\n    ${~ x ~}\n      a\n    b\n    E\n", r#"{a=(t "" x "      a\n    b\n");}"#),
            ("a = <<-E\n    x ${a}\n    ${b} c\n  ${c}\n    E\n", r#"{a=(t "  x " a "\n  " b " c\n" c "\n");}"#),
            ("a = <<-E\n${a}\n    b\n    E\n", r#"{a=(t a "\n    b\n");}"#),
            ("a = <<-E\n	tab\n	  tab2\nE\n", r#"{a="tab\n  tab2\n";}"#),
            ("a = <<-E\n      \n    a\n   \n      b\nE\n", r#"{a="      \na\n   \n  b\n";}"#),
            ("a = <<-E\n    a\nE\nb = 1\n", r#"{a="a\n";b=1;}"#),
            (
                r"a = <<E
a $${b} %%{c} \n \q
E
",
                r#"{a="a ${b} %{c} \\n \\q\n";}"#,
            ),
            (
                r#"a = <<"E"
a
E
"#,
                "error",
            ),
            ("a = <<E\na\n E\n", r#"{a="a\n";}"#),
            ("a = <<E\na\n", "error"),
            ("a = <<E\n${\n", "error"),
            ("a = [<<E\na\nE\n, 1]\n", r#"{a=["a\n" 1];}"#),
            ("a = f(<<E\na\nE\n)\n", r#"{a=(call f "a\n");}"#),
            ("a = f(<<E, 1\na\nE\n)\n", "error"),
            ("a = <<E\na\nE .b\n", "error"),
            ("a = { b = <<E\nx\nE\nc = 2 }\n", r#"{a={b="x\n" c=2};}"#),
            (
                r#"a = <<-E
  a ${"b
  "}
  E
"#,
                "error",
            ),
            ("a = <<E\na%{ if x }\nb\n%{ endif }c\nE\n", r#"{a=(t "a" (? x "\nb\n" "") "c\n");}"#),
            ("a = <<-E\n    a\n     %{ if x }b%{ endif }\n   c\n    E\n", r#"{a=(t " a\n  " (? x "b" "") "\nc\n");}"#),
            ("a = <<-E\n  ${a}\n    ${b}\n  E\n", r#"{a=(t "" a "\n  " b "\n");}"#),
            ("a = <<-E\n    a${~ b ~}\n    c\n    E\n", r#"{a=(t "a" b "    c\n");}"#),
            (
                r"a = <<-E
  a\
  b
  E
",
                r#"{a="a\\\nb\n";}"#,
            ),
            ("a = <<E\na\nEE\nE\n", r#"{a="a\nEE\n";}"#),
            (
                r#"a = <<EOF
  $
  $$
  %
  $${
  ${"}"}
EOF
"#,
                r#"{a=(t "  $\n  $$\n  %\n  ${\n  " "}" "\n");}"#,
            ),
            ("a = <<\n", "error"),
            ("a = <<E\n", "error"),
            ("a = <<E foo\nE\n", "error"),
            ("a = <<-  E\nE\n", "error"),
        ],
    );
}

#[test]
fn bodies() {
    check(
        Kind::File,
        &[
            ("a = 1\nb = 2\n", "{a=1;b=2;}"),
            ("a = 1 b = 2\n", "error"),
            ("a = 1, b = 2\n", "error"),
            ("a = 1,\nb = 2\n", "error"),
            ("a = 1\na = 2\n", "error"),
            ("a {}\n", "{a{};}"),
            ("a { }\n", "{a{};}"),
            ("a {\n}\n", "{a{};}"),
            ("a { b = 1 }\n", "{a{b=1;};}"),
            ("a { b = 1, c = 2 }\n", "error"),
            ("a { b = 1\n}\n", "error"),
            ("a { b {} }\n", "error"),
            ("a { b }\n", "error"),
            ("a { 1 }\n", "error"),
            ("a {\n  b = 1 }\n", "error"),
            (
                r#"a "b" {}
"#,
                r#"{a "b"{};}"#,
            ),
            (
                r#"a "b" c "d" {}
"#,
                r#"{a "b" "c" "d"{};}"#,
            ),
            ("a b\n", "error"),
            (
                r#"a "b"
"#,
                "error",
            ),
            (
                r#"a "b" = 1
"#,
                "error",
            ),
            (
                r#"a "b${c}" {}
"#,
                "error",
            ),
            (
                r#"a "b\n$${c}" {}
"#,
                r#"{a "b\n${c}"{};}"#,
            ),
            (
                r#"a "b%{c}" {}
"#,
                "error",
            ),
            (
                r#"a "b
{}
"#,
                "error",
            ),
            ("a\n", "error"),
            ("a b {\n", "error"),
            ("a {\n  b {\n}\n", "error"),
            ("a {}}\n", "error"),
            ("}\n", "error"),
            ("{}\n", "error"),
            (
                r#""a" = 1
"#,
                "error",
            ),
            ("1\n", "error"),
            ("a = \n", "error"),
            ("a = \nb = 1\n", "error"),
            ("a =\n  1\n", "error"),
            ("a = 1 +\n  2\n", "error"),
            ("a = (1 +\n  2)\n", "{a=(p (Add 1 2));}"),
            ("a = 1\n  + 2\n", "error"),
            ("a = b\n  .c\n", "error"),
            ("a = b[\n0\n]\n", "{a=(i b 0);}"),
            ("a = b[0\n]\n", "{a=(i b 0);}"),
            ("a = (b\n.c)\n", "{a=(p (. b c));}"),
            ("a = b ? c :\nd\n", "error"),
            ("a = [\n  1,\n  2\n]\n", "{a=[1 2];}"),
            ("a = [\n  1\n  ,2\n]\n", "{a=[1 2];}"),
            ("a = {\n  b = 1\n  c = 2\n}\n", "{a={b=1 c=2};}"),
            ("a = {\n  b = 1,\n  c = 2,\n}\n", "{a={b=1 c=2};}"),
            ("a = {\n  b = 1\n\n  , c = 2\n}\n", "error"),
            ("a = {\n  b\n  = 1\n}\n", "error"),
            ("a = {\n  b =\n  1\n}\n", "error"),
            ("a = {\n  b = 1 +\n  2\n}\n", "error"),
            ("a = {\n  b = (1 +\n  2)\n}\n", "{a={b=(p (Add 1 2))};}"),
            ("a = {\n\nfor x in y : x => x}\n", "{a=(for x y x => x);}"),
            ("a = {\n  for x in y :\n  x =>\n  x\n  ...\n  if z\n}\n", "{a=(for x y x => x... if z);}"),
            ("a = f({\n  b = 1\n  c = 2\n})\n", "{a=(call f {b=1 c=2});}"),
            ("a = f({\n  b = [1\n   , 2]\n  c = f(1\n  , 2)\n})\n", "{a=(call f {b=[1 2] c=(call f 1 2)});}"),
            ("a = [{\n  b = 1\n  c = 2 }]\n", "{a=[{b=1 c=2}];}"),
            ("a = [{ b = {\n  c = 1\n} d = 1 }]\n", "error"),
            (
                r#"a = "${b
}"
"#,
                "{a=(wrap b);}",
            ),
            (
                r#"a = "${ {
  b = 1
  c = 2
} }"
"#,
                "{a=(wrap {b=1 c=2});}",
            ),
            ("a = 1 # x\nb = 2 // y\nc = 3 /* z */\nd = /* q */ 4\n/* a\nb */ e = 5\n", "{a=1;b=2;c=3;d=4;e=5;}"),
            ("a = 1 /* x\ny */ b = 2\n", "error"),
            ("a {} # x\n", "{a{};}"),
            ("a { # x\n  b = 1\n}\n", "{a{b=1;};}"),
            ("a { /* x */ b = 1 }\n", "{a{b=1;};}"),
            ("a { b = 1 } c = 2\n", "error"),
            ("a {} b {}\n", "error"),
            ("a {\n} b {}\n", "error"),
            (
                r#"a "x" { b = "c" } # d
"#,
                r#"{a "x"{b="c";};}"#,
            ),
            ("a = { b = 1 # x\n  c = 2 }\n", "{a={b=1 c=2};}"),
            ("a = [1, # x\n2]\n", "{a=[1 2];}"),
            ("a = \"x\"\nb = \"\u{e9}\"\n\u{e9} = 1\n", "{a=\"x\";b=\"<e9>\";\u{e9}=1;}"),
            ("a-b = 1\n", "{a-b=1;}"),
            ("_a = 1\n", "{_a=1;}"),
            ("a.b = 1\n", "error"),
            ("a[0] = 1\n", "error"),
            ("a = 1;\n", "error"),
            ("a = 'x'\n", "error"),
            ("a = b & c\n", "error"),
            ("a : 1\n", "error"),
            (
                r#"a = {"b": 1}
"#,
                r#"{a={"b"=1};}"#,
            ),
            ("a\n{\n}\n", "error"),
            (
                r#"a = "x
y"
"#,
                "error",
            ),
            (
                r#"a = "x
b = 1
"#,
                "error",
            ),
            (
                r#"a = "${x
b = 1
"#,
                "error",
            ),
            (
                r#"a = "${x"
b = 1
"#,
                "error",
            ),
            (
                r#"a = "%{ if x }"
"#,
                "error",
            ),
            ("provider::a {}\n", "error"),
            (
                r#"a "b" "c" {
  d "e" { f = 1 }
  g = [for x in y : {
z = x
  }]
  h {
i = 1
  }
}
"#,
                r#"{a "b" "c"{g=(for x y {z=x});d "e"{f=1;};h{i=1;};};}"#,
            ),
            (
                "a = b.*.c[0].d\ne = b[*].c[0].d[*].e.*.f[1]\n",
                "{a=(. (i (.* b (. @ c)) 0) d);e=(* b (* (. (i (. @ c) 0) d) (i (.* (. @ e) (. @ f)) 1)));}",
            ),
            (
                r#"a = 5 % 3
b = "5%"
"#,
                r#"{a=(Remainder 5 3);b="5%";}"#,
            ),
            (
                "a = !b == c\nd = -e * f\ng = a.b - 1\nh = a-b\ni = a -b\nj = 1-1\n",
                "{a=(Equal (Not b) c);d=(Multiply (Negate e) f);g=(Subtract (. a b) 1);h=a-b;i=(Subtract a b);j=(Subtract 1 1);}",
            ),
            ("a = b == null ? [] : [1]\n", "{a=(? (Equal b null) [] [1]);}"),
            ("a { \n", "error"),
            ("a = [\n", "error"),
            ("a = {\n", "error"),
            ("a = (\n", "error"),
            ("a = f(\n", "error"),
            (
                r#"a = "
"#,
                "error",
            ),
            ("a=1\n", "{a=1;}"),
            (" a = 1\n	b = 2\n", "{a=1;b=2;}"),
            ("a = true\nb = false\nc = null\nd = truex\n", "{a=true;b=false;c=null;d=truex;}"),
            (
                "a = [for k in x: k if true]\nb = {for k in x: k=>k if true}\n",
                "{a=(for k x k if true);b=(for k x k => k if true);}",
            ),
            ("a = x?y:z\nb = x?y.z:a::b()\n", "{a=(? x y z);b=(? x (. y z) (call a::b));}"),
        ],
    );
}

#[test]
fn heredocs_with_windows_line_breaks() {
    check(
        Kind::File,
        &[
            ("a = <<E\r\nhello\r\nE\r\n", r#"{a="hello<d>\n";}"#),
            ("a = <<E\r\nE\r\n", r#"{a="";}"#),
            ("a = <<E\r\n  hi ${x}\r\n there\r\nE\r\n", r#"{a=(t "  hi " x "<d>\n there<d>\n");}"#),
            ("a = <<-E\r\n  hi ${x}\r\n    there\r\n  E\r\n", r#"{a=(t "hi " x "<d>\n  there<d>\n");}"#),
            (
                "a = <<-E\r\n    hi\r\n\r\n      there\r\n    ${x}\r\n  E\r\n",
                r#"{a=(t "hi<d>\n<d>\n  there<d>\n" x "<d>\n");}"#,
            ),
            (
                "a = <<-E\r\n    %{ if x }\r\n      a\r\n    %{ else }\r\n      b\r\n    %{ endif }\r\n    E\r\n",
                r#"{a=(t "" (? x "<d>\n  a<d>\n" "<d>\n  b<d>\n") "<d>\n");}"#,
            ),
            (
                "a = <<-E\r\n    %{ if x ~}\r\n      a\r\n    %{~ else ~}\r\n      b\r\n    %{~ endif ~}\r\n    E\r\n",
                r#"{a=(t "    " (? x "      a<d>\n" "      b<d>\n") "");}"#,
            ),
            (
                "a = <<-E\r\n    %{ for i in x ~}\r\n      a ${i}\r\n    %{ endfor ~}\r\n    end\r\n    E\r\n",
                r#"{a=(t "" (join i x (t "      a " i "<d>\n")) "    end<d>\n");}"#,
            ),
            (
                "a = <<E\r\n    %{ for i in x ~}\r\n      a ${i}\r\n    %{ endfor ~}\r\n    end\r\nE\r\n",
                r#"{a=(t "    " (join i x (t "      a " i "<d>\n    ")) "    end<d>\n");}"#,
            ),
            ("a = <<-E\r\n    ${~ x ~}\r\n      a\r\n    b\r\n    E\r\n", r#"{a=(t "" x "      a<d>\n    b<d>\n");}"#),
            (
                "a = <<-E\r\n    x ${a}\r\n    ${b} c\r\n  ${c}\r\n    E\r\n",
                r#"{a=(t "  x " a "<d>\n  " b " c<d>\n" c "<d>\n");}"#,
            ),
            ("a = <<-E\r\n${a}\r\n    b\r\n    E\r\n", r#"{a=(t a "<d>\n    b<d>\n");}"#),
        ],
    );
}

#[test]
fn whole_templates() {
    check(
        Kind::Template,
        &[
            ("abc\n", r#""abc\n""#),
            ("a ${b} c\n", r#"(t "a " b " c\n")"#),
            ("${b}\n", r#"(t b "\n")"#),
            ("a\n\n  ${~ b ~}\n\nc\n", r#"(t "a\n\n" b "\nc\n")"#),
            ("%{ if x ~}\n a\n%{ else ~}\n b\n%{~ endif }\n", r#"(t (? x " a\n" " b") "\n")"#),
            ("%{ for x in y ~}\n${x}\n%{ endfor ~}\n", r#"(t (join x y (t "" x "\n")) "")"#),
            (
                r#""quoted" \n \\ $${a} %%{b}
"#,
                r#""\"quoted\" \\n \\\\ ${a} %{b}\n""#,
            ),
            ("${\n", "error"),
            ("${a\n", "error"),
            ("%{ if x }\n", "error"),
            ("%{ endif }\n", "error"),
            ("$ % $$ %%\n", r#""$ % $$ %%\n""#),
            ("a\nb ${c} d\ne\n", r#"(t "a\nb " c " d\ne\n")"#),
            ("${a ~}\n\n   ${~ b}\n", r#"(t a "\n" b "\n")"#),
            ("   \n  ${~ a ~}\n   b\n", r#"(t "   \n" a "   b\n")"#),
            ("abc", r#""abc""#),
            ("a ${b} c", r#"(t "a " b " c")"#),
            ("${b}", "(wrap b)"),
            ("a\n\n  ${~ b ~}\n\nc", r#"(t "a\n\n" b "\nc")"#),
            ("%{ if x ~}\n a\n%{ else ~}\n b\n%{~ endif }", r#"(t (? x " a\n" " b"))"#),
            ("%{ for x in y ~}\n${x}\n%{ endfor ~}", r#"(t (join x y (t "" x "\n")))"#),
            (r#""quoted" \n \\ $${a} %%{b}"#, r#""\"quoted\" \\n \\\\ ${a} %{b}""#),
            ("${", "error"),
            ("${a", "error"),
            ("%{ if x }", "error"),
            ("%{ endif }", "error"),
            ("$ % $$ %%", r#""$ % $$ %%""#),
            ("a\nb ${c} d\ne", r#"(t "a\nb " c " d\ne")"#),
            ("${a ~}\n\n   ${~ b}", r#"(t a "\n" b)"#),
            ("   \n  ${~ a ~}\n   b", r#"(t "   \n" a "   b")"#),
        ],
    );
}

#[test]
fn references() {
    check(
        Kind::Reference,
        &[
            ("a", "a"),
            ("a.b", "(. a b)"),
            ("a.b[0]", "(i (. a b) 0)"),
            (r#"a["b"].c"#, r#"(. (i a "b") c)"#),
            (r#"a.b[0]["c"].d"#, r#"(. (i (i (. a b) 0) "c") d)"#),
            ("a.*", "error"),
            ("a[*]", "error"),
            ("a.0", "error"),
            ("a[b]", "error"),
            (r#"a["${b}"]"#, "error"),
            ("a[1.5]", "(i a 1.5)"),
            ("a[-1]", "error"),
            ("a.", "error"),
            ("a[", "error"),
            ("a[0", "error"),
            ("a b", "error"),
            ("a()", "error"),
            ("1", "error"),
            (r#""a""#, "error"),
            (r#"a["x\n"]"#, r#"(i a "x\n")"#),
            ("a . b", "(. a b)"),
            ("a[ 0 ]", "(i a 0)"),
            ("each.value", "(. each value)"),
            ("a.b c", "error"),
        ],
    );
}
