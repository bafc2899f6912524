//! Clusters of containers: by the sandbox's `kind`, by scripts that say what only a broken machine would say, by the real one.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::program::{eventually, gantry, one_line, said, succeed};

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

/// The same with nodes, in the sandbox.
const NODES: &str = r#"
resource "kind_cluster" "a" {
  name           = "a"
  wait_for_ready = true

  kind_config {
    kind        = "Cluster"
    api_version = "kind.x-k8s.io/v1alpha4"
    node {
      role = "control-plane"
    }
    node {
      role = "worker"
    }
  }
}
"#;

impl Bench {
    fn new(path: String, name: &str) -> Bench {
        Bench::of(path, &CLUSTER.replace("NAME", name))
    }

    fn of(path: String, config: &str) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("main.tf"), config).expect("the file can be written");
        Bench { folder, path }
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = gantry(self.folder.path(), &arguments.split(' ').collect::<Vec<_>>());
        command.env("PATH", &self.path);
        command
    }

    fn run(&self, arguments: &str) -> (bool, String) {
        let output = self.command(arguments).output().expect("the program starts");
        (output.status.success(), one_line(&said(&output)))
    }

    /// Runs a command that must go well and say something.
    fn good(&self, arguments: &str, part: &str) -> String {
        let (is_good, text) = self.run(arguments);
        assert!(is_good && text.contains(part), "{arguments}: {text}");
        text
    }

    /// Lets something go wrong, once.
    fn fault(&self, operation: &str, effect: &str) {
        let mut command = self.command("sandbox fault add -service=kind -times=1");
        succeed(command.arg(format!("-operation={operation}")).arg(effect));
    }

    /// Returns how many objects of a type are in the sandbox.
    fn count(&self, kind: &str) -> u64 {
        self.objects()[kind].as_u64().unwrap_or_default()
    }

    fn objects(&self) -> Json {
        // Who serves it may just be opening or closing it.
        let output = self.command("sandbox status -json").output().expect("the program starts");
        let status: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        status["objects"].clone()
    }

    /// Expects one cluster that is as it is wanted, destroys it, and expects nothing.
    fn ends_well(&self) {
        self.good("plan -sandbox -detailed-exitcode", "No changes");
        let counts = ["kind/clusters", "kubernetes/clusters", "kubernetes/core/nodes"].map(|kind| self.count(kind));
        assert_eq!(counts, [1, 1, 2]);
        self.good("destroy -sandbox -auto-approve", "1 destroyed");
        assert_eq!(self.objects(), json!({}));
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
fn nothing_of_this_machine_is_started_in_the_sandbox() {
    let real = stand_in("echo \"$0 $*\" >>\"$HOME/started\"; exit 1");
    for engine in ["docker", "nerdctl", "podman"] {
        fs::copy(real.path().join("kind"), real.path().join(engine)).expect("it can be copied");
    }
    let path = format!("{}:/usr/bin:/bin", real.path().display());
    let program = real.path().join("kind").display().to_string();
    let bench = Bench::of(
        path,
        &format!("{NODES}\nprovider \"kind\" {{\n  program = {program:?}\n  engine = \"podman\"\n}}\n"),
    );
    bench.good("apply -sandbox -auto-approve", "1 added");
    bench.ends_well();
    assert!(!bench.folder.path().join("started").exists());
    let (is_good, _) = bench.run("apply -auto-approve");
    assert!(!is_good && bench.folder.path().join("started").exists(), "without -sandbox it is the real one");
}

#[test]
fn a_creation_that_is_killed_is_found_again_and_nothing_is_doubled() {
    // Its containers are there, and nothing in them; its API server answers, and a node is missing.
    for (step, nodes) in [("start control plane", 0), ("join workers", 1)] {
        let bench = Bench::of("/usr/bin:/bin".to_owned(), NODES);
        bench.fault(step, "stuck");
        let mut apply = bench.command("apply -sandbox -auto-approve");
        let mut apply = apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        let is_there =
            eventually(|| bench.count("kind/clusters") == 1 && bench.count("kubernetes/core/nodes") == nodes);
        apply.kill().expect("it is there");
        apply.wait().expect("it has ended");
        assert!(is_there, "{step}: nothing was made");
        // Nobody has noted that it has struck.
        bench.good("sandbox fault remove -all", "");
        bench.good("sandbox kind -- get nodes -n a", "a-control-plane a-worker");
        bench.good("plan -sandbox", "kind_cluster.a is tainted, so must be replaced");
        bench.good("apply -sandbox -auto-approve", "Apply complete");
        bench.ends_well();
    }
}

#[test]
fn what_goes_wrong_with_the_engine_is_told_and_the_next_run_ends_well() {
    let config = NODES.replace("  wait_for_ready", "  kubeconfig_path = \"kubeconfig\"\n  wait_for_ready");
    let bench = Bench::of("/usr/bin:/bin".to_owned(), &config);
    let kubeconfig = bench.folder.path().join("kubeconfig");
    let has_context = || fs::read_to_string(&kubeconfig).is_ok_and(|text| text.contains("kind-a"));
    for (operation, effect) in [
        ("create cluster", "reset-before"),
        ("start containers", "error=exited"),
        ("join workers", "error=exited"),
        ("get kubeconfig", "error=exited"),
    ] {
        bench.fault(operation, effect);
        let (is_good, text) = bench.run("apply -sandbox -auto-approve");
        assert!(!is_good && text.contains("kind failed"), "{operation} {effect}: {text}");
        // What was made goes, as kind does it, but for what was whole: that is found, and its context is written once more.
        assert_eq!(bench.count("kind/clusters"), u64::from(operation == "get kubeconfig"), "{operation}");
        assert_eq!(has_context(), operation == "get kubeconfig", "{operation}");
        fs::write(&kubeconfig, "").expect("it can be written");
        bench.good("apply -sandbox -auto-approve", "Apply complete");
        assert!(has_context(), "{operation}");
        bench.ends_well();
        assert!(!has_context(), "{operation}");
    }
}

#[test]
fn what_happens_behind_our_back_is_seen() {
    let bench = Bench::of("/usr/bin:/bin".to_owned(), NODES);
    bench.good("apply -sandbox -auto-approve", "1 added");
    bench.good("sandbox kind -- delete cluster --name a", "Deleted nodes");
    bench.good("plan -sandbox", "kind_cluster.a will be created");
    bench.good("apply -sandbox -auto-approve", "1 added");
    // Its containers stay, and what is in them does not answer: as after a restart of the engine.
    bench.good("sandbox fault add -times=1 delete=kubernetes/clusters", "");
    bench.good("plan -sandbox", "kind_cluster.a must be replaced");
    bench.good("apply -sandbox -auto-approve", "1 added");
    bench.ends_well();
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
