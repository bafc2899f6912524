//! Spellings that the formatter replaces: block labels, arguments that are one interpolation, old variable types.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::{Token, TokenKind};

use super::{Piece, bracket_change};

/// Turns tokens into pieces. Only the last piece, the end of the text, has its spaces.
pub(super) fn rewrite<'a>(text: &'a [u8], tokens: &[Token]) -> Vec<Piece<'a>> {
    let mut rewriter = Rewriter { text, tokens, at: 0, blocks: Vec::new(), pieces: Vec::with_capacity(tokens.len()) };
    rewriter.body();
    rewriter.pieces
}

struct Rewriter<'a, 'b> {
    text: &'a [u8],
    tokens: &'b [Token],
    /// The next token.
    at: usize,
    /// For each block that is open, whether it is a variable.
    blocks: Vec<bool>,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Rewriter<'a, '_> {
    /// Goes over the file item by item; nested blocks take no recursion.
    fn body(&mut self) {
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                TokenKind::Ident if self.kind(self.skip_comments(self.at + 1)) == TokenKind::Assign => self.attribute(),
                TokenKind::Ident => self.block_header(),
                TokenKind::End => {
                    let before = self.at.checked_sub(1).map_or(0, |last| self.tokens[last].end);
                    let mut end = self.piece(self.at);
                    end.spaces = token.start.saturating_sub(before) as usize;
                    self.pieces.push(end);
                    self.at += 1;
                }
                kind => {
                    if kind == TokenKind::CloseBrace {
                        self.blocks.pop();
                    }
                    self.copy_to(self.at + 1);
                }
            }
        }
    }

    /// Returns the kind of a token; behind the last one there are only ends.
    fn kind(&self, index: usize) -> TokenKind {
        self.tokens.get(index).map_or(TokenKind::End, |token| token.kind)
    }

    fn bytes(&self, index: usize) -> &'a [u8] {
        self.tokens.get(index).map_or(b"", |token| &self.text[token.start as usize..token.end as usize])
    }

    fn piece(&self, index: usize) -> Piece<'a> {
        Piece::new(self.kind(index), self.bytes(index))
    }

    fn skip_comments(&self, mut index: usize) -> usize {
        while self.kind(index) == TokenKind::Comment {
            index += 1;
        }
        index
    }

    fn copy_to(&mut self, end: usize) {
        while self.at < end {
            self.pieces.push(self.piece(self.at));
            self.at += 1;
        }
    }

    fn insert(&mut self, kind: TokenKind, text: &'static [u8]) {
        self.pieces.push(Piece::new(kind, text));
    }

    /// Copies `name = expression` with the expression in its best spelling.
    fn attribute(&mut self) {
        let is_type = self.blocks == [true] && self.bytes(self.at) == b"type";
        let start = self.skip_comments(self.skip_comments(self.at + 1) + 1);
        let end = self.expression_end(start);
        self.copy_to(start);
        if is_type {
            self.variable_type(end);
        } else {
            self.value(end);
        }
        self.copy_to(end);
    }

    /// Returns where the expression that starts at a token ends, comments behind it excluded.
    fn expression_end(&self, start: usize) -> usize {
        let mut depth = 0;
        let mut end = start;
        for index in start..self.tokens.len() {
            let piece = self.piece(index);
            if depth == 0 && (piece.ends_line() || matches!(piece.kind, TokenKind::CloseBrace | TokenKind::End)) {
                break;
            }
            depth = (depth + bracket_change(piece.kind)).max(0);
            if piece.kind != TokenKind::Comment {
                end = index + 1;
            }
        }
        end
    }

    /// Rewrites the type of a variable, the tokens up to `end`, from what it was before types were expressions.
    fn variable_type(&mut self, end: usize) {
        let collection: Option<(&'static [u8], &'static [u8])> = match end - self.at {
            1 if self.kind(self.at) == TokenKind::Ident => match self.bytes(self.at) {
                b"list" => Some((b"list", b"any")),
                b"map" => Some((b"map", b"any")),
                b"set" => Some((b"set", b"any")),
                _ => None,
            },
            3 if self.kind(self.at) == TokenKind::OpenQuote => match self.bytes(self.at + 1) {
                b"string" => {
                    self.insert(TokenKind::Ident, b"string");
                    self.at = end;
                    None
                }
                b"list" => Some((b"list", b"string")),
                b"map" => Some((b"map", b"string")),
                _ => None,
            },
            _ => None,
        };
        if let Some((name, element)) = collection {
            self.insert(TokenKind::Ident, name);
            self.insert(TokenKind::OpenParen, b"(");
            self.insert(TokenKind::Ident, element);
            self.insert(TokenKind::CloseParen, b")");
            self.at = end;
        }
    }

    /// Takes an expression, the tokens up to `end`, out of its `"${…}"` if that is all there is.
    fn value(&mut self, end: usize) {
        let Some((mut first, mut last)) = self.lone_interpolation(end) else { return };
        while first < last && self.kind(first) == TokenKind::Newline {
            first += 1;
        }
        while first < last && self.kind(last - 1) == TokenKind::Newline {
            last -= 1;
        }
        let in_parens = last - first > 1
            && self.kind(first) == TokenKind::OpenParen
            && self.kind(last - 1) == TokenKind::CloseParen;
        let lines = (first..last).any(|index| self.kind(index) == TokenKind::Newline);
        // Between quotes a line break is free, outside it would end the argument.
        let parens = lines && !in_parens;
        if parens {
            self.insert(TokenKind::OpenParen, b"(");
        }
        self.at = first;
        self.copy_to(last);
        if parens {
            self.insert(TokenKind::CloseParen, b")");
        }
        self.at = end;
    }

    /// Returns the tokens inside of `"${…}"`, unless the tokens up to `end` hold more than that. Text and interpolations are
    /// fine within further quotes, which belong to the expression.
    fn lone_interpolation(&self, end: usize) -> Option<(usize, usize)> {
        use TokenKind::*;
        let (start, quote_depth) = (self.at, &mut 0usize);
        let is_wrapped = end - start >= 5
            && (self.kind(start), self.kind(start + 1)) == (OpenQuote, InterpolationStart)
            && (self.kind(end - 2), self.kind(end - 1)) == (TemplateEnd, CloseQuote);
        let is_alone = is_wrapped
            && (start + 2..end - 2).all(|index| {
                match self.kind(index) {
                    OpenQuote => *quote_depth += 1,
                    CloseQuote if *quote_depth == 0 => return false,
                    CloseQuote => *quote_depth -= 1,
                    InterpolationStart | TemplateEnd | QuotedText => return *quote_depth > 0,
                    _ => {}
                }
                true
            });
        is_alone.then_some((start + 2, end - 2))
    }

    /// Copies a block up to its `{`, with all labels in quotes and without comments in front of labels. What turns out to be
    /// no block is copied as far as it has been looked at, so that no text takes more than one look.
    fn block_header(&mut self) {
        let mut labels = Vec::new();
        let mut index = self.skip_comments(self.at + 1);
        loop {
            let end = match self.kind(index) {
                TokenKind::Ident => index + 1,
                TokenKind::OpenQuote => {
                    let mut end = index + 1;
                    while self.kind(end) == TokenKind::QuotedText {
                        end += 1;
                    }
                    if self.kind(end) != TokenKind::CloseQuote {
                        return self.copy_to(end);
                    }
                    end + 1
                }
                TokenKind::OpenBrace => break,
                _ => return self.copy_to(index.max(self.at + 1)),
            };
            labels.push((index, end));
            index = self.skip_comments(end);
        }
        self.blocks.push(self.bytes(self.at) == b"variable");
        self.copy_to(self.at + 1);
        for (start, end) in labels {
            self.at = end;
            self.label(start, end);
        }
        self.copy_to(index + 1);
    }

    fn label(&mut self, start: usize, end: usize) {
        let is_quoted = self.kind(start) == TokenKind::OpenQuote;
        let (first, last) = if is_quoted { (start + 1, end - 1) } else { (start, end) };
        self.insert(TokenKind::OpenQuote, b"\"");
        for index in first..last {
            let bytes = self.bytes(index);
            let is_plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\');
            let text = if is_plain { Cow::Borrowed(bytes) } else { Cow::Owned(respell_label(bytes)) };
            self.pieces.push(Piece { kind: TokenKind::QuotedText, spaces: 0, text });
        }
        self.insert(TokenKind::CloseQuote, b"\"");
    }
}

