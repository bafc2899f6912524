//! The modules that are part of the program: `gantry//cluster/eks`, `gantry//addon/kafka`.
//!
//! They are written into the data folder when a configuration calls one, so that functions and people can read their files;
//! the folder's name says which they are, so another Gantry beside this one has its own.

use std::path::{Path, PathBuf};
use std::{fs, io};

use diag::{Diagnostic, did_you_mean};
use lang::functions::Files;
use lang::module::BUILT_IN;
use lang::tree::{Modules, Wanted};

mod table {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// Knows the modules that are part of the program, and asks another for the rest.
pub(crate) struct WithBuiltIn<'a> {
    /// Who knows the others.
    pub(crate) others: &'a mut dyn Modules,
    /// The folder for what belongs to the working copy.
    pub(crate) data_folder: PathBuf,
}

impl Modules for WithBuiltIn<'_> {
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let Some(name) = wanted.source.strip_prefix(BUILT_IN) else { return self.others.folder(wanted) };
        let name = name.trim_end_matches('/');
        if !names().any(|known| known == name) {
            return Err(unknown(name).at(wanted.source_span));
        }
        let holder = self.data_folder.join("built-in").join(table::DIGEST);
        write(&holder).map_err(|error| {
            let detail =
                format!("The modules that are part of Gantry cannot be written to {}: {error}.", holder.display());
            Diagnostic::error("Built-in modules not available", detail).at(wanted.source_span)
        })?;
        Ok(holder.join(name))
    }

    fn local(&mut self, wanted: &Wanted<'_>, dir: &Path) {
        if !dir.starts_with(self.data_folder.join("built-in")) {
            self.others.local(wanted, dir);
        }
    }
}

/// Returns the names of all modules: the folders that hold a `main.tf`.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    table::FILES.iter().filter_map(|(path, _)| path.strip_suffix("/main.tf"))
}

/// The files of all modules, read where they are: in the program. The paths begin with the module's name.
pub(crate) struct EmbeddedFiles;

impl Files for EmbeddedFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = table::FILES.iter().find(|(known, _)| Path::new(known) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    // What the machine says of its files has no counterpart here.
    fn metadata(&self, _: &Path) -> io::Result<fs::Metadata> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let files = table::FILES.iter().map(|(known, _)| Path::new(known));
        Ok(files.filter(|known| known.parent() == Some(path)).map(Path::to_path_buf).collect())
    }
}

fn unknown(name: &str) -> Diagnostic {
    let (what, kind, name) = match name.split_once('/') {
        Some(("cluster", name)) => ("platform", "cluster/", name),
        Some(("addon", name)) => ("add-on", "addon/", name),
        _ => ("built-in module", "", name),
    };
    let known: Vec<&str> = names().filter_map(|known| known.strip_prefix(kind)).collect();
    let hint = match did_you_mean(name, known.iter().copied()) {
        Some(near) => format!("Did you mean {near:?}?"),
        None => format!("There are: {}.", known.join(", ")),
    };
    Diagnostic::error(format!("Unknown {what}"), format!("This Gantry has no {what} {name:?}. {hint}"))
}

/// Writes all modules, unless they are there: a folder beside it grows and takes its place by one rename.
fn write(holder: &Path) -> io::Result<()> {
    if holder.is_dir() {
        return Ok(());
    }
    let above = holder.parent().unwrap_or(holder);
    fs::create_dir_all(above)?;
    let growing = tempfile::Builder::new().prefix(".growing-").tempdir_in(above)?;
    for (path, text) in table::FILES {
        let path = growing.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(above))?;
        fs::write(path, text)?;
    }
    match fs::rename(growing.path(), holder) {
        // Another process was faster, with the same files.
        Err(_) if holder.is_dir() => Ok(()),
        outcome => outcome,
    }
}
