//! A module with the tests that are for it: all files read, and the module of each run.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use diag::{Diagnostic, Diagnostics, Sources};
use ecow::EcoString;
use lang::functions::{self, RealFiles};
use lang::module::{Module, Reader};
use lang::testing::{self, RunBlock, RunModule, TestFile};
use lang::tree::{self, Modules, Node, Wanted};
use value::Value;

use crate::Environment;
use crate::built_in::WithBuiltIn;
use crate::configuration::{Purity, environment_of_functions};
use crate::variables::{Assignments, VariableOptions};

/// A module with the tests that are for it.
pub(crate) struct Suite {
    /// All files read so far; diagnostics point into them.
    pub(crate) sources: Sources,
    /// What functions may see.
    pub(crate) environment: functions::Environment,
    /// The module under test.
    pub(crate) main: Arc<Node>,
    /// The files of tests, sorted by name.
    pub(crate) files: Vec<SuiteFile>,
}

/// A test file with what its runs need.
pub(crate) struct SuiteFile {
    /// What it says.
    pub(crate) file: TestFile,
    /// The module of each run.
    pub(crate) modules: Vec<Arc<Node>>,
    /// Values of variables that its runs have in common with other files.
    pub(crate) variables: BTreeMap<EcoString, Value>,
}

/// Where a suite is read from.
pub(crate) struct Place<'a> {
    /// The folder of the module.
    pub(crate) dir: &'a Path,
    /// The folder of its tests, as seen from there.
    pub(crate) tests: &'a Path,
    /// Values of variables from the command line.
    pub(crate) options: &'a VariableOptions,
    /// Only these files are wanted; all unless there are some.
    pub(crate) filter: &'a [PathBuf],
}

impl Suite {
    /// Reads the tests of the module in a folder; modules that are not there are taken from `modules`.
    pub(crate) fn read(
        place: &Place<'_>,
        purity: Purity,
        variables: &Environment,
        modules: &mut dyn Modules,
        diags: &mut Diagnostics,
    ) -> Suite {
        let environment = environment_of_functions(purity, variables, diags);
        let mut sources = Sources::default();
        let mut modules = WithBuiltIn { others: modules, data_folder: variables.data_folder().to_path_buf() };
        let inside = Assignments::collect_for_tests(
            (place.dir, &place.dir.join(place.tests)),
            place.options,
            variables,
            &mut sources,
            diags,
        );
        let outside = Assignments::collect(place.dir, place.options, variables, &mut sources, &mut Diagnostics::new());
        let mut reader = Reader::new(&RealFiles, &mut sources);
        let module = reader.module(place.dir, diags);
        // What the folder of the tests says is for the files in it.
        let outside = outside.resolve_for_tests(&[&module], reader.sources, &mut Diagnostics::new());
        let main = {
            let given: Vec<(EcoString, Value)> = outside.clone().into_iter().collect();
            Arc::new(tree::load_with(place.dir, &given, &mut reader, &environment, &mut modules, diags))
        };
        let beside = read_beside(place, &mut reader, &environment, &mut modules, diags);
        let all: Vec<(TestFile, Vec<Arc<Node>>)> = beside
            .into_iter()
            .map(|Beside { file, others }| {
                (file, others.into_iter().map(|other| other.unwrap_or_else(|| main.clone())).collect())
            })
            .collect();
        diags.append(std::mem::take(&mut reader.mistakes));
        let mut declaring: Vec<&Module> = vec![&main.module];
        declaring.extend(all.iter().flat_map(|(_, modules)| modules.iter().map(|node| &*node.module)));
        let inside = inside.resolve_for_tests(&declaring, reader.sources, diags);
        let shown_tests = place.dir.join(place.tests);
        let shown_tests = shown_tests.strip_prefix(".").unwrap_or(&shown_tests).to_path_buf();
        let files = all.into_iter().map(|(file, modules)| {
            let is_inside = file.path.starts_with(&shown_tests);
            let variables = if is_inside { inside.clone() } else { outside.clone() };
            SuiteFile { file, modules, variables }
        });
        let files = files.collect();
        Suite { main, files, environment, sources }
    }
}

/// A test file, and the modules of those of its runs that have another one than the module under test.
pub(crate) struct Beside {
    pub(crate) file: TestFile,
    pub(crate) others: Vec<Option<Arc<Node>>>,
}

/// Reads the test files of a module, without the module.
pub(crate) fn read_beside(
    place: &Place<'_>,
    reader: &mut Reader<'_>,
    environment: &functions::Environment,
    modules: &mut dyn Modules,
    diags: &mut Diagnostics,
) -> Vec<Beside> {
    let files = read_files(place, reader.sources, diags);
    let mut others = Others { place, environment, known: HashMap::new() };
    let beside = files.into_iter().map(|file| {
        let runs = file.runs.iter();
        let of_runs = runs.map(|run| others.of_run(&file, run, reader, modules, diags)).collect();
        Beside { file, others: of_runs }
    });
    beside.collect()
}

