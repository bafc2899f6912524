//! Configurations that kind takes, and those that it refuses.

use serde_json::{Value as Json, json};

use super::config::containers;

/// What is said of a configuration: its nodes with their labels and taints, or what is wrong.
fn check(config: Json, expected: &str) {
    let mut config = config;
    if config.is_object() {
        config["apiVersion"] = "kind.x-k8s.io/v1alpha4".into();
        config["kind"] = "Cluster".into();
    }
    let written = match containers("a", &config, None) {
        Err(wrong) => wrong,
        Ok(made) => made
            .iter()
            .map(|container| {
                let short = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
                let labels: Vec<String> =
                    container.labels.iter().map(|(key, value)| format!("{}={value}", short(key))).collect();
                let taints: Vec<String> =
                    container.taints.iter().map(|taint| short(taint["key"].as_str().unwrap_or_default())).collect();
                format!("{} {} [{}] [{}]", container.name, container.version, labels.join(" "), taints.join(" "))
            })
            .collect::<Vec<_>>()
            .join("\n"),
    };
    assert_eq!(written, expected);
}

#[test]
fn nodes_are_called_by_their_roles() {
    check(Json::Null, "a-control-plane 1.36.1 [control-plane=] []");
    let (control, worker) = (json!({}), json!({"role": "worker", "image": "kindest/node:v1.35.0@sha256:1"}));
    check(
        json!({"nodes": [worker, control, worker]}),
        "a-control-plane 1.36.1 [control-plane= exclude-from-external-load-balancers=] [control-plane]\n\
         a-worker 1.35.0 [] []\na-worker2 1.35.0 [] []",
    );
    check(
        json!({"nodes": [control, control]}),
        "a-control-plane 1.36.1 [control-plane= exclude-from-external-load-balancers=] [control-plane]\n\
         a-control-plane2 1.36.1 [control-plane= exclude-from-external-load-balancers=] [control-plane]\n\
         a-external-load-balancer  [] []",
    );
}

#[test]
fn patches_of_kubeadm_say_taints_and_labels() {
    let patch = |kind: &str, taint: &str| json!({"kind": kind, "nodeRegistration": {"taints": [{"key": taint, "effect": "NoSchedule"}]}});
    let worker = json!({
        "role": "worker", "labels": {"x": "1"},
        "kubeadmConfigPatches": [patch("InitConfiguration", "not"), patch("JoinConfiguration", "work")],
    });
    let arguments = json!([{"name": "node-labels", "value": "y=2,z="}]);
    let other = json!({
        "role": "worker", "labels": {"x": "1"},
        "kubeadmConfigPatches": [{"kind": "JoinConfiguration", "nodeRegistration": {"kubeletExtraArgs": arguments}}],
    });
    check(
        json!({"nodes": [{"kubeadmConfigPatches": [patch("InitConfiguration", "mine")]}, worker, other]}),
        "a-control-plane 1.36.1 [control-plane= exclude-from-external-load-balancers=] [mine]\n\
         a-worker 1.36.1 [x=1] [work]\na-worker2 1.36.1 [y=2 z=] []",
    );
}

#[test]
fn what_kind_refuses_is_refused() {
    for (config, wrong) in [
        (json!({"node": []}), "unable to decode config: field node not found in type v1alpha4.Cluster"),
        (json!({"nodes": [{"role": "worker"}]}), "must have at least one control-plane node"),
        (json!({"nodes": [{}, {"role": "x"}]}), "invalid configuration for node 1: \"x\" is not a valid node role"),
        (
            json!({"nodes": [{"image": "node"}]}),
            "[invalid configuration for node 0: failed to pull image \"node\": there is no such image, must have at least one \
             control-plane node]",
        ),
        (json!({"networking": {"podSubnet": "10.0.0.0"}}), "invalid pod subnet 10.0.0.0"),
        (
            json!({"networking": {"disableDefaultCNI": true}}),
            "the sandbox's kind does not emulate disableDefaultCNI: true",
        ),
        (
            json!({"nodes": [{"extraPortMappings": [{"hostPort": 80}, {"hostPort": 80}]}]}),
            "invalid configuration for node 0: invalid portMapping: port mapping with same listen address, port and protocol \
             already configured: 0.0.0.0:80/TCP",
        ),
    ] {
        check(config, wrong);
    }
    assert!(containers("A", &Json::Null, None).is_err_and(|wrong| wrong.contains("not a valid cluster name")));
}
