output "namespace" {
  description = "The namespace; it is there once its limits are."
  value       = local.namespace
  depends_on  = [kubernetes_manifest.quota, kubernetes_manifest.usual]
}
