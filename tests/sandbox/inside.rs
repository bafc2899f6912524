//! `-sandbox`: the commands of Gantry themselves, with the sandbox inside.

use std::fs;
use std::path::Path;

use super::{Ran, Sandbox, command, run};
use crate::program::GANTRY;

const CONFIGURATION: &str = r#"
provider "fake" {
  world = "world.json"
  delay = "10m"
}

resource "fake_object" "slow" {
  name = "slow"
}

resource "terraform_data" "seen" {
  provisioner "local-exec" {
    command = "env | grep -E '^(AWS|KUBE)' | sort > seen"
  }
}
"#;

/// Runs Gantry as a user who has real credentials.
fn as_user(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(folder, Path::new(GANTRY));
    command.env("AWS_PROFILE", "prod").env("AWS_SESSION_TOKEN", "leaked").env("KUBECONFIG", "/real");
    run(command.args(arguments))
}

fn check(folder: &Path, arguments: &[&str], is_good: bool, said: &str) {
    let ran = as_user(folder, arguments);
    assert!(ran.is_good == is_good && format!("{}{}", ran.out, ran.err).contains(said), "{arguments:?}: {ran:#?}");
}

/// Returns how long the slow object took, in minutes of the sandbox: ten and more, as whoever is woken late sees more time.
fn minutes(said: &str) -> u64 {
    let took = said.split("fake_object.slow: Creation complete after ").nth(1).and_then(|rest| rest.split(' ').next());
    let (hours, rest) = took.map_or(("0", ""), |took| took.split_once('h').unwrap_or(("0", took)));
    let minutes = rest.split_once('m').map_or("0", |(minutes, _)| minutes);
    hours.parse::<u64>().unwrap_or_default() * 60 + minutes.parse::<u64>().unwrap_or_default()
}

#[test]
fn a_command_in_the_sandbox_sees_its_clouds_and_its_time_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("main.tf"), CONFIGURATION).expect("a file");
    let made = as_user(folder, &["apply", "-auto-approve", "-sandbox"]);
    assert!(made.is_good && minutes(&made.out) >= 10, "{made:#?}");
    let seen = fs::read_to_string(folder.join("seen")).expect("the command ran");
    assert!(seen.contains("AWS_ENDPOINT_URL=http://127.0.0.1:"), "{seen}");
    assert!(seen.contains(".gantry/sandbox/clusters.kubeconfig"), "{seen}");
    assert!(!seen.contains("prod") && !seen.contains("leaked") && !seen.contains("/real"), "{seen}");

    // Neither world takes the other's state for its own.
    check(folder, &["plan"], false, "A state of the sandbox");
    check(folder, &["plan", "--sandbox"], true, "No changes");
    check(folder, &["-sandbox", "plan"], true, "No changes");
    check(folder, &["destroy", "-auto-approve", "-sandbox"], true, "Destroy complete");
    fs::write(folder.join("main.tf"), "resource \"terraform_data\" \"real\" {}").expect("a file");
    check(folder, &["apply", "-auto-approve"], true, "Apply complete");
    check(folder, &["plan", "-sandbox"], false, "Not a state of the sandbox");
    check(folder, &["plan"], true, "No changes");
}

#[test]
fn a_command_uses_the_sandbox_that_someone_serves() {
    let sandbox = Sandbox::start(&["-speed=600"]);
    let folder = sandbox.folder.path();
    fs::write(folder.join("main.tf"), CONFIGURATION).expect("a file");
    let ran = run(&mut super::gantry(folder, &["apply", "-auto-approve"]));
    assert!(ran.is_good && minutes(&ran.out) >= 10, "{ran:#?}");
    let seen = fs::read_to_string(folder.join("seen")).expect("the command ran");
    let endpoint = &sandbox.variables()["AWS_ENDPOINT_URL"];
    assert!(seen.contains(&format!("AWS_ENDPOINT_URL={endpoint}")), "{seen}");
}
