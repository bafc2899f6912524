//! What happens after a mistake: where the next item starts, and what belongs where in spite of wrong braces.
//!
//! Brackets are counted again from the start of the item. Where they do not add up, the layout decides: people indent
//! what they mean.

use super::cursor::Parser;
use super::structure::{Inside, ItemStart};
use crate::tree::Block;
use crate::{Token, TokenKind};

impl Parser<'_> {
    /// Goes to the end of an item that has a mistake in front of the next token.
    pub(super) fn skip_item(&mut self, start: ItemStart, inside: Inside) {
        self.reset(start);
        let mistake = self.at;
        if self.tokens[mistake].kind == TokenKind::End {
            self.unclosed = true;
            return;
        }
        let item = self.tokens[start.token];
        let column = self.column(item.start);
        let mut open = OpenBrackets::default();
        let mut fallback = None;
        for at in start.token..self.tokens.len() {
            let token = self.tokens[at];
            if self.recovery_left == 0 {
                break;
            }
            self.recovery_left -= 1;
            let behind = at >= mistake;
            match token.kind {
                TokenKind::End => break,
                TokenKind::Newline if behind && open.is_empty() => {
                    // A line that starts nothing belongs to the mistake, like the second one of a broken string.
                    if self.may_go_on_behind(at, column) {
                        return self.go_on_at(at + 1);
                    }
                }
                // No string that matters now goes on behind its line.
                TokenKind::Newline if behind => {
                    if let Some(quote) = open.first_quote {
                        open.truncate(quote);
                        if open.is_empty() && self.may_go_on_behind(at, column) {
                            return self.go_on_at(at + 1);
                        }
                    }
                }
                TokenKind::Ident if behind && at > start.token && self.starts_item(at) => {
                    let own = self.column(token.start);
                    if own < column || (own == column && column > 0) {
                        return self.go_on_at(at);
                    }
                    if own == column {
                        fallback = fallback.or(Some(at));
                    }
                }
                kind if opens(kind) => open.push(kind),
                kind => {
                    let Some(openers) = closes(kind) else { continue };
                    let brace = matches!(kind, TokenKind::CloseBrace | TokenKind::TemplateEnd);
                    let first = self.is_first_of_line(at);
                    let outdented = behind && first && self.column(token.start) < column;
                    match open.last_of(openers) {
                        Some(opener) if !(brace && outdented) => open.truncate(opener),
                        // A brace as deep as the item is the item's, even if its opening one is missing.
                        _ if brace && behind && inside != Inside::File && (outdented || !first || column == 0) => {
                            return self.go_on_at(at);
                        }
                        _ => {}
                    }
                }
            }
        }
        // What swallowed the rest of the text swallowed the closing braces, too.
        self.unclosed |= fallback.is_none();
        self.go_on_at(fallback.unwrap_or(self.tokens.len() - 1));
    }

    fn go_on_at(&mut self, at: usize) {
        // Never back in front of the mistake, so that each mistake is met once.
        self.at = at.max(self.at).min(self.tokens.len() - 1);
        let next = self.tokens[self.at];
        let previous = self.tokens[self.at.saturating_sub(1)].end.min(next.start);
        self.previous_end = if next.kind == TokenKind::End { next.start } else { previous };
    }

    /// Tells whether a body follows a block's header that has no brace: the brace on the next line, or deeper lines.
    pub(super) fn body_follows(&self, kind: Token) -> bool {
        let next = self.tokens[self.at..].iter().find(|token| token.kind != TokenKind::Newline);
        next.is_some_and(|next| match next.kind {
            TokenKind::OpenBrace => true,
            TokenKind::Ident => self.column(next.start) > self.column(kind.start),
            _ => false,
        })
    }

    /// Takes those blocks out of an unclosed block that, going by their indentation, were never meant to be in it.
    pub(super) fn astray(&self, kind: Token, blocks: &mut Vec<Block>) -> Vec<Block> {
        let column = self.column(kind.start);
        let first = blocks.iter().position(|block| self.column(block.kind.span.start) <= column);
        // Not `split_off`, which leaves a list behind that is empty and has room for all.
        let Some(first) = first else { return Vec::new() };
        let astray = blocks.drain(first..).collect();
        blocks.shrink_to_fit();
        astray
    }

    /// Tells whether the next line with something on it starts an item or ends the body.
    fn may_go_on_behind(&self, line_break: usize, column: usize) -> bool {
        let next = (line_break..self.tokens.len()).find(|at| self.tokens[*at].kind != TokenKind::Newline);
        next.is_none_or(|next| match self.tokens[next].kind {
            TokenKind::Ident => self.starts_item(next),
            TokenKind::CloseBrace | TokenKind::TemplateEnd => {
                column == 0 || self.column(self.tokens[next].start) < column
            }
            TokenKind::End => true,
            _ => false,
        })
    }

    /// Tells whether a name is the start of an item: first of its line, with an equals sign or the rest of a block's
    /// header behind it.
    fn starts_item(&self, name: usize) -> bool {
        if !self.is_first_of_line(name) {
            return false;
        }
        let mut rest = self.tokens[name + 1..].iter().map(|token| token.kind);
        let mut kind = rest.next();
        if kind == Some(TokenKind::Assign) {
            return true;
        }
        loop {
            match kind {
                Some(TokenKind::OpenBrace) => return true,
                Some(TokenKind::Ident) => {}
                Some(TokenKind::OpenQuote) => {
                    if rest.find(|kind| *kind != TokenKind::QuotedText) != Some(TokenKind::CloseQuote) {
                        return false;
                    }
                }
                _ => return false,
            }
            kind = rest.next();
        }
    }

    fn is_first_of_line(&self, at: usize) -> bool {
        at == 0 || self.tokens[at - 1].kind == TokenKind::Newline || self.tokens[at - 1].kind == TokenKind::CloseHeredoc
    }

    /// Returns the number of bytes in front of an offset in its line.
    fn column(&self, offset: u32) -> usize {
        let before = &self.text[..offset as usize];
        before.len() - memchr::memrchr(b'\n', before).map_or(0, |line_break| line_break + 1)
    }
}

