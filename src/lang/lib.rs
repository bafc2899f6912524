//! What configurations mean: modules and their blocks, expressions, functions, checks.
//!
//! Pure: reads files through a handle, calls no provider, touches no state.
//! *Not here:* tokens and trees (`syntax`), what values are (`value`), what is to be done about a configuration (`plan`).

pub mod body;
pub mod conditions;
pub mod constant;
mod culprit;
pub mod evaluation;
pub mod expr;
pub mod functions;
pub mod module;
pub mod objects;
pub mod print;
mod printable;
pub mod providers;
pub mod replacement;
pub mod tree;
pub mod triggers;
pub mod types;
pub mod validate;
pub mod version;
#[cfg(test)]
mod worked;

pub use module::testing;
