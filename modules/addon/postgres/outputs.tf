output "namespace" {
  description = "Where it is."
  value       = local.namespace
}

output "endpoint" {
  description = "Its address inside of the cluster."
  value       = "${module.server.host}:5432"
}

output "password" {
  description = "The user's password."
  sensitive   = true
  value       = coalesce(var.password, terraform_data.password.output)
}

output "public_hosts" {
  description = "The names outside of the cluster, where it is exposed."
  value       = { postgres = module.server.public_host }
}
