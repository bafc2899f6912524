//! Configurations by chance: a part of everything between an empty account and objects in a cluster, and edits of it.

use std::collections::BTreeMap;
use std::fmt::Write;

use state::simulated::Seeded;

/// What is configured.
#[derive(Clone, Debug)]
pub(super) struct Model {
    subnets: u64,
    has_way_out: bool,
    groups: BTreeMap<u64, Group>,
    template: Option<u64>,
    policies: BTreeMap<u64, u64>,
    tag: u64,
    cluster: Option<Cluster>,
}

#[derive(Clone, Debug)]
struct Group {
    port: u64,
    /// Rules are in it, each a resource of its own, or of the older type.
    form: u64,
}

#[derive(Clone, Debug)]
struct Cluster {
    minor: u64,
    logs: u64,
    is_private: bool,
    pools: BTreeMap<u64, Pool>,
    addons: Vec<&'static str>,
    entries: BTreeMap<u64, u64>,
    identities: u64,
    has_issuer: bool,
    has_fargate: bool,
    objects: Option<Objects>,
}

#[derive(Clone, Debug)]
struct Pool {
    machine: u64,
    max: u64,
    label: u64,
    is_tainted: bool,
}

#[derive(Clone, Debug)]
struct Objects {
    namespaces: u64,
    maps: u64,
    data: u64,
    has_definition: bool,
    has_workload: bool,
    has_marks: bool,
}