/// The same for commands that do not run the tests: of those in a folder.
pub(crate) fn look(
    (dir, tests): (&Path, &Path),
    sources: &mut Sources,
    environment: &functions::Environment,
    (variables, modules): (&Environment, &mut dyn Modules),
    diags: &mut Diagnostics,
) -> Vec<Beside> {
    let place = Place { dir, tests, options: &VariableOptions::default(), filter: &[] };
    let mut modules = WithBuiltIn { others: modules, data_folder: variables.data_folder().to_path_buf() };
    let mut reader = Reader::new(&RealFiles, sources);
    let beside = read_beside(&place, &mut reader, environment, &mut modules, diags);
    diags.append(std::mem::take(&mut reader.mistakes));
    beside
}

fn read_files(place: &Place<'_>, sources: &mut Sources, diags: &mut Diagnostics) -> Vec<TestFile> {
    if !is_inside(place.tests) {
        let detail = "The folder of the tests is named as seen from the module's own folder, and lies in it.";
        diags.push(Diagnostic::error("Invalid testing directory", detail));
        return Vec::new();
    }
    let paths = testing::files_in(place.dir, place.tests, &RealFiles);
    let shown = |path: &Path| path.strip_prefix(".").unwrap_or(path).to_path_buf();
    for wanted in place.filter {
        if !paths.iter().any(|path| shown(path) == shown(wanted)) {
            let detail = format!("There is no test file {}.", wanted.display());
            diags.push(Diagnostic::error("Unknown test file", detail));
        }
    }
    let is_wanted =
        |path: &&PathBuf| place.filter.is_empty() || place.filter.iter().any(|wanted| shown(wanted) == shown(path));
    let wanted = paths.iter().filter(is_wanted);
    wanted.filter_map(|path| testing::read_file(path, place.dir, &RealFiles, sources, diags)).collect()
}

/// Tells whether a path leads from a folder into it, and nowhere else.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Modules other than that under test, each read once.
struct Others<'a> {
    place: &'a Place<'a>,
    environment: &'a functions::Environment,
    known: HashMap<PathBuf, Arc<Node>>,
}

impl Others<'_> {
    fn of_run(
        &mut self,
        file: &TestFile,
        run: &RunBlock,
        reader: &mut Reader<'_>,
        modules: &mut dyn Modules,
        diags: &mut Diagnostics,
    ) -> Option<Arc<Node>> {
        let module = run.module.as_ref()?;
        let path = path_of(file, run);
        let dir = self.folder(module, &path, modules, diags)?;
        if let Some(known) = self.known.get(&dir) {
            return Some(known.clone());
        }
        if !dir.is_dir() {
            let detail = format!("There is no folder {} for the run {:?}.", dir.display(), run.name);
            diags.error(module.source_span, "Unreadable module directory", detail);
            return None;
        }
        let mut below = Below { path, others: modules };
        let node = Arc::new(tree::load_with(&dir, &[], reader, self.environment, &mut below, diags));
        self.known.insert(dir, node.clone());
        Some(node)
    }

    fn folder(
        &self,
        module: &RunModule,
        path: &addr::Module,
        modules: &mut dyn Modules,
        diags: &mut Diagnostics,
    ) -> Option<PathBuf> {
        let wanted = Wanted {
            path,
            source: &module.source,
            source_span: module.source_span,
            version: module.version.as_ref().map(|(version, span)| (version.as_str(), *span)),
            caller: self.place.dir,
        };
        if tree::is_local(&module.source) {
            if let Some((_, span)) = &module.version {
                let detail = "A module of a local path has no version: it is what the folder holds.";
                diags.error(*span, "Invalid module version", detail);
            }
            let dir = tree::normal(&self.place.dir.join(&*module.source));
            modules.local(&wanted, &dir);
            return Some(dir);
        }
        match modules.folder(&wanted) {
            Ok(dir) => Some(dir),
            Err(problem) => {
                diags.push(problem);
                None
            }
        }
    }
}

/// Returns what the module of a run is called where modules are installed: `test.FILE.RUN`, as with Terraform.
fn path_of(file: &TestFile, run: &RunBlock) -> addr::Module {
    let stem = file.path.to_string_lossy();
    let stem = testing::ENDINGS.iter().find_map(|ending| stem.strip_suffix(ending)).unwrap_or(&stem);
    let steps = stem.split(['/', '\\']).map(EcoString::from);
    addr::Module(["test".into()].into_iter().chain(steps).chain([run.name.clone()]).collect())
}

/// The modules that the module of a run calls: their names are below the run's.
struct Below<'a> {
    path: addr::Module,
    others: &'a mut dyn Modules,
}

impl Below<'_> {
    fn place(&self, path: &addr::Module) -> addr::Module {
        path.0.iter().fold(self.path.clone(), |all, step| all.child(step.clone()))
    }
}

impl Modules for Below<'_> {
    fn folder(&mut self, wanted: &Wanted<'_>) -> Result<PathBuf, Diagnostic> {
        let path = self.place(wanted.path);
        self.others.folder(&Wanted { path: &path, ..*wanted })
    }

    fn local(&mut self, wanted: &Wanted<'_>, dir: &Path) {
        let path = self.place(wanted.path);
        self.others.local(&Wanted { path: &path, ..*wanted }, dir);
    }
}
