//! What a destroy leaves: nothing, or what is to stay, which is told. On the emulated EKS, with whole clusters.
#![cfg(unix)]

use std::process::{Command, Output};

use serde_json::{Value as Json, json};

/// A cluster with a load balancer that no controller is asked for by anything that stays in state.
const SERVICE: &str = r#"
resource "kubernetes_manifest" "public" {
  provider = kubernetes.lake
  manifest = {
    apiVersion = "v1"
    kind       = "Service"
    metadata   = { name = "public", namespace = "default" }
    spec       = { type = "LoadBalancer", ports = [{ port = 80 }], selector = { app = "none" } }
  }
}
"#;

const CLUSTER: &str = r#"
provider "aws" { region = "eu-west-1" }

cluster "lake" {
  platform = "sandbox"
  OPTIONS
  pool "core" { min = 2 }
}
"#;

const DATABASE: &str = r#"
resource "kubernetes_manifest" "database" {
  provider = kubernetes.lake
  manifest = {
    apiVersion = "apps/v1"
    kind       = "StatefulSet"
    metadata   = { name = "database", namespace = "default" }
    spec = {
      replicas    = 2
      serviceName = "database"
      selector    = { matchLabels = { app = "database" } }
      template = {
        metadata = { labels = { app = "database" } }
        spec     = { containers = [{ name = "main", image = "postgres" }] }
      }
      volumeClaimTemplates = [{
        metadata = { name = "data" }
        spec = { accessModes = ["ReadWriteOnce"], resources = { requests = { storage = "4Gi" } } }
      }]
    }
  }
  wait { rollout = true }
  depends_on = [cluster.lake]
}
"#;

/// A folder with a configuration and a world of its own.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(configuration: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        folder.write(configuration);
        folder
    }

    fn write(&self, configuration: &str) {
        std::fs::write(self.0.path().join("main.gantry.hcl"), configuration).expect("it can be written");
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gantry"));
        command.current_dir(self.0.path()).env_clear().env("HOME", self.0.path()).env("GANTRY_SANDBOX", "1");
        command.args(arguments.split(' ')).output().expect("the program runs")
    }

    /// Runs a command that must go well, and returns all that it prints.
    fn good(&self, arguments: &str) -> String {
        let ran = self.run(arguments);
        let text = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "gantry {arguments}\n{text}");
        text
    }

    /// Returns how many objects of each type are in the world.
    fn world(&self) -> Json {
        let status: Json =
            serde_json::from_slice(&self.run("sandbox status -json").stdout).expect("the status is JSON");
        status["objects"].clone()
    }
}

#[test]
fn pain_1_a_load_balancer_in_no_state_goes_with_its_cluster() {
    let folder = Folder::new(&format!("{}{SERVICE}", CLUSTER.replace("OPTIONS", "")));
    folder.good("apply -auto-approve");
    assert_eq!(folder.world()["elb/load-balancers"], 1);
    folder.good("state rm kubernetes_manifest.public");
    folder.good("destroy -auto-approve");
    assert_eq!(folder.world(), json!({}));
}

#[test]
fn pain_1_what_nobody_cleans_up_in_the_cluster_is_found_in_the_cloud() {
    let folder = Folder::new(&format!("{}{SERVICE}", CLUSTER.replace("OPTIONS", "")));
    folder.good("apply -auto-approve");
    folder.good("state rm kubernetes_manifest.public cluster.lake.module.this.kubernetes_cleanup.this");
    folder.good("destroy -auto-approve");
    assert_eq!(folder.world(), json!({}));
}

#[test]
fn pain_2_volumes_go_with_their_cluster_or_are_told() {
    let with = |retain: bool| CLUSTER.replace("OPTIONS", &format!("storage = {{ retain = {retain} }}"));
    let folder = Folder::new(&format!("{}{DATABASE}", with(false)));
    folder.good("apply -auto-approve");
    // Two of the database, and one of each node.
    assert_eq!(folder.world()["ec2/volumes"], 4);
    folder.write(&format!("{}{DATABASE}", with(true)));
    folder.good("apply -auto-approve");
    let told = folder.good("destroy -auto-approve");
    assert_eq!(folder.world(), json!({"ec2/volumes": 2}));
    assert_eq!(told.matches("Left behind").count(), 1, "{told}");
    assert!(told.contains(": volume of 4Gi, claim default/data-database-0"), "{told}");
}
