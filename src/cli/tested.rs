//! Runs the files of a suite side by side, each with its own providers and its own sandbox.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, UNIX_EPOCH};

use ::sandbox::{Folder, Holder, Options, Sandbox, emulator};
use addr::AbsInstance;
use diag::{Diagnostic, Diagnostics};
use lang::functions::Clock;
use lang::tree::Node;
use lang::version::LANGUAGE_VERSION;
use state::Store;
use state::stores::DEFAULT_WORKSPACE;
use state::stores::local::LocalStore;
use testing::{Ground, Leftover, Made, MemoryStore, Outcome, Status, Watcher};

use crate::progress::{Interrupt, Voice};
use crate::providers::{LinkedProviders, provider_of};
use crate::render::{plan as render, plan_json, state_json};
use crate::sandboxes::{self, Opened};
use crate::suite::{Suite, SuiteFile};
use crate::{Environment, commands, environment, stored};

/// Providers whose objects are in no cloud: files that use no others need no sandbox.
const NOT_IN_CLOUDS: [&str; 9] = ["archive", "external", "fake", "local", "null", "random", "terraform", "time", "tls"];

/// Addresses of a thread's stack; they cost nothing until they are used.
const STACK_BYTES: usize = 256 << 20;

/// What there is to do, for all threads.
pub(crate) struct Job<'a> {
    pub(crate) suite: &'a Suite,
    pub(crate) environment: &'a Environment,
    pub(crate) providers: &'static [sdk::Factory],
    pub(crate) started_in: &'a Path,
    /// The providers look at real clouds.
    pub(crate) is_real: bool,
    /// What was planned or made is to be shown, in this form.
    pub(crate) verbose: Option<(Voice, render::Palette)>,
    pub(crate) parallelism: usize,
    /// So many files at once.
    pub(crate) at_once: usize,
    pub(crate) interrupt: Interrupt,
}

/// What happened in a file. Runs are named by their places.
pub(crate) enum Told {
    FileBegins,
    RunBegins(usize),
    RunEnds(usize, Outcome, Option<Shown>),
    CleanupBegins,
    CleansUp(usize),
    CleanedUp(usize, Diagnostics, Option<Left>),
    FileEnds(Status),
}

/// What a run has planned or made, as it is shown.
pub(crate) enum Shown {
    /// Text for people.
    Text(String),
    /// A state, in JSON.
    State(serde_json::Value),
    /// A plan, in JSON.
    Plan(serde_json::Value),
}

/// What could not be cleaned up.
pub(crate) struct Left {
    pub(crate) objects: Vec<AbsInstance>,
    /// The state in Terraform's format.
    pub(crate) state: String,
}

/// Runs all files; `tell` hears what happens, one file after the other.
pub(crate) fn run(job: &Job<'_>, tell: &mut dyn FnMut(usize, Told)) {
    let count = job.suite.files.len();
    let (sender, receiver) = channel::<(usize, Told)>();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..job.at_once.min(count) {
            let (own, next) = (sender.clone(), &next);
            let work = move || {
                loop {
                    let place = next.fetch_add(1, Ordering::SeqCst);
                    if place >= count {
                        return;
                    }
                    file(job, place, &own);
                }
            };
            let thread = std::thread::Builder::new().name("test".to_owned()).stack_size(STACK_BYTES);
            if let Err(error) = thread.spawn_scoped(scope, work) {
                let diags = Diagnostic::error("Cannot start", format!("No thread could be started: {error}.")).into();
                let outcome = Outcome { status: Status::Error, diags, ..Outcome::default() };
                let place = next.fetch_add(1, Ordering::SeqCst);
                if place < count {
                    let _ = sender.send((place, Told::RunEnds(0, outcome, None)));
                    let _ = sender.send((place, Told::FileEnds(Status::Error)));
                }
            }
        }
        drop(sender);
        let mut waiting: Vec<VecDeque<Told>> = (0..count).map(|_| VecDeque::new()).collect();
        let mut current = 0;
        for (place, told) in receiver {
            waiting[place].push_back(told);
            while current < count {
                let Some(told) = waiting[current].pop_front() else { break };
                let is_end = matches!(told, Told::FileEnds(_));
                tell(current, told);
                current += usize::from(is_end);
            }
        }
    });
}

