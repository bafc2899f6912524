//! The formatter.
//!
//! Gives what `terraform fmt` gives, byte for byte, because the two formatters meet in the same repositories. It works on
//! tokens: [`rewrite`] replaces the few spellings that have a better one, [`layout`] decides every space. The known
//! differences are where `terraform fmt` loses text: it drops labels with a `$` or `%` in them and the key of `a[true]`;
//! both stay here.

#[cfg(test)]
mod corpus;
mod layout;
#[cfg(test)]
mod mutate;
mod rewrite;
mod spacing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::{TokenKind, lex};

/// Formats native syntax: the layout of the text changes, and the spelling of block labels (quoted), of `"${x}"` as a
/// whole argument (`x`) and of old variable types (`"list"` is `list(string)`). Call it on text that parses: other text
/// may come back with its meaning changed.
///
/// Files of every kind have the same rules, be they modules, values of variables or tests.
pub fn format(text: &[u8]) -> Vec<u8> {
    let mut pieces = rewrite::rewrite(text, &lex(text));
    layout::lay_out(&mut pieces);
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    for piece in &pieces {
        out.resize(out.len() + piece.spaces, b' ');
        out.extend_from_slice(&piece.text);
    }
    out
}

/// A token as it is to be written.
#[derive(Clone, Debug)]
struct Piece<'a> {
    kind: TokenKind,
    /// Spaces in front of it.
    spaces: usize,
    text: Cow<'a, [u8]>,
}

impl<'a> Piece<'a> {
    fn new(kind: TokenKind, text: &'a [u8]) -> Piece<'a> {
        Piece { kind, spaces: 0, text: Cow::Borrowed(text) }
    }

    /// Tells whether a line ends with it: comments to the end of a line have the line break in them.
    fn ends_line(&self) -> bool {
        self.kind == TokenKind::Newline || (self.kind == TokenKind::Comment && self.text.ends_with(b"\n"))
    }
}

/// Returns 1 for what opens a bracket or a template sequence, -1 for what closes one, else 0.
fn bracket_change(kind: TokenKind) -> isize {
    use TokenKind::*;
    match kind {
        OpenBrace | OpenBracket | OpenParen | InterpolationStart | DirectiveStart => 1,
        CloseBrace | CloseBracket | CloseParen | TemplateEnd => -1,
        _ => 0,
    }
}
