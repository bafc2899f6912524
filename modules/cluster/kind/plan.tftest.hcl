# What the module makes of its inputs. What becomes of that is in apply.tftest.hcl.

mock_provider "kind" {}
mock_provider "kubernetes" {}

variables {
  name = "dev"
  pools = {
    core = { min = 2, max = 5, labels = { work = "core" } }
    data = { zones = ["a", "b"], min = 3, taints = [{ key = "work", value = "data" }] }
  }
}

run "a_pool_has_as_many_nodes_as_its_min_says" {
  command = plan

  assert {
    condition     = kind_cluster.this.kind_config[0].node[*].role == tolist(["control-plane", "worker", "worker", "worker", "worker", "worker"])
    error_message = "There are a control plane and five workers."
  }
  assert {
    condition     = kind_cluster.this.kind_config[0].node[1].labels == tomap({ "gantry.dev/pool" = "core", work = "core" })
    error_message = "A node has the labels of its pool."
  }
  assert {
    condition     = [for node in slice(kind_cluster.this.kind_config[0].node, 3, 6) : node.labels["topology.kubernetes.io/zone"]] == ["a", "b", "a"]
    error_message = "Nodes are spread over the zones."
  }
  assert {
    condition     = jsondecode(kind_cluster.this.kind_config[0].node[3].kubeadm_config_patches[0]).nodeRegistration.taints[0].effect == "NoSchedule"
    error_message = "A node has the taints of its pool."
  }
}

run "there_is_one_default_storage_class" {
  command = plan

  variables {
    storage = { default = "hdd" }
  }

  assert {
    condition     = output.storage_classes == { hdd = true, ssd = false }
    error_message = "hdd is the default."
  }
  assert {
    condition     = kubernetes_annotations.standard.annotations["storageclass.kubernetes.io/is-default-class"] == "false"
    error_message = "The class that kind brings is no longer the default."
  }
}

run "a_version_has_its_image" {
  command = plan

  variables {
    kubernetes_version = "1.36"
  }

  assert {
    condition     = startswith(kind_cluster.this.node_image, "kindest/node:v1.36.")
    error_message = "The image is that of the version."
  }
}

run "an_unknown_version_is_refused" {
  command         = plan
  expect_failures = [var.kubernetes_version]

  variables {
    kubernetes_version = "1.20"
  }
}

run "spot_is_refused" {
  command         = plan
  expect_failures = [var.pools]

  variables {
    pools = { core = { spot = true } }
  }
}

run "protection_is_refused" {
  command         = plan
  expect_failures = [var.deletion_protection]

  variables {
    deletion_protection = true
  }
}

run "a_name_that_kind_does_not_take_is_refused" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "My_Cluster"
  }
}
