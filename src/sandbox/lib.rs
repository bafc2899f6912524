//! A cloud in the binary: emulated clouds and Kubernetes clusters behind their real wire protocols, on loopback.
//!
//! The frame is the same for all of them: one [`World`] of records, in memory and on disk; one [`Clock`] that runs faster
//! than ours; one list of [`Fault`]s; one [`Log`] of requests; HTTP [`server`]s. A cloud is a [`Service`] on top of it: a
//! folder of its own, with a list of its services.
//! *Not here:* anything of the engine. Providers talk to it over HTTP as they do to the real clouds.

pub mod aws;
pub mod census;
pub mod clock;
pub mod control;
pub mod emulator;
pub mod faults;
pub mod folder;
pub mod frame;
pub mod kind;
pub mod kubernetes;
pub mod log;
mod mischief;
pub mod server;
#[cfg(test)]
mod size_tests;
pub mod tls;
mod way_out;
pub mod world;

pub use clock::Clock;
pub use emulator::{Options, Sandbox, StartError};
pub use faults::{Effect, Fault};
pub use folder::{Folder, Holder, Served};
pub use frame::{Frame, Place, Settings, Task};
pub use log::{Entry, Log};
pub use server::{Body, Request, Response, Running, Service};
pub use world::{Change, Changed, Commit, Records, World, WorldError};
