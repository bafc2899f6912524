# What variables.tf asks of a platform.

locals {
  platform = {
    title    = "the sandbox"
    names    = "^[0-9A-Za-z][A-Za-z0-9_-]{0,62}$"
    naming   = "A cluster's name has 1 to 63 letters, digits, dashes and underscores, and begins with a letter or a digit."
    versions = ["1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"]
    spot     = true
    gpu      = true
    protects = true
    retains  = true
  }
}
