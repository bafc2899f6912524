//! The facade over planning and applying: opens the state, makes the providers, runs the work to its end.
//!
//! *Not here:* what is planned (`plan`), how it is carried out (`apply`), how anything is shown (`cli`).

mod early;
mod import;
mod leftovers;
mod runtime;
mod saved;
mod session;
#[cfg(test)]
mod simulation;
mod ticks;

pub use import::import;
pub use runtime::RealRuntime;
pub use saved::{apply_saved, refuse};
pub use session::{
    Approval, Configuration, Failure, Finished, Report, Request, destroy_options, run, run_and_look, run_on,
};
