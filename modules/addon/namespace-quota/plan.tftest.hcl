mock_provider "kubernetes" {}

variables {
  name    = "team"
  cluster = {}
  cpu     = "12"
}

run "a_namespace_has_limits" {
  command = plan

  assert {
    condition     = kubernetes_manifest.quota.manifest.spec.hard["requests.cpu"] == "12"
    error_message = "The processors are limited."
  }
  assert {
    condition     = kubernetes_manifest.usual.manifest.spec.limits[0].defaultRequest.memory == "256Mi"
    error_message = "A container that says nothing asks for something."
  }
}

run "amounts_are_checked" {
  command         = plan
  expect_failures = [var.memory, var.cpu]

  variables {
    memory = "32GB"
    cpu    = "twelve"
  }
}
