//! What objects stand on in their cluster although they refer to nothing of it: pods on nodes, claims on what makes volumes.

use sdk::value::Value;
use sdk::{Footing, Ground};

use crate::costs::at;
use crate::discovery::group;
use crate::fates::{WORKLOADS, is_among};

/// What classes of volumes are to claims, also to those that name none and get the default one.
pub(crate) const CLASS: Ground = Ground { stands_on: &[], bears: &[Footing::Volumes], spans: &[] };

/// Returns what an object stands on, by its manifest; parts of that may be unknown.
pub(crate) fn ground(manifest: &Value) -> Ground {
    let (version, kind) = (at(manifest, &["apiVersion"]), at(manifest, &["kind"]));
    let (group, kind) = (group(version.as_str().unwrap_or_default()), kind.as_str().unwrap_or_default());
    let stands_on: &[Footing] = match (group, kind) {
        ("storage.k8s.io", "StorageClass") => return CLASS,
        ("", "PersistentVolumeClaim") => &[Footing::Volumes],
        _ if !is_among(WORKLOADS, group, kind) || makes_nodes(manifest, kind) => &[],
        _ if claims(manifest) => &[Footing::Pods, Footing::Volumes],
        _ => &[Footing::Pods],
    };
    Ground { stands_on, ..Ground::default() }
}

/// Where the specification of the pods is.
const PODS: [&[&str]; 3] =
    [&["spec"], &["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"]];

/// Tells whether nodes may need its pods to become what they are: the network of pods comes like that.
fn makes_nodes(manifest: &Value, kind: &str) -> bool {
    let on_host = at(manifest, &["spec", "template", "spec", "hostNetwork"]);
    kind == "DaemonSet" && on_host.as_bool() == Some(true)
}

fn claims(manifest: &Value) -> bool {
    let has_some = |list: Value| list.as_sequence().is_some_and(|list| !list.is_empty());
    has_some(at(manifest, &["spec", "volumeClaimTemplates"]))
        || PODS.iter().any(|pods| {
            let volumes = at(&at(manifest, pods), &["volumes"]);
            let is_claim = |volume: &Value| {
                ["ephemeral", "persistentVolumeClaim"].iter().any(|kind| !at(volume, &[kind]).is_null())
            };
            volumes.as_sequence().unwrap_or_default().iter().any(is_claim)
        })
}

#[cfg(test)]
mod tests {
    use sdk::Footing;
    use serde_json::{Value as Json, json};

    #[track_caller]
    fn check(version: &str, kind: &str, spec: &Json, expected: &[Footing]) {
        let manifest = json!({"apiVersion": version, "kind": kind, "spec": spec});
        let ground = super::ground(&crate::json::from_json(&manifest));
        assert_eq!(ground.stands_on, expected, "{manifest}");
    }

    #[test]
    fn pods_stand_on_nodes_and_claims_on_what_makes_volumes() {
        let none = json!({});
        let with = |volume: Json| json!({"template": {"spec": {"volumes": [volume]}}});
        check("v1", "Pod", &none, &[Footing::Pods]);
        check("apps/v1", "Deployment", &none, &[Footing::Pods]);
        check("apps/v1", "Deployment", &with(json!({"name": "a", "emptyDir": {}})), &[Footing::Pods]);
        let claim = json!({"name": "a", "persistentVolumeClaim": {"claimName": "a"}});
        check("batch/v1", "Job", &with(claim), &[Footing::Pods, Footing::Volumes]);
        let templates = json!({"volumeClaimTemplates": [{"spec": {}}]});
        check("apps/v1", "StatefulSet", &templates, &[Footing::Pods, Footing::Volumes]);
        check("v1", "PersistentVolumeClaim", &none, &[Footing::Volumes]);
        check("v1", "Service", &json!({"type": "LoadBalancer"}), &[]);
        check("v1", "Namespace", &none, &[]);
        check("spark.apache.org/v1", "Deployment", &none, &[]);
    }

    #[test]
    fn what_gives_nodes_their_network_does_not_wait_for_nodes() {
        check("apps/v1", "DaemonSet", &json!({"template": {"spec": {"hostNetwork": true}}}), &[]);
        check("apps/v1", "DaemonSet", &json!({}), &[Footing::Pods]);
    }
}
