//! Clusters of containers: by a stand-in for the program `kind`, which shows what it is called with, and by the real one.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tempfile::TempDir;

use crate::program::{gantry, one_line, said};

/// A folder with a configuration, and what PATH is there.
struct Bench {
    folder: TempDir,
    path: String,
}

const CLUSTER: &str = r#"
resource "kind_cluster" "a" {
  name = "NAME"
}
"#;

impl Bench {
    fn new(path: String, name: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("main.tf"), CLUSTER.replace("NAME", name)).expect("the file can be written");
        Bench { folder, path }
    }

    fn run(&self, arguments: &str) -> (bool, String) {
        let mut command = gantry(self.folder.path(), &arguments.split(' ').collect::<Vec<_>>());
        let output = command.env("PATH", &self.path).output().expect("the program starts");
        (output.status.success(), one_line(&said(&output)))
    }
}

/// Makes a folder with a stand-in for `kind`: a script.
fn stand_in(script: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("kind");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("the file can be written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
    folder
}

#[test]
fn without_the_program_the_way_to_get_it_is_told() {
    let bench = Bench::new("/nonexistent".to_owned(), "a");
    let (is_good, text) = bench.run("apply -auto-approve");
    assert!(!is_good && text.contains("kind not installed") && text.contains("go install sigs.k8s.io/kind"), "{text}");
}

/// With a stand-in: only what is said to the program, and what is made of what it says.
#[test]
fn without_an_engine_the_way_to_start_it_is_told() {
    let program = stand_in("echo 'ERROR: Cannot connect to the Docker daemon at unix:///x' >&2; exit 1");
    let bench = Bench::new(format!("{}:/usr/bin:/bin", program.path().display()), "a");
    let (is_good, text) = bench.run("apply -auto-approve");
    assert!(!is_good && text.contains("Container engine not available") && text.contains("start Docker"), "{text}");
}

#[test]
fn pain_20_a_cluster_whose_api_server_does_not_answer_is_replaced() {
    // As after a restart of Docker: the containers are there, the cluster is not.
    let program = stand_in(
        "case \"$1 $2\" in\n\"create cluster\") touch \"$HOME/made\" ;;\n\"get clusters\") [ ! -f \"$HOME/made\" ] || echo a ;;\n\
         \"get kubeconfig\") cat \"$HOME/real\" ;;\n\"delete cluster\") rm \"$HOME/made\" ;;\nesac",
    );
    let bench = Bench::new(format!("{}:/usr/bin:/bin", program.path().display()), "a");
    let world = crate::kubernetes::serve(&bench.folder.path().join("real"));
    for (arguments, part) in [("apply -auto-approve", "1 added"), ("plan -detailed-exitcode", "No changes")] {
        let (is_good, text) = bench.run(arguments);
        assert!(is_good && text.contains(part), "{arguments}: {text}");
    }
    drop(world);
    let (is_good, text) = bench.run("plan");
    assert!(is_good && text.contains("kind_cluster.a must be replaced"), "{text}");
    assert!(text.contains("Cluster does not work") && text.contains("its API server does not answer"), "{text}");
}

#[test]
fn a_cluster_is_made_and_removed() {
    let has =
        |program: &str, argument: &str| Command::new(program).arg(argument).output().is_ok_and(|o| o.status.success());
    if !has("kind", "version") || !has("docker", "info") {
        println!("skipped: kind and a running Docker are not there");
        return;
    }
    let bench = Bench::new("/usr/local/bin:/usr/bin:/bin".to_owned(), &format!("gantry-{}", std::process::id()));
    for (arguments, part) in [
        ("apply -auto-approve", "1 added"),
        ("plan -detailed-exitcode", "No changes"),
        ("destroy -auto-approve", "1 destroyed"),
    ] {
        let (is_good, text) = bench.run(arguments);
        assert!(is_good && text.contains(part), "{arguments}: {text}");
    }
}
