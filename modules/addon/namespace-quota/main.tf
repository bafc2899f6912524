# A namespace for a team or a project, with what it may use.

locals {
  namespace = coalesce(var.namespace, var.name)
  labels    = { "app.kubernetes.io/managed-by" = "gantry" }
}

resource "kubernetes_namespace" "this" {
  metadata {
    name   = local.namespace
    labels = merge(local.labels, { "pod-security.kubernetes.io/enforce" = "baseline" })
  }
}

resource "kubernetes_manifest" "quota" {
  manifest = {
    apiVersion = "v1"
    kind       = "ResourceQuota"
    metadata   = { name = var.name, namespace = kubernetes_namespace.this.metadata[0].name, labels = local.labels }
    spec = {
      hard = {
        "pods"                   = tostring(var.pods)
        "requests.cpu"           = var.cpu
        "requests.memory"        = var.memory
        "requests.storage"       = var.storage
        "persistentvolumeclaims" = tostring(var.volumes)
        "services.loadbalancers" = tostring(var.load_balancers)
      }
    }
  }
}

# With a quota for requests, a container without any would be refused.
resource "kubernetes_manifest" "usual" {
  manifest = {
    apiVersion = "v1"
    kind       = "LimitRange"
    metadata   = { name = var.name, namespace = kubernetes_namespace.this.metadata[0].name, labels = local.labels }
    spec = {
      limits = [{
        type           = "Container"
        default        = { memory = var.container.memory }
        defaultRequest = { cpu = var.container.cpu, memory = var.container.memory }
      }]
    }
  }
}
