//! Gantry beside Terraform: `cargo bench --bench side_by_side [-- FLAGS]`.
//!
//! Runs configurations of several shapes and sizes through both, in turn, and prints medians and ratios:
//! - `validate`: validates and formats them;
//! - `plugins`: plans one object of a real provider, beside the provider's own start;
//! - `lives`: plans, applies, plans once more and destroys them;
//! - `large`: the same with Gantry alone, up to 100,000 resources, beside fixed limits;
//! - `calls`: counts what a plan that finds nothing to do asks the clouds for, beside the least possible.
//!
//! `--only PART` runs one of these. `--shapes flat,chain` chooses shapes; `--count N` how many resources have lives, where
//! Terraform takes a quarter of an hour for some shapes of 1,000. With `--check` it fails where a target is missed;
//! `--quick` leaves the large sizes out; `--gantry PROGRAM` measures another build.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table for people is what this is for")]

mod calls;
mod engine;
mod measure;
mod plugins;
mod shapes;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use measure::{Cost, MEASURE, median, run};
use shapes::Shape;

/// Numbers of resources that both programs validate.
const COUNTS: [usize; 3] = [100, 1000, 5000];

/// Numbers that Gantry validates alone: the cost per resource must not grow.
const COUNTS_ALONE: [usize; 2] = [10_000, 100_000];

/// Runs of each program; the table has the medians.
const RUNS: usize = 5;

/// At this number of resources, and beyond, the targets hold.
const TARGET_COUNT: usize = 5000;

/// Of Terraform's processor time.
const TIME_RATIO_MAX: f64 = 0.1;

/// Of Terraform's memory.
const MEMORY_RATIO_MAX: f64 = 0.5;

/// Resources that have lives beside Terraform: all shapes take two minutes together.
const COUNT_OF_LIVES: usize = 300;

/// A cost per resource may be this much higher at the largest number than at the one before: caches and page tables.
const GROWTH_MAX: f64 = 2.0;

/// Objects in a cluster of which a plan is counted.
const OBJECTS: usize = 1000;

