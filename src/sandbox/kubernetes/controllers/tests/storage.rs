//! Claims, volumes, and pods with volumes of their own.

use serde_json::{Value as Json, json};

use super::{Sandbox, condition, template};
use crate::kubernetes::controllers::work::{CLAIMS, Of, PODS, VOLUMES};

const SETS: Of = Of("apps", "statefulsets");
const CLASSES: Of = Of("storage.k8s.io", "storageclasses");
const DRIVERS: Of = Of("storage.k8s.io", "csidrivers");

async fn with_class(mode: &str) -> Sandbox {
    let sandbox = Sandbox::with_nodes(2).await;
    let mark = json!({"storageclass.kubernetes.io/is-default-class": "true"});
    let class = json!({
        "metadata": {"name": "disk", "annotations": mark}, "provisioner": "disk.example.com", "volumeBindingMode": mode,
        "allowVolumeExpansion": true,
    });
    sandbox.create(CLASSES, class).await;
    sandbox.create(DRIVERS, json!({"metadata": {"name": "disk.example.com"}, "spec": {}})).await;
    sandbox
}

fn claim(name: &str) -> Json {
    let resources = json!({"requests": {"storage": "10Gi"}});
    json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}})
}

fn set(replicas: u64) -> Json {
    let mut set = json!({"metadata": {"name": "db"}, "spec": {
        "replicas": replicas, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
        "template": template(json!({"app": "db"}), json!({"image": "postgres:17"})),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim("data")["spec"]}],
    }});
    set["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    set
}

fn volumes(sandbox: &Sandbox) -> usize {
    sandbox.frame.world.look(|records| records.under("bare-volumes/").count())
}

#[tokio::test]
async fn a_stateful_set_has_its_pods_in_order_with_volumes() {
    let sandbox = with_class("WaitForFirstConsumer").await;
    sandbox.create(SETS, set(3)).await;
    sandbox.settle().await;
    let set = sandbox.get(SETS, "db");
    assert_eq!(set["status"]["readyReplicas"], 3, "{set}");
    assert_eq!(set["status"]["currentRevision"], set["status"]["updateRevision"]);
    let claims = sandbox.all(CLAIMS);
    assert!(claims.iter().all(|claim| claim["status"]["phase"] == "Bound"));
    assert_eq!((claims.len(), sandbox.all(VOLUMES).len(), volumes(&sandbox)), (3, 3, 3));
    let created = sandbox.events("SuccessfulCreate");
    for number in 0..3 {
        assert!(created.iter().any(|said| *said == format!("Created pod: db-{number}")), "{created:?}");
    }
    // Volumes are where their pods are.
    for pod in sandbox.all(PODS) {
        let name = format!("data-{}", pod["metadata"]["name"].as_str().unwrap_or_default());
        let volume = sandbox.get(CLAIMS, &name)["spec"]["volumeName"].as_str().unwrap_or_default().to_owned();
        let volume = sandbox.get(VOLUMES, &volume);
        let term = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0];
        let node = sandbox.get(Of("", "nodes"), pod["spec"]["nodeName"].as_str().unwrap_or_default());
        assert_eq!(term["values"][0], node["metadata"]["labels"]["topology.kubernetes.io/zone"]);
    }
}

#[tokio::test]
async fn claims_of_a_set_stay_and_their_volumes_go_with_them() {
    let sandbox = with_class("WaitForFirstConsumer").await;
    sandbox.create(SETS, set(2)).await;
    sandbox.settle().await;
    sandbox.delete(SETS, "db").await;
    sandbox.settle().await;
    assert!(sandbox.all(PODS).is_empty());
    assert_eq!((sandbox.all(CLAIMS).len(), volumes(&sandbox)), (2, 2), "claims outlive their set");
    sandbox.delete(CLAIMS, "data-db-0").await;
    sandbox.settle().await;
    assert_eq!((sandbox.all(CLAIMS).len(), sandbox.all(VOLUMES).len(), volumes(&sandbox)), (1, 1, 1));
}

#[tokio::test]
async fn a_claim_in_use_is_not_deleted_before_its_pod() {
    let sandbox = with_class("Immediate").await;
    sandbox.create(SETS, set(1)).await;
    sandbox.settle().await;
    sandbox.delete(CLAIMS, "data-db-0").await;
    sandbox.settle().await;
    assert!(!sandbox.get(CLAIMS, "data-db-0")["metadata"]["deletionTimestamp"].is_null());
    sandbox.delete(SETS, "db").await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(CLAIMS, "data-db-0"), Json::Null);
}

