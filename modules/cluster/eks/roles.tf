# Who the control plane, the nodes and the volumes' driver are to AWS.

data "aws_iam_policy_document" "trust" {
  for_each = {
    cluster = ["eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]]
    nodes   = ["ec2.amazonaws.com", ["sts:AssumeRole"]]
    pods    = ["pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]]
  }

  statement {
    actions = each.value[1]
    principals {
      type        = "Service"
      identifiers = [each.value[0]]
    }
  }
}

locals {
  roles = {
    cluster = { trust = "cluster", policies = ["AmazonEKSClusterPolicy"] }
    nodes   = { trust = "nodes", policies = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"] }
    volumes = { trust = "pods", policies = ["service-role/AmazonEBSCSIDriverPolicy"] }
  }
  attachments = merge([for role, parts in local.roles : { for policy in parts.policies : "${role}/${policy}" => { role = role, policy = policy } }]...)
}

resource "aws_iam_role" "this" {
  for_each           = local.roles
  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.value.trust].json
  tags               = local.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = local.attachments
  role       = aws_iam_role.this[each.value.role].name
  policy_arn = "arn:${data.aws_partition.here.partition}:iam::aws:policy/${each.value.policy}"
}
