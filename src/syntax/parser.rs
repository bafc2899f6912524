//! Tokens to tree.

use diag::{Diagnostics, FileId};

use crate::tree::{Expr, File};

/// Parses a file in native syntax; the tree holds all that could be made sense of.
pub fn parse(_file: FileId, _text: &[u8]) -> (File, Diagnostics) {
    panic!("skeleton")
}

/// Parses text that is one expression. `offset` is where the text starts in the file that the spans are to name.
pub fn parse_expression(_file: FileId, _text: &[u8], _offset: usize) -> (Expr, Diagnostics) {
    panic!("skeleton")
}

/// Parses text that is the inside of a template, as in a file for `templatefile`.
pub fn parse_template(_file: FileId, _text: &[u8], _offset: usize) -> (Expr, Diagnostics) {
    panic!("skeleton")
}

/// Parses a reference without expressions in it: `a.b[0]["c"]`.
pub fn parse_traversal(_file: FileId, _text: &[u8], _offset: usize) -> (Expr, Diagnostics) {
    panic!("skeleton")
}
