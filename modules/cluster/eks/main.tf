# A cluster of EKS with its network, roles, pools, add-ons and storage classes.

locals {
  # Words that mean about the same machine on every platform.
  machines = {
    small  = "t3.medium"
    medium = "m7i.large"
    large  = "m7i.2xlarge"
    xlarge = "m7i.4xlarge"
  }
  own_network = var.network.vpc_id == null
  zones       = local.own_network ? slice(data.aws_availability_zones.here[0].names, 0, var.network.zones) : []
  subnet_ids  = local.own_network ? [for zone in local.zones : aws_subnet.private[zone].id] : var.network.subnet_ids
  tags        = merge(var.tags, { "gantry.dev/cluster" = var.name })
}

data "aws_region" "here" {
  region = var.region
}

data "aws_partition" "here" {}

data "aws_availability_zones" "here" {
  count  = local.own_network ? 1 : 0
  region = var.region
  state  = "available"
}