/// Add-ons, those that need nodes last.
const ADDONS: &[&str] = &["vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "metrics-server"];
const ON_NODES: usize = 3;
const MACHINES: &[&str] = &["m7i.large", "m7i.xlarge", "r7i.large"];

/// Tells whether something is so, in one of so many cases.
pub(super) fn one_of(random: &mut Seeded, cases: u64) -> bool {
    random.below(cases) == 0
}

impl Model {
    /// Makes a configuration.
    pub(super) fn new(random: &mut Seeded) -> Model {
        let mut model = Model {
            subnets: 2 + random.below(2),
            has_way_out: one_of(random, 2),
            groups: BTreeMap::new(),
            template: one_of(random, 3).then(|| random.below(3)),
            policies: BTreeMap::new(),
            tag: 0,
            cluster: None,
        };
        for name in 0..random.below(3) {
            model.groups.insert(name, Group { port: random.below(3), form: random.below(3) });
        }
        for name in 0..random.below(3) {
            model.policies.insert(name, random.below(3));
        }
        if !one_of(random, 4) {
            model.cluster = Some(Cluster::new(random));
        }
        model
    }

    /// Makes a configuration of everything of AWS, and nothing in the cluster.
    pub(super) fn whole() -> Model {
        let pool = |label| Pool { machine: 0, max: 2, label, is_tainted: true };
        let group = |form| Group { port: 0, form };
        let cluster = Cluster {
            minor: 34,
            logs: 1,
            is_private: true,
            pools: [(0, pool(0)), (2, pool(1))].into(),
            addons: ADDONS.to_vec(),
            entries: [(0, 0), (1, 1)].into(),
            identities: 1,
            has_issuer: true,
            has_fargate: true,
            objects: None,
        };
        Model {
            subnets: 2,
            has_way_out: true,
            groups: [(0, group(0)), (1, group(1)), (2, group(2))].into(),
            template: Some(1),
            policies: [(0, 1)].into(),
            tag: 0,
            cluster: Some(cluster),
        }
    }

    /// Changes something.
    pub(super) fn edit(&mut self, random: &mut Seeded) {
        match random.below(9) {
            0 => self.tag = random.below(4),
            1 => self.subnets = 2 + random.below(2),
            2 => self.has_way_out = !self.has_way_out,
            3 => {
                let group = Group { port: random.below(3), form: random.below(3) };
                toggle(&mut self.groups, random.below(3), group, one_of(random, 3));
            }
            4 => self.template = one_of(random, 2).then(|| random.below(3)),
            5 => toggle(&mut self.policies, random.below(3), random.below(3), one_of(random, 3)),
            _ => match &mut self.cluster {
                Some(cluster) => cluster.edit(random),
                None => self.tag = random.below(4),
            },
        }
    }

    /// Writes it as a configuration.
    pub(super) fn text(&self) -> String {
        let mut text = String::from(HEAD);
        let tag = self.tag;
        let _ = writeln!(text, "locals {{\n  tags = {{ edition = \"{tag}\" }}\n}}");
        self.write_network(&mut text);
        self.write_roles(&mut text);
        if let Some(cluster) = &self.cluster {
            cluster.write(&mut text, self);
        }
        text
    }

    fn write_network(&self, text: &mut String) {
        let subnets: Vec<String> = (0..self.subnets).map(|place| format!("s{place} = {place}")).collect();
        let _ = writeln!(text, "{}", NETWORK.replace("SUBNETS", &subnets.join(", ")));
        if self.has_way_out {
            text.push_str(WAY_OUT);
        }
        for (name, group) in &self.groups {
            let port = 8000 + group.port;
            let rules = match group.form {
                0 => format!(
                    "  ingress {{\n    from_port = {port}\n    to_port = {port}\n    protocol = \"tcp\"\n    cidr_blocks = [\"10.0.0.0/8\"]\n  }}\n"
                ),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "resource \"aws_security_group\" \"g{name}\" {{\n  name = \"g{name}\"\n  vpc_id = aws_vpc.v.id\n  tags = local.tags\n{rules}}}"
            );
            let of = format!("security_group_id = aws_security_group.g{name}.id");
            let _ = match group.form {
                1 => writeln!(
                    text,
                    "resource \"aws_vpc_security_group_ingress_rule\" \"g{name}\" {{\n  {of}\n  from_port = {port}\n  to_port = {port}\n  ip_protocol = \"tcp\"\n  cidr_ipv4 = \"10.1.0.0/16\"\n}}\nresource \"aws_vpc_security_group_egress_rule\" \"g{name}\" {{\n  {of}\n  ip_protocol = \"-1\"\n  cidr_ipv4 = \"0.0.0.0/0\"\n}}"
                ),
                2 => writeln!(
                    text,
                    "resource \"aws_security_group_rule\" \"g{name}\" {{\n  {of}\n  type = \"ingress\"\n  from_port = {port}\n  to_port = {port}\n  protocol = \"tcp\"\n  cidr_blocks = [\"10.2.0.0/16\"]\n}}"
                ),
                _ => Ok(()),
            };
        }
        if let Some(version) = self.template {
            let _ = writeln!(
                text,
                "resource \"aws_launch_template\" \"t\" {{\n  name_prefix = \"t-\"\n  update_default_version = true\n  user_data = base64encode(\"{version}\")\n  tags = local.tags\n}}"
            );
        }
    }

    fn write_roles(&self, text: &mut String) {
        text.push_str(ROLES);
        for (name, content) in &self.policies {
            let policy = format!(
                "jsonencode({{ Version = \"2012-10-17\", Statement = [{{ Effect = \"Allow\", Action = \"s3:GetObject\", Resource = \"arn:aws:s3:::b{content}/*\" }}] }})"
            );
            let _ = writeln!(
                text,
                "resource \"aws_iam_policy\" \"p{name}\" {{\n  name = \"p{name}\"\n  policy = {policy}\n  tags = local.tags\n}}\nresource \"aws_iam_role_policy_attachment\" \"p{name}\" {{\n  role = aws_iam_role.nodes.name\n  policy_arn = aws_iam_policy.p{name}.arn\n}}\nresource \"aws_iam_role_policy\" \"p{name}\" {{\n  name = \"inline{name}\"\n  role = aws_iam_role.nodes.id\n  policy = {policy}\n}}"
            );
        }
    }
}

/// Adds, changes or takes away.
fn toggle<T>(map: &mut BTreeMap<u64, T>, key: u64, value: T, is_gone: bool) {
    match is_gone {
        true => _ = map.remove(&key),
        false => _ = map.insert(key, value),
    }
}

impl Cluster {
    fn new(random: &mut Seeded) -> Cluster {
        let mut cluster = Cluster {
            minor: 33 + random.below(3),
            logs: random.below(3),
            is_private: one_of(random, 2),
            pools: BTreeMap::new(),
            addons: Vec::new(),
            entries: BTreeMap::new(),
            identities: random.below(2),
            has_issuer: one_of(random, 3),
            has_fargate: one_of(random, 5),
            objects: None,
        };
        for name in 0..random.below(3) {
            cluster.pools.insert(name, Pool::new(random));
        }
        let possible = if cluster.pools.is_empty() { ON_NODES } else { ADDONS.len() };
        cluster.addons = ADDONS[..possible].iter().copied().filter(|_| one_of(random, 3)).collect();
        for name in 0..random.below(2) {
            cluster.entries.insert(name, random.below(2));
        }
        if !one_of(random, 3) {
            cluster.objects = Some(Objects::new(random));
        }
        cluster
    }

    fn edit(&mut self, random: &mut Seeded) {
        match random.below(10) {
            0 if self.minor < 36 => self.minor += 1 + random.below(37 - self.minor),
            1 => self.logs = random.below(3),
            2 => self.is_private = !self.is_private,
            3 | 4 => {
                let pool = Pool::new(random);
                let is_gone = one_of(random, 3) && self.pools.len() > 1;
                toggle(&mut self.pools, random.below(3), pool, is_gone);
            }
            5 => toggle(&mut self.entries, random.below(2), random.below(2), one_of(random, 3)),
            6 => self.identities = random.below(3),
            7 => self.has_issuer = !self.has_issuer,
            _ => match &mut self.objects {
                Some(objects) => objects.edit(random),
                None => self.objects = Some(Objects::new(random)),
            },
        }
    }

    fn write(&self, text: &mut String, model: &Model) {
        let logs: Vec<String> =
            ["api", "audit"].iter().take(self.logs as usize).map(|log| format!("{log:?}")).collect();
        let cluster = CLUSTER
            .replace("VERSION", &format!("1.{}", self.minor))
            .replace("LOGS", &logs.join(", "))
            .replace("PRIVATE", &self.is_private.to_string());
        text.push_str(&cluster);
        for (name, pool) in &self.pools {
            let _ = writeln!(text, "{}", pool.text(*name, model.template.is_some() && *name == 2));
        }
        for addon in &self.addons {
            let is_on_nodes = ADDONS[ON_NODES..].contains(addon);
            let pools: Vec<String> = self.pools.keys().map(|name| format!("aws_eks_node_group.n{name}")).collect();
            let needs = if is_on_nodes { pools.join(", ") } else { String::new() };
            let _ = writeln!(
                text,
                "resource \"aws_eks_addon\" \"{addon}\" {{\n  cluster_name = aws_eks_cluster.c.name\n  addon_name = \"{addon}\"\n  resolve_conflicts_on_create = \"OVERWRITE\"\n  tags = local.tags\n  depends_on = [{needs}]\n}}"
            );
        }
        for (name, scope) in &self.entries {
            let scope = match scope {
                0 => "type = \"cluster\"",
                _ => "type = \"namespace\"\n    namespaces = [\"default\"]",
            };
            let _ = writeln!(text, "{}", ENTRY.replace("NAME", &name.to_string()).replace("SCOPE", scope));
        }
        if self.identities > 0 {
            let _ = writeln!(text, "{}", IDENTITIES.replace("COUNT", &self.identities.to_string()));
        }
        if self.has_issuer {
            text.push_str(ISSUER);
        }
        if self.has_fargate {
            text.push_str(FARGATE);
        }
        if let Some(objects) = &self.objects {
            objects.write(text, !self.pools.is_empty());
        }
    }
}

impl Pool {
    fn new(random: &mut Seeded) -> Pool {
        Pool {
            machine: random.below(MACHINES.len() as u64),
            max: 1 + random.below(3),
            label: random.below(3),
            is_tainted: one_of(random, 4),
        }
    }

    fn text(&self, name: u64, has_template: bool) -> String {
        let Pool { max, label, .. } = self;
        let taint =
            if self.is_tainted { "  taint {\n    key = \"a\"\n    effect = \"PREFER_NO_SCHEDULE\"\n  }\n" } else { "" };
        let template = match has_template {
            true => {
                "  launch_template {\n    id = aws_launch_template.t.id\n    version = aws_launch_template.t.latest_version\n  }\n"
            }
            false => "",
        };
        let machine = MACHINES[self.machine as usize];
        format!(
            "resource \"aws_eks_node_group\" \"n{name}\" {{\n  cluster_name = aws_eks_cluster.c.name\n  node_group_name = \"n{name}\"\n  node_role_arn = aws_iam_role.nodes.arn\n  subnet_ids = local.subnets\n  version = aws_eks_cluster.c.version\n  instance_types = [{machine:?}]\n  labels = {{ kind = \"{label}\" }}\n  tags = local.tags\n{taint}{template}  scaling_config {{\n    min_size = 1\n    max_size = {max}\n    desired_size = 1\n  }}\n  depends_on = [aws_iam_role_policy_attachment.nodes]\n}}"
        )
    }
}

impl Objects {
    fn new(random: &mut Seeded) -> Objects {
        Objects {
            namespaces: 1 + random.below(2),
            maps: random.below(4),
            data: random.below(3),
            has_definition: one_of(random, 3),
            has_workload: one_of(random, 3),
            has_marks: one_of(random, 3),
        }
    }

    fn edit(&mut self, random: &mut Seeded) {
        match random.below(6) {
            0 => self.namespaces = 1 + random.below(2),
            1 => self.maps = random.below(4),
            2 => self.data = random.below(3),
            3 => self.has_definition = !self.has_definition,
            4 => self.has_workload = !self.has_workload,
            _ => self.has_marks = !self.has_marks,
        }
    }

    fn write(&self, text: &mut String, has_nodes: bool) {
        let objects = OBJECTS
            .replace("NAMESPACES", &self.namespaces.to_string())
            .replace("MAPS", &self.maps.to_string())
            .replace("DATA", &self.data.to_string());
        text.push_str(&objects);
        if self.has_definition {
            text.push_str(&DEFINITION.replace("DATA", &self.data.to_string()));
        }
        if self.has_workload {
            let wait = if has_nodes { "  wait { rollout = true }\n" } else { "" };
            text.push_str(&WORKLOAD.replace("WAIT", wait).replace("DATA", &(1 + self.data).to_string()));
        }
        if self.has_marks {
            text.push_str(&MARKS.replace("DATA", &self.data.to_string()));
        }
    }
}

const HEAD: &str = r#"
provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = { stack = "proof" }
  }
}
"#;

