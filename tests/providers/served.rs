//! Our own fake provider through the protocol: everything is as if it were linked in.

use super::world::{GANTRY, World};
use crate::cli::without_seconds;

const THEIRS: &str = r#"
terraform {
  required_providers {
    fake = { source = "example.com/test/fake" }
  }
}
"#;

const BEFORE: &str = r#"
provider "fake" {
  world = "world.json"
}

resource "fake_object" "a" {
  name = "a"
  tags = { owner = "me" }
  rules = [{ port = 80 }, { port = 443, protocol = "tcp" }]
}

resource "fake_object" "b" {
  for_each = toset(["x", "y"])
  name     = "b-${each.key}-${fake_object.a.id}"
}

data "fake_object" "found" {
  name       = "a"
  depends_on = [fake_object.a]
}

output "revision" {
  value = fake_object.a.revision
}
"#;

/// Runs a whole life and returns what was printed. One thing at a time: the world numbers objects as they come.
fn life(world: World, head: &str) -> Vec<String> {
    let mut said = Vec::new();
    let mut step = |world: &World, arguments: &[&str]| said.push(without_seconds(&world.run(arguments)));
    world.write("main.tf", &format!("{head}{BEFORE}"));
    step(&world, &["validate"]);
    step(&world, &["plan"]);
    step(&world, &["apply", "-auto-approve", "-parallelism=1"]);
    step(&world, &["plan"]);
    let after = BEFORE.replace("owner = \"me\"", "owner = \"you\"").replace("\"x\", \"y\"", "\"y\", \"z\"");
    world.write("main.tf", &format!("{head}{after}"));
    step(&world, &["plan"]);
    step(&world, &["apply", "-auto-approve", "-parallelism=1"]);
    step(&world, &["state", "list"]);
    step(&world, &["show"]);
    step(&world, &["destroy", "-auto-approve", "-parallelism=1"]);
    world.nothing_lingers();
    world.forget_starts();
    said
}

#[test]
fn a_life_over_the_wire_looks_like_one_that_is_linked_in() {
    let mut plugin = World::new();
    plugin.fake();
    let (theirs, ours) = (life(plugin, THEIRS), life(World::new(), ""));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs, ours);
    }
}

#[test]
fn problems_of_a_plugin_point_into_the_configuration() {
    let mut world = World::new();
    world.fake();
    world.write("main.tf", &format!("{THEIRS}\nresource \"fake_object\" \"a\" {{\n  name = \"\"\n}}\n"));
    let errors = world.fails(&["validate"]);
    assert!(errors.contains("on main.tf line 9") && errors.contains("name = \"\""), "{errors}");
}

/// Right as far as validation knows, and wrong once more is known: the first while planning, the second in the apply.
const KNOWN_LATE: &str = r#"
provider "fake" {
  world = "world.json"
}

variable "name" {
  default = ""
}

resource "fake_object" "first" {
  name = "a"
}

resource "fake_object" "late" {
  count = 2
  name  = NAME
}
"#;

#[test]
fn configurations_are_validated_again_with_what_is_known_by_then() {
    let complaints = |world: &World, program: &str, arguments: &[&str]| {
        let output = world.command(program, arguments).output().expect("the program starts");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), errors.matches("Error: Empty text").count(), errors)
    };
    let programs = [(GANTRY, "", false), (GANTRY, THEIRS, true), ("terraform", THEIRS, true)];
    for (program, head, is_plugin) in programs {
        if program == "terraform" && std::process::Command::new(program).arg("version").output().is_err() {
            println!("skipped: late validation beside Terraform: it is not there");
            continue;
        }
        let mut world = World::new();
        if is_plugin {
            world.fake();
        }
        let write = |name: &str| world.write("main.tf", &format!("{head}{}", KNOWN_LATE.replace("NAME", name)));
        write("var.name");
        let (is_valid, _, errors) = complaints(&world, program, &["validate", "-no-color"]);
        assert!(is_valid, "{program}: {errors}");
        let (is_planned, count, errors) = complaints(&world, program, &["plan", "-no-color"]);
        assert!(!is_planned && count == 2 && errors.contains("on main.tf line"), "{program}: {errors}");
        write("replace(fake_object.first.id, \"/.*/\", \"\")");
        let (is_planned, _, errors) = complaints(&world, program, &["plan", "-no-color"]);
        assert!(is_planned, "{program}: {errors}");
        let (is_applied, count, errors) = complaints(&world, program, &["apply", "-auto-approve", "-no-color"]);
        assert!(!is_applied && count == 2, "{program}: {errors}");
    }
}

#[test]
fn a_plugin_that_listens_at_a_port_is_talked_with_over_tls() {
    let mut world = World::new();
    // Without a folder for its socket it takes a port, which anybody on the machine may connect to.
    let serve = format!("PLUGIN_UNIX_SOCKET_DIR=/nowhere exec '{GANTRY}' provider serve fake");
    world.script("example.com/test/fake", &serve);
    world.write("main.tf", &format!("{THEIRS}{BEFORE}"));
    let mut command = world.command(GANTRY, &["plan"]);
    let output = command.env("TF_LOG", "debug").env("TF_LOG_PATH", world.path("log")).output().expect("gantry starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = std::fs::read_to_string(world.path("log")).expect("there is a log");
    assert!(log.contains("others could listen in: starting it again, with encryption"), "{log}");
    assert_eq!(world.starts().len(), 2, "{:?}", world.starts());
    world.run(&["apply", "-auto-approve"]);
    world.nothing_lingers();
}
