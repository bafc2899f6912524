//! Runs providers that others have written: finds them, starts each in a process of its own, and makes it one of `sdk`'s.
//!
//! What the program knows of providers is a [`Catalogue`]: those that are linked in, and plugins. A plugin's process is
//! started by the first call that needs it, configurations that are equal share one, and its schemas are known without it.
//! *Not here:* downloading and verifying providers, the messages (`wire`), what a plan or an apply means.

mod asker;
mod cache;
mod calls;
mod catalogue;
mod child;
mod connection;
mod executor;
mod guard;
mod handshake;
mod lines;
mod log;
mod plugin;
mod process;
mod provider;
mod reattach;
mod secrecy;
mod settings;

pub use catalogue::{Catalogue, Find};
pub use log::{Level, Logging, Sink};
pub use settings::{Limits, Settings};
