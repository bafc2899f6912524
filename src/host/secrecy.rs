//! Who could overhear what is said to plugins.
//!
//! A socket that only this user can open needs no encryption: whoever can open it can read this process's memory as well.
//! A plugin takes longer to make its certificate than for all the rest of its start, so none is asked for there. Plugins
//! that listen anywhere else are talked with over TLS, with certificates that both sides make for this one run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use wire::tls::Credentials;

use crate::handshake::Endpoint;

/// Paths of sockets are short; the plugin's own part of one comes behind the folder's.
const FOLDER_BYTES_MAX: usize = 70;

/// How a plugin is talked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Talk {
    /// In the clear.
    Clear,
    /// Over TLS.
    Encrypted,
}

/// What keeps the talk with plugins to ourselves.
pub(crate) struct Secrecy {
    /// The user looks at the traffic.
    is_off: bool,
    /// The time since 1970-01-01 in UTC, for certificates.
    now: Duration,
    /// Who we are to plugins that are talked with over TLS; made for the first of them.
    credentials: OnceLock<Result<Credentials, String>>,
    /// The folder for sockets, which is this user's alone; made for the first plugin.
    folder: OnceLock<Option<TempDir>>,
    /// Programs that listen where others could listen in.
    exposed: Mutex<HashSet<PathBuf>>,
}

impl Secrecy {
    /// Makes nothing yet. With `is_off` all talk is in the clear.
    pub(crate) fn new(is_off: bool, now: Duration) -> Secrecy {
        Secrecy { is_off, now, credentials: OnceLock::new(), folder: OnceLock::new(), exposed: Mutex::default() }
    }

    /// Returns how to talk with a program that is about to be started.
    pub(crate) fn talk(&self, program: &Path) -> Talk {
        let exposed = self.exposed.lock().unwrap_or_else(PoisonError::into_inner);
        match self.is_off || (self.folder().is_some() && !exposed.contains(program)) {
            true => Talk::Clear,
            false => Talk::Encrypted,
        }
    }

    /// Tells whether what is said in the clear is heard only where a program listens.
    pub(crate) fn is_kept(&self, endpoint: &Endpoint) -> bool {
        self.is_off || self.folder().is_some_and(|folder| is_private(folder, endpoint))
    }

    /// Remembers that a program listens where others could listen in.
    pub(crate) fn expose(&self, program: &Path) {
        self.exposed.lock().unwrap_or_else(PoisonError::into_inner).insert(program.to_owned());
    }

    /// Returns the folder for sockets.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.get_or_init(make_folder).as_ref().map(TempDir::path)
    }

    /// Returns who we are. The error is a phrase.
    pub(crate) fn credentials(&self) -> Result<&Credentials, String> {
        let made = self.credentials.get_or_init(|| Credentials::generate(self.now).map_err(|error| error.to_string()));
        made.as_ref().map_err(Clone::clone)
    }
}

#[cfg(unix)]
fn make_folder() -> Option<TempDir> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = std::fs::Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().prefix("gantry-").permissions(permissions).tempdir().ok()?;
    (folder.path().as_os_str().len() <= FOLDER_BYTES_MAX).then_some(folder)
}

#[cfg(not(unix))]
fn make_folder() -> Option<TempDir> {
    None
}

/// Tells whether nobody else can open a socket: it is in our folder, or only its owner may write to it and that is us. Older
/// plugins do not know of the folder.
#[cfg(unix)]
fn is_private(folder: &Path, endpoint: &Endpoint) -> bool {
    use std::os::unix::fs::MetadataExt;
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let Endpoint::Unix(socket) = endpoint else { return false };
    let is_ours = || {
        let (socket, folder) = (std::fs::metadata(socket).ok()?, std::fs::metadata(folder).ok()?);
        Some(socket.uid() == folder.uid() && socket.mode() & WRITABLE_BY_OTHERS == 0)
    };
    socket.starts_with(folder) || is_ours().unwrap_or_default()
}

#[cfg(not(unix))]
fn is_private(_: &Path, _: &Endpoint) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Secrecy, Talk};
    use crate::handshake::Endpoint;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::time::Duration;

    fn check(secrecy: &Secrecy, endpoint: &Endpoint, is_kept: bool) {
        assert_eq!(secrecy.is_kept(endpoint), is_kept, "{endpoint:?}");
    }

    #[test]
    fn sockets_that_only_we_can_open_are_private() {
        let secrecy = Secrecy::new(false, Duration::ZERO);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let socket = Endpoint::Unix(path.clone());
        set(0o755);
        check(&secrecy, &socket, true);
        set(0o775);
        check(&secrecy, &socket, false);
        check(&secrecy, &Endpoint::Unix("/nowhere/socket".into()), false);
        check(&secrecy, &Endpoint::Unix(secrecy.folder().unwrap().join("plugin1")), true);
        check(&secrecy, &Endpoint::Tcp("127.0.0.1:1".parse().unwrap()), false);
        let mode = std::fs::metadata(secrecy.folder().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_program_that_listens_elsewhere_is_talked_with_over_tls() {
        let (secrecy, program) = (Secrecy::new(false, Duration::ZERO), Path::new("program"));
        assert_eq!(secrecy.talk(program), Talk::Clear);
        secrecy.expose(program);
        assert_eq!(secrecy.talk(program), Talk::Encrypted);
        assert_eq!(secrecy.talk(Path::new("other")), Talk::Clear);
        assert!(secrecy.credentials().is_ok());
    }

    #[test]
    fn whoever_looks_at_the_traffic_sees_it() {
        let secrecy = Secrecy::new(true, Duration::ZERO);
        secrecy.expose(Path::new("program"));
        assert_eq!(secrecy.talk(Path::new("program")), Talk::Clear);
        check(&secrecy, &Endpoint::Tcp("127.0.0.1:1".parse().unwrap()), true);
    }
}
