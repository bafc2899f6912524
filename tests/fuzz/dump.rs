//! A tree as text without places, and the check that all places lie in the text.

use std::fmt::Write;

use diag::Span;
use syntax::tree::{Attribute, Block, Body, Expr, ExprKind, For, Ident, ObjectItem, Part, Step};

/// Writes a file's body; `length` is the length of the file.
pub fn body(body: &Body, length: usize) -> String {
    let mut dump = Dump { out: String::new(), length };
    dump.body(body);
    dump.out
}

/// Writes an expression; `length` is the length of the text it is in.
pub fn expr(expr: &Expr, length: usize) -> String {
    let mut dump = Dump { out: String::new(), length };
    dump.expr(expr);
    dump.out
}

struct Dump {
    out: String,
    length: usize,
}

impl Dump {
    fn place(&self, span: Span) {
        let (start, end) = (span.start as usize, span.end as usize);
        assert!(start <= end && end <= self.length, "the span {start}..{end} is not in a text of {}", self.length);
    }

    fn text(&mut self, text: &str) {
        // The formatter may change line breaks of a heredoc from CR LF to LF, as Terraform's does.
        write!(self.out, "{:?} ", text.replace("\r\n", "\n")).expect("a text takes all");
    }

    fn ident(&mut self, ident: &Ident) {
        self.place(ident.span);
        self.text(&ident.name);
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::Native(body) => {
                body.span.iter().for_each(|span| self.place(*span));
                body.missing_item.iter().for_each(|span| self.place(*span));
                body.attributes.iter().for_each(|attribute| self.attribute(attribute));
                body.blocks.iter().for_each(|block| self.block(block));
            }
            Body::Json(body) => self.expr(&body.value),
            Body::Layers(_) => unreachable!("a file has one layer"),
        }
    }

    fn attribute(&mut self, attribute: &Attribute) {
        self.place(attribute.span);
        self.ident(&attribute.name);
        self.out.push_str("= ");
        self.expr(&attribute.expr);
    }

    fn block(&mut self, block: &Block) {
        [block.header, block.span, block.open, block.close].iter().for_each(|span| self.place(*span));
        self.ident(&block.kind);
        block.labels.iter().for_each(|label| self.ident(label));
        self.out.push_str("{ ");
        match &block.body {
            // The formatter writes old types of variables ("list") in the new form.
            Body::Native(body) if block.kind.name == "variable" => {
                let is_type = |attribute: &&Attribute| attribute.name.name == "type";
                body.attributes.iter().filter(|attribute| !is_type(attribute)).for_each(|a| self.attribute(a));
                body.blocks.iter().for_each(|block| self.block(block));
            }
            body => self.body(body),
        }
        self.out.push_str("} ");
    }

    fn exprs<'a>(&mut self, name: &str, exprs: impl IntoIterator<Item = &'a Expr>) {
        write!(self.out, "{name}( ").expect("a text takes all");
        exprs.into_iter().for_each(|expr| self.expr(expr));
        self.out.push_str(") ");
    }

    fn expr(&mut self, expr: &Expr) {
        self.place(expr.span);
        match &expr.kind {
            ExprKind::Null => self.out.push_str("null "),
            ExprKind::Bool(value) => write!(self.out, "{value} ").expect("a text takes all"),
            ExprKind::Number(text) => write!(self.out, "{text} ").expect("a text takes all"),
            ExprKind::String(text) => self.text(text),
            // The formatter writes "${x}" as x where it is a whole argument.
            ExprKind::Template(parts) => match &parts[..] {
                [Part::Interpolation(inner)] => self.expr(inner),
                parts => self.parts(parts),
            },
            ExprKind::Variable(name) => write!(self.out, "{name} ").expect("a text takes all"),
            ExprKind::Traversal(traversal) => {
                self.expr(&traversal.base);
                self.steps(&traversal.steps);
            }
            ExprKind::Call(call) => {
                self.ident(&call.name);
                self.place(call.parens);
                self.exprs(if call.expand { "call..." } else { "call" }, &call.args);
            }
            ExprKind::Tuple(items) => self.exprs("tuple", items),
            ExprKind::Object(items) => self.object(items),
            ExprKind::For(inner) => self.for_expr(inner),
            ExprKind::Conditional(inner) => self.exprs("if", [&inner.condition, &inner.then, &inner.otherwise]),
            ExprKind::Binary(row) => {
                self.exprs("row", [&row.first]);
                for (op, span, operand) in &row.rest {
                    self.place(*span);
                    write!(self.out, "{op:?} ").expect("a text takes all");
                    self.expr(operand);
                }
            }
            ExprKind::Unary(unary) => {
                self.place(unary.op_span);
                write!(self.out, "{:?} ", unary.op).expect("a text takes all");
                self.expr(&unary.operand);
            }
            ExprKind::Parens(inner) => self.exprs("parens", [&**inner]),
            ExprKind::JsonString(string) => {
                self.text(&string.text);
                self.expr(&string.template);
            }
            ExprKind::Invalid => self.out.push_str("invalid "),
        }
    }

    fn object(&mut self, items: &[ObjectItem]) {
        self.exprs("object", items.iter().flat_map(|item| [&item.key, &item.value]));
    }

    fn for_expr(&mut self, inner: &For) {
        self.place(inner.open);
        inner.key.iter().for_each(|key| self.ident(key));
        self.ident(&inner.value);
        self.exprs("for", [&inner.collection, &inner.result]);
        self.exprs(if inner.group { "key..." } else { "key" }, &inner.result_key);
        self.exprs("if", &inner.condition);
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Attr(name) => self.ident(name),
                Step::Index(key, span) => {
                    self.place(*span);
                    self.exprs("index", [key]);
                }
                Step::LegacyIndex(digits, span) => {
                    self.place(*span);
                    write!(self.out, ".{digits} ").expect("a text takes all");
                }
                Step::AttrSplat(each, span) | Step::FullSplat(each, span) => {
                    self.place(*span);
                    let name = if matches!(step, Step::FullSplat(..)) { "[*]( " } else { ".*( " };
                    self.out.push_str(name);
                    self.steps(each);
                    self.out.push_str(") ");
                }
            }
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        self.out.push_str("template( ");
        for part in parts {
            match part {
                Part::Literal(text, span) => {
                    self.place(*span);
                    self.text(text);
                }
                Part::Interpolation(inner) => self.exprs("$", [inner]),
                Part::If { condition, then, otherwise, span } => {
                    self.place(*span);
                    self.exprs("if", [condition]);
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For { key, value, collection, body, span } => {
                    self.place(*span);
                    key.iter().for_each(|key| self.ident(key));
                    self.ident(value);
                    self.exprs("for", [collection]);
                    self.parts(body);
                }
            }
        }
        self.out.push_str(") ");
    }
}
