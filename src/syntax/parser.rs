//! Tokens to tree.
//!
//! A rule that meets a mistake reports it and gives up ([`Reported`]); the nearest body item catches that, skips to
//! the next item and goes on. So one mistake makes one diagnostic, and the rest of the file is still a tree.
//! Accepts and refuses what Terraform 1.11 does; *not here:* whether a name means anything.

mod collection;
mod cursor;
mod directive;
#[cfg(test)]
pub(crate) mod dump;
mod expression;
mod recovery;
mod structure;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod traversal;

use diag::{Diagnostics, FileId, Span};

use crate::lexer::{lex, lex_template};
use crate::tree::{Body, Expr, ExprKind, File};
pub(crate) use cursor::NESTING_MAX;
use cursor::{Parser, Reported, Whence};
pub(crate) use text::normalised;

/// Parses a file in native syntax; the tree holds all that could be made sense of.
pub fn parse(file: FileId, text: &[u8]) -> (File, Diagnostics) {
    let mut parser = Parser::new(Whence { file, offset: 0, whole: None }, text, lex(text));
    let body = parser.file_body();
    // Rules report when they are done, the reader goes from the top.
    let mut diags: Vec<_> = parser.diags.into_iter().collect();
    diags.sort_by_key(|diagnostic| diagnostic.subject.map(|span| span.start));
    (File { body: Body::Native(body.into()) }, diags.into_iter().collect())
}

/// Parses text that is one expression. `offset` is where the text starts in the file that the spans are to name.
pub fn parse_expression(file: FileId, text: &[u8], offset: usize) -> (Expr, Diagnostics) {
    let mut parser = Parser::new(Whence { file, offset, whole: None }, text, lex(text));
    parser.newlines = false;
    let parsed = parser.whole_expression();
    parser.finish(parsed)
}

/// Parses text that is the inside of a template, as in a file for `templatefile`.
pub fn parse_template(file: FileId, text: &[u8], offset: usize) -> (Expr, Diagnostics) {
    parse_template_from(Whence { file, offset, whole: None }, text)
}

/// Parses the inside of a template that stands in a string of another syntax, whose bytes need not be the text's own.
pub(crate) fn parse_template_within(whole: Span, text: &[u8]) -> (Expr, Diagnostics) {
    parse_template_from(Whence { file: whole.file, offset: 0, whole: Some(whole) }, text)
}

fn parse_template_from(whence: Whence, text: &[u8]) -> (Expr, Diagnostics) {
    let mut parser = Parser::new(whence, text, lex_template(text));
    let parsed = parser.whole_template();
    parser.finish(parsed)
}

/// Parses a reference without expressions in it: `a.b[0]["c"]`.
pub fn parse_traversal(file: FileId, text: &[u8], offset: usize) -> (Expr, Diagnostics) {
    let mut parser = Parser::new(Whence { file, offset, whole: None }, text, lex(text));
    parser.newlines = false;
    let parsed = parser.whole_traversal();
    parser.finish(parsed)
}

impl Parser<'_> {
    /// Returns the outcome of a rule for a whole text; a failed one counts as an invalid expression.
    fn finish(self, parsed: Result<Expr, Reported>) -> (Expr, Diagnostics) {
        let span = self.span(0, self.text.len() as u32);
        let expr = parsed.unwrap_or(Expr { kind: ExprKind::Invalid, span });
        (expr, self.diags)
    }
}
