//! State files in the working folder.
//!
//! `gantry.state` is the default workspace's, `gantry.state.d/NAME/gantry.state` another's. Hidden beside the file or the
//! workspace's folder stand `.gantry.state.lock` or `.NAME.lock`, which is empty and whose lock of the operating system is
//! the truth, and while it is held `.gantry.state.owner` or `.NAME.owner`, which says by whom. A lock file is never removed
//! or replaced, not even with its workspace: then two runs could hold the locks of two files of its name.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Appender, Content, DEFAULT_WORKSPACE, Store, StoreError, check_workspace_name};
use crate::handles::{FileSystem, OpenFile, World, identifier, rfc3339};
use crate::lock::{Claim, Lock, LockError, LockRequest, Owner};

/// The name of a state file.
pub const STATE_FILE: &str = "gantry.state";
const NEW_FILE: &str = ".gantry.state.new";
const WORKSPACES_FOLDER: &str = "gantry.state.d";

/// How long a lock is waited for in any case: whoever looks at it holds it for a moment.
const PATIENCE_MIN: Duration = Duration::from_millis(60);
/// How long to wait before asking for a held lock again: twice as long each time, between these two.
const RETRY_MIN: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(1);

/// Bytes that a snapshot is written in.
const BUFFER_BYTES: usize = 256 * 1024;

/// State files in a folder.
pub struct LocalStore {
    folder: PathBuf,
    world: World,
}

impl LocalStore {
    /// Makes the store of a working folder.
    pub fn new(folder: impl Into<PathBuf>, world: World) -> LocalStore {
        LocalStore { folder: folder.into(), world }
    }

    /// Returns where the state file of a workspace is; one whose name cannot be a workspace's has none.
    pub fn path_of(&self, workspace: &str) -> PathBuf {
        self.folder_of(workspace).unwrap_or_else(|_| self.folder.clone()).join(STATE_FILE)
    }

    fn folder_of(&self, workspace: &str) -> Result<PathBuf, StoreError> {
        if workspace == DEFAULT_WORKSPACE {
            return Ok(self.folder.clone());
        }
        check_workspace_name(workspace)?;
        Ok(self.folder.join(WORKSPACES_FOLDER).join(workspace))
    }

    fn lock_files(&self, workspace: &str) -> Result<LockFiles, StoreError> {
        let (folder, name) = match workspace {
            DEFAULT_WORKSPACE => (self.folder.clone(), STATE_FILE),
            name => (self.folder.join(WORKSPACES_FOLDER), name),
        };
        check_workspace_name(workspace)?;
        let file = |ending| folder.join(format!(".{name}.{ending}"));
        let (lock, owner, new_owner) = (file("lock"), file("owner"), file("owner.new"));
        Ok(LockFiles { files: self.world.files.clone(), folder, lock, owner, new_owner })
    }
}

/// The files that a workspace's lock is made of.
struct LockFiles {
    files: Arc<dyn FileSystem>,
    folder: PathBuf,
    lock: PathBuf,
    owner: PathBuf,
    new_owner: PathBuf,
}

impl LockFiles {
    fn try_lock(&self) -> Result<Option<Box<dyn Send + Sync>>, StoreError> {
        self.files.lock(&self.lock).map_err(|cause| failed("lock", &self.lock, cause))
    }

    fn owner(&self) -> Result<Option<Owner>, StoreError> {
        match self.files.read(&self.owner) {
            Ok(bytes) => Ok(serde_json::from_slice::<OwnerFile>(&bytes).ok().map(Owner::from)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(failed("read", &self.owner, cause)),
        }
    }

    /// Says who holds the lock; called only while holding it.
    fn announce(&self, owner: &Owner) -> Result<(), StoreError> {
        let new = &self.new_owner;
        let text = serde_json::to_vec_pretty(&OwnerFile::from(owner.clone())).unwrap_or_default();
        let mut file = self.files.create(new).map_err(|cause| failed("create", new, cause))?;
        file.write(&text).map_err(|cause| failed("write", new, cause))?;
        drop(file);
        self.files.rename(new, &self.owner).map_err(|cause| failed("rename", new, cause))
    }

    /// Takes the holder's name away; called only while holding the lock.
    fn retract(&self) -> Result<(), StoreError> {
        remove(&*self.files, &self.owner)
    }
}

/// Removes a file that need not be there.
fn remove(files: &dyn FileSystem, path: &Path) -> Result<(), StoreError> {
    match files.remove(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(failed("remove", path, cause)),
        _ => Ok(()),
    }
}

fn failed(doing: &'static str, path: &Path, cause: io::Error) -> StoreError {
    StoreError::Io { doing, what: path.display().to_string(), cause }
}

impl Store for LocalStore {
    fn workspaces(&self) -> Result<Vec<String>, StoreError> {
        let folder = self.folder.join(WORKSPACES_FOLDER);
        let mut names = self.world.files.folders(&folder).map_err(|cause| failed("list", &folder, cause))?;
        names.retain(|name| check_workspace_name(name).is_ok());
        names.push(DEFAULT_WORKSPACE.to_owned());
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn create_workspace(&self, workspace: &str) -> Result<(), StoreError> {
        let folder = self.folder_of(workspace)?;
        self.world.files.create_folder(&folder).map_err(|cause| failed("create", &folder, cause))
    }

    fn delete_workspace(&self, workspace: &str, lock: Box<dyn Lock>) -> Result<(), StoreError> {
        let folder = self.folder_of(workspace)?;
        lock.renew().map_err(|_| StoreError::LockLost)?;
        let files = &*self.world.files;
        remove(files, &folder.join(NEW_FILE))?;
        remove(files, &folder.join(STATE_FILE))?;
        let mut changed = folder.as_path();
        if workspace != DEFAULT_WORKSPACE {
            match files.remove_folder(&folder) {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(StoreError::NoWorkspace(workspace.to_owned()));
                }
                removed => removed.map_err(|cause| failed("remove", &folder, cause))?,
            }
            changed = folder.parent().unwrap_or(&folder);
        }
        files.sync_folder(changed).map_err(|cause| failed("sync", changed, cause))
    }

