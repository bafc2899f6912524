# A cluster of containers on this machine: a control plane of its own, and for each pool as many nodes as its min says.

locals {
  # The images that releases of kind came with: kind v0.29.0, v0.30.0, v0.31.0, v0.32.0.
  images = {
    "1.33" = "kindest/node:v1.33.1@sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f"
    "1.34" = "kindest/node:v1.34.0@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a"
    "1.35" = "kindest/node:v1.35.0@sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f"
    "1.36" = "kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5"
  }
  nodes = flatten([for name, pool in var.pools : [for number in range(pool.min) : {
    labels = merge(
      { "gantry.dev/pool" = name },
      pool.zones == null ? {} : { "topology.kubernetes.io/zone" = element(coalescelist(coalesce(pool.zones, []), [""]), number) },
      pool.labels,
    )
    taints = pool.taints
  }]])
}

resource "kind_cluster" "this" {
  name           = var.name
  node_image     = local.images[var.kubernetes_version]
  wait_for_ready = true

  kind_config {
    kind        = "Cluster"
    api_version = "kind.x-k8s.io/v1alpha4"

    node {
      role = "control-plane"
    }

    dynamic "node" {
      for_each = local.nodes
      content {
        role   = "worker"
        labels = node.value.labels
        kubeadm_config_patches = length(node.value.taints) == 0 ? null : [jsonencode({
          kind             = "JoinConfiguration"
          nodeRegistration = { taints = node.value.taints }
        })]
      }
    }
  }
}
