//! Runs the tests of modules: each run of a test file is a plan or an apply on a state that nobody else sees.
//!
//! Runs wait for each other, but for those that the file lets go side by side.
//!
//! A file is run by [`run_file`], which tells a [`Watcher`] what happens. Files know nothing of each other, so that they can
//! be run at the same time.
//! *Not here:* what test files say (`lang::testing`), where providers point (the sandbox or real clouds: whoever makes the
//! runtime), anything that is printed.

mod expected;
mod file;
mod made_up;
mod memory;
mod mock;
mod order;
mod run;
mod scene;
mod stand_ins;

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use addr::AbsInstance;
use diag::Diagnostics;
use ecow::EcoString;
use engine::Report;
use host::Catalogue;
use lang::functions::Environment;
use lang::testing::TestFile;
use lang::tree::Node;
use lang::validate::Providers;
use sdk::Runtime;
use state::{State, Store};
use value::Value;

pub use expected::check_expected;
pub use file::run_file;
pub use memory::MemoryStore;

/// All that the runs of a file need.
pub struct Ground<'a> {
    /// The file.
    pub file: &'a TestFile,
    /// The module under test.
    pub main: &'a Arc<Node>,
    /// The module of each run, in their order: that under test, or another.
    pub modules: &'a [Arc<Node>],
    /// What functions may see, while planning.
    pub env: &'a Environment,
    /// What `path.cwd` is.
    pub cwd: &'a Path,
    /// Functions and schemas of providers.
    pub functions: &'a dyn Providers,
    /// The providers that there are.
    pub catalogue: Rc<Catalogue>,
    /// Time and chance of the providers.
    pub runtime: Arc<dyn Runtime>,
    /// Values of variables that are the same for all files: of the command line, of files, of the environment.
    pub variables: &'a BTreeMap<EcoString, Value>,
    /// Makes the store for the state of a key.
    pub stores: &'a dyn Fn(&str) -> Arc<dyn Store>,
    /// At most so many runs at once, and so many provider calls of each.
    pub parallelism: usize,
    /// The program's version.
    pub version: &'static str,
    /// Plans are kept with all that a file of a plan holds.
    pub keeps_plans: bool,
    /// Tells whether the user wants to stop: no further run is begun then, and what was made is destroyed.
    pub stopping: &'a dyn Fn() -> bool,
}

/// How a run or a file came out, from good to bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nothing has happened yet.
    #[default]
    Pending,
    /// It was left out.
    Skip,
    /// All that was asserted holds.
    Pass,
    /// Something that was asserted does not hold.
    Fail,
    /// Something else went wrong.
    Error,
}

impl Status {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Skip => "skip",
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Error => "error",
        }
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How it came out.
    pub status: Status,
    /// What there is to say.
    pub diags: Diagnostics,
    /// When it began, since 1970-01-01 in UTC.
    pub begun: Duration,
    /// How long it took; nothing if it was left out.
    pub took: Option<Duration>,
    /// How many assertions were judged.
    pub judged: usize,
    /// How many of them do not hold.
    pub failed: usize,
}

/// What a run has made, for those who want to see it.
pub struct Made<'a> {
    /// The module.
    pub module: &'a Arc<Node>,
    /// The plan, and the state after an apply if there was one.
    pub report: Report,
    /// The values of the module's variables.
    pub variables: Vec<Value>,
}

/// What could not be cleaned up.
pub struct Leftover<'a> {
    /// The run that worked on the state last; by its place.
    pub run: usize,
    /// The key of the state.
    pub key: &'a str,
    /// The state as it was left.
    pub state: &'a State,
    /// What is in it.
    pub objects: Vec<AbsInstance>,
}

/// Is told what happens in a file, run by run in the file's order. Runs are named by their places.
pub trait Watcher {
    /// A run begins.
    fn run_begins(&self, run: usize);
    /// A run has ended, or was left out.
    fn run_ends(&self, run: usize, outcome: Outcome, made: Option<Made<'_>>);
    /// What was made is about to be destroyed.
    fn cleanup_begins(&self);
    /// The state that a run was the last to work on is being cleaned up.
    fn cleans_up(&self, run: usize);
    /// There is something to say about the cleanup of a state.
    fn cleaned_up(&self, run: usize, diags: Diagnostics, leftover: Option<Leftover<'_>>);
    /// The file is done.
    fn file_ends(&self, status: Status);
}
