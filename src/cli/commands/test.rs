//! `test`: runs the tests of a module.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use diag::{Diagnostic, Diagnostics, Sources};
use testing::{Outcome, Status};

use super::Run;
use crate::configuration::{Purity, installed_modules};
use crate::progress::{Interrupt, Voice, say};
use crate::render::junit;
use crate::render::plan::Palette;
use crate::render::stream::{self, Line};
use crate::render::test_json::{self, About};
use crate::render::test_text::{Counts, Ink};
use crate::suite::{Place, Suite};
use crate::tested::{self, Job, Left, Shown, Told};
use crate::variables::VariableOptions;
use crate::{Exit, Session, working};

/// Run the tests of the module.
///
/// Tests are in files *.tftest.hcl and *.tftest.json beside the configuration and in the directory "tests". Each "run" block
/// plans, or plans and applies; its assertions are judged, and when the file is done, all that was made is destroyed.
/// State is kept in memory: that of the configuration is neither read nor written.
///
/// Providers work in the sandbox: each file gets an empty emulated cloud of its own, so files are run at the same time, and
/// nothing costs money. With -cloud they work with real clouds, as with Terraform: what a killed run has left there is
/// destroyed by the next run of the same file.
///
/// The exit code is 0 if all runs passed, otherwise 1.
#[derive(clap::Parser)]
pub(super) struct Args {
    /// Run only this test file. May be given several times.
    #[arg(long, value_name = "FILE")]
    filter: Vec<PathBuf>,

    /// The directory with test files, besides those beside the configuration.
    #[arg(long, value_name = "DIR", default_value = "tests")]
    test_directory: PathBuf,

    /// Show what each run has planned or made.
    #[arg(long)]
    verbose: bool,

    /// Print lines of JSON.
    #[arg(long)]
    json: bool,

    /// Write the results to this file, too, in the XML format of JUnit.
    #[arg(long, value_name = "FILE")]
    junit_xml: Option<PathBuf>,

    /// Print without colour.
    #[arg(long)]
    no_color: bool,

    /// Work with real clouds instead of the sandbox. This costs money.
    #[arg(long)]
    cloud: bool,

    /// The same as -cloud.
    #[arg(long)]
    no_sandbox: bool,

    /// At most so many calls of providers at once, of each run; and so many runs of a file where they may be parallel.
    #[arg(long, value_name = "N", default_value_t = working::PARALLELISM_DEFAULT)]
    parallelism: usize,

    /// At most so many files at once; as many as there are processors unless set, one after the other with -cloud.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,

    /// Refused: there is no remote service that could run tests.
    #[arg(long, value_name = "SOURCE")]
    cloud_run: Option<String>,

    #[command(flatten)]
    variables: VariableOptions,
}

impl Run for Args {
    const NAME: &'static str = "test";

    fn run(self, session: &mut Session) -> Exit {
        if self.no_color {
            session.ui.disable_colour();
        }
        if self.cloud_run.is_some() {
            let detail = "Tests are run here, in the sandbox or with -cloud against real clouds; no service runs them.";
            session.problem("No remote runs", detail);
            return Exit::FAILURE;
        }
        let voice = if self.json { Voice::Json } else { Voice::Text };
        if voice == Voice::Json {
            say(session, [stream::version()]);
        }
        let mut diags = Diagnostics::new();
        let here = Path::new(".");
        let mut modules = installed_modules(here, session);
        let place = Place { dir: here, tests: &self.test_directory, options: &self.variables, filter: &self.filter };
        let suite = Suite::read(&place, Purity::Impure, &session.environment, &mut modules, &mut diags);
        voice.diagnostics(session, &suite.sources, &diags);
        if diags.has_errors() {
            return Exit::FAILURE;
        }
        self.work(session, voice, &suite)
    }
}