/// Runs one file.
fn file(job: &Job<'_>, place: usize, sender: &Sender<(usize, Told)>) {
    let suite_file = &job.suite.files[place];
    // Whoever listens is there until all threads are done.
    let tell = |told| _ = sender.send((place, told));
    tell(Told::FileBegins);
    let mut environment = job.environment.clone();
    let simulated = match job.is_real {
        true => Ok(None),
        false => enter(&mut environment, suite_file),
    };
    let _sandbox = match simulated {
        Ok(sandbox) => sandbox,
        Err(problem) => {
            let outcome = Outcome { status: Status::Error, diags: problem.into(), ..Outcome::default() };
            tell(Told::RunEnds(0, outcome, None));
            return tell(Told::FileEnds(Status::Error));
        }
    };
    let mut roots: Vec<&Node> = vec![&job.suite.main];
    for module in &suite_file.modules {
        if !roots.iter().any(|root| std::ptr::eq(*root, &**module)) {
            roots.push(module);
        }
    }
    let linked = LinkedProviders::of_trees(&environment, job.providers, &roots);
    let now = UNIX_EPOCH + Duration::from_secs(environment::SystemClock.now().as_secs());
    let functions = &job.suite.environment;
    let env = lang::functions::Environment { pure: true, plan_time: Some(now), ..functions.clone() };
    let stores = |key: &str| store(job, suite_file, key);
    let ground = Ground {
        file: &suite_file.file,
        main: &job.suite.main,
        modules: &suite_file.modules,
        env: &env,
        cwd: job.started_in,
        functions: &linked,
        catalogue: linked.catalogue(),
        runtime: environment.runtime(),
        variables: &suite_file.variables,
        stores: &stores,
        parallelism: job.parallelism,
        keeps_plans: job.verbose.is_some_and(|(voice, _)| voice == Voice::Json),
        version: lang::version::PROGRAM_VERSION,
        stopping: &|| job.interrupt.is_wanted(),
    };
    testing::run_file(&ground, &Teller { tell: &tell, linked: &linked, verbose: job.verbose });
    if job.is_real {
        forget_empty(job, suite_file);
    }
}

/// Removes the states on disk of which nothing is left; those that hold something are for the next run of the file.
fn forget_empty(job: &Job<'_>, file: &SuiteFile) {
    for run in &file.file.runs {
        let key = run.state();
        let bytes = store(job, file, &key).load(DEFAULT_WORKSPACE).ok().flatten().unwrap_or_default();
        let is_empty =
            state::read(&bytes).is_ok_and(|reading| reading.ledger.state.is_empty() && reading.ledger.open.is_empty());
        if is_empty || bytes.is_empty() {
            // Whatever stays is empty.
            let _ = std::fs::remove_dir_all(folder_of(job.environment, &file.file.path, &key));
        }
    }
}

/// Returns the store for a state: in memory, but on disk where something real may be left if the process is killed.
fn store(job: &Job<'_>, file: &SuiteFile, key: &str) -> Arc<dyn Store> {
    if !job.is_real {
        return Arc::new(MemoryStore::default());
    }
    Arc::new(LocalStore::new(folder_of(job.environment, &file.file.path, key), stored::world()))
}

/// Returns the folder for a state of a test that works with real clouds.
pub(crate) fn folder_of(environment: &Environment, file: &Path, key: &str) -> std::path::PathBuf {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
    };
    let key = if key.is_empty() { "main".to_owned() } else { format!("key-{}", plain(key)) };
    environment.data_folder().join("tests").join(plain(&file.to_string_lossy())).join(key)
}

/// A sandbox of a file, which is gone with this.
struct OwnSandbox {
    _server: Option<Sandbox>,
    _folder: tempfile::TempDir,
}

