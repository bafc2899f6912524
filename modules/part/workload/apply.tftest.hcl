# Pods that come up, in a cluster that is made for them in the sandbox.

mock_provider "kubernetes" {
  alias = "none"
}

provider "kubernetes" {
  host                   = run.cluster.connection.host
  cluster_ca_certificate = run.cluster.connection.cluster_ca_certificate

  eks {
    cluster_name = run.cluster.connection.eks.cluster_name
    region       = run.cluster.connection.eks.region
  }
}

variables {
  name      = "store"
  namespace = "default"
  image     = "example.org/store:1.2"
  ports     = { client = 9000 }
  probe     = { port = "client" }
}

run "cluster" {
  module {
    source = "../../cluster/sandbox"
  }
  providers = {
    kubernetes = kubernetes.none
  }
}

run "comes_up" {
  variables {
    replicas = 2
  }

  assert {
    condition     = kubernetes_manifest.set.object.spec.replicas == 2
    error_message = "Both pods are there; the apply has waited until they were ready."
  }
}

run "is_reached_from_outside" {
  variables {
    expose = true
  }

  assert {
    condition     = output.public_host != null
    error_message = "The load balancer has a name."
  }
}
