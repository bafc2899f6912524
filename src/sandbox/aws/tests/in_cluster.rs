//! A cluster of EKS whose pods run on machines of EC2, with volumes of EBS and load balancers of ELB.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{ROLE, Sandbox, open_with_role};
use crate::kubernetes::kinds::{self, Kind};
use crate::kubernetes::store::{self, How, Target, text};

/// The clock of every sandbox.
const SPEED: f64 = 600.0;

fn kind(group: &str, plural: &str) -> &'static Kind {
    kinds::built_in().iter().find(|kind| kind.is(group, plural)).expect("a built-in kind")
}

struct Cluster {
    sandbox: Sandbox,
    id: String,
}

impl Cluster {
    /// Makes a cluster with two nodes.
    async fn make() -> Cluster {
        let sandbox = open_with_role(None, SPEED).await.expect("a sandbox");
        let (status, _, body) = sandbox.ask("POST", "/clusters", &sandbox.cluster("lake")).await;
        assert_eq!(status, 200, "{body}");
        sandbox.wait("/clusters/lake", "cluster", Some("ACTIVE")).await;
        let group = json!({
            "nodegroupName": "pool", "nodeRole": ROLE, "subnets": [sandbox.subnets[0], sandbox.subnets[1]],
            "instanceTypes": ["m5.large"], "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2},
            "labels": {"tier": "data"}, "taints": [{"key": "data", "value": "yes", "effect": "NO_SCHEDULE"}],
        });
        let (status, _, body) = sandbox.ask("POST", "/clusters/lake/node-groups", &group).await;
        assert_eq!(status, 200, "{body}");
        let id = sandbox.frame.world.look(|records| {
            let found = records.under("aws/eks-kubernetes/").next().map(|(name, _)| name.to_owned());
            found.and_then(|name| name.rsplit('/').next().map(str::to_owned)).expect("a Kubernetes cluster")
        });
        Cluster { sandbox, id }
    }

    fn target<'t>(&'t self, kind: &'static Kind, namespace: &'t str, name: &'t str) -> Target<'t> {
        Target { cluster: &self.id, kind, namespace: Some(namespace).filter(|_| kind.is_namespaced), name, part: None }
    }

    fn get(&self, kind: &'static Kind, namespace: &str, name: &str) -> Json {
        let target = self.target(kind, namespace, name);
        self.sandbox.frame.world.look(|records| store::get(records, &target)).unwrap_or_default()
    }

    fn all(&self, kind: &'static Kind) -> Vec<Json> {
        let prefix = kind.prefix(&self.id, None);
        self.sandbox
            .frame
            .world
            .look(|records| records.under(&prefix).filter_map(|(_, text)| serde_json::from_str(text).ok()).collect())
    }

    async fn create(&self, kind: &'static Kind, object: Json) {
        let name = text(&object, "/metadata/name").to_owned();
        let how = How { manager: "test".to_owned(), time: "2026-01-01T00:00:00Z".to_owned() };
        let target = self.target(kind, "default", &name);
        let made = self.sandbox.frame.world.change(|change| store::create(change, &target, object, &how)).await;
        made.expect("the object is made");
    }

    async fn delete(&self, kind: &'static Kind, name: &str) {
        let how = How { manager: "test".to_owned(), time: "2026-01-01T00:00:00Z".to_owned() };
        let target = self.target(kind, "default", name);
        let gone = self.sandbox.frame.world.change(|change| store::delete(change, &target, &json!({}), &how)).await;
        gone.expect("the object is deleted");
    }

    fn count(&self, prefix: &str) -> usize {
        self.sandbox.frame.world.look(|records| records.under(prefix).count())
    }

