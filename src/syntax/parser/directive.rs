//! Template directives: `%{ if }`, `%{ for }` and what ends them.

use diag::Span;
use ecow::EcoString;

use super::Reported;
use super::cursor::{Parsed, Parser};
use super::template::{Directive, Piece};
use crate::tree::{Expr, Ident, Part};
use crate::{Token, TokenKind};

/// A directive whose end has not come yet.
struct Open {
    header: Header,
    /// The directive's own bytes, `%{ if … }`.
    span: Span,
    /// Parts of what the directive stands in.
    outside: Vec<Part>,
}

enum Header {
    If { condition: Expr, then: Option<Vec<Part>> },
    For { key: Option<Ident>, value: Ident, collection: Expr },
}

impl Parser<'_> {
    /// Reads a directive from behind `%{` on, with its closing brace.
    pub(super) fn directive(&mut self, open: Token) -> Parsed<Piece> {
        let word = self.peek();
        let directive = match (word.kind, self.bytes(word)) {
            (TokenKind::Ident, b"if") => {
                self.bump();
                Directive::If(self.expression()?)
            }
            (TokenKind::Ident, b"for") => {
                self.bump();
                let (key, value) = self.for_names("Invalid 'for' directive")?;
                Directive::For { key, value, collection: self.expression()? }
            }
            (TokenKind::Ident, b"else") => self.bare(Directive::Else),
            (TokenKind::Ident, b"endif") => self.bare(Directive::EndIf),
            (TokenKind::Ident, b"endfor") => self.bare(Directive::EndFor),
            _ => {
                let detail = "A directive starts with `if`, `else`, `endif`, `for` or `endfor`. Where `%{` is meant literally, \
                              write `%%{`.";
                let nameless = word.kind != TokenKind::Ident;
                let summary = if nameless { "Invalid template directive" } else { "Invalid template control keyword" };
                return Err(self.fail(word, summary, detail));
            }
        };
        let close = self.peek();
        if close.kind != TokenKind::TemplateEnd {
            let summary = format!("Extra characters in {} marker", self.str(word));
            let detail = "The directive is complete in front of this; a closing brace (`}`) must follow.";
            return Err(self.unclosed_sequence(open, close, &summary, detail));
        }
        self.bump();
        Ok(Piece::Directive(directive, self.span_from(open.start)))
    }

    fn bare(&mut self, directive: Directive) -> Directive {
        self.bump();
        directive
    }

    /// Puts what stands between directives into them. Works on a list of open directives, not by recursion.
    pub(super) fn parts_of(&mut self, pieces: Vec<Piece>) -> Parsed<Vec<Part>> {
        let mut parts = Vec::with_capacity(pieces.len());
        let mut opened: Vec<Open> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal { text, start, end } => parts.push(self.literal(&text, start, end)),
                Piece::Interpolation(expr) => parts.push(Part::Interpolation(expr)),
                Piece::Directive(Directive::If(condition), span) => {
                    let header = Header::If { condition, then: None };
                    opened.push(Open { header, span, outside: std::mem::take(&mut parts) });
                }
                Piece::Directive(Directive::For { key, value, collection }, span) => {
                    let header = Header::For { key, value, collection };
                    opened.push(Open { header, span, outside: std::mem::take(&mut parts) });
                }
                Piece::Directive(Directive::Else, span) => match opened.last_mut().map(|open| &mut open.header) {
                    Some(Header::If { then: then @ None, .. }) => *then = Some(std::mem::take(&mut parts)),
                    _ => {
                        return Err(self.unbalanced(
                            "else",
                            "Only one `else` can stand between `if` and `endif`.",
                            span,
                        ));
                    }
                },
                Piece::Directive(end, span) => parts = self.closed(opened.pop(), end, span, parts)?,
            }
        }
        let Some(open) = opened.pop() else {
            return Ok(parts);
        };
        let word = if matches!(open.header, Header::If { .. }) { "if" } else { "for" };
        let detail = format!("This `{word}` has no end: `%{{ end{word} }}` must follow in the same template.");
        self.diags.error(open.span, "Unexpected end of template", detail);
        Err(Reported)
    }

    /// Ends a directive and returns the parts of what it stands in, itself included.
    fn closed(&mut self, open: Option<Open>, end: Directive, end_span: Span, parts: Vec<Part>) -> Parsed<Vec<Part>> {
        match (open, end) {
            (Some(Open { header: Header::If { condition, then }, span, mut outside }), Directive::EndIf) => {
                let (then, otherwise) = match then {
                    Some(then) => (then, parts),
                    None => (parts, Vec::new()),
                };
                outside.push(Part::If { condition, then, otherwise, span: span.to(end_span) });
                Ok(outside)
            }
            (Some(Open { header: Header::For { key, value, collection }, span, mut outside }), Directive::EndFor) => {
                outside.push(Part::For { key, value, collection, body: parts, span: span.to(end_span) });
                Ok(outside)
            }
            (_, Directive::EndFor) => {
                Err(self.unbalanced("endfor", "There is no open `for` that it could end.", end_span))
            }
            _ => Err(self.unbalanced("endif", "There is no open `if` that it could end.", end_span)),
        }
    }

    fn unbalanced(&mut self, word: &str, why: &str, span: Span) -> Reported {
        let detail = format!("{why} Directives end in the reverse order of how they start.");
        self.diags.error(span, format!("Unexpected {word} directive"), EcoString::from(detail));
        Reported
    }
}
