//! State: what was created, and what is being created right now; never lost.
//!
//! A [`State`] is the model; a [`Journal`] is the one way to change a stored one. A state file is a snapshot followed by
//! the records of runs, a line of JSON with a checksum each; the snapshot and the records are of one form, so that there is one
//! file, one reader, and no moment at which two files contradict each other. At the end of a run a new snapshot takes
//! the file's place by one rename.
//! *Not here:* what a resource type looks like, providers, plans, anything that prints.

mod address;
mod attributes;
pub mod conformance;
mod diagnostics;
mod format;
mod handles;
mod journal;
mod ledger;
mod lock;
mod model;
mod ordered;
mod reading;
mod real_files;
pub mod record;
pub mod simulated;
pub mod stores;
#[cfg(test)]
mod testing;

pub use address::{parse_instance, parse_module, parse_provider_config, parse_resource};
pub use attributes::{Attributes, AttributesError};
pub use format::terraform;
pub use handles::{Clock, FileSystem, OpenFile, Random, SystemClock, SystemRandom, World, identifier, rfc3339};
pub use journal::{Closed, CommitError, Journal, JournalError, OpenError, Opened, Scribe, Ticket, snapshot};
pub use ledger::{Ledger, OpenIntent};
pub use lock::{Claim, Lock, LockError, LockRequest, Owner};
pub use model::{
    ChangeError, CheckKind, CheckResult, CheckStatus, CheckedObject, Dependency, DeposedKey, Identity, Instance,
    Object, Output, Resource, State, Status, Target,
};
pub use ordered::OrderedMap;
pub use reading::{Damage, DamageKind, Note, Reading, Salvage, read, salvage};
pub use real_files::RealFiles;
pub use stores::{Store, StoreError};
