//! Text to tokens.
//!
//! Written by hand: the parser reads every file through it, and formatting is little more than this. Text that only
//! makes sense to a person (comments, strings) is skipped over by table or by `memchr`, never byte by byte in a match.

use memchr::{memchr, memchr3, memmem};

use crate::{Token, TokenKind};

/// Cuts text into tokens; what is no token comes as [`crate::TokenKind::Invalid`]. Never fails, covers every byte but spaces.
///
/// A byte order mark at the start is skipped. A quoted template that is not closed ends in front of its line break.
/// Every token but [`TokenKind::BadUtf8`] and [`TokenKind::Comment`] is well-formed UTF-8.
pub fn lex(text: &[u8]) -> Vec<Token> {
    Lexer::new(text).run(Mode::Code { base: 0, closable: false })
}

/// Cuts the inside of a template, as in a file for `templatefile`: literal text comes as [`TokenKind::HeredocText`].
pub fn lex_template(text: &[u8]) -> Vec<Token> {
    Lexer::new(text).run(Mode::Template)
}

/// What the text at hand is; modes nest.
#[derive(Clone, Copy)]
enum Mode {
    /// Expressions and blocks. If it is `closable`, the `base`-th of the open braces is the one it started with.
    Code { base: usize, closable: bool },
    /// Between quotes.
    Quote,
    /// Between `<<NAME` and `NAME`, which is at these bytes. `line_start`: nothing of this line has been cut yet.
    Heredoc { name: (usize, usize), line_start: bool },
    /// A template that is a whole text.
    Template,
}

struct Lexer<'a> {
    text: &'a [u8],
    pos: usize,
    tokens: Vec<Token>,
    modes: Vec<Mode>,
    /// Braces open in code, over all modes.
    braces: usize,
    /// Whether all of the text is UTF-8, so that pieces need not be looked at.
    is_utf8: bool,
    /// Whether a `*/` may be ahead; spares a text full of `/*` the search from each of them.
    may_close_comment: bool,
}

