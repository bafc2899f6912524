//! The examples, as a newcomer runs them: applied in the sandbox from nothing, planned again, changed, and destroyed.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

mod pipelines;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::program::{gantry, one_line, said, succeed};

/// A copy of an example.
struct Example {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Example {
    fn of(name: &str) -> Example {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        for entry in std::fs::read_dir(from).expect("the example is there") {
            let entry = entry.expect("it can be read");
            let name = entry.file_name().into_string().expect("a name in Unicode");
            // Whoever has tried the example has left .gantry and gantry.state there.
            if !name.starts_with('.') && !name.starts_with("gantry.state") {
                std::fs::copy(entry.path(), folder.path().join(name)).expect("it can be copied");
            }
        }
        Example { folder, variables: Vec::new() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = gantry(self.folder.path(), arguments);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs a command that must go well, and returns what it prints.
    fn good(&self, arguments: &[&str]) -> String {
        succeed(&mut self.command(arguments))
    }

    /// Runs a command that must fail, and returns what it says.
    fn bad(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert!(!ran.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&ran.stdout));
        one_line(&String::from_utf8_lossy(&ran.stderr))
    }

    /// Expects that there is nothing to do.
    fn is_settled(&self, arguments: &[&str]) {
        let again = self.run(&[&["plan", "-detailed-exitcode"], arguments].concat());
        let said = said(&again);
        assert!(again.status.code() == Some(0) && again.stdout.starts_with(b"No changes."), "{said}");
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
    let applied = example.good(&["apply", "-sandbox", "-auto-approve"]);
    let (outputs, next) = applied.split_once("\nNext:\n").expect("it says what can be done next");
    assert!(outputs.contains("\nendpoint = \"https://"), "{outputs}");
    for command in ["plan -sandbox", "sandbox status", "destroy -sandbox"] {
        assert!(next.contains(&format!("  gantry {command} ")), "{next}");
    }
    let world = example.world();
    let expected =
        [("eks/clusters", 1), ("eks/nodegroups", 2), ("elb/load-balancers", 1), ("kubernetes/core/nodes", 4)];
    for (kind, count) in expected {
        assert_eq!(world[kind], count, "{kind} in {world}");
    }
    let host = example.good(&["output", "-raw", "notebooks"]);
    assert!(host.ends_with(".amazonaws.com"), "{host}");
    example.is_settled(&["-sandbox"]);
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
    example.is_settled(&["-sandbox"]);
    assert_eq!(example.world()["kubernetes/platform.example.com/teams"], 1);
    example.good(&["apply", "-sandbox", "-auto-approve", "-var", "kubernetes_version=1.37"]);
    assert_eq!(example.attribute("cluster.lake aws_eks_cluster.this", "version"), "1.37");
    assert_eq!(example.attribute("cluster.lake aws_eks_node_group.this", "version"), "1.37");
    example.is_settled(&["-sandbox", "-var", "kubernetes_version=1.37"]);
    example.good(&["destroy", "-sandbox", "-auto-approve", "-var", "kubernetes_version=1.37"]);
    assert_eq!(example.world(), serde_json::json!({}));
}

#[test]
fn the_laptop_has_a_platform() {
    let example = Example::of("kind-dev");
    let shown = example.good(&["apply", "-sandbox", "-auto-approve"]);
    assert!(shown.contains("database   = \"database.database.svc.cluster.local:5432\""), "{shown}");
    let password = example.good(&["output", "-raw", "password"]);
    assert!(password.len() >= 32 && !shown.contains(&password), "{shown}");
    example.is_settled(&["-sandbox"]);
    let world = example.world();
    for (kind, count) in [("kind/clusters", 1), ("kubernetes/clusters", 1), ("kubernetes/core/nodes", 3)] {
        assert_eq!(world[kind], count, "{kind} in {world}");
    }
    let config = std::fs::read_to_string(example.folder.path().join("main.gantry.hcl")).expect("the example");
    let newer = config.replace("version  = \"1.35\"", "version  = \"1.36\"").replace("min = 2", "min = 3");
    assert_ne!(newer, config);
    std::fs::write(example.folder.path().join("main.gantry.hcl"), newer).expect("it can be written");
    let shown = example.good(&["apply", "-sandbox", "-auto-approve"]);
    assert!(shown.contains("cluster.dev.kind_cluster.this must be replaced"), "{shown}");
    example.is_settled(&["-sandbox"]);
    let world = example.world();
    for (kind, count) in [("kind/clusters", 1), ("kubernetes/clusters", 1), ("kubernetes/core/nodes", 4)] {
        assert_eq!(world[kind], count, "{kind} in {world}");
    }
    example.good(&["destroy", "-sandbox", "-auto-approve"]);
    assert_eq!(example.world(), serde_json::json!({}));
}

#[test]
fn environments_have_values_and_states_of_their_own() {
    let example = Example::of("multi-environment");
    let (dev, prod) = ("-var-file=dev.tfvars", "-var-file=prod.tfvars");
    example.good(&["workspace", "new", "dev"]);
    example.good(&["apply", "-sandbox", "-auto-approve", dev]);
    example.is_settled(&["-sandbox", dev]);
    assert!(example.bad(&["plan", "-sandbox", prod]).contains("These values are for prod, and the workspace is dev"));
    example.good(&["workspace", "new", "prod"]);
    assert!(example.bad(&["plan", "-sandbox", dev]).contains("gantry workspace select dev."));
    example.good(&["apply", "-sandbox", "-auto-approve", prod]);
    example.is_settled(&["-sandbox", prod]);
    let world = example.world();
    assert_eq!((&world["eks/clusters"], &world["eks/nodegroups"]), (&2.into(), &3.into()), "{world}");
    assert_eq!(example.good(&["output", "-raw", "cluster"]), "lake-prod");
    example.good(&["destroy", "-sandbox", "-auto-approve", prod]);
    example.good(&["workspace", "select", "dev"]);
    assert_eq!(example.good(&["output", "-raw", "cluster"]), "lake-dev");
    example.good(&["destroy", "-sandbox", "-auto-approve", dev]);
    example.good(&["workspace", "delete", "prod"]);
    assert_eq!(example.world(), serde_json::json!({}));
}

#[test]
fn providers_of_terraform_work_beside_ours() {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers/terraform-provider-random");
    if !program.is_file() {
        println!("skipped: {} is not there", program.display());
        return;
    }
    let mut example = Example::of("terraform-interop");
    mirror(&mut example, &program);
    example.good(&["init"]);
    let shown = example.good(&["apply", "-sandbox", "-auto-approve"]);
    let password = example.good(&["output", "-raw", "password"]);
    assert!(password.len() == 24 && !shown.contains(&password), "{shown}");
    let name = example.good(&["output", "-raw", "cluster"]);
    assert_eq!(example.attribute("cluster.lake.module.this aws_eks_cluster.this", "name"), name);
    example.is_settled(&["-sandbox"]);
    example.good(&["destroy", "-sandbox", "-auto-approve"]);
    assert_eq!(example.world(), serde_json::json!({}));
}

/// Lays a provider into a mirror, and has it found there.
fn mirror(example: &mut Example, program: &Path) {
    let place = example.folder.path().join("mirror/registry.terraform.io/hashicorp/random/3.7.2").join(platform());
    std::fs::create_dir_all(&place).expect("a folder can be made");
    std::fs::copy(program, place.join("terraform-provider-random_v3.7.2_x5")).expect("it can be copied");
    let mirror = example.folder.path().join("mirror");
    let settings = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
        mirror.display().to_string()
    );
    let file = example.folder.path().join("settings.tfrc");
    std::fs::write(&file, settings).expect("it can be written");
    example.variables.push(("TF_CLI_CONFIG_FILE", file.display().to_string()));
}

fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    format!("{system}_{processor}")
}
