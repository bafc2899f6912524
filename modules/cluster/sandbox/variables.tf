# The interface that all platforms share, see modules/README.md: a test compares these files.

variable "name" {
  type        = string
  description = "The cluster's name."

  validation {
    condition     = can(regex(local.platform.names, var.name))
    error_message = local.platform.naming
  }
}

variable "kubernetes_version" {
  type        = string
  default     = "1.35"
  description = "The minor version of Kubernetes: \"1.35\"."

  validation {
    condition     = contains(local.platform.versions, var.kubernetes_version)
    error_message = "There is no Kubernetes ${var.kubernetes_version} on ${local.platform.title}. A version is written as its minor version, and is one of ${join(", ", local.platform.versions)}."
  }
}

variable "region" {
  type        = string
  default     = null
  description = "Where the cluster is; what the provider is configured for unless set."
}

variable "pools" {
  type = map(object({
    machine = optional(string, "medium")
    min     = optional(number, 1)
    max     = optional(number)
    spot    = optional(bool, false)
    labels  = optional(map(string), {})
    taints = optional(list(object({
      key    = string
      value  = optional(string, "")
      effect = optional(string, "NoSchedule")
    })), [])
    disk  = optional(number, 50)
    zones = optional(list(string))
    gpu   = optional(bool, false)
  }))
  default     = { default = {} }
  description = "The groups of nodes: their machine (small, medium, large, xlarge, or what the platform calls one), least and greatest number, and so on."

  validation {
    condition     = length(var.pools) > 0
    error_message = "A cluster needs a pool: without nodes nothing runs."
  }
  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.min >= 0 && coalesce(pool.max, pool.min) >= pool.min])
    error_message = "A pool's min is at least 0, and its max at least its min: ${join(", ", [for name, pool in var.pools : "${name} has min = ${pool.min} and max = ${coalesce(pool.max, pool.min)}" if pool.min < 0 || coalesce(pool.max, pool.min) < pool.min])}."
  }
  validation {
    condition     = anytrue([for pool in values(var.pools) : pool.min > 0 && length(pool.taints) == 0])
    error_message = "At least one pool needs min = 1 or more and no taints: what every cluster needs runs there."
  }
  validation {
    condition     = alltrue(flatten([for pool in values(var.pools) : [for taint in pool.taints : contains(["NoSchedule", "PreferNoSchedule", "NoExecute"], taint.effect)]]))
    error_message = "The effect of a taint is NoSchedule, PreferNoSchedule or NoExecute."
  }
  validation {
    condition     = local.platform.spot || !anytrue([for pool in values(var.pools) : pool.spot])
    error_message = "There are no spot machines on ${local.platform.title}: leave spot out of the pool ${join(", ", [for name, pool in var.pools : name if pool.spot])}."
  }
  validation {
    condition     = local.platform.gpu || !anytrue([for pool in values(var.pools) : pool.gpu])
    error_message = "There are no graphics processors on ${local.platform.title}: leave gpu out of the pool ${join(", ", [for name, pool in var.pools : name if pool.gpu])}."
  }
}

variable "network" {
  type = object({
    cidr       = optional(string, "10.0.0.0/16")
    zones      = optional(number, 2)
    single_nat = optional(bool, true)
    vpc_id     = optional(string)
    subnet_ids = optional(list(string), [])
  })
  default     = {}
  description = "The network that is made for the cluster; or, with vpc_id and subnet_ids, one that is there."

  validation {
    condition     = can(cidrhost(var.network.cidr, 0))
    error_message = "cidr is a block of addresses: \"10.0.0.0/16\"."
  }
  validation {
    condition     = var.network.zones >= 2 && var.network.zones <= 4
    error_message = "A cluster is spread over 2 to 4 zones."
  }
}

variable "access" {
  type = object({
    public = optional(bool, true)
    cidrs  = optional(list(string), ["0.0.0.0/0"])
    admins = optional(list(string), [])
  })
  default     = {}
  description = "Who reaches the API server: whether from outside of the network, from which addresses, and who else than the creator is its administrator."
}

variable "storage" {
  type = object({
    default = optional(string, "ssd")
    retain  = optional(bool, false)
  })
  default     = {}
  description = "Which of the storage classes hdd and ssd is the default, and whether volumes stay when the cluster is destroyed."

  validation {
    condition     = contains(["hdd", "ssd"], var.storage.default)
    error_message = "The default storage class is hdd or ssd: there is exactly one."
  }
  validation {
    condition     = local.platform.retains || !var.storage.retain
    error_message = "Volumes on ${local.platform.title} go with the cluster: leave retain out."
  }
}

variable "deletion_protection" {
  type        = bool
  default     = false
  description = "Whether the platform refuses to delete the cluster."

  validation {
    condition     = local.platform.protects || !var.deletion_protection
    error_message = "Nothing protects a cluster on ${local.platform.title} from being deleted: leave deletion_protection out."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags for everything that is made in the cloud."
}
