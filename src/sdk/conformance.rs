//! What every provider must keep to; each provider's tests run [`check`] and [`check_life_cycle`] and expect no fault.
//!
//! The rules for schemas are Terraform's own, so that our providers work there, and a few of ours: everything is
//! documented, names are in order, properties that contradict each other are refused.

mod life;
mod promises;
mod schemas;
mod validation;

pub use life::{Sample, check_life_cycle};
pub use schemas::check_schemas;
pub use validation::{check_functions, check_validation};

use crate::Provider;

/// Checks what needs no configuration: schemas, validation, functions; returns the faults, a sentence each.
pub fn check(provider: &dyn Provider) -> Vec<String> {
    let mut faults = check_schemas(provider);
    faults.extend(check_validation(provider));
    faults.extend(check_functions(provider));
    faults
}