/// Bytes that stop a run of literal text between quotes.
const QUOTE_STOP: [bool; 256] = table(b"\"\\$%\n\r");
/// ASCII bytes that continue a name.
const NAME_BYTE: [bool; 256] = table(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

const fn table(members: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < members.len() {
        table[members[i] as usize] = true;
        i += 1;
    }
    table
}

impl<'a> Lexer<'a> {
    fn new(text: &'a [u8]) -> Lexer<'a> {
        Lexer {
            text,
            pos: if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 },
            // Real files have about one token in five bytes.
            tokens: Vec::with_capacity(text.len() / 5 + 8),
            modes: Vec::new(),
            braces: 0,
            is_utf8: std::str::from_utf8(text).is_ok(),
            may_close_comment: true,
        }
    }

    fn run(mut self, mode: Mode) -> Vec<Token> {
        self.modes.push(mode);
        while self.pos < self.text.len() {
            match *self.modes.last().unwrap_or(&mode) {
                Mode::Code { base, closable } => self.code(base, closable),
                Mode::Quote => self.quote(),
                Mode::Heredoc { name, line_start } => self.heredoc(name, line_start),
                Mode::Template => self.template(),
            }
        }
        self.push(TokenKind::End, self.text.len(), self.text.len());
        self.tokens
    }

    fn push(&mut self, kind: TokenKind, start: usize, end: usize) {
        self.tokens.push(Token { kind, start: start as u32, end: end as u32 });
    }

    /// Emits a token of the next `len` bytes.
    fn take(&mut self, kind: TokenKind, len: usize) {
        self.push(kind, self.pos, self.pos + len);
        self.pos += len;
    }

    /// Emits literal text up to `end`, with what is no UTF-8 apart.
    fn take_text(&mut self, kind: TokenKind, end: usize) {
        if self.pos == end {
            return;
        }
        if self.is_utf8 {
            return self.take(kind, end - self.pos);
        }
        let text = self.text;
        for chunk in text[self.pos..end].utf8_chunks() {
            if !chunk.valid().is_empty() {
                self.take(kind, chunk.valid().len());
            }
            if !chunk.invalid().is_empty() {
                self.take(TokenKind::BadUtf8, chunk.invalid().len());
            }
        }
    }

    fn byte(&self, at: usize) -> u8 {
        // A text may hold NUL, but no decision below takes NUL for anything but "something else".
        self.text.get(at).copied().unwrap_or(0)
    }

    /// Cuts code until the mode changes.
    fn code(&mut self, base: usize, closable: bool) {
        use TokenKind::*;
        while let Some(&byte) = self.text.get(self.pos) {
            match byte {
                b' ' | b'\t' => self.pos += 1,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name(self.pos + 1),
                b'0'..=b'9' => self.take(Number, self.number_end() - self.pos),
                b'\n' => self.take(Newline, 1),
                b'\r' if self.byte(self.pos + 1) == b'\n' => self.take(Newline, 2),
                b'#' => self.line_comment(),
                b'"' => {
                    self.take(OpenQuote, 1);
                    self.modes.push(Mode::Quote);
                    return;
                }
                b'{' => {
                    self.take(OpenBrace, 1);
                    self.braces += 1;
                }
                b'}' if closable && self.braces == base => {
                    self.take(TemplateEnd, 1);
                    self.braces -= 1;
                    self.modes.pop();
                    return;
                }
                b'}' => {
                    self.take(CloseBrace, 1);
                    self.braces = self.braces.saturating_sub(1);
                }
                b'~' if self.byte(self.pos + 1) == b'}' => {
                    self.take(TemplateEnd, 2);
                    let ends = closable && self.braces == base;
                    self.braces = self.braces.saturating_sub(1);
                    if ends {
                        self.modes.pop();
                        return;
                    }
                }
                b'/' if self.byte(self.pos + 1) == b'/' => self.line_comment(),
                b'/' if self.byte(self.pos + 1) == b'*' => self.block_comment(),
                b'<' if self.byte(self.pos + 1) == b'<' => {
                    if self.open_heredoc() {
                        return;
                    }
                }
                0x80.. => self.other_char(),
                _ => self.operator(byte),
            }
        }
    }

    fn operator(&mut self, byte: u8) {
        use TokenKind::*;
        let next = self.byte(self.pos + 1);
        let (kind, len) = match (byte, next) {
            (b'=', b'=') => (Equal, 2),
            (b'=', b'>') => (FatArrow, 2),
            (b'=', _) => (Assign, 1),
            (b'!', b'=') => (NotEqual, 2),
            (b'!', _) => (Bang, 1),
            (b'<', b'=') => (LessEqual, 2),
            (b'<', _) => (Less, 1),
            (b'>', b'=') => (GreaterEqual, 2),
            (b'>', _) => (Greater, 1),
            (b'&', b'&') => (And, 2),
            (b'|', b'|') => (Or, 2),
            (b':', b':') => (DoubleColon, 2),
            (b':', _) => (Colon, 1),
            (b'.', b'.') if self.byte(self.pos + 2) == b'.' => (Ellipsis, 3),
            (b'.', _) => (Dot, 1),
            (b',', _) => (Comma, 1),
            (b'?', _) => (Question, 1),
            (b'[', _) => (OpenBracket, 1),
            (b']', _) => (CloseBracket, 1),
            (b'(', _) => (OpenParen, 1),
            (b')', _) => (CloseParen, 1),
            (b'*', _) => (Star, 1),
            (b'/', _) => (Slash, 1),
            (b'+', _) => (Plus, 1),
            (b'-', _) => (Minus, 1),
            (b'%', _) => (Percent, 1),
            _ => (Invalid, 1),
        };
        self.take(kind, len);
    }

    /// Cuts a name, of which all up to `end` is known to belong to it.
    fn name(&mut self, mut end: usize) {
        loop {
            while self.text.get(end).is_some_and(|&b| NAME_BYTE[b as usize]) {
                end += 1;
            }
            match self.char_at(end) {
                Some(char) if !char.is_ascii() && continues_name(char) => end += char.len_utf8(),
                _ => break,
            }
        }
        self.take(TokenKind::Ident, end - self.pos);
    }

    /// Cuts what starts with a byte outside ASCII.
    fn other_char(&mut self) {
        match self.char_at(self.pos) {
            Some(char) if starts_name(char) => self.name(self.pos + char.len_utf8()),
            Some(char) => self.take(TokenKind::Invalid, char.len_utf8()),
            None => {
                let text = self.text;
                let len = text[self.pos..].utf8_chunks().next().map_or(1, |chunk| chunk.invalid().len().max(1));
                self.take(TokenKind::BadUtf8, len);
            }
        }
    }

    fn char_at(&self, at: usize) -> Option<char> {
        let bytes = self.text.get(at..(at + 4).min(self.text.len()))?;
        if bytes.first()?.is_ascii() {
            return Some(char::from(bytes[0]));
        }
        bytes.utf8_chunks().next()?.valid().chars().next()
    }

    /// Returns where the number at the current byte ends: digits, dots and exponents in any mix, no dot at the end.
    fn number_end(&self) -> usize {
        let mut end = self.pos + 1;
        let mut at = end;
        loop {
            match self.byte(at) {
                b'0'..=b'9' => at += 1,
                b'.' => {
                    at += 1;
                    continue;
                }
                b'e' | b'E' => {
                    let digit = at + 1 + usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
                    if !self.byte(digit).is_ascii_digit() {
                        return end;
                    }
                    at = digit + 1;
                }
                _ => return end,
            }
            end = at;
        }
    }

    fn line_comment(&mut self) {
        let rest = &self.text[self.pos..];
        let len = memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        self.take(TokenKind::Comment, len);
    }

    fn block_comment(&mut self) {
        if self.may_close_comment {
            match memmem::find(&self.text[self.pos + 2..], b"*/") {
                Some(len) => return self.take(TokenKind::Comment, len + 4),
                None => self.may_close_comment = false,
            }
        }
        self.take(TokenKind::Slash, 1);
    }

    /// Cuts `<<NAME` with its line break, or one `<` if that is not what follows; tells which.
    fn open_heredoc(&mut self) -> bool {
        let start = self.pos;
        let name = start + 2 + usize::from(self.byte(start + 2) == b'-');
        let is_name = self.char_at(name).is_some_and(starts_name);
        if is_name {
            // Cut the name as usual to learn its end, then take it back.
            self.pos = name;
            self.name(name + self.char_at(name).map_or(1, char::len_utf8));
            let end = self.tokens.pop().map_or(name, |token| token.end as usize);
            self.pos = start;
            let newline = match (self.byte(end), self.byte(end + 1)) {
                (b'\n', _) => 1,
                (b'\r', b'\n') => 2,
                _ => 0,
            };
            if newline > 0 {
                self.take(TokenKind::OpenHeredoc, end + newline - start);
                self.modes.push(Mode::Heredoc { name: (name, end), line_start: true });
                return true;
            }
        }
        self.take(TokenKind::Less, 1);
        false
    }

    /// Cuts the inside of quotes until the mode changes.
    fn quote(&mut self) {
        loop {
            let end = self.quoted_text_end();
            self.take_text(TokenKind::QuotedText, end);
            match self.text.get(self.pos) {
                None => return,
                Some(b'"') => {
                    self.take(TokenKind::CloseQuote, 1);
                    self.modes.pop();
                    return;
                }
                Some(b'$' | b'%') => {
                    if self.sigil(TokenKind::QuotedText) {
                        return;
                    }
                }
                Some(b'\\') => self.take(TokenKind::Invalid, 1),
                // Only this line can be meant to be quoted: what follows is code again.
                Some(_) => {
                    self.modes.pop();
                    return;
                }
            }
        }
    }

    fn quoted_text_end(&self) -> usize {
        let mut end = self.pos;
        loop {
            while self.text.get(end).is_some_and(|&b| !QUOTE_STOP[b as usize]) {
                end += 1;
            }
            let escapes =
                self.text.get(end) == Some(&b'\\') && self.text.get(end + 1).is_some_and(|&b| b != b'\n' && b != b'\r');
            if !escapes {
                return end;
            }
            end += 2;
        }
    }

    /// Cuts what starts with `$` or `%` in a template; tells whether code follows.
    fn sigil(&mut self, text_kind: TokenKind) -> bool {
        let sigil = self.byte(self.pos);
        let tilde = |at: usize| usize::from(self.byte(at) == b'~');
        if self.byte(self.pos + 1) == b'{' {
            let kind = if sigil == b'$' { TokenKind::InterpolationStart } else { TokenKind::DirectiveStart };
            self.take(kind, 2 + tilde(self.pos + 2));
            self.braces += 1;
            self.modes.push(Mode::Code { base: self.braces, closable: true });
            return true;
        }
        if self.byte(self.pos + 1) == sigil && self.byte(self.pos + 2) == b'{' {
            self.take(text_kind, 3 + tilde(self.pos + 3));
        } else {
            self.take(text_kind, 1);
        }
        false
    }

    /// Cuts the inside of a heredoc until the mode changes.
    fn heredoc(&mut self, name: (usize, usize), mut line_start: bool) {
        while self.pos < self.text.len() {
            let end = self.line_text_end();
            match self.text.get(end) {
                Some(b'\n') => {
                    if line_start && self.closes_heredoc(name, end) {
                        return;
                    }
                    self.take_text(TokenKind::HeredocText, end + 1);
                    line_start = true;
                }
                Some(b'\r') => {
                    self.take_text(TokenKind::HeredocText, end);
                    self.take(TokenKind::Invalid, 1);
                    line_start = false;
                }
                Some(_) => {
                    self.take_text(TokenKind::HeredocText, end);
                    if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
                        *line_start = false;
                    }
                    self.sigil_in_line();
                    return;
                }
                None => self.take_text(TokenKind::HeredocText, end),
            }
        }
    }

    /// Returns where literal text of a line ends: at a `$`, `%`, line feed or a carriage return without line feed.
    fn line_text_end(&self) -> usize {
        let rest = &self.text[self.pos..];
        let len = memchr3(b'\n', b'$', b'%', rest).unwrap_or(rest.len());
        let carriage_return = memchr(b'\r', &rest[..len]);
        match carriage_return {
            Some(at) if at + 1 != len || rest.get(len) != Some(&b'\n') => self.pos + at,
            _ => self.pos + len,
        }
    }

    /// Ends the heredoc if the line up to `end` is its name and spaces.
    fn closes_heredoc(&mut self, name: (usize, usize), end: usize) -> bool {
        let mut line = self.text[self.pos..end].trim_ascii();
        if line.len() < name.1 - name.0 {
            return false;
        }
        if !line.is_ascii() {
            match std::str::from_utf8(line) {
                Ok(text) => line = text.trim().as_bytes(),
                Err(_) => return false,
            }
        }
        if line != &self.text[name.0..name.1] {
            return false;
        }
        let carriage_return = end > self.pos && self.byte(end - 1) == b'\r';
        self.take(TokenKind::CloseHeredoc, end - usize::from(carriage_return) - self.pos);
        self.modes.pop();
        true
    }

    /// Like [`Lexer::sigil`], for text that is cut by lines. The reference scanner keeps an escape together with the line
    /// break behind it, and a lone sigil with the one character between it and a line break; where `~` trims depends on it.
    fn sigil_in_line(&mut self) -> bool {
        let newline = |at: usize| match (self.byte(at), self.byte(at + 1)) {
            (b'\n', _) => 1,
            (b'\r', b'\n') => 2,
            _ => 0,
        };
        let (sigil, next) = (self.byte(self.pos), self.byte(self.pos + 1));
        if next != b'{' && next.is_ascii() && newline(self.pos + 2) > 0 {
            self.take(TokenKind::HeredocText, 2);
            return false;
        }
        if next == sigil && self.byte(self.pos + 2) == b'{' {
            let len = 3 + usize::from(self.byte(self.pos + 3) == b'~');
            let newline = newline(self.pos + len);
            self.take(TokenKind::HeredocText, len + newline);
            if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
                *line_start = newline > 0;
            }
            return false;
        }
        self.sigil(TokenKind::HeredocText)
    }

    /// Cuts a template that is a whole text until the mode changes.
    fn template(&mut self) {
        while self.pos < self.text.len() {
            let end = self.line_text_end();
            match self.text.get(end) {
                Some(b'\n') => self.take_text(TokenKind::HeredocText, end + 1),
                Some(b'$' | b'%') => {
                    self.take_text(TokenKind::HeredocText, end);
                    if self.sigil_in_line() {
                        return;
                    }
                }
                // Here the reference scanner gives up and takes all the rest for literal text, `${` included.
                Some(_) => {
                    self.take_text(TokenKind::HeredocText, end);
                    self.take_text(TokenKind::HeredocText, self.text.len());
                }
                None => self.take_text(TokenKind::HeredocText, end),
            }
        }
    }
}

