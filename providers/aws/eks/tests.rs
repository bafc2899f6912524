//! What follows from differences, without any cloud.

use std::sync::Arc;

use sdk::value::Value;
use sdk::{PlanRequest, PlanResponse, ResourceType, read_stored};
use serde_json::{Value as Json, json};

use super::cluster::Cluster;
use super::cluster_steps::steps;
use super::node_group::NodeGroup;
use crate::cloud::Cloud;
use crate::managed::{Kind, Managed};

fn part() -> Managed<Cluster> {
    Managed { kind: Cluster, cloud: Arc::new(Cloud::default()) }
}

/// A cluster as state has it, with changes.
fn cluster(changes: &[(&str, Json)]) -> Value {
    let mut json = json!({
        "id": "lake", "name": "lake", "role_arn": "arn:aws:iam::1:role/r", "version": "1.34", "region": "eu-west-1",
        "bootstrap_self_managed_addons": true, "deletion_protection": false, "platform_version": "eks.1",
        "vpc_config": [{"subnet_ids": ["a", "b"], "endpoint_public_access": true, "endpoint_private_access": false}],
        "access_config": [{"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": true}],
        "kubernetes_network_config": [{"ip_family": "ipv4", "service_ipv4_cidr": "10.100.0.0/16"}],
        "tags_all": {"a": "b"}, "tags": {"a": "b"},
    });
    for (name, value) in changes {
        json[*name] = value.clone();
    }
    let schema = part().schema();
    read_stored(&json, &schema.block, &schema.block.ty()).unwrap()
}

#[track_caller]
fn check_steps(changes: &[(&str, Json)], expected: &[&str]) {
    let labels: Vec<String> = steps(&cluster(&[]), &cluster(changes)).iter().map(|step| step.label()).collect();
    assert_eq!(labels, expected);
}

#[test]
fn each_kind_of_change_is_a_step_of_its_own_and_versions_come_first() {
    check_steps(&[], &[]);
    let network = json!([{
        "subnet_ids": ["a", "c"], "security_group_ids": ["sg"], "endpoint_public_access": true,
        "endpoint_private_access": true,
    }]);
    let key = json!([{"resources": ["secrets"], "provider": [{"key_arn": "k"}]}]);
    check_steps(
        &[
            ("tags_all", json!({"c": "d"})),
            ("vpc_config", network),
            ("enabled_cluster_log_types", json!(["api"])),
            ("upgrade_policy", json!([{"support_type": "STANDARD"}])),
            ("encryption_config", key),
            ("deletion_protection", json!(true)),
            ("version", json!("1.36")),
        ],
        &[
            "version 1.36",
            "encryption",
            "upgrade policy",
            "logging",
            "endpoint",
            "subnets",
            "security groups",
            "protection from deletion",
            "tags",
        ],
    );
    check_steps(&[("compute_config", json!([{"enabled": true}])), ("storage_config", json!([{}]))], &["Auto Mode"]);
}

fn plan(prior: &Value, config: Json) -> PlanResponse {
    let provider = crate::provider();
    let schema = &provider.schemas().resources["aws_eks_cluster"];
    let config = read_stored(&config, &schema.block, &schema.block.ty()).unwrap();
    // What the engine proposes: the configuration, and what was there for what is computed.
    let proposed = match prior.is_null() {
        true => config.clone(),
        false => crate::managed::with_members(
            prior,
            &[
                "name",
                "role_arn",
                "version",
                "vpc_config",
                "tags",
                "enabled_cluster_log_types",
                "encryption_config",
                "access_config",
            ]
            .map(|name| (name, crate::fields::part(&config, name).clone()))
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect::<Vec<_>>(),
        ),
    };
    let request = PlanRequest {
        kind: "aws_eks_cluster".into(),
        prior: prior.clone(),
        proposed,
        config,
        prior_private: vec![],
        prior_identity: None,
        meta: Value::NULL,
        deferral_allowed: true,
        approved: None,
    };
    sdk::Simulation::new(1).run(provider.plan(request)).unwrap()
}

fn config(changes: &[(&str, Json)]) -> Json {
    let mut json = json!({
        "name": "lake", "role_arn": "arn:aws:iam::1:role/r", "version": "1.34",
        "vpc_config": [{"subnet_ids": ["a", "b"]}], "tags": {"a": "b"},
    });
    for (name, value) in changes {
        json[*name] = value.clone();
    }
    json
}

fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    crate::fields::part(object, name).as_str()
}

#[test]
fn a_new_cluster_has_defaults_and_what_eks_chooses_is_unknown() {
    let planned = plan(&Value::NULL, config(&[])).planned;
    let part = |name| crate::fields::part(&planned, name).clone();
    assert_eq!(part("bootstrap_self_managed_addons").as_bool(), Some(true));
    let network = &crate::fields::blocks(&planned, "vpc_config")[0];
    assert_eq!(crate::fields::flag(network, "endpoint_public_access"), Some(true));
    for name in ["arn", "access_config", "kubernetes_network_config", "tags_all", "region", "endpoint"] {
        assert!(!part(name).is_known(), "{name}");
    }
    assert!(part("zonal_shift_config").is_known());
}

