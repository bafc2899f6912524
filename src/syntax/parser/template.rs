//! Templates: quoted strings, heredocs and whole files, cut into pieces.
//!
//! Trimming and dedenting work on the pieces, in the order they were cut, before directives are put together: that
//! is how they come to mind what stands on one line rather than what stands in one directive.

use diag::Span;
use ecow::EcoString;
use unicode_segmentation::UnicodeSegmentation;

use super::cursor::{Parsed, Parser};
use super::text::normalised;
use crate::tree::{Expr, ExprKind, Ident, Part};
use crate::{Token, TokenKind};

/// A template, cut.
pub(super) enum Piece {
    /// Literal text; `start` and `end` are its bytes.
    Literal { text: String, start: u32, end: u32 },
    /// `${ … }`
    Interpolation(Expr),
    /// `%{ … }`
    Directive(Directive, Span),
}

/// What a directive says.
pub(super) enum Directive {
    /// `if condition`
    If(Expr),
    /// `else`
    Else,
    /// `endif`
    EndIf,
    /// `for key, value in collection`
    For { key: Option<Ident>, value: Ident, collection: Expr },
    /// `endfor`
    EndFor,
}

impl Parser<'_> {
    /// Reads `"…"` where an expression stands.
    pub(super) fn quoted(&mut self) -> Parsed<Expr> {
        let open = self.peek();
        self.bump();
        if let Some(text) = self.plain_text() {
            return Ok(Expr { kind: ExprKind::String(text), span: self.span_from(open.start) });
        }
        let pieces = self.pieces(open, TokenKind::CloseQuote)?;
        let span = self.span_from(open.start);
        let kind = self.template_of(pieces)?;
        Ok(Expr { kind, span })
    }

    /// Takes text without anything to decode and its closing quote, which is what most strings are.
    fn plain_text(&mut self) -> Option<EcoString> {
        let token = self.peek_raw();
        let (text, length) = match token.kind {
            TokenKind::CloseQuote => (EcoString::new(), 1),
            TokenKind::QuotedText if self.tokens[self.at + 1].kind == TokenKind::CloseQuote => {
                let bytes = self.bytes(token);
                if bytes.iter().any(|b| matches!(b, b'\\' | b'$' | b'%') || !b.is_ascii()) {
                    return None;
                }
                (EcoString::from(self.str(token)), 2)
            }
            _ => return None,
        };
        for _ in 0..length {
            self.bump();
        }
        Some(text)
    }

    /// Reads a heredoc.
    pub(super) fn heredoc(&mut self) -> Parsed<Expr> {
        let open = self.peek();
        self.bump();
        let mut pieces = self.pieces(open, TokenKind::CloseHeredoc)?;
        let span = self.span_from(open.start);
        if self.bytes(open).starts_with(b"<<-") {
            dedent(&mut pieces);
        }
        let kind = self.template_of(pieces)?;
        Ok(Expr { kind, span })
    }

    /// Reads text that is the inside of a template.
    pub(super) fn whole_template(&mut self) -> Parsed<Expr> {
        let start = self.peek_raw();
        let pieces = self.pieces(start, TokenKind::End)?;
        let span = self.span(0, self.text.len() as u32);
        let kind = self.template_of(pieces)?;
        Ok(Expr { kind, span })
    }

    /// Reads a quoted string that must not have interpolations, such as a block label.
    pub(super) fn plain_quoted(&mut self) -> Parsed<Ident> {
        let open = self.peek();
        self.bump();
        let mut text = String::new();
        loop {
            let token = self.peek_raw();
            match token.kind {
                TokenKind::QuotedText => {
                    self.bump();
                    text.push_str(&self.decoded(token));
                }
                TokenKind::CloseQuote => break self.bump(),
                TokenKind::InterpolationStart | TokenKind::DirectiveStart => {
                    let sign = if token.kind == TokenKind::DirectiveStart { '%' } else { '$' };
                    let detail = format!(
                        "Here a string must be written out; it cannot have template sequences. For a literal `{sign}{{` \
                         write `{sign}{sign}{{`."
                    );
                    return Err(self.fail(token, "Invalid string literal", detail));
                }
                _ => return Err(self.unterminated(open, token)),
            }
        }
        Ok(Ident { name: EcoString::from(text), span: self.span_from(open.start) })
    }

    /// Cuts a template up to its end, which is taken.
    fn pieces(&mut self, open: Token, end: TokenKind) -> Parsed<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut trim_next = false;
        let depth = self.depth;
        loop {
            let token = self.peek_raw();
            let trim = std::mem::replace(&mut trim_next, false);
            match token.kind {
                kind if kind == end => break self.bump(),
                TokenKind::QuotedText | TokenKind::HeredocText => {
                    self.bump();
                    let mut text = self.decoded(token);
                    if trim {
                        text = text.trim_start().to_owned();
                    }
                    pieces.push(Piece::Literal { text, start: token.start, end: token.end });
                }
                TokenKind::InterpolationStart | TokenKind::DirectiveStart => {
                    self.bump();
                    if self.bytes(token).ends_with(b"~")
                        && let Some(Piece::Literal { text, .. }) = pieces.last_mut()
                    {
                        text.truncate(text.trim_end().len());
                    }
                    let piece = self.with_newlines(false, |parser| {
                        if token.kind == TokenKind::InterpolationStart {
                            Ok(Piece::Interpolation(parser.interpolation(token)?))
                        } else {
                            parser.directive(token)
                        }
                    })?;
                    match piece {
                        Piece::Directive(Directive::If(_) | Directive::For { .. }, _) => self.deeper(token)?,
                        Piece::Directive(Directive::EndIf | Directive::EndFor, _) => {
                            self.depth = depth.max(self.depth.saturating_sub(1));
                        }
                        _ => {}
                    }
                    pieces.push(piece);
                    trim_next = self.text[..self.previous_end as usize].ends_with(b"~}");
                }
                TokenKind::BadUtf8 => {
                    self.fail(token, "", "");
                    self.bump();
                }
                _ => return Err(self.unterminated(open, token)),
            }
        }
        self.depth = depth;
        Ok(pieces)
    }

    fn unterminated(&mut self, open: Token, found: Token) -> super::Reported {
        if open.kind == TokenKind::OpenHeredoc {
            let marker = String::from_utf8_lossy(self.bytes(open)).trim_start_matches(['<', '-']).trim().to_owned();
            let mut detail = format!("This heredoc has no end: a line with nothing but `{marker}` must close it.");
            if self.text.trim_ascii_end().ends_with(marker.as_bytes()) {
                detail += " A line break must follow that line, even at the end of the file.";
            }
            return self.fail(open, "Unterminated template string", detail);
        }
        let context = self.span_of(open).to(self.span_of(found));
        if found.kind == TokenKind::Newline {
            let detail = "The closing quote is missing on this line. For a line break in the text write `\\n`, or use a \
                          heredoc (`<<EOT`) for text over several lines.";
            let token = Token { kind: open.kind, start: open.start, end: found.start };
            return self.fail(token, "Unterminated template string", detail);
        }
        self.fail_within(
            open,
            Some(context),
            "Unterminated template string",
            "The closing quote of this string is missing.",
        )
    }

    /// Tells whether the string that opens here is closed, without looking into sequences in it.
    fn closes_on_line(&self) -> bool {
        let rest = self.tokens[self.at + 1..].iter().map(|token| token.kind);
        rest.take_while(|kind| !matches!(kind, TokenKind::Newline | TokenKind::End))
            .any(|kind| kind == TokenKind::CloseQuote)
    }

    fn interpolation(&mut self, open: Token) -> Parsed<Expr> {
        let expr = self.expression()?;
        let close = self.peek();
        if close.kind != TokenKind::TemplateEnd {
            let detail = "The expression is complete in front of this; a closing brace (`}`) must follow. Where `${` is meant \
                          literally, write `$${`.";
            return Err(self.unclosed_sequence(open, close, "Extra characters after interpolation expression", detail));
        }
        self.bump();
        Ok(expr)
    }

    /// Reports what stands in place of the brace that closes a template sequence.
    pub(super) fn unclosed_sequence(
        &mut self,
        open: Token,
        found: Token,
        summary: &str,
        detail: &str,
    ) -> super::Reported {
        let context = self.span_of(open).to(self.span_of(found));
        // A quote that opens a string and finds no end was meant to close the one that the sequence is in.
        let quote = found.kind == TokenKind::OpenQuote && !self.closes_on_line();
        if quote || found.kind == TokenKind::End {
            let detail = "The brace that ends this template sequence is missing in front of the end of its string. Where the \
                          sequence is meant literally, double its first character.";
            return self.fail_within(open, Some(context), "Unclosed template interpolation sequence", detail);
        }
        self.fail_within(found, Some(context), summary, detail)
    }

    /// Puts pieces together: plain text where there is nothing but literals.
    fn template_of(&mut self, pieces: Vec<Piece>) -> Parsed<ExprKind> {
        let mut parts = self.parts_of(joined(pieces))?;
        Ok(match parts.as_mut_slice() {
            [] => ExprKind::String(EcoString::new()),
            [Part::Literal(text, _)] => ExprKind::String(std::mem::take(text)),
            _ => ExprKind::Template(parts),
        })
    }

    /// Makes the part for a literal piece.
    pub(super) fn literal(&self, text: &str, start: u32, end: u32) -> Part {
        Part::Literal(normalised(text), self.span(start, end))
    }
}

