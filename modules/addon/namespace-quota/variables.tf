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
}

variable "namespace" {
  type        = string
  default     = null
  description = "The namespace that is made for it; the add-on's name unless set."
}

variable "cpu" {
  type        = string
  default     = "8"
  description = "The processors that all pods together may ask for."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?m?$", var.cpu))
    error_message = "${var.cpu} is no number of processors: write one like 2 or 500m."
  }
}

variable "memory" {
  type        = string
  default     = "32Gi"
  description = "The memory that all pods together may ask for."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?([KMGTPE]i|[kMGTPE])?$", var.memory))
    error_message = "${var.memory} is no amount of bytes: write one like 100Gi or 500Mi."
  }
}

variable "storage" {
  type        = string
  default     = "200Gi"
  description = "The size of all disks together."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?([KMGTPE]i|[kMGTPE])?$", var.storage))
    error_message = "${var.storage} is no amount of bytes: write one like 100Gi or 500Mi."
  }
}

variable "pods" {
  type        = number
  default     = 50
  description = "How many pods there may be."
}

variable "volumes" {
  type        = number
  default     = 20
  description = "How many disks there may be."
}

variable "load_balancers" {
  type        = number
  default     = 0
  description = "How many load balancers there may be."
}

variable "container" {
  type = object({
    cpu    = optional(string, "100m")
    memory = optional(string, "256Mi")
  })
  default     = {}
  description = "What a container asks for that says nothing of it."
}
