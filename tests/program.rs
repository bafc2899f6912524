//! Gantry as it was built for these tests, run in folders with nothing of the user's around it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Where the program is.
pub(crate) const GANTRY: &str = env!("CARGO_BIN_EXE_gantry");
/// How long something that is bound to happen is waited for: only what never happens takes so long.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks whether it has happened.
const PAUSE: Duration = Duration::from_millis(20);

/// Makes Gantry ready to run in a folder, which is its home: no variable gets in, and nobody is there to be asked.
pub(crate) fn gantry(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(GANTRY);
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command
}

/// Runs a program that must end well, and returns what it writes to its standard output.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}\n{}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns all that a program has written.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Joins lines: messages are broken at the terminal's width, and have a bar beside them.
pub(crate) fn one_line(text: &str) -> String {
    text.replace('\u{2502}', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tells whether tests are to write down what came out as what they expect.
#[allow(clippy::disallowed_methods, reason = "a switch of the tests, not an input of the program")]
pub(crate) fn is_update_wanted() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1")
}

/// Waits until something holds.
pub(crate) fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if holds() {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    false
}

/// Tells whether a process is there; one that has ended and was not asked for its end is not.
pub(crate) fn is_alive(process: u32) -> bool {
    // Small systems have no `ps`, others no such folder.
    let state = match Path::new("/proc/self").exists() {
        true => {
            let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            status.rsplit_once(')').map(|(_, state)| state.to_owned()).unwrap_or_default()
        }
        false => {
            let state = Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output();
            String::from_utf8_lossy(&state.expect("ps runs").stdout).into_owned()
        }
    };
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}
