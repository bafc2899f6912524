//! Programs that are no providers, or have gone mad: each gives a diagnostic that says what it did, and none is left behind.

use super::world::World;

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    broken = { source = "example.com/test/broken" }
  }
}

resource "broken_thing" "a" {}
"#;

/// How long a program may take to do what is complained about, however busy the machine is.
const PATIENCE_SECONDS: &str = "120";

fn check(script: &str, expected: &[&str]) {
    check_starts(1, PATIENCE_SECONDS, script, expected);
}

/// Checks what is said of a program that says nothing that counts.
fn check_silent(script: &str, expected: &[&str]) {
    check_starts(1, "5", script, &[&["It said nothing for 5 seconds"], expected].concat());
}

fn check_starts(starts: usize, patience: &str, script: &str, expected: &[&str]) {
    let mut world = World::new();
    world.script("example.com/test/broken", script);
    world.write("main.tf", CONFIGURATION);
    let mut command = world.command(super::world::GANTRY, &["plan"]);
    let output = command.env("GANTRY_PLUGIN_TIMEOUT", patience).output().expect("gantry starts");
    let errors = super::world::one_line(&String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success(), "{script:?}: {errors}");
    for part in expected {
        assert!(errors.contains(part), "{script:?}: {part:?} is not in: {errors}");
    }
    assert_eq!(world.starts().len(), starts, "starts of {script:?}");
    world.nothing_lingers();
}

#[test]
fn one_that_ends_at_once_is_quoted() {
    let expected = ["example.com/test/broken", "could not be started", "ended with exit code 3", "no licence found"];
    check("echo 'no licence found' >&2; exit 3", &expected);
    check("exit 0", &["ended without a word", "ended with exit code 0"]);
}

#[test]
fn one_that_prints_something_else_is_quoted() {
    check("echo 'hello there'; sleep 60", &["first line is not that of a provider", "\"hello there"]);
    check("cat /dev/urandom", &["first line is not that of a provider"]);
    check_silent("yes | tr -d '\\n'", &[]);
}

#[test]
fn one_that_says_nothing_is_waited_for_only_so_long() {
    check_silent("echo 'still warming up' >&2; sleep 60", &["still warming up"]);
}

#[test]
fn one_that_speaks_another_language_is_told_of() {
    check("echo '1|4|tcp|127.0.0.1:1|grpc|'; sleep 60", &["version 4", "Gantry speaks 5 and 6"]);
    check("echo '1|5|tcp|127.0.0.1:1|netrpc|'; sleep 60", &["\"netrpc\""]);
    check("echo '1|5|tcp|192.0.2.1:1|grpc|'; sleep 60", &["not on this machine"]);
}

#[test]
fn one_that_nobody_answers_for_is_told_of() {
    // A port is open to others, so that it is started again to talk with encryption.
    let expected = ["cannot be talked with", "connecting to 127.0.0.1:1 failed"];
    check_starts(2, PATIENCE_SECONDS, "echo '1|5|tcp|127.0.0.1:1|grpc|'; sleep 60", &expected);
    let script = "echo '1|6|unix|/nowhere/socket|grpc|'; sleep 60";
    check_starts(2, PATIENCE_SECONDS, script, &["cannot be talked with", "/nowhere/socket"]);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let world = World::new();
    world.write("main.tf", CONFIGURATION);
    let errors = world.fails(&["plan"]);
    assert!(errors.contains("example.com/test/broken") && errors.contains("gantry init"), "{errors}");
}
