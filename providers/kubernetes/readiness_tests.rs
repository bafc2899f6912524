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
    let with = |condition: Json, available: i64| {
        let mut object = deployment(2, 2, 2, available);
        object["status"]["conditions"] = json!([condition]);
        object
    };
    let late =
        json!({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"});
    check(kind, with(late.clone(), 1), "failed: 1 of 2 replicas are available: timed out");
    check(kind, with(late, 2), "ready");
    let refused =
        json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"});
    check(kind, with(refused, 1), "1 of 2 replicas are available: FailedCreate: exceeded quota");

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
    let three = json!({"spec": {"completions": 3}, "status": {"active": 1, "succeeded": 2, "failed": 1}});
    check("batch/v1/Job", three, "1 pods are running, 2 of 3 have succeeded, 1 have failed");
    check("batch/v1/Job", json!({"status": condition("Suspended", "True")}), "it is suspended");
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
fn what_others_say_of_an_object_counts() {
    let route = |parents: Json| json!({"status": {"parents": parents}});
    let kind = "gateway.networking.k8s.io/v1/HTTPRoute";
    check(kind, json!({}), "no gateway has taken it up yet");
    check(kind, route(json!([condition("Accepted", "True"), condition("Accepted", "False")])), "Accepted is False");
    check(kind, route(json!([condition("Accepted", "True")])), "ready");
    check("gateway.networking.k8s.io/v1/GatewayClass", json!({"status": condition("Accepted", "True")}), "ready");
    check(
        "apiregistration.k8s.io/v1/APIService",
        json!({"status": condition("Available", "False")}),
        "Available is False",
    );
    check("apiregistration.k8s.io/v1/APIService", json!({"status": condition("Available", "True")}), "ready");
    let kind = "autoscaling/v2/HorizontalPodAutoscaler";
    let scaled = |reason: &str| {
        let active = json!({"type": "ScalingActive", "status": "False", "reason": reason, "message": "no metrics"});
        json!({"status": {"conditions": [{"type": "AbleToScale", "status": "True"}, active]}})
    };
    check(kind, json!({}), "the condition AbleToScale is not there yet");
    check(kind, scaled("FailedGetResourceMetric"), "ScalingActive is False: FailedGetResourceMetric: no metrics");
    check(kind, scaled("ScalingDisabled"), "ready");
    check("policy/v1/PodDisruptionBudget", json!({"metadata": {"generation": 1}}), "its controller has not seen");
    let seen = json!({"metadata": {"generation": 1}, "status": {"observedGeneration": 1}});
    check("policy/v1/PodDisruptionBudget", seen, "ready");
}

#[test]
fn operators_say_it_by_conditions_or_in_words_of_their_own() {
    for kind in [
        "cert-manager.io/v1/Certificate",
        "postgresql.cnpg.io/v1/Cluster",
        "cassandra.datastax.com/v1beta1/CassandraDatacenter",
        "serving.knative.dev/v1/Service",
        "karpenter.sh/v1/NodePool",
    ] {
        check(kind, json!({}), "its controller has written no status yet");
        check(kind, json!({"status": condition("Ready", "False")}), "Ready is False: Because: of this");
        check(kind, json!({"status": condition("Ready", "True")}), "ready");
    }
    check(
        "keda.sh/v1alpha1/ScaledObject",
        json!({"status": condition("Available", "Unknown")}),
        "Available is Unknown",
    );
    check("kueue.x-k8s.io/v1beta1/ClusterQueue", json!({"status": condition("Active", "False")}), "Active is False");
    for (kind, pointer, ready, waiting, failed) in [
        ("flink.apache.org/v1beta1/FlinkDeployment", "jobManagerDeploymentStatus", "READY", "DEPLOYING", "ERROR"),
        ("argoproj.io/v1alpha1/Workflow", "phase", "Succeeded", "Running", "Error"),
        ("argoproj.io/v1alpha1/Rollout", "phase", "Healthy", "Degraded", ""),
    ] {
        let object = |state: &str| json!({"status": {pointer: state}});
        check(kind, object(ready), "ready");
        check(kind, object(waiting), &format!("it is {waiting}"));
        if !failed.is_empty() {
            check(kind, object(failed), &format!("failed: it is {failed}"));
        }
    }
    check("argoproj.io/v1alpha1/Application", json!({"status": {"health": {"status": "Missing"}}}), "it is Missing");
}

#[test]
fn what_needs_no_controller_is_ready_at_once() {
    check("v1/ConfigMap", json!({"data": {}}), "ready");
    check("rbac.authorization.k8s.io/v1/Role", json!({}), "ready");
    check("storage.k8s.io/v1/StorageClass", json!({}), "ready");
}