const NETWORK: &str = r#"
resource "aws_vpc" "v" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = local.tags
}

resource "aws_subnet" "s" {
  for_each          = { SUBNETS }
  vpc_id            = aws_vpc.v.id
  availability_zone = "eu-west-1${["a", "b", "c"][each.value]}"
  cidr_block        = cidrsubnet(aws_vpc.v.cidr_block, 8, each.value)
  tags              = local.tags
}

locals {
  subnets = [aws_subnet.s["s0"].id, aws_subnet.s["s1"].id]
}
"#;

const WAY_OUT: &str = r#"
resource "aws_internet_gateway" "i" {
  vpc_id = aws_vpc.v.id
  tags   = local.tags
}

resource "aws_eip" "e" {
  domain     = "vpc"
  tags       = local.tags
  depends_on = [aws_internet_gateway.i]
}

resource "aws_nat_gateway" "n" {
  allocation_id = aws_eip.e.id
  subnet_id     = aws_subnet.s["s0"].id
  tags          = local.tags
}

resource "aws_route_table" "r" {
  vpc_id = aws_vpc.v.id
  tags   = local.tags
}

resource "aws_route" "r" {
  route_table_id         = aws_route_table.r.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.n.id
}

resource "aws_route_table_association" "r" {
  route_table_id = aws_route_table.r.id
  subnet_id      = aws_subnet.s["s1"].id
}
"#;

