//! Fetches the modules of a configuration while its tree is read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use diag::Diagnostic;
use lang::tree::{Modules, Wanted};

use super::manifest::{Entry, Manifest, key, modules_folder};
use super::registry::ModuleRegistries;
use super::source::{Package, Source};
use super::{archives, git};
use crate::failure::Failure;
use crate::folders::{self, FolderLock};
use crate::http::Client;
use crate::source::Network;
use crate::version::{Requirement, Version};

/// Places that tell of other places: more is a circle.
const HOPS_MAX: u32 = 8;

/// Whether a module had to be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It lies beside its caller.
    Local,
    /// It had been fetched before.
    Present,
    /// It was fetched now.
    Fetched,
}

/// What became of one module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleLine {
    /// The names of the calls that lead to it.
    pub key: String,
    /// Where it comes from.
    pub source: String,
    /// Its version, if it comes from a registry.
    pub version: Option<Version>,
    /// Whether it had to be fetched.
    pub state: State,
}

/// Is told what is being fetched for a call, and when that is over.
pub type Tell<'a> = dyn Fn(&str, Option<&str>) + 'a;

/// Fetches what is wanted and not there.
pub struct Installer<'a> {
    working_folder: &'a Path,
    data_folder: &'a Path,
    upgrade: bool,
    tell: &'a Tell<'a>,
    registries: ModuleRegistries,
    before: Manifest,
    manifest: Manifest,
    /// Folders of the packages fetched in this run.
    fetched: RefCell<BTreeMap<String, PathBuf>>,
    lines: Vec<ModuleLine>,
    /// Held from the first fetch on: another process may be fetching into the same folder.
    exclusive: Option<FolderLock>,
}

