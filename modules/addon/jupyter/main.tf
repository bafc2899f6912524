# A Jupyter server whose notebooks are on a disk of their own.

locals {
  namespace = coalesce(var.namespace, var.name)
}

resource "kubernetes_namespace" "this" {
  metadata {
    name   = local.namespace
    labels = { "app.kubernetes.io/managed-by" = "gantry", "pod-security.kubernetes.io/enforce" = "baseline" }
  }
}

resource "terraform_data" "token" {
  input = sensitive(uuid())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "kubernetes_secret" "token" {
  metadata {
    name      = "${var.name}-token"
    namespace = kubernetes_namespace.this.metadata[0].name
  }
  data = { token = sensitive(coalesce(var.token, terraform_data.token.output)) }
}

module "server" {
  source    = "../../part/workload"
  name      = var.name
  namespace = kubernetes_namespace.this.metadata[0].name
  image     = "quay.io/jupyter/pyspark-notebook:${var.app_version}"
  # The image's own beginning stays: it lets Python find Spark.
  args = ["start-notebook.py", "--ServerApp.root_dir=/home/jovyan/work"]
  env = var.spark == null ? {} : {
    SPARK_MASTER = var.spark
    # Workers call back the notebook, by a name that they can look up.
    SPARK_LOCAL_HOSTNAME = "${var.name}-0.${var.name}-pods.${local.namespace}.svc.cluster.local"
  }
  secret_env    = { JUPYTER_TOKEN = { secret = kubernetes_secret.token.metadata[0].name, key = "token" } }
  ports         = { web = 8888 }
  probe         = { port = "web", path = "/api" }
  storage       = var.storage
  storage_class = var.storage_class
  mount         = "/home/jovyan/work"
  writable      = ["/tmp", "/home/jovyan/.cache", "/home/jovyan/.config", "/home/jovyan/.ipython", "/home/jovyan/.jupyter", "/home/jovyan/.local"]
  cpu           = var.cpu
  memory        = var.memory
  pool          = var.pool
  expose        = var.expose
}
