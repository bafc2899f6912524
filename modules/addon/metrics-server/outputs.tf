output "namespace" {
  description = "Where it is."
  value       = local.namespace
}

output "endpoint" {
  description = "Its address inside of the cluster."
  value       = "https://${var.name}.${local.namespace}.svc.cluster.local"
}
