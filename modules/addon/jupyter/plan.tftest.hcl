# Notebooks with a token, without a cluster: the provider is made up.

mock_provider "kubernetes" {}

variables {
  name    = "lab"
  cluster = null
}

run "makes_a_token_up" {
  assert {
    condition     = length(output.token) >= 16 && issensitive(output.token)
    error_message = "The token is random, and is not shown."
  }
  assert {
    condition     = output.endpoint == "http://lab.lab.svc.cluster.local:8888"
    error_message = "The endpoint is the service's."
  }
}

run "refuses_tokens_that_are_guessed" {
  command = plan
  variables {
    token = "secret"
  }
  expect_failures = [var.token]
}
