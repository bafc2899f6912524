//! Plan files: how they are written and read, and what configuration is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Sources};
use engine::Report;
use lang::functions::{Files, RealFiles};
use lang::module::{FileKind, Module};
use lang::tree::{Modules, Node, Wanted};
use plan::file::{FileError, SavedFile, SavedModule, SavedPlan, SavedVariable};

use crate::configuration::Configuration;
use crate::replacing::{self, Readers};
use crate::variables::{Assigned, Assignments};
use crate::{Exit, Session, stored};

/// Reads a plan file.
pub(crate) fn read(path: &Path) -> Result<SavedPlan, Diagnostic> {
    let bytes = std::fs::read(path).map_err(|error| {
        let detail = format!("{} cannot be read: {error}.", path.display());
        Diagnostic::error("Cannot read the plan", detail)
    })?;
    parse(path, &bytes)
}

/// Reads a plan from the bytes of a file.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<SavedPlan, Diagnostic> {
    plan::file::read(bytes).map_err(|error| unusable(path, bytes, &error))
}

fn unusable(path: &Path, bytes: &[u8], error: &FileError) -> Diagnostic {
    let hint = match error {
        FileError::NotAPlan if path.is_dir() || bytes.is_empty() => "",
        FileError::NotAPlan if bytes.starts_with(b"PK\x03\x04") => " It looks like one of Terraform's plans.",
        FileError::NotAPlan => " Plans are made by \"gantry plan -out=FILE\".",
        FileError::OtherFormat { .. } => " A plan is carried out by the version that made it: plan again.",
        FileError::Damaged(_) => " Nothing was done with it: plan again.",
    };
    let detail = format!("The file {} cannot be used: {error}.{hint}", path.display());
    Diagnostic::error("Not a usable plan file", detail)
}

/// Writes a plan with all that it was made from; its owner alone can read it.
pub(crate) fn write(
    session: &mut Session,
    path: &Path,
    (configuration, generated): (&Configuration, Option<&Path>),
    report: &mut Report,
) -> Result<(), Exit> {
    let Some(mut saved) = report.saved.take() else { return Ok(()) };
    saved.created = configuration.environment.plan_time;
    saved.files = files(&configuration.sources);
    // What was written for imported objects is configuration from now on.
    let written = generated.and_then(|path| Some((path, std::fs::read(path).ok()?)));
    if let Some((path, text)) = written.filter(|(path, _)| is_of_module(path)) {
        saved.files.push(SavedFile { path: path.to_string_lossy().into(), text });
    }
    saved.modules = modules(&configuration.root);
    saved.variables = variables(configuration);
    saved.plan = std::mem::take(&mut report.plan);
    let bytes = plan::file::write(&saved);
    report.plan = std::mem::take(&mut saved.plan);
    report.saved = Some(saved);
    let written = match bytes {
        Some(bytes) => replacing::replace(path, &bytes, Readers::Owner),
        None => Err(io::Error::other("values in the plan lie too deep in each other")),
    };
    written.or_else(|error| {
        let detail = format!("The plan cannot be written to {}: {error}.", path.display());
        stored::fail(session, Diagnostic::error("Plan not saved", detail))
    })
}

fn is_of_module(path: &Path) -> bool {
    path.file_name().and_then(|name| FileKind::of(name.to_str()?)).is_some()
}

/// Tells whether any file of a module was read.
pub(crate) fn has_modules(sources: &Sources) -> bool {
    sources.files().iter().any(|file| is_of_module(&file.path))
}

/// Returns the files of modules among all that were read.
fn files(sources: &Sources) -> Vec<SavedFile> {
    let found = sources.files().iter().filter(|file| is_of_module(&file.path));
    found.map(|file| SavedFile { path: file.path.to_string_lossy().into(), text: file.text.to_vec() }).collect()
}

fn modules(root: &Node) -> Vec<SavedModule> {
    let mut found = Vec::new();
    root.visit(&mut |node| {
        found.push(SavedModule { place: node.path.clone(), folder: node.module.dir.to_string_lossy().into() });
    });
    found
}

fn variables(configuration: &Configuration) -> Vec<SavedVariable> {
    let module = &configuration.root.module;
    let saved = configuration.assigned.values().into_iter().map(|(name, value)| {
        let is_ephemeral = module.variable(&name).is_some_and(|variable| variable.ephemeral);
        SavedVariable { value: (!is_ephemeral).then_some(value), name }
    });
    saved.collect()
}

/// Returns the configuration of a plan, as it was when the plan was made.
pub(crate) fn configuration(
    saved: &SavedPlan,
    assignments: Assignments,
    sources: Sources,
    session: &Session,
    diags: &mut Diagnostics,
) -> Configuration {
    let files = SavedFiles::of(saved);
    let mut modules = SavedModules(saved);
    let assign = |module: &Module, sources: &mut Sources, diags: &mut Diagnostics| {
        Assigned::of_plan(&saved.variables, assignments, module, (sources, diags))
    };
    let mut read = Configuration::read_saved(Path::new("."), (&files, &mut modules), session, (sources, diags), assign);
    read.environment.plan_time = saved.created;
    read
}

/// The folders of a plan's modules, wherever they came from.
struct SavedModules<'a>(&'a SavedPlan);

impl Modules for SavedModules<'_> {
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let known = self.0.modules.iter().find(|module| module.place == *wanted.path);
        known.map(|module| PathBuf::from(module.folder.as_str())).ok_or_else(|| {
            let detail = format!("The plan does not have {}: make a new one.", wanted.path);
            Diagnostic::error("Module not in the plan", detail).at(wanted.source_span)
        })
    }
}

/// The files of a plan's modules, as a file system.
struct SavedFiles {
    files: BTreeMap<PathBuf, Arc<[u8]>>,
    folders: BTreeSet<PathBuf>,
}

impl SavedFiles {
    fn of(saved: &SavedPlan) -> SavedFiles {
        let files = saved.files.iter().map(|file| (bare(Path::new(file.path.as_str())), file.text.as_slice().into()));
        let folders = saved.modules.iter().map(|module| bare(Path::new(module.folder.as_str()))).collect();
        SavedFiles { files: files.collect(), folders }
    }
}

/// Returns a path without a dot at its start: such a path means the same.
fn bare(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_path_buf()
}

impl Files for SavedFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = self.files.get(&bare(path)).map(|text| text.to_vec());
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the plan does not have it"))
    }

    /// What the machine says: nobody asks about more than whether it is a folder.
    fn metadata(&self, path: &Path) -> io::Result<std::fs::Metadata> {
        RealFiles.metadata(path)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.folders.contains(&bare(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let folder = bare(path);
        let inside = self.files.keys().filter(|file| file.parent() == Some(&folder));
        Ok(inside.map(|file| path.join(file.file_name().unwrap_or_default())).collect())
    }
}
