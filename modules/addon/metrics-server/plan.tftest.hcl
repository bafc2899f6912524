mock_provider "kubernetes" {}

variables {
  name    = "metrics"
  cluster = { platform = "kind", pools = { core = {} } }
}

run "kubelets_of_kind_are_asked_although_nobody_has_signed_their_certificates" {
  command = plan

  assert {
    condition     = contains(kubernetes_manifest.server.manifest.spec.template.spec.containers[0].args, "--kubelet-insecure-tls")
    error_message = "They are asked."
  }
}

run "others_are_asked_by_their_certificates" {
  command = plan

  variables {
    cluster = { platform = "gke" }
  }

  assert {
    condition     = !contains(kubernetes_manifest.server.manifest.spec.template.spec.containers[0].args, "--kubelet-insecure-tls")
    error_message = "Their certificates are checked."
  }
}

run "an_older_kubernetes_has_the_one_before" {
  command = plan

  variables {
    cluster = { platform = "kind", kubernetes_version = "1.33" }
  }

  assert {
    condition     = endswith(kubernetes_manifest.server.manifest.spec.template.spec.containers[0].image, ":v0.8.1")
    error_message = "v0.9 needs Kubernetes 1.34."
  }
}

run "two_have_a_budget" {
  command = plan

  variables {
    replicas = 2
  }

  assert {
    condition     = length(kubernetes_manifest.budget) == 1
    error_message = "One of two may be away."
  }
}

run "where_there_is_one_it_is_refused" {
  command         = plan
  expect_failures = [var.cluster]

  variables {
    cluster = { platform = "eks" }
  }
}

run "an_unknown_pool_is_refused" {
  command         = plan
  expect_failures = [var.pool]

  variables {
    pool = "spark"
  }
}