/// Node groups of it.
const NODE_GROUPS: usize = 30;

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is started by cargo, not by a user")]
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == MEASURE => measure::run_here(rest).map(|cost| {
            println!("{cost}");
            true
        }),
        _ => Benchmark::new(&arguments).and_then(|benchmark| benchmark.run()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

struct Benchmark {
    gantry: OsString,
    /// Absent where it is not installed.
    terraform: Option<OsString>,
    counts: Vec<usize>,
    counts_alone: Vec<usize>,
    /// How many resources have lives beside Terraform.
    count: usize,
    shapes: Vec<Shape>,
    /// The one part to run.
    only: Option<String>,
    is_quick: bool,
    checks: bool,
    folder: tempfile::TempDir,
}

impl Benchmark {
    fn new(arguments: &[OsString]) -> Result<Benchmark, String> {
        let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let value = |flag: &str| arguments.iter().skip_while(|argument| *argument != flag).nth(1);
        let text = |flag: &str| value(flag).map(|value| value.to_string_lossy().into_owned());
        let count = text("--count").map(|text| text.parse().map_err(|_| format!("--count {text}: not a number")));
        let terraform = OsString::from("terraform");
        let is_there = Command::new(&terraform).arg("version").output().is_ok_and(|output| output.status.success());
        if !is_there {
            println!("skipped: the comparison with terraform, which is not on PATH");
        }
        Ok(Benchmark {
            gantry: value("--gantry").cloned().unwrap_or_else(|| env!("CARGO_BIN_EXE_gantry").into()),
            terraform: is_there.then_some(terraform),
            counts: if has("--quick") { COUNTS[..2].to_vec() } else { COUNTS.to_vec() },
            counts_alone: if has("--quick") { Vec::new() } else { COUNTS_ALONE.to_vec() },
            count: count.transpose()?.unwrap_or(COUNT_OF_LIVES),
            shapes: shapes(text("--shapes"))?,
            only: text("--only"),
            is_quick: has("--quick"),
            checks: has("--check"),
            folder: tempfile::tempdir().map_err(|error| error.to_string())?,
        })
    }

    /// Returns whether all is as it should be.
    fn run(&self) -> Result<bool, String> {
        let mut missed = Vec::new();
        let wants = |part: &str| self.only.as_deref().is_none_or(|only| only == part);
        if wants("validate") {
            self.validations(&mut missed)?;
        }
        if wants("plugins") {
            self.plugins(&mut missed)?;
        }
        if wants("lives") {
            self.lives(&mut missed)?;
        }
        if wants("large") && !self.is_quick {
            self.large_lives(&mut missed)?;
        }
        if wants("calls") {
            self.calls(&mut missed)?;
        }
        for complaint in &missed {
            println!("missed: {complaint}");
        }
        Ok(missed.is_empty() || !self.checks)
    }

    /// Counts the calls of a plan, for objects in a cluster and node groups of it.
    fn calls(&self, missed: &mut Vec<String>) -> Result<(), String> {
        let folder = self.folder.path().join("calls");
        let written = std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("main.tf"), calls::configuration(OBJECTS, NODE_GROUPS)));
        written.map_err(|error| format!("{}: {error}", folder.display()))?;
        run(&self.gantry, &["apply", "-auto-approve", "-sandbox"], &folder)?;
        let log = folder.join(".gantry/sandbox/requests.jsonl");
        let read = || std::fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()));
        let before = read()?.len();
        let cost = run(&self.gantry, &["plan", "-sandbox"], &folder)?;
        let mut asked = std::collections::BTreeMap::new();
        for line in read()?[before..].lines() {
            let entry: serde_json::Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
            let text = |name: &str| entry[name].as_str().unwrap_or_default();
            *asked.entry(calls::counted(text("service"), text("operation"))).or_default() += 1;
        }
        let (ratio, table) = calls::compare(&asked, NODE_GROUPS);
        let seconds = cost.wall.as_secs_f64();
        println!("calls: a plan of {OBJECTS} objects and {NODE_GROUPS} node groups, {seconds:.2} s\n{table}");
        if ratio > calls::RATIO_MAX {
            missed.push(format!("{ratio:.3} times the calls that are needed; the target is {}", calls::RATIO_MAX));
        }
        Ok(())
    }

    fn validations(&self, missed: &mut Vec<String>) -> Result<(), String> {
        self.parse_speed();
        heading("validate");
        for shape in &self.shapes {
            for count in &self.counts {
                self.validate(*shape, *count, missed)?;
            }
            self.validate_alone(*shape, missed)?;
        }
        self.format(missed)?;
        println!();
        Ok(())
    }

    fn configuration(&self, shape: Shape, count: usize) -> Result<std::path::PathBuf, String> {
        let folder = self.folder.path().join(format!("{}-{count}", shape.name()));
        shape.write(count, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }

    fn validate(&self, shape: Shape, count: usize, missed: &mut Vec<String>) -> Result<(), String> {
        let folder = self.configuration(shape, count)?;
        if let (Shape::Modules, Some(terraform)) = (shape, &self.terraform) {
            run(terraform, &["init", "-backend=false"], &folder)?;
        }
        let (ours, theirs) = self.alternate(&["validate"], &folder)?;
        let label = format!("{:<20}{count:>6}", shape.name());
        show(&label, ours, theirs);
        if count >= TARGET_COUNT {
            compare(&format!("validate {} {count}", shape.name()), ours, theirs, missed);
        }
        Ok(())
    }

    /// Runs both programs in turn, so that whatever else the machine does hits both.
    fn alternate(&self, arguments: &[&str], folder: &Path) -> Result<(Cost, Option<Cost>), String> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(run(&self.gantry, arguments, folder)?);
            if let Some(terraform) = &self.terraform {
                theirs.push(run(terraform, arguments, folder)?);
            }
        }
        Ok((median(&ours), self.terraform.as_ref().map(|_| median(&theirs))))
    }

    fn validate_alone(&self, shape: Shape, missed: &mut Vec<String>) -> Result<(), String> {
        let mut before: Option<f64> = None;
        for count in &self.counts_alone {
            let folder = self.configuration(shape, *count)?;
            let costs: Result<Vec<Cost>, String> = (0..3).map(|_| run(&self.gantry, &["validate"], &folder)).collect();
            let cost = median(&costs?);
            let each = cost.cpu.as_secs_f64() * 1e6 / *count as f64;
            show(&format!("{:<20}{count:>6}", shape.name()), cost, None);
            if let Some(before) = before.replace(each)
                && each > before * GROWTH_MAX
            {
                missed.push(format!("{} is not linear: {before:.2} and then {each:.2} µs each", shape.name()));
            }
        }
        Ok(())
    }

    fn format(&self, missed: &mut Vec<String>) -> Result<(), String> {
        let folder = self.configuration(Shape::Chain, TARGET_COUNT)?;
        let (ours, theirs) = self.alternate(&["fmt", "-list=false", "-write=false"], &folder)?;
        show(&format!("{:<20}{TARGET_COUNT:>6}", "fmt chain"), ours, theirs);
        compare("fmt", ours, theirs, missed);
        Ok(())
    }

    fn parse_speed(&self) {
        let folder = self.folder.path().join("parse");
        let text = match Shape::Dag100.write(100_000, &folder).and_then(|()| std::fs::read(folder.join("main.tf"))) {
            Ok(text) => text,
            Err(error) => return println!("skipped: speed of parsing: {error}"),
        };
        let mut speeds = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            let parsed = syntax::parse(diag::FileId(0), &text);
            speeds.push((text.len() as f64 / start.elapsed().as_secs_f64() / 1e6) as u64);
            drop(parsed);
        }
        speeds.sort_unstable();
        println!("parsing: {} MB/s ({} MB, {} at best)\n", speeds[RUNS / 2], text.len() / 1_000_000, speeds[RUNS - 1]);
    }
}

