# What becomes of the module's clusters, with the program kind as the sandbox has it.

mock_provider "kubernetes" {
  alias = "none"
}

provider "kubernetes" {
  host                   = run.cluster.connection.host
  cluster_ca_certificate = run.cluster.connection.cluster_ca_certificate
  client_certificate     = run.cluster.connection.client_certificate
  client_key             = run.cluster.connection.client_key
}

variables {
  name = "dev"
  pools = {
    core = { min = 2 }
    data = { min = 1, taints = [{ key = "work", value = "data" }] }
  }
}

# The provider kubernetes gets its address by this run, so the classes are made by the next one.
run "cluster" {
  providers = {
    kubernetes = kubernetes.none
  }

  assert {
    condition     = kind_cluster.this.completed
    error_message = "All nodes and the name server are ready."
  }
  assert {
    condition     = yamldecode(output.kubeconfig).current-context == "kind-dev"
    error_message = "The kubeconfig has a context for the cluster."
  }
}

run "classes" {
  assert {
    condition     = kubernetes_storage_class.this["ssd"].storage_provisioner == "rancher.io/local-path"
    error_message = "Both classes are folders on this machine."
  }
  assert {
    condition     = kubernetes_annotations.standard.id != ""
    error_message = "The class that kind brings is there, and is marked."
  }
}

# Nothing of a cluster of containers can be changed.
run "another_pool" {
  variables {
    pools = { core = { min = 1 } }
  }

  assert {
    condition     = output.endpoint != run.cluster.endpoint
    error_message = "It is another cluster."
  }
}
