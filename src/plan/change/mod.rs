//! The rules of one object's change: what is proposed to a provider, what it may plan, what it may do.
//!
//! All of them are pure functions of a schema and values. Values keep their marks: no rule needs unmarked ones, and no
//! message shows what is sensitive. What does not change is shared with the value it comes from, so that comparing it
//! later costs nothing. *Not here:* which objects there are and in what order they change.

mod action;
mod attributes;
mod compatible;
mod correlate;
mod equality;
mod ignore;
mod normalize;
mod parts;
mod problem;
mod proposed;
mod replace;
mod sensitive;
mod unknown;
mod valid;
mod write_only;

#[cfg(test)]
mod notation;
#[cfg(test)]
mod random_tests;

pub use action::{Action, action, sensitivity_changes};
pub use compatible::check_applied;
pub use ignore::{ignore_changes, restore_ignored};
pub use normalize::{empty_block, normalize};
pub use problem::Problem;
pub use proposed::{planned_data, proposed_new};
pub use replace::forcing_paths;
pub use sensitive::{mark_sensitive, sensitive_paths, unfold_mirrors};
pub use unknown::{unknown_computed, validate_config_computed};
pub use valid::check_plan;
pub use write_only::{check_write_only, strip_write_only};