impl Args {
    fn work(&self, session: &mut Session, voice: Voice, suite: &Suite) -> Exit {
        let is_real = self.cloud || self.no_sandbox;
        let interrupt = Interrupt::default();
        if let Err(error) = interrupt.listen() {
            session.problem("Cannot listen for interrupts", format!("{error}. An interrupt ends the tests at once."));
        }
        let (environment, started_in) = (session.environment.clone(), session.started_in.clone());
        let job = Job {
            suite,
            environment: &environment,
            providers: session.providers,
            started_in: &started_in,
            is_real,
            verbose: self.verbose.then(|| (voice, Palette::of(session.ui.out.style()))),
            parallelism: self.parallelism.max(1),
            at_once: self.jobs.unwrap_or_else(|| if is_real { 1 } else { tested::at_once_by_default() }).max(1),
            interrupt: interrupt.clone(),
        };
        let mut report = Report::of(suite, voice);
        report.begin(session);
        let start = Instant::now();
        tested::run(&job, &mut |file, told| report.take(session, file, told));
        if interrupt.is_wanted() {
            let detail = "Runs that had begun went on to their end, no others were begun, and what they had made was \
                          destroyed.";
            voice.diagnostics(session, &suite.sources, &Diagnostic::error("Interrupted", detail).into());
        }
        let counts = report.end(session, start.elapsed().as_millis(), is_real);
        if let Some(path) = &self.junit_xml
            && let Err(error) = std::fs::write(path, junit::xml(&suite.sources, &report.suites()))
        {
            session.problem("Cannot write the results", format!("{}: {error}.", path.display()));
            return Exit::FAILURE;
        }
        match counts.status() {
            Status::Fail | Status::Error => Exit::FAILURE,
            _ if interrupt.is_wanted() => Exit::FAILURE,
            _ => Exit::SUCCESS,
        }
    }
}

/// Tells what happens, and keeps what came of it.
struct Report<'a> {
    suite: &'a Suite,
    voice: Voice,
    /// What came of the runs, by file and by place.
    outcomes: Vec<BTreeMap<usize, Outcome>>,
    counts: Counts,
}

impl<'a> Report<'a> {
    fn of(suite: &'a Suite, voice: Voice) -> Report<'a> {
        let outcomes = suite.files.iter().map(|_| BTreeMap::new()).collect();
        Report { suite, voice, outcomes, counts: Counts::default() }
    }

    fn path(&self, file: usize) -> String {
        self.suite.files[file].file.path.display().to_string()
    }

    fn name(&self, file: usize, run: usize) -> &'a str {
        self.suite.files[file].file.runs.get(run).map(|run| run.name.as_str()).unwrap_or_default()
    }

    fn begin(&self, session: &mut Session) {
        if self.voice == Voice::Json {
            let runs = |file: &crate::suite::SuiteFile| file.file.runs.iter().map(|run| run.name.to_string()).collect();
            let files = self.suite.files.iter();
            let files: Vec<_> = files.map(|file| (file.file.path.display().to_string(), runs(file))).collect();
            say(session, [test_json::overview(&files)]);
        }
    }

    fn take(&mut self, session: &mut Session, file: usize, told: Told) {
        match self.voice {
            Voice::Json => self.say(session, file, &told),
            Voice::Text => self.print(session, file, &told),
        }
        match told {
            Told::RunEnds(run, outcome, _) => {
                if self.suite.files[file].file.runs.get(run).is_some() {
                    self.counts.add(outcome.status);
                }
                self.outcomes[file].insert(run, outcome);
            }
            Told::CleanedUp(run, diags, left) => {
                self.counts.is_broken |= diags.has_errors() || left.is_some();
                if let Some(left) = left {
                    self.keep(session, (file, run), &left);
                }
            }
            Told::FileEnds(status) => self.counts.is_broken |= status == Status::Error,
            _ => {}
        }
    }

    fn print(&self, session: &mut Session, file: usize, told: &Told) {
        let (ink, path) = (Ink::of(session.ui.out.style()), self.path(file));
        let mut diags = None;
        let text = match told {
            Told::FileBegins => ink.file(&path, &ink.quiet("in progress")),
            Told::RunBegins(_) | Told::CleansUp(_) => return,
            Told::RunEnds(run, outcome, shown) => {
                diags = Some(&outcome.diags);
                let mut text = ink.run(self.name(file, *run), outcome.status);
                if let Some(Shown::Text(shown)) = shown {
                    text.push_str(&format!("\n{}\n\n", shown.trim_end_matches('\n')));
                }
                text
            }
            Told::CleanupBegins => ink.file(&path, &ink.quiet("tearing down")),
            Told::CleanedUp(run, found, left) => {
                session.ui.diagnostics(&self.suite.sources, found);
                if let Some(left) = left {
                    session.ui.diagnostics(&Sources::default(), &self.left_over((file, *run), left).into());
                }
                return;
            }
            Told::FileEnds(status) => ink.file(&path, &ink.status(*status)),
        };
        session.ui.out.print(&text);
        if let Some(diags) = diags.filter(|diags| !diags.is_empty()) {
            session.ui.diagnostics(&self.suite.sources, diags);
        }
    }

