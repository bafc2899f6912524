//! What is to be done: the desired objects compared with the prior ones.
//!
//! *Not here:* what configurations mean (`lang`), anything that changes the world (`apply`).

mod bonds;
pub mod change;
mod conditions;
mod containment;
mod deferral;
mod drift;
mod ephemerals;
pub mod file;
mod foresight;
mod generate;
mod ground;
pub mod identity;
mod import_one;
mod imports;
mod instances;
mod missing;
mod model;
mod moves;
mod needs;
mod observe;
mod open;
mod openings;
mod orphans;
mod outlook;
mod planner;
mod pool;
pub mod problems;
mod refactor;
mod relink;
mod settle;
mod stand_ins;
mod take_over;
mod tally;
mod targets;
mod triggers;
mod validity;
mod values;

pub use conditions::ASSERTION_UNKNOWN;
pub use containment::connection;
pub use deferral::{Rest, still_used, within};
pub use ephemerals::{Ephemerals, Opened, Operation, Stage, Watcher};
pub use import_one::import;
pub use model::{
    Action, Change, Counts, Deferred, Drift, Generated, Importing, Inside, Need, OutputChange, Plan, Reason, Role, Wait,
};
pub use openings::openings;
pub use outlook::{Outlook, unlisted};
pub use planner::{Input, Look, Observer, Options, plan};
pub use pool::Pool;
pub use refactor::{Moved, refactor};
pub use relink::{Relinked, relinked};
pub use settle::settle;
pub use stand_ins::{MadeUp, StandIn, StandIns};
pub use take_over::take_over;
pub use tally::{Checkable, Tally};
pub use values::Values;
