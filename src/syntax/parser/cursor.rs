//! The parser's place among the tokens, and what every rule needs: looking, taking, failing, nesting.

use diag::{Diagnostic, Diagnostics, FileId, Span};
use ecow::EcoString;

use crate::tree::{Attribute, Block, Expr, Ident, Step};
use crate::{Token, TokenKind};

/// How deep expressions, blocks and directives may nest. Well above any real text; low enough that the code that
/// walks a tree by recursion gets by with the 2 MiB stack of a thread.
pub(crate) const NESTING_MAX: u32 = 2_000;

/// A rule gave up and has said why.
pub(super) struct Reported;

/// What a rule returns.
pub(super) type Parsed<T> = Result<T, Reported>;

/// Where the text is from, for spans.
#[derive(Clone, Copy)]
pub(super) struct Whence {
    /// The file.
    pub file: FileId,
    /// Where the text starts in the file.
    pub offset: usize,
    /// The one span to use for everything, where the text's bytes are not the file's.
    pub whole: Option<Span>,
}

/// The state of parsing one text.
pub(super) struct Parser<'t> {
    whence: Whence,
    /// The text.
    pub text: &'t [u8],
    /// All tokens; comments are gone.
    pub tokens: Vec<Token>,
    /// Index of the next token.
    pub at: usize,
    /// Whether line breaks mean something here.
    pub newlines: bool,
    /// Offset behind the last token taken.
    pub previous_end: u32,
    /// How deep the rule at work is nested.
    pub depth: u32,
    /// What was found wrong.
    pub diags: Diagnostics,
    /// Whether the end of the text inside a block was reported; one report is enough for all blocks it leaves open.
    pub unclosed: bool,
    /// How many more tokens may be looked at to find out where to go on after mistakes. Each mistake may need a look at
    /// the rest of the text; where thousands do, nothing behind them makes sense, and reading stops.
    pub recovery_left: usize,
    // Stacks of unfinished lists: rules push here and cut off their own part at the end, which makes vectors of
    // exactly the length needed, without growing each from empty.
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
    pub labels: Vec<Ident>,
    pub exprs: Vec<Expr>,
    pub steps: Vec<Step>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(whence: Whence, text: &'t [u8], mut tokens: Vec<Token>) -> Parser<'t> {
        drop_comments(text, &mut tokens);
        // A look at the whole text for each of some mistakes, and for as many as there are in a text of usual length.
        let recovery_left = tokens.len().saturating_mul(100).max(5_000_000);
        Parser {
            whence,
            text,
            tokens,
            at: 0,
            newlines: true,
            previous_end: 0,
            depth: 0,
            diags: Diagnostics::new(),
            unclosed: false,
            recovery_left,
            attributes: Vec::new(),
            blocks: Vec::new(),
            labels: Vec::new(),
            exprs: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Returns the next token; skips line breaks where they mean nothing.
    #[inline]
    pub(super) fn peek(&mut self) -> Token {
        if !self.newlines {
            while self.tokens[self.at].kind == TokenKind::Newline {
                self.at += 1;
            }
        }
        self.tokens[self.at]
    }

    /// Returns the next token, a line break included.
    #[inline]
    pub(super) fn peek_raw(&self) -> Token {
        self.tokens[self.at]
    }

    /// Takes the token that [`Parser::peek`] or [`Parser::peek_raw`] returned; the end stays.
    #[inline]
    pub(super) fn bump(&mut self) {
        let token = self.tokens[self.at];
        self.previous_end = token.end;
        if token.kind != TokenKind::End {
            self.at += 1;
        }
    }

    /// Takes the next token if it is of this kind.
    #[inline]
    pub(super) fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.peek().kind == kind;
        if found {
            self.bump();
        }
        found
    }

    /// Returns the next token if it is this word.
    pub(super) fn at_word(&mut self, word: &str) -> bool {
        let token = self.peek();
        token.kind == TokenKind::Ident && self.bytes(token) == word.as_bytes()
    }

    /// Applies a rule with line breaks meaning something, or not. A rule that fails leaves this as it is: the body
    /// item that catches the failure resets it.
    pub(super) fn with_newlines<T>(&mut self, newlines: bool, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let before = std::mem::replace(&mut self.newlines, newlines);
        let parsed = rule(self)?;
        self.newlines = before;
        Ok(parsed)
    }

    /// Applies a rule one level deeper.
    pub(super) fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        // Room that one level surely gets by with, also without optimisation, and the size of a further stack.
        const STACK_LEFT_MIN: usize = 128 * 1024;
        const STACK_SIZE: usize = 2 * 1024 * 1024;
        let token = self.peek();
        self.deeper(token)?;
        let parsed = stacker::maybe_grow(STACK_LEFT_MIN, STACK_SIZE, || rule(self))?;
        self.depth -= 1;
        Ok(parsed)
    }

    /// Counts a level of nesting.
    pub(super) fn deeper(&mut self, token: Token) -> Parsed<()> {
        if self.depth >= NESTING_MAX {
            let detail = format!(
                "Blocks, expressions and template directives can be nested in each other {NESTING_MAX} levels deep at \
                 most. Move inner parts to local values."
            );
            let reported = self.fail(token, "Nesting too deep", detail);
            // The rest of such a text is not worth reading: it is no text of a person.
            self.at = self.tokens.len() - 1;
            self.unclosed = true;
            return Err(reported);
        }
        self.depth += 1;
        Ok(())
    }

    /// Makes a span of offsets into the text.
    #[inline]
    pub(super) fn span(&self, start: u32, end: u32) -> Span {
        let offset = self.whence.offset as u32;
        self.whence.whole.unwrap_or(Span { file: self.whence.file, start: start + offset, end: end + offset })
    }

    /// Returns a token's span.
    #[inline]
    pub(super) fn span_of(&self, token: Token) -> Span {
        self.span(token.start, token.end)
    }

    /// Returns the span from an offset up to the last token taken.
    #[inline]
    pub(super) fn span_from(&self, start: u32) -> Span {
        self.span(start, self.previous_end.max(start))
    }

    /// Returns a token's bytes.
    #[inline]
    pub(super) fn bytes(&self, token: Token) -> &'t [u8] {
        &self.text[token.start as usize..token.end as usize]
    }

    /// Returns a token's text.
    #[inline]
    pub(super) fn str(&self, token: Token) -> &'t str {
        // The lexer gives bytes that are not UTF-8 a kind of their own, whose text is never asked for.
        std::str::from_utf8(self.bytes(token)).unwrap_or("\u{FFFD}")
    }

    /// Makes a name of a token.
    #[inline]
    pub(super) fn ident(&self, token: Token) -> Ident {
        Ident { name: EcoString::from(self.str(token)), span: self.span_of(token) }
    }

    /// Returns the line of an offset into the text, from 1.
    pub(super) fn line_of(&self, offset: u32) -> usize {
        memchr::memchr_iter(b'\n', &self.text[..offset as usize]).count() + 1
    }

    /// Reports a mistake at a token. A token that is wrong wherever it stands is reported as that instead.
    pub(super) fn fail(&mut self, token: Token, summary: &str, detail: impl Into<String>) -> Reported {
        self.fail_within(token, None, summary, detail)
    }

    /// Reports a mistake at a token, with the wider text that explains it.
    pub(super) fn fail_within(
        &mut self,
        token: Token,
        context: Option<Span>,
        summary: &str,
        detail: impl Into<String>,
    ) -> Reported {
        let (summary, detail) = match super::text::why_never_valid(token.kind, self.bytes(token)) {
            Some((summary, detail)) => (summary, detail),
            None => (summary, detail.into()),
        };
        let mut diagnostic = Diagnostic::error(summary, detail).at(self.span_of(token));
        diagnostic.context = context;
        self.diags.push(diagnostic);
        Reported
    }
}

/// Takes comments out; one that ends with its line leaves the line break.
fn drop_comments(text: &[u8], tokens: &mut Vec<Token>) {
    tokens.retain_mut(|token| {
        if token.kind != TokenKind::Comment {
            return true;
        }
        let ends_line = text[token.start as usize..token.end as usize].ends_with(b"\n");
        if ends_line {
            *token = Token { kind: TokenKind::Newline, start: token.end - 1, end: token.end };
        }
        ends_line
    });
}