const ROLES: &str = r#"
resource "aws_iam_role" "cluster" {
  name               = "cluster"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "eks.amazonaws.com" } }] })
  tags               = local.tags
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role" "nodes" {
  name_prefix        = "nodes-"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Principal = { Service = ["ec2.amazonaws.com", "eks-fargate-pods.amazonaws.com", "pods.eks.amazonaws.com"] } }] })
  tags               = local.tags
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKSFargatePodExecutionRolePolicy"])
  role       = aws_iam_role.nodes.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_iam_instance_profile" "nodes" {
  name = "nodes"
  role = aws_iam_role.nodes.name
  tags = local.tags
}
"#;

const CLUSTER: &str = r#"
resource "aws_eks_cluster" "c" {
  name                          = "proof"
  version                       = "VERSION"
  role_arn                      = aws_iam_role.cluster.arn
  enabled_cluster_log_types     = [LOGS]
  bootstrap_self_managed_addons = false
  tags                          = local.tags

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }
  vpc_config {
    subnet_ids              = local.subnets
    endpoint_private_access = PRIVATE
  }
  depends_on = [aws_iam_role_policy_attachment.cluster]
}

provider "kubernetes" {
  host                   = aws_eks_cluster.c.endpoint
  cluster_ca_certificate = base64decode(aws_eks_cluster.c.certificate_authority[0].data)
  eks {
    cluster_name = aws_eks_cluster.c.name
    region       = "eu-west-1"
  }
}
"#;

const ENTRY: &str = r#"
resource "aws_iam_role" "eNAME" {
  name               = "eNAME"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }] })
}

