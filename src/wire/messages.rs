//! The messages of protocol 6, as prost types: names and numbers are the protocol's.
//!
//! Calls that take or return the same have one type here. Version 5 has the same messages but for those in
//! [`v5`](crate::v5). *Not here:* messages of what no provider of ours has (actions, state stores).
#![allow(
    missing_docs,
    reason = "what the fields mean is in the protocol's documentation, and in `sdk` under the same names"
)]

mod calls;
mod common;
mod plugin;
mod schema;

pub use calls::*;
pub use common::*;
pub use plugin::*;
/// The trait by which they are read and written.
pub use prost::Message;
pub use schema::*;
