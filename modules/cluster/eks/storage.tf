# hdd and ssd, one of them the default; they outlive no pod that uses them.

resource "kubernetes_storage_class" "this" {
  for_each = {
    hdd = { type = "st1" }
    ssd = { type = "gp3" }
  }

  metadata {
    name        = each.key
    annotations = { "storageclass.kubernetes.io/is-default-class" = tostring(var.storage.default == each.key) }
  }

  storage_provisioner    = "ebs.csi.aws.com"
  reclaim_policy         = "Delete"
  volume_binding_mode    = "WaitForFirstConsumer"
  allow_volume_expansion = true
  parameters             = each.value

  depends_on = [aws_eks_addon.volumes]
}

# When the cluster is destroyed, this is first: while its controllers are still there, they take away what they made in the cloud.
resource "kubernetes_cleanup" "this" {
  volumes = var.storage.retain ? "retain" : "reclaim_policy"

  depends_on = [
    aws_eks_addon.on_nodes,
    aws_eks_addon.volumes,
    aws_eks_node_group.this,
    kubernetes_storage_class.this,
  ]
}
