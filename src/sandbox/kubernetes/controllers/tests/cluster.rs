//! Nodes that come and go, services, budgets, quotas.

use serde_json::{Value as Json, json};

use super::{Sandbox, condition, how, target, template};
use crate::kubernetes::controllers::work::{NODES, Of, PODS, SERVICES};
use crate::kubernetes::failure::Stop;
use crate::kubernetes::store;

const DAEMONS: Of = Of("apps", "daemonsets");
const DEPLOYMENTS: Of = Of("apps", "deployments");
const BUDGETS: Of = Of("policy", "poddisruptionbudgets");
const SCALERS: Of = Of("autoscaling", "horizontalpodautoscalers");

fn workload(replicas: Option<u64>, container: Json) -> Json {
    let mut spec =
        json!({"selector": {"matchLabels": {"app": "web"}}, "template": template(json!({"app": "web"}), container)});
    if let Some(replicas) = replicas {
        spec["replicas"] = replicas.into();
    }
    json!({"metadata": {"name": "web"}, "spec": spec})
}

#[tokio::test]
async fn a_daemon_set_follows_the_nodes() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DAEMONS, workload(None, json!({}))).await;
    sandbox.settle().await;
    let status = |member: &str| sandbox.get(DAEMONS, "web")["status"][member].clone();
    assert_eq!((status("desiredNumberScheduled"), status("numberReady")), (2.into(), 2.into()));
    sandbox.set_nodes("pool", 3).await;
    sandbox.settle().await;
    assert_eq!((status("desiredNumberScheduled"), status("numberReady")), (3.into(), 3.into()));
    let nodes: std::collections::BTreeSet<String> =
        sandbox.all(PODS).iter().map(|pod| pod["spec"]["nodeName"].to_string()).collect();
    assert_eq!(nodes.len(), 3);
    let newer = |set: &mut Json| set["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1.28".into();
    sandbox.edit(DAEMONS, "web", newer).await;
    sandbox.settle().await;
    assert!(sandbox.all(PODS).iter().all(|pod| pod["spec"]["containers"][0]["image"] == "nginx:1.28"));
    assert_eq!(status("updatedNumberScheduled"), 3);
}

#[tokio::test]
async fn a_node_that_leaves_is_emptied_first() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DEPLOYMENTS, workload(Some(4), json!({}))).await;
    sandbox.settle().await;
    sandbox.set_nodes("pool", 1).await;
    sandbox.settle().await;
    assert_eq!(sandbox.all(NODES).len(), 1);
    let pods = sandbox.all(PODS);
    assert!(pods.len() == 4 && pods.iter().all(|pod| condition(pod, "Ready").0 == "True"));
}

#[tokio::test]
async fn a_new_generation_of_a_set_replaces_all_nodes_and_loses_nothing() {
    let sandbox = Sandbox::with_nodes(3).await;
    sandbox.create(DEPLOYMENTS, workload(Some(3), json!({}))).await;
    sandbox.create(BUDGETS, json!({"metadata": {"name": "web"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}})).await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(BUDGETS, "web")["status"]["disruptionsAllowed"], 1);
    let next = json!({"count": 3, "generation": "next"});
    sandbox
        .change(|change| {
            change.put("bare/lake/sets/pool", &next);
            Ok(())
        })
        .await;
    sandbox.settle().await;
    let mut names: Vec<String> = sandbox.all(NODES).iter().map(|node| node["metadata"]["name"].to_string()).collect();
    names.sort();
    assert_eq!(names, ["\"node-4\"", "\"node-5\"", "\"node-6\""]);
    assert_eq!(sandbox.get(DEPLOYMENTS, "web")["status"]["availableReplicas"], 3);
}

#[tokio::test]
async fn pods_on_a_node_that_is_gone_are_gone() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DEPLOYMENTS, workload(Some(2), json!({}))).await;
    sandbox.settle().await;
    sandbox.delete(NODES, "node-1").await;
    sandbox.settle().await;
    let pods = sandbox.all(PODS);
    assert!(pods.len() == 2 && pods.iter().all(|pod| pod["spec"]["nodeName"] == "node-2"));
}

