//! File formats: the journal's own, and Terraform's.

pub(crate) mod checks;
pub(crate) mod go_json;
pub(crate) mod intern;
pub(crate) mod line;
pub(crate) mod paths;
pub mod terraform;
pub(crate) mod v1;
