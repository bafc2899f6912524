//! Text to tree, and text to well-formatted text.
//!
//! Reads the native and the JSON form of the language into one tree whose nodes know their bytes. A file with mistakes
//! still gives a tree of what is right in it.
//! *Not here:* what names mean, values, functions, types (`lang`); reading files from disk.

mod body;
mod format;
mod json;
mod layers;
mod lexer;
mod parser;
mod token;
pub mod tree;
mod visit;

pub use body::{AttributeSchema, BlockSchema, BodySchema, Content, ContentBlock};
pub use format::format;
pub use json::parse_json;
pub use layers::Layers;
pub use lexer::{lex, lex_template};
pub use parser::{parse, parse_expression, parse_template, parse_traversal};
pub use token::{Token, TokenKind};
pub use visit::{is_identifier, respan, visit, visit_body};
