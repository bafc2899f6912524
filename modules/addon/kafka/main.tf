# Kafka without ZooKeeper: brokers that are controllers as well, each with its disk.

locals {
  namespace = coalesce(var.namespace, var.name)
  # Brokers are known by the names of their pods, which never change.
  hosts  = [for number in range(var.brokers) : "${var.name}-${number}.${var.name}-pods.${local.namespace}.svc.cluster.local"]
  voters = join(",", [for number, host in local.hosts : "${number}@${host}:9093"])
  copies = min(3, var.brokers)
}

resource "kubernetes_namespace" "this" {
  metadata {
    name   = local.namespace
    labels = { "app.kubernetes.io/managed-by" = "gantry", "pod-security.kubernetes.io/enforce" = "baseline" }
  }
}

# Names the cluster for its disks: kept for ever.
resource "terraform_data" "id" {
  input = substr(replace(base64encode(uuid()), "/[^A-Za-z0-9]/", ""), 0, 22)

  lifecycle {
    ignore_changes = [input]
  }
}

module "brokers" {
  source    = "../../part/workload"
  name      = var.name
  namespace = kubernetes_namespace.this.metadata[0].name
  image     = "docker.io/apache/kafka:${var.app_version}"
  command   = ["/bin/bash", "/etc/gantry/start.sh"]
  files     = { "start.sh" = file("${path.module}/start.sh") }
  env = {
    CLUSTER_ID                           = terraform_data.id.output
    KAFKA_PROCESS_ROLES                  = "broker,controller"
    KAFKA_CONTROLLER_QUORUM_VOTERS       = local.voters
    KAFKA_CONTROLLER_LISTENER_NAMES      = "CONTROLLER"
    KAFKA_LISTENERS                      = "CLIENT://:9092,CONTROLLER://:9093"
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP = "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT"
    KAFKA_INTER_BROKER_LISTENER_NAME     = "CLIENT"
    # A folder of its own: a new disk has a lost+found, which is no log.
    KAFKA_LOG_DIRS = "/data/log"
    # The rest of the memory is for what the system keeps of files.
    KAFKA_HEAP_OPTS                                = "-XX:InitialRAMPercentage=50 -XX:MaxRAMPercentage=50"
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR         = tostring(local.copies)
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR = tostring(local.copies)
    KAFKA_DEFAULT_REPLICATION_FACTOR               = tostring(local.copies)
    KAFKA_MIN_INSYNC_REPLICAS                      = tostring(max(1, local.copies - 1))
    POD_DOMAIN                                     = "${var.name}-pods.${local.namespace}.svc.cluster.local"
  }
  ports         = { client = 9092, controller = 9093 }
  probe         = { port = "client", delay = 10 }
  replicas      = var.brokers
  storage       = var.storage
  storage_class = var.storage_class
  writable      = ["/tmp", "/opt/kafka/config", "/opt/kafka/logs", "/mnt/shared/config"]
  cpu           = var.cpu
  memory        = var.memory
  pool          = var.pool
}