/// Points providers at a sandbox of the file's own, if it needs one; at nothing that is real in any case.
fn enter(environment: &mut Environment, file: &SuiteFile) -> Result<Option<OwnSandbox>, Diagnostic> {
    environment.hide(emulator::FOREIGN_VARIABLES);
    if !needs_clouds(file) {
        return Ok(None);
    }
    let failed = |error: String| Diagnostic::error("Cannot use the sandbox", format!("{error}."));
    let temporary = tempfile::Builder::new().prefix("gantry-test-").tempdir();
    let temporary = temporary.map_err(|error| failed(error.to_string()))?;
    let folder = Folder::new(temporary.path());
    let hold = match folder.take() {
        Ok(Holder::We(hold)) => hold,
        Ok(Holder::Server(_)) => return Err(failed("somebody else serves a folder that was just made".to_owned())),
        Err(error) => return Err(failed(error.to_string())),
    };
    let options = Options { in_memory: true, ..Options::new(folder) };
    let Opened { server, clock, variables, .. } = sandboxes::serve(&options, hold, environment).map_err(failed)?;
    environment.simulate(emulator::FOREIGN_VARIABLES, variables, clock);
    Ok(Some(OwnSandbox { _server: server, _folder: temporary }))
}

/// Tells whether a run of a file asks a provider for what is in a cloud.
fn needs_clouds(file: &SuiteFile) -> bool {
    let is_made_up = |name: &str| {
        let mut all = file.file.providers.iter().filter(|provider| provider.local.name == name).peekable();
        all.peek().is_some() && all.all(|provider| provider.mock.is_some())
    };
    file.modules.iter().any(|root| {
        let mut found = false;
        root.visit(&mut |node| {
            found |= node.module.resources.iter().any(|resource| {
                let name = provider_of(&node.module, resource).name;
                !NOT_IN_CLOUDS.contains(&name.as_str()) && !is_made_up(&name)
            });
        });
        found
    })
}

/// Passes on what happens in a file.
struct Teller<'a> {
    tell: &'a dyn Fn(Told),
    linked: &'a LinkedProviders,
    verbose: Option<(Voice, render::Palette)>,
}

impl Teller<'_> {
    fn show(&self, made: Made<'_>) -> Option<Shown> {
        let (voice, palette) = self.verbose?;
        let Made { module, mut report, variables } = made;
        let is_applied = report.outcome.is_some();
        Some(match voice {
            Voice::Text if is_applied => Shown::Text(commands::shown_state(&report.state, self.linked)),
            Voice::Text => Shown::Text(render::text(&report.plan, self.linked, palette)),
            Voice::Json if is_applied => Shown::State(state_json::state(&report.state, self.linked)),
            Voice::Json => {
                let mut saved = *report.saved.take()?;
                saved.plan = report.plan;
                Shown::Plan(plan_json::plan(&saved, module, &variables, self.linked))
            }
        })
    }
}

impl Watcher for Teller<'_> {
    fn run_begins(&self, run: usize) {
        (self.tell)(Told::RunBegins(run));
    }

    fn run_ends(&self, run: usize, outcome: Outcome, made: Option<Made<'_>>) {
        let shown = made.and_then(|made| self.show(made));
        (self.tell)(Told::RunEnds(run, outcome, shown));
    }

    fn cleanup_begins(&self) {
        (self.tell)(Told::CleanupBegins);
    }

    fn cleans_up(&self, run: usize) {
        (self.tell)(Told::CleansUp(run));
    }

    fn cleaned_up(&self, run: usize, diags: Diagnostics, leftover: Option<Leftover<'_>>) {
        let left = leftover.map(|leftover| {
            let state = state::terraform::write(leftover.state, LANGUAGE_VERSION);
            Left { objects: leftover.objects, state }
        });
        (self.tell)(Told::CleanedUp(run, diags, left));
    }

    fn file_ends(&self, status: Status) {
        (self.tell)(Told::FileEnds(status));
    }
}

/// Returns how many files are run at once unless the user says otherwise.
pub(crate) fn at_once_by_default() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