resource "aws_eks_access_entry" "eNAME" {
  cluster_name  = aws_eks_cluster.c.name
  principal_arn = aws_iam_role.eNAME.arn
  tags          = local.tags
}

resource "aws_eks_access_policy_association" "eNAME" {
  cluster_name  = aws_eks_cluster.c.name
  principal_arn = aws_eks_access_entry.eNAME.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
  access_scope {
    SCOPE
  }
}
"#;

const IDENTITIES: &str = r#"
resource "aws_eks_pod_identity_association" "i" {
  count           = COUNT
  cluster_name    = aws_eks_cluster.c.name
  namespace       = "default"
  service_account = "a${count.index}"
  role_arn        = aws_iam_role.nodes.arn
  tags            = local.tags
}
"#;

const ISSUER: &str = r#"
resource "aws_iam_openid_connect_provider" "o" {
  url            = aws_eks_cluster.c.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = local.tags
}
"#;

const FARGATE: &str = r#"
resource "aws_eks_fargate_profile" "f" {
  count                  = 2
  cluster_name           = aws_eks_cluster.c.name
  fargate_profile_name   = "f${count.index}"
  pod_execution_role_arn = aws_iam_role.nodes.arn
  subnet_ids             = local.subnets
  tags                   = local.tags
  selector {
    namespace = "serverless${count.index}"
  }
  depends_on = [aws_iam_role_policy_attachment.nodes]
}
"#;

const OBJECTS: &str = r#"
resource "kubernetes_namespace" "n" {
  count = NAMESPACES
  metadata {
    name   = "proof-${count.index}"
    labels = { edition = "DATA" }
  }
}

resource "kubernetes_config_map" "m" {
  count = MAPS
  metadata {
    generate_name = "m-"
    namespace     = kubernetes_namespace.n[0].metadata[0].name
  }
  data = { value = "DATA" }
}

resource "kubernetes_secret" "s" {
  metadata {
    name      = "s"
    namespace = kubernetes_namespace.n[0].metadata[0].name
  }
  data = { password = "p-DATA" }
}

resource "kubernetes_service_account" "a" {
  metadata {
    name      = "a"
    namespace = kubernetes_namespace.n[0].metadata[0].name
  }
}

resource "kubernetes_manifest" "m" {
  count = MAPS
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "manifest-${count.index}", namespace = kubernetes_namespace.n[0].metadata[0].name }
    data       = { value = "DATA" }
  }
}

resource "kubernetes_storage_class" "c" {
  metadata { name = "proof" }
  storage_provisioner = "ebs.csi.aws.com"
  parameters          = { edition = "DATA" }
}
"#;

const DEFINITION: &str = r#"
resource "kubernetes_manifest" "definition" {
  manifest = {
    apiVersion = "apiextensions.k8s.io/v1"
    kind       = "CustomResourceDefinition"
    metadata   = { name = "lakes.proof.example.com" }
    spec = {
      group = "proof.example.com"
      scope = "Namespaced"
      names = { kind = "Lake", plural = "lakes", singular = "lake", listKind = "LakeList" }
      versions = [{
        name = "v1", served = true, storage = true
        schema = { openAPIV3Schema = { type = "object", properties = { spec = { type = "object", properties = {
          depth = { type = "integer" }
        } } } } }
      }]
    }
  }
}

resource "kubernetes_manifest" "lake" {
  manifest = {
    apiVersion = "proof.example.com/v1"
    kind       = "Lake"
    metadata   = { name = "deep", namespace = "default" }
    spec       = { depth = DATA }
  }
  depends_on = [kubernetes_manifest.definition]
}
"#;

const WORKLOAD: &str = r#"
resource "kubernetes_manifest" "web" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "web", namespace = kubernetes_namespace.n[0].metadata[0].name }
    spec = {
      replicas = DATA
      selector = { matchLabels = { app = "web" } }
      template = {
        metadata = { labels = { app = "web" } }
        spec = {
          containers = [{ name = "web", image = "registry.k8s.io/pause:3.10", resources = { requests = { cpu = "50m" } } }]
        }
      }
    }
  }
WAIT}
"#;

const MARKS: &str = r#"
resource "kubernetes_labels" "l" {
  api_version = "v1"
  kind        = "ServiceAccount"
  metadata {
    name      = kubernetes_service_account.a.metadata[0].name
    namespace = kubernetes_namespace.n[0].metadata[0].name
  }
  labels = { marked = "DATA" }
}
"#;