#[tokio::test]
async fn a_node_that_is_cordoned_gets_no_pods() {
    let sandbox = Sandbox::with_nodes(1).await;
    sandbox.edit(NODES, "node-1", |node| node["spec"]["unschedulable"] = true.into()).await;
    sandbox.create(DEPLOYMENTS, workload(Some(1), json!({}))).await;
    sandbox.settle().await;
    assert_eq!(sandbox.all(NODES)[0]["spec"]["taints"][0]["key"], "node.kubernetes.io/unschedulable");
    assert!(
        sandbox.events("FailedScheduling")[0].starts_with("0/1 nodes are available: 1 node(s) were unschedulable.")
    );
    sandbox.edit(NODES, "node-1", |node| node["spec"]["unschedulable"] = false.into()).await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(DEPLOYMENTS, "web")["status"]["readyReplicas"], 1);
}

#[tokio::test]
async fn a_taint_that_lets_none_stay_takes_pods_away() {
    let sandbox = Sandbox::with_nodes(2).await;
    sandbox.create(DEPLOYMENTS, workload(Some(2), json!({}))).await;
    sandbox.settle().await;
    let taint = json!([{"key": "broken", "effect": "NoExecute"}]);
    sandbox.edit(NODES, "node-1", |node| node["spec"]["taints"] = taint).await;
    sandbox.settle().await;
    let pods = sandbox.all(PODS);
    assert!(pods.len() == 2 && pods.iter().all(|pod| pod["spec"]["nodeName"] == "node-2"));
}

#[tokio::test]
async fn a_load_balancer_comes_and_goes_with_its_service() {
    let sandbox = Sandbox::with_nodes(1).await;
    let ports = json!([{"port": 80, "targetPort": 8080}]);
    let service = json!({"metadata": {"name": "web"}, "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": ports}});
    sandbox.create(SERVICES, service).await;
    sandbox.create(DEPLOYMENTS, workload(Some(2), json!({}))).await;
    sandbox.settle().await;
    let web = sandbox.get(SERVICES, "web");
    assert_eq!(web["status"]["loadBalancer"]["ingress"][0]["hostname"], "web.example.com", "{web}");
    assert_eq!(web["metadata"]["finalizers"], json!(["service.kubernetes.io/load-balancer-cleanup"]));
    let endpoints = sandbox.get(Of("", "endpoints"), "web");
    assert_eq!(endpoints["subsets"][0]["addresses"].as_array().map(Vec::len), Some(2), "{endpoints}");
    assert_eq!(sandbox.all(Of("discovery.k8s.io", "endpointslices"))[0]["ports"][0]["port"], 8080);
    sandbox.delete(SERVICES, "web").await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(SERVICES, "web"), Json::Null);
    assert_eq!(sandbox.frame.world.look(|records| records.under("bare-balancers/").count()), 0);
    assert_eq!(sandbox.get(Of("", "endpoints"), "web"), Json::Null);
}

#[tokio::test]
async fn an_ingress_gets_an_address_when_something_serves_it() {
    let sandbox = Sandbox::with_nodes(1).await;
    let ingress = json!({"metadata": {"name": "web"}, "spec": {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}});
    let ingresses = Of("networking.k8s.io", "ingresses");
    sandbox.create(ingresses, ingress).await;
    sandbox.settle().await;
    let address = || sandbox.get(ingresses, "web")["status"]["loadBalancer"]["ingress"][0]["hostname"].clone();
    assert_eq!(address(), Json::Null);
    let class = json!({"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}});
    sandbox.create(Of("networking.k8s.io", "ingressclasses"), class).await;
    sandbox.edit(ingresses, "web", |ingress| ingress["metadata"]["labels"] = json!({"seen": "again"})).await;
    sandbox.settle().await;
    assert_eq!(address(), "web.example.com");
}

#[tokio::test]
async fn an_autoscaler_says_when_it_cannot_measure_and_scales_when_it_can() {
    let sandbox = Sandbox::with_nodes(2).await;
    let busy = json!({"resources": {"requests": {"cpu": "100m"}}});
    let mut web = workload(Some(2), busy);
    web["spec"]["template"]["metadata"]["annotations"] = json!({"sandbox.gantry.dev/cpu-utilization": "120"});
    sandbox.create(DEPLOYMENTS, web).await;
    let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}});
    let scaler = json!({"metadata": {"name": "web"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5, "metrics": [metric],
    }});
    sandbox.create(SCALERS, scaler).await;
    sandbox.settle().await;
    assert_eq!(
        condition(&sandbox.get(SCALERS, "web"), "ScalingActive"),
        ("False".to_owned(), "FailedGetResourceMetric".to_owned())
    );
    let api = json!({"metadata": {"name": "v1beta1.metrics.k8s.io"}, "spec": {
        "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
    }});
    sandbox.create(Of("apiregistration.k8s.io", "apiservices"), api).await;
    sandbox.settle().await;
    assert_eq!(sandbox.get(DEPLOYMENTS, "web")["status"]["readyReplicas"], 5);
    assert_eq!(condition(&sandbox.get(SCALERS, "web"), "ScalingLimited").0, "True");
}