/// Joins literals that stand side by side.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        if let Piece::Literal { text: more, end: new_end, .. } = &piece
            && let Some(Piece::Literal { text, end, .. }) = joined.last_mut()
        {
            text.push_str(more);
            *end = *new_end;
            continue;
        }
        joined.push(piece);
    }
    joined
}

/// Takes the indentation that all lines of a `<<-` heredoc share out of them. Lines of nothing but space have no say
/// and stay as they are; a line that starts with a sequence has no indentation.
fn dedent(pieces: &mut [Piece]) {
    let mut shared: Option<usize> = None;
    let mut indented = Vec::new();
    let mut at_line_start = true;
    for (i, piece) in pieces.iter().enumerate() {
        let starts_line = at_line_start;
        at_line_start = matches!(piece, Piece::Literal { text, .. } if text.ends_with('\n'));
        if !starts_line {
            continue;
        }
        let mut spaces = 0;
        if let Piece::Literal { text, .. } = piece {
            let space = &text[..text.len() - text.trim_start().len()];
            if space.len() == text.len() && text.ends_with('\n') {
                continue;
            }
            spaces = characters(space);
            indented.push(i);
        }
        shared = Some(shared.map_or(spaces, |least| least.min(spaces)));
    }
    for i in indented {
        if let (Some(Piece::Literal { text, start, .. }), Some(shared)) = (pieces.get_mut(i), shared) {
            let length =
                if is_plain(text) { shared } else { text.graphemes(true).take(shared).map(str::len).sum::<usize>() };
            text.drain(..length);
            *start += length as u32;
        }
    }
}

/// Tells whether every byte of a text is a character as people count them.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.contains('\r')
}

/// Counts characters as people do.
fn characters(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.graphemes(true).count() }
}
