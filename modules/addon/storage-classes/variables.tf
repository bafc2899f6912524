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

variable "classes" {
  type = map(object({
    provisioner = string
    parameters  = optional(map(string), {})
    reclaim     = optional(string, "Delete")
    binding     = optional(string, "WaitForFirstConsumer")
    expansion   = optional(bool, true)
    options     = optional(list(string), [])
    default     = optional(bool, false)
  }))
  description = "The storage classes, by name; class blocks are a way to write them."

  validation {
    condition     = length([for class in values(var.classes) : class if class.default]) <= 1
    error_message = "There is one default storage class, and here are ${join(" and ", [for name, class in var.classes : name if class.default])}."
  }
  validation {
    condition = (
      length([for class in values(var.classes) : class if class.default]) != 1
      || !anytrue(try(values(var.cluster.storage_classes), []))
    )
    error_message = "There is one default storage class, and the cluster has ${join("", [for name, is_default in try(var.cluster.storage_classes, {}) : name if is_default])}: leave default out of ${join("", [for name, class in var.classes : name if class.default])}."
  }
  validation {
    condition     = length(setintersection(keys(var.classes), try(keys(var.cluster.storage_classes), []))) == 0
    error_message = "The cluster brings a storage class ${join(", ", setintersection(keys(var.classes), try(keys(var.cluster.storage_classes), [])))}: choose another name."
  }
  validation {
    condition     = alltrue([for class in values(var.classes) : contains(["Delete", "Retain"], class.reclaim)])
    error_message = "What becomes of a volume that nobody claims any more (reclaim) is Delete or Retain."
  }
  validation {
    condition     = alltrue([for class in values(var.classes) : contains(["Immediate", "WaitForFirstConsumer"], class.binding)])
    error_message = "When a volume is made (binding) is Immediate or WaitForFirstConsumer."
  }
}
