# Providers of Terraform's world beside ours: HashiCorp's random makes names and passwords, which clusters and add-ons take.

terraform {
  required_providers {
    random = {
      source = "hashicorp/random"
    }
  }
}

resource "random_pet" "name" {
  length = 2
}

resource "random_password" "database" {
  length  = 24
  special = false
}

cluster "lake" {
  platform = "sandbox"
  name     = random_pet.name.id
}

addon "postgres" "database" {
  cluster  = cluster.lake
  password = random_password.database.result
}

output "cluster" {
  value = cluster.lake.name
}

output "database" {
  value = addon.database.endpoint
}

output "password" {
  value     = random_password.database.result
  sensitive = true
}
