//! Runs Terraform and Gantry in folders of their own.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A program to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    Terraform,
    OpenTofu,
    Gantry,
}

impl Program {
    /// Runs the program in a folder with a text for its input.
    pub(super) fn run(self, folder: &Path, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(folder, arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("it was asked for");
        // A program that does not read its input closes it: no reason to fail.
        _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        child.wait_with_output().expect("the program ends")
    }

    /// Returns the command that runs the program in a folder.
    pub(super) fn command(self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = match self {
            Program::Terraform => Command::new("terraform"),
            Program::OpenTofu => Command::new("tofu"),
            Program::Gantry => Command::new(crate::program::GANTRY),
        };
        // Nothing of the user's own set-up, and no question to a server whether there is a newer version.
        command.env("HOME", folder).env("TF_CLI_CONFIG_FILE", "/dev/null").env("CHECKPOINT_DISABLE", "1");
        for variable in ["TF_CLI_ARGS", "TF_DATA_DIR", "TF_LOG", "TF_WORKSPACE", "TF_INPUT", "GANTRY_CLI_ARGS"] {
            command.env_remove(variable);
        }
        command.current_dir(folder).args(arguments);
        command
    }
}

/// Tells whether there is a Terraform of the version that the expectations come from; says so if not.
pub(crate) fn is_terraform_there(what: &str) -> bool {
    const VERSION: &str = "1.11.4";
    let output = Command::new("terraform").args(["version", "-json"]).env("CHECKPOINT_DISABLE", "1").output();
    let reason = match output {
        Err(error) => format!("terraform does not run ({error})"),
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            if text.contains(&format!("\"terraform_version\": \"{VERSION}\"")) {
                return true;
            }
            format!("terraform is not version {VERSION}")
        }
    };
    println!("skipped: {what}: {reason}");
    false
}

/// Tells whether there is an OpenTofu; says so if not.
pub(super) fn is_open_tofu_there(what: &str) -> bool {
    let runs = Command::new("tofu").arg("version").env("CHECKPOINT_DISABLE", "1").output().is_ok();
    if !runs {
        println!("skipped: {what}, in OpenTofu: tofu does not run");
    }
    runs
}

/// Does `work` for every item, with all processors; the results stand in the items' order.
pub(super) fn in_parallel<Item: Sync, Result: Send>(
    items: &[Item],
    work: impl Fn(&Item) -> Result + Sync,
) -> Vec<Result> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(place) else { break };
                    let result = work(item);
                    results.lock().expect("no work panicked").push((place, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no work panicked");
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}
