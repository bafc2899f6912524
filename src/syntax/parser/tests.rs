//! Tests of the parser: tables of texts with their trees, recovery, spans, random texts, nesting, and the benchmark.

mod benchmark;
mod nesting;
mod random;
mod recovery;
mod spans;
mod tables;

use diag::{Diagnostics, FileId};

use super::dump;

/// What a text is read as.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Expression,
    Template,
    Reference,
    File,
}

/// Reads a text and writes its tree.
fn read(kind: Kind, text: &str) -> (String, Diagnostics) {
    let (file, text) = (FileId(0), text.as_bytes());
    let read = match kind {
        Kind::Expression => super::parse_expression,
        Kind::Template => super::parse_template,
        Kind::Reference => super::parse_traversal,
        Kind::File => {
            let (tree, diags) = super::parse(file, text);
            return (dump::body(&tree.body), diags);
        }
    };
    let (expr, diags) = read(file, text, 0);
    (dump::expr(&expr), diags)
}

/// Returns the tree of a text, or `error`.
fn outcome(kind: Kind, text: &str) -> String {
    let (tree, diags) = read(kind, text);
    if diags.has_errors() { "error".to_owned() } else { tree }
}
