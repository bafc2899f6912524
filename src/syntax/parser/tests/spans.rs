//! Every node knows its bytes.

use diag::{FileId, Span};

use crate::tree::*;

/// Lists the bytes of all nodes below an expression, outer ones first; asserts that each lies in what it is part of.
pub(super) struct Walk<'t> {
    pub text: &'t [u8],
    pub offset: u32,
    pub seen: Vec<String>,
}

impl Walk<'_> {
    /// Notes a node and checks its place.
    fn see(&mut self, span: Span, within: Span) {
        assert!(
            within.start <= span.start && span.start <= span.end && span.end <= within.end,
            "{span:?} in {within:?}"
        );
        let bytes = &self.text[(span.start - self.offset) as usize..(span.end - self.offset) as usize];
        self.seen.push(String::from_utf8_lossy(bytes).into_owned());
    }

    pub fn body(&mut self, body: &Body, within: Span) {
        let Body::Native(body) = body else { panic!("native syntax makes native bodies") };
        for attribute in &body.attributes {
            self.see(attribute.span, within);
            self.see(attribute.name.span, attribute.span);
            self.expr(&attribute.expr, attribute.span);
        }
        for block in &body.blocks {
            self.see(block.span, within);
            for span in [block.header, block.kind.span, block.open, block.close] {
                self.see(span, block.span);
            }
            for label in &block.labels {
                self.see(label.span, block.header);
            }
            let Body::Native(inner) = &block.body else { panic!("native syntax makes native bodies") };
            let inside = inner.span.expect("bodies of the parser have a place");
            self.see(inside, block.span);
            self.see(inner.missing_item.expect("bodies of the parser have a place"), block.span);
            self.body(&block.body, block.span);
        }
    }

    pub fn expr(&mut self, expr: &Expr, within: Span) {
        self.see(expr.span, within);
        let within = expr.span;
        match &expr.kind {
            ExprKind::Template(parts) => self.parts(parts, within),
            ExprKind::Traversal(traversal) => {
                self.expr(&traversal.base, within);
                self.steps(&traversal.steps, within);
            }
            ExprKind::Call(call) => {
                self.see(call.name.span, within);
                self.see(call.parens, within);
                call.args.iter().for_each(|arg| self.expr(arg, call.parens));
            }
            ExprKind::Tuple(elements) => elements.iter().for_each(|element| self.expr(element, within)),
            ExprKind::Object(items) => items.iter().for_each(|item| {
                self.expr(&item.key, within);
                self.expr(&item.value, within);
            }),
            ExprKind::For(looped) => {
                self.see(looped.open, within);
                for name in looped.key.iter().chain([&looped.value]) {
                    self.see(name.span, within);
                }
                let inner = [
                    Some(&looped.collection),
                    looped.result_key.as_ref(),
                    Some(&looped.result),
                    looped.condition.as_ref(),
                ];
                inner.into_iter().flatten().for_each(|inner| self.expr(inner, within));
            }
            ExprKind::Conditional(conditional) => {
                let Conditional { condition, then, otherwise } = &**conditional;
                [condition, then, otherwise].into_iter().for_each(|inner| self.expr(inner, within));
            }
            ExprKind::Binary(binary) => {
                self.expr(&binary.first, within);
                for (_, op, operand) in &binary.rest {
                    self.see(*op, within);
                    self.expr(operand, within);
                }
            }
            ExprKind::Unary(unary) => {
                self.see(unary.op_span, within);
                self.expr(&unary.operand, within);
            }
            ExprKind::Parens(inner) => self.expr(inner, within),
            _ => {}
        }
    }

    fn steps(&mut self, steps: &[Step], within: Span) {
        for step in steps {
            match step {
                Step::Attr(name) => self.see(name.span, within),
                Step::LegacyIndex(_, span) => self.see(*span, within),
                Step::Index(key, span) => {
                    self.see(*span, within);
                    self.expr(key, *span);
                }
                Step::AttrSplat(inner, span) | Step::FullSplat(inner, span) => {
                    self.see(*span, within);
                    self.steps(inner, within);
                }
            }
        }
    }

    fn parts(&mut self, parts: &[Part], within: Span) {
        for part in parts {
            match part {
                Part::Literal(_, span) => self.see(*span, within),
                Part::Interpolation(expr) => self.expr(expr, within),
                Part::If { condition, then, otherwise, span } => {
                    self.see(*span, within);
                    self.expr(condition, *span);
                    self.parts(then, *span);
                    self.parts(otherwise, *span);
                }
                Part::For { key, value, collection, body, span } => {
                    self.see(*span, within);
                    for name in key.iter().chain([value]) {
                        self.see(name.span, *span);
                    }
                    self.expr(collection, *span);
                    self.parts(body, *span);
                }
            }
        }
    }
}

