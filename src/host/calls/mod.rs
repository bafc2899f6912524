//! The calls of a plugin, each from what `sdk` asks to what it answers.

mod checks;
mod found;
mod functions;
mod objects;
mod opened;

pub(crate) use objects::{ApplyFailure, ApplyMessage};
