# One server with its password, without a cluster: the provider is made up.

mock_provider "kubernetes" {}

variables {
  name    = "shop"
  cluster = null
}

run "makes_a_password_up" {
  assert {
    condition     = length(output.password) == 36 && nonsensitive(kubernetes_secret.password.data.password) == nonsensitive(output.password)
    error_message = "The password is random, and in the secret."
  }
  assert {
    condition     = output.endpoint == "shop.shop.svc.cluster.local:5432"
    error_message = "The endpoint is the service's."
  }
  assert {
    condition     = issensitive(output.password)
    error_message = "Nobody sees the password by accident."
  }
}

run "keeps_it" {
  variables {
    memory = "2Gi"
  }

  assert {
    condition     = output.password == run.makes_a_password_up.password
    error_message = "The password stays when something else changes."
  }
}

run "takes_one_that_is_given" {
  command = plan
  variables {
    password = "correct horse"
  }

  assert {
    condition     = output.password == "correct horse"
    error_message = "The password is the one that was given."
  }
}

run "refuses_other_storage_classes" {
  command = plan
  variables {
    storage_class = "tape"
  }
  expect_failures = [var.storage_class]
}
