//! Real providers, and Gantry with them, cut off in the middle.

use std::process::{Child, Stdio};

use super::world;
use crate::providers::world::{GANTRY, World, eventually, one_line, signal};

/// A file, a sleep behind it, and a file behind that.
fn chain(world: &World, duration: &str) {
    world.write(
        "main.tf",
        &format!(
            "resource \"local_file\" \"first\" {{\n  filename = \"made/first\"\n  content  = \"1\"\n}}\nresource \
             \"time_sleep\" \"a\" {{\n  create_duration = \"{duration}\"\n  depends_on      = [local_file.first]\n}}\nresource \
             \"local_file\" \"last\" {{\n  filename = \"made/last\"\n  content  = time_sleep.a.id\n}}\n"
        ),
    );
}

/// Starts an apply and waits until the sleep has begun, by what its provider says of itself, and the file before it is known.
fn sleeping(world: &World) -> Child {
    let mut command = world.command(GANTRY, &["apply", "-auto-approve"]);
    command.env("TF_LOG", "trace").env("TF_LOG_PATH", world.path("log"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("gantry starts");
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    let sleeps = |line: &str| line.contains("defined Resource Create") && line.contains("time_sleep");
    assert!(eventually(|| read("log").lines().any(sleeps)), "the sleep begins");
    assert!(eventually(|| read("gantry.state").contains(r#""address":"local_file.first""#)), "the first file is known");
    child
}

/// Applies again, and looks that everything is there once.
fn goes_on(world: &World) {
    assert_eq!(world.run(&["state", "list"]), "local_file.first\n");
    chain(world, "1s");
    world.run(&["apply", "-auto-approve"]);
    assert_eq!(world.run(&["state", "list"]), "local_file.first\nlocal_file.last\ntime_sleep.a\n");
    assert!(world.run(&["plan"]).contains("No changes"));
    world.run(&["destroy", "-auto-approve"]);
    assert!(!world.path("made/first").exists() && !world.path("made/last").exists(), "nothing is left");
}

#[test]
fn a_sleep_cut_off_by_the_end_of_its_provider_is_slept_again() {
    let Some(world) = world("a killed provider", &["local", "time"]) else { return };
    chain(&world, "1h");
    let child = sleeping(&world);
    let process = world.starts().into_iter().find(|(name, _)| name == "time").expect("the provider is started");
    signal(process.1, "KILL");
    let output = child.wait_with_output().expect("gantry ends");
    let errors = one_line(&String::from_utf8_lossy(&output.stderr));
    assert!(errors.contains("was killed by signal 9"), "{errors}");
    goes_on(&world);
}

#[test]
fn a_killed_gantry_goes_on_where_it_was_and_leaves_no_provider_behind() {
    let Some(world) = world("a killed gantry", &["local", "time"]) else { return };
    chain(&world, "1h");
    let mut child = sleeping(&world);
    child.kill().expect("gantry is killed");
    child.wait().expect("gantry ends");
    world.nothing_lingers();
    world.forget_starts();
    goes_on(&world);
}

#[test]
fn an_interrupt_reaches_the_provider() {
    let Some(world) = world("an interrupt", &["local", "time"]) else { return };
    chain(&world, "1h");
    let child = sleeping(&world);
    signal(child.id(), "INT");
    // Nobody would wait for an hour: the provider stops sleeping when it is told to.
    let output = child.wait_with_output().expect("gantry ends");
    assert!(!output.status.success());
}
