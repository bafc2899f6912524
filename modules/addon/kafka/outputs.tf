output "namespace" {
  description = "Where it is."
  value       = local.namespace
}

output "endpoint" {
  description = "What clients begin with: the bootstrap servers."
  value       = join(",", [for host in local.hosts : "${host}:9092"])
}
