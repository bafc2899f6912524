//! Objects, and how far they are.

use serde_json::{Value as Json, json};

use super::{Look, look};

/// What is expected of an object: `ready`, or the beginning of the reason, after `failed: ` if it never will be.
fn check(kind: &str, object: Json, expected: &str) {
    let (api_version, kind) = kind.rsplit_once('/').expect("a version and a kind");
    let mut object = object;
    object["apiVersion"] = api_version.into();
    object["kind"] = kind.into();
    let found = match look(&object) {
        Look::Ready => "ready".to_owned(),
        Look::Waiting(why) => why,
        Look::Failed(why) => format!("failed: {why}"),
    };
    assert!(found.starts_with(expected), "{kind}: {found:?}, not {expected:?}");
}

fn condition(kind: &str, status: &str) -> Json {
    json!({"conditions": [{"type": kind, "status": status, "reason": "Because", "message": "of this"}]})
}

#[test]
fn workloads_are_ready_when_all_replicas_are_new_and_available() {
    let deployment = |generation: i64, updated: i64, all: i64, available: i64| {
        json!({
            "metadata": {"generation": generation}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 2, "updatedReplicas": updated, "replicas": all, "availableReplicas": available},
        })
    };
    let kind = "apps/v1/Deployment";
    check(kind, json!({"metadata": {"generation": 1}}), "its controller has not seen");
    check(kind, deployment(3, 2, 2, 2), "its controller has not seen");
    check(kind, deployment(2, 1, 2, 2), "1 of 2 replicas are of the new version");
    check(kind, deployment(2, 2, 3, 2), "1 replicas of the old version are ending");
    check(kind, deployment(2, 2, 2, 1), "1 of 2 replicas are available");
    check(kind, deployment(2, 2, 2, 2), "ready");

    let set = |ready: i64, updated: i64, partition: i64| {
        json!({
            "metadata": {"generation": 1},
            "spec": {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": partition}}},
            "status": {"observedGeneration": 1, "readyReplicas": ready, "updatedReplicas": updated,
                       "currentRevision": "a", "updateRevision": "b"},
        })
    };
    let kind = "apps/v1/StatefulSet";
    check(kind, set(2, 3, 0), "2 of 3 replicas are ready");
    check(kind, set(3, 1, 0), "1 of 3 replicas are of the new version");
    check(kind, set(3, 1, 2), "ready");
    check(kind, set(3, 3, 0), "ready");

    let daemons = |available: i64| {
        let status = json!({"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": available});
        json!({"metadata": {"generation": 1}, "status": status})
    };
    check("apps/v1/DaemonSet", daemons(1), "it is available on 1 of 2 nodes");
    check("apps/v1/DaemonSet", daemons(2), "ready");
}

#[test]
fn what_ends_is_ready_when_it_ended_well() {
    check("batch/v1/Job", json!({"status": {"active": 1}}), "1 pods are running");
    check("batch/v1/Job", json!({"status": condition("Complete", "True")}), "ready");
    check("batch/v1/Job", json!({"status": condition("Failed", "True")}), "failed: Because: of this");
    check("v1/Pod", json!({"status": {"phase": "Succeeded"}}), "ready");
    check("v1/Pod", json!({"status": {"phase": "Failed", "reason": "Evicted"}}), "failed: Evicted");
    check("v1/Pod", json!({"status": condition("Ready", "False")}), "Ready is False: Because: of this");
    check("v1/Pod", json!({"status": condition("Ready", "True")}), "ready");
}

#[test]
fn services_wait_for_addresses_only_if_they_get_some() {
    check("v1/Service", json!({"spec": {"type": "ClusterIP"}}), "ready");
    check("v1/Service", json!({"spec": {"type": "LoadBalancer"}}), "it has no address yet");
    let ingress = json!({"loadBalancer": {"ingress": [{"hostname": "x"}]}});
    check("v1/Service", json!({"spec": {"type": "LoadBalancer"}, "status": ingress}), "ready");
    check("networking.k8s.io/v1/Ingress", json!({"status": {"loadBalancer": {}}}), "it has no address yet");
}

#[test]
fn storage_and_definitions_say_it_themselves() {
    check("v1/PersistentVolumeClaim", json!({"status": {"phase": "Pending"}}), "it is Pending");
    check("v1/PersistentVolumeClaim", json!({"status": {"phase": "Bound"}}), "ready");
    check("v1/PersistentVolumeClaim", json!({"status": {"phase": "Lost"}}), "failed: it is Lost");
    let crd = "apiextensions.k8s.io/v1/CustomResourceDefinition";
    check(crd, json!({}), "the condition NamesAccepted is not there");
    check(crd, json!({"status": condition("NamesAccepted", "False")}), "failed: its names are not accepted");
    check(crd, json!({"status": condition("NamesAccepted", "True")}), "the condition Established is not there");
    let both =
        json!({"conditions": [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}]});
    check(crd, json!({"status": both}), "ready");
    check(
        "gateway.networking.k8s.io/v1/Gateway",
        json!({"status": condition("Programmed", "False")}),
        "Programmed is False",
    );
}

#[test]
fn custom_kinds_have_conditions_or_states() {
    check("kafka.strimzi.io/v1/Kafka", json!({}), "its controller has written no status");
    check(
        "kafka.strimzi.io/v1/Kafka",
        json!({"status": condition("Ready", "False")}),
        "Ready is False: Because: of this",
    );
    check("kafka.strimzi.io/v1/Kafka", json!({"status": condition("Ready", "True")}), "ready");
    check("x.example.com/v1/Any", json!({"status": condition("Stalled", "True")}), "failed: Because");
    check("x.example.com/v1/Any", json!({"status": condition("Reconciling", "True")}), "Because: of this");
    let unseen = json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}});
    check("x.example.com/v1/Any", unseen, "its controller has not seen");
    let spark = json!({"status": {"currentState": {"currentStateSummary": "RunningHealthy"}}});
    check("spark.apache.org/v1/SparkCluster", spark, "ready");
    let spark = json!({"status": {"applicationState": {"state": "FAILED"}}});
    check("sparkoperator.k8s.io/v1beta2/SparkApplication", spark, "failed: it is FAILED");
}

#[test]
fn what_needs_no_controller_is_ready_at_once() {
    check("v1/ConfigMap", json!({"data": {}}), "ready");
    check("rbac.authorization.k8s.io/v1/Role", json!({}), "ready");
    check("storage.k8s.io/v1/StorageClass", json!({}), "ready");
}
