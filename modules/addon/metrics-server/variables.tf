# What all add-ons take, see modules/README.md.

variable "name" {
  type        = string
  description = "The add-on's name; its objects are named by it."

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", var.name))
    error_message = "An add-on's name has 1 to 40 small letters, digits and dashes, and begins with a letter."
  }
}

variable "cluster" {
  type        = any
  description = "The cluster that it is in: cluster.NAME."

  validation {
    condition     = !contains(["eks", "sandbox"], try(var.cluster.platform, "-"))
    error_message = "A cluster on ${try(var.cluster.platform, "-")} brings a metrics server: leave this add-on out."
  }
}

variable "namespace" {
  type        = string
  default     = null
  description = "The namespace that is made for it; the add-on's name unless set."
}

variable "pool" {
  type        = string
  default     = null
  description = "The pool whose nodes it runs on; any unless set."

  validation {
    condition     = var.pool == null || contains(try(keys(var.cluster.pools), [var.pool]), coalesce(var.pool, "-"))
    error_message = "The cluster has no pool ${coalesce(var.pool, "-")}. It has ${join(", ", try(keys(var.cluster.pools), []))}."
  }
}

variable "app_version" {
  type        = string
  default     = null
  description = "The version of the metrics server; the newest for the cluster's Kubernetes unless set."
}

variable "replicas" {
  type        = number
  default     = 1
  description = "How many there are; with two, one answers while the other is away."

  validation {
    condition     = var.replicas >= 1 && var.replicas <= 3
    error_message = "There are 1 to 3 metrics servers."
  }
}

variable "insecure_kubelets" {
  type        = bool
  default     = null
  description = "Whether to ask kubelets whose certificates nobody has signed; on kind unless set, as theirs are like that."
}
