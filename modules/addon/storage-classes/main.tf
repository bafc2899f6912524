# Storage classes beside hdd and ssd, which every platform brings.

resource "kubernetes_storage_class" "this" {
  for_each = var.classes

  metadata {
    name        = each.key
    labels      = { "app.kubernetes.io/managed-by" = "gantry", "app.kubernetes.io/part-of" = var.name }
    annotations = { "storageclass.kubernetes.io/is-default-class" = tostring(each.value.default) }
  }

  storage_provisioner    = each.value.provisioner
  reclaim_policy         = each.value.reclaim
  volume_binding_mode    = each.value.binding
  allow_volume_expansion = each.value.expansion
  parameters             = each.value.parameters
  mount_options          = each.value.options
}