/// Compares the bytes of all nodes of an expression, read from a place inside of a file.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let offset = 100;
    let (expr, diags) = crate::parse_expression(FileId(3), text.as_bytes(), offset as usize);
    assert!(diags.is_empty(), "{:?}", diags.iter().next());
    let mut walk = Walk { text: text.as_bytes(), offset, seen: Vec::new() };
    walk.expr(&expr, Span { file: FileId(3), start: offset, end: offset + text.len() as u32 });
    assert_eq!(walk.seen, expected);
}

#[test]
fn operators_and_their_operands() {
    check(" a + b * -c - d ", &["a + b * -c - d", "a", "+", "b * -c", "b", "*", "-c", "-", "c", "-", "d"]);
    check("(a) ? b : [ c , ]", &["(a) ? b : [ c , ]", "(a)", "a", "b", "[ c , ]", "c"]);
}

#[test]
fn steps_and_calls() {
    check("a . b [ 0 ].1[*].c", &["a . b [ 0 ].1[*].c", "a", "b", "[ 0 ]", "0", "1", "[*]", "c"]);
    check("a.*.b[0]", &["a.*.b[0]", "a", ".*", "b", "[0]", "0"]);
    check(
        "p :: f ( x , y... ).z",
        &["p :: f ( x , y... ).z", "p :: f ( x , y... )", "p :: f", "( x , y... )", "x", "y", "z"],
    );
}

#[test]
fn collections() {
    check("{ \"a\" = 1, b : [] }", &["{ \"a\" = 1, b : [] }", "\"a\"", "1", "b", "[]"]);
    check(
        "{ for k, v in m : k => v... if c }",
        &["{ for k, v in m : k => v... if c }", "{", "k", "v", "m", "k", "v", "c"],
    );
}

#[test]
fn templates() {
    check("\"a\\n${ b }\\u00e9\"", &["\"a\\n${ b }\\u00e9\"", "a\\n", "b", "\\u00e9"]);
    check(
        "\"%{ if a }x%{ else }${y}%{ endif }%{ for k, v in m }z%{ endfor }\"",
        &[
            "\"%{ if a }x%{ else }${y}%{ endif }%{ for k, v in m }z%{ endfor }\"",
            "%{ if a }x%{ else }${y}%{ endif }",
            "a",
            "x",
            "y",
            "%{ for k, v in m }z%{ endfor }",
            "k",
            "v",
            "m",
            "z",
        ],
    );
    check("<<-E\n  a\n  ${b}\n  E\n", &["<<-E\n  a\n  ${b}\n  E", "a\n  ", "b", "\n"]);
}

#[test]
fn blocks() {
    let text = "# c\na \"b\" c {\n  d = 1 # x\n}\n";
    let (file, diags) = crate::parse(FileId(0), text.as_bytes());
    assert!(diags.is_empty());
    let mut walk = Walk { text: text.as_bytes(), offset: 0, seen: Vec::new() };
    walk.body(&file.body, Span::new(FileId(0), 0, text.len()));
    let block = "a \"b\" c {\n  d = 1 # x\n}";
    let expected = [block, "a \"b\" c", "a", "{", "}", "\"b\"", "c", "\n  d = 1 # x\n", "", "d = 1", "d", "1"];
    assert_eq!(walk.seen, expected);
}
