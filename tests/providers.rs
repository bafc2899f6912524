//! Providers in processes of their own: ours, served by this very program, and ones that others have written.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

mod broken;
mod crashes;
mod real;
mod served;
mod sharing;
mod world;
