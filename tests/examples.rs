//! The examples, as a newcomer runs them: applied in the sandbox from nothing, planned again, changed, and destroyed.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

/// A copy of an example.
struct Example {
    folder: tempfile::TempDir,
}

impl Example {
    fn of(name: &str) -> Example {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        for entry in std::fs::read_dir(from).expect("the example is there") {
            let path = entry.expect("it can be read").path();
            std::fs::copy(&path, folder.path().join(path.file_name().expect("a name"))).expect("it can be copied");
        }
        Example { folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).args(arguments);
        command.output().expect("the program runs")
    }

    /// Runs a command that must go well, and returns what it prints.
    fn good(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{arguments:?}\n{out}\n{err}");
        out.into_owned()
    }

    /// Returns how many objects of each type are in the world.
    fn world(&self) -> Json {
        let status: Json = serde_json::from_str(&self.good(&["sandbox", "status", "-json"])).expect("it is JSON");
        status["objects"].clone()
    }

    /// Returns what an attribute of an object in state is.
    fn attribute(&self, address: &str, name: &str) -> Json {
        let state: Json = serde_json::from_str(&self.good(&["state", "pull"])).expect("it is JSON");
        let (module, rest) = address.split_once(" ").expect("MODULE TYPE.NAME");
        let (kind, rest) = rest.split_once('.').expect("TYPE.NAME");
        let resources = state["resources"].as_array().expect("a list");
        let is_it =
            |resource: &&Json| resource["module"] == module && resource["type"] == kind && resource["name"] == rest;
        let found = resources.iter().find(is_it).unwrap_or_else(|| panic!("{address} is in state"));
        found["instances"][0]["attributes"][name].clone()
    }
}

#[test]
fn the_quickstart_comes_and_goes() {
    let example = Example::of("quickstart");
    example.good(&["apply", "-sandbox", "-auto-approve"]);
    let world = example.world();
    let expected =
        [("eks/clusters", 1), ("eks/nodegroups", 2), ("elb/load-balancers", 1), ("kubernetes/core/nodes", 4)];
    for (kind, count) in expected {
        assert_eq!(world[kind], count, "{kind} in {world}");
    }
    let host = example.good(&["output", "-raw", "notebooks"]);
    assert!(host.ends_with(".amazonaws.com"), "{host}");
    let again = example.run(&["plan", "-sandbox", "-detailed-exitcode"]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
    example.good(&["destroy", "-sandbox", "-auto-approve"]);
    assert_eq!(example.world(), serde_json::json!({}));
}

#[test]
fn the_quickstart_makes_nothing_without_the_sandbox() {
    let example = Example::of("quickstart");
    let ran = example.run(&["plan"]);
    assert!(!ran.status.success());
    assert!(!example.folder.path().join("gantry.state").exists());
}

#[test]
fn spark_on_eks_comes_up_is_upgraded_and_goes() {
    let example = Example::of("eks-spark");
    example.good(&["apply", "-sandbox", "-auto-approve"]);
    let again = example.run(&["plan", "-sandbox", "-detailed-exitcode"]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
    assert_eq!(example.world()["kubernetes/platform.example.com/teams"], 1);
    example.good(&["apply", "-sandbox", "-auto-approve", "-var", "kubernetes_version=1.37"]);
    assert_eq!(example.attribute("cluster.lake aws_eks_cluster.this", "version"), "1.37");
    assert_eq!(example.attribute("cluster.lake aws_eks_node_group.this", "version"), "1.37");
    let again = example.run(&["plan", "-sandbox", "-detailed-exitcode", "-var", "kubernetes_version=1.37"]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
    example.good(&["destroy", "-sandbox", "-auto-approve", "-var", "kubernetes_version=1.37"]);
    assert_eq!(example.world(), serde_json::json!({}));
}

#[test]
fn all_platforms_have_one_interface() {
    let platforms = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules/cluster");
    let read = |platform: &Path, file: &str| std::fs::read_to_string(platform.join(file)).expect("it is there");
    let outputs = |platform: &Path| -> Vec<String> {
        read(platform, "outputs.tf").lines().filter(|line| line.starts_with("output ")).map(str::to_owned).collect()
    };
    let eks = platforms.join("eks");
    let mut count = 0;
    for entry in std::fs::read_dir(&platforms).expect("it is there") {
        let platform = entry.expect("it can be read").path();
        assert_eq!(read(&platform, "variables.tf"), read(&eks, "variables.tf"), "{}", platform.display());
        assert_eq!(outputs(&platform), outputs(&eks), "{}", platform.display());
        count += 1;
    }
    assert!(count >= 2);
}
