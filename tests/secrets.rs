//! A planted secret is looked for in everything that is printed.

use std::fs;

use crate::program::{gantry, said};

const SECRET: &str = "planted-hunter2";

const CONFIGURATION: &str = r#"
provider "fake" {
  world = "world.json"
}

variable "secret" {
  sensitive = true
}

resource "fake_object" "a" {
  name     = "a"
  secret   = var.secret
  settings = { inside = var.secret, text = jsonencode({ deep = var.secret }) }
  content  = "first line\n${var.secret}\n"
  owner    = { name = "me", key = "REPLACED" }
}

resource "terraform_data" "a" {
  input            = { secret = var.secret }
  triggers_replace = var.secret
}

output "secret" {
  value     = fake_object.a.secret
  sensitive = true
}
"#;

/// Everything that may not show it: a command that is asked for the very value is not among them.
const COMMANDS: &[&str] = &[
    "init",
    "plan",
    "plan -json",
    "apply -auto-approve",
    "apply -auto-approve -json",
    "output",
    "show",
    "state list",
    "state show fake_object.a",
    "state show terraform_data.a",
    "plan -replace=fake_object.a -replace=terraform_data.a",
    "plan -destroy",
    "plan -destroy -json",
    "taint fake_object.a",
    "plan",
    "untaint fake_object.a",
    "graph -type=all -format=json",
    "providers",
];

#[test]
fn a_secret_is_printed_by_no_command() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut leaks = Vec::new();
    let mut run = |arguments: &str, secret: &str| {
        let mut command = gantry(folder.path(), &arguments.split(' ').collect::<Vec<_>>());
        let output = command.env("TF_VAR_secret", secret).output().expect("the program starts");
        let text = said(&output);
        if text.contains(SECRET) {
            leaks.push(format!("{arguments}\n{text}"));
        }
        let failure = (!output.status.success()).then_some(text);
        failure.filter(|_| !arguments.starts_with("plan -var"))
    };
    let write = |key: &str| {
        let text = CONFIGURATION.replace("REPLACED", key);
        fs::write(folder.path().join("main.tf"), text).expect("the file can be written");
    };
    write(SECRET);
    for arguments in COMMANDS {
        assert_eq!(run(arguments, SECRET), None, "{arguments} fails");
    }
    // Another secret in the place of the first: both sides of every difference are secret.
    write("another");
    for arguments in ["plan", "plan -json", "apply -auto-approve", "apply -auto-approve -json", "destroy -auto-approve"]
    {
        assert_eq!(run(arguments, &format!("{SECRET}-2")), None, "{arguments} fails");
    }
    // What is wrong with a value is said without the value.
    run(&format!("plan -var=secret=[{SECRET}"), SECRET);
    assert!(leaks.is_empty(), "{}", leaks.join("\n---\n"));
}
