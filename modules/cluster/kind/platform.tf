# What variables.tf asks of a platform.

locals {
  platform = {
    title    = "kind"
    names    = "^[a-z0-9]([a-z0-9.-]{0,48}[a-z0-9])?$"
    naming   = "On kind a cluster's name has 1 to 50 small letters, digits, dots and dashes, with a letter or a digit at both ends."
    versions = keys(local.images)
    spot     = false
    gpu      = false
    protects = false
    retains  = false
  }
}
