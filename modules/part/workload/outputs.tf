output "name" {
  description = "The name of the StatefulSet and its service."
  value       = var.name
}

output "host" {
  description = "Its name inside of the cluster."
  value       = "${var.name}.${var.namespace}.svc.cluster.local"
}

output "pods" {
  description = "The names of its pods inside of the cluster."
  value       = [for number in range(var.replicas) : "${var.name}-${number}.${var.name}-pods.${var.namespace}.svc.cluster.local"]
}

output "public_host" {
  description = "Its name outside of the cluster; null unless it is exposed."
  value       = one([for service in data.kubernetes_resource.service : try(service.object.status.loadBalancer.ingress[0].hostname, service.object.status.loadBalancer.ingress[0].ip, null)])
}
