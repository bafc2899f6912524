//! What hurts users of EKS most, each with its number in the list of pains: over Gantry, with the sandbox's clock at speed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value as Json;

use super::{Ran, Sandbox, find, gantry, run};
use crate::program::one_line;

/// Slow enough to see what goes on and for a busy machine to keep up, fast enough to wait for it.
const SPEED: &str = "-speed=100";

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
        run(&mut gantry(self.0.folder.path(), arguments))
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
        assert!(ran.is_good && ran.out.starts_with("No changes."), "{}\n{}", ran.out, ran.err);
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

    /// Returns what services were asked for, in order.
    fn requests(&self) -> Vec<Json> {
        let ran = self.0.gantry(&["sandbox", "log", "-last=100000", "-json"]);
        ran.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Returns what a service was asked to do.
    fn asked(&self, service: &str) -> Vec<String> {
        let own = self.requests().into_iter().filter(|entry| entry["service"] == service);
        own.map(|entry| entry["operation"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Asks AWS by its own command line.
    fn aws(&self, arguments: &[&str]) -> Option<Json> {
        let ran = self.0.client("aws", arguments)?;
        assert!(ran.is_good, "{arguments:?}: {ran:?}");
        Some(serde_json::from_str(&ran.out).expect("it is JSON"))
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
    let mut seen = BufReader::new(looking.stdout.take().expect("its output"));
    seen.read_line(&mut String::new()).expect("it says how it is before anything changes");
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
    assert!(!available.is_empty(), "the pods never moved: {seen:?}");
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
    // EKS would wait for five minutes only: the pods were gone before it was told.
    let requests = pain.requests();
    let deleted = requests.iter().position(|entry| entry["operation"] == "DeleteNodegroup").expect("it was");
    let is_eviction = |entry: &Json| entry["request"].as_str().is_some_and(|request| request.ends_with("/eviction"));
    assert!(requests[..deleted].iter().any(is_eviction), "nobody asked the pods to go");
    pain.is_settled(&other);
}

#[test]
fn pain_5_a_budget_that_allows_nothing_keeps_the_old_nodes_and_is_told() {
    let tight = CLUSTER.replace("minAvailable = 3", "minAvailable = 4");
    let pain = Pain::new(&tight);
    if find("kubectl").is_none() {
        return;
    }
    pain.good(&["apply", "-auto-approve"]);
    let other = ["-var", "machine=m7i.2xlarge"];
    let apply = [&["apply", "-auto-approve"][..], &other].concat();
    let ran = pain.gantry(&apply);
    let said = one_line(&ran.err);
    assert!(!ran.is_good && said.contains("disruption budget"), "{ran:?}");
    let web =
        pain.objects("deployments").into_iter().find(|found| found["metadata"]["name"] == "web").expect("it is there");
    assert_eq!(web["status"]["availableReplicas"], 4);
    assert!(!pain.asked("eks").iter().any(|name| name == "DeleteNodegroup"));
    // The next run goes on from there.
    pain.write(CLUSTER);
    pain.good(&apply);
    assert_eq!(pain.objects("nodes").len(), 2);
    pain.is_settled(&other);
}

#[test]
fn pain_5_an_update_whose_pods_may_not_be_evicted_fails_and_names_them() {
    let pain = Pain::new(&CLUSTER.replace("minAvailable = 3", "minAvailable = 4"));
    if find("kubectl").is_none() {
        return;
    }
    pain.good(&["apply", "-auto-approve"]);
    let higher = ["-var", "kubernetes_version=1.36"];
    let apply = [&["apply", "-auto-approve"][..], &higher].concat();
    let ran = pain.gantry(&apply);
    let said: String = ran.err.replace('\u{2502}', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "PodEvictionFailure: Reached max retries",
        "default/web-",
        "The disruption budget web needs 4 healthy pods",
        "`force_update_version = true`",
    ] {
        assert!(!ran.is_good && said.contains(part), "{part:?} is not in {ran:?}");
    }
    let web =
        pain.objects("deployments").into_iter().find(|found| found["metadata"]["name"] == "web").expect("it is there");
    assert_eq!(web["status"]["availableReplicas"], 4);
    // The budget is mended, and the next run goes on from there.
    pain.write(CLUSTER);
    pain.good(&apply);
    let nodes = pain.objects("nodes");
    let is_new = |node: &Json| {
        let version = node["status"]["nodeInfo"]["kubeletVersion"].as_str();
        version.is_some_and(|known| known.starts_with("v1.36"))
    };
    assert!(nodes.len() == 2 && nodes.iter().all(is_new), "{nodes:?}");
    pain.is_settled(&higher);
}

#[test]
fn pain_6_nothing_of_a_pool_replaces_its_cluster() {
    let pain = Pain::new(CLUSTER);
    pain.good(&["apply", "-auto-approve"]);
    let pool = "    machine = var.machine\n";
    for (from, to) in [
        (pool, "    machine = \"r7i.large\"\n"),
        (pool, "    machine = var.machine\n    disk = 100\n"),
        (pool, "    machine = var.machine\n    spot = true\n"),
        (pool, "    machine = var.machine\n    gpu = true\n"),
        (pool, "    machine = var.machine\n    labels = { a = \"b\" }\n"),
        (
            pool,
            "    machine = var.machine\n    taints = [{ key = \"a\" }]\n  }\n  pool \"plain\" {\n    min = 1\n  }\n  pool \"more\" {\n",
        ),
        ("pool \"work\"", "pool \"other\""),
    ] {
        assert!(CLUSTER.contains(from), "there is nothing to change: {from}");
        pain.write(&CLUSTER.replace(from, to));
        let plan = pain.good(&["plan"]);
        assert!(plan.contains("aws_eks_node_group.this"), "{to}: {plan}");
        assert!(!plan.contains("aws_eks_cluster.this"), "{to}: {plan}");
    }
    // What is said of the second pool is no pool of its own to the first.
    pain.write(CLUSTER);
    pain.is_settled(&[]);
}

#[test]
fn pain_12_the_control_plane_goes_first_and_nothing_is_behind_by_more_than_one() {
    let pain = Pain::new(CLUSTER);
    pain.good(&["apply", "-auto-approve"]);
    let higher = ["-var", "kubernetes_version=1.37"];
    let before = pain.asked("eks").len();
    pain.good(&[&["apply", "-auto-approve"][..], &higher].concat());
    let asked = pain.asked("eks").split_off(before);
    let is_change = |name: &&String| name.starts_with("Update");
    let changes: Vec<&str> = asked.iter().filter(is_change).map(String::as_str).collect();
    let steps: Vec<&str> = changes.iter().copied().filter(|name| *name != "UpdateAddon").collect();
    // The nodes come along before the control plane leaves them behind, and after its last step.
    let expected = ["UpdateClusterVersion", "UpdateNodegroupVersion", "UpdateClusterVersion", "UpdateNodegroupVersion"];
    assert_eq!(steps, expected, "{changes:?}");
    assert_eq!(changes.last(), Some(&"UpdateAddon"), "what runs on the nodes comes last: {changes:?}");
    pain.is_settled(&higher);
    for node in pain.objects("nodes") {
        assert!(node["status"]["nodeInfo"]["kubeletVersion"].as_str().is_some_and(|known| known.starts_with("v1.37")));
    }
    // Never back, and nothing replaced for it.
    let ran = pain.gantry(&["plan", "-var", "kubernetes_version=1.36"]);
    assert!(ran.is_good && ran.err.contains("Version is ahead") && !ran.out.contains("must be replaced"), "{ran:?}");
}

#[test]
fn pain_12_a_step_that_was_not_approved_stops_the_upgrade() {
    let pain = Pain::new(CLUSTER);
    pain.good(&["apply", "-auto-approve"]);
    let plan = pain.good(&["plan", "-out=plan", "-var", "kubernetes_version=1.37"]);
    let place = |step: &str| plan.find(step).unwrap_or_else(|| panic!("{step} is not listed: {plan}"));
    let first = place("control plane 1.35 -> 1.36");
    let nodes = plan[first..].find(" 1.35 -> 1.36").is_some() && plan[first..].contains("node group work-");
    assert!(nodes && first < place("control plane 1.36 -> 1.37"), "{plan}");
    // Someone else adds nodes, which would have to come along.
    let Some(listed) = pain.aws(&["eks", "list-nodegroups", "--cluster-name=lake"]) else { return };
    let name = format!("--nodegroup-name={}", listed["nodegroups"][0].as_str().expect("a name"));
    let group = pain.aws(&["eks", "describe-nodegroup", "--cluster-name=lake", &name]).expect("aws is there");
    let part = |name: &str| group["nodegroup"][name].as_str().expect("a text").to_owned();
    let subnet = group["nodegroup"]["subnets"][0].as_str().expect("a subnet").to_owned();
    let create = ["eks", "create-nodegroup", "--cluster-name=lake", "--nodegroup-name=extra"];
    pain.aws(&[&create[..], &["--node-role", &part("nodeRole"), "--subnets", &subnet]].concat());
    let ran = pain.gantry(&["apply", "plan"]);
    let said = one_line(&ran.err);
    assert!(!ran.is_good && said.contains("Plan is out of date"), "{ran:?}");
    assert!(said.contains("node group extra 1.35 -> 1.36"), "{said}");
    assert!(!pain.asked("eks").iter().any(|name| name == "UpdateClusterVersion"), "it was begun all the same");
}

/// Changes the configuration of the tests of `aws.rs`.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(include_str!("aws.tf").to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "there is nothing to change: {from}");
        text.replace(from, to)
    })
}

#[test]
fn pain_13_an_add_on_without_nodes_is_waited_for_and_tells_why_it_does_not_come() {
    // Nothing says that it needs nodes: both begin at once, and the add-on is degraded until they are there.
    let pain = Pain::new(&changed(&[("  depends_on   = [aws_eks_node_group.pool]\n", "")]));
    pain.good(&["apply", "-auto-approve"]);
    pain.is_settled(&[]);
    pain.good(&["destroy", "-auto-approve"]);

    let text = changed(&[("  depends_on   = [aws_eks_node_group.pool]\n", "  timeouts {\n    create = \"5m\"\n  }\n")]);
    let (before, rest) = text.split_once("resource \"aws_eks_node_group\"").expect("it has nodes");
    let (_, rest) = rest.split_once("resource \"aws_eks_addon\"").expect("it has an add-on");
    pain.write(&format!("{before}resource \"aws_eks_addon\"{rest}").replace("aws_eks_node_group.pool", "aws_vpc.lake"));
    let ran = pain.gantry(&["apply", "-auto-approve"]);
    assert!(!ran.is_good && ran.err.contains("InsufficientNumberOfReplicas"), "{ran:?}");
}

#[test]
fn pain_17_the_creators_entry_is_taken_over_and_others_see_the_same() {
    let role = r#"
resource "aws_iam_role" "other" {
  name               = "other"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "123456789012" }, Action = "sts:AssumeRole" }]
  })
}
"#;
    let creator = ("data.aws_caller_identity.me.arn", "\"arn:aws:iam::123456789012:user/sandbox\"");
    let text = format!("{}{role}", changed(&[creator]));
    let pain = Pain::new(&text);
    let ran = pain.gantry(&["apply", "-auto-approve"]);
    assert!(ran.is_good && format!("{}{}", ran.out, ran.err).contains("Access entry taken over"), "{ran:?}");
    pain.is_settled(&[]);
    let as_other =
        "provider \"aws\" {\n  assume_role {\n    role_arn = \"arn:aws:iam::123456789012:role/other\"\n  }\n";
    pain.write(&text.replace("provider \"aws\" {\n", as_other));
    let asked = pain.asked("sts").len();
    pain.is_settled(&[]);
    assert!(pain.asked("sts")[asked..].iter().any(|name| name == "AssumeRole"), "it was the same identity");
}