    async fn wait(&self, what: &str, holds: impl Fn(&Cluster) -> bool) {
        for _ in 0..super::LOOKS_MAX {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let events = self.all(kind("", "events"));
        let said: Vec<&str> = events.iter().map(|event| text(event, "/message")).collect();
        panic!("it does not come to it that {what}\n{}", said.join("\n"));
    }
}

fn is_ready(object: &Json) -> bool {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
}

#[tokio::test]
async fn node_groups_volumes_and_load_balancers_are_those_of_aws() {
    let cluster = Cluster::make().await;
    let (nodes, pods) = (kind("", "nodes"), kind("", "pods"));
    cluster
        .wait("two nodes are ready", |cluster| cluster.all(nodes).iter().filter(|node| is_ready(node)).count() == 2)
        .await;
    let node = &cluster.all(nodes)[0];
    assert_eq!(node["metadata"]["labels"]["eks.amazonaws.com/nodegroup"], "pool", "{node}");
    assert_eq!(
        (&node["metadata"]["labels"]["tier"], &node["spec"]["taints"][0]["effect"]),
        (&json!("data"), &json!("NoSchedule"))
    );
    assert_eq!((&node["status"]["capacity"]["cpu"], &node["status"]["capacity"]["pods"]), (&json!("2"), &json!("29")));
    assert_eq!(node["status"]["allocatable"]["cpu"], "1930m");
    assert_eq!(cluster.count("aws/ec2/us-east-1/instances/"), 2);
    cluster
        .wait("what EKS runs on every node is ready", |cluster| {
            cluster.all(pods).iter().filter(|pod| is_ready(pod)).count() == 4
        })
        .await;

    let (status, _, body) =
        cluster.sandbox.ask("POST", "/clusters/lake/addons", &json!({"addonName": "aws-ebs-csi-driver"})).await;
    assert_eq!(status, 200, "{body}");
    cluster
        .wait("the driver is there", |cluster| {
            !cluster.get(kind("storage.k8s.io", "csidrivers"), "", "ebs.csi.aws.com").is_null()
        })
        .await;
    let tolerations = json!([{"key": "data", "operator": "Exists"}]);
    let claim = json!({"storageClassName": "gp2", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}});
    let set = json!({"metadata": {"name": "db"}, "spec": {
        "replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {
            "tolerations": tolerations, "containers": [{"name": "main", "image": "postgres:17"}],
        }},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }});
    let before = cluster.count("aws/ec2/us-east-1/volumes/");
    cluster.create(kind("apps", "statefulsets"), set).await;
    cluster
        .wait("the set is ready", |cluster| {
            cluster.get(kind("apps", "statefulsets"), "default", "db")["status"]["readyReplicas"] == 2
        })
        .await;
    assert_eq!(cluster.count("aws/ec2/us-east-1/volumes/"), before + 2);

    let groups = cluster.count("aws/ec2/us-east-1/security-groups/");
    let services = kind("", "services");
    let ports = json!([{"port": 5432}]);
    cluster.create(services, json!({"metadata": {"name": "db"}, "spec": {"type": "LoadBalancer", "selector": {"app": "db"}, "ports": ports}})).await;
    let host = |cluster: &Cluster| {
        cluster.get(services, "default", "db")["status"]["loadBalancer"]["ingress"][0]["hostname"].clone()
    };
    cluster
        .wait("the load balancer has a name", |cluster| {
            host(cluster).as_str().is_some_and(|host| host.ends_with(".elb.us-east-1.amazonaws.com"))
        })
        .await;
    assert_eq!(cluster.count("aws/ec2/us-east-1/security-groups/"), groups + 1);
    cluster.delete(services, "db").await;
    cluster
        .wait("nothing of the load balancer is left", |cluster| {
            cluster.get(services, "default", "db").is_null()
                && cluster.count("aws/ec2/us-east-1/security-groups/") == groups
        })
        .await;
    cluster.delete(kind("apps", "statefulsets"), "db").await;
    cluster.delete(kind("", "persistentvolumeclaims"), "data-db-0").await;
    cluster
        .wait("the volume goes with its claim", |cluster| cluster.all(kind("", "persistentvolumes")).len() == 1)
        .await;

    let (status, _, body) = cluster.sandbox.ask("DELETE", "/clusters/lake/node-groups/pool", &Json::Null).await;
    assert_eq!(status, 200, "{body}");
    cluster.wait("the nodes are gone", |cluster| cluster.all(nodes).is_empty()).await;
}

#[tokio::test]
async fn a_budget_that_allows_nothing_fails_an_update_unless_that_is_forced() {
    let cluster = Cluster::make().await;
    let labels = json!({"app": "web"});
    let pod = json!({"metadata": {"labels": labels}, "spec": {
        "tolerations": [{"key": "data", "operator": "Exists"}], "containers": [{"name": "main", "image": "web:1"}],
    }});
    let web = json!({"metadata": {"name": "web"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": labels}, "template": pod,
    }});
    cluster.create(kind("apps", "deployments"), web).await;
    let budget = json!({"metadata": {"name": "web"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": labels}}});
    cluster.create(kind("policy", "poddisruptionbudgets"), budget).await;
    let is_up = |cluster: &Cluster| {
        cluster.get(kind("apps", "deployments"), "default", "web")["status"]["readyReplicas"] == 2
            && cluster.get(kind("policy", "poddisruptionbudgets"), "default", "web")["status"]["currentHealthy"] == 2
    };
    cluster.wait("the pods are ready", is_up).await;
    cluster.sandbox.wait("/clusters/lake/node-groups/pool", "nodegroup", Some("ACTIVE")).await;
    for (is_forced, expected) in [(false, "Failed"), (true, "Successful")] {
        let wanted = json!({"releaseVersion": format!("1.33.9-{is_forced}"), "force": is_forced});
        let (status, _, body) =
            cluster.sandbox.ask("POST", "/clusters/lake/node-groups/pool/update-version", &wanted).await;
        assert_eq!(status, 200, "{body}");
        let record = format!("aws/eks/us-east-1/updates/lake/{}", text(&body, "/update/id"));
        let update = |cluster: &Cluster| -> Json {
            let kept: Option<Json> = cluster.sandbox.frame.world.look(|records| records.get(&record));
            kept.unwrap_or_default()["update"].clone()
        };
        cluster.wait("the update has ended", |cluster| update(cluster)["status"] != "InProgress").await;
        let ended = update(&cluster);
        assert_eq!(ended["status"], expected, "{ended}");
        if !is_forced {
            assert_eq!(ended["errors"][0]["errorCode"], "PodEvictionFailure");
            let node = text(&ended, "/errors/0/resourceIds/0");
            assert_eq!(cluster.get(kind("", "nodes"), "", node)["spec"]["unschedulable"], true, "{ended}");
            assert!(is_up(&cluster), "a pod was ended");
        }
    }
}
