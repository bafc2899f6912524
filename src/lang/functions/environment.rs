//! What functions may see of the world, all of it behind handles.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What functions may see of the world.
#[derive(Clone)]
pub struct Environment {
    /// Relative paths start here: the working directory as configurations see it (`path.cwd` may differ with `-chdir`).
    pub base_dir: PathBuf,
    /// What `~` means, if anything.
    pub home_dir: Option<PathBuf>,
    /// Access to files.
    pub files: Arc<dyn Files>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When the plan was made: what `plantimestamp` returns.
    pub plan_time: Option<SystemTime>,
    /// Randomness, for `uuid` and `bcrypt`: fills the buffer.
    pub random: fn(&mut [u8]),
    /// Impure functions give unknown values: set while validating and planning.
    pub pure: bool,
}

/// Access to files.
pub trait Files: Send + Sync {
    /// Reads a whole file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Tells about a path, following links; an error of kind `NotFound` if there is nothing.
    fn metadata(&self, path: &Path) -> io::Result<std::fs::Metadata>;
    /// Tells whether a path leads to a folder.
    fn is_folder(&self, path: &Path) -> bool {
        self.metadata(path).is_ok_and(|metadata| metadata.is_dir())
    }
    /// Lists the paths in a folder, in any order.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The files of the machine.
pub struct RealFiles;

impl Files for RealFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn metadata(&self, path: &Path) -> io::Result<std::fs::Metadata> {
        std::fs::metadata(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(path)?.map(|entry| entry.map(|e| e.path())).collect()
    }
}

/// The time.
pub trait Clock: Send + Sync {
    /// Returns the time since 1970-01-01 in UTC.
    fn now(&self) -> Duration;
}

impl Environment {
    /// Returns an environment without a world: for constants.
    pub fn nowhere() -> Environment {
        Environment { pure: true, ..Environment::for_tests("") }
    }

    /// Returns an environment for tests: the folder `base_dir`, a standing clock, no randomness.
    pub fn for_tests(base_dir: impl Into<PathBuf>) -> Environment {
        struct Standing;
        impl Clock for Standing {
            fn now(&self) -> Duration {
                Duration::from_secs(1_700_000_000)
            }
        }
        Environment {
            base_dir: base_dir.into(),
            home_dir: Some(PathBuf::from("/home/user")),
            files: Arc::new(RealFiles),
            clock: Arc::new(Standing),
            plan_time: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)),
            random: |buffer| buffer.fill(7),
            pure: false,
        }
    }
}
