//! Files and folders that come into being whole or not at all, and locks between processes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Puts a file in the place of what was there, by a rename.
pub(crate) fn replace_file(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gantry-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any other new file: the user's mask takes its part away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Makes a folder beside `target` in which its new content can grow; it goes away unless it is put into place.
///
/// The caller has the lock of `target`: what an earlier run left there when it was killed is nobody's and goes away, too.
pub(crate) fn growing_beside(target: &Path) -> io::Result<tempfile::TempDir> {
    let parent = target.parent().ok_or_else(|| io::Error::other("the path has no parent folder"))?;
    fs::create_dir_all(parent)?;
    let prefix = format!(".gantry-{}-", target.file_name().unwrap_or_default().to_string_lossy());
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            remove(&entry.path())?;
        }
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent)
}

/// Puts what has grown into the place of what was there.
pub(crate) fn put_into_place(grown: tempfile::TempDir, target: &Path) -> io::Result<()> {
    remove(target)?;
    let grown = grown.keep();
    fs::rename(&grown, target).inspect_err(|_| _ = fs::remove_dir_all(&grown))
}

/// Removes a file, a link or a folder with all that is in it; nothing there is as well.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if found.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// Makes `link` lead to the folder `target`, or holds a copy of it where links cannot be made.
pub(crate) fn link_or_copy(target: &Path, link: &Path) -> io::Result<()> {
    let parent = link.parent().ok_or_else(|| io::Error::other("the path has no parent folder"))?;
    fs::create_dir_all(parent)?;
    remove(link)?;
    #[cfg(unix)]
    {
        let target = fs::canonicalize(target)?;
        if std::os::unix::fs::symlink(&target, link).is_ok() {
            return Ok(());
        }
    }
    let grown = growing_beside(link)?;
    copy(target, grown.path(), 0)?;
    put_into_place(grown, link)
}

/// Copies what is in a folder.
pub(crate) fn copy(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    /// Folders inside folders: more is a link in a circle.
    const DEPTH_MAX: usize = 64;
    if depth > DEPTH_MAX {
        return Err(io::Error::other("folders are nested too deeply"));
    }
    for entry in fs::read_dir(from)? {
        let (path, copy_path) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if fs::metadata(&path)?.is_dir() {
            fs::create_dir_all(&copy_path)?;
            copy(&path, &copy_path, depth + 1)?;
        } else {
            fs::copy(&path, &copy_path)?;
        }
    }
    Ok(())
}

/// How long to wait between two looks at a lock, and how often to look: a slow download may take half an hour.
const WAIT: Duration = Duration::from_millis(50);
const WAITS_MAX: u32 = 36_000;

/// A lock that other processes honour; it ends with this value, or with the process.
pub(crate) struct FolderLock(#[expect(dead_code, reason = "open as long as the lock is held")] File);

impl FolderLock {
    /// Waits for the lock of this name in a folder.
    pub(crate) fn take(folder: &Path, name: &str) -> io::Result<FolderLock> {
        // Files of locks are never removed: a process that has one open would lock what no one else sees.
        let locks: PathBuf = folder.join(".locks");
        fs::create_dir_all(&locks)?;
        let file = File::options().create(true).append(true).open(locks.join(format!("{name}.lock")))?;
        for _ in 0..WAITS_MAX {
            match file.try_lock() {
                Ok(()) => return Ok(FolderLock(file)),
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(WAIT),
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "another process has held the lock for very long"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_run_left_goes_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("linux_amd64");
        let _left = growing_beside(&target).unwrap().keep();
        let other = growing_beside(&folder.path().join("linux_arm64")).unwrap();
        let grown = growing_beside(&target).unwrap();
        fs::write(grown.path().join("a"), "").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        put_into_place(grown, &target).unwrap();
        assert!(target.join("a").is_file() && other.path().is_dir());
    }
}
