//! Who holds the lock of a state, and how it is asked for.

use std::fmt;
use std::time::Duration;

use crate::StoreError;

/// What a run says of itself when it takes a lock, for whoever has to wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The user.
    pub who: String,
    /// The machine's name.
    pub host: String,
    /// The process.
    pub process: u32,
    /// What the run does: `apply`.
    pub operation: String,
    /// The program's version.
    pub version: String,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Tells this holding of the lock from all others; `force-unlock` takes it.
    pub id: String,
    /// What the holder said of itself.
    pub claim: Claim,
    /// Since when, in RFC 3339.
    pub since: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Claim { who, host, process, operation, version } = &self.claim;
        write!(f, "`{operation}` of {who} on {host} (process {process}, Gantry {version}) since {}, ", self.since)?;
        write!(f, "lock {}", self.id)
    }
}

/// How to take a lock.
#[derive(Clone, Debug)]
pub struct LockRequest {
    /// Who asks.
    pub claim: Claim,
    /// How long to wait for another holder; zero tries once.
    pub patience: Duration,
}

/// A lock that is held; it ends when this is dropped.
pub trait Lock: Send + Sync {
    /// Returns who holds it.
    fn owner(&self) -> &Owner;

    /// Returns who held it before and ended without giving it back: that run was killed.
    fn abandoned_by(&self) -> Option<&Owner>;

    /// Tells whether the lock is still held, and prolongs its lease where there is one; called before each write.
    fn renew(&self) -> Result<(), LockError>;
}

/// Why a lock is not held.
#[derive(Debug)]
pub enum LockError {
    /// Another run holds it; who that is, as far as is known.
    Held(Option<Box<Owner>>),
    /// It was held and has been taken away.
    Lost,
    /// There is no lock of that id to take away; who holds the lock, if anyone does.
    OtherId(Option<Box<Owner>>),
    /// The store failed.
    Store(StoreError),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockError::Held(Some(owner)) => write!(f, "The state is locked by {owner}."),
            LockError::Held(None) => f.write_str("The state is locked by a run that has not said yet which it is."),
            LockError::Lost => f.write_str("The lock of the state was taken away from this run by force."),
            LockError::OtherId(Some(owner)) => write!(f, "The state's lock has another id; it is held by {owner}."),
            LockError::OtherId(None) => f.write_str("The state is not locked."),
            LockError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LockError {}

impl From<StoreError> for LockError {
    fn from(error: StoreError) -> LockError {
        LockError::Store(error)
    }
}