#[tokio::test]
async fn an_api_of_others_is_available_when_its_pods_are() {
    let sandbox = Sandbox::with_nodes(1).await;
    let apis = Of("apiregistration.k8s.io", "apiservices");
    let spec = json!({
        "group": "example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
        "service": {"name": "web", "namespace": "default"},
    });
    sandbox.create(apis, json!({"metadata": {"name": "v1.example.com"}, "spec": spec})).await;
    sandbox.settle().await;
    let available = || condition(&sandbox.get(apis, "v1.example.com"), "Available");
    assert_eq!(available(), ("False".to_owned(), "ServiceNotFound".to_owned()));
    let service = json!({"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 443}]}});
    sandbox.create(SERVICES, service).await;
    sandbox.settle().await;
    assert_eq!(available().1, "MissingEndpoints");
    sandbox.create(DEPLOYMENTS, workload(Some(1), json!({}))).await;
    sandbox.settle().await;
    assert_eq!(available().0, "True");
}

#[tokio::test]
async fn a_quota_refuses_what_is_too_much_and_says_what_is_used() {
    let sandbox = Sandbox::with_nodes(1).await;
    let quotas = Of("", "resourcequotas");
    let hard = json!({"requests.cpu": "1", "pods": "5", "count/deployments.apps": "1"});
    sandbox.create(quotas, json!({"metadata": {"name": "team"}, "spec": {"hard": hard}})).await;
    sandbox.create(DEPLOYMENTS, workload(Some(3), json!({"resources": {"requests": {"cpu": "400m"}}}))).await;
    sandbox.settle().await;
    let web = sandbox.get(DEPLOYMENTS, "web");
    assert_eq!(web["status"]["readyReplicas"], 2);
    assert_eq!(condition(&web, "ReplicaFailure"), ("True".to_owned(), "FailedCreate".to_owned()));
    let said = sandbox.events("FailedCreate").remove(0);
    assert!(
        said.ends_with(
            "exceeded quota: team, requested: requests.cpu=400m, used: requests.cpu=800m, limited: requests.cpu=1"
        ),
        "{said}"
    );
    assert_eq!(
        sandbox.get(quotas, "team")["status"]["used"],
        json!({"count/deployments.apps": "1", "pods": "2", "requests.cpu": "800m"})
    );
    let mut other = workload(Some(1), json!({}));
    other["metadata"]["name"] = "other".into();
    let refused =
        sandbox.frame.world.change(|change| store::create(change, &target(DEPLOYMENTS, "other"), other, &how())).await;
    assert!(matches!(refused, Err(Stop::Failure(failure)) if failure.code == 403));
}

#[tokio::test]
async fn a_namespace_has_an_account_and_the_servers_certificate() {
    let sandbox = Sandbox::with_nodes(0).await;
    sandbox.create(Of("", "namespaces"), json!({"metadata": {"name": "blue"}})).await;
    sandbox.settle().await;
    let has = |record: &str| sandbox.frame.world.look(|records| records.has(record));
    assert!(has("k8s/lake/core/serviceaccounts/blue/default"));
    assert!(has("k8s/lake/core/configmaps/blue/kube-root-ca.crt"));
}
