# What the brokers are made of, and what is refused, without a cluster: the provider is made up.

mock_provider "kubernetes" {}

variables {
  name    = "events"
  cluster = null
}

run "has_three_brokers_that_find_each_other" {
  command = plan

  assert {
    condition     = output.namespace == "events"
    error_message = "The namespace is called as the add-on."
  }
  assert {
    condition     = output.endpoint == join(",", [for number in range(3) : "events-${number}.events-pods.events.svc.cluster.local:9092"])
    error_message = "Clients are told of all brokers."
  }
}

run "works_with_one" {
  command = plan
  variables {
    brokers   = 1
    namespace = "streams"
  }

  assert {
    condition     = output.endpoint == "events-0.events-pods.streams.svc.cluster.local:9092"
    error_message = "One broker, in the namespace that was asked for."
  }
}

run "refuses_a_vote_without_a_majority" {
  command = plan
  variables {
    brokers = 4
  }
  expect_failures = [var.brokers]
}

run "refuses_names_that_kubernetes_has_not" {
  command = plan
  variables {
    name          = "Events_1"
    storage_class = "fast"
  }
  expect_failures = [var.name, var.storage_class]
}
