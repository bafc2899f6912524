//! Places in source text and the diagnostics that point at them.
//!
//! Everything a user can get wrong ends as a [`Diagnostic`]: plain data, collected while work goes on, rendered last.
//! *Not here:* rendering (`cli` does that), error types of single crates, any knowledge of HCL.

mod diagnostic;
mod source;
mod suggest;

pub use diagnostic::{Diagnostic, Diagnostics, ExpressionValue, FunctionCall, Severity};
pub use source::{FileId, Position, SourceFile, Sources, Span};
pub use suggest::did_you_mean;