    fn left_over(&self, (file, run): (usize, usize), left: &Left) -> Diagnostic {
        let lines: String = left.objects.iter().map(|object| format!("\n  - {object}")).collect();
        let detail = format!(
            "After the run {:?} of {} these objects could not be destroyed:{lines}",
            self.name(file, run),
            self.path(file)
        );
        Diagnostic::error("Objects left over", detail)
    }

    fn say(&self, session: &mut Session, file: usize, told: &Told) {
        let path = self.path(file);
        let whole = About { file: &path, run: None };
        let of = |run: &usize| About { file: &path, run: Some(self.name(file, *run)) };
        let lines: Vec<Line> = match told {
            Told::FileBegins => vec![whole.file_begins()],
            Told::RunBegins(run) => vec![of(run).run_begins()],
            Told::RunEnds(run, outcome, shown) => {
                let mut lines = vec![of(run).run_ends(outcome)];
                lines.extend(shown.as_ref().map(|shown| match shown {
                    Shown::State(state) => of(run).shows("test_state", state.clone()),
                    Shown::Plan(plan) => of(run).shows("test_plan", plan.clone()),
                    Shown::Text(text) => of(run).shows("test_plan", text.as_str().into()),
                }));
                lines.extend(of(run).diagnostics(&self.suite.sources, &outcome.diags));
                lines
            }
            Told::CleanupBegins => vec![whole.cleanup_begins()],
            Told::CleansUp(run) => vec![of(run).cleans_up()],
            Told::CleanedUp(run, diags, left) => {
                let mut lines = of(run).diagnostics(&self.suite.sources, diags);
                lines.extend(left.as_ref().map(|left| of(run).left_over(&left.objects)));
                lines
            }
            Told::FileEnds(status) => vec![whole.file_ends(*status)],
        };
        say(session, lines);
    }

    /// Writes down the state of what was left over, where Terraform does.
    fn keep(&self, session: &mut Session, (file, run): (usize, usize), left: &Left) {
        let path = Path::new("errored_test.tfstate");
        let detail = match std::fs::write(path, &left.state) {
            Ok(()) => {
                format!("What is left of the run {:?} is written down in {}.", self.name(file, run), path.display())
            }
            Err(error) => format!("{} cannot be written: {error}.", path.display()),
        };
        let warning = Diagnostic::warning("State of a test kept", detail);
        self.voice.diagnostics(session, &Sources::default(), &warning.into());
    }

    fn end(&self, session: &mut Session, milliseconds: u128, is_real: bool) -> Counts {
        let word = match self.counts.status() {
            Status::Fail | Status::Error => "Failure!",
            _ => "Success!",
        };
        match self.voice {
            Voice::Json => say(session, [test_json::summary(self.counts, format!("{word} {}", self.counts))]),
            Voice::Text => {
                let ink = Ink::of(session.ui.out.style());
                session.ui.out.print(&ink.summary(self.counts));
                let place = if is_real { "against real clouds" } else { "in the sandbox" };
                session.ui.err.print(&ink.quiet(&format!("Run {place} in {milliseconds} ms.\n")));
            }
        }
        self.counts
    }

    fn suites<'r>(&'r self) -> Vec<junit::Suite<'r>> {
        let files = self.suite.files.iter().zip(&self.outcomes).enumerate();
        let suites = files.map(|(file, (tested, outcomes))| junit::Suite {
            path: tested.file.path.to_str().unwrap_or_default(),
            runs: outcomes.iter().map(|(run, outcome)| (self.name(file, *run), outcome)).collect(),
        });
        suites.collect()
    }
}
