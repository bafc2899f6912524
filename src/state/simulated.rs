//! For tests: files in memory that fail, and forget what was not synced, at the operation that a test names.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::handles::{Clock, FileSystem, OpenFile, Random, World};

/// What happens at the named operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// It fails, and later ones succeed.
    Once,
    /// It and all later ones fail: the disk is full, or the machine is off.
    ForGood,
}

#[derive(Clone, Default)]
struct Inode {
    data: Vec<u8>,
    /// The content as of the last sync.
    durable: Vec<u8>,
}

#[derive(Clone)]
enum NameChange {
    Set(PathBuf, usize),
    Gone(PathBuf),
    /// One step for the journal of a file system: never both names, never none.
    Renamed(PathBuf, PathBuf, usize),
}

#[derive(Clone, Default)]
struct Disk {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Changes of names since the last sync of a folder, in order.
    pending: Vec<NameChange>,
    folders: BTreeSet<PathBuf>,
    locks: BTreeSet<PathBuf>,
    operations: u64,
    fault: Option<(u64, Fault)>,
    /// What is to go wrong how many operations after a file of such a name is made.
    trap: Option<(String, u64, Fault)>,
    has_failed: bool,
    /// What is synced is as little durable as what is not.
    forgets: bool,
}

impl Disk {
    /// Counts an operation that changes something; says whether it fails.
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        let failure = match self.fault {
            Some((at, Fault::Once)) if self.operations == at => "injected",
            Some((at, Fault::ForGood)) if self.operations >= at => "injected for good",
            _ => return Ok(()),
        };
        self.has_failed = true;
        Err(io::Error::other(failure))
    }

    fn name(&mut self, change: NameChange) {
        Disk::apply(&mut self.names, &change);
        self.pending.push(change);
    }

    fn apply(names: &mut BTreeMap<PathBuf, usize>, change: &NameChange) {
        match change {
            NameChange::Set(path, inode) => names.insert(path.clone(), *inode),
            NameChange::Gone(path) => names.remove(path),
            NameChange::Renamed(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode)
            }
        };
    }

    fn inode(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Files in memory.
#[derive(Clone, Default)]
pub struct SimulatedFiles(Arc<Mutex<Disk>>);

impl SimulatedFiles {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an operation fail, counted from now on as from the beginning: see [`SimulatedFiles::operations`].
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.disk().fault = Some((operation, fault));
    }

    /// Has an operation fail that many operations after a file is made whose name ends like this.
    pub fn fail_after_creating(&self, ending: &str, operations: u64, fault: Fault) {
        self.disk().trap = Some((ending.to_owned(), operations, fault));
    }

    /// Says from now on that what was written is durable, and lies.
    pub fn forget_syncs(&self) {
        self.disk().forgets = true;
    }

    /// Tells whether an operation has failed.
    pub fn has_failed(&self) -> bool {
        self.disk().has_failed
    }

    /// Returns how many operations there were that changed something.
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// Returns the files after the process was killed: all that it wrote is there.
    pub fn after_kill(&self) -> SimulatedFiles {
        let mut disk = self.disk().clone();
        disk.locks.clear();
        disk.fault = None;
        disk.trap = None;
        disk.has_failed = false;
        disk.operations = 0;
        SimulatedFiles(Arc::new(Mutex::new(disk)))
    }

    /// Makes all that was written outlast a power failure, as a system does after a while.
    pub fn flush(&self) {
        let mut disk = self.disk();
        disk.inodes.iter_mut().for_each(|inode| inode.durable.clone_from(&inode.data));
        disk.durable_names = disk.names.clone();
        disk.pending.clear();
    }

    /// Returns the files after a power failure: of what was not synced, as much is there as the seed says.
    pub fn after_power_failure(&self, random: &mut Seeded) -> SimulatedFiles {
        let files = self.after_kill();
        {
            let mut disk = files.disk();
            let kept = random.below(disk.pending.len() as u64 + 1) as usize;
            let mut names = disk.durable_names.clone();
            disk.pending.iter().take(kept).for_each(|change| Disk::apply(&mut names, change));
            disk.pending.clear();
            disk.durable_names.clone_from(&names);
            disk.names = names;
            for inode in &mut disk.inodes {
                let durable = inode.durable.len();
                inode.data = if inode.data.starts_with(&inode.durable) {
                    let more = random.below((inode.data.len() - durable) as u64 + 1) as usize;
                    let mut data = inode.data[..durable + more].to_vec();
                    if random.below(3) == 0 {
                        // Room was made on the disk, and nothing written there.
                        data.resize(inode.data.len(), 0);
                    }
                    data
                } else {
                    inode.durable.clone()
                };
                inode.durable.clone_from(&inode.data);
            }
        }
        files
    }

    /// Returns these files with a clock and randomness that always tell the same.
    pub fn world(&self) -> World {
        World {
            files: Arc::new(self.clone()),
            clock: Arc::new(StandingClock::default()),
            random: Arc::new(Counting::default()),
        }
    }
}

