//! Steps into values: attributes, indexes and splats behind a term.

use ecow::EcoString;

use super::cursor::{Parsed, Parser};
use crate::tree::{Expr, ExprKind, Step, Traversal};
use crate::{Token, TokenKind};

impl Parser<'_> {
    /// Reads the steps behind a term; without any the term is returned as it is.
    pub(super) fn steps_behind(&mut self, base: Expr) -> Parsed<Expr> {
        if !matches!(self.peek().kind, TokenKind::Dot | TokenKind::OpenBracket) {
            return Ok(base);
        }
        let steps = self.steps()?;
        let span = base.span.to(self.span_from(self.previous_end));
        Ok(Expr { kind: ExprKind::Traversal(Box::new(Traversal { base, steps })), span })
    }

    fn steps(&mut self) -> Parsed<Vec<Step>> {
        let mark = self.steps.len();
        loop {
            let next = self.peek();
            match next.kind {
                TokenKind::Dot => self.step_behind_dot()?,
                TokenKind::OpenBracket => {
                    self.bump();
                    if self.peek().kind == TokenKind::Star {
                        self.full_splat(next)?;
                        break;
                    }
                    self.index(next)?;
                }
                _ => break,
            }
        }
        Ok(self.steps.drain(mark..).collect())
    }

    fn step_behind_dot(&mut self) -> Parsed<()> {
        let dot = self.peek();
        self.bump();
        let token = self.peek();
        match token.kind {
            TokenKind::Ident => {
                self.bump();
                let name = self.ident(token);
                self.steps.push(Step::Attr(name));
            }
            TokenKind::Number => {
                let step = self.legacy_index(token)?;
                self.steps.push(step);
            }
            TokenKind::Star => {
                self.bump();
                let span = self.span(dot.start, token.end);
                let steps = self.attr_splat_steps()?;
                self.steps.push(Step::AttrSplat(steps, span));
            }
            _ => return Err(self.no_attribute_name(token)),
        }
        Ok(())
    }

    /// Reads an index written like an attribute. `0.1` is one number to the lexer and stays a mistake, as in Terraform.
    fn legacy_index(&mut self, token: Token) -> Parsed<Step> {
        let text = EcoString::from(self.str(token));
        let span = self.span_of(token);
        if text.contains('.') {
            let detail = "Indexes in a row cannot be written with dots; write each in brackets, as in `[0][1]`.";
            return Err(self.fail(token, "Invalid legacy index syntax", detail));
        }
        self.bump();
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Step::LegacyIndex(text, span));
        }
        Ok(Step::Index(Expr { kind: ExprKind::Number(text), span }, span))
    }

    /// Reads what `.*` applies to each element: names and, as a legacy, numbers.
    fn attr_splat_steps(&mut self) -> Parsed<Vec<Step>> {
        let mark = self.steps.len();
        while self.eat(TokenKind::Dot) {
            let token = self.peek();
            let step = match token.kind {
                TokenKind::Ident => {
                    self.bump();
                    Step::Attr(self.ident(token))
                }
                TokenKind::Number => self.legacy_index(token)?,
                TokenKind::Star => {
                    let detail = "Behind `.*` there can be attribute names only. For splats in splats write `[*]`.";
                    return Err(self.fail(token, "Nested splat expression not allowed", detail));
                }
                _ => return Err(self.no_attribute_name(token)),
            };
            self.steps.push(step);
        }
        Ok(self.steps.drain(mark..).collect())
    }

    fn no_attribute_name(&mut self, token: Token) -> super::Reported {
        self.fail(token, "Invalid attribute name", "The name of an attribute must follow the dot.")
    }

    fn full_splat(&mut self, open: Token) -> Parsed<()> {
        self.bump();
        let close = self.peek();
        if close.kind != TokenKind::CloseBracket {
            let detail = "The star of a splat stands alone in its brackets: `[*]`.";
            return Err(self.fail(close, "Missing close bracket on splat index", detail));
        }
        self.bump();
        let steps = self.nested(Self::steps)?;
        let span = self.span(open.start, close.end);
        self.steps.push(Step::FullSplat(steps, span));
        Ok(())
    }

    fn index(&mut self, open: Token) -> Parsed<()> {
        let key = self.with_newlines(false, |parser| {
            let key = parser.expression()?;
            let close = parser.peek();
            if close.kind != TokenKind::CloseBracket {
                let context = parser.span_of(open).to(parser.span_of(close));
                let detail = "The index is complete in front of this; a closing bracket (`]`) must follow.";
                return Err(parser.fail_within(close, Some(context), "Missing close bracket on index", detail));
            }
            parser.bump();
            Ok(key)
        })?;
        let span = self.span_from(open.start);
        self.steps.push(Step::Index(key, span));
        Ok(())
    }

    /// Reads a reference that is the whole text: a name, then attributes and literal indexes.
    pub(super) fn whole_traversal(&mut self) -> Parsed<Expr> {
        let root = self.peek();
        if root.kind != TokenKind::Ident {
            return Err(self.fail(root, "Variable name required", "A reference starts with a name."));
        }
        self.bump();
        let base = Expr { kind: ExprKind::Variable(EcoString::from(self.str(root))), span: self.span_of(root) };
        loop {
            let token = self.peek();
            match token.kind {
                TokenKind::Dot => {
                    self.bump();
                    let name = self.peek();
                    if name.kind != TokenKind::Ident {
                        let detail = "The name of an attribute must follow the dot. Elements are named in brackets, as in `[0]`.";
                        return Err(self.fail(name, "Attribute name required", detail));
                    }
                    self.bump();
                    let name = self.ident(name);
                    self.steps.push(Step::Attr(name));
                }
                TokenKind::OpenBracket => self.literal_index()?,
                TokenKind::End => break,
                _ => {
                    let detail = "After this part of the reference there can only be `.name` or a key in brackets.";
                    return Err(self.fail(token, "Invalid character", detail));
                }
            }
        }
        if self.steps.is_empty() {
            return Ok(base);
        }
        let steps = std::mem::take(&mut self.steps);
        let span = self.span_from(root.start);
        Ok(Expr { kind: ExprKind::Traversal(Box::new(Traversal { base, steps })), span })
    }

    fn literal_index(&mut self) -> Parsed<()> {
        let open = self.peek();
        self.bump();
        let token = self.peek();
        let key = match token.kind {
            TokenKind::Number => {
                self.bump();
                Expr { kind: ExprKind::Number(EcoString::from(self.str(token))), span: self.span_of(token) }
            }
            TokenKind::OpenQuote => {
                let text = self.plain_quoted()?;
                Expr { kind: ExprKind::String(super::text::normalised(&text.name)), span: text.span }
            }
            _ => {
                let detail = "The key in the brackets must be a number or a string, written out.";
                return Err(self.fail(token, "Index value required", detail));
            }
        };
        let close = self.peek();
        if close.kind != TokenKind::CloseBracket {
            let detail = "The key is complete in front of this; a closing bracket (`]`) must follow.";
            return Err(self.fail(close, "Unclosed index brackets", detail));
        }
        self.bump();
        let span = self.span_from(open.start);
        self.steps.push(Step::Index(key, span));
        Ok(())
    }
}