impl<'a> Installer<'a> {
    /// Makes the installer of a configuration, for the folder of all that is installed for it; with `upgrade` everything is
    /// fetched again.
    pub fn new(
        working_folder: &'a Path,
        data_folder: &'a Path,
        upgrade: bool,
        network: &Network,
        tell: &'a Tell<'a>,
    ) -> Installer<'a> {
        Installer {
            working_folder,
            data_folder,
            upgrade,
            tell,
            registries: ModuleRegistries::new(network.0.clone()),
            // A list that cannot be read is made anew.
            before: Manifest::read(data_folder).unwrap_or_default(),
            manifest: Manifest::default(),
            fetched: RefCell::default(),
            lines: Vec::new(),
            exclusive: None,
        }
    }

    /// Writes down what is installed, and returns what became of each module.
    pub fn finish(self) -> Result<Vec<ModuleLine>, Failure> {
        let changed = self.manifest != self.before;
        if changed && let Err(error) = self.manifest.write(self.data_folder) {
            let detail = format!("The list of installed modules cannot be written: {error}.");
            return Err(Failure::new("Cannot write module manifest", detail));
        }
        Ok(self.lines)
    }

    /// Copies a module into the working folder, for a configuration that begins as a copy of one.
    pub fn copy_here(&self, text: &str) -> Result<(), Failure> {
        let source = Source::parse(text).map_err(|error| {
            Failure::new("Invalid module source address", format!("{text:?} is no source of a module: {error}."))
        });
        let not_copied = |error: io::Error| {
            Failure::new("Cannot copy module", format!("The module {text} cannot be copied into the folder: {error}."))
        };
        if lang::tree::is_local(text) {
            return folders::copy(Path::new(text), self.working_folder, 0).map_err(not_copied);
        }
        (self.tell)("", Some(text));
        let held = tempfile::tempdir().map_err(not_copied)?;
        let target = held.path().join("module");
        let result = self.fetch_into("", &source?, &Requirement::default(), &target);
        (self.tell)("", None);
        let entry = result?;
        folders::remove(&target.join(".git")).map_err(not_copied)?;
        folders::copy(&entry.dir, self.working_folder, 0).map_err(not_copied)
    }

    fn install(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let invalid =
            |detail: String| Diagnostic::error("Invalid module source address", detail).at(wanted.source_span);
        let source = Source::parse(wanted.source)
            .map_err(|error| invalid(format!("{:?} is no source of a module: {error}.", wanted.source)))?;
        let requirement = requirement(wanted, &source)?;
        let key = key(wanted.path);
        if let Some(entry) = self.usable(&key, &source, &requirement) {
            let entry = entry.clone();
            self.note(&key, entry.clone(), State::Present);
            return Ok(entry.dir);
        }
        let at_call = |failure: Failure| Diagnostic::from(failure).at(wanted.source_span);
        if self.exclusive.is_none() {
            let folder = modules_folder(self.data_folder);
            let taken = FolderLock::take(&folder, "modules").map_err(|error| {
                let detail = format!("The folder {} cannot be locked: {error}.", folder.display());
                at_call(Failure::new("Cannot install module", detail))
            })?;
            self.exclusive = Some(taken);
        }
        (self.tell)(&key, Some(wanted.source));
        let result = self.fetch(&key, &source, &requirement);
        (self.tell)(&key, None);
        let entry = result.map_err(at_call)?;
        self.note(&key, entry.clone(), State::Fetched);
        Ok(entry.dir)
    }

    fn note(&mut self, key: &str, entry: Entry, state: State) {
        let (source, version) = (entry.source.clone(), entry.version.clone());
        self.lines.push(ModuleLine { key: key.to_owned(), source, version, state });
        self.manifest.set(key.to_owned(), entry);
    }

    /// Returns what was installed before, if it will do.
    fn usable(&self, key: &str, source: &Source, requirement: &Requirement) -> Option<&Entry> {
        let entry = self.before.get(key).filter(|_| !self.upgrade)?;
        let is_same = super::source::is_same(&entry.source, &source.to_string());
        let version_fits = match (&source.package, &entry.version) {
            (Package::Registry(_), Some(version)) => requirement.allows(version),
            (Package::Registry(_), None) => false,
            _ => true,
        };
        (is_same && version_fits && self.working_folder.join(&entry.dir).is_dir()).then_some(entry)
    }

    fn fetch(&self, key: &str, source: &Source, requirement: &Requirement) -> Result<Entry, Failure> {
        self.fetch_into(key, source, requirement, &modules_folder(self.data_folder).join(key))
    }

    fn fetch_into(
        &self,
        key: &str,
        source: &Source,
        requirement: &Requirement,
        target: &Path,
    ) -> Result<Entry, Failure> {
        let (version, real) = match &source.package {
            Package::Registry(module) => {
                let (version, mut real) = self.registries.find(module, requirement)?;
                real.subfolder = joined(&real.subfolder, &source.subfolder);
                (Some(version), real)
            }
            _ => (None, source.clone()),
        };
        let subfolder = self.place(&real, target, HOPS_MAX)?;
        let dir = in_package(target, &subfolder).ok_or_else(|| {
            let detail = format!("The package of the module {key} from {source} has no folder {subfolder:?}.");
            Failure::new("Unreadable module subdirectory", detail)
        })?;
        Ok(Entry { source: source.to_string(), version, dir })
    }

    /// Puts a package into a folder, and returns the folder in it that is meant.
    fn place(&self, source: &Source, target: &Path, hops: u32) -> Result<String, Failure> {
        let name = Source { subfolder: String::new(), ..source.clone() }.to_string();
        let not_placed = |error: io::Error| {
            let detail = format!("{name} cannot be put into {}: {error}.", target.display());
            Failure::new("Cannot install module", detail)
        };
        if let Some(known) = self.fetched.borrow().get(&name) {
            let grown = folders::growing_beside(target).map_err(not_placed)?;
            folders::copy(known, grown.path(), 0).map_err(not_placed)?;
            folders::put_into_place(grown, target).map_err(not_placed)?;
            return Ok(source.subfolder.clone());
        }
        match &source.package {
            Package::Folder(path) => {
                folders::link_or_copy(Path::new(path), target).map_err(not_placed)?;
                return Ok(source.subfolder.clone());
            }
            Package::Git { url, reference, depth } => {
                let grown = folders::growing_beside(target).map_err(not_placed)?;
                git::fetch(url, reference.as_deref(), *depth, grown.path())?;
                folders::put_into_place(grown, target).map_err(not_placed)?;
            }
            Package::Http { url } => {
                if let Some(told) = self.told(url, hops)? {
                    let subfolder = joined(&told.subfolder, &source.subfolder);
                    return self.place(&Source { subfolder, ..told }, target, hops - 1);
                }
                let grown = folders::growing_beside(target).map_err(not_placed)?;
                archives::fetch(self.client(), url, grown.path(), &|done, total| self.progress(target, done, total))?;
                folders::put_into_place(grown, target).map_err(not_placed)?;
            }
            Package::Registry(module) => {
                let detail = format!("{module} is a module of a registry, and a registry or page says it is there.");
                return Err(Failure::new("Invalid module location", detail));
            }
        }
        self.fetched.borrow_mut().insert(name, target.to_path_buf());
        Ok(source.subfolder.clone())
    }

    /// Returns the place that a page tells of; nothing if the address is an archive's.
    fn told(&self, url: &str, hops: u32) -> Result<Option<Source>, Failure> {
        if archives::kind(url)?.is_some() {
            return Ok(None);
        }
        if hops == 0 {
            let detail = format!("{url} is where too many pages in a row have pointed to.");
            return Err(Failure::new("Too many module locations", detail));
        }
        archives::ask(self.client(), url).map(Some)
    }

    fn client(&self) -> &Client {
        self.registries.client()
    }

    fn progress(&self, target: &Path, done: u64, total: Option<u64>) {
        const MEGABYTE: u64 = 1_000_000;
        let key = target.file_name().unwrap_or_default().to_string_lossy();
        let of = total.map(|total| format!(" of {}", total / MEGABYTE)).unwrap_or_default();
        (self.tell)(&key, Some(&format!("{key}: {}{of} MB", done / MEGABYTE)));
    }
}

