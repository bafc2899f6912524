//! The tests of the built-in modules, as `gantry test` runs them in the sandbox.
#![allow(clippy::print_stdout, reason = "how long tests took is said")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::program::{eventually, gantry, said};

#[test]
fn the_tests_of_the_built_in_modules_pass() {
    // In a copy, as the command makes a folder for its data.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules");
    let copy = folder.path().join("modules");
    copy_folder(&from, &copy);
    let modules = modules_in(&copy);
    let mut tested = 0;
    for module in &modules {
        let name = module.strip_prefix(&copy).expect("it is in the copy").display();
        let mut command = gantry(module, &["test", "-no-color"]);
        let ran = command.env("HOME", folder.path()).output().expect("the program runs");
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{name}\n{out}\n{err}");
        let summary = out.lines().last().unwrap_or_default();
        println!("{name}: {summary} {}", err.lines().last().unwrap_or_default());
        tested += usize::from(!summary.contains(" 0 passed"));
    }
    assert!(tested >= 7, "{tested} of {} modules have tests", modules.len());
}

/// Returns the folders that hold a module.
fn modules_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for kind in std::fs::read_dir(folder).expect("it can be listed") {
        let kind = kind.expect("an entry can be read").path();
        let Ok(modules) = std::fs::read_dir(&kind) else { continue };
        found.extend(modules.map(|module| module.expect("an entry can be read").path()));
    }
    found.retain(|module| module.join("main.tf").is_file());
    found.sort();
    found
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("it can be listed") {
        let path = entry.expect("an entry can be read").path();
        let to = to.join(path.file_name().expect("it has a name"));
        match path.is_dir() {
            true => copy_folder(&path, &to),
            false => _ = std::fs::copy(&path, &to).expect("it can be copied"),
        }
    }
}

const WAITING: &str = r#"
variable "wait" {
  default = 0
}

resource "terraform_data" "a" {
  provisioner "local-exec" {
    command = "echo made >> log"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo gone >> log"
  }
}

resource "terraform_data" "b" {
  count = var.wait > 0 ? 1 : 0
  provisioner "local-exec" {
    command = "echo waits >> log; sleep ${var.wait}"
  }
}
"#;

/// A module with a test whose second run takes its time.
fn waiting(seconds: u32) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("main.tf"), WAITING).expect("a file can be written");
    let test = format!(
        "run \"makes\" {{\n}}\nrun \"waits\" {{\n  variables {{\n    wait = {seconds}\n  }}\n}}\nrun \"never\" {{\n}}\n"
    );
    fs::write(folder.path().join("a.tftest.hcl"), test).expect("a file can be written");
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = gantry(folder, arguments);
    command.env("PATH", "/usr/bin:/bin").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a test and returns when its second run waits.
fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut child = command(folder, arguments).spawn().expect("the program starts");
    if eventually(|| log(folder).contains("waits")) {
        return child;
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the second run does not begin: {:?}", log(folder));
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_test_after_its_run_and_destroys_what_it_has_made() {
    let folder = waiting(1);
    let child = start(folder.path(), &["test"]);
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a number of a process"));
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGINT).expect("it runs");
    let ended = child.wait_with_output().expect("it ends");
    let shown = said(&ended);
    assert!(!ended.status.success(), "{shown}");
    assert!(shown.contains("run \"waits\"... pass") && shown.contains("run \"never\"... skip"), "{shown}");
    assert_eq!(log(folder.path()), "made\nwaits\ngone\n");
}

#[test]
fn what_a_killed_test_has_left_in_a_real_cloud_is_destroyed_by_the_next() {
    let folder = waiting(1);
    let mut child = start(folder.path(), &["test", "-cloud"]);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(log(folder.path()), "made\nwaits\n", "nothing was destroyed yet");
    let again = command(folder.path(), &["test", "-cloud"]).output().expect("the program runs");
    assert!(again.status.success(), "{}", said(&again));
    // What was left goes first, then the runs begin from nothing.
    assert_eq!(log(folder.path()), "made\nwaits\ngone\nmade\nwaits\ngone\n");
    let left = fs::read_dir(folder.path().join(".gantry/tests/a.tftest.hcl")).expect("it was made").count();
    assert_eq!(left, 0, "no state is left");
}
