output "namespace" {
  description = "Where it is."
  value       = local.namespace
}

output "endpoint" {
  description = "Where programs are sent to."
  value       = local.master
}

output "jdbc" {
  description = "Where SQL is sent to; null without the server for it."
  value       = var.sql ? "jdbc:hive2://${module.sql[0].host}:10000" : null
}

output "public_hosts" {
  description = "The names outside of the cluster, where it is exposed."
  value       = { master = module.master.public_host, sql = one(module.sql[*].public_host) }
}
