//! The Terraform plugin protocol: messages, values, schemas, and a provider of ours served by it.
//!
//! Both sides of the protocol share what is here: the side that serves a provider is here as well, the side that asks one
//! (`host`) brings its own code. Version 6 is what the types say; what differs in version 5 is in [`v5`].
//! *Not here:* finding, starting and installing providers (`host`), what a plan or an apply means.

pub mod dynamic;
pub mod grpc;
pub mod handshake;
pub mod messages;
pub mod msgpack;
pub mod plugin;
pub mod problems;
pub mod protocol;
pub mod schemas;
pub mod served;
pub mod tls;
pub mod v5;

#[cfg(test)]
mod testing;

pub use diag;