fn starts_name(char: char) -> bool {
    char == '_' || char.is_ascii_alphabetic() || (!char.is_ascii() && is_id_start(char))
}

fn is_id_start(char: char) -> bool {
    unicode_ident::is_xid_start(char)
        || is_id_but_not_xid(char)
        || matches!(char, '\u{E33}' | '\u{EB3}' | '\u{FF9E}' | '\u{FF9F}')
}

fn continues_name(char: char) -> bool {
    // The two joiners are allowed by late versions of Unicode only, and nobody can see them.
    (unicode_ident::is_xid_continue(char) && !matches!(char, '\u{200C}' | '\u{200D}')) || is_id_but_not_xid(char)
}

/// Tells whether a character is in `ID_Start` and `ID_Continue`, by which names go here, but in neither of the sets that are
/// closed under normalization, by which they go in most languages.
fn is_id_but_not_xid(char: char) -> bool {
    matches!(
        char,
        '\u{37A}' | '\u{309B}' | '\u{309C}' | '\u{FC5E}'
            ..='\u{FC63}'
                | '\u{FDFA}'
                | '\u{FDFB}'
                | '\u{FE70}'
                | '\u{FE72}'
                | '\u{FE74}'
                | '\u{FE76}'
                | '\u{FE78}'
                | '\u{FE7A}'
                | '\u{FE7C}'
                | '\u{FE7E}'
    )
}

#[cfg(test)]
mod tests;
