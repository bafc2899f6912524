# The control plane, and what has to be in it before there are nodes.

resource "aws_eks_cluster" "this" {
  region                        = var.region
  name                          = var.name
  version                       = var.kubernetes_version
  role_arn                      = aws_iam_role.this["cluster"].arn
  bootstrap_self_managed_addons = false
  deletion_protection           = var.deletion_protection
  tags                          = local.tags

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }

  vpc_config {
    subnet_ids              = local.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = var.access.public
    public_access_cidrs     = var.access.public ? var.access.cidrs : null
  }

  # Without its role's policies a cluster can neither be made nor taken away; without routes its nodes are lost.
  depends_on = [
    aws_iam_role_policy_attachment.this,
    aws_route.private,
    aws_route.public,
    aws_route_table_association.private,
    aws_route_table_association.public,
  ]
}

resource "aws_eks_access_entry" "admin" {
  for_each      = toset(var.access.admins)
  region        = var.region
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.key
}

resource "aws_eks_access_policy_association" "admin" {
  for_each      = toset(var.access.admins)
  region        = var.region
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.admin[each.key].principal_arn
  policy_arn    = "arn:${data.aws_partition.here.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

data "aws_eks_addon_version" "this" {
  for_each           = toset(["vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "metrics-server", "aws-ebs-csi-driver"])
  region             = var.region
  addon_name         = each.key
  kubernetes_version = var.kubernetes_version
}

resource "aws_eks_addon" "before_nodes" {
  for_each                    = toset(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"])
  region                      = var.region
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = data.aws_eks_addon_version.this[each.key].version
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"
  tags                        = local.tags
}

resource "aws_eks_node_group" "this" {
  for_each     = var.pools
  region       = var.region
  cluster_name = aws_eks_cluster.this.name
  # Gantry completes the name: so the new nodes of a pool can be there before the old ones go.
  node_group_name_prefix = "${each.key}-"
  node_role_arn          = aws_iam_role.this["nodes"].arn
  version                = aws_eks_cluster.this.version
  subnet_ids             = each.value.zones == null ? local.subnet_ids : [for zone in each.value.zones : aws_subnet.private[zone].id]
  instance_types         = [lookup(local.machines, each.value.machine, each.value.machine)]
  ami_type               = each.value.gpu ? "AL2023_x86_64_NVIDIA" : "AL2023_x86_64_STANDARD"
  capacity_type          = each.value.spot ? "SPOT" : "ON_DEMAND"
  disk_size              = each.value.disk
  labels                 = merge({ "gantry.dev/pool" = each.key }, each.value.labels)
  tags                   = local.tags

  scaling_config {
    min_size     = each.value.min
    max_size     = max(coalesce(each.value.max, each.value.min), 1)
    desired_size = each.value.min
  }

  dynamic "taint" {
    for_each = each.value.taints
    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = { NoSchedule = "NO_SCHEDULE", PreferNoSchedule = "PREFER_NO_SCHEDULE", NoExecute = "NO_EXECUTE" }[taint.value.effect]
    }
  }

  lifecycle {
    # How many nodes there are between min and max is the autoscaler's business.
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_eks_addon.before_nodes, aws_iam_role_policy_attachment.this]
}

resource "aws_eks_addon" "on_nodes" {
  for_each                    = toset(["coredns", "metrics-server"])
  region                      = var.region
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = data.aws_eks_addon_version.this[each.key].version
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"
  tags                        = local.tags

  depends_on = [aws_eks_node_group.this]
}

resource "aws_eks_addon" "volumes" {
  region                      = var.region
  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = "aws-ebs-csi-driver"
  addon_version               = data.aws_eks_addon_version.this["aws-ebs-csi-driver"].version
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"
  tags                        = local.tags

  pod_identity_association {
    role_arn        = aws_iam_role.this["volumes"].arn
    service_account = "ebs-csi-controller-sa"
  }

  depends_on = [aws_eks_node_group.this]
}
