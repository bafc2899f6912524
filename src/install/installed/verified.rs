//! Remembers which packages have been verified, so that a plan does not read hundreds of megabytes again.
//!
//! A package counts as unchanged while every file has the size, times and place on disk that it had then. That is what `git`
//! trusts, too, with the same exception: what was changed in the moment of looking is looked at again. Whoever can write
//! this note can write the lock file as well; both protect from accidents and from what comes over the network.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::folders;
use crate::hash::{self, Hash};

/// File systems may round times; what changed so shortly before the note may have changed after it.
const DOUBT: Duration = Duration::from_secs(2);

/// Returns the checksum of a package; `notes` is a folder for what is remembered.
pub(super) fn content(package: &Path, notes: &Path) -> io::Result<Hash> {
    let note = notes.join(hash::sha256_of(package.as_os_str().as_encoded_bytes()));
    let stamp = Stamp::of(package)?;
    if let Some(known) = remembered(&note, &stamp) {
        return Ok(known);
    }
    let found = hash::of_folder(package)?;
    // Nothing depends on whether it can be written: the package may lie where the user may only read.
    _ = fs::create_dir_all(notes);
    _ = folders::replace_file(&note, format!("{}\n{found}\n", stamp.text).as_bytes());
    Ok(found)
}

fn remembered(note: &Path, stamp: &Stamp) -> Option<Hash> {
    let text = fs::read_to_string(note).ok()?;
    let (known, hash) = text.split_once('\n')?;
    let written = fs::metadata(note).and_then(|note| note.modified()).ok()?;
    let is_settled = stamp.newest.checked_add(DOUBT).is_some_and(|settled| settled < written);
    (known == stamp.text && is_settled).then(|| Hash::parse(hash.trim_end())).flatten()
}

/// What is known of a package's files without reading them.
struct Stamp {
    text: String,
    newest: SystemTime,
}

impl Stamp {
    fn of(package: &Path) -> io::Result<Stamp> {
        let mut stamp = Stamp { text: String::new(), newest: SystemTime::UNIX_EPOCH };
        let mut lines = Vec::new();
        // A link to a mirror's folder is followed, as hashing does.
        stamp.add(&fs::canonicalize(package)?, &mut lines)?;
        lines.sort();
        stamp.text = hash::sha256_of(lines.join("\n").as_bytes());
        Ok(stamp)
    }

    fn add(&mut self, folder: &Path, lines: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path: PathBuf = entry?.path();
            let found = fs::metadata(&path)?;
            if found.is_dir() && !fs::symlink_metadata(&path)?.is_symlink() {
                self.add(&path, lines)?;
            } else {
                let (changed, place) = changed(&found)?;
                self.newest = self.newest.max(changed).max(found.modified()?);
                lines.push(format!("{} {} {:?} {changed:?} {place:?}", path.display(), found.len(), found.modified()?));
            }
        }
        Ok(())
    }
}

/// Returns when a file or its description last changed, which programs cannot set, and its place on the disk.
#[cfg(unix)]
fn changed(found: &Metadata) -> io::Result<(SystemTime, (u64, u64))> {
    use std::os::unix::fs::MetadataExt;
    let seconds = Duration::from_secs(found.ctime().max(0) as u64);
    let nanoseconds = Duration::from_nanos(found.ctime_nsec().max(0) as u64);
    let changed = SystemTime::UNIX_EPOCH + seconds + nanoseconds;
    Ok((changed, (found.dev(), found.ino())))
}

#[cfg(not(unix))]
fn changed(found: &Metadata) -> io::Result<(SystemTime, (u64, u64))> {
    Ok((found.modified()?, (0, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_every_change_and_believes_its_note_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let (package, notes) = (folder.path().join("package"), folder.path().join("notes"));
        fs::create_dir(&package).unwrap();
        fs::write(package.join("a"), "1").unwrap();
        let first = content(&package, &notes).unwrap();
        // At once, as tests are: the note is not trusted yet.
        fs::write(package.join("a"), "2").unwrap();
        let second = content(&package, &notes).unwrap();
        assert_ne!(first, second);
        let note = fs::read_dir(&notes).unwrap().next().unwrap().unwrap().path();
        let believe = |text: &str| {
            let stamp = Stamp::of(&package).unwrap().text;
            fs::write(&note, format!("{stamp}\n{text}\n")).unwrap();
            let later = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000_000_000);
            fs::File::options().write(true).open(&note).unwrap().set_modified(later).unwrap();
        };
        believe("h1:believed");
        assert_eq!(content(&package, &notes).unwrap().as_str(), "h1:believed");
        fs::write(package.join("a"), "3").unwrap();
        assert_ne!(content(&package, &notes).unwrap().as_str(), "h1:believed");
        believe("h1:believed");
        fs::write(package.join("b"), "").unwrap();
        assert_ne!(content(&package, &notes).unwrap().as_str(), "h1:believed");
    }
}
