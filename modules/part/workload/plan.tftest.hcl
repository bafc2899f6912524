# What pods are made of, without a cluster: the provider is made up.

mock_provider "kubernetes" {}

variables {
  name      = "store"
  namespace = "data"
  image     = "example.org/store:1.2"
  ports     = { client = 9000 }
  probe     = { port = "client" }
}

run "is_careful_unless_told_otherwise" {
  command = plan

  assert {
    condition     = kubernetes_manifest.set.manifest.spec.template.spec.securityContext.runAsNonRoot
    error_message = "Nothing runs as root."
  }
  assert {
    condition     = alltrue([for container in kubernetes_manifest.set.manifest.spec.template.spec.containers : container.securityContext.readOnlyRootFilesystem && !container.securityContext.allowPrivilegeEscalation])
    error_message = "Containers cannot change their own files."
  }
  assert {
    condition     = kubernetes_manifest.set.manifest.spec.volumeClaimTemplates == null && length(kubernetes_manifest.files) == 0
    error_message = "There are no disks and no files unless asked for."
  }
  assert {
    condition     = kubernetes_manifest.service.manifest.spec.type == "ClusterIP" && output.public_host == null
    error_message = "It is not reached from outside."
  }
  assert {
    condition     = output.host == "store.data.svc.cluster.local" && output.pods == ["store-0.store-pods.data.svc.cluster.local"]
    error_message = "Its addresses are those of its service and pods."
  }
}

run "has_a_budget_when_there_are_several" {
  command = plan
  variables {
    replicas = 3
    storage  = "10Gi"
    files    = { "a.conf" = "x = 1" }
    pool     = "core"
  }

  assert {
    condition     = one(kubernetes_manifest.budget).manifest.spec.maxUnavailable == 1
    error_message = "One pod may be away at a time."
  }
  assert {
    condition     = one(kubernetes_manifest.set.manifest.spec.volumeClaimTemplates).spec.resources.requests.storage == "10Gi"
    error_message = "Each pod has its disk."
  }
  assert {
    condition     = kubernetes_manifest.set.manifest.spec.template.spec.nodeSelector["gantry.dev/pool"] == "core"
    error_message = "It runs in its pool."
  }
  assert {
    condition     = one(kubernetes_manifest.files).manifest.data["a.conf"] == "x = 1"
    error_message = "The files are there."
  }
}

run "is_exposed_by_a_load_balancer" {
  variables {
    expose = true
  }
  override_data {
    target = data.kubernetes_resource.service
    values = { object = { status = { loadBalancer = { ingress = [{ hostname = "lb.example.org" }] } } } }
  }

  assert {
    condition     = kubernetes_manifest.service.manifest.spec.type == "LoadBalancer" && output.public_host == "lb.example.org"
    error_message = "The load balancer's name comes out."
  }
}
