//! What controllers made goes before the cluster does: `kubernetes_cleanup`, and the pains that it is for.
//!
//! It sweeps a whole cluster, so these tests run in the sandbox's only.
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

use super::bench::Bench;
use crate::program::eventually;

const CLEANUP: &str = "resource \"kubernetes_cleanup\" \"this\" {\n  OPTIONS\n}\n";

/// A driver for volumes with a class, and workloads: one with a volume for each of two pods, a pod with one of its own,
/// and one without any.
const WORKLOADS: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "disks.example.com"}, "spec": {}},
  {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "disks"},
   "provisioner": "disks.example.com", "reclaimPolicy": "Delete"},
  {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "NAMESPACE"}},
  {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "database", "namespace": "NAMESPACE"}, "spec": {
    "replicas": 2, "serviceName": "database", "selector": {"matchLabels": {"app": "database"}},
    "template": {"metadata": {"labels": {"app": "database"}}, "spec": {"containers": [{"name": "main", "image": "db"}]}},
    "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
      "storageClassName": "disks", "resources": {"requests": {"storage": "1Gi"}}}}]}},
  {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "own", "namespace": "NAMESPACE"}, "spec": {
    "accessModes": ["ReadWriteOnce"], "storageClassName": "disks", "resources": {"requests": {"storage": "2Gi"}}}},
  {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone", "namespace": "NAMESPACE"}, "spec": {
    "containers": [{"name": "main", "image": "db"}],
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "own"}}]}},
  {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "NAMESPACE"}, "spec": {
    "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "web"}]}}}}
]}"#;

/// A definition of a kind without rules.
fn definition(group: &str, kind: &str, plural: &str, scope: &str) -> String {
    let schema = r#"{"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}"#;
    let version = format!(r#"{{"name": "v1", "served": true, "storage": true, "schema": {schema}}}"#);
    let names = format!(r#"{{"kind": "{kind}", "plural": "{plural}", "singular": "{}"}}"#, kind.to_lowercase());
    format!(
        r#"{{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {{"name": "{plural}.{group}"}},
            "spec": {{"group": "{group}", "scope": "{scope}", "names": {names}, "versions": [{version}]}}}}"#
    )
}

/// A cluster of the sandbox with a cleanup in it.
fn cluster(options: &str) -> Option<Bench> {
    let bench = Bench::new(&CLEANUP.replace("OPTIONS", options))?;
    if bench.world.is_none() {
        println!("skipped: a cleanup would take away what others have in a real cluster");
        return None;
    }
    bench.apply();
    Some(bench)
}

impl Bench {
    /// Makes objects by other hands.
    fn make(&self, text: &str) {
        self.write("theirs.json", text);
        self.kubectl("apply -f theirs.json");
    }

    /// Waits until kubectl prints what is expected.
    fn wait_for(&self, arguments: &str, expected: &str) {
        let mut found = String::new();
        let is_there = eventually(|| {
            found = self.kubectl(arguments);
            found.trim() == expected
        });
        assert!(is_there, "kubectl {arguments}: {found}, and not {expected}");
    }

    /// Waits until the workloads run on their volumes.
    fn with_volumes(&self) {
        self.make(WORKLOADS);
        self.wait_for("get persistentvolumes -o jsonpath={.items[*].status.phase}", "Bound Bound Bound");
        self.wait_for("get statefulset database -o jsonpath={.status.readyReplicas}", "2");
    }
}

#[test]
fn pain_1_no_load_balancer_outlives_its_cluster_whoever_made_it() {
    let Some(bench) = cluster("") else { return };
    let service = |name: &str, kind: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "{name}", "namespace": "NAMESPACE"}},
                "spec": {{"type": "{kind}", "ports": [{{"port": 80}}]}}}}"#
        )
    };
    let ingress = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "way", "namespace": "NAMESPACE"},
        "spec": {"defaultBackend": {"service": {"name": "inner", "port": {"number": 80}}}}}"#;
    let namespace = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "NAMESPACE"}}"#.to_owned();
    let items =
        [namespace, service("public", "LoadBalancer"), service("inner", "ClusterIP"), ingress.to_owned()].join(",");
    bench.make(&format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{items}]}}"#));
    bench.run("destroy -auto-approve", 0);
    assert_eq!(bench.kubectl("get services -o jsonpath={.items[*].metadata.name}"), "inner");
    assert_eq!(bench.kubectl("get ingresses -o name"), "");
}

