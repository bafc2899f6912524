//! Modules that come from elsewhere: which are installed where, and how they get there.

pub mod manifest;
pub mod source;