impl Modules for Installer<'_> {
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        self.install(wanted)
    }

    fn local(&mut self, wanted: &Wanted<'_>, dir: &Path) {
        let entry = Entry { source: wanted.source.to_owned(), version: None, dir: dir.to_path_buf() };
        self.note(&key(wanted.path), entry, State::Local);
    }
}

/// Reads what a call asks of the version.
fn requirement(wanted: &Wanted<'_>, source: &Source) -> Result<Requirement, Diagnostic> {
    let Some((text, span)) = wanted.version else { return Ok(Requirement::default()) };
    let problem = |detail: String| Err(Diagnostic::error("Invalid version constraint", detail).at(span));
    if !matches!(source.package, Package::Registry(_)) {
        return problem(
            "Only modules of registries have versions. For a repository, put ?ref=TAG behind its address.".to_owned(),
        );
    }
    match Requirement::parse(text) {
        Ok(requirement) => Ok(requirement),
        Err(error) => problem(format!("{text:?} is no version constraint: {error}.")),
    }
}

fn joined(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        ("", inner) => inner.to_owned(),
        (outer, "") => outer.to_owned(),
        (outer, inner) => format!("{outer}/{inner}"),
    }
}

/// Returns a folder in a package; a part `*` is the one folder that is there, as archives of repositories have it.
fn in_package(package: &Path, subfolder: &str) -> Option<PathBuf> {
    let mut dir = package.to_path_buf();
    for part in subfolder.split('/').filter(|part| !part.is_empty()) {
        if part == "*" {
            let entries = std::fs::read_dir(&dir).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
            let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
            dir = if folders.len() == 1 { folders.pop()? } else { return None };
        } else {
            dir.push(part);
        }
    }
    dir.is_dir().then_some(dir)
}
