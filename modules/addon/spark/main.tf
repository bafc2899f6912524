# Spark, standalone: a master, workers with disks of their own, and a server for SQL.

locals {
  namespace = coalesce(var.namespace, var.name)
  image     = "docker.io/apache/spark:${var.app_version}"
  spark     = "/opt/spark/bin/spark-class"
  master    = "spark://${var.name}-master.${local.namespace}.svc.cluster.local:7077"
}

resource "kubernetes_namespace" "this" {
  metadata {
    name   = local.namespace
    labels = { "app.kubernetes.io/managed-by" = "gantry", "pod-security.kubernetes.io/enforce" = "baseline" }
  }
}

module "master" {
  source    = "../../part/workload"
  name      = "${var.name}-master"
  namespace = kubernetes_namespace.this.metadata[0].name
  image     = local.image
  command   = [local.spark, "org.apache.spark.deploy.master.Master"]
  # The pod's own name, which its /etc/hosts knows: it is what the master listens at and tells workers.
  args   = ["--host", "${var.name}-master-0.${var.name}-master-pods.${local.namespace}.svc.cluster.local", "--port", "7077", "--webui-port", "8080"]
  ports  = { spark = 7077, web = 8080 }
  probe  = { port = "spark" }
  user   = 185
  cpu    = "500m"
  memory = "1Gi"
  pool   = var.pool
  expose = var.expose
}

module "workers" {
  source        = "../../part/workload"
  name          = "${var.name}-worker"
  namespace     = kubernetes_namespace.this.metadata[0].name
  image         = local.image
  command       = [local.spark, "org.apache.spark.deploy.worker.Worker"]
  args          = ["--webui-port", "8081", "--work-dir", "/scratch", "--cores", tostring(var.worker_cpu), local.master]
  env           = { SPARK_LOCAL_DIRS = "/scratch" }
  ports         = { web = 8081 }
  probe         = { port = "web" }
  user          = 185
  replicas      = var.workers
  cpu           = tostring(var.worker_cpu)
  memory        = var.worker_memory
  storage       = var.scratch
  storage_class = var.storage_class
  mount         = "/scratch"
  pool          = var.pool

  depends_on = [module.master]
}

module "sql" {
  count     = var.sql ? 1 : 0
  source    = "../../part/workload"
  name      = "${var.name}-sql"
  namespace = kubernetes_namespace.this.metadata[0].name
  image     = local.image
  command   = ["/opt/spark/bin/spark-submit"]
  args = [
    "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
    "--master", local.master,
    "--conf", "spark.driver.host=${var.name}-sql.${local.namespace}.svc.cluster.local",
    "--conf", "spark.driver.port=7078",
    "--conf", "spark.driver.bindAddress=0.0.0.0",
    "--conf", "spark.sql.warehouse.dir=${coalesce(var.warehouse, "file:///warehouse/tables")}",
    # Which tables there are is written down on the disk, too.
    "--conf", "spark.driver.extraJavaOptions=-Dderby.system.home=/warehouse",
    "spark-internal",
  ]
  ports         = { jdbc = 10000, driver = 7078, web = 4040 }
  probe         = { port = "jdbc", delay = 15 }
  user          = 185
  cpu           = "500m"
  memory        = "2Gi"
  storage       = var.scratch
  storage_class = var.storage_class
  mount         = "/warehouse"
  writable      = ["/tmp", "/opt/spark/work-dir"]
  pool          = var.pool
  expose        = var.expose

  depends_on = [module.workers]
}
