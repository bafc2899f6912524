output "classes" {
  description = "The names of the storage classes."
  value       = [for class in kubernetes_storage_class.this : class.metadata[0].name]
}
