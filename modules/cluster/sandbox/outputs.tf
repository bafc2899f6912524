# The interface that all platforms share, see modules/README.md: a test compares the names.

output "name" {
  description = "The cluster's name."
  value       = module.this.name
}

output "platform" {
  description = "Which platform it is on."
  value       = "sandbox"
}

output "kubernetes_version" {
  description = "The version of Kubernetes that it runs."
  value       = module.this.kubernetes_version
}

output "region" {
  description = "Where it is."
  value       = module.this.region
}

output "endpoint" {
  description = "The address of its API server."
  value       = module.this.endpoint
}

output "certificate_authority" {
  description = "The certificate that its API server's is signed by, in PEM."
  value       = module.this.certificate_authority
}

output "oidc_issuer" {
  description = "Who issues the tokens of its service accounts."
  value       = module.this.oidc_issuer
}

output "connection" {
  description = "How the provider kubernetes reaches into it."
  sensitive   = true
  value       = module.this.connection
}

output "kubeconfig" {
  description = "A kubeconfig file for it, with Gantry as the one who gets the tokens."
  sensitive   = true
  value       = module.this.kubeconfig
}

output "pools" {
  description = "The pools, with what they are called on the platform."
  value       = module.this.pools
}

output "storage_classes" {
  description = "The storage classes, and whether each is the default."
  value       = module.this.storage_classes
}
