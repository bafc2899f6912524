//! Bodies: attributes and blocks.

use std::collections::HashMap;
use std::sync::Arc;

use diag::Diagnostic;
use ecow::EcoString;

use super::cursor::{Parsed, Parser};
use crate::tree::{Attribute, Block, Body, Expr, ExprKind, Ident, NativeBody};
use crate::{Token, TokenKind};

/// Where the rules stand that must be known again after a mistake.
#[derive(Clone, Copy)]
pub(super) struct ItemStart {
    /// Index of the item's first token.
    pub token: usize,
    depth: u32,
    exprs: usize,
    steps: usize,
    labels: usize,
}

/// What a body's items are read for: the file, or a block between its braces.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Inside {
    File,
    /// The block's opening brace.
    Block(Token),
}

impl Parser<'_> {
    /// Reads a whole file.
    pub(super) fn file_body(&mut self) -> NativeBody {
        let (attributes, blocks) = self.items_of_body(Inside::File);
        let span = self.span(0, self.text.len() as u32);
        NativeBody { attributes, blocks, span: Some(span), missing_item: Some(span.start_point()) }
    }

    /// Reads items up to the end of the body; what ends it is not taken.
    fn items_of_body(&mut self, inside: Inside) -> (Vec<Attribute>, Vec<Block>) {
        let (attributes, blocks) = (self.attributes.len(), self.blocks.len());
        loop {
            let token = self.peek();
            match token.kind {
                TokenKind::Newline => self.bump(),
                TokenKind::Ident => self.item(inside),
                TokenKind::End => break,
                // A template's end outside of a template is what an unfinished string has left of a closing brace.
                TokenKind::CloseBrace | TokenKind::TemplateEnd if inside != Inside::File => break,
                _ => self.no_item(token, inside),
            }
        }
        let attributes = self.attributes.drain(attributes..).collect();
        let blocks = if inside == Inside::File {
            // The largest list of all; cutting down the stack itself spares a copy.
            self.blocks.shrink_to_fit();
            std::mem::take(&mut self.blocks)
        } else {
            self.blocks.drain(blocks..).collect()
        };
        (self.distinct(attributes), blocks)
    }

    /// Notes the state in front of an item.
    fn item_start(&self) -> ItemStart {
        ItemStart {
            token: self.at,
            depth: self.depth,
            exprs: self.exprs.len(),
            steps: self.steps.len(),
            labels: self.labels.len(),
        }
    }

    /// Goes back to the state in front of an item, but for the place.
    pub(super) fn reset(&mut self, start: ItemStart) {
        self.newlines = true;
        self.depth = start.depth;
        self.exprs.truncate(start.exprs);
        self.steps.truncate(start.steps);
        self.labels.truncate(start.labels);
    }

    fn no_item(&mut self, token: Token, inside: Inside) {
        let start = self.item_start();
        if token.kind == TokenKind::OpenQuote {
            let detail = "The name of an argument or block is written without quotes.";
            self.fail(token, "Invalid argument name", detail);
        } else {
            let detail = match token.kind {
                TokenKind::CloseBrace => {
                    "This brace closes nothing: remove it, or look for a missing opening brace above."
                }
                _ => "A name must start here: `name = value` for an argument, or `name {` for a block.",
            };
            self.fail(token, "Argument or block definition required", detail);
        }
        self.skip_item(start, inside);
    }

    fn item(&mut self, inside: Inside) {
        let start = self.item_start();
        let name = self.peek();
        self.bump();
        let next = self.peek();
        let done = match next.kind {
            TokenKind::Assign => self.attribute(name).and_then(|()| self.end_of_attribute(name)),
            TokenKind::OpenQuote | TokenKind::OpenBrace | TokenKind::Ident => self.block(name),
            TokenKind::Newline if self.body_follows(name) => self.block(name),
            _ => {
                let detail = format!(
                    "`{0}` alone is neither an argument nor a block. To set an argument write `{0} = ` and its value.",
                    self.str(name)
                );
                Err(self.fail(name, "Argument or block definition required", detail))
            }
        };
        if done.is_err() {
            self.skip_item(start, inside);
        }
    }

    /// Reads `= expression` behind a name. The attribute is kept even if its expression is wrong.
    fn attribute(&mut self, name: Token) -> Parsed<()> {
        self.bump();
        let value_start = self.peek().start;
        let (expr, done) = match self.expression() {
            Ok(expr) => (expr, Ok(())),
            Err(reported) => {
                // Up to where reading came; nothing behind that is part of the item yet.
                let span = self.span_from(value_start.min(self.previous_end));
                (Expr { kind: ExprKind::Invalid, span }, Err(reported))
            }
        };
        let span = self.span_of(name).to(expr.span);
        let name = self.ident(name);
        self.attributes.push(Attribute { name, expr: Arc::new(expr), span });
        done
    }

    fn end_of_attribute(&mut self, name: Token) -> Parsed<()> {
        let end = self.peek();
        match end.kind {
            TokenKind::Newline | TokenKind::End => {
                self.bump();
                return Ok(());
            }
            _ => {}
        }
        let context = self.span_of(name).to(self.span_of(end));
        let (summary, detail) = match end.kind {
            TokenKind::Comma => (
                "Unexpected comma after argument",
                "Arguments of a block each have a line of their own and no comma behind them.",
            ),
            TokenKind::CloseBrace => (
                "Missing newline after argument",
                "In a block over several lines the closing brace stands on a line of its own.",
            ),
            _ => (
                "Missing newline after argument",
                "The value is complete in front of this; a new line must start here.",
            ),
        };
        Err(self.fail_within(end, Some(context), summary, detail))
    }

    fn block(&mut self, kind: Token) -> Parsed<()> {
        let mark = self.labels.len();
        let found = self.header(kind)?;
        let labels: Vec<Ident> = self.labels.drain(mark..).collect();
        let header = self.span_from(kind.start);
        let open = self.open_brace(found);
        let next = self.peek();
        let (body, done) = match next.kind {
            TokenKind::Newline | TokenKind::End | TokenKind::CloseBrace => {
                let items = self.nested(|parser| Ok(parser.items_of_body(Inside::Block(open))))?;
                (items, self.close_brace(kind, open))
            }
            _ => {
                let mark = self.attributes.len();
                let done = self.one_line_body(kind);
                ((self.attributes.drain(mark..).collect(), Vec::new()), done)
            }
        };
        let (attributes, mut blocks) = body;
        let close_end = self.previous_end.max(open.end);
        let close_start = if done.is_ok() { close_end - 1 } else { close_end };
        let astray = if self.unclosed { self.astray(kind, &mut blocks) } else { Vec::new() };
        let body = NativeBody {
            attributes,
            blocks,
            span: Some(self.span(open.end, close_start)),
            missing_item: Some(self.span(open.start, open.start)),
        };
        self.blocks.push(Block {
            kind: self.ident(kind),
            labels,
            body: Body::Native(Arc::new(body)),
            header,
            span: self.span(kind.start, close_end),
            open: self.span_of(open),
            close: self.span(close_start, close_end),
        });
        self.blocks.extend(astray);
        done?;
        self.end_of_block(kind)
    }

    /// Reads labels; returns the opening brace, or the line break in its place if a body follows nevertheless.
    fn header(&mut self, kind: Token) -> Parsed<Token> {
        loop {
            let token = self.peek();
            let detail = match token.kind {
                TokenKind::OpenBrace => return Ok(token),
                TokenKind::OpenQuote => {
                    match self.plain_quoted() {
                        Ok(label) => self.labels.push(label),
                        // A label without its closing quote has swallowed the brace.
                        Err(_) if self.peek_raw().kind == TokenKind::Newline && self.body_follows(kind) => {
                            return Ok(self.peek_raw());
                        }
                        Err(reported) => return Err(reported),
                    }
                    continue;
                }
                TokenKind::Ident => {
                    self.bump();
                    let label = self.ident(token);
                    self.labels.push(label);
                    continue;
                }
                TokenKind::Assign => {
                    "An equals sign makes an argument, which has no labels; a block has no equals sign in front of its brace."
                }
                TokenKind::Newline | TokenKind::End => {
                    "The opening brace (`{`) of a block must stand on the same line as its type and labels."
                }
                _ => "Labels and then an opening brace (`{`) must follow the type of a block.",
            };
            let context = self.span_of(kind).to(self.span_of(token));
            let reported = self.fail_within(token, Some(context), "Invalid block definition", detail);
            if token.kind == TokenKind::Newline && self.body_follows(kind) {
                return Ok(token);
            }
            return Err(reported);
        }
    }

    /// Takes the opening brace, wherever it is; makes up an empty one if there is none.
    fn open_brace(&mut self, found: Token) -> Token {
        let end = self.previous_end;
        let mut brace = self.at;
        while self.tokens[brace].kind == TokenKind::Newline {
            brace += 1;
        }
        if self.tokens[brace].kind == TokenKind::OpenBrace {
            self.at = brace;
            let open = self.peek_raw();
            self.bump();
            return open;
        }
        Token { kind: found.kind, start: end, end }
    }

    fn close_brace(&mut self, kind: Token, open: Token) -> Parsed<()> {
        if self.peek().kind != TokenKind::End {
            self.bump();
            return Ok(());
        }
        if !std::mem::replace(&mut self.unclosed, true) {
            let context = self.span_of(kind).to(self.span_of(open));
            let detail =
                "This block has no closing brace before the file ends. Braces further down may be paired wrongly, too.";
            self.fail_within(open, Some(context), "Unclosed configuration block", detail);
        }
        Err(super::Reported)
    }

    /// Reads the one argument of `kind { name = value }` and the closing brace.
    fn one_line_body(&mut self, kind: Token) -> Parsed<()> {
        let name = self.peek();
        if name.kind != TokenKind::Ident {
            let detail = "An argument, `name = value`, must stand here, or the line must end.";
            return Err(self.fail(name, "Argument or block definition required", detail));
        }
        self.bump();
        match self.peek().kind {
            TokenKind::Assign => self.attribute(name)?,
            TokenKind::OpenQuote | TokenKind::OpenBrace | TokenKind::Ident => {
                let detail =
                    "A block on one line can hold one argument and no blocks. Give the inner block a line of its own.";
                return Err(self.fail(name, "Argument definition required", detail));
            }
            _ => {
                let detail = format!("To set an argument write `{} = ` and its value.", self.str(name));
                return Err(self.fail(name, "Argument or block definition required", detail));
            }
        }
        let close = self.peek();
        let detail = match close.kind {
            TokenKind::CloseBrace => {
                self.bump();
                return Ok(());
            }
            TokenKind::Comma => {
                "A block on one line can hold one argument only. For more, give each argument a line of its own."
            }
            TokenKind::Newline | TokenKind::End => {
                "An argument on the line of the opening brace makes a block of one line: close it on this line, or move the \
                 argument to the next."
            }
            _ => "The closing brace must follow the one argument of a block on one line.",
        };
        let context = self.span_of(kind).to(self.span_of(close));
        Err(self.fail_within(close, Some(context), "Invalid single-argument block definition", detail))
    }

    fn end_of_block(&mut self, kind: Token) -> Parsed<()> {
        let end = self.peek();
        if matches!(end.kind, TokenKind::Newline | TokenKind::End) {
            self.bump();
            return Ok(());
        }
        let context = self.span_of(kind).to(self.span_of(end));
        let detail = "The block is complete in front of this; a new line must start here.";
        Err(self.fail_within(end, Some(context), "Missing newline after block definition", detail))
    }

    /// Drops attributes whose name was there before, with a report.
    fn distinct(&mut self, mut attributes: Vec<Attribute>) -> Vec<Attribute> {
        // A row of few names is searched faster than hashed.
        const SEARCHED_MAX: usize = 16;
        let mut repeated = Vec::new();
        if attributes.len() <= SEARCHED_MAX {
            for (i, attribute) in attributes.iter().enumerate() {
                let same = |earlier: &&Attribute| earlier.name.name == attribute.name.name;
                repeated.extend(attributes[..i].iter().find(same).map(|earlier| (i, earlier.name.span.start)));
            }
        } else {
            let mut seen: HashMap<&EcoString, u32> = HashMap::with_capacity(attributes.len());
            for (i, attribute) in attributes.iter().enumerate() {
                let start = *seen.entry(&attribute.name.name).or_insert(attribute.name.span.start);
                repeated.extend((start != attribute.name.span.start).then_some((i, start)));
            }
        }
        for (i, start) in &repeated {
            let Ident { name, span } = &attributes[*i].name;
            let detail =
                format!("`{name}` is set in line {} already; an argument can be set once only.", self.line_of(*start));
            self.diags.push(Diagnostic::error("Attribute redefined", detail).at(*span));
        }
        let mut repeated = repeated.iter().map(|(i, _)| *i).peekable();
        let mut place = 0..;
        attributes.retain(|_| repeated.next_if_eq(&place.next().unwrap_or_default()).is_none());
        attributes
    }
}
