//! Random changes of layout that leave the meaning of a text alone.

use crate::{Token, TokenKind, lex};

/// A small generator of numbers; the same seed gives the same texts everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns a number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(super) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Changes spaces, line breaks and comments of a text that parses.
pub(super) fn mutate(text: &[u8], random: &mut Random) -> Vec<u8> {
    let tokens = lex(text);
    let mut out = Vec::new();
    let mut open: Vec<TokenKind> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let previous = i.checked_sub(1).map(|i| tokens[i]);
        if may_have_gap(previous, token.kind) {
            gap(text, previous, *token, open.last().copied(), random, &mut out);
        }
        match super::bracket_change(token.kind) {
            1 => open.push(token.kind),
            -1 => drop(open.pop()),
            _ => {}
        }
        let after_heredoc = previous.is_some_and(|previous| previous.kind == TokenKind::CloseHeredoc);
        if token.kind == TokenKind::Newline && !after_heredoc {
            let ends = ["\n", "\n", "\n", "\n", "  \n", "\n\n", "# x\n", " // x\n", "\n  # x\n", "\n\t/* x\n y */\n"];
            out.extend_from_slice(random.pick(&ends).as_bytes());
        } else {
            out.extend_from_slice(&text[token.start as usize..token.end as usize]);
        }
    }
    if random.percent(10) {
        out = String::from_utf8_lossy(&out).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    }
    if meaning(&out) == meaning(text) { out } else { text.to_vec() }
}

/// Returns the tokens that matter.
fn meaning(text: &[u8]) -> Vec<(TokenKind, String)> {
    lex(text)
        .iter()
        .filter(|token| !matches!(token.kind, TokenKind::Comment | TokenKind::Newline))
        .map(|token| {
            let bytes = &text[token.start as usize..token.end as usize];
            (token.kind, String::from_utf8_lossy(bytes).replace("\r\n", "\n"))
        })
        .collect()
}

/// Tells whether it is code on both sides of the place between two tokens.
fn may_have_gap(left: Option<Token>, right: TokenKind) -> bool {
    use TokenKind::*;
    let left = left.map_or(Newline, |token| token.kind);
    !matches!(left, OpenQuote | OpenHeredoc | CloseHeredoc | QuotedText | HeredocText)
        && !matches!(right, QuotedText | HeredocText | CloseQuote | CloseHeredoc | InterpolationStart | DirectiveStart)
}

fn gap(
    text: &[u8],
    left: Option<Token>,
    right: Token,
    open: Option<TokenKind>,
    random: &mut Random,
    out: &mut Vec<u8>,
) {
    let left_start = left.map_or(0, |token| token.start as usize);
    let left_end = left.map_or(0, |token| token.end as usize);
    let had_space = left_end < right.start as usize;
    let joined = [&text[left_start..left_end], &text[right.start as usize..right.end as usize]].concat();
    let kinds: Vec<TokenKind> = lex(&joined).iter().map(|token| token.kind).collect();
    let may_join = left.is_some_and(|left| kinds == [left.kind, right.kind, TokenKind::End]);
    if had_space && !may_join {
        out.push(b' ');
    }
    if random.percent(30) {
        out.extend_from_slice(random.pick(&[" ", "  ", "\t", "     "]).as_bytes());
    }
    if random.percent(4) {
        out.extend_from_slice(random.pick(&["/* x */", " /* x */ ", "/**/", "/* ä\n x */"]).as_bytes());
    }
    let lines_are_free = matches!(
        open,
        Some(TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::InterpolationStart | TokenKind::DirectiveStart)
    );
    // The brackets of `[*]` take no line break, other than all others.
    let is_splat = matches!(
        (left.map(|token| token.kind), right.kind),
        (Some(TokenKind::OpenBracket), TokenKind::Star) | (Some(TokenKind::Star), TokenKind::CloseBracket)
    );
    if lines_are_free && !is_splat && random.percent(6) {
        out.extend_from_slice(random.pick(&["\n", " # x\n", "\n\n", "\n // x\n  "]).as_bytes());
    }
}
