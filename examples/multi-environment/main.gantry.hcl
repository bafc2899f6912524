# One configuration for all environments: what differs is in a file for each, and each has a state of its own, in a workspace.

variable "environment" {
  type        = string
  description = "Which environment it is: the name of the workspace."

  validation {
    condition     = var.environment == terraform.workspace
    error_message = "These values are for ${var.environment}, and the workspace is ${terraform.workspace}: gantry workspace select ${var.environment}."
  }
}

variable "platform" {
  type        = string
  description = "Where it is: sandbox, kind or eks."
}

variable "region" {
  type    = string
  default = null
}

variable "pools" {
  type        = any
  description = "The groups of nodes."
}

variable "brokers" {
  type    = number
  default = 1
}

variable "protected" {
  type    = bool
  default = false
}

cluster "lake" {
  platform            = var.platform
  name                = "lake-${var.environment}"
  version             = "1.35"
  region              = var.region
  pools               = var.pools
  deletion_protection = var.protected
  tags                = { environment = var.environment }
}

addon "kafka" "events" {
  cluster = cluster.lake
  brokers = var.brokers
  storage = var.environment == "prod" ? "100Gi" : "5Gi"
}

addon "namespace-quota" "team" {
  cluster = cluster.lake
}

output "cluster" {
  value = cluster.lake.name
}

output "kafka" {
  value = addon.events.endpoint
}
