//! Finds, fetches and verifies providers and modules: what `gantry init` does.
//!
//! The parts, from the inside out: versions and what is asked of them ([`version`]), the user's settings ([`settings`]),
//! the lock file ([`lock_file`]), where packages come from (`source`, mirrors and registries), how they get into their
//! folder unharmed (`archive`, `store`), and the installation itself ([`providers`], [`modules`]).
//! Whoever only runs providers needs [`installed`].
//! *Not here:* what a configuration means (`lang`), running providers (`host`), anything that is printed.

mod archive;
mod discovery;
mod failure;
mod filesystem_mirror;
mod folders;
pub mod hash;
mod http;
pub mod installed;
pub mod lock_file;
pub mod modules;
mod network_mirror;
mod openpgp;
mod platform;
pub mod providers;
mod registry;
pub mod settings;
mod source;
mod store;
pub mod version;

pub use failure::Failure;
pub use platform::Platform;
