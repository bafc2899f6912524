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

variable "pool" {
  type        = string
  default     = null
  description = "The pool whose nodes it runs on; any unless set."

  validation {
    condition     = var.pool == null || contains(try(keys(var.cluster.pools), [var.pool]), coalesce(var.pool, "-"))
    error_message = "The cluster has no pool ${coalesce(var.pool, "-")}. It has ${join(", ", try(keys(var.cluster.pools), []))}."
  }
}

variable "storage_class" {
  type        = string
  default     = null
  description = "The storage class of its disks, hdd or ssd; the cluster's default unless set."

  validation {
    condition     = var.storage_class == null || contains(["hdd", "ssd"], coalesce(var.storage_class, "ssd"))
    error_message = "The storage classes are hdd and ssd."
  }
}

variable "expose" {
  type        = bool
  default     = false
  description = "Whether it is reached from outside of the cluster, through a load balancer."
}

variable "app_version" {
  type        = string
  default     = "spark-4.0.1"
  description = "The version of the image."
}

variable "storage" {
  type        = string
  default     = "10Gi"
  description = "The disk that notebooks are kept on."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?([KMGTPE]i|[kMGTPE])?$", var.storage))
    error_message = "${var.storage} is no amount of bytes: write one like 100Gi or 500Mi."
  }
}

variable "cpu" {
  type        = string
  default     = "500m"
  description = "The processors that it asks for."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?m?$", var.cpu))
    error_message = "${var.cpu} is no number of processors: write one like 2 or 500m."
  }
}

variable "memory" {
  type        = string
  default     = "2Gi"
  description = "The memory that it has."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?([KMGTPE]i|[kMGTPE])?$", var.memory))
    error_message = "${var.memory} is no amount of bytes: write one like 100Gi or 500Mi."
  }
}

variable "token" {
  type        = string
  sensitive   = true
  default     = null
  description = "What people log in with; a random text unless set."

  validation {
    condition     = var.token == null || length(coalesce(var.token, "-----------------")) >= 16
    error_message = "A token of less than 16 characters is guessed."
  }
}

variable "spark" {
  type        = string
  default     = null
  description = "The address of a Spark that notebooks find in SPARK_MASTER: addon.NAME.endpoint."
}
