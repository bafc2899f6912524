//! What runs in clusters of containers from the beginning: what kubeadm starts, and what the images of nodes bring.
//!
//! See `pkg/build/nodeimage` in kind's repository.

use serde_json::{Value as Json, json};

use super::cluster::{KindCluster, Stage};
use super::config::CONTROL_PLANE;
use super::containers::PROVISIONER;
use crate::kubernetes::workload::Workload;

const SYSTEM: &str = "kube-system";
const STORAGE: &str = "local-path-storage";

/// Returns all objects of a cluster, as far as it is.
pub(super) fn all(cluster: &KindCluster) -> Vec<Json> {
    let (mut objects, stage) = (Vec::new(), cluster.stage);
    if stage >= Stage::Begun {
        let version = cluster.containers.first().map_or("", |container| &container.version);
        objects.extend(names());
        objects.extend(on_all_nodes("kube-proxy", &format!("registry.k8s.io/kube-proxy:v{version}")));
    }
    if stage >= Stage::Networked {
        objects.extend(on_all_nodes("kindnet", "docker.io/kindest/kindnetd:v20250512-df8de77b"));
    }
    if stage >= Stage::Stored {
        objects.extend(storage());
    }
    objects
}

fn work<'w>(namespace: &'w str, name: &'w str, label: &'w str, image: &str) -> Workload<'w> {
    Workload {
        namespace,
        name,
        label,
        account: name,
        image: image.to_owned(),
        cpu: "100m",
        memory: "70Mi",
        is_everywhere: false,
        priority: "system-cluster-critical",
    }
}

fn on_all_nodes(name: &str, image: &str) -> [Json; 2] {
    let work = Workload {
        is_everywhere: true,
        priority: "system-node-critical",
        memory: "50Mi",
        ..work(SYSTEM, name, name, image)
    };
    [work.account(), work.daemon_set()]
}

/// The name server, which also runs beside control planes.
fn names() -> [Json; 4] {
    let work = work(SYSTEM, "coredns", "kube-dns", "registry.k8s.io/coredns/coredns:v1.13.1");
    let [account, settings, service, deployment] = work.name_server(json!({"name": "coredns", "namespace": SYSTEM}));
    [account, settings, service, beside_control_planes(deployment)]
}

fn beside_control_planes(mut object: Json) -> Json {
    let tolerations = object["spec"]["template"]["spec"]["tolerations"].as_array_mut();
    tolerations.into_iter().for_each(|all| all.push(json!({"key": CONTROL_PLANE, "effect": "NoSchedule"})));
    object
}

/// The provisioner of volumes, and its class.
fn storage() -> [Json; 5] {
    let work = Workload {
        account: "local-path-provisioner-service-account",
        ..work(
            STORAGE,
            "local-path-provisioner",
            "local-path-provisioner",
            "docker.io/kindest/local-path-provisioner:v20260213-ea8e5717",
        )
    };
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "local-path-config", "namespace": STORAGE},
        "data": {"config.json": "{\"nodePathMap\":[{\"node\":\"DEFAULT_PATH_FOR_NON_LISTED_NODES\",\"paths\":[\"/var/local-path-provisioner\"]}]}\n"},
    });
    let class = json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER, "volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Delete",
    });
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STORAGE}});
    [namespace, work.account(), settings, beside_control_planes(work.deployment(1)), class]
}
