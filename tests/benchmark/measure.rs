//! What a program costs: processor time, time on the clock, memory at its peak.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};

/// What one run, or the median of several, cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Processor time, of the program and for it in the kernel.
    pub cpu: Duration,
    /// Time on the clock.
    pub wall: Duration,
    /// Memory at its peak.
    pub bytes: u64,
}

/// The word by which this program is told to run another one and say what that cost.
pub const MEASURE: &str = "--measure";

/// Runs a program in a folder and returns its cost; an error if it fails.
///
/// The system tells the peak only of the largest of all children. So this program starts itself as a child that has one
/// child.
pub fn run(program: &OsStr, arguments: &[&str], folder: &Path) -> Result<Cost, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(own)
        .arg(MEASURE)
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match (output.status.success(), &numbers[..]) {
        (true, [cpu, wall, bytes]) => {
            Ok(Cost { cpu: Duration::from_micros(*cpu), wall: Duration::from_micros(*wall), bytes: *bytes })
        }
        _ => Err(format!("{} fails: {}", program.display(), String::from_utf8_lossy(&output.stderr))),
    }
}

/// Runs the program that the arguments name; returns its cost as three numbers: microseconds, microseconds, bytes.
pub fn run_here(arguments: &[impl AsRef<OsStr>]) -> Result<String, String> {
    let (program, arguments) = arguments.split_first().ok_or("no program is named")?;
    let start = Instant::now();
    let mut child = Command::new(program);
    let output = child.args(arguments).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let wall = start.elapsed();
    if !output.status.success() {
        let shown = [output.stdout, output.stderr].concat();
        return Err(String::from_utf8_lossy(&shown[..shown.len().min(2000)]).into_owned());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    Ok(format!("{} {} {}", cpu_micros(&usage), wall.as_micros(), peak_bytes(&usage)))
}

fn cpu_micros(usage: &Usage) -> i64 {
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    micros(usage.user_time()) + micros(usage.system_time())
}

/// Linux counts kibibytes, macOS bytes.
fn peak_bytes(usage: &Usage) -> i64 {
    if cfg!(target_os = "macos") { usage.max_rss() } else { usage.max_rss() * 1024 }
}

/// Returns the median of each number by itself.
pub fn median(costs: &[Cost]) -> Cost {
    each(costs, |sorted| sorted.len() / 2)
}

/// Returns the lowest of each number by itself.
pub fn lowest(costs: &[Cost]) -> Cost {
    each(costs, |_| 0)
}

fn each(costs: &[Cost], place: fn(&[u128]) -> usize) -> Cost {
    let pick = |number: fn(&Cost) -> u128| {
        let mut numbers: Vec<u128> = costs.iter().map(number).collect();
        numbers.sort_unstable();
        numbers[place(&numbers)]
    };
    let micros = |number| Duration::from_micros(u64::try_from(number).unwrap_or(u64::MAX));
    Cost {
        cpu: micros(pick(|cost| cost.cpu.as_micros())),
        wall: micros(pick(|cost| cost.wall.as_micros())),
        bytes: u64::try_from(pick(|cost| cost.bytes.into())).unwrap_or(u64::MAX),
    }
}
