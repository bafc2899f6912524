//! Providers that nobody here has written, in Gantry and in Terraform.
//!
//! They are looked for in `tmp/providers` of the target folder, where `.ci/run` puts those that can be installed.

mod chance;
mod features;
mod killed;
mod lives;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;

use super::world::{GANTRY, World};

/// Adds the plugins of these names; where one is not there, says so and returns nothing.
fn world(what: &str, names: &[&str]) -> Option<World> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers");
    let mut world = World::new();
    for name in names {
        let program: PathBuf = folder.join(format!("terraform-provider-{name}"));
        if !program.is_file() {
            println!("skipped: {what}: {} is not there", program.display());
            return None;
        }
        world.program(&format!("hashicorp/{name}"), &program);
    }
    Some(world)
}

/// A folder for each program with the same plugins: ours first, and Terraform's where it is there.
fn worlds(what: &str, names: &[&str]) -> Vec<(&'static str, World)> {
    let Some(ours) = world(what, names) else { return Vec::new() };
    let mut worlds = vec![(GANTRY, ours)];
    match Command::new("terraform").arg("version").output() {
        Ok(_) => worlds.extend(world(what, names).map(|theirs| ("terraform", theirs))),
        Err(error) => println!("skipped: {what}, beside Terraform: {error}"),
    }
    worlds
}

/// Runs a program, which must succeed, and returns what it prints.
#[track_caller]
fn run(world: &World, program: &str, arguments: &[&str]) -> String {
    let output = output(world, program, arguments);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}\n{errors}");
    text
}

fn output(world: &World, program: &str, arguments: &[&str]) -> Output {
    world.command(program, arguments).output().expect("the program starts")
}

/// Runs a program, which must succeed, and returns the JSON that it prints.
#[track_caller]
fn json(world: &World, program: &str, arguments: &[&str]) -> Json {
    let text = run(world, program, arguments);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{program} {arguments:?}: {error}: {text}"))
}

/// Returns the places where Terraform's and our JSON differ, each with how.
fn differences(theirs: &Json, ours: &Json, place: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    crate::terraform::differences(theirs, ours, place.to_owned(), &mut found);
    found
}

/// Returns the attributes of a managed object or a data source in what `show -json` says of a state or a plan.
fn values<'a>(shown: &'a Json, part: &str, address: &str) -> &'a Json {
    let resources = shown[part]["root_module"]["resources"].as_array().expect("there are resources");
    let found = resources.iter().find(|resource| resource["address"] == address);
    &found.unwrap_or_else(|| panic!("{address} is not in {shown}"))["values"]
}
