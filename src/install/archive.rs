//! Archives: unpacked into an empty folder, and nowhere else.
//!
//! An archive is a stranger's text until its checksum is known, and a stranger's program after that. So no file gets out
//! of the folder, no file is written through a link, and what comes out is bounded whatever the headers say.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use crate::failure::Failure;

/// What may come out of an archive, together. The largest provider has 0.8 GB.
const BYTES_MAX: u64 = 4 << 30;
/// How many files may come out.
const FILES_MAX: usize = 100_000;
/// Bytes that one byte of an archive may become. Deflate reaches about 1030; programs about 5.
const GROWTH_MAX: u64 = 200;
/// Small archives may grow by more: a text of one letter does.
const GROWTH_FREE_BYTES: u64 = 16 << 20;

/// The limits of one archive.
#[derive(Clone, Copy, Debug)]
struct Budget {
    bytes: u64,
    files: usize,
}

/// Unpacks a zip archive into an empty folder.
pub(crate) fn unzip(archive: &Path, folder: &Path) -> Result<(), Failure> {
    let file = File::open(archive).map_err(|error| broken(archive, &error))?;
    let size = file.metadata().map_err(|error| broken(archive, &error))?.len();
    let mut unpacking = Unpacking::new(archive, folder, size);
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file)).map_err(|error| broken(archive, &error))?;
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(|error| broken(archive, &error))?;
        let name = entry.name().map_err(|error| broken(archive, &error))?.into_owned();
        let mode = entry.unix_mode();
        if entry.is_symlink() {
            let mut target = String::new();
            const TARGET_BYTES_MAX: u64 = 4096;
            entry
                .by_ref()
                .take(TARGET_BYTES_MAX)
                .read_to_string(&mut target)
                .map_err(|error| broken(archive, &error))?;
            unpacking.link(&name, &target)?;
        } else if entry.is_dir() {
            unpacking.folder(&name)?;
        } else {
            unpacking.file(&name, mode, &mut entry)?;
        }
    }
    unpacking.finish()
}

/// An archive on its way into a folder.
pub(crate) struct Unpacking<'a> {
    archive: &'a Path,
    folder: &'a Path,
    budget: Budget,
    /// Links and their targets, made when all files are there, so that none is written through one.
    links: Vec<(PathBuf, String)>,
}

