//! What a plan is like for people, as the command line asks for it: by which prices, and into which page.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use apply::{Doing, Outcome};
use diag::Diagnostic;
use plan::{Change, Plan};
use report::{Forecast, Prices};

use crate::Session;
use crate::environment::Environment;
use crate::render::plan::{self as render, Palette, Schemas};
use crate::replacing::{self, Readers};

/// Arguments of commands that say what a plan is like for people.
#[derive(clap::Args)]
pub(crate) struct OutlookArgs {
    /// A price list, in JSON, whose items come before those of the program; see "Time and cost" in the README.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Write a page that shows the plan to people, and after an apply what was done: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
}

impl OutlookArgs {
    /// Returns the prices to go by.
    pub(crate) fn prices(&self, environment: &Environment) -> Result<Prices, Diagnostic> {
        prices(self.prices.as_deref().or_else(|| environment.prices()))
    }
}

/// Returns the prices of the program, behind those of a file.
pub(crate) fn prices(path: Option<&Path>) -> Result<Prices, Diagnostic> {
    let Some(path) = path else { return Ok(Prices::built_in()) };
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
    let found = text.and_then(|text| Prices::built_in().with(&text));
    found.map_err(|why| {
        let detail = format!("The price list {} cannot be used: {why}.", path.display());
        Diagnostic::error("Price list not usable", detail)
    })
}

/// Returns what a plan is like for people, where there is anything to say beside its changes.
pub(crate) fn forecast(plan: &Plan, prices: &Prices, parallelism: usize) -> Option<Forecast> {
    report::has_news(plan).then(|| Forecast::of(plan, prices, parallelism))
}

/// Returns the table that stands under a plan.
pub(crate) fn table(forecast: &Forecast, palette: Palette) -> String {
    let Palette { bold, reset, .. } = palette;
    format!("\n{}", report::text(forecast, &|line| format!("{bold}{line}{reset}")))
}

/// What really happened, for the page.
#[derive(Default)]
pub(crate) struct Recorder {
    running: RefCell<Vec<(String, Duration)>>,
    done: RefCell<Vec<report::Bar>>,
    skipped: RefCell<Vec<(String, String)>>,
}

impl Recorder {
    /// A step begins.
    pub(crate) fn begin(&self, change: &Change, doing: Doing, now: Duration) {
        self.running.borrow_mut().push((name(change, doing), now));
    }

    /// A step has ended, well or not.
    pub(crate) fn end(&self, change: &Change, doing: Doing, now: Duration, has_failed: bool) {
        let name = name(change, doing);
        let mut running = self.running.borrow_mut();
        let Some(place) = running.iter().position(|(known, _)| *known == name) else { return };
        let (_, start) = running.swap_remove(place);
        self.done.borrow_mut().push(report::Bar {
            address: change.address.to_string(),
            doing: report::doing(change.action, doing),
            start,
            end: now,
            is_critical: false,
            has_failed,
        });
    }

    /// A step was not taken, because that of another change failed.
    pub(crate) fn skip(&self, change: &Change, cause: &Change) {
        self.skipped.borrow_mut().push((change.address.to_string(), cause.address.to_string()));
    }

    /// Returns what happened, for a page.
    pub(crate) fn into_actual(self, plan: &Plan, outcome: &Outcome, is_interrupted: bool) -> report::Actual {
        let told = |found: &Diagnostic| report::Told {
            is_error: found.is_error(),
            summary: found.summary.clone(),
            detail: found.detail.clone(),
            address: found.address.clone(),
        };
        let actual = report::Actual {
            bars: self.done.into_inner(),
            skipped: self.skipped.into_inner(),
            problems: outcome.diags.iter().map(told).collect(),
            done: outcome.counts(),
            is_interrupted,
            ..report::Actual::default()
        };
        actual.put_in_order(plan)
    }
}

fn name(change: &Change, doing: Doing) -> String {
    let deposed = change.deposed.map(|key| key.to_string()).unwrap_or_default();
    format!("{} {deposed} {}", change.address, report::doing(change.action, doing))
}

/// A page to write.
pub(crate) struct Page<'a> {
    /// Where to.
    pub(crate) path: &'a Path,
    /// What it is about, in a word: `plan`, `apply`.
    pub(crate) operation: &'a str,
    pub(crate) plan: &'a Plan,
    pub(crate) schemas: &'a dyn Schemas,
    pub(crate) prices: &'a Prices,
    pub(crate) parallelism: usize,
    /// What happened, if anything was to.
    pub(crate) actual: Option<report::Actual>,
}

impl Page<'_> {
    /// Writes the page, whole or not at all.
    pub(crate) fn write(self, session: &mut Session) -> Result<(), Diagnostic> {
        let forecast = Forecast::of(self.plan, self.prices, self.parallelism);
        let changes = render::each(self.plan, self.schemas);
        let page = report::Page {
            operation: self.operation,
            plan: self.plan,
            forecast: &forecast,
            changes,
            outputs: render::outputs_text(self.plan),
            is_sandbox: session.environment.simulated().is_some(),
            actual: self.actual.as_ref(),
        };
        replacing::replace(self.path, page.html().as_bytes(), Readers::Everyone).map_err(|error| {
            let detail = format!("The page cannot be written to {}: {error}.", self.path.display());
            Diagnostic::error("Report not written", detail)
        })
    }
}