    fn load(&self, workspace: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.folder_of(workspace)?.join(STATE_FILE);
        match self.world.files.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(failed("read", &path, cause)),
        }
    }

    fn lock(&self, workspace: &str, request: &LockRequest) -> Result<Box<dyn Lock>, LockError> {
        let files = self.lock_files(workspace)?;
        self.world.files.create_folder(&files.folder).map_err(|cause| failed("create", &files.folder, cause))?;
        let patience = request.patience.max(PATIENCE_MIN);
        let mut waited = Duration::ZERO;
        let mut pause = RETRY_MIN;
        let held = loop {
            if let Some(held) = files.try_lock()? {
                break held;
            }
            if waited >= patience {
                return Err(LockError::Held(files.owner()?.map(Box::new)));
            }
            let next = pause.min(patience - waited);
            self.world.clock.sleep(next);
            waited += next;
            pause = (pause * 2).min(RETRY_MAX);
        };
        // Whoever is named here had the lock, and ended without taking the name away.
        let abandoned = files.owner()?;
        let random = |cause| StoreError::Io { doing: "make", what: "an id for the lock".to_owned(), cause };
        let owner = Owner {
            id: identifier(&*self.world.random).map_err(random)?,
            claim: request.claim.clone(),
            since: rfc3339(self.world.clock.now()),
        };
        files.announce(&owner)?;
        Ok(Box::new(LocalLock { files, owner, abandoned, held: Some(held) }))
    }

    fn holder(&self, workspace: &str) -> Result<Option<Owner>, StoreError> {
        let files = self.lock_files(workspace)?;
        match files.owner()? {
            None => Ok(None),
            // The name of someone dead does not count.
            Some(owner) => Ok(files.try_lock()?.is_none().then_some(owner)),
        }
    }

    fn force_unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let files = self.lock_files(workspace)?;
        let Some(owner) = files.owner()? else { return Err(LockError::OtherId(None)) };
        if owner.id != id {
            return Err(LockError::OtherId(Some(Box::new(owner))));
        }
        // The system's lock of a living process cannot be taken away, and need not be: it ends with the process.
        let Some(_held) = files.try_lock()? else { return Err(LockError::Held(Some(Box::new(owner)))) };
        Ok(files.retract()?)
    }

    fn append(&self, workspace: &str, lock: &dyn Lock, length: u64) -> Result<Box<dyn Appender>, StoreError> {
        let path = self.folder_of(workspace)?.join(STATE_FILE);
        lock.renew().map_err(|_| StoreError::LockLost)?;
        let file = self.world.files.append(&path, length).map_err(|cause| failed("open", &path, cause))?;
        Ok(Box::new(LocalAppender { file, path }))
    }

    fn replace(&self, workspace: &str, lock: &dyn Lock, write: &mut Content<'_>) -> Result<(), StoreError> {
        let folder = self.folder_of(workspace)?;
        let (path, new) = (folder.join(STATE_FILE), folder.join(NEW_FILE));
        self.create_workspace(workspace)?;
        lock.renew().map_err(|_| StoreError::LockLost)?;
        let files = &self.world.files;
        let file = files.create(&new).map_err(|cause| failed("create", &new, cause))?;
        let mut buffer = BufWriter::with_capacity(BUFFER_BYTES, Plain(file));
        write(&mut buffer).and_then(|()| buffer.flush()).map_err(|cause| failed("write", &new, cause))?;
        buffer.get_mut().0.sync().map_err(|cause| failed("sync", &new, cause))?;
        drop(buffer);
        lock.renew().map_err(|_| StoreError::LockLost)?;
        files.rename(&new, &path).map_err(|cause| failed("rename", &new, cause))?;
        files.sync_folder(&folder).map_err(|cause| failed("sync", &folder, cause))
    }
}