#[test]
fn pain_2_no_disk_outlives_its_cluster() {
    let Some(bench) = cluster("") else { return };
    bench.with_volumes();
    let told = bench.run("destroy -auto-approve", 0);
    assert!(!told.contains("Left behind"), "{told}");
    assert_eq!(bench.kubectl("get persistentvolumes -o name"), "");
    assert_eq!(bench.kubectl("get persistentvolumeclaims -o name"), "");
    // Exactly the workloads that mount claims are scaled down.
    assert_eq!(bench.kubectl("get statefulset database -o jsonpath={.spec.replicas}"), "0");
    assert_eq!(bench.kubectl("get deployment web -o jsonpath={.spec.replicas}"), "1");
}

#[test]
fn pain_2_disks_that_are_to_stay_are_told_with_their_ids() {
    let Some(bench) = cluster("volumes = \"retain\"") else { return };
    bench.with_volumes();
    let told = bench.run("destroy -auto-approve", 0);
    let policies = bench.kubectl("get persistentvolumes -o jsonpath={.items[*].spec.persistentVolumeReclaimPolicy}");
    assert_eq!(policies, "Retain Retain Retain");
    let handles = bench.kubectl("get persistentvolumes -o jsonpath={.items[*].spec.csi.volumeHandle}");
    assert_eq!(handles.split(' ').count(), 3);
    for handle in handles.split(' ') {
        assert!(told.contains(handle), "{handle} in {told}");
    }
    // Nothing writes to them any more.
    assert_eq!(bench.kubectl("get pods -l app=database -o name"), "");
}

#[test]
fn pain_2_the_reclaim_policy_of_a_disk_counts_unless_all_are_to_go() {
    for (options, left) in [("", 1), ("volumes = \"delete\"", 0)] {
        let Some(bench) = cluster(options) else { return };
        bench.with_volumes();
        let volume = bench.kubectl("get persistentvolumeclaim own -o jsonpath={.spec.volumeName}");
        let patch = r#"{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}"#;
        bench.kubectl(&format!("patch persistentvolume {volume} --type=merge -p {patch}"));
        let told = bench.run("destroy -auto-approve", 0);
        let found = bench.kubectl("get persistentvolumes -o name");
        assert_eq!(found.lines().count(), left, "{options}: {found}");
        assert_eq!(told.contains("Left behind"), left > 0, "{told}");
    }
}

