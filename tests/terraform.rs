//! Gantry beside the real Terraform: the same configurations and expressions in both, and what differs.
#![allow(clippy::print_stdout, reason = "the figures are what a test like this is run for")]

mod configurations;
mod expressions;
mod json;
mod lifecycle;
mod plans;
mod program;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod shown;
mod tests;

pub(crate) use json::differences;
pub(crate) use program::is_terraform_there;
