//! Where state files are kept.

use std::fmt;
use std::io::{self, Write};

use crate::lock::{Lock, LockError, LockRequest, Owner};

pub mod local;

/// The workspace that is always there.
pub const DEFAULT_WORKSPACE: &str = "default";

/// Keeps the state files of all workspaces of a configuration.
///
/// A state file is bytes to its store: a snapshot and what was appended to it. A store of objects keeps the snapshot as
/// one object and each synced append as another, made only if absent, under the number of the lock's lease; reading puts
/// them together. [`conformance::run`](crate::conformance::run) says what every store must do.
pub trait Store: Send + Sync {
    /// Returns the workspaces that have a state or are made for one, sorted; the default one is always among them.
    fn workspaces(&self) -> Result<Vec<String>, StoreError>;

    /// Makes a workspace known before it has a state.
    fn create_workspace(&self, workspace: &str) -> Result<(), StoreError>;

    /// Removes a workspace with its state; the default one loses its state only.
    fn delete_workspace(&self, workspace: &str, lock: Box<dyn Lock>) -> Result<(), StoreError>;

    /// Returns the state file; nothing if there is none yet.
    fn load(&self, workspace: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Takes the lock of a state, waiting for it as long as the request says.
    ///
    /// Of two that ask, never both have it. A lock whose holder is dead is taken over.
    fn lock(&self, workspace: &str, request: &LockRequest) -> Result<Box<dyn Lock>, LockError>;

    /// Returns who holds the lock, as far as is known.
    fn holder(&self, workspace: &str) -> Result<Option<Owner>, StoreError>;

    /// Takes the lock of this id away from its holder.
    fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError>;

    /// Opens the state file to write behind its first `length` bytes; what stands beyond those is cut off.
    fn append(&self, workspace: &str, lock: &dyn Lock, length: u64) -> Result<Box<dyn Appender>, StoreError>;

    /// Puts a new state file in the place of the old one, all at once: after a crash there is the old one or the new one.
    fn replace(&self, workspace: &str, lock: &dyn Lock, write: &mut Content<'_>) -> Result<(), StoreError>;
}

/// Writes the content of a new state file.
pub type Content<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// A state file that is open for more.
pub trait Appender: Send {
    /// Writes bytes at the end.
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;
    /// Returns when all that was written outlasts a power failure.
    fn sync(&mut self) -> Result<(), StoreError>;
}

/// What went wrong in a store, and with what.
#[derive(Debug)]
pub enum StoreError {
    /// A file or an object could not be used.
    Io {
        /// What was being done: `write`, `rename`.
        doing: &'static str,
        /// To which file or object.
        what: String,
        /// What the system says.
        cause: io::Error,
    },
    /// The name cannot be a workspace's.
    WorkspaceName(String),
    /// There is no such workspace.
    NoWorkspace(String),
    /// The lock that the work needs is no longer held.
    LockLost,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Io { doing, what, cause } => write!(f, "Cannot {doing} {what}: {cause}."),
            StoreError::WorkspaceName(name) => write!(
                f,
                "{name:?} cannot be the name of a workspace: letters, digits, dashes, underscores and dots can be in \
                 it, and it begins with a letter, digit or underscore."
            ),
            StoreError::NoWorkspace(name) => write!(f, "There is no workspace {name:?}."),
            StoreError::LockLost => f.write_str("The lock of the state was taken away from this run by force."),
        }
    }
}

impl std::error::Error for StoreError {}

/// How long the name of a workspace may be, so that it can be a folder's everywhere.
const WORKSPACE_NAME_BYTES_MAX: usize = 90;

/// Checks that a workspace's name can be part of a path and of an address.
pub fn check_workspace_name(name: &str) -> Result<(), StoreError> {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let all = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let fits = name.len() <= WORKSPACE_NAME_BYTES_MAX && !name.ends_with('.');
    if first && all && fits { Ok(()) } else { Err(StoreError::WorkspaceName(name.to_owned())) }
}
