# A master, workers and a server for SQL, without a cluster: the provider is made up.

mock_provider "kubernetes" {}

variables {
  name    = "crunch"
  cluster = null
}

run "has_a_server_for_sql" {
  command = plan

  assert {
    condition     = startswith(output.endpoint, "spark://") && output.jdbc != null
    error_message = "There are addresses for jobs and for queries."
  }
}

run "can_do_without" {
  command = plan
  variables {
    sql = false
  }

  assert {
    condition     = output.jdbc == null && output.public_hosts.sql == null
    error_message = "Without a server there is no address."
  }
}

run "refuses_to_have_no_workers" {
  command = plan
  variables {
    workers = 0
  }
  expect_failures = [var.workers]
}
