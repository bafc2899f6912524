//! What a destroy leaves: nothing, or what is to stay, which is told. On the emulated EKS, with whole clusters.
#![cfg(unix)]

use std::process::Output;

use serde_json::{Value as Json, json};

use crate::program::{gantry, said};

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
        let mut command = gantry(self.0.path(), &arguments.split(' ').collect::<Vec<_>>());
        command.env("GANTRY_SANDBOX", "1").output().expect("the program runs")
    }

    /// Runs a command that must go well, and returns all that it prints.
    fn good(&self, arguments: &str) -> String {
        let ran = self.run(arguments);
        assert!(ran.status.success(), "gantry {arguments}\n{}", said(&ran));
        said(&ran)
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

/// Objects in the cluster that own nothing outside of it.
const SETTINGS: &str = r#"
resource "kubernetes_namespace" "team" {
  provider = kubernetes.lake
  metadata { name = "team" }
}

resource "kubernetes_config_map" "settings" {
  provider = kubernetes.lake
  count    = 20
  metadata {
    name      = "settings-${count.index}"
    namespace = kubernetes_namespace.team.metadata[0].name
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
      names = { kind = "Lake", plural = "lakes", singular = "lake", listKind = "LakeList" }
      versions = [{
        name = "v1", served = true, storage = true
        schema = { openAPIV3Schema = { type = "object", x-kubernetes-preserve-unknown-fields = true } }
      }]
    }
  }
}

# What an operator looks after may own something outside.
resource "kubernetes_manifest" "lake" {
  provider = kubernetes.lake
  manifest = {
    apiVersion = "example.com/v1"
    kind       = "Lake"
    metadata   = { name = "deep", namespace = kubernetes_namespace.team.metadata[0].name }
  }
}
"#;

impl Folder {
    /// Returns what was asked of clusters after a number of requests.
    fn asked(&self, after: usize) -> Vec<String> {
        let log = self.good("sandbox log -service=kubernetes -json");
        let requests = log.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        requests.filter_map(|one| one["request"].as_str().map(str::to_owned)).skip(after).collect()
    }
}

#[test]
fn objects_go_with_their_cluster_without_a_call() {
    let folder = Folder::new(&format!("{}{SETTINGS}", CLUSTER.replace("OPTIONS", "")));
    folder.good("apply -auto-approve");
    let before = folder.asked(0).len();
    let told = folder.good("destroy -auto-approve");
    let goes = "goes with cluster.lake.module.this.aws_eks_cluster.this";
    // The namespace, twenty maps, the definition, two storage classes.
    assert_eq!(told.matches(goes).count(), 24, "{told}");
    assert!(told.contains("kubernetes_config_map.settings[7]: Destruction complete"), "{told}");
    let deleted: Vec<String> =
        folder.asked(before).into_iter().filter(|request| request.starts_with("DELETE")).collect();
    assert_eq!(deleted.len(), 1, "{deleted:?}");
    assert!(deleted[0].contains("/lakes/deep"), "{deleted:?}");
    assert_eq!(folder.world(), json!({}));
    assert_eq!(folder.good("state list").trim(), "");
}

#[test]
fn a_cluster_that_is_no_longer_configured_goes_with_all_that_is_in_it() {
    let folder = Folder::new(&format!("{}{SETTINGS}{SERVICE}", CLUSTER.replace("OPTIONS", "")));
    folder.good("apply -auto-approve");
    folder.good("state rm kubernetes_manifest.public");
    // Its connection goes with the block: what is still to be asked of the cluster is reached by what state knows.
    folder.write("provider \"aws\" { region = \"eu-west-1\" }\n");
    folder.good("plan -out=saved");
    folder.good("apply saved");
    assert_eq!(folder.world(), json!({}));
    assert_eq!(folder.good("state list").trim(), "");
}

#[test]
fn objects_stay_in_state_until_their_cluster_is_gone() {
    let folder = Folder::new(&format!("{}{SETTINGS}", CLUSTER.replace("OPTIONS", "")));
    folder.good("apply -auto-approve");
    let refused = "error=InvalidRequestException:400";
    folder.good(&format!("sandbox fault add -service=eks -operation=DeleteCluster -times=1 {refused}"));
    let ran = folder.run("destroy -auto-approve");
    assert!(!ran.status.success());
    let left = folder.good("state list");
    assert!(left.contains("aws_eks_cluster.this") && left.contains("kubernetes_config_map.settings[7]"), "{left}");
    folder.good("destroy -auto-approve");
    assert_eq!(folder.world(), json!({}));
}