#[tokio::test]
async fn a_new_template_replaces_pods_from_the_last_to_the_partition() {
    let sandbox = with_class("Immediate").await;
    sandbox.create(SETS, set(3)).await;
    sandbox.settle().await;
    let change = |set: &mut Json| {
        set["spec"]["template"]["spec"]["containers"][0]["image"] = "postgres:18".into();
        set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 2.into();
    };
    sandbox.edit(SETS, "db", change).await;
    sandbox.settle().await;
    let image = |name: &str| sandbox.get(PODS, name)["spec"]["containers"][0]["image"].clone();
    assert_eq!([image("db-0"), image("db-1"), image("db-2")], ["postgres:17", "postgres:17", "postgres:18"]);
    assert_eq!(sandbox.get(SETS, "db")["status"]["updatedReplicas"], 1);
    let all = |set: &mut Json| set["spec"]["updateStrategy"]["rollingUpdate"]["partition"] = 0.into();
    sandbox.edit(SETS, "db", all).await;
    sandbox.settle().await;
    assert_eq!(image("db-0"), "postgres:18");
    let set = sandbox.get(SETS, "db");
    assert_eq!(set["status"]["currentRevision"], set["status"]["updateRevision"]);
}

#[tokio::test]
async fn a_claim_waits_for_its_first_consumer_and_for_a_driver() {
    let sandbox = with_class("WaitForFirstConsumer").await;
    sandbox.create(CLAIMS, claim("alone")).await;
    sandbox.settle().await;
    let alone = sandbox.get(CLAIMS, "alone");
    assert_eq!((&alone["status"]["phase"], &alone["spec"]["storageClassName"]), (&json!("Pending"), &json!("disk")));
    assert_eq!(sandbox.events("WaitForFirstConsumer"), ["waiting for first consumer to be created before binding"]);
    sandbox.delete(DRIVERS, "disk.example.com").await;
    sandbox.create(SETS, set(1)).await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(PODS, "db-0")["status"]["phase"], "Pending");
    assert!(sandbox.events("ExternalProvisioning")[0].contains("external provisioner 'disk.example.com'"));
    sandbox.create(DRIVERS, json!({"metadata": {"name": "disk.example.com"}, "spec": {}})).await;
    sandbox.settle().await;
    assert_eq!(condition(&sandbox.get(PODS, "db-0"), "Ready").0, "True");
}

#[tokio::test]
async fn a_claim_grows_and_a_volume_that_is_retained_is_released() {
    let sandbox = with_class("Immediate").await;
    sandbox.create(CLAIMS, claim("data")).await;
    sandbox.settle().await;
    let more = |claim: &mut Json| claim["spec"]["resources"]["requests"]["storage"] = "20Gi".into();
    sandbox.edit(CLAIMS, "data", more).await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(CLAIMS, "data")["status"]["capacity"]["storage"], "20Gi");
    let volume = sandbox.all(VOLUMES)[0]["metadata"]["name"].as_str().expect("a name").to_owned();
    let retain = |volume: &mut Json| volume["spec"]["persistentVolumeReclaimPolicy"] = "Retain".into();
    sandbox.edit(VOLUMES, &volume, retain).await;
    sandbox.delete(CLAIMS, "data").await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(VOLUMES, &volume)["status"]["phase"], "Released");
    assert_eq!(volumes(&sandbox), 1);
}

#[tokio::test]
async fn a_volume_that_lives_as_long_as_its_pod_goes_with_it() {
    let sandbox = with_class("WaitForFirstConsumer").await;
    let mut pod = template(json!({}), json!({}));
    pod["metadata"]["name"] = "scratch".into();
    pod["spec"]["volumes"] =
        json!([{"name": "local", "ephemeral": {"volumeClaimTemplate": {"spec": claim("local")["spec"]}}}]);
    sandbox.create(PODS, pod).await;
    sandbox.settle().await;
    assert_eq!(condition(&sandbox.get(PODS, "scratch"), "Ready").0, "True");
    assert_eq!(sandbox.get(CLAIMS, "scratch-local")["status"]["phase"], "Bound");
    sandbox.delete(PODS, "scratch").await;
    sandbox.settle().await;
    assert_eq!((sandbox.all(CLAIMS).len(), sandbox.all(VOLUMES).len(), volumes(&sandbox)), (0, 0, 0));
}
