//! Pods and what makes them.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{Sandbox, condition, template};
use crate::kubernetes::controllers::work::{NODES, Of, PODS};

const DEPLOYMENTS: Of = Of("apps", "deployments");
const SETS: Of = Of("apps", "replicasets");

fn deployment(replicas: u64, container: Json) -> Json {
    let template = template(json!({"app": "web"}), container);
    json!({"metadata": {"name": "web"}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template,
    }})
}

#[tokio::test]
async fn nodes_of_the_cloud_become_ready() {
    let sandbox = Sandbox::with_nodes(2).await;
    let nodes = sandbox.all(NODES);
    assert_eq!(nodes.len(), 2);
    assert!(nodes.iter().all(|node| condition(node, "Ready").0 == "True" && node["spec"]["taints"].is_null()));
    assert_eq!(nodes[0]["metadata"]["labels"]["pool"], "pool");
}

#[tokio::test]
async fn a_deployment_becomes_available_on_nodes() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DEPLOYMENTS, deployment(3, json!({}))).await;
    sandbox.settle().await;
    let deployment = sandbox.get(DEPLOYMENTS, "web");
    assert_eq!(deployment["status"]["availableReplicas"], 3, "{deployment}");
    assert_eq!(condition(&deployment, "Available").0, "True");
    assert_eq!(condition(&deployment, "Progressing").1, "NewReplicaSetAvailable");
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    let pods = sandbox.all(PODS);
    assert_eq!(pods.len(), 3);
    let on = |name: &str| pods.iter().filter(|pod| pod["spec"]["nodeName"] == name).count();
    assert!(on("node-1") > 0 && on("node-2") > 0, "pods are spread");
    assert!(pods.iter().all(|pod| pod["status"]["phase"] == "Running" && condition(pod, "Ready").0 == "True"));
    assert_eq!(sandbox.events("Scheduled").len(), 3);
    assert_eq!(sandbox.events("Started"), ["Started container main"; 3]);
}

#[tokio::test]
async fn a_new_template_rolls_and_an_old_one_comes_back() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DEPLOYMENTS, deployment(4, json!({}))).await;
    sandbox.settle().await;
    let set_image = |image: &'static str| {
        move |object: &mut Json| object["spec"]["template"]["spec"]["containers"][0]["image"] = image.into()
    };
    sandbox.edit(DEPLOYMENTS, "web", set_image("nginx:1.28")).await;
    sandbox.settle().await;
    let pods = sandbox.all(PODS);
    assert_eq!(pods.len(), 4);
    assert!(pods.iter().all(|pod| pod["spec"]["containers"][0]["image"] == "nginx:1.28"));
    assert_eq!(sandbox.all(SETS).len(), 2);
    sandbox.edit(DEPLOYMENTS, "web", set_image("nginx:1.27")).await;
    sandbox.settle().await;
    let web = sandbox.get(DEPLOYMENTS, "web");
    assert_eq!(web["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert_eq!((sandbox.all(SETS).len(), sandbox.all(PODS).len()), (2, 4));
    assert_eq!(web["status"]["updatedReplicas"], 4);
}

#[tokio::test]
async fn a_rollout_that_cannot_go_on_keeps_what_runs_and_says_so() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DEPLOYMENTS, deployment(4, json!({}))).await;
    sandbox.settle().await;
    let break_it = |object: &mut Json| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:does-not-exist".into();
    };
    sandbox.edit(DEPLOYMENTS, "web", break_it).await;
    sandbox.settle().await;
    let web = sandbox.get(DEPLOYMENTS, "web");
    assert_eq!(web["status"]["availableReplicas"], 3);
    assert_eq!(condition(&web, "Progressing"), ("False".to_owned(), "ProgressDeadlineExceeded".to_owned()));
    let waits = |pod: &&Json| pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff";
    assert_eq!(sandbox.all(PODS).iter().filter(waits).count(), 2);
}

