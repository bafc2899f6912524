//! What runs in clusters by their clouds' own doing, written as objects.

use serde_json::{Value as Json, json};

/// A workload: what it is called, what its pods are like.
pub struct Workload<'w> {
    /// Its namespace.
    pub namespace: &'w str,
    /// Its name.
    pub name: &'w str,
    /// The value of the label `k8s-app` of its pods.
    pub label: &'w str,
    /// Its service account.
    pub account: &'w str,
    /// The image of its container.
    pub image: String,
    /// What it asks for of processors.
    pub cpu: &'w str,
    /// What it asks for of memory.
    pub memory: &'w str,
    /// It runs on every node, whatever that one's taints.
    pub is_everywhere: bool,
    /// Its priority class.
    pub priority: &'w str,
}

impl Workload<'_> {
    fn pod(&self) -> Json {
        let tolerations = if self.is_everywhere {
            json!([{"operator": "Exists"}])
        } else {
            json!([{"key": "CriticalAddonsOnly", "operator": "Exists"}])
        };
        let mut spec = json!({
            "serviceAccountName": self.account, "priorityClassName": self.priority, "tolerations": tolerations,
            "containers": [{
                "name": self.name, "image": self.image,
                "resources": {"requests": {"cpu": self.cpu, "memory": self.memory}},
            }],
        });
        if self.is_everywhere {
            spec["hostNetwork"] = true.into();
        }
        json!({"metadata": {"labels": {"k8s-app": self.label}}, "spec": spec})
    }

    /// Writes the metadata of something that belongs to it.
    pub fn metadata(&self, name: &str) -> Json {
        json!({"name": name, "namespace": self.namespace, "labels": {"k8s-app": self.label}})
    }

    /// Writes its service account.
    pub fn account(&self) -> Json {
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": self.metadata(self.account)})
    }

    fn selector(&self) -> Json {
        json!({"matchLabels": {"k8s-app": self.label}})
    }

    /// Writes it with a number of pods.
    pub fn deployment(&self, replicas: u64) -> Json {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": self.metadata(self.name),
            "spec": {"replicas": replicas, "selector": self.selector(), "template": self.pod()},
        })
    }

    /// Writes it with a pod on every node.
    pub fn daemon_set(&self) -> Json {
        let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}});
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": self.metadata(self.name),
            "spec": {"selector": self.selector(), "template": self.pod(), "updateStrategy": rolling},
        })
    }

    /// Writes a service for it, at an address or at any.
    pub fn service(&self, name: &str, ports: Json, address: Option<&str>) -> Json {
        let mut spec = json!({"selector": {"k8s-app": self.label}, "ports": ports});
        if let Some(address) = address {
            spec["clusterIP"] = address.into();
        }
        json!({"apiVersion": "v1", "kind": "Service", "metadata": self.metadata(name), "spec": spec})
    }

    /// Writes the name server of a cluster, with the metadata of its settings.
    pub fn name_server(&self, settings: Json) -> [Json; 4] {
        let ports = json!([
            {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            {"name": "metrics", "port": 9153, "protocol": "TCP"},
        ]);
        let settings = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": settings,
            "data": {"Corefile": ".:53 {\n    errors\n    health\n    kubernetes cluster.local in-addr.arpa ip6.arpa\n    forward . /etc/resolv.conf\n    cache 30\n}\n"},
        });
        [self.account(), settings, self.service("kube-dns", ports, Some("172.20.0.10")), self.deployment(2)]
    }
}
