//! Carries out a plan and decides nothing: what differs from what was approved stops the work.
//!
//! *Not here:* what is to be done (`plan`), how it is shown (`cli`), how state is kept (`state`).

mod checks;
mod edges;
mod open;
mod provision;
mod run;
mod step;

pub use edges::{Doing, PlannedStep, steps};
pub use run::{Event, Input, Observer, Outcome, Provisioning, apply};
