# A data platform on a laptop: a cluster of containers, PostgreSQL, one broker of Kafka, Spark with one worker, and a namespace
# with limits for what is tried out.

cluster "dev" {
  platform = "kind"
  version  = "1.35"

  pool "work" {
    min = 2
  }
}

addon "metrics-server" "metrics" {
  cluster = cluster.dev
}

addon "namespace-quota" "playground" {
  cluster = cluster.dev
  cpu     = "4"
  memory  = "8Gi"
  storage = "20Gi"
}

addon "postgres" "database" {
  cluster = cluster.dev
  storage = "2Gi"
}

addon "kafka" "events" {
  cluster = cluster.dev
  brokers = 1
  storage = "2Gi"
  memory  = "1Gi"
}

addon "spark" "compute" {
  cluster       = cluster.dev
  workers       = 1
  worker_cpu    = 1
  worker_memory = "2Gi"
  scratch       = "2Gi"
  sql           = false
}

output "kubeconfig" {
  value     = cluster.dev.kubeconfig
  sensitive = true
}

output "database" {
  value = addon.database.endpoint
}

output "password" {
  value     = addon.database.password
  sensitive = true
}

output "kafka" {
  value = addon.events.endpoint
}

output "spark" {
  value = addon.compute.endpoint
}
