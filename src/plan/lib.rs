//! What is to be done: the desired objects compared with the prior ones.
//!
//! *Not here:* what configurations mean (`lang`), anything that changes the world (`apply`).

pub mod change;
mod conditions;
mod deferral;
mod generate;
pub mod identity;
mod import_one;
mod imports;
mod instances;
mod missing;
mod model;
mod needs;
mod observe;
mod orphans;
mod planner;
mod pool;
pub mod problems;
mod refactor;
mod relink;
mod settle;
mod targets;
mod triggers;
mod values;

pub use deferral::{Rest, within};
pub use import_one::import;
pub use model::{
    Action, Change, Counts, Deferred, Drift, Generated, Importing, Need, OutputChange, Plan, Reason, Wait,
};
pub use planner::{Input, Options, plan};
pub use pool::Pool;
pub use refactor::{Moved, refactor};
pub use relink::{Relinked, relinked};
pub use settle::settle;
pub use values::Values;