/// Returns the shapes that are named, or all.
fn shapes(names: Option<String>) -> Result<Vec<Shape>, String> {
    let Some(names) = names else { return Ok(Shape::ALL.to_vec()) };
    let named = |name: &str| Shape::ALL.into_iter().find(|shape| shape.name() == name);
    names.split(',').map(|name| named(name).ok_or_else(|| format!("--shapes: there is no shape {name:?}"))).collect()
}

/// Prints the head of a table.
fn heading(what: &str) {
    println!("{what:<26}  {:>26}  {:>26}  {:>20}", "gantry", "terraform", "ratio");
    let numbers = format!("{:>9}{:>9}{:>8}", "cpu ms", "wall ms", "MB");
    println!("{:<20}{:>6}  {numbers}  {numbers}  {:>6}{:>7}{:>7}", "", "N", "cpu", "wall", "memory");
}

/// Prints a line of a table.
fn show(label: &str, ours: Cost, theirs: Option<Cost>) {
    let numbers = |cost: Cost| {
        let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        format!("{:>9.1}{:>9.1}{:>8.1}", millis(cost.cpu), millis(cost.wall), cost.bytes as f64 / 1e6)
    };
    match theirs {
        None => println!("{label}  {}", numbers(ours)),
        Some(theirs) => {
            let (time, memory) = ratios(ours, theirs);
            let wall = ours.wall.as_secs_f64() / theirs.wall.as_secs_f64();
            println!("{label}  {}  {}  {time:>6.3}{wall:>7.3}{memory:>7.3}", numbers(ours), numbers(theirs));
        }
    }
}

fn ratios(ours: Cost, theirs: Cost) -> (f64, f64) {
    (ours.cpu.as_secs_f64() / theirs.cpu.as_secs_f64(), ours.bytes as f64 / theirs.bytes as f64)
}

fn compare(what: &str, ours: Cost, theirs: Option<Cost>, missed: &mut Vec<String>) {
    let Some(theirs) = theirs else { return };
    let (time, memory) = ratios(ours, theirs);
    if time > TIME_RATIO_MAX {
        missed.push(format!("{what} takes {time:.3} of the time; the target is {TIME_RATIO_MAX}"));
    }
    if memory > MEMORY_RATIO_MAX {
        missed.push(format!("{what} takes {memory:.3} of the memory; the target is {MEMORY_RATIO_MAX}"));
    }
}
