# hdd and ssd, one of them the default. Both are folders on this machine's disk: the images of kind bring one provisioner,
# rancher.io/local-path, and a class of it, standard, which is not the default one any more.

resource "kubernetes_annotations" "standard" {
  api_version = "storage.k8s.io/v1"
  kind        = "StorageClass"
  annotations = { "storageclass.kubernetes.io/is-default-class" = "false" }
  force       = true

  metadata {
    name = "standard"
  }

  depends_on = [kind_cluster.this]
}

resource "kubernetes_storage_class" "this" {
  for_each = toset(["hdd", "ssd"])

  metadata {
    name        = each.key
    annotations = { "storageclass.kubernetes.io/is-default-class" = tostring(var.storage.default == each.key) }
  }

  storage_provisioner    = "rancher.io/local-path"
  reclaim_policy         = "Delete"
  volume_binding_mode    = "WaitForFirstConsumer"
  allow_volume_expansion = false

  # There is never a moment with two default classes.
  depends_on = [kubernetes_annotations.standard]
}
