# From nothing to running workloads on EKS, in one apply: network, roles, cluster, pools, add-ons, storage classes, a type of
# resource and a resource of it, and Spark with its SQL server behind a load balancer.

variable "kubernetes_version" {
  type        = string
  default     = "1.35"
  description = "Raised by more than one, the control plane goes up step by step, and the pools follow."
}

provider "aws" {
  region = "eu-west-1"
}

cluster "lake" {
  platform = "eks"
  version  = var.kubernetes_version

  pool "core" {
    machine = "m7i.large"
    min     = 2
    max     = 4
  }

  pool "spark" {
    machine = "r7i.2xlarge"
    min     = 2
    max     = 20
    spot    = true
  }
}

addon "spark" "compute" {
  cluster = cluster.lake
  workers = 2
  pool    = "spark"
  expose  = true
}

addon "jupyter" "notebooks" {
  cluster = cluster.lake
  spark   = addon.compute.endpoint
}

# What teams may have, as a type of its own: planned before the cluster is there.
resource "kubernetes_manifest" "teams" {
  provider = kubernetes.lake

  manifest = {
    apiVersion = "apiextensions.k8s.io/v1"
    kind       = "CustomResourceDefinition"
    metadata   = { name = "teams.platform.example.com" }
    spec = {
      group = "platform.example.com"
      scope = "Cluster"
      names = { kind = "Team", plural = "teams", singular = "team" }
      versions = [{
        name    = "v1"
        served  = true
        storage = true
        schema = {
          openAPIV3Schema = {
            type = "object"
            properties = {
              spec = {
                type     = "object"
                required = ["people"]
                properties = {
                  people = { type = "integer", minimum = 1 }
                  bucket = { type = "string" }
                }
              }
            }
          }
        }
      }]
    }
  }

  wait {
    condition {
      type   = "Established"
      status = "True"
    }
  }
}

resource "kubernetes_manifest" "analytics" {
  provider = kubernetes.lake

  manifest = {
    apiVersion = "platform.example.com/v1"
    kind       = "Team"
    metadata   = { name = "analytics" }
    spec       = { people = 7, bucket = "lake" }
  }

  depends_on = [kubernetes_manifest.teams]
}

output "endpoint" {
  value = cluster.lake.endpoint
}

output "spark" {
  value = addon.compute.public_hosts
}

output "kubeconfig" {
  value     = cluster.lake.kubeconfig
  sensitive = true
}
