//! Whether a space goes between two tokens of a line.

use crate::TokenKind::{self, *};

use super::{Piece, bracket_change};

/// Decides about the space between `left` and `right`; `before` is what is in front of `left` in its cell, if anything.
pub(super) fn has_space(before: Option<TokenKind>, left: &Piece<'_>, right: TokenKind) -> bool {
    match (left.kind, right) {
        (_, Newline) => false,
        (Ident, OpenParen | DoubleColon) | (DoubleColon, Ident) => false,
        (Dot, _) | (_, Dot | Comma | Ellipsis) => false,
        (Comma, _) => true,
        (QuotedText | HeredocText | OpenQuote | OpenHeredoc, _) => false,
        (_, QuotedText | HeredocText | CloseQuote | CloseHeredoc) => false,
        // `for x in [a]` is no index into something called `in`.
        (Ident, _) if &*left.text == b"in" && before == Some(Ident) => true,
        (Ident | Number | CloseBrace | CloseBracket | CloseParen | TemplateEnd, OpenBracket) => false,
        (Bang, _) => false,
        (Minus, _) => !is_sign(before),
        // Braces, other than brackets and parentheses, stand apart from what is in them.
        (OpenBrace, CloseBrace) => false,
        (OpenBrace, _) | (_, CloseBrace) => true,
        (InterpolationStart | DirectiveStart, OpenBrace) | (CloseBrace, TemplateEnd) => true,
        (TemplateEnd, InterpolationStart | DirectiveStart) => false,
        (left, right) => bracket_change(left) <= 0 && bracket_change(right) >= 0,
    }
}

/// Tells whether a minus behind `before` is a sign and no subtraction: when no operand can have ended there.
fn is_sign(before: Option<TokenKind>) -> bool {
    let Some(before) = before else { return true };
    matches!(
        before,
        OpenParen
            | OpenBrace
            | OpenBracket
            | Assign
            | Colon
            | Comma
            | Question
            | Plus
            | Star
            | Slash
            | Percent
            | Minus
            | Equal
            | NotEqual
            | Greater
            | GreaterEqual
            | Less
            | LessEqual
            | And
            | Or
            | Bang
    )
}
