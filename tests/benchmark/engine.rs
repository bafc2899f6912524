//! What `plan`, `apply`, a plan without changes and `destroy` cost: beside Terraform, and at large sizes alone.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, iter};

use crate::measure::{Cost, lowest, median, run};
use crate::shapes::Shape;
use crate::{Benchmark, heading, show};

/// How many times as fast as Terraform every command has to be.
const TIME_RATIO_MAX: f64 = 1.0 / 20.0;

/// Of Terraform's memory.
const MEMORY_RATIO_MAX: f64 = 1.0;

/// Ten times the resources may cost so many times the processor time.
const GROWTH_MAX: f64 = 13.0;

/// Life cycles that Gantry goes through beside one of Terraform's, which takes minutes for some shapes.
const CYCLES: usize = 3;

/// The commands of a life cycle in their order.
const COMMANDS: [(&str, &[&str]); 4] = [
    ("plan", &["plan", "-input=false"]),
    ("apply", &["apply", "-auto-approve"]),
    ("no-op plan", &["plan", "-input=false", "-detailed-exitcode"]),
    ("destroy", &["destroy", "-auto-approve"]),
];

/// A limit that holds whatever Terraform takes: of one command on one shape and number.
struct Bar {
    shape: Shape,
    count: usize,
    command: &'static str,
    seconds: f64,
    megabytes: f64,
}

const fn bar(shape: Shape, count: usize, command: &'static str, seconds: f64, megabytes: f64) -> Bar {
    Bar { shape, count, command, seconds, megabytes }
}

/// The limits, on two processors.
const BARS: [Bar; 11] = [
    bar(Shape::Flat, 10_000, "no-op plan", 1.0, 150.0),
    bar(Shape::Chain, 5000, "plan", 1.0, 150.0),
    bar(Shape::Dag100, 5000, "plan", 1.0, 150.0),
    bar(Shape::Flat, 100_000, "plan", 5.0, 1500.0),
    bar(Shape::Flat, 100_000, "apply", 15.0, 1500.0),
    bar(Shape::Flat, 100_000, "no-op plan", 5.0, 1500.0),
    bar(Shape::Flat, 100_000, "destroy", 15.0, 1500.0),
    bar(Shape::ForEach, 100_000, "plan", 5.0, 1500.0),
    bar(Shape::ForEach, 100_000, "apply", 15.0, 1500.0),
    bar(Shape::ForEach, 100_000, "no-op plan", 5.0, 1500.0),
    bar(Shape::ForEach, 100_000, "destroy", 15.0, 1500.0),
];

/// Numbers of resources between which the growth is looked at.
const GROWTH: [usize; 2] = [10_000, 100_000];

/// What the four commands cost, in the order of [`COMMANDS`].
type Cycle = [Cost; 4];

impl Benchmark {
    /// Goes through the life of each shape with both programs.
    pub(crate) fn lives(&self, missed: &mut Vec<String>) -> Result<(), String> {
        heading("command");
        for shape in &self.shapes {
            let ours: Result<Vec<Cycle>, String> =
                (0..CYCLES).map(|cycle| self.cycle(*shape, self.count, &self.gantry, cycle)).collect();
            let ours = by_command(&ours?, median);
            let theirs = match &self.terraform {
                Some(terraform) => Some(self.cycle(*shape, self.count, terraform, CYCLES)?),
                None => None,
            };
            for (place, (command, _)) in COMMANDS.iter().enumerate() {
                let theirs = theirs.map(|theirs| theirs[place]);
                show(&format!("{:<9}{command:<11}{:>6}", shape.name(), self.count), ours[place], theirs);
                let Some(theirs) = theirs else { continue };
                let ours = ours[place];
                let what = format!("{command} of {} {}", shape.name(), self.count);
                limit(missed, &what, "of the processor time", ratio(ours.cpu, theirs.cpu), TIME_RATIO_MAX);
                limit(missed, &what, "of the time", ratio(ours.wall, theirs.wall), TIME_RATIO_MAX);
                limit(missed, &what, "of the memory", ours.bytes as f64 / theirs.bytes as f64, MEMORY_RATIO_MAX);
            }
        }
        println!();
        Ok(())
    }

