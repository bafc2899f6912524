//! What hurts users of EKS most, each with its number in the list of pains: over Gantry, with the sandbox's clock at speed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value as Json;

use super::{Ran, Sandbox, command, find, run};

/// Slow enough to see what goes on, fast enough to wait for it.
const SPEED: &str = "-speed=300";

/// A cluster with a pool, and something on it that must never be away.
const CLUSTER: &str = r#"
variable "machine" {
  default = "m7i.large"
}

variable "kubernetes_version" {
  default = "1.35"
}

provider "aws" {
  region = "eu-west-1"
}

cluster "lake" {
  platform = "eks"
  version  = var.kubernetes_version

  pool "work" {
    machine = var.machine
    min     = 2
    max     = 4
  }
}

resource "kubernetes_manifest" "budget" {
  provider = kubernetes.lake
  manifest = {
    apiVersion = "policy/v1"
    kind       = "PodDisruptionBudget"
    metadata   = { name = "web", namespace = "default" }
    spec       = { minAvailable = 3, selector = { matchLabels = { app = "web" } } }
  }
}

resource "kubernetes_manifest" "web" {
  provider = kubernetes.lake
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "web", namespace = "default" }
    spec = {
      replicas = 4
      selector = { matchLabels = { app = "web" } }
      template = {
        metadata = { labels = { app = "web" } }
        spec     = { containers = [{ name = "web", image = "registry.example.com/web:1" }] }
      }
    }
  }
  depends_on = [kubernetes_manifest.budget]
}
"#;

/// A sandbox that is served, with a configuration; Gantry works in it.
struct Pain(Sandbox);

impl Pain {
    fn new(configuration: &str) -> Pain {
        let pain = Pain(Sandbox::start(&[SPEED]));
        pain.write(configuration);
        pain
    }

    fn write(&self, configuration: &str) {
        std::fs::write(self.0.folder.path().join("main.gantry.hcl"), configuration).expect("the file can be written");
    }

    fn gantry(&self, arguments: &[&str]) -> Ran {
        let folder = self.0.folder.path();
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_gantry"));
        run(command(folder, program).env("GANTRY_SANDBOX", "1").args(arguments))
    }

    /// Runs Gantry, which must succeed, and returns what it prints.
    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let ran = self.gantry(arguments);
        assert!(ran.is_good, "{arguments:?}\n{}\n{}", ran.out, ran.err);
        ran.out
    }

    /// Expects that there is nothing to do.
    #[track_caller]
    fn is_settled(&self, arguments: &[&str]) {
        let ran = self.gantry(&[&["plan", "-detailed-exitcode"], arguments].concat());
        assert!(ran.is_good, "{}\n{}", ran.out, ran.err);
    }

    /// Makes a command of `kubectl` for the cluster.
    fn kubectl(&self, arguments: &[&str]) -> Option<Command> {
        let mut command = self.0.command(&find("kubectl")?);
        command.envs(self.0.variables()).args(arguments);
        Some(command)
    }

    /// Returns what `kubectl` says in JSON.
    fn objects(&self, kind: &str) -> Vec<Json> {
        let Some(mut command) = self.kubectl(&["get", kind, "--all-namespaces", "-o", "json"]) else {
            return Vec::new();
        };
        let ran = run(&mut command);
        let listed: Json = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:?}"));
        listed["items"].as_array().cloned().unwrap_or_default()
    }

    /// Returns what a service was asked to do.
    fn asked(&self, service: &str) -> Vec<String> {
        let ran = self.0.gantry(&["sandbox", "log", "-last=10000", "-json"]);
        let entries = ran.out.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        let own = entries.filter(|entry| entry["service"] == service);
        own.map(|entry| entry["operation"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn pain_5_another_machine_for_a_pool_is_no_outage() {
    let pain = Pain::new(CLUSTER);
    let look = ["get", "deployment", "web", "--watch", "-o", "jsonpath={.status.availableReplicas}{\"\\n\"}"];
    let Some(mut look) = pain.kubectl(&look) else { return };
    pain.good(&["apply", "-auto-approve"]);
    pain.is_settled(&[]);
    // Every change of what is available is seen, not only what there is when someone looks.
    let mut looking = look.stdout(Stdio::piped()).spawn().expect("kubectl starts");
    let seen = BufReader::new(looking.stdout.take().expect("its output"));
    let seen = thread::spawn(move || seen.lines().map_while(Result::ok).collect::<Vec<String>>());

    let other = ["-var", "machine=m7i.2xlarge"];
    let plan = pain.good(&[&["plan"][..], &other].concat());
    assert!(plan.contains("+/- resource \"aws_eks_node_group\""), "{plan}");
    assert!(!plan.contains("aws_eks_cluster.this must be replaced"), "{plan}");
    pain.good(&[&["apply", "-auto-approve"][..], &other].concat());
    looking.kill().expect("kubectl runs");
    looking.wait().expect("it ends");
    let seen = seen.join().expect("the lines can be read");
    let available: Vec<u32> = seen.iter().map(|line| line.parse().unwrap_or(0)).collect();
    assert!(available.len() > 1, "the pods never moved: {seen:?}");
    assert!(available.iter().all(|available| *available >= 3), "the budget was broken: {seen:?}");

    let kinds: Vec<Json> = pain
        .objects("nodes")
        .iter()
        .map(|node| node["metadata"]["labels"]["node.kubernetes.io/instance-type"].clone())
        .collect();
    assert!(kinds.len() == 2 && kinds.iter().all(|kind| kind == "m7i.2xlarge"), "{kinds:?}");
    let calls: Vec<String> = pain.asked("eks").into_iter().filter(|name| name.ends_with("Nodegroup")).collect();
    let changes: Vec<&str> = calls.iter().map(String::as_str).filter(|name| !name.starts_with("Describe")).collect();
    assert_eq!(changes, ["CreateNodegroup", "CreateNodegroup", "DeleteNodegroup"]);
    pain.is_settled(&other);
}
