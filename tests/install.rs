//! Installing from a registry that serves real archives over HTTPS on loopback: what comes out, and what is refused.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what is skipped must be seen")]

mod modules;
mod providers;
mod server;
mod signing;
mod world;
