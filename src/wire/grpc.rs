//! gRPC over HTTP/2, as much of it as plugins speak: one message or a stream of them for an answer, no compression.
//!
//! Straight on `h2`, for both sides: a gRPC library with its web framework takes twice the crates and half as much
//! compile time again, for a 5-byte head and two trailers.

mod body;
mod client;
mod server;
mod status;
#[cfg(test)]
mod tests;

pub use client::{Channel, Incoming};
pub use server::{Request, Responder, Service, serve_connection};
pub use status::{Code, Status};

/// A message is no larger, in either direction; the schemas of the largest providers take a quarter of it.
pub const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// What one side may send before the other has taken it in. Connections are local: large is quick and does no harm.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// The largest piece that goes over the connection at once.
const FRAME_BYTES_MAX: u32 = 1 << 20;

const CONTENT_TYPE: &str = "application/grpc";
