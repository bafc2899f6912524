# What is planned, and what is refused: the same as on EKS, which is emulated.

# What is in the cluster has no cluster to be asked of while planning.
mock_provider "kubernetes" {}

variables {
  name = "lake"
}

run "is_whole_by_default" {
  command = plan

  assert {
    condition     = output.name == "lake" && output.platform == "sandbox" && output.kubernetes_version == "1.35"
    error_message = "It is what was asked for."
  }
  assert {
    condition     = [for name, is_default in output.storage_classes : name if is_default] == ["ssd"]
    error_message = "Exactly one storage class is the default."
  }
  assert {
    condition     = keys(output.pools) == ["default"]
    error_message = "There is one pool."
  }
}

run "refuses_what_no_cluster_can_be" {
  command = plan
  variables {
    name               = "-lake"
    kubernetes_version = "1.35.2"
    pools              = {}
    network            = { zones = 1 }
    storage            = { default = "tape" }
  }
  expect_failures = [var.name, var.kubernetes_version, var.pools, var.network, var.storage]
}

run "refuses_a_pool_that_shrinks_as_it_grows" {
  command = plan
  variables {
    pools = { core = { min = 3, max = 2 } }
  }
  expect_failures = [var.pools]
}
