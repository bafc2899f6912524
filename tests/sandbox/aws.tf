# What the tests of `aws.rs` apply; they replace texts to change it.

provider "aws" {
  default_tags {
    tags = { team = "data" }
  }
}

data "aws_caller_identity" "me" {}
data "aws_partition" "here" {}

data "aws_iam_policy_document" "trust" {
  for_each = { cluster = "eks.amazonaws.com", nodes = "ec2.amazonaws.com" }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

resource "aws_iam_role" "cluster" {
  name               = "lake-cluster"
  assume_role_policy = data.aws_iam_policy_document.trust["cluster"].json
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:${data.aws_partition.here.partition}:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role" "nodes" {
  name_prefix        = "lake-nodes-"
  assume_role_policy = data.aws_iam_policy_document.trust["nodes"].json
  description        = "nodes"
}

resource "aws_iam_role_policy_attachment" "nodes" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"])
  role       = aws_iam_role.nodes.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_iam_policy" "data" {
  name = "lake-data"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "data" {
  role       = aws_iam_role.nodes.name
  policy_arn = aws_iam_policy.data.arn
}

resource "aws_iam_role_policy" "logs" {
  name = "logs"
  role = aws_iam_role.nodes.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:PutLogEvents"], Resource = "*" }]
  })
}

resource "aws_iam_instance_profile" "nodes" {
  name = "lake-nodes"
  role = aws_iam_role.nodes.name
}

resource "aws_vpc" "lake" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "lake" {
  for_each          = { a = 0, b = 1, c = 2 }
  vpc_id            = aws_vpc.lake.id
  availability_zone = "eu-west-1${each.key}"
  cidr_block        = cidrsubnet(aws_vpc.lake.cidr_block, 8, each.value)
}

resource "aws_eks_cluster" "lake" {
  name     = "lake"
  role_arn = aws_iam_role.cluster.arn
  version  = "1.34"

  access_config {
    authentication_mode = "API_AND_CONFIG_MAP"
  }
  vpc_config {
    subnet_ids = [aws_subnet.lake["a"].id, aws_subnet.lake["b"].id]
  }
  tags       = { tier = "one" }
  depends_on = [aws_iam_role_policy_attachment.cluster]
}

resource "aws_iam_openid_connect_provider" "lake" {
  url            = aws_eks_cluster.lake.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_eks_node_group" "pool" {
  cluster_name    = aws_eks_cluster.lake.name
  node_group_name = "pool"
  node_role_arn   = aws_iam_role.nodes.arn
  subnet_ids      = aws_eks_cluster.lake.vpc_config[0].subnet_ids
  version         = aws_eks_cluster.lake.version
  capacity_type   = "SPOT"
  labels          = { kind = "worker" }

  scaling_config {
    desired_size = 2
    max_size     = 4
    min_size     = 1
  }
  taint {
    key    = "spot"
    effect = "NO_SCHEDULE"
  }
  depends_on = [aws_iam_role_policy_attachment.nodes]
}

resource "aws_eks_addon" "dns" {
  cluster_name = aws_eks_cluster.lake.name
  addon_name   = "coredns"
  depends_on   = [aws_eks_node_group.pool]
}

resource "aws_eks_access_entry" "me" {
  cluster_name  = aws_eks_cluster.lake.name
  principal_arn = data.aws_caller_identity.me.arn
}

resource "aws_eks_access_policy_association" "me" {
  cluster_name  = aws_eks_access_entry.me.cluster_name
  principal_arn = aws_eks_access_entry.me.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
  access_scope {
    type = "cluster"
  }
}

data "aws_eks_cluster_auth" "lake" {
  name = aws_eks_cluster.lake.name
}

data "aws_eks_addon_version" "dns" {
  addon_name         = "coredns"
  kubernetes_version = aws_eks_cluster.lake.version
}

output "endpoint" {
  value = aws_eks_cluster.lake.endpoint
}

output "services" {
  value = aws_eks_cluster.lake.kubernetes_network_config[0].service_ipv4_cidr
}

output "token" {
  value     = startswith(data.aws_eks_cluster_auth.lake.token, "k8s-aws-v1.")
  sensitive = true
}
