# One PostgreSQL server with its disk.

locals {
  namespace = coalesce(var.namespace, var.name)
}

resource "kubernetes_namespace" "this" {
  metadata {
    name   = local.namespace
    labels = { "app.kubernetes.io/managed-by" = "gantry", "pod-security.kubernetes.io/enforce" = "baseline" }
  }
}

resource "terraform_data" "password" {
  input = sensitive(uuid())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "kubernetes_secret" "password" {
  metadata {
    name      = "${var.name}-password"
    namespace = kubernetes_namespace.this.metadata[0].name
  }
  data = { password = sensitive(coalesce(var.password, terraform_data.password.output)) }
}

module "server" {
  source        = "../../part/workload"
  name          = var.name
  namespace     = kubernetes_namespace.this.metadata[0].name
  image         = "docker.io/library/postgres:${var.app_version}"
  env           = { POSTGRES_DB = var.database, POSTGRES_USER = var.database, PGDATA = "/data/pgdata" }
  secret_env    = { POSTGRES_PASSWORD = { secret = kubernetes_secret.password.metadata[0].name, key = "password" } }
  ports         = { postgres = 5432 }
  probe         = { port = "postgres" }
  user          = 999
  storage       = var.storage
  storage_class = var.storage_class
  writable      = ["/tmp", "/var/run/postgresql"]
  cpu           = var.cpu
  memory        = var.memory
  pool          = var.pool
  expose        = var.expose
}
