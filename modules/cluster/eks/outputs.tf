# The interface that all platforms share, see modules/README.md: a test compares the names.

output "name" {
  description = "The cluster's name."
  value       = aws_eks_cluster.this.name
}

output "platform" {
  description = "Which platform it is on."
  value       = "eks"
}

output "kubernetes_version" {
  description = "The version of Kubernetes that it runs."
  value       = aws_eks_cluster.this.version
}

output "region" {
  description = "Where it is."
  value       = data.aws_region.here.region
}

output "endpoint" {
  description = "The address of its API server."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate_authority" {
  description = "The certificate that its API server's is signed by, in PEM."
  value       = base64decode(aws_eks_cluster.this.certificate_authority[0].data)
}

output "oidc_issuer" {
  description = "Who issues the tokens of its service accounts."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "connection" {
  description = "How the provider kubernetes reaches into it."
  sensitive   = true
  value = {
    host                   = aws_eks_cluster.this.endpoint
    cluster_ca_certificate = base64decode(aws_eks_cluster.this.certificate_authority[0].data)
    token                  = null
    client_certificate     = null
    client_key             = null
    eks                    = { cluster_name = aws_eks_cluster.this.name, region = data.aws_region.here.region }
  }
}

output "kubeconfig" {
  description = "A kubeconfig file for it, with Gantry as the one who gets the tokens."
  sensitive   = true
  value = yamlencode({
    apiVersion      = "v1"
    kind            = "Config"
    current-context = var.name
    clusters = [{
      name = var.name
      cluster = {
        server                     = aws_eks_cluster.this.endpoint
        certificate-authority-data = aws_eks_cluster.this.certificate_authority[0].data
      }
    }]
    contexts = [{ name = var.name, context = { cluster = var.name, user = var.name } }]
    users = [{
      name = var.name
      user = {
        exec = {
          apiVersion = "client.authentication.k8s.io/v1"
          command    = "gantry"
          args       = ["token", "-cluster-name=${aws_eks_cluster.this.name}", "-region=${data.aws_region.here.region}"]
        }
      }
    }]
  })
}

output "pools" {
  description = "The pools, with what they are called on the platform."
  value       = { for name, pool in aws_eks_node_group.this : name => { id = pool.id, machine = pool.instance_types[0], spot = var.pools[name].spot } }
}

output "storage_classes" {
  description = "The storage classes, and whether each is the default."
  value       = { for name in ["hdd", "ssd"] : name => name == var.storage.default }
}