#[test]
fn pain_9_a_custom_resource_is_checked_before_there_is_a_cluster() {
    let resources = r#"
resource "kubernetes_manifest" "lake" {
  provider = kubernetes.lake
  manifest = {
    apiVersion = "example.com/v1"
    kind       = "Lake"
    metadata   = { name = "deep", namespace = "default" }
    spec       = { depth = "very" }
  }
}

resource "kubernetes_manifest" "definition" {
  provider = kubernetes.lake
  manifest = {
    apiVersion = "apiextensions.k8s.io/v1"
    kind       = "CustomResourceDefinition"
    metadata   = { name = "lakes.example.com" }
    spec = {
      group = "example.com"
      scope = "Namespaced"
      names = { kind = "Lake", plural = "lakes" }
      versions = [{
        name = "v1", served = true, storage = true
        schema = { openAPIV3Schema = { type = "object", properties = { spec = { type = "object", properties = {
          depth = { type = "integer" }
        } } } } }
      }]
    }
  }
}
"#;
    let pain = Pain::new(&format!("{CLUSTER}{resources}"));
    let ran = pain.gantry(&["plan"]);
    let said = one_line(&ran.err);
    assert!(!ran.is_good && said.contains("spec.depth: a whole number is wanted, not a text"), "{ran:?}");
    pain.write(&format!("{CLUSTER}{}", resources.replace("\"very\"", "7")));
    pain.good(&["plan"]);
}
