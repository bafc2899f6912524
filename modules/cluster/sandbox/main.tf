# A cluster of the emulated EKS. Nothing of it is real, and nothing real is made: the account is asked first.

data "aws_caller_identity" "here" {
  lifecycle {
    postcondition {
      condition     = self.account_id == "123456789012"
      error_message = "The platform \"sandbox\" is for the sandbox: add -sandbox to the command, or choose platform = \"eks\" for the account ${self.account_id}."
    }
  }
}

module "this" {
  source              = "../eks"
  name                = var.name
  kubernetes_version  = var.kubernetes_version
  region              = var.region
  pools               = var.pools
  network             = var.network
  access              = var.access
  storage             = var.storage
  deletion_protection = var.deletion_protection
  tags                = merge(var.tags, { "gantry.dev/account" = data.aws_caller_identity.here.account_id })
}
