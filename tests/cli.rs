//! Scenarios of the command line: a text file each in `tests/cli/`, run against the built program.
//!
//! A file starts with sentences that say what it shows. Then come steps, each behind a line of its own:
//!
//! - `-- file PATH`: writes the lines that follow to a file; `-- file-without-line-break PATH` leaves out the last break
//! - `-- bytes PATH`: the same for bytes that are no text, written in hexadecimal
//! - `-- link PATH TARGET`: makes a symbolic link
//! - `-- repeat COUNT PATH`: writes a file of one line, the text that follows COUNT times over
//! - `-- env NAME=VALUE`: sets a variable for all runs that follow; there are no others besides `HOME`
//! - `-- stdin`: feeds the lines that follow to the next run
//! - `-- run ARGUMENTS`: runs `gantry`; behind it stand `-- stdout`, `-- stderr` and `-- exit`, left out if empty or 0
//! - `-- show PATH`: has the file's text behind it
//!
//! An empty line in front of a step is not part of the text before it. `UPDATE_EXPECT=1` writes what came out into the
//! files. The version of the program is written as `[VERSION]`, the system and processor as `[PLATFORM]` (in paths of steps,
//! too), a random UUID as `[ID]`, the time of a line of JSON as `[TIME]`, the name of a deposed object as `[KEY]`,
//! what a test took as `[MS]`; whatever took a second because the machine is busy has taken `0s`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use crate::program::{GANTRY, is_update_wanted};

#[test]
fn every_scenario_comes_out_as_written() {
    let scenarios = scenarios();
    assert!(!scenarios.is_empty(), "there is no scenario");
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some(path) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(failure) = check(path) {
                failures.lock().expect("no check panicked").push(failure);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut failures = failures.into_inner().expect("no check panicked");
    failures.sort();
    assert!(failures.is_empty(), "\n{}\nUPDATE_EXPECT=1 writes what came out into the files.", failures.join("\n"));
}

#[test]
fn every_command_has_a_scenario_that_shows_its_help() {
    for name in cli::command_names() {
        let path = folder().join(format!("{}.txt", name.replace(' ', "-")));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let has_help = text.lines().any(|line| line == format!("-- run {name} -help"));
        assert!(has_help, "{} does not exist or does not run `{name} -help`", path.display());
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}

fn scenarios() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder of the scenarios can be read");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}

/// Runs a scenario; the error shows how what came out differs from what the file says.
fn check(path: &Path) -> Result<(), String> {
    let expected = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let actual = World::new().play(&expected);
    if actual == expected {
        return Ok(());
    }
    if is_update_wanted() {
        return fs::write(path, actual).map_err(|error| format!("{}: {error}", path.display()));
    }
    let difference = similar::TextDiff::from_lines(&expected, &actual).unified_diff().to_string();
    Err(format!("{}\n{difference}", path.display()))
}

/// A step with the lines behind it.
struct Step<'a> {
    word: &'a str,
    argument: &'a str,
    text: String,
}

const WORDS: [&str; 12] = [
    // sorted
    "bytes",
    "env",
    "exit",
    "file",
    "file-without-line-break",
    "link",
    "repeat",
    "run",
    "show",
    "stderr",
    "stdin",
    "stdout",
];

/// Cuts a scenario into its sentences and its steps.
fn steps(scenario: &str) -> (String, Vec<Step<'_>>) {
    let mut sentences = String::new();
    let mut steps: Vec<Step<'_>> = Vec::new();
    for line in scenario.lines() {
        let step = line.strip_prefix("-- ").map(|rest| rest.split_once(' ').unwrap_or((rest, "")));
        if let Some((word, argument)) = step.filter(|(word, _)| WORDS.contains(word)) {
            steps.push(Step { word, argument, text: String::new() });
        } else {
            let text = steps.last_mut().map_or(&mut sentences, |step| &mut step.text);
            text.push_str(line);
            text.push('\n');
        }
    }
    for step in &mut steps {
        if step.text.ends_with("\n\n") || step.text == "\n" {
            step.text.pop();
        }
    }
    (sentences, steps)
}

/// Folders and variables that nothing but one scenario sees.
struct World {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
    input: String,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).expect("a folder can be made in it");
        }
        World { folder, variables: BTreeMap::new(), input: String::new() }
    }

    /// Runs a scenario and returns it with what really came out.
    fn play(&mut self, scenario: &str) -> String {
        let (mut written, steps) = steps(scenario);
        for step in steps {
            match step.word {
                "exit" | "stderr" | "stdout" => continue,
                "show" => written.push_str(&self.show(step.argument)),
                "run" => written.push_str(&self.run(step.argument)),
                _ => {
                    written.push_str(format!("-- {} {}", step.word, step.argument).trim_end());
                    written.push_str(&format!("\n{}", step.text));
                    self.prepare(&step);
                }
            }
            written.push('\n');
        }
        while written.ends_with("\n\n") {
            written.pop();
        }
        written
    }

    fn prepare(&mut self, step: &Step<'_>) {
        match step.word {
            "stdin" => self.input = step.text.clone(),
            "env" => {
                let (name, value) = step.argument.split_once('=').expect("a variable is NAME=VALUE");
                self.variables.insert(name.to_owned(), value.to_owned());
            }
            "link" => {
                let (path, target) = step.argument.split_once(' ').expect("a link is PATH TARGET");
                link(target, &self.path(path));
            }
            "repeat" => {
                let (count, path) = step.argument.split_once(' ').expect("a repetition is COUNT PATH");
                let text = step.text.trim_end().repeat(count.parse().expect("COUNT is a number"));
                self.write(path, &[text.as_bytes(), b"\n"].concat());
            }
            "bytes" => self.write(step.argument, &bytes(&step.text)),
            "file" => self.write(step.argument, step.text.as_bytes()),
            _ => self.write(step.argument, step.text.trim_end_matches('\n').as_bytes()),
        }
    }

    fn write(&self, name: &str, text: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name.replace("[PLATFORM]", &platform()))
    }

    fn show(&self, name: &str) -> String {
        let text = fs::read_to_string(self.path(name)).unwrap_or_else(|error| format!("{error}\n"));
        format!("-- show {name}\n{text}{}", if text.ends_with('\n') { "" } else { "\n" })
    }

    fn run(&mut self, arguments: &str) -> String {
        let mut child = Command::new(GANTRY)
            .args(shlex::split(arguments).expect("quotes are closed"))
            .current_dir(self.folder.path().join("work"))
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .envs(&self.variables)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("it was asked for");
        // A program that does not read its input closes it: no reason to fail.
        _ = input.write_all(self.input.as_bytes());
        drop(input);
        self.input.clear();
        let output = child.wait_with_output().expect("the program ends");
        let mut written = format!("{}\n", format!("-- run {arguments}").trim_end());
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                written.push_str(&format!("-- {name}\n{}", self.neutral(bytes)));
            }
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => written.push_str(&format!("-- exit {code}\n")),
            None => written.push_str("-- exit by a signal\n"),
        }
        written
    }

    /// Returns output without what differs from machine to machine.
    fn neutral(&self, bytes: &[u8]) -> String {
        let folder = self.folder.path().to_string_lossy();
        let text = String::from_utf8_lossy(bytes).replace(folder.as_ref(), "[FOLDER]");
        let text = text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]").replace(&platform(), "[PLATFORM]");
        let text = without_milliseconds(&without_deposed_keys(&without_times(&without_identifiers(&text))));
        let text = without_seconds(&text);
        if text.ends_with('\n') { text } else { format!("{text}[no line break]\n") }
    }
}