impl<'a> Unpacking<'a> {
    /// Begins with an archive of so many bytes.
    pub(crate) fn new(archive: &'a Path, folder: &'a Path, size: u64) -> Unpacking<'a> {
        let bytes = size.saturating_mul(GROWTH_MAX).clamp(GROWTH_FREE_BYTES, BYTES_MAX);
        Unpacking { archive, folder, budget: Budget { bytes, files: FILES_MAX }, links: Vec::new() }
    }

    /// Makes a folder.
    pub(crate) fn folder(&mut self, name: &str) -> Result<(), Failure> {
        let path = self.path(name)?;
        fs::create_dir_all(path).map_err(|error| self.not_written(name, &error))
    }

    /// Writes a file.
    pub(crate) fn file(&mut self, name: &str, mode: Option<u32>, content: &mut dyn Read) -> Result<(), Failure> {
        let path = self.path(name)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| self.not_written(name, &error))?;
        }
        let mut options = File::options();
        // A name that comes twice, or two that the file system takes for one, is an error here.
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(permissions(name, mode));
        }
        #[cfg(not(unix))]
        let _ = mode;
        let mut file = options.open(path).map_err(|error| self.not_written(name, &error))?;
        let mut piece = vec![0; 1 << 16];
        loop {
            let count = content.read(&mut piece).map_err(|error| broken(self.archive, &error))?;
            if count == 0 {
                return Ok(());
            }
            self.budget.bytes = self.budget.bytes.checked_sub(count as u64).ok_or_else(|| self.too_large())?;
            file.write_all(&piece[..count]).map_err(|error| self.not_written(name, &error))?;
        }
    }

    /// Takes note of a link.
    pub(crate) fn link(&mut self, name: &str, target: &str) -> Result<(), Failure> {
        let path = self.path(name)?;
        let folder = Path::new(name).parent().unwrap_or(Path::new(""));
        if !stays_inside(&folder.join(target)) || Path::new(target).is_absolute() {
            return Err(self.escapes(&format!("{name} -> {target}")));
        }
        self.links.push((path, target.to_owned()));
        Ok(())
    }

    /// Makes the links.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        for (path, target) in &self.links {
            let made = match path.parent() {
                Some(parent) => fs::create_dir_all(parent).and_then(|()| symlink(target, path)),
                None => Ok(()),
            };
            made.map_err(|error| self.not_written(&path.display().to_string(), &error))?;
        }
        // Links may lead through each other; what they reach in the end must be inside, too.
        let inside = fs::canonicalize(self.folder).map_err(|error| broken(self.archive, &error))?;
        for (path, target) in &self.links {
            let reached = fs::canonicalize(path);
            if reached.is_ok_and(|reached| !reached.starts_with(&inside)) {
                return Err(self.escapes(&format!("{} -> {target}", path.display())));
            }
        }
        Ok(())
    }

    /// Returns where a file goes.
    fn path(&mut self, name: &str) -> Result<PathBuf, Failure> {
        self.budget.files = self.budget.files.checked_sub(1).ok_or_else(|| self.too_large())?;
        // Windows reads both slashes and drives, wherever the archive was made.
        let foreign = name.contains(['\\', '\0']) || name.as_bytes().get(1) == Some(&b':');
        let path = Path::new(name);
        let is_plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if foreign || !is_plain || path.components().next().is_none() {
            return Err(self.escapes(name));
        }
        Ok(self.folder.join(path))
    }

    fn escapes(&self, name: &str) -> Failure {
        let detail = format!(
            "The archive {} has a file {name:?}, which would lie outside of the folder that the archive is unpacked into. \
             No honest archive has one: nothing was unpacked.",
            shown(self.archive)
        );
        Failure::new("Archive escapes its folder", detail)
    }

    fn too_large(&self) -> Failure {
        let detail = format!(
            "What the archive {} unpacks to is far larger than a package can be: more than {BYTES_MAX} bytes, {FILES_MAX} \
             files, or {GROWTH_MAX} times the archive. Nothing was unpacked.",
            shown(self.archive)
        );
        Failure::new("Archive too large", detail)
    }

    fn not_written(&self, name: &str, error: &io::Error) -> Failure {
        let detail = format!("The file {name:?} of the archive {} cannot be written: {error}.", shown(self.archive));
        Failure::new("Cannot unpack archive", detail)
    }
}

/// Returns an archive's name without the folder, which may be a temporary one.
fn shown(archive: &Path) -> String {
    archive.file_name().map_or_else(|| archive.display().to_string(), |name| name.to_string_lossy().into_owned())
}

pub(crate) fn broken(archive: &Path, error: &dyn std::fmt::Display) -> Failure {
    let detail = format!(
        "The archive {} cannot be read to its end: {error}. It may have been cut off or damaged on its way.",
        shown(archive)
    );
    Failure::new("Damaged archive", detail)
}

/// Tells whether a path without links in it never leaves the folder it is relative to.
fn stays_inside(path: &Path) -> bool {
    let mut depth = 0_i64;
    path.components().all(|part| {
        depth += match part {
            Component::Normal(_) => 1,
            Component::ParentDir => -1,
            Component::CurDir => 0,
            Component::RootDir | Component::Prefix(_) => return false,
        };
        depth >= 0
    })
}

/// Everyone may read; programs may be run. Archives made on Windows have no modes at all.
#[cfg(unix)]
fn permissions(name: &str, mode: Option<u32>) -> u32 {
    let is_program = mode.is_some_and(|mode| mode & 0o111 != 0) || name.starts_with("terraform-provider-");
    if is_program { 0o777 } else { 0o666 }
}

#[cfg(unix)]
fn symlink(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn symlink(_target: &str, _path: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "archives with symbolic links cannot be unpacked on this system"))
}