/// An open file as the standard library's writers want it.
struct Plain(Box<dyn OpenFile>);

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct LocalAppender {
    file: Box<dyn OpenFile>,
    path: PathBuf,
}

impl Appender for LocalAppender {
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write(bytes).map_err(|cause| failed("write", &self.path, cause))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync().map_err(|cause| failed("sync", &self.path, cause))
    }
}

struct LocalLock {
    files: LockFiles,
    owner: Owner,
    abandoned: Option<Owner>,
    held: Option<Box<dyn Send + Sync>>,
}

impl Lock for LocalLock {
    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn abandoned_by(&self) -> Option<&Owner> {
        self.abandoned.as_ref()
    }

    fn renew(&self) -> Result<(), LockError> {
        // The system keeps the lock as long as the process lives.
        Ok(())
    }
}

impl Drop for LocalLock {
    fn drop(&mut self) {
        // While still holding the lock: nobody else's name can be there. A name that stays behind only makes the next
        // run tell of a run that was killed.
        let _ = self.files.retract();
        self.held.take();
    }
}

/// The owner file's form.
#[derive(Serialize, Deserialize)]
struct OwnerFile {
    id: String,
    operation: String,
    who: String,
    host: String,
    process: u32,
    version: String,
    since: String,
}

impl From<OwnerFile> for Owner {
    fn from(file: OwnerFile) -> Owner {
        let OwnerFile { id, operation, who, host, process, version, since } = file;
        Owner { id, since, claim: Claim { who, host, process, operation, version } }
    }
}

impl From<Owner> for OwnerFile {
    fn from(owner: Owner) -> OwnerFile {
        let Owner { id, since, claim: Claim { who, host, process, operation, version } } = owner;
        OwnerFile { id, operation, who, host, process, version, since }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use super::LocalStore;
    use crate::lock::{Claim, LockError, LockRequest};
    use crate::simulated::SimulatedFiles;
    use crate::{RealFiles, Store, SystemClock, SystemRandom, World, conformance};

    fn real(folder: &Path) -> LocalStore {
        let world = World { files: Arc::new(RealFiles), clock: Arc::new(SystemClock), random: Arc::new(SystemRandom) };
        LocalStore::new(folder, world)
    }

    fn request() -> LockRequest {
        LockRequest { claim: Claim::default(), patience: Duration::ZERO }
    }

    #[test]
    fn conforms() {
        let mut folders = Vec::new();
        conformance::run(|| {
            folders.push(tempfile::tempdir().unwrap());
            real(folders.last().unwrap().path())
        });
    }

    #[test]
    fn conforms_on_simulated_files() {
        conformance::run(|| LocalStore::new("/w", SimulatedFiles::default().world()));
    }

    #[test]
    fn the_lock_of_the_dead_is_taken_over() {
        let files = SimulatedFiles::default();
        let dead = LocalStore::new("/w", files.world()).lock("default", &request()).unwrap();
        let store = LocalStore::new("/w", files.after_kill().world());
        assert_eq!(store.holder("default").unwrap(), None);
        let held = store.lock("default", &request()).unwrap();
        assert_eq!(held.abandoned_by(), Some(dead.owner()));
        drop(held);
        assert!(store.lock("default", &request()).unwrap().abandoned_by().is_none());
    }

    #[test]
    fn a_name_that_the_dead_left_is_taken_away_by_its_id() {
        let files = SimulatedFiles::default();
        let dead = LocalStore::new("/w", files.world()).lock("default", &request()).unwrap();
        let store = LocalStore::new("/w", files.after_kill().world());
        store.force_unlock("default", &dead.owner().id).unwrap();
        assert!(store.lock("default", &request()).unwrap().abandoned_by().is_none());
        assert!(matches!(store.force_unlock("default", &dead.owner().id), Err(LockError::OtherId(None))));
    }

    #[test]
    fn who_waits_in_vain_is_told_who_holds_the_lock() {
        let store = LocalStore::new("/w", SimulatedFiles::default().world());
        let _held = store.lock("default", &request()).unwrap();
        let patient = LockRequest { patience: Duration::from_secs(90), ..request() };
        let before = store.world.clock.now();
        assert!(matches!(store.lock("default", &patient), Err(LockError::Held(Some(_)))));
        assert_eq!(store.world.clock.now().duration_since(before).unwrap(), Duration::from_secs(90));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_what_is_made() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let store = real(folder.path());
        let lock = store.lock("default", &request()).unwrap();
        store.replace("default", &*lock, &mut |out| out.write_all(b"x")).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
        }
        let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".gantry.state.lock", ".gantry.state.owner", "gantry.state"]);
    }
}