impl FileSystem for SimulatedFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let disk = self.disk();
        Ok(disk.inodes[disk.inode(path)?].data.clone())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        let mut disk = self.disk();
        let fits = |ending: &str| path.to_string_lossy().ends_with(ending);
        if let Some((_, operations, fault)) = disk.trap.take_if(|(ending, ..)| fits(ending)) {
            disk.fault = Some((disk.operations + operations, fault));
        }
        disk.step()?;
        let inode = match disk.inode(path) {
            Ok(inode) => {
                disk.inodes[inode].data.clear();
                inode
            }
            Err(_) => {
                disk.inodes.push(Inode::default());
                let inode = disk.inodes.len() - 1;
                disk.name(NameChange::Set(path.to_owned(), inode));
                inode
            }
        };
        Ok(Box::new(SimulatedFile { files: self.clone(), inode }))
    }

    fn append(&self, path: &Path, length: u64) -> io::Result<Box<dyn OpenFile>> {
        let mut disk = self.disk();
        disk.step()?;
        let inode = disk.inode(path)?;
        disk.inodes[inode].data.truncate(length as usize);
        let data = disk.inodes[inode].data.clone();
        disk.inodes[inode].durable = data;
        Ok(Box::new(SimulatedFile { files: self.clone(), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step()?;
        let inode = disk.inode(from)?;
        disk.name(NameChange::Renamed(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step()?;
        disk.inode(path)?;
        disk.name(NameChange::Gone(path.to_owned()));
        Ok(())
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk().folders.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step()?;
        if disk.names.keys().any(|name| name.starts_with(path)) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        disk.folders.remove(path).then_some(()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn folders(&self, path: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk();
        let inside = disk.folders.iter().filter(|folder| folder.parent() == Some(path));
        Ok(inside.filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned())).collect())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.step()?;
        disk.durable_names = disk.names.clone();
        disk.pending.clear();
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let is_free = self.disk().locks.insert(path.to_owned());
        Ok(is_free.then(|| Box::new(SimulatedLock { files: self.clone(), path: path.to_owned() }) as _))
    }
}

struct SimulatedFile {
    files: SimulatedFiles,
    inode: usize,
}

impl OpenFile for SimulatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.files.disk();
        let result = disk.step();
        // A write that fails may have written a part.
        let written = if result.is_ok() { bytes.len() } else { bytes.len() / 2 };
        disk.inodes[self.inode].data.extend_from_slice(&bytes[..written]);
        result
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.files.disk();
        disk.step()?;
        if !disk.forgets {
            let data = disk.inodes[self.inode].data.clone();
            disk.inodes[self.inode].durable = data;
        }
        Ok(())
    }
}

struct SimulatedLock {
    files: SimulatedFiles,
    path: PathBuf,
}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.files.disk().locks.remove(&self.path);
    }
}

/// A clock that moves only when someone waits.
#[derive(Default)]
pub struct StandingClock(AtomicU64);

impl Clock for StandingClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) {
        self.0.fetch_add(duration.as_millis() as u64, Ordering::SeqCst);
        // Long enough for another thread to do something meanwhile.
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Bytes that count up.
#[derive(Default)]
pub struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::SeqCst) as u8;
        }
        Ok(())
    }
}

/// Numbers that a seed decides (SplitMix64).
pub struct Seeded(u64);

impl Seeded {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed)
    }

    /// Returns the next number.
    #[expect(clippy::should_implement_trait, reason = "there is no end to iterate to")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below a limit, which is not zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