#[test]
fn pain_2_what_an_operator_would_make_again_goes_with_its_resource() {
    let Some(bench) = cluster("") else { return };
    bench.make(&definition("example.com", "Lake", "lakes", "Namespaced"));
    bench.with_volumes();
    let lake =
        r#"{"apiVersion": "example.com/v1", "kind": "Lake", "metadata": {"name": "deep", "namespace": "NAMESPACE"}}"#;
    bench.make(lake);
    let uid = bench.kubectl("get lakes.example.com deep -o jsonpath={.metadata.uid}");
    let owner =
        format!(r#"[{{"apiVersion":"example.com/v1","kind":"Lake","name":"deep","uid":"{uid}","controller":true}}]"#);
    bench.kubectl(&format!(
        r#"patch statefulset database --type=merge -p {{"metadata":{{"ownerReferences":{owner}}}}}"#
    ));
    bench.run("destroy -auto-approve", 0);
    assert_eq!(bench.kubectl("get lakes.example.com -o name"), "");
    assert_eq!(bench.kubectl("get persistentvolumes -o name"), "");
}

#[test]
fn pain_2_what_does_not_go_is_told_with_what_holds_it() {
    let Some(bench) = cluster("timeouts { delete = \"20s\" }") else { return };
    bench.with_volumes();
    let held = r#"{"metadata":{"finalizers":["kubernetes.io/pvc-protection","example.com/backup"]}}"#;
    bench.kubectl(&format!("patch persistentvolumeclaim own --type=merge -p {held}"));
    let told = bench.fails_with("destroy -auto-approve", "PersistentVolumeClaim `own` in the namespace `NAMESPACE`");
    assert!(told.contains("example.com/backup"), "{told}");
    bench.kubectl(r#"patch persistentvolumeclaim own --type=merge -p {"metadata":{"finalizers":[]}}"#);
    bench.run("destroy -auto-approve", 0);
    assert_eq!(bench.kubectl("get persistentvolumes -o name"), "");
}

#[test]
fn pain_3_karpenters_nodes_go_while_its_controller_is_there() {
    let configuration = r#"
resource "kubernetes_config_map" "controller" {
  metadata {
    name      = "karpenter"
    namespace = "default"
  }
}

resource "kubernetes_cleanup" "this" {
  timeouts { delete = "20s" }
  depends_on = [kubernetes_config_map.controller]
}
"#;
    let Some(bench) = cluster("") else { return };
    bench.write("main.tf", configuration);
    bench.apply();
    let definitions = [
        definition("karpenter.sh", "NodePool", "nodepools", "Cluster"),
        definition("karpenter.sh", "NodeClaim", "nodeclaims", "Cluster"),
        definition("karpenter.k8s.aws", "EC2NodeClass", "ec2nodeclasses", "Cluster"),
    ];
    bench.make(&format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#, definitions.join(",")));
    bench.make(
        r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "spot"}},
  {"apiVersion": "karpenter.sh/v1", "kind": "NodePool",
   "metadata": {"name": "system", "labels": {"app.kubernetes.io/managed-by": "eks"}}},
  {"apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass", "metadata": {"name": "usual"}},
  {"apiVersion": "karpenter.sh/v1", "kind": "NodeClaim", "metadata": {"name": "spot-1",
   "labels": {"karpenter.sh/nodepool": "spot"}, "finalizers": ["karpenter.sh/termination"]}}]}"#,
    );
    let told = bench.fails_with("destroy -auto-approve", "NodeClaim `spot-1`");
    assert!(told.contains("karpenter.sh/termination"), "{told}");
    // Nothing that comes after was touched: the controller, and its classes, which hold profiles in the cloud.
    bench.kubectl("get configmap karpenter --namespace=default");
    bench.kubectl("get ec2nodeclasses.karpenter.k8s.aws usual");
    bench.kubectl(r#"patch nodeclaims.karpenter.sh spot-1 --type=merge -p {"metadata":{"finalizers":[]}}"#);
    bench.run("destroy -auto-approve", 0);
    assert_eq!(bench.kubectl("get nodeclaims.karpenter.sh -o name"), "");
    assert_eq!(bench.kubectl("get ec2nodeclasses.karpenter.k8s.aws -o name"), "");
    // What the cloud looks after goes with the cluster.
    assert_eq!(bench.kubectl("get nodepools.karpenter.sh -o jsonpath={.items[*].metadata.name}"), "system");
}

#[test]
fn a_cleanup_checks_the_connection_and_its_words() {
    let Some(bench) = cluster("") else { return };
    bench.is_settled();
    bench.write("main.tf", &CLEANUP.replace("OPTIONS", "volumes = \"keep\""));
    bench.fails_with("plan", "none of `reclaim_policy`, `delete` and `retain`");
    bench.write("main.tf", &CLEANUP.replace("OPTIONS", "volumes = \"retain\""));
    bench.apply();
    bench.is_settled();
    bench.run("destroy -auto-approve", 0);
}
