output "namespace" {
  description = "Where it is."
  value       = local.namespace
}

output "endpoint" {
  description = "Its address inside of the cluster."
  value       = "http://${module.server.host}:8888"
}

output "token" {
  description = "What people log in with."
  sensitive   = true
  value       = coalesce(var.token, terraform_data.token.output)
}

output "public_hosts" {
  description = "The names outside of the cluster, where it is exposed."
  value       = { web = module.server.public_host }
}