/// The brackets that are open at a place, outermost first. Looking one up must not cost a walk over all of them: broken
/// text may open as many as it has bytes.
#[derive(Default)]
struct OpenBrackets {
    kinds: Vec<TokenKind>,
    /// The place of the outermost quote.
    first_quote: Option<usize>,
    /// How many of each group there are that one closing bracket may belong to; see [`closes`].
    counts: [u32; 5],
}

impl OpenBrackets {
    fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    fn push(&mut self, kind: TokenKind) {
        if kind == TokenKind::OpenQuote && self.first_quote.is_none() {
            self.first_quote = Some(self.kinds.len());
        }
        self.counts[group(kind)] += 1;
        self.kinds.push(kind);
    }

    fn truncate(&mut self, length: usize) {
        self.kinds.drain(length..).for_each(|kind| self.counts[group(kind)] -= 1);
        self.first_quote = self.first_quote.filter(|quote| *quote < length);
    }

    /// Returns the place of the innermost of these kinds.
    fn last_of(&self, kinds: &[TokenKind]) -> Option<usize> {
        let is_there = kinds.first().is_some_and(|kind| self.counts[group(*kind)] > 0);
        // What is walked over is closed with it, or the brackets are a brace that does not count as one.
        if is_there { self.kinds.iter().rposition(|kind| kinds.contains(kind)) } else { None }
    }
}

/// Returns the group of an opening kind: those that one closing kind may belong to.
fn group(kind: TokenKind) -> usize {
    match kind {
        TokenKind::OpenBracket => 1,
        TokenKind::OpenParen => 2,
        TokenKind::OpenQuote => 3,
        TokenKind::OpenHeredoc => 4,
        _ => 0,
    }
}

fn opens(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(kind, OpenBrace | OpenBracket | OpenParen | OpenQuote | OpenHeredoc | InterpolationStart | DirectiveStart)
}

/// Returns the kinds that a closing kind may belong to; nothing for kinds that close nothing.
fn closes(kind: TokenKind) -> Option<&'static [TokenKind]> {
    use TokenKind::*;
    Some(match kind {
        CloseBrace | TemplateEnd => &[OpenBrace, InterpolationStart, DirectiveStart],
        CloseBracket => &[OpenBracket],
        CloseParen => &[OpenParen],
        CloseQuote => &[OpenQuote],
        CloseHeredoc => &[OpenHeredoc],
        _ => return None,
    })
}
