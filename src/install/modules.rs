//! Modules that come from elsewhere: which are installed where, and how they get there.

mod archives;
mod git;
mod installer;
pub mod manifest;
mod registry;
pub mod source;

pub use installer::{Installer, ModuleLine, State};