#[tokio::test]
async fn a_pod_that_does_not_fit_says_why_and_comes_when_there_is_room() {
    let sandbox = Sandbox::with_nodes(1).await;
    let big = json!({"resources": {"requests": {"cpu": "1500m"}}});
    sandbox.create(DEPLOYMENTS, deployment(2, big)).await;
    sandbox.settle().await;
    let pods = sandbox.all(PODS);
    let pending: Vec<&Json> = pods.iter().filter(|pod| pod["status"]["phase"] == "Pending").collect();
    assert_eq!(pending.len(), 1);
    assert_eq!(condition(pending[0], "PodScheduled"), ("False".to_owned(), "Unschedulable".to_owned()));
    let said = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: \
                1 No preemption victims found for incoming pod.";
    assert_eq!(sandbox.events("FailedScheduling"), [said]);
    sandbox.set_nodes("pool", 2).await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(DEPLOYMENTS, "web")["status"]["readyReplicas"], 2);
}

#[tokio::test]
async fn a_pod_without_its_configuration_waits_for_it() {
    let sandbox = Sandbox::with_nodes(1).await;
    let needy = json!({"envFrom": [{"configMapRef": {"name": "settings"}}]});
    sandbox.create(DEPLOYMENTS, deployment(1, needy)).await;
    sandbox.settle().await;
    let waiting = sandbox.all(PODS)[0]["status"]["containerStatuses"][0]["state"]["waiting"].clone();
    assert_eq!(waiting["reason"], "CreateContainerConfigError");
    assert_eq!(sandbox.events("Failed"), ["Error: configmap \"settings\" not found"]);
    sandbox.create(Of("", "configmaps"), json!({"metadata": {"name": "settings"}})).await;
    sandbox.settle().await;
    assert_eq!(condition(&sandbox.all(PODS)[0], "Ready").0, "True");
}

#[tokio::test]
async fn readiness_waits_for_the_probe_and_crashes_back_off() {
    let sandbox = Sandbox::with_nodes(1).await;
    let slow = json!({"readinessProbe": {"tcpSocket": {"port": 80}, "initialDelaySeconds": 300}});
    sandbox.create(DEPLOYMENTS, deployment(1, slow)).await;
    sandbox.run(Duration::from_secs(60)).await;
    let pod = &sandbox.all(PODS)[0];
    assert_eq!((&pod["status"]["phase"], &*condition(pod, "Ready").0), (&json!("Running"), "False"));
    sandbox.run(Duration::from_secs(300)).await;
    assert_eq!(condition(&sandbox.all(PODS)[0], "Ready").0, "True");
    let crash = |object: &mut Json| {
        object["spec"]["template"]["metadata"]["annotations"] = json!({"sandbox.gantry.dev/exit-code": "3"});
        object["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = Json::Null;
        object["spec"]["strategy"] = json!({"type": "Recreate"});
    };
    sandbox.edit(DEPLOYMENTS, "web", crash).await;
    sandbox.settle().await;
    let status = sandbox.all(PODS)[0]["status"]["containerStatuses"][0].clone();
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff", "{status}");
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 3);
    assert!(status["restartCount"].as_u64() > Some(3));
}

#[tokio::test]
async fn a_pod_that_is_deleted_stops_and_is_made_again() {
    let sandbox = Sandbox::with_nodes(1).await;
    sandbox.create(DEPLOYMENTS, deployment(1, json!({}))).await;
    sandbox.settle().await;
    let name = sandbox.all(PODS)[0]["metadata"]["name"].as_str().expect("a name").to_owned();
    sandbox.delete(PODS, &name).await;
    let ending = sandbox.get(PODS, &name);
    assert_eq!(ending["metadata"]["deletionGracePeriodSeconds"], 30);
    sandbox.settle().await;
    assert_eq!(sandbox.events("Killing"), ["Stopping container main"]);
    let pods = sandbox.all(PODS);
    assert!(pods.len() == 1 && pods[0]["metadata"]["name"] != *name && condition(&pods[0], "Ready").0 == "True");
    sandbox.delete(DEPLOYMENTS, "web").await;
    sandbox.settle().await;
    assert!(sandbox.all(PODS).is_empty());
}

#[tokio::test]
async fn nothing_is_done_when_nothing_changes() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DEPLOYMENTS, deployment(3, json!({}))).await;
    sandbox.settle().await;
    let before = sandbox.frame.world.look(|records| records.revision());
    // A new process looks at everything once.
    sandbox.settle().await;
    assert_eq!(sandbox.frame.world.look(|records| records.revision()), before);
}
