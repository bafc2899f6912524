# A StatefulSet with its services, its files, and a budget for how many of its pods may be away.

locals {
  labels = {
    "app.kubernetes.io/name"       = var.name
    "app.kubernetes.io/managed-by" = "gantry"
  }
  selector = { "app.kubernetes.io/name" = var.name }
  ports    = [for name, port in var.ports : { name = name, port = port, targetPort = name, protocol = "TCP" }]
  mounts = concat(
    var.storage == null ? [] : [{ name = "data", mountPath = var.mount }],
    length(var.files) == 0 ? [] : [{ name = "files", mountPath = "/etc/gantry" }],
    [for place, folder in var.writable : { name = "write-${place}", mountPath = folder }],
  )
  volumes = concat(
    [for place, folder in var.writable : { name = "write-${place}", emptyDir = {} }],
    [for file in(length(var.files) == 0 ? [] : [var.name]) : { name = "files", configMap = { name = file } }],
  )
}

resource "kubernetes_manifest" "files" {
  count = length(var.files) == 0 ? 0 : 1

  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = var.name, namespace = var.namespace, labels = local.labels }
    data       = var.files
  }
}

# Gives the pods their names.
resource "kubernetes_manifest" "names" {
  manifest = {
    apiVersion = "v1"
    kind       = "Service"
    metadata   = { name = "${var.name}-pods", namespace = var.namespace, labels = local.labels }
    spec = {
      clusterIP                = "None"
      publishNotReadyAddresses = true
      selector                 = local.selector
      ports                    = local.ports
    }
  }
}

resource "kubernetes_manifest" "service" {
  manifest = {
    apiVersion = "v1"
    kind       = "Service"
    metadata   = { name = var.name, namespace = var.namespace, labels = local.labels }
    spec = {
      type     = var.expose ? "LoadBalancer" : "ClusterIP"
      selector = local.selector
      ports    = local.ports
    }
  }

  wait {
    rollout = true
  }
}

# Where the load balancer is, once it is there.
data "kubernetes_resource" "service" {
  count       = var.expose ? 1 : 0
  api_version = "v1"
  kind        = "Service"

  metadata {
    name      = var.name
    namespace = var.namespace
  }

  depends_on = [kubernetes_manifest.service]
}

resource "kubernetes_manifest" "set" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "StatefulSet"
    metadata   = { name = var.name, namespace = var.namespace, labels = local.labels }
    spec = {
      replicas            = var.replicas
      serviceName         = "${var.name}-pods"
      podManagementPolicy = "Parallel"
      selector            = { matchLabels = local.selector }
      template = {
        metadata = {
          labels = local.labels
          # Pods are made anew when their files change.
          annotations = { "gantry.dev/files" = sha256(jsonencode(var.files)) }
        }
        spec = {
          automountServiceAccountToken  = false
          terminationGracePeriodSeconds = 60
          nodeSelector                  = var.pool == null ? null : { "gantry.dev/pool" = var.pool }
          affinity = !var.spread ? null : {
            podAntiAffinity = {
              preferredDuringSchedulingIgnoredDuringExecution = [{
                weight          = 100
                podAffinityTerm = { topologyKey = "kubernetes.io/hostname", labelSelector = { matchLabels = local.selector } }
              }]
            }
          }
          securityContext = {
            runAsNonRoot   = true
            runAsUser      = var.user
            fsGroup        = var.user
            seccompProfile = { type = "RuntimeDefault" }
          }
          volumes = local.volumes
          containers = [{
            name    = "main"
            image   = var.image
            command = var.command
            args    = var.args
            env = concat(
              [for name, value in var.env : { name = name, value = value }],
              [for name, from in var.secret_env : { name = name, valueFrom = { secretKeyRef = { name = from.secret, key = from.key } } }],
            )
            ports        = [for name, port in var.ports : { name = name, containerPort = port, protocol = "TCP" }]
            volumeMounts = local.mounts
            resources    = { requests = { cpu = var.cpu, memory = var.memory }, limits = { memory = var.memory } }
            readinessProbe = {
              initialDelaySeconds = var.probe.delay
              periodSeconds       = 10
              httpGet             = var.probe.path == null ? null : { port = var.probe.port, path = var.probe.path }
              tcpSocket           = var.probe.path != null ? null : { port = var.probe.port }
            }
            livenessProbe = {
              initialDelaySeconds = 60 + var.probe.delay
              periodSeconds       = 30
              failureThreshold    = 5
              httpGet             = var.probe.path == null ? null : { port = var.probe.port, path = var.probe.path }
              tcpSocket           = var.probe.path != null ? null : { port = var.probe.port }
            }
            securityContext = {
              allowPrivilegeEscalation = false
              readOnlyRootFilesystem   = true
              capabilities             = { drop = ["ALL"] }
            }
          }]
        }
      }
      volumeClaimTemplates = var.storage == null ? null : [{
        apiVersion = "v1"
        kind       = "PersistentVolumeClaim"
        metadata   = { name = "data", labels = local.labels }
        spec = {
          accessModes      = ["ReadWriteOnce"]
          storageClassName = var.storage_class
          resources        = { requests = { storage = var.storage } }
        }
      }]
    }
  }

  wait {
    rollout = true
  }

  depends_on = [kubernetes_manifest.files, kubernetes_manifest.names]
}

resource "kubernetes_manifest" "budget" {
  count = var.replicas > 1 ? 1 : 0

  manifest = {
    apiVersion = "policy/v1"
    kind       = "PodDisruptionBudget"
    metadata   = { name = var.name, namespace = var.namespace, labels = local.labels }
    spec       = { maxUnavailable = 1, selector = { matchLabels = local.selector } }
  }
}
