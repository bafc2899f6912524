//! An interrupted apply ends what is under way and starts nothing new; the next one goes on.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{gantry, succeed};

const CONFIGURATION: &str = r#"
provider "fake" {
  world = "world.json"
  delay = "6s"
}

ephemeral "fake_token" "t" {
  audience         = "first"
  lifetime_seconds = 2
}

resource "fake_object" "first" {
  name                = "first"
  password_wo         = ephemeral.fake_token.t.token
  password_wo_version = 1
}

resource "fake_object" "second" {
  name = fake_object.first.id
}
"#;

/// Starts an apply and interrupts it so often once its first step has begun, each time when it has heard the last one;
/// returns its exit code and what it prints.
fn interrupted(folder: &Path, times: usize) -> (Option<i32>, String) {
    std::fs::write(folder.join("main.tf"), CONFIGURATION).expect("the file can be written");
    let mut command = gantry(folder, &["apply", "-auto-approve"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it was asked for"));
    let mut text = String::new();
    for awaited in ["Creating...", "Stopping:"].into_iter().take(times) {
        let mut line = String::new();
        while !line.contains(awaited) {
            line.clear();
            assert_ne!(lines.read_line(&mut line).expect("lines can be read"), 0, "there is no {awaited}: {text}");
            text.push_str(&line);
        }
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal is not sent");
    }
    lines.read_to_string(&mut text).expect("text can be read");
    (child.wait().expect("the program ends").code(), text)
}

#[test]
fn one_interrupt_ends_what_is_under_way() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (code, text) = interrupted(folder.path(), 1);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("Stopping:") && text.contains("fake_object.first: Creation complete"), "{text}");
    assert!(!text.contains("fake_object.second: Creating"), "{text}");
    // What is open is kept open to the end and given back all the same.
    let token = |what: &str| text.contains(&format!("ephemeral.fake_token.t: {what} complete"));
    assert!(token("Renewing") && token("Closing"), "{text}");
    let state = std::fs::read_to_string(folder.path().join("gantry.state")).expect("the state can be read");
    assert!(state.contains("password_wo_version") && !state.contains("token-") && !text.contains("token-"), "{state}");
    assert_eq!(succeed(&mut gantry(folder.path(), &["state", "list"])), "fake_object.first\n");
}

#[test]
fn two_interrupts_leave_at_once_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let (code, text) = interrupted(folder.path(), 2);
    assert_eq!(code, Some(130), "{text}");
    let text = succeed(&mut gantry(folder.path(), &["apply", "-auto-approve"]));
    assert!(text.contains("Apply complete!"), "{text}");
    assert_eq!(succeed(&mut gantry(folder.path(), &["state", "list"])), "fake_object.first\nfake_object.second\n");
    let world = std::fs::read_to_string(folder.path().join("world.json")).expect("the world can be read");
    assert!(world.contains("\"made\":2,"), "more or less than two objects were made: {world}");
}
