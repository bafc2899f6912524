//! Text to tokens.

use crate::Token;

/// Cuts text into tokens; what is no token comes as [`crate::TokenKind::Invalid`]. Never fails, covers every byte but spaces.
pub fn lex(_text: &[u8]) -> Vec<Token> {
    panic!("skeleton")
}
