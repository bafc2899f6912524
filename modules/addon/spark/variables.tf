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
  default     = "4.0.1"
  description = "The version of Spark."
}

variable "workers" {
  type        = number
  default     = 2
  description = "How many workers there are."

  validation {
    condition     = var.workers >= 1
    error_message = "Without a worker nothing is computed."
  }
}

variable "worker_cpu" {
  type        = number
  default     = 2
  description = "The processors of each worker."
}

variable "worker_memory" {
  type        = string
  default     = "4Gi"
  description = "The memory of each worker."
}

variable "scratch" {
  type        = string
  default     = "20Gi"
  description = "The disk of each worker, for what does not fit into memory."
}

variable "sql" {
  type        = bool
  default     = true
  description = "Whether there is a server for SQL, for JDBC and ODBC."
}
