# The interface that all platforms share, see modules/README.md: a test compares the names.

output "name" {
  description = "The cluster's name."
  value       = kind_cluster.this.name
}

output "platform" {
  description = "Which platform it is on."
  value       = "kind"
}

output "kubernetes_version" {
  description = "The version of Kubernetes that it runs."
  value       = var.kubernetes_version
}

output "region" {
  description = "Where it is."
  value       = "local"
}

output "endpoint" {
  description = "The address of its API server."
  value       = kind_cluster.this.endpoint
}

output "certificate_authority" {
  description = "The certificate that its API server's is signed by, in PEM."
  value       = kind_cluster.this.cluster_ca_certificate
}

output "oidc_issuer" {
  description = "Who issues the tokens of its service accounts."
  value       = "https://kubernetes.default.svc.cluster.local"
}

output "connection" {
  description = "How the provider kubernetes reaches into it."
  sensitive   = true
  value = {
    host                   = kind_cluster.this.endpoint
    cluster_ca_certificate = kind_cluster.this.cluster_ca_certificate
    token                  = null
    client_certificate     = kind_cluster.this.client_certificate
    client_key             = kind_cluster.this.client_key
    eks                    = null
  }
}

output "kubeconfig" {
  description = "A kubeconfig file for it."
  sensitive   = true
  value       = kind_cluster.this.kubeconfig
}

output "pools" {
  description = "The pools, with what they are called on the platform."
  value       = { for name, pool in var.pools : name => { id = "${kind_cluster.this.id}/${name}", machine = "container", spot = false } }
}

output "storage_classes" {
  description = "The storage classes, and whether each is the default."
  value       = { for name in ["hdd", "ssd"] : name => name == var.storage.default }
}
