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

  validation {
    condition     = var.worker_cpu >= 1 && floor(var.worker_cpu) == var.worker_cpu
    error_message = "A worker has 1 processor or more, and whole ones."
  }
}

variable "worker_memory" {
  type        = string
  default     = "4Gi"
  description = "The memory of each worker."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?([KMGTPE]i|[kMGTPE])?$", var.worker_memory))
    error_message = "${var.worker_memory} is no amount of bytes: write one like 100Gi or 500Mi."
  }
}

variable "scratch" {
  type        = string
  default     = "20Gi"
  description = "The disk of each worker, for what does not fit into memory."

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)?([KMGTPE]i|[kMGTPE])?$", var.scratch))
    error_message = "${var.scratch} is no amount of bytes: write one like 100Gi or 500Mi."
  }
}

variable "sql" {
  type        = bool
  default     = true
  description = "Whether there is a server for SQL, for JDBC and ODBC."
}

variable "warehouse" {
  type        = string
  default     = null
  description = "Where the tables of the SQL server are, which all workers must reach: s3a://BUCKET/FOLDER. On the server's own disk unless set, which is enough for views and for looking at data elsewhere."
}