#[test]
fn access_never_goes_back() {
    let refused = |before: &str, after: &str| {
        let mode =
            |mode: &str| json!([{"authentication_mode": mode, "bootstrap_cluster_creator_admin_permissions": true}]);
        let config = config(&[("access_config", mode(after)), ("version", json!("1.35"))]);
        let response = plan(&cluster(&[("access_config", mode(before))]), config);
        response.problems.iter().any(|problem| problem.is_error() && problem.summary == "Access goes one way")
    };
    assert!(refused("API", "API_AND_CONFIG_MAP") && refused("API_AND_CONFIG_MAP", "CONFIG_MAP"));
    assert!(!refused("CONFIG_MAP", "API") && !refused("API", "API"));
}

#[test]
fn a_version_never_goes_back_and_says_so() {
    let response = plan(&cluster(&[("version", json!("1.36"))]), config(&[]));
    assert_eq!(text(&response.planned, "version"), Some("1.36"));
    assert_eq!(response.problems[0].summary, "Version is ahead");
    assert!(!response.problems[0].is_error() && response.requires_replace.is_empty());
}

#[test]
fn a_higher_version_is_an_update() {
    let response = plan(&cluster(&[]), config(&[("version", json!("1.36"))]));
    assert!(response.problems.is_empty(), "{:?}", response.problems);
    assert!(!crate::fields::part(&response.planned, "platform_version").is_known());
    assert!(response.requires_replace.is_empty());
}

#[test]
fn what_eks_cannot_change_replaces() {
    let response = plan(&cluster(&[]), config(&[("name", json!("lake2"))]));
    assert_eq!(response.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".name"]);
    let key = |arn: &str| json!([{"resources": ["secrets"], "provider": [{"key_arn": arn}]}]);
    let prior = cluster(&[("encryption_config", key("one"))]);
    for (wanted, expected) in
        [(key("one"), &[][..]), (key("two"), &[".encryption_config"]), (json!([]), &[".encryption_config"])]
    {
        let response = plan(&prior, config(&[("encryption_config", wanted)]));
        let found: Vec<_> = response.requires_replace.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
        // The provider is not configured here, so nobody knows which tags it adds.
        let tags = ("tags_all", crate::fields::part(&prior, "tags_all").clone());
        let planned = crate::managed::with_members(&response.planned, &[tags]);
        assert_eq!(planned == prior, expected.is_empty(), "{planned:?}");
    }
}

#[test]
fn what_is_not_known_yet_is_not_refused() {
    let check = |name: &'static str, open: bool, expected: usize| {
        let on = json!([{"enabled": true}]);
        let network = json!([{"elastic_load_balancing": on}]);
        let whole = cluster(&[("compute_config", on), ("kubernetes_network_config", network)]);
        let ty = crate::fields::part(&whole, name).ty();
        let config = match open {
            true => crate::managed::with_members(&whole, &[(name, Value::unknown(ty))]),
            false => whole,
        };
        assert_eq!(Cluster.validate(&config).len(), expected, "{name}");
    };
    check("storage_config", false, 1);
    for name in ["storage_config", "compute_config", "kubernetes_network_config"] {
        check(name, true, 0);
    }
}

/// A node group as state has it.
fn group(name: Json, prefix: Json, kind: &str) -> Json {
    json!({
        "cluster_name": "lake", "node_group_name": name, "node_group_name_prefix": prefix, "node_role_arn": "arn:r",
        "subnet_ids": ["a"], "instance_types": [kind], "region": "eu-west-1",
        "scaling_config": [{"desired_size": 1, "max_size": 2, "min_size": 1}],
    })
}

/// Plans a replacement by another machine; returns whether the new one comes first, and what is said.
fn replaced(name: Json, prefix: Json) -> (bool, Vec<String>) {
    let part = Managed { kind: NodeGroup, cloud: Arc::new(Cloud::default()) };
    let schema = part.schema();
    let read = |json: &Json| read_stored(json, &schema.block, &schema.block.ty()).unwrap();
    let physical =
        if name.is_null() { json!(format!("{}0123", prefix.as_str().unwrap_or_default())) } else { name.clone() };
    let prior = read(&group(physical.clone(), prefix.clone(), "small"));
    let config = read(&group(name, prefix.clone(), "large"));
    let plan = |prior: &Value, proposed: Value| {
        let request = PlanRequest {
            kind: "aws_eks_node_group".into(),
            prior: prior.clone(),
            proposed,
            config: config.clone(),
            prior_private: vec![],
            prior_identity: None,
            meta: Value::NULL,
            deferral_allowed: true,
            approved: None,
        };
        sdk::Simulation::new(1).run(part.plan(&schema, request)).unwrap()
    };
    let changed = plan(&prior, read(&group(physical, prefix, "large")));
    assert_eq!(changed.requires_replace.iter().map(ToString::to_string).collect::<Vec<_>>(), [".instance_types"]);
    let anew = plan(&Value::null(prior.ty()), config.clone());
    let said = changed.problems.into_iter().map(|problem| problem.summary.to_string()).collect();
    (part.replaces_by_creating_first(&prior, &anew.planned), said)
}

#[test]
fn new_nodes_come_first_unless_the_name_is_fixed_which_is_said() {
    assert_eq!(replaced(Json::Null, json!("work-")), (true, vec![]));
    assert_eq!(replaced(Json::Null, Json::Null), (true, vec![]));
    assert_eq!(replaced(json!("work"), Json::Null), (false, vec!["Pods will be without nodes".to_owned()]));
}