/// Spells the text of a label with as few escapes as it can have. No `$` or `%` of the text starts an escaped template
/// sequence already, those come as tokens of their own.
fn respell_label(text: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(text.len());
    let text = unescape(&String::from_utf8_lossy(text));
    let mut chars = text.nfc().peekable();
    while let Some(char) = chars.next() {
        match char {
            '$' | '%' if chars.peek() == Some(&'{') => out.extend([char, char]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            _ if is_printable(char) => out.push(char),
            _ if u32::from(char) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(char))),
        }
    }
    out.into_bytes()
}

/// Replaces backslash escapes; one that means nothing stays.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (char, len) = match rest.as_bytes().first() {
            Some(b'n') => (Some('\n'), 1),
            Some(b'r') => (Some('\r'), 1),
            Some(b't') => (Some('\t'), 1),
            Some(b'"') => (Some('"'), 1),
            Some(b'\\') => (Some('\\'), 1),
            Some(b'u') => (code_point(rest.get(1..5)), 5),
            Some(b'U') => (code_point(rest.get(1..9)), 9),
            _ => (None, 0),
        };
        match char {
            Some(char) => {
                out.push(char);
                rest = &rest[len..];
            }
            None => out.push('\\'),
        }
    }
    out.push_str(rest);
    out
}

fn code_point(hex: Option<&str>) -> Option<char> {
    char::from_u32(u32::from_str_radix(hex?, 16).ok()?)
}

/// Tells whether a character leaves ink or is a plain space. The standard library knows, for its debug format.
fn is_printable(char: char) -> bool {
    let mut debug = ['x', char].iter().collect::<String>();
    debug = debug.escape_debug().skip(1).collect();
    debug.chars().eq([char]) || matches!(char, '\'' | '"' | '\\')
}
