# What add-ons are made of: pods of one kind that keep their names and, where asked, their disks.

variable "name" {
  type        = string
  description = "The name of the StatefulSet and its services."
}

variable "namespace" {
  type        = string
  description = "Where it is."
}

variable "image" {
  type        = string
  description = "The image, with its version."
}

variable "command" {
  type        = list(string)
  default     = null
  description = "What the container runs; what the image says unless set."
}

variable "args" {
  type        = list(string)
  default     = null
  description = "The command's arguments."
}

variable "env" {
  type        = map(string)
  default     = {}
  description = "Environment variables."
}

variable "secret_env" {
  type        = map(object({ secret = string, key = string }))
  default     = {}
  description = "Environment variables whose values are in secrets."
}

variable "files" {
  type        = map(string)
  default     = {}
  description = "Files that the container finds in /etc/gantry: their names and texts."
}

variable "ports" {
  type        = map(number)
  description = "The ports, by name."
}

variable "probe" {
  type        = object({ port = string, path = optional(string), delay = optional(number, 5) })
  description = "How it is told that a pod is ready: the port answers, by HTTP if there is a path."
}

variable "replicas" {
  type        = number
  default     = 1
  description = "How many pods there are."
}

variable "cpu" {
  type        = string
  default     = "250m"
  description = "The processors that a pod asks for."
}

variable "memory" {
  type        = string
  default     = "512Mi"
  description = "The memory that a pod asks for, and may have at most."
}

variable "storage" {
  type        = string
  default     = null
  description = "The size of each pod's disk; none unless set."
}

variable "storage_class" {
  type        = string
  default     = null
  description = "The storage class of the disks; the cluster's default unless set."
}

variable "mount" {
  type        = string
  default     = "/data"
  description = "Where the disk is."
}

variable "user" {
  type        = number
  default     = 1000
  description = "The user that the container runs as; never root."
}

variable "writable" {
  type        = list(string)
  default     = ["/tmp"]
  description = "Folders beside the disk that the container writes to; everything else is read-only."
}

variable "expose" {
  type        = bool
  default     = false
  description = "Whether it is reached from outside of the cluster, through a load balancer."
}

variable "pool" {
  type        = string
  default     = null
  description = "The pool whose nodes it runs on; any unless set."
}

variable "spread" {
  type        = bool
  default     = true
  description = "Whether pods keep to different nodes where they can."
}
