//! Plugins that are killed, and plugins whose program is killed.

use std::fs;
use std::process::Stdio;

use super::world::{World, eventually, one_line, signal};

const HEAD: &str = r#"
terraform {
  required_providers {
    fake = { source = "example.com/test/fake" }
  }
}

provider "fake" {
  world = "world.json"
}
"#;

fn world(size: u32, delay: &str) -> World {
    let mut world = World::new();
    world.fake();
    configure(&world, size, delay);
    world
}

fn configure(world: &World, size: u32, delay: &str) {
    let object =
        format!("resource \"fake_object\" \"a\" {{\n  name  = \"a\"\n  size  = {size}\n  delay = \"{delay}\"\n}}\n");
    world.write("main.tf", &format!("{HEAD}{object}"));
}

/// Waits until the fake cloud has been called: the call that it belongs to is then under way for as long as `delay` says.
fn wait_for_call(world: &World, call: &str) {
    let is_made = || {
        let text = fs::read_to_string(world.path("world.json")).unwrap_or_default();
        let cloud: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        cloud["calls"][call].as_u64().is_some_and(|count| count > 0)
    };
    assert!(eventually(is_made), "the fake cloud is not asked to {call}");
}

/// Starts an apply, and kills the plugin once its call is under way; returns what Gantry complains about.
fn plugin_killed(world: &World, call: &str) -> String {
    world.forget_starts();
    let child = world.start(&["apply", "-auto-approve"]);
    wait_for_call(world, call);
    signal(world.starts()[0].1, "KILL");
    let output = child.wait_with_output().expect("gantry ends");
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    one_line(&String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_plugin_killed_during_an_update_is_told_of_and_the_next_apply_converges() {
    let world = world(1, "0s");
    world.run(&["apply", "-auto-approve"]);
    configure(&world, 2, "4s");
    let errors = plugin_killed(&world, "update fake_object");
    assert!(errors.contains("was killed by signal 9 during a call of ApplyResourceChange"), "{errors}");
    assert_eq!(world.run(&["state", "list"]), "fake_object.a\n");
    // The fake cloud goes on with what it was told, and takes nothing else for the object until then.
    assert!(eventually(|| world.gantry(&["apply", "-auto-approve"]).status.success()), "the next apply converges");
    assert!(world.run(&["plan"]).contains("No changes"));
    world.nothing_lingers();
}

#[test]
fn a_plugin_killed_during_a_creation_leaves_a_question_that_the_user_can_answer() {
    let world = world(1, "20s");
    let errors = plugin_killed(&world, "create fake_object");
    assert!(errors.contains("was killed by signal 9 during a call of ApplyResourceChange"), "{errors}");
    configure(&world, 1, "0s");
    let errors = world.fails(&["apply", "-auto-approve"]);
    assert!(errors.contains("fake_object.a") && errors.contains("gantry state rm fake_object.a"), "{errors}");
    world.run(&["state", "rm", "fake_object.a"]);
    // It was on its way, so the fake cloud finds it there and says so.
    world.run(&["apply", "-auto-approve"]);
    assert!(world.run(&["plan"]).contains("No changes"));
}

#[test]
fn a_plugin_that_hangs_is_ended() {
    let world = world(1, "60s");
    let mut command = world.command(super::world::GANTRY, &["apply", "-auto-approve"]);
    let command = command.env("GANTRY_PLUGIN_TIMEOUT", "10").stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().expect("gantry starts");
    wait_for_call(&world, "create fake_object");
    signal(world.starts()[0].1, "STOP");
    let output = child.wait_with_output().expect("gantry ends");
    let errors = one_line(&String::from_utf8_lossy(&output.stderr));
    assert!(errors.contains("did not answer a call of ApplyResourceChange within 10 seconds"), "{errors}");
    world.nothing_lingers();
}

#[test]
fn plugins_end_with_a_gantry_that_is_killed() {
    let world = world(1, "60s");
    let mut child = world.start(&["apply", "-auto-approve"]);
    wait_for_call(&world, "create fake_object");
    child.kill().expect("gantry is killed");
    child.wait().expect("gantry ends");
    world.nothing_lingers();
}

#[test]
fn plugins_end_with_a_gantry_that_is_interrupted_twice() {
    let world = world(1, "60s");
    let mut child = world.start(&["apply", "-auto-approve"]);
    wait_for_call(&world, "create fake_object");
    // Two signals that come at once are one: so many are sent that two are seen.
    assert!(eventually(|| {
        signal(child.id(), "INT");
        child.try_wait().expect("gantry can be asked about").is_some()
    }));
    world.nothing_lingers();
}
