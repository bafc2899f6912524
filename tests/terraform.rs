//! Gantry beside the real Terraform: the same configurations and expressions in both, and what differs.

mod configurations;
mod expressions;
mod program;