    /// Goes through the lives of large configurations and compares them with fixed limits and with each other.
    pub(crate) fn large_lives(&self, missed: &mut Vec<String>) -> Result<(), String> {
        heading("alone");
        for shape in &self.shapes {
            let limited = BARS.iter().filter(|bar| bar.shape == *shape).map(|bar| bar.count);
            let mut counts: Vec<usize> = limited.chain(GROWTH).collect();
            counts.sort_unstable();
            counts.dedup();
            let mut before: Option<Cycle> = None;
            for count in counts {
                let cycles: Result<Vec<Cycle>, String> =
                    (0..CYCLES).map(|cycle| self.cycle(*shape, count, &self.gantry, cycle)).collect();
                // Whatever else the machine does can only make a run slower.
                let costs = by_command(&cycles?, lowest);
                check_bars(*shape, count, &costs, missed);
                if count == GROWTH[1]
                    && let Some(before) = before
                {
                    check_growth(*shape, &before, &costs, missed);
                }
                before = Some(costs);
            }
        }
        println!();
        Ok(())
    }

    /// Writes a configuration to a new folder and goes through its life with a program.
    fn cycle(&self, shape: Shape, count: usize, program: &std::ffi::OsStr, number: usize) -> Result<Cycle, String> {
        let folder = self.folder.path().join(format!("life-{}-{count}-{number}", shape.name()));
        shape.write(count, &folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        if shape == Shape::Modules {
            run(program, &["init", "-backend=false"], &folder)?;
        }
        let costs: Result<Vec<Cost>, String> =
            COMMANDS.iter().map(|(_, arguments)| run(program, arguments, &folder)).collect();
        let costs: Result<Cycle, _> = costs?.try_into();
        self.is_gone(&folder)?;
        fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
        costs.map_err(|_| "a life cycle has four commands".to_owned())
    }

    /// Makes sure that the last command did what it is measured for.
    fn is_gone(&self, folder: &Path) -> Result<(), String> {
        let states: Vec<PathBuf> = ["gantry.state", "terraform.tfstate"].iter().map(|name| folder.join(name)).collect();
        let texts: Vec<String> = states.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
        match texts.iter().any(|text| text.contains("terraform_data")) || texts.is_empty() {
            true => Err(format!("{}: destroy leaves something behind", folder.display())),
            false => Ok(()),
        }
    }
}

fn by_command(cycles: &[Cycle], of: fn(&[Cost]) -> Cost) -> Cycle {
    std::array::from_fn(|place| of(&cycles.iter().map(|cycle| cycle[place]).collect::<Vec<Cost>>()))
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

fn limit(missed: &mut Vec<String>, what: &str, unit: &str, found: f64, allowed: f64) {
    if found > allowed {
        missed.push(format!("{what} takes {found:.3} {unit}; the target is {allowed}"));
    }
}

fn check_bars(shape: Shape, count: usize, costs: &Cycle, missed: &mut Vec<String>) {
    for ((command, _), cost) in iter::zip(COMMANDS, costs) {
        show(&format!("{:<9}{command:<11}{count:>6}", shape.name()), *cost, None);
        let bar = BARS.iter().find(|bar| bar.shape == shape && bar.count == count && bar.command == command);
        let Some(bar) = bar else { continue };
        let what = format!("{command} of {} {count}", shape.name());
        limit(missed, &what, "seconds", cost.wall.as_secs_f64(), bar.seconds);
        limit(missed, &what, "MB", cost.bytes as f64 / 1e6, bar.megabytes);
    }
}

fn check_growth(shape: Shape, before: &Cycle, after: &Cycle, missed: &mut Vec<String>) {
    for (place, (command, _)) in COMMANDS.iter().enumerate() {
        let what = format!("{command} of {} {}", shape.name(), GROWTH[1]);
        let unit = format!("times what {} took", GROWTH[0]);
        limit(missed, &what, &unit, ratio(after[place].cpu, before[place].cpu), GROWTH_MAX);
    }
}
