# What kubectl top and autoscalers ask: how much processor and memory nodes and pods use.

locals {
  # v0.9 needs Kubernetes 1.34.
  minor   = tonumber(split(".", try(var.cluster.kubernetes_version, "1.35"))[1])
  version = coalesce(var.app_version, local.minor < 34 ? "v0.8.1" : "v0.9.0")

  namespace = coalesce(var.namespace, var.name)
  insecure  = coalesce(var.insecure_kubelets, try(var.cluster.platform, "") == "kind")
  labels    = { "app.kubernetes.io/name" = var.name, "app.kubernetes.io/managed-by" = "gantry" }
  selector  = { "app.kubernetes.io/name" = var.name }
  subject   = [{ kind = "ServiceAccount", name = kubernetes_service_account.this.metadata[0].name, namespace = local.namespace }]
}

resource "kubernetes_namespace" "this" {
  metadata {
    name   = local.namespace
    labels = { "app.kubernetes.io/managed-by" = "gantry", "pod-security.kubernetes.io/enforce" = "baseline" }
  }
}

resource "kubernetes_service_account" "this" {
  metadata {
    name      = var.name
    namespace = kubernetes_namespace.this.metadata[0].name
    labels    = local.labels
  }
}

resource "kubernetes_manifest" "roles" {
  for_each = {
    "${var.name}:system" = {
      labels = local.labels
      rules = [
        { apiGroups = [""], resources = ["nodes/metrics"], verbs = ["get"] },
        { apiGroups = [""], resources = ["pods", "nodes"], verbs = ["get", "list", "watch"] },
      ]
    }
    # Who may view, edit or administer a namespace may see what is used in it.
    "${var.name}:reader" = {
      labels = merge(local.labels, { for role in ["view", "edit", "admin"] : "rbac.authorization.k8s.io/aggregate-to-${role}" => "true" })
      rules  = [{ apiGroups = ["metrics.k8s.io"], resources = ["pods", "nodes"], verbs = ["get", "list", "watch"] }]
    }
  }

  manifest = {
    apiVersion = "rbac.authorization.k8s.io/v1"
    kind       = "ClusterRole"
    metadata   = { name = each.key, labels = each.value.labels }
    rules      = each.value.rules
  }
}

resource "kubernetes_manifest" "bindings" {
  for_each = {
    "${var.name}:system"         = "${var.name}:system"
    "${var.name}:auth-delegator" = "system:auth-delegator"
  }

  manifest = {
    apiVersion = "rbac.authorization.k8s.io/v1"
    kind       = "ClusterRoleBinding"
    metadata   = { name = each.key, labels = local.labels }
    roleRef    = { apiGroup = "rbac.authorization.k8s.io", kind = "ClusterRole", name = each.value }
    subjects   = local.subject
  }

  depends_on = [kubernetes_manifest.roles]
}

# Who calls it is told by the API server, whose settings for that are in kube-system.
resource "kubernetes_manifest" "settings_reader" {
  manifest = {
    apiVersion = "rbac.authorization.k8s.io/v1"
    kind       = "RoleBinding"
    metadata   = { name = "${var.name}-auth-reader", namespace = "kube-system", labels = local.labels }
    roleRef    = { apiGroup = "rbac.authorization.k8s.io", kind = "Role", name = "extension-apiserver-authentication-reader" }
    subjects   = local.subject
  }
}

resource "kubernetes_manifest" "service" {
  manifest = {
    apiVersion = "v1"
    kind       = "Service"
    metadata   = { name = var.name, namespace = kubernetes_namespace.this.metadata[0].name, labels = local.labels }
    spec = {
      selector = local.selector
      ports    = [{ name = "https", port = 443, protocol = "TCP", targetPort = "https" }]
    }
  }
}

resource "kubernetes_manifest" "server" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = var.name, namespace = kubernetes_namespace.this.metadata[0].name, labels = local.labels }
    spec = {
      replicas = var.replicas
      strategy = { type = "RollingUpdate", rollingUpdate = { maxUnavailable = 0 } }
      selector = { matchLabels = local.selector }
      template = {
        metadata = { labels = local.labels }
        spec = {
          serviceAccountName = kubernetes_service_account.this.metadata[0].name
          priorityClassName  = "system-cluster-critical"
          nodeSelector       = merge({ "kubernetes.io/os" = "linux" }, var.pool == null ? {} : { "gantry.dev/pool" = var.pool })
          affinity = {
            podAntiAffinity = {
              preferredDuringSchedulingIgnoredDuringExecution = [{
                weight          = 100
                podAffinityTerm = { topologyKey = "kubernetes.io/hostname", labelSelector = { matchLabels = local.selector } }
              }]
            }
          }
          securityContext = { runAsNonRoot = true, runAsUser = 1000, seccompProfile = { type = "RuntimeDefault" } }
          volumes         = [{ name = "tmp", emptyDir = {} }]
          containers = [{
            name  = "metrics-server"
            image = "registry.k8s.io/metrics-server/metrics-server:${local.version}"
            args = concat(
              [
                "--cert-dir=/tmp",
                "--secure-port=10250",
                "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
                "--kubelet-use-node-status-port",
                "--metric-resolution=15s",
              ],
              local.insecure ? ["--kubelet-insecure-tls"] : [],
            )
            ports          = [{ name = "https", containerPort = 10250, protocol = "TCP" }]
            volumeMounts   = [{ name = "tmp", mountPath = "/tmp" }]
            resources      = { requests = { cpu = "100m", memory = "200Mi" }, limits = { memory = "400Mi" } }
            readinessProbe = { initialDelaySeconds = 20, periodSeconds = 10, httpGet = { port = "https", path = "/readyz", scheme = "HTTPS" } }
            livenessProbe  = { periodSeconds = 10, httpGet = { port = "https", path = "/livez", scheme = "HTTPS" } }
            securityContext = {
              allowPrivilegeEscalation = false
              readOnlyRootFilesystem   = true
              capabilities             = { drop = ["ALL"] }
            }
          }]
        }
      }
    }
  }

  wait {
    rollout = true
  }

  depends_on = [kubernetes_manifest.bindings, kubernetes_manifest.settings_reader]
}

resource "kubernetes_manifest" "budget" {
  count = var.replicas > 1 ? 1 : 0

  manifest = {
    apiVersion = "policy/v1"
    kind       = "PodDisruptionBudget"
    metadata   = { name = var.name, namespace = kubernetes_namespace.this.metadata[0].name, labels = local.labels }
    spec       = { maxUnavailable = 1, selector = { matchLabels = local.selector } }
  }
}

resource "kubernetes_manifest" "api" {
  manifest = {
    apiVersion = "apiregistration.k8s.io/v1"
    kind       = "APIService"
    metadata   = { name = "v1beta1.metrics.k8s.io", labels = local.labels }
    spec = {
      group                 = "metrics.k8s.io"
      version               = "v1beta1"
      groupPriorityMinimum  = 100
      versionPriority       = 100
      insecureSkipTLSVerify = true
      service               = { name = var.name, namespace = local.namespace }
    }
  }

  wait {
    condition {
      type   = "Available"
      status = "True"
    }
  }

  depends_on = [kubernetes_manifest.server, kubernetes_manifest.service]
}