/// Returns text without UUIDs: no two runs have the same.
fn without_identifiers(text: &str) -> String {
    const GROUPS: [usize; 5] = [8, 4, 4, 4, 12];
    const BYTES: usize = 36;
    let is_identifier = |candidate: &str| {
        let parts: Vec<&str> = candidate.split('-').collect();
        parts.iter().map(|part| part.len()).eq(GROUPS)
            && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.get(..BYTES).is_some_and(is_identifier) {
            out.push_str("[ID]");
            rest = &rest[BYTES..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Returns text without the times of lines of JSON.
fn without_times(text: &str) -> String {
    const BEFORE: &str = "\"@timestamp\":\"";
    let mut parts = text.split(BEFORE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('"').unwrap_or(0);
        out.push_str(&format!("{BEFORE}[TIME]{}", &part[end..]));
    }
    out
}

/// Returns text without the random names of deposed objects.
fn without_deposed_keys(text: &str) -> String {
    without(text, "(deposed object ", "[KEY]", |c| c == ')')
}

/// Returns text without what tests and their runs took.
fn without_milliseconds(text: &str) -> String {
    let text = without(text, "Run in the sandbox in ", "[MS]", |c| !c.is_ascii_digit());
    without(&text, "\"elapsed\":", "[MS]", |c| !c.is_ascii_digit())
}

/// Returns text in which nothing took any time: on a busy machine it takes seconds.
pub(crate) fn without_seconds(text: &str) -> String {
    const BEFORE: &str = " after ";
    let mut parts = text.split(BEFORE);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && !"hms".contains(c)).unwrap_or(part.len());
        let is_time = part.starts_with(|c: char| c.is_ascii_digit()) && part[..end].ends_with('s');
        out.push_str(&format!("{BEFORE}{}{}", if is_time { "0s" } else { &part[..end] }, &part[end..]));
    }
    without(&out, "\"elapsed_seconds\":", "0", |c| !c.is_ascii_digit())
}

/// Returns text with something else behind each place that it begins with, up to its end.
fn without(text: &str, before: &str, word: &str, is_end: fn(char) -> bool) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(is_end).unwrap_or(0);
        out.push_str(&format!("{before}{word}{}", &part[end..]));
    }
    out
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).expect("the link can be made");
}

#[cfg(not(unix))]
fn link(_target: &str, _path: &Path) {}

/// Reads bytes in hexadecimal, with white space anywhere between them.
fn bytes(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("a byte is two digits")).collect()
}

fn platform() -> String {
    let system = std::env::consts::OS.replace("macos", "darwin");
    let processor = std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64");
    format!("{system}_{processor}")
}

#[test]
fn a_scenario_that_comes_out_otherwise_is_seen() {
    let check = |scenario: &str, expected: &str| assert_eq!(World::new().play(scenario), expected);
    let right = "Nothing there.\n\n-- run fmt -check\n\n-- file a.txt\nx\n\n-- show a.txt\nx\n";
    check(right, right);
    check("Nothing there.\n\n-- run fmt -check\n-- stdout\nx\n-- exit 3\n\n-- file a.txt\nx\n\n-- show a.txt\n", right);
}
