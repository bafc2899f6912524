//! Values in MessagePack, against a type: what `DynamicValue` carries.
//!
//! Written and read directly, without a tree in between. What is written is byte for byte what Terraform writes.
//! *Not here:* the JSON form, which `value` reads.

mod number;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::from_msgpack;
pub use writer::to_msgpack;

use value::{ConversionError, Path, PathStep};

/// Values nest no deeper than this. Types bound the depth of what they describe, and their own text is read to a depth
/// of 128; but a dynamic value may hold another one.
const DEPTH_MAX: usize = 512;

/// The extension that says "unknown" and nothing else; Terraform writes it with one byte of content.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// The extension that is an unknown value with a map of what is known about it.
const REFINED: i8 = 12;

/// What is known about an unknown value, as keys of that map.
mod refinement {
    pub(super) const NULLNESS: i64 = 1;
    pub(super) const STRING_PREFIX: i64 = 2;
    pub(super) const NUMBER_MIN: i64 = 3;
    pub(super) const NUMBER_MAX: i64 = 4;
    pub(super) const LENGTH_MIN: i64 = 5;
    pub(super) const LENGTH_MAX: i64 = 6;
}

fn error(message: impl Into<String>) -> ConversionError {
    ConversionError { path: Path::default(), message: message.into() }
}

/// Adds the step that leads to where it happened; on the way out, so that what goes well keeps no path.
fn inside(step: impl FnOnce() -> PathStep) -> impl FnOnce(ConversionError) -> ConversionError {
    move |mut error| {
        error.path.0.insert(0, step());
        error
    }
}
