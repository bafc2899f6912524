mock_provider "kubernetes" {}

variables {
  name    = "fast"
  cluster = { platform = "eks", storage_classes = { hdd = false, ssd = true } }
  classes = { nvme = { provisioner = "ebs.csi.aws.com", parameters = { type = "io2" }, reclaim = "Retain" } }
}

run "a_class_is_made" {
  assert {
    condition     = kubernetes_storage_class.this["nvme"].reclaim_policy == "Retain"
    error_message = "What becomes of its volumes is as it was said."
  }
  assert {
    condition     = kubernetes_storage_class.this["nvme"].metadata[0].annotations["storageclass.kubernetes.io/is-default-class"] == "false"
    error_message = "It is not the default."
  }
}

run "a_second_default_is_refused" {
  command         = plan
  expect_failures = [var.classes]

  variables {
    classes = { nvme = { provisioner = "ebs.csi.aws.com", default = true } }
  }
}

run "a_cluster_without_classes_may_get_a_default" {
  command = plan

  variables {
    cluster = {}
    classes = { nvme = { provisioner = "ebs.csi.aws.com", default = true } }
  }

  assert {
    condition     = kubernetes_storage_class.this["nvme"].metadata[0].annotations["storageclass.kubernetes.io/is-default-class"] == "true"
    error_message = "It is the default."
  }
}

run "names_of_the_platform_are_taken" {
  command         = plan
  expect_failures = [var.classes]

  variables {
    classes = { ssd = { provisioner = "ebs.csi.aws.com" } }
  }
}
