//! Calls of a plan that finds nothing to do: what it asks for, and the least that could answer it.

use std::collections::BTreeMap;

/// Namespaces that the objects are in, the same number of each kind in each.
const NAMESPACES: usize = 5;
/// Kinds of objects in them: three by types of their own, two by manifests.
const KINDS: usize = 5;
const ROLES: usize = 2;

/// More calls than this times the least possible are too many.
pub(crate) const RATIO_MAX: f64 = 1.2;

/// Writes a configuration with so many objects in a cluster, and so many node groups.
pub(crate) fn configuration(objects: usize, groups: usize) -> String {
    let each = objects / NAMESPACES / KINDS;
    CONFIGURATION
        .replace("EACH", &each.to_string())
        .replace("GROUPS", &groups.to_string())
        .replace("NAMESPACES", &NAMESPACES.to_string())
}

/// Returns the least that the clouds must be asked, by service and operation, as their logs have them.
///
/// EC2 tells of many things of a kind at once, but for the settings of a VPC. Of a role, a cluster and a node group AWS tells
/// everything only one by one; its lists have nothing but names there. A cluster of Kubernetes lists all objects of a kind and a
/// namespace at once, and says once which kinds there are in the group that all of these are of.
pub(crate) fn least(groups: usize) -> BTreeMap<String, usize> {
    let asked = [
        // Who we are: the account is a part of names.
        ("sts GetCallerIdentity", 1),
        ("ec2 DescribeVpcs", 1),
        ("ec2 DescribeVpcAttribute", 3),
        // The main one is an attribute of the VPC.
        ("ec2 DescribeRouteTables", 1),
        ("ec2 DescribeSubnets", 1),
        ("iam GetRole", ROLES),
        ("iam ListAttachedRolePolicies", ROLES),
        ("eks DescribeCluster", 1),
        ("eks DescribeNodegroup", groups),
        ("kubernetes get /api/v1", 1),
        // The namespaces themselves; config maps are of two types, and of one kind.
        ("kubernetes list", 1 + NAMESPACES * (KINDS - 1)),
    ];
    asked.into_iter().map(|(what, count)| (what.to_owned(), count)).collect()
}

/// Says what was asked beside the least possible; returns the ratio.
pub(crate) fn compare(asked: &BTreeMap<String, usize>, groups: usize) -> (f64, String) {
    let least = least(groups);
    let mut lines = String::new();
    let mut names: Vec<&String> = asked.keys().chain(least.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let count = |of: &BTreeMap<String, usize>| of.get(name).copied().unwrap_or_default();
        lines.push_str(&format!("{name:<40}{:>6}{:>6}\n", count(asked), count(&least)));
    }
    let (asked, least): (usize, usize) = (asked.values().sum(), least.values().sum());
    let ratio = asked as f64 / least as f64;
    (
        ratio,
        format!("{:<40}{:>6}{:>6}\n{lines}{:<40}{asked:>6}{least:>6}  {ratio:.3}\n", "calls", "asked", "least", "all"),
    )
}

/// Returns what a request is counted as.
pub(crate) fn counted(service: &str, operation: &str) -> String {
    match (service, operation.split(' ').next().unwrap_or_default()) {
        ("kubernetes", "list") => "kubernetes list".to_owned(),
        _ => format!("{service} {operation}"),
    }
}

const CONFIGURATION: &str = r#"
provider "aws" {
  region = "eu-west-1"
}

locals {
  namespaces = [for namespace in kubernetes_namespace.n : namespace.metadata[0].name]
  places     = { for pair in setproduct(range(NAMESPACES), range(EACH)) : "${pair[0]}-${pair[1]}" => pair[0] }
}

resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "s" {
  count             = 2
  vpc_id            = aws_vpc.v.id
  availability_zone = "eu-west-1${["a", "b"][count.index]}"
  cidr_block        = cidrsubnet(aws_vpc.v.cidr_block, 2, count.index)
}

resource "aws_iam_role" "r" {
  for_each           = { cluster = "eks.amazonaws.com", nodes = "ec2.amazonaws.com" }
  name               = each.key
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = each.value } }] })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.r["cluster"].name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"])
  role       = aws_iam_role.r["nodes"].name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_eks_cluster" "c" {
  name                          = "many"
  version                       = "1.35"
  role_arn                      = aws_iam_role.r["cluster"].arn
  bootstrap_self_managed_addons = false
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }
  vpc_config {
    subnet_ids = aws_subnet.s[*].id
  }
  depends_on = [aws_iam_role_policy_attachment.cluster]
}

resource "aws_eks_node_group" "g" {
  count           = GROUPS
  cluster_name    = aws_eks_cluster.c.name
  node_group_name = "g${count.index}"
  node_role_arn   = aws_iam_role.r["nodes"].arn
  subnet_ids      = aws_subnet.s[*].id
  scaling_config {
    min_size     = 0
    max_size     = 1
    desired_size = 0
  }
  depends_on = [aws_iam_role_policy_attachment.nodes]
}

provider "kubernetes" {
  host                   = aws_eks_cluster.c.endpoint
  cluster_ca_certificate = base64decode(aws_eks_cluster.c.certificate_authority[0].data)
  eks {
    cluster_name = aws_eks_cluster.c.name
    region       = "eu-west-1"
  }
}

resource "kubernetes_namespace" "n" {
  count = NAMESPACES
  metadata { name = "n${count.index}" }
}

resource "kubernetes_config_map" "typed" {
  for_each = local.places
  metadata {
    name      = "typed-${each.key}"
    namespace = local.namespaces[each.value]
  }
  data = { place = each.key }
}

resource "kubernetes_secret" "typed" {
  for_each = local.places
  metadata {
    name      = "typed-${each.key}"
    namespace = local.namespaces[each.value]
  }
  data = { place = each.key }
}

resource "kubernetes_service_account" "typed" {
  for_each = local.places
  metadata {
    name      = "typed-${each.key}"
    namespace = local.namespaces[each.value]
  }
}

resource "kubernetes_manifest" "settings" {
  for_each = local.places
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "any-${each.key}", namespace = local.namespaces[each.value] }
    data       = { place = each.key }
  }
}

resource "kubernetes_manifest" "service" {
  for_each = local.places
  manifest = {
    apiVersion = "v1"
    kind       = "Service"
    metadata   = { name = "s-${each.key}", namespace = local.namespaces[each.value] }
    spec       = { clusterIP = "None", selector = { app = each.key }, ports = [{ port = 80, name = "http" }] }
  }
}
"#;
