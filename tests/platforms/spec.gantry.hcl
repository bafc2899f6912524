# One spec for all platforms: the table beside it says what becomes of it on each.

variable "platform" {
  type = string
}

cluster "lake" {
  platform = var.platform
  version  = "1.35"

  pool "core" {
    machine = "large"
    min     = 2
    max     = 4
    labels  = { work = "core" }
  }

  pool "spark" {
    machine = "xlarge"
    min     = 1
    max     = 10
    spot    = var.platform != "kind"
    disk    = 200
    taints  = [{ key = "work", value = "spark" }]
  }

  storage {
    default = "hdd"
  }
}

addon "kafka" "events" {
  cluster       = cluster.lake
  pool          = "core"
  storage_class = "ssd"
}

# Disks of the class hdd have 125 GiB at least on EKS.
addon "postgres" "database" {
  cluster = cluster.lake
  storage = "125Gi"
}

addon "jupyter" "notebooks" {
  cluster = cluster.lake
  # Nobody makes load balancers on kind: the apply would wait for one.
  expose  = var.platform != "kind"
  storage = "125Gi"
}

addon "spark" "compute" {
  cluster = cluster.lake
  sql     = false
  scratch = "125Gi"
}

addon "namespace-quota" "team" {
  cluster = cluster.lake
}

addon "storage-classes" "more" {
  cluster = cluster.lake

  class "scratch" {
    provisioner = "example.com/scratch"
  }
}
