//! Runs that are killed at any moment lose nothing: what exists is known to the next run, and nothing exists twice.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::program::{eventually, gantry, succeed};

/// Objects of the configuration: enough that a run takes longer than the latest kill.
const OBJECTS: usize = 60;
/// Runs that are killed, of applies and of destroys each.
const KILLS: u64 = 6;

const CONFIGURATION: &str = r#"
provider "fake" {
  world = "world.json"
}

resource "fake_object" "o" {
  count = 60
  name  = "o${count.index}"
  delay = "200ms"
}
"#;

#[track_caller]
fn run(folder: &Path, args: &[&str]) -> String {
    succeed(&mut gantry(folder, args))
}

/// Starts a run and kills it after a while, as `kill -9` does.
fn killed(folder: &Path, args: &[&str], after: Duration) {
    let mut child = gantry(folder, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("gantry starts");
    std::thread::sleep(after);
    let _ = child.kill();
    let _ = child.wait();
}

/// Returns the names of the objects that exist in the fake cloud.
fn existing(folder: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(folder.join("world.json")) else { return Vec::new() };
    let world: serde_json::Value = serde_json::from_str(&text).expect("the world is whole: it is replaced at once");
    let objects = world["objects"].as_object().cloned().unwrap_or_default();
    let mut names: Vec<String> = objects.values().map(|object| object.to_string()).collect();
    names.sort();
    names
}

#[test]
fn killed_runs_lose_nothing_and_make_nothing_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("main.tf"), CONFIGURATION).expect("the configuration is written");
    for round in 0..KILLS {
        killed(folder, &["apply", "-auto-approve"], Duration::from_millis(60 + 90 * round));
        assert!(existing(folder).len() <= OBJECTS, "an object exists twice after kill {round}");
    }
    run(folder, &["apply", "-auto-approve"]);
    assert_eq!(existing(folder).len(), OBJECTS);
    assert!(run(folder, &["plan"]).contains("No changes"), "an apply after kills converges");
    for round in 0..KILLS {
        killed(folder, &["destroy", "-auto-approve"], Duration::from_millis(60 + 90 * round));
    }
    run(folder, &["destroy", "-auto-approve"]);
    assert_eq!(existing(folder), Vec::<String>::new(), "a destroy after kills leaves nothing behind");
}

/// What goes on until it is told that it may end.
const LONG: &str = r#"
resource "terraform_data" "long" {
  provisioner "local-exec" {
    command = "touch begun; while [ ! -e enough ]; do sleep 0.05; done"
  }
}
"#;

#[test]
fn a_second_run_does_not_write_while_the_first_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let configuration = format!("{CONFIGURATION}{LONG}");
    std::fs::write(folder.join("main.tf"), configuration).expect("the configuration is written");
    let mut first = gantry(folder, &["apply", "-auto-approve"]).stdout(Stdio::null()).spawn().expect("gantry starts");
    assert!(eventually(|| folder.join("begun").exists()), "the first run is under way");
    let second = gantry(folder, &["apply", "-auto-approve"]).output().expect("gantry starts");
    let errors = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        !second.status.success() && errors.contains("locked by `apply`"),
        "the second run says who is at it: {errors}"
    );
    std::fs::write(folder.join("enough"), "").expect("the file is written");
    assert!(first.wait().expect("the first run ends").success());
    assert_eq!(existing(folder).len(), OBJECTS);
}

/// The same objects as above, with another remark: they are imported and then changed.
const IMPORTS: &str = r#"
provider "fake" {
  world = "world.json"
}

import {
  for_each = range(60)
  to       = fake_object.taken[each.value]
  id       = "object-${each.value + 1}"
}

resource "fake_object" "taken" {
  count = 60
  name  = "o${count.index}"
  delay = "100ms"
  tags  = { taken = "yes" }
}
"#;

#[test]
fn killed_imports_lose_nothing_and_make_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let made = CONFIGURATION.replace("200ms", "0s");
    std::fs::write(folder.join("main.tf"), made).expect("the configuration is written");
    run(folder, &["apply", "-auto-approve", "-parallelism=1"]);
    std::fs::remove_file(folder.join("gantry.state")).expect("there is a state");
    std::fs::write(folder.join("main.tf"), IMPORTS).expect("the configuration is written");
    for round in 0..KILLS {
        killed(folder, &["apply", "-auto-approve"], Duration::from_millis(60 + 60 * round));
        assert_eq!(existing(folder).len(), OBJECTS, "kill {round} made or lost an object");
    }
    run(folder, &["apply", "-auto-approve"]);
    assert!(run(folder, &["plan"]).contains("No changes"), "an apply after kills converges");
    let taken = existing(folder).iter().filter(|object| object.contains(r#""taken":"yes""#)).count();
    assert_eq!((existing(folder).len(), taken), (OBJECTS, OBJECTS), "all objects are the ones that were imported");
}
