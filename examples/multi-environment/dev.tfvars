environment = "dev"
platform    = "sandbox" # or "kind": a cluster on this machine
pools       = { work = { min = 2 } }
