# A small data platform: a cluster with two pools, Spark with SQL, Jupyter and Kafka on it.

variable "platform" {
  type        = string
  default     = "sandbox"
  description = "Where it is: sandbox or eks; the rest stays as it is. kind has no spot machines: see the example kind-dev."
}

cluster "lake" {
  platform = var.platform
  version  = "1.35"

  pool "core" {
    machine = "large"
    min     = 2
    max     = 4
  }

  pool "spark" {
    machine = "xlarge"
    min     = 2
    max     = 10
    spot    = true
  }
}

addon "spark" "compute" {
  cluster = cluster.lake
  workers = 2
  pool    = "spark"
}

addon "jupyter" "notebooks" {
  cluster = cluster.lake
  spark   = addon.compute.endpoint
  expose  = true
}

addon "kafka" "events" {
  cluster = cluster.lake
  brokers = 3
  storage = "20Gi"
}

output "endpoint" {
  value = cluster.lake.endpoint
}

output "spark" {
  value = addon.compute.endpoint
}

output "sql" {
  value = addon.compute.jdbc
}

output "notebooks" {
  value = addon.notebooks.public_hosts.web
}

output "kafka" {
  value = addon.events.endpoint
}
