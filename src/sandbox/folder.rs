//! Where a sandbox lies on disk: its world, its log, who serves it, and what clients read.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// How long a server may take from the lock to its address.
const START_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether it has got there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The folder of a sandbox.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// The right to use a sandbox's world, of one process at a time. It ends with the process, however that ends.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Who serves a sandbox, as its folder says it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Served {
    /// Where plain HTTP is served.
    pub plain: SocketAddr,
    /// Where TLS is served.
    pub secure: SocketAddr,
    /// The process.
    pub process: u32,
    /// What lets the user's own commands in.
    pub token: String,
}

/// Who has a sandbox.
#[derive(Debug)]
pub enum Holder {
    /// We have, from now on.
    We(Hold),
    /// A server that can be asked.
    Server(Served),
}

impl Folder {
    /// Names a folder; it need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Folder {
        Folder(path.into())
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Tells whether there is a world in it.
    pub fn has_world(&self) -> bool {
        self.world().exists()
    }

    /// Returns the file of the world.
    pub fn world(&self) -> PathBuf {
        self.0.join("world.redb")
    }

    /// Returns the file of the requests, a line of JSON each.
    pub fn log(&self) -> PathBuf {
        self.0.join("requests.jsonl")
    }

    /// Returns the file with all clusters for `kubectl`, which is written anew whenever someone asks for it.
    pub fn kubeconfig(&self) -> PathBuf {
        self.0.join("clusters.kubeconfig")
    }

    /// Returns the file that clients write to when they write a kubeconfig.
    pub fn own_kubeconfig(&self) -> PathBuf {
        self.0.join("kubeconfig")
    }

    /// Returns the file of the authorities that programs trust: the machine's, behind the sandbox's own.
    pub fn trusted(&self) -> PathBuf {
        self.0.join("trusted.pem")
    }

    /// Returns the file that stands in for the user's files of AWS.
    pub fn aws_config(&self) -> PathBuf {
        self.0.join("aws-config")
    }

    /// Returns the folder of programs that stand in for those of this machine.
    pub fn programs(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// Writes a program, if that changes it. Whole or not at all: someone may be starting it.
    #[cfg(unix)]
    pub fn write_program(&self, name: &str, text: &str) -> io::Result<()> {
        let (path, temporary) =
            (self.programs().join(name), self.programs().join(format!("{name}.{}", std::process::id())));
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        std::fs::create_dir_all(self.programs())?;
        std::fs::write(&temporary, text)?;
        std::fs::set_permissions(&temporary, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        std::fs::rename(temporary, path)
    }

    /// Writes the file with all clusters, if that changes it. Whole or not at all: someone may be reading it.
    pub fn write_clusters(&self, config: &Json) -> io::Result<()> {
        let (path, temporary) = (self.kubeconfig(), self.0.join("clusters.kubeconfig.new"));
        let text = format!("{config:#}\n");
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        private(&temporary)?.write_all(text.as_bytes())?;
        std::fs::rename(temporary, path)
    }

    /// Takes the sandbox, or tells who has it.
    pub fn take(&self) -> io::Result<Holder> {
        std::fs::create_dir_all(&self.0)?;
        let file = File::options().create(true).append(true).open(self.0.join("lock"))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    // Whoever left an address behind is gone.
                    self.forget()?;
                    return Ok(Holder::We(Hold(file)));
                }
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(served) = self.address() {
                return Ok(Holder::Server(served));
            }
            if waited >= START_MAX {
                let text = "another process has the sandbox and does not say where it serves it";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
            }
            std::thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }

    /// Says where the sandbox is served.
    pub fn announce(&self, served: &Served) -> io::Result<()> {
        let temporary = self.0.join("address.json.new");
        private(&temporary)?.write_all(serde_json::to_string(served)?.as_bytes())?;
        std::fs::rename(temporary, self.address_file())
    }

    /// Takes back where it is served.
    pub fn forget(&self) -> io::Result<()> {
        match std::fs::remove_file(self.address_file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn address(&self) -> Option<Served> {
        serde_json::from_str(&std::fs::read_to_string(self.address_file()).ok()?).ok()
    }

    fn address_file(&self) -> PathBuf {
        self.0.join("address.json")
    }
}

/// Makes a file for the user alone.
fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::{Folder, Holder, Served};

    #[test]
    fn one_at_a_time_has_it_and_the_others_learn_who() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(place.path().join("a/b"));
        let Ok(Holder::We(hold)) = folder.take() else { panic!("nobody has it") };
        let address = "127.0.0.1:1".parse().expect("an address");
        let served = Served { plain: address, secure: address, process: 7, token: "t".into() };
        folder.announce(&served).expect("it is written");
        let Ok(Holder::Server(found)) = folder.take() else { panic!("we have it") };
        assert_eq!((found.plain, found.process), (address, 7));
        drop(hold);
        assert!(matches!(folder.take(), Ok(Holder::We(_))), "whoever had it is gone");
    }
}