#[test]
fn what_is_protected_is_refused_before_anything_is_touched() {
    let protected = CLUSTER.replace("OPTIONS", "deletion_protection = true");
    let free = CLUSTER.replace("OPTIONS", "deletion_protection = false");
    let folder = Folder::new(&protected);
    folder.good("apply -auto-approve");
    let (world, cluster) = (folder.world(), "cluster.lake.module.this.aws_eks_cluster.this");
    let deletions = || folder.good("sandbox log -json -last=100000").matches("\"Delete").count();
    let before = deletions();
    let refused = |arguments: &str| {
        let ran = folder.run(arguments);
        let text = String::from_utf8_lossy(&ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!ran.status.success() && text.contains("Cluster is protected"), "gantry {arguments}: {text}");
        assert!(text.contains(cluster) && text.contains("Set `deletion_protection = false`"), "{text}");
        assert_eq!(text.matches("Error:").count(), 1, "{text}");
        text
    };
    refused("destroy -auto-approve");
    refused("plan -destroy");
    folder.write("provider \"aws\" { region = \"eu-west-1\" }\n");
    refused("apply -auto-approve");
    // A replacement begins with the deletion: that the new one is not protected does not help the old one.
    folder.write(&free);
    refused(&format!("plan -replace={cluster}"));
    folder.good(&format!("taint {cluster}"));
    assert!(refused("apply -auto-approve").contains(&format!("gantry untaint {cluster}")));
    folder.good(&format!("untaint {cluster}"));
    assert_eq!(folder.world(), world);
    assert_eq!(deletions(), before);
    folder.good("apply -auto-approve");
    folder.good("destroy -auto-approve");
    assert_eq!(folder.world(), json!({}));
}

/// A cluster in a network, of which it refers to the subnets only, as people write it.
const PLAIN: &str = r#"
provider "aws" { region = "eu-west-1" }

resource "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }

resource "aws_internet_gateway" "this" { vpc_id = aws_vpc.this.id }

resource "aws_subnet" "this" {
  count                   = 2
  vpc_id                  = aws_vpc.this.id
  cidr_block              = "10.0.${count.index}.0/24"
  availability_zone       = ["eu-west-1a", "eu-west-1b"][count.index]
  map_public_ip_on_launch = true
}

resource "aws_route_table" "this" { vpc_id = aws_vpc.this.id }

resource "aws_route" "out" {
  route_table_id         = aws_route_table.this.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "this" {
  count          = 2
  route_table_id = aws_route_table.this.id
  subnet_id      = aws_subnet.this[count.index].id
}

resource "aws_iam_role" "this" {
  for_each = { cluster = "eks.amazonaws.com", nodes = "ec2.amazonaws.com" }
  name     = "plain-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = each.value } }]
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = {
    AmazonEKSClusterPolicy             = "cluster"
    AmazonEKSWorkerNodePolicy          = "nodes"
    AmazonEKS_CNI_Policy               = "nodes"
    AmazonEC2ContainerRegistryReadOnly = "nodes"
  }
  role       = aws_iam_role.this[each.value].name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_eks_cluster" "this" {
  name     = "plain"
  role_arn = aws_iam_role.this["cluster"].arn
  vpc_config { subnet_ids = aws_subnet.this[*].id }
  depends_on = [aws_iam_role_policy_attachment.this]
}

resource "aws_eks_node_group" "this" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "core"
  node_role_arn   = aws_iam_role.this["nodes"].arn
  subnet_ids      = aws_subnet.this[*].id
  instance_types  = ["m7i.large"]
  scaling_config {
    min_size     = 1
    max_size     = 1
    desired_size = 1
  }
  depends_on = [aws_iam_role_policy_attachment.this]
}
"#;

#[test]
fn pain_4_the_ways_out_of_a_network_outlive_what_stands_on_them() {
    let folder = Folder::new(PLAIN);
    folder.good("apply -auto-approve");
    folder.good("destroy -auto-approve");
    assert_eq!(folder.world(), json!({}));
    let log = folder.good("sandbox log -json");
    let operations: Vec<String> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok()?["operation"].as_str().map(str::to_owned))
        .collect();
    let first = |name: &str| operations.iter().position(|one| one == name).unwrap_or_else(|| panic!("no {name}"));
    let last = |name: &str| operations.iter().rposition(|one| one == name).unwrap_or_else(|| panic!("no {name}"));
    for way in ["CreateRoute", "AssociateRouteTable"] {
        assert!(last(way) < first("CreateNodegroup"), "{way} comes too late: {operations:?}");
    }
    for way in ["DeleteRoute", "DisassociateRouteTable", "DetachInternetGateway"] {
        assert!(first(way) > last("DeleteNodegroup"), "{way} comes too early: {operations:?}");
    }
}
