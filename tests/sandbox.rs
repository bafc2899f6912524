//! The sandbox as clients see it that others wrote: `aws`, `boto3`, `kubectl`, the Kubernetes client for Python.
//!
//! Each test starts `gantry sandbox serve` in a folder of its own. `kubectl` comes from the PATH, the rest from a virtual
//! environment: the folder that `GANTRY_TEST_PYTHON` names, or the one that `.ci/run` makes. What is not there is skipped, and
//! says so.
#![cfg(unix)]

mod aws;
mod differential;
mod eks;
mod faults;
mod identity;
mod inside;
mod kills;
mod moto;
mod network;
mod pains;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value as Json;

use crate::program::{GANTRY, eventually};

/// A speed at which ten minutes of a cloud are six milliseconds of ours: waiters of clients look once in half a minute.
const FAST: &str = "-speed=100000";

/// A sandbox that is served, in a folder of its own.
struct Sandbox {
    folder: tempfile::TempDir,
    process: Child,
}

/// What a program did.
#[derive(Debug)]
struct Ran {
    is_good: bool,
    out: String,
    err: String,
}

impl Sandbox {
    /// Serves a new sandbox.
    fn start(arguments: &[&str]) -> Sandbox {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let process = serve(folder.path(), arguments);
        Sandbox { folder, process }
    }

    /// Ends the server, without a chance to clean up if it is to be killed.
    fn end(&mut self, signal: Signal) {
        kill(Pid::from_raw(self.process.id() as i32), signal).expect("the server runs");
        let ended = self.process.wait().expect("it ends");
        assert!(signal == Signal::SIGKILL || ended.success(), "an interrupt is a good end: {ended}");
    }

    /// Ends the server, and serves the same world again.
    fn restart(&mut self, signal: Signal, arguments: &[&str]) {
        self.end(signal);
        self.process = serve(self.folder.path(), arguments);
    }

    /// Runs a command of Gantry's in the folder.
    fn gantry(&self, arguments: &[&str]) -> Ran {
        run(self.command(Path::new(GANTRY)).args(arguments))
    }

    /// Runs a command of Gantry's that must go well, and reads what it prints.
    fn gantry_json(&self, arguments: &[&str]) -> Json {
        let ran = self.gantry(arguments);
        assert!(ran.is_good, "{arguments:?}: {ran:?}");
        serde_json::from_str(&ran.out).expect("it is JSON")
    }

    /// Returns the variables that clients need.
    fn variables(&self) -> BTreeMap<String, String> {
        let Json::Object(variables) = self.gantry_json(&["sandbox", "env", "-json"]) else { panic!("an object") };
        variables.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
    }

    /// Runs a client; nothing if it is not there.
    fn client(&self, program: &str, arguments: &[&str]) -> Option<Ran> {
        let program = find(program)?;
        Some(run(self.command(&program).envs(self.variables()).args(arguments)))
    }

    /// Runs a client that must go well; `false` if it is not there. `expected` is a part of what it prints.
    fn check(&self, program: &str, arguments: &[&str], expected: &str) -> bool {
        let Some(ran) = self.client(program, arguments) else { return false };
        assert!(ran.is_good && ran.out.contains(expected), "{program} {arguments:?}: {ran:#?}\nlog:\n{}", self.log());
        true
    }

    /// Runs a client that must fail; `expected` is a part of what it says about it.
    fn check_failure(&self, program: &str, arguments: &[&str], expected: &str) -> bool {
        let Some(ran) = self.client(program, arguments) else { return false };
        assert!(!ran.is_good && ran.err.contains(expected), "{program} {arguments:?}: {ran:#?}\nlog:\n{}", self.log());
        true
    }

    fn log(&self) -> String {
        self.gantry(&["sandbox", "log", "-last=10"]).out
    }

    fn command(&self, program: &Path) -> Command {
        command(self.folder.path(), program)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes a command with an environment that knows nothing of the user's.
fn command(folder: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null());
    let python = python().map(|python| python.join("bin"));
    let mut path: Vec<PathBuf> = python.into_iter().collect();
    path.extend(search_path());
    command.env("PATH", std::env::join_paths(path).expect("no folder has a colon in its name"));
    command
}

/// Makes Gantry ready to run in the sandbox of a folder: the one that is served there, or one inside, whose time waits for work.
fn gantry(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = command(folder, Path::new(GANTRY));
    command.env("GANTRY_SANDBOX", "1").args(arguments);
    command
}

fn serve(folder: &Path, arguments: &[&str]) -> Child {
    // One that was killed has left it behind.
    let _ = std::fs::remove_file(folder.join(".gantry/sandbox/address.json"));
    let mut command = command(folder, Path::new(GANTRY));
    let process = command.args(["sandbox", "serve"]).args(arguments).stdout(Stdio::null()).spawn();
    let mut process = process.expect("gantry starts");
    if eventually(|| folder.join(".gantry/sandbox/address.json").exists()) {
        return process;
    }
    let _ = process.kill();
    let _ = process.wait();
    panic!("the sandbox is not served");
}

fn run(command: &mut Command) -> Ran {
    let output = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { is_good: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
}

/// Returns the virtual environment of the clients in Python.
#[allow(clippy::disallowed_methods, reason = "the surroundings of the test, not of the program")]
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("GANTRY_TEST_PYTHON").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("python"));
    folder.join("bin/python3").exists().then_some(folder)
}

#[allow(clippy::disallowed_methods, reason = "the surroundings of the test, not of the program")]
fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// Finds a client; says that the test is skipped where there is none.
#[allow(clippy::print_stderr, reason = "a test that checks nothing has to say so")]
fn find(program: &str) -> Option<PathBuf> {
    let folders = python().map(|python| python.join("bin")).into_iter().chain(search_path());
    let found = folders.map(|folder| folder.join(program)).find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: there is no {program} here");
    }
    found
}

/// Waits until something holds; the text says what it is.
fn wait_for(what: &str, holds: impl FnMut() -> bool) {
    assert!(eventually(holds), "it does not come to it that {what}");
}
