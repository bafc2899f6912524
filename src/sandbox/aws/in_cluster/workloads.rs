//! What EKS runs in a cluster: what it comes with, and its add-ons.

use serde_json::{Value as Json, json};

use super::{Behind, text};
use crate::aws::eks;
use crate::kubernetes::workload::Workload;
use crate::world::Records;

/// What clusters come with unless they are told not to: as add-ons that nobody manages.
const SELF_MANAGED: &[&str] = &["coredns", "kube-proxy", "vpc-cni"];
const SYSTEM: &str = "kube-system";
/// The registry that images of EKS come from.
const REGISTRY: &str = "602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks";

/// Returns all objects that EKS wants in a cluster.
pub fn all(records: &Records, behind: &Behind) -> Vec<Json> {
    let prefix = eks::record(&behind.region, "addons", &format!("{}/", behind.name));
    let addons = records.under(&prefix).filter_map(|(_, text)| serde_json::from_str::<Json>(text).ok());
    let addons: Vec<Json> =
        addons.filter(|addon| addon["status"] != "DELETING" || addon["_preserve"] == true).collect();
    let mut objects = basics();
    if behind.cluster["_bootstrapSelfManagedAddons"] != false {
        for name in SELF_MANAGED.iter().filter(|name| addons.iter().all(|addon| addon["addonName"] != **name)) {
            objects.extend(of_addon(name, SYSTEM, "self-managed"));
        }
    }
    for addon in &addons {
        let namespace = addon["namespaceConfig"]["namespace"].as_str().unwrap_or(SYSTEM);
        if namespace != SYSTEM {
            objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        }
        objects.extend(of_addon(text(addon, "/addonName"), namespace, text(addon, "/addonVersion")));
    }
    objects
}

/// What every cluster has.
fn basics() -> Vec<Json> {
    let priority = |name: &str, value: i64| {
        json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
            "preemptionPolicy": "PreemptLowerPriority",
            "description": "Used for critical pods that must not be moved from where they are.",
        })
    };
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "gp2"},
        "provisioner": "kubernetes.io/aws-ebs", "parameters": {"fsType": "ext4", "type": "gp2"},
        "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
    });
    vec![priority("system-cluster-critical", 2_000_000_000), priority("system-node-critical", 2_000_001_000), class]
}

fn image(name: &str, version: &str) -> String {
    let version = if version == "self-managed" { "v1-eksbuild.1" } else { version };
    format!("{REGISTRY}/{name}:{version}")
}

/// Returns the objects of an add-on.
fn of_addon(name: &str, namespace: &str, version: &str) -> Vec<Json> {
    let work = |own: &'static str, label: &'static str, account: &'static str| Workload {
        namespace,
        name: own,
        label,
        account,
        image: image(name, version),
        cpu: "10m",
        memory: "40Mi",
        is_everywhere: false,
        priority: "system-cluster-critical",
    };
    let everywhere = |own: &'static str, account: &'static str| Workload {
        is_everywhere: true,
        priority: "system-node-critical",
        cpu: "25m",
        ..work(own, own, account)
    };
    match name {
        "vpc-cni" => {
            let work = everywhere("aws-node", "aws-node");
            vec![work.account(), work.daemon_set()]
        }
        "kube-proxy" => {
            let work = Workload { cpu: "100m", ..everywhere("kube-proxy", "kube-proxy") };
            vec![work.account(), work.daemon_set()]
        }
        "coredns" => {
            let work = Workload { cpu: "100m", memory: "70Mi", ..work("coredns", "kube-dns", "coredns") };
            work.name_server(work.metadata("coredns")).into()
        }
        "aws-ebs-csi-driver" => driver("ebs", "ebs.csi.aws.com", (&work, &everywhere)),
        "aws-efs-csi-driver" => driver("efs", "efs.csi.aws.com", (&work, &everywhere)),
        "aws-mountpoint-s3-csi-driver" => driver("s3", "s3.csi.aws.com", (&work, &everywhere)),
        "metrics-server" => metrics(&Workload {
            cpu: "100m",
            memory: "200Mi",
            ..work("metrics-server", "metrics-server", "metrics-server")
        }),
        "eks-pod-identity-agent" => {
            let work = everywhere("eks-pod-identity-agent", "eks-pod-identity-agent");
            vec![work.account(), work.daemon_set()]
        }
        "eks-node-monitoring-agent" => {
            let work = everywhere("eks-node-monitoring-agent", "eks-node-monitoring-agent");
            vec![work.account(), work.daemon_set()]
        }
        "prometheus-node-exporter" => {
            let work = everywhere("prometheus-node-exporter", "prometheus-node-exporter");
            vec![work.account(), work.daemon_set()]
        }
        other => {
            let work = Workload { namespace, name: other, label: other, account: other, ..work("", "", "") };
            vec![work.account(), work.deployment(1)]
        }
    }
}

/// What measures pods, and the API that tells of it.
fn metrics(work: &Workload<'_>) -> Vec<Json> {
    let ports = json!([{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 10251}]);
    let api = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "service": {"name": "metrics-server", "namespace": work.namespace}, "insecureSkipTLSVerify": true,
        },
    });
    vec![work.account(), work.service("metrics-server", ports, None), work.deployment(2), api]
}

type Made<'m, 'w> = &'m dyn Fn(&'static str, &'static str, &'static str) -> Workload<'w>;
type Everywhere<'m, 'w> = &'m dyn Fn(&'static str, &'static str) -> Workload<'w>;

/// A driver of volumes: its controller, its part on each node, and what tells the cluster that it is there.
fn driver(short: &str, name: &str, (work, everywhere): (Made<'_, '_>, Everywhere<'_, '_>)) -> Vec<Json> {
    let (controller, node) = match short {
        "ebs" => {
            let account = "ebs-csi-controller-sa";
            (work("ebs-csi-controller", "ebs-csi-controller", account), everywhere("ebs-csi-node", "ebs-csi-node-sa"))
        }
        "efs" => {
            let account = "efs-csi-controller-sa";
            (work("efs-csi-controller", "efs-csi-controller", account), everywhere("efs-csi-node", "efs-csi-node-sa"))
        }
        _ => (
            work("s3-csi-controller", "s3-csi-controller", "s3-csi-driver-sa"),
            everywhere("s3-csi-node", "s3-csi-node-sa"),
        ),
    };
    let told = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": name},
        "spec": {"attachRequired": short == "ebs", "podInfoOnMount": false, "volumeLifecycleModes": ["Persistent"]},
    });
    vec![controller.account(), node.account(), controller.deployment(2), node.daemon_set(), told]
}
