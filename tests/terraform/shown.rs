//! Plans of the fake provider in both programs: every form of attribute and block is shown alike, whatever happens to it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::plans::without_id;
use super::program::{Program, is_terraform_there};

const HEAD: &str = r#"
terraform {
  required_providers {
    fake = { source = "gantry.dev/gantry/fake" }
  }
}
provider "fake" {
  world = "world.json"
}
"#;

/// One after the other they are planned and applied.
const STAGES: [&str; 3] =
    [include_str!("shown/first.tf"), include_str!("shown/second.tf"), include_str!("shown/third.tf")];

/// Imports an object that has no configuration.
const IMPORT: &str = include_str!("shown/import.tf");

#[test]
fn objects_of_a_plugin_are_shown_as_by_terraform() {
    if !is_terraform_there("plans of a plugin beside Terraform's") {
        return;
    }
    let (theirs, ours) = (life(Program::Terraform), life(Program::Gantry));
    assert_eq!(theirs.len(), ours.len());
    for ((what, theirs), (_, ours)) in theirs.iter().zip(&ours) {
        let difference = similar::TextDiff::from_lines(theirs, ours).unified_diff().to_string();
        assert!(theirs == ours, "{what}\n{difference}");
        assert!(!theirs.is_empty(), "{what}: there is nothing to compare");
    }
}

/// Returns what the program shows at each station of the objects' life.
fn life(program: Program) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = folder.path();
    let programs = folder.join("programs");
    fs::create_dir(&programs).expect("a folder can be made");
    symlink(crate::program::GANTRY, programs.join("terraform-provider-fake")).expect("a link can be made");
    let settings = format!(
        "provider_installation {{\n dev_overrides {{\n \"gantry.dev/gantry/fake\" = {:?}\n }}\n direct {{}}\n}}\n",
        programs.display().to_string()
    );
    fs::write(folder.join("settings.tfrc"), settings).expect("a file can be written");
    let run = |arguments: &[&str]| {
        let mut command = program.command(folder, arguments);
        let output = command.env("TF_CLI_CONFIG_FILE", folder.join("settings.tfrc")).output().expect("it starts");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program:?} {arguments:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let write = |text: &str| fs::write(folder.join("main.tf"), format!("{HEAD}{text}")).expect("a file can be written");
    let mut shown = Vec::new();
    for (number, stage) in STAGES.iter().enumerate() {
        write(stage);
        shown.push((format!("stage {number}"), changes(&run(&["plan", "-no-color"]))));
        run(&["apply", "-auto-approve", "-no-color", "-parallelism=1"]);
    }
    shown.push(("state".to_owned(), run(&["state", "show", "-no-color", "fake_object.made"])));
    shown.push(("destruction".to_owned(), changes(&run(&["plan", "-destroy", "-no-color"]))));
    let id = id_of_the_made(folder);
    run(&["state", "rm", "fake_object.made"]);
    write(&format!(
        "{}{}",
        STAGES[2].split("resource \"fake_object\" \"made\"").next().unwrap_or_default(),
        IMPORT.replace("object-1", &id)
    ));
    let import = run(&["plan", "-no-color", "-generate-config-out=generated.tf"]);
    shown.push(("import".to_owned(), changes(&import)));
    let generated = fs::read_to_string(folder.join("generated.tf")).expect("configuration was written");
    let block = generated.find("resource ").map_or("", |at| &generated[at..]);
    shown.push(("generated configuration".to_owned(), block.to_owned()));
    shown
}

/// Returns the id of the object that all stages change.
fn id_of_the_made(folder: &Path) -> String {
    let world = fs::read_to_string(folder.join("world.json")).expect("there is a world");
    let world: serde_json::Value = serde_json::from_str(&world).expect("the world is whole");
    let objects = world["objects"].as_object().cloned().unwrap_or_default();
    let made = objects.into_iter().find(|(_, object)| object["name"] == "a");
    made.expect("the object is there").0
}

/// Returns the part of a plan that both programs word alike: what happens to each object, and how many there are.
fn changes(plan: &str) -> String {
    let lines = plan.lines().skip_while(|line| !line.starts_with("  # "));
    let mut found = String::new();
    for line in lines {
        found.push_str(&without_id(line));
        found.push('\n');
        if line.starts_with("Plan:") {
            break;
        }
    }
    found
}
