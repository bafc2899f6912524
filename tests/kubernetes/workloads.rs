//! Waiting: until something is ready, until it is gone, and what is said when neither comes.

use super::bench::Bench;

const DEPLOYMENT: &str = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_manifest" "web" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "web", namespace = kubernetes_namespace.test.metadata[0].name }
    spec = {
      replicas = 2
      selector = { matchLabels = { app = "web" } }
      template = {
        metadata = { labels = { app = "web" } }
        spec = {
          containers = [{
            name      = "web"
            image     = "registry.k8s.io/pause:3.10"
            resources = { requests = { cpu = "50m" } }
          }]
        }
      }
    }
  }
  wait { rollout = true }
  timeouts { create = "TIMEm" }
}
"#;

#[test]
fn a_deployment_is_waited_for_until_its_pods_are_available() {
    let Some(bench) = Bench::new(&DEPLOYMENT.replace("TIME", "5")) else { return };
    bench.apply();
    assert_eq!(bench.kubectl("get deployment web -o jsonpath={.status.availableReplicas}"), "2");
    bench.is_settled();
    bench.kubectl("scale deployment web --replicas=3");
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("will be updated in-place"), "{plan}");
    let unowned = DEPLOYMENT.replace("TIME", "5").replace("      replicas = 2\n", "");
    bench.write("main.tf", &unowned);
    bench.apply();
    bench.is_settled();
    bench.kubectl("scale deployment web --replicas=1");
    bench.is_settled();
}

#[test]
fn what_cannot_be_scheduled_is_told_with_the_reason() {
    let impossible = DEPLOYMENT.replace("TIMEm", "12s").replace("50m", "1000");
    let Some(bench) = Bench::new(&impossible) else { return };
    bench.fails_with("apply -auto-approve", "0 of 2 replicas are available");
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("must be replaced"), "what is half made is made anew: {plan}");
    bench.fails_with("apply -auto-approve", "Insufficient cpu");
    bench.run("destroy -auto-approve", 0);
}

#[test]
fn claims_without_their_class_are_told_where_pods_wait_for_them() {
    let configuration = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_manifest" "database" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "StatefulSet"
    metadata   = { name = "database", namespace = kubernetes_namespace.test.metadata[0].name }
    spec = {
      serviceName = "database"
      selector    = { matchLabels = { app = "database" } }
      template = {
        metadata = { labels = { app = "database" } }
        spec     = { containers = [{ name = "main", image = "registry.k8s.io/pause:3.10" }] }
      }
      volumeClaimTemplates = [{
        metadata = { name = "data" }
        spec = {
          accessModes      = ["ReadWriteOnce"]
          storageClassName = "absent"
          resources        = { requests = { storage = "1Gi" } }
        }
      }]
    }
  }
  wait { rollout = true }
  timeouts { create = "12s" }
}
"#;
    let Some(bench) = Bench::new(configuration) else { return };
    bench.fails_with("apply -auto-approve", "claim `data-database-0`: the cluster has no storage class \"absent\"");
}

#[test]
fn pods_that_fail_for_one_reason_are_told_together() {
    let absent = DEPLOYMENT.replace("TIMEm", "60s").replace("pause:3.10", "does-not-exist:1");
    let Some(bench) = Bench::new(&absent) else { return };
    // The nodes of a cluster that is real for a test run nothing.
    if bench.world.is_none() {
        return;
    }
    let said = bench.fails_with("apply -auto-approve", "ImagePullBackOff of container `web`: Back-off pulling image");
    assert_eq!(said.matches("ImagePullBackOff of").count(), said.matches("pods `web-").count(), "{said}");
}

#[test]
fn a_deletion_that_hangs_names_the_finalizer() {
    let configuration = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_manifest" "kept" {
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata = {
      name       = "kept"
      namespace  = kubernetes_namespace.test.metadata[0].name
      finalizers = ["example.com/keep"]
    }
  }
  timeouts { delete = "2s" }
}
"#;
    let Some(bench) = Bench::new(configuration) else { return };
    bench.apply();
    bench.fails_with("destroy -auto-approve", "finalizers `example.com/keep` keep it");
    bench.kubectl(r#"patch configmap kept --type=merge -p {"metadata":{"finalizers":null}}"#);
    bench.run("destroy -auto-approve", 0);
}

#[test]
fn what_the_cluster_lets_nobody_change_is_replaced() {
    let configuration = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_manifest" "fixed" {
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    immutable  = true
    metadata   = { name = "fixed", namespace = kubernetes_namespace.test.metadata[0].name }
    data       = { colour = "blue" }
  }
}
"#;
    let Some(bench) = Bench::new(configuration) else { return };
    bench.apply();
    bench.write("main.tf", &configuration.replace("blue", "red"));
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("must be replaced") && plan.contains("forces replacement"), "{plan}");
    bench.apply();
    assert_eq!(bench.kubectl("get configmap fixed -o jsonpath={.data.colour}"), "red");
    bench.is_settled();
}

#[test]
fn what_the_cluster_refuses_is_found_by_the_plan() {
    let wrong = DEPLOYMENT.replace("TIME", "5").replace("replicas = 2", "replicas = -1");
    let Some(bench) = Bench::new(&wrong) else { return };
    bench.run("apply -auto-approve -target=kubernetes_namespace.test", 0);
    bench.fails_with("plan", "spec.replicas");
}
