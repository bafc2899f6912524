//! States in memory: those of tests are nobody's, and are gone with the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use state::stores::{Appender, Content, DEFAULT_WORKSPACE};
use state::{Claim, Lock, LockError, LockRequest, Owner, Store, StoreError};

type Files = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A store in memory, for one thread: its locks lock nothing.
#[derive(Default)]
pub struct MemoryStore {
    files: Files,
}

fn open(files: &Files) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for MemoryStore {
    fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        let mut names: Vec<String> = open(&self.files).keys().cloned().collect();
        names.push(DEFAULT_WORKSPACE.to_owned());
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn create_workspace(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn delete_workspace(&self, workspace: &str, _: Box<dyn Lock>) -> Result<(), StoreError> {
        open(&self.files).remove(workspace);
        Ok(())
    }

    fn load(&self, workspace: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(open(&self.files).get(workspace).cloned())
    }

    fn lock(&self, _: &str, request: &LockRequest) -> Result<Box<dyn Lock>, LockError> {
        let (id, since) = (String::new(), String::new());
        Ok(Box::new(Nothing(Owner { id, claim: Claim::clone(&request.claim), since })))
    }

    fn holder(&self, _: &str) -> Result<Option<Owner>, StoreError> {
        Ok(None)
    }

    fn force_unlock(&self, _: &str, _: &str) -> Result<(), LockError> {
        Ok(())
    }

    fn append(&self, workspace: &str, _: &dyn Lock, length: u64) -> Result<Box<dyn Appender>, StoreError> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        open(&self.files).entry(workspace.to_owned()).or_default().truncate(length);
        Ok(Box::new(Tail { files: self.files.clone(), workspace: workspace.to_owned() }))
    }

    fn replace(&self, workspace: &str, _: &dyn Lock, write: &mut Content<'_>) -> Result<(), StoreError> {
        let mut bytes = Vec::new();
        let cause = |cause| StoreError::Io { doing: "write", what: "the state".to_owned(), cause };
        write(&mut bytes).map_err(cause)?;
        open(&self.files).insert(workspace.to_owned(), bytes);
        Ok(())
    }
}

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

struct Tail {
    files: Files,
    workspace: String,
}

impl Appender for Tail {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        open(&self.files).entry(self.workspace.clone()).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}
