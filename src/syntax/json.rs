//! The JSON syntax.
//!
//! An own reader, because every value must know its bytes and keys may repeat: a repeated block type is two blocks.
//! The first mistake ends the reading; text behind it cannot be trusted.

mod reader;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use diag::{Diagnostics, FileId};

use crate::tree::{Body, Expr, ExprKind, File, JsonBody};
use reader::Reader;

/// Parses a file in JSON syntax.
pub fn parse_json(file: FileId, text: &[u8]) -> (File, Diagnostics) {
    let mut reader = Reader::new(file, text);
    let value = reader.document();
    let mut diags = reader.diags;
    let value = match value {
        Some(value) if matches!(value.kind, ExprKind::Object(_) | ExprKind::Tuple(_)) => value,
        Some(value) => {
            let detail = "A configuration in JSON syntax is one JSON object, or an array of objects that count as one.";
            diags.error(value.span, "Root value must be object", detail);
            Expr { kind: ExprKind::Invalid, span: value.span }
        }
        None => Expr { kind: ExprKind::Invalid, span: diag::Span::new(file, 0, text.len()) },
    };
    (File { body: Body::Json(JsonBody { value: Arc::new(value), hidden: Vec::new() }) }, diags)
}
