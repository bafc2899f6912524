//! A state as it is at one moment, without its lock: for a plan that must not wait and that nothing comes of.

use std::io::{self, Write};
use std::sync::Arc;

use state::stores::{Appender, Content};
use state::{Claim, Lock, LockError, LockRequest, Owner, Store, StoreError};

/// Reads what another store has; what is written goes nowhere.
pub(crate) struct Glimpse(pub(crate) Arc<dyn Store>);

impl Store for Glimpse {
    fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        self.0.workspaces()
    }

    fn create_workspace(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn delete_workspace(&self, _: &str, _: Box<dyn Lock>) -> Result<(), StoreError> {
        Err(StoreError::LockLost)
    }

    fn load(&self, workspace: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.load(workspace)
    }

    fn lock(&self, _: &str, request: &LockRequest) -> Result<Box<dyn Lock>, LockError> {
        let (id, since) = (String::new(), String::new());
        Ok(Box::new(Nothing(Owner { id, claim: Claim::clone(&request.claim), since })))
    }

    fn holder(&self, workspace: &str) -> Result<Option<Owner>, StoreError> {
        self.0.holder(workspace)
    }

    fn force_unlock(&self, _: &str, _: &str) -> Result<(), LockError> {
        Ok(())
    }

    fn append(&self, _: &str, _: &dyn Lock, _: u64) -> Result<Box<dyn Appender>, StoreError> {
        Ok(Box::new(Nowhere))
    }

    fn replace(&self, _: &str, _: &dyn Lock, write: &mut Content<'_>) -> Result<(), StoreError> {
        let cause = |cause| StoreError::Io { doing: "write", what: "the state".to_owned(), cause };
        write(&mut Nowhere).map_err(cause)
    }
}

/// A lock that locks nothing.
struct Nothing(Owner);

impl Lock for Nothing {
    fn owner(&self) -> &Owner {
        &self.0
    }

    fn abandoned_by(&self) -> Option<&Owner> {
        None
    }

    fn renew(&self) -> Result<(), LockError> {
        Ok(())
    }
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl Appender for Nowhere {
    fn write(&mut self, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
