//! What becomes of objects when their cluster goes: most go along, those that may own something outside do not.

use sdk::Fate;
use serde_json::Value as Json;

use crate::discovery::group;
use crate::json::at;

/// Kinds by their groups; of a group without kinds all.
type Kinds = &'static [(&'static str, &'static [&'static str])];

/// Kinds of which nothing is outside of the cluster, with their groups.
const WITHIN: Kinds = &[
    ("", &["ConfigMap", "Endpoints", "LimitRange", "PodTemplate", "ResourceQuota", "Secret", "ServiceAccount"]),
    ("admissionregistration.k8s.io", &[]),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("coordination.k8s.io", &["Lease"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("networking.k8s.io", &["IngressClass", "NetworkPolicy"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io", &[]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("storage.k8s.io", &["CSIDriver", "StorageClass", "VolumeAttributesClass"]),
];

/// Kinds of which something is outside that a `kubernetes_cleanup` takes away, with their groups.
const RELEASED: Kinds = &[
    ("", &["Namespace", "PersistentVolumeClaim"]),
    ("networking.k8s.io", &["Ingress"]),
    ("gateway.networking.k8s.io", &["Gateway"]),
    ("karpenter.sh", &["NodeClaim", "NodePool"]),
    ("karpenter.k8s.aws", &["EC2NodeClass"]),
    ("karpenter.azure.com", &["AKSNodeClass"]),
];

/// Kinds that run pods, with their groups.
pub(crate) const WORKLOADS: Kinds = &[
    ("", &["Pod", "ReplicationController"]),
    ("apps", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch", &["CronJob", "Job"]),
];

/// Tells what becomes of an object, by its manifest.
pub(crate) fn fate(manifest: &Json) -> Fate {
    let (group, kind) = (group(at(manifest, "/apiVersion")), at(manifest, "/kind"));
    let is_of = |list| is_among(list, group, kind);
    match (group, kind) {
        _ if is_of(WITHIN) => Fate::Goes,
        _ if is_of(RELEASED) => Fate::GoesReleased,
        ("", "Service") if at(manifest, "/spec/type") == "LoadBalancer" => Fate::GoesReleased,
        ("", "Service") => Fate::Goes,
        // The deletion of these, or of their pods, deletes volumes.
        _ if is_of(WORKLOADS) && owns_claims(manifest) => Fate::GoesReleased,
        _ if is_of(WORKLOADS) => Fate::Goes,
        _ => Fate::Deleted,
    }
}

/// Tells whether a kind of a group is in a list.
pub(crate) fn is_among(list: Kinds, group: &str, kind: &str) -> bool {
    list.iter().any(|(known, kinds)| *known == group && (kinds.is_empty() || kinds.contains(&kind)))
}

fn owns_claims(manifest: &Json) -> bool {
    let policy = "/spec/persistentVolumeClaimRetentionPolicy/whenDeleted";
    let templates = ["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"];
    let volumes = templates.iter().filter_map(|place| manifest.pointer(place)?.get("volumes")?.as_array());
    at(manifest, policy) == "Delete" || volumes.flatten().any(|volume| volume.get("ephemeral").is_some())
}

#[cfg(test)]
mod tests {
    use sdk::Fate;
    use serde_json::{Value as Json, json};

    #[track_caller]
    fn check(version: &str, kind: &str, spec: &Json, expected: Fate) {
        let manifest = json!({"apiVersion": version, "kind": kind, "spec": spec});
        assert_eq!(super::fate(&manifest), expected, "{manifest}");
    }

    #[test]
    fn what_may_own_something_outside_does_not_just_go() {
        let none = json!({});
        let (volumes, policy) = (json!([{"name": "a", "ephemeral": {}}]), json!({"whenDeleted": "Delete"}));
        check("v1", "ConfigMap", &none, Fate::Goes);
        check("rbac.authorization.k8s.io/v1", "ClusterRole", &none, Fate::Goes);
        check("apps/v1", "Deployment", &none, Fate::Goes);
        check("apps/v1", "Deployment", &json!({"template": {"spec": {"volumes": volumes}}}), Fate::GoesReleased);
        check("apps/v1", "StatefulSet", &json!({"persistentVolumeClaimRetentionPolicy": policy}), Fate::GoesReleased);
        check("v1", "Service", &json!({"type": "ClusterIP"}), Fate::Goes);
        check("v1", "Service", &json!({"type": "LoadBalancer"}), Fate::GoesReleased);
        check("v1", "Namespace", &none, Fate::GoesReleased);
        check("networking.k8s.io/v1", "Ingress", &none, Fate::GoesReleased);
        check("networking.k8s.io/v1", "NetworkPolicy", &none, Fate::Goes);
        check("v1", "PersistentVolume", &none, Fate::Deleted);
        check("kafka.strimzi.io/v1", "Kafka", &none, Fate::Deleted);
        check("", "", &none, Fate::Deleted);
    }
}
