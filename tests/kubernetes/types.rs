//! The types for one kind each, and the data sources.

use super::bench::Bench;

const TYPES: &str = r#"
resource "kubernetes_namespace_v1" "test" {
  metadata {
    name   = "NAMESPACE"
    labels = { team = "data" }
  }
}

locals {
  namespace = kubernetes_namespace_v1.test.metadata[0].name
}

resource "kubernetes_config_map" "a" {
  metadata {
    generate_name = "settings-"
    namespace     = local.namespace
  }
  data = { colour = "blue" }
}

resource "kubernetes_secret" "a" {
  metadata {
    name      = "password"
    namespace = local.namespace
  }
  data = { password = "hunter2" }
}

resource "kubernetes_secret" "hidden" {
  metadata {
    name      = "hidden"
    namespace = local.namespace
  }
  data_wo          = { password = "never-stored" }
  data_wo_revision = 1
}

resource "kubernetes_service_account" "a" {
  metadata {
    name      = "runner"
    namespace = local.namespace
  }
  image_pull_secret { name = kubernetes_secret.a.metadata[0].name }
}

resource "kubernetes_storage_class" "a" {
  metadata { name = "NAMESPACE-ssd" }
  storage_provisioner = "example.com/none"
  parameters          = { type = "gp3" }
  volume_binding_mode = "WaitForFirstConsumer"
}

resource "kubernetes_labels" "a" {
  api_version = "v1"
  kind        = "ServiceAccount"
  metadata {
    name      = kubernetes_service_account.a.metadata[0].name
    namespace = local.namespace
  }
  labels = { marked = "yes" }
}

resource "kubernetes_annotations" "a" {
  api_version = "v1"
  kind        = "Namespace"
  metadata { name = local.namespace }
  annotations = { "example.com/note" = "hello" }
}

data "kubernetes_resource" "a" {
  api_version = "v1"
  kind        = "Namespace"
  metadata { name = kubernetes_annotations.a.metadata[0].name }
}

data "kubernetes_resources" "a" {
  api_version = "v1"
  kind        = "Secret"
  namespace   = kubernetes_service_account.a.metadata[0].namespace
  depends_on  = [kubernetes_secret.hidden]
}

data "kubernetes_server_version" "a" {}

data "kubernetes_secret" "a" {
  metadata {
    name      = kubernetes_secret.a.metadata[0].name
    namespace = local.namespace
  }
}

output "note" { value = data.kubernetes_resource.a.object.metadata.annotations["example.com/note"] }
output "secrets" { value = sort([for s in data.kubernetes_resources.a.objects : s.metadata.name]) }
output "major" { value = data.kubernetes_server_version.a.major }
output "id" { value = kubernetes_config_map.a.id }
output "found" {
  value     = data.kubernetes_secret.a.data["password"]
  sensitive = true
}
"#;

#[test]
fn every_type_lives_as_it_should() {
    let Some(bench) = Bench::new(TYPES) else { return };
    let applied = bench.apply();
    assert!(!applied.contains("hunter2") && !applied.contains("never-stored"), "{applied}");
    bench.is_settled();
    assert_eq!(bench.run("output -raw note", 0).trim(), "hello");
    assert_eq!(bench.run("output -raw found", 0).trim(), "hunter2");
    assert_eq!(bench.run("output -raw major", 0).trim(), "1");
    let generated = bench.run("output -raw id", 0);
    assert!(generated.trim().starts_with(&bench.named("NAMESPACE/settings-")), "{generated}");
    assert!(bench.run("output secrets", 0).contains("hidden"));
    assert_eq!(bench.kubectl("get secret hidden -o jsonpath={.data.password}"), "bmV2ZXItc3RvcmVk");
    assert!(!bench.run("state pull", 0).contains("never-stored"));
    assert_eq!(bench.kubectl("get serviceaccount runner -o jsonpath={.metadata.labels.marked}"), "yes");

    bench.kubectl("label serviceaccount runner marked=no --overwrite");
    bench.kubectl("annotate storageclass NAMESPACE-ssd storageclass.kubernetes.io/is-default-class=false");
    bench.write(
        "main.tf",
        &TYPES
            .replace("gp3", "io2")
            .replace("hunter2", "hunter3")
            .replace("_wo_revision = 1", "_wo_revision = 2")
            .replace("never-", "not-"),
    );
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("kubernetes_storage_class.a must be replaced"), "{plan}");
    assert!(plan.contains("kubernetes_secret.a will be updated in-place"), "{plan}");
    assert!(plan.contains("kubernetes_labels.a will be updated in-place"), "{plan}");
    bench.apply();
    bench.is_settled();
    assert_eq!(bench.run("output -raw found", 0).trim(), "hunter3");
    assert_eq!(bench.kubectl("get secret hidden -o jsonpath={.data.password}"), "bm90LXN0b3JlZA==");

    bench.run("destroy -auto-approve", 0);
    assert!(bench.kubectl_fails("get storageclass NAMESPACE-ssd").contains("NotFound"));
    assert!(bench.kubectl_fails("get namespace NAMESPACE").contains("NotFound"));
}

#[test]
fn objects_are_imported_by_namespace_and_name() {
    let configuration = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_config_map" "a" {
  metadata {
    name      = "settings"
    namespace = "NAMESPACE"
  }
  data = { colour = "blue" }
}
"#;
    let Some(bench) = Bench::new(configuration) else { return };
    let theirs =
        |kind: &str, metadata: &str| format!(r#"{{"apiVersion": "v1", "kind": {kind:?}, "metadata": {metadata}}}"#);
    bench.write("namespace.json", &theirs("Namespace", r#"{"name": "NAMESPACE"}"#));
    bench.kubectl("apply -f namespace.json");
    bench.write("settings.json", &theirs("ConfigMap", r#"{"name": "settings", "namespace": "NAMESPACE"}"#));
    bench.kubectl("apply -f settings.json");
    bench.fails_with("apply -auto-approve", "There is a Namespace `NAMESPACE` in the cluster already");
    bench.run("import kubernetes_namespace.test NAMESPACE", 0);
    bench.run("import kubernetes_config_map.a NAMESPACE/settings", 0);
    bench.apply();
    bench.is_settled();
    bench.fails_with("import kubernetes_config_map.a settings/a/b", "");
}
