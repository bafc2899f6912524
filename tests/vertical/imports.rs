//! Each type of AWS is imported by the id that users of the well-known provider know.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value as Json;

use super::machine::{Aim, Cut, Machine};
use super::model::Model;

/// By what an object of a type is imported: parts of its attributes, or texts between them.
const IDS: &[(&str, &[&str])] = &[
    // sorted
    ("aws_eip", &["id"]),
    ("aws_eks_access_entry", &["cluster_name", ":", "principal_arn"]),
    ("aws_eks_access_policy_association", &["cluster_name", "#", "principal_arn", "#", "policy_arn"]),
    ("aws_eks_addon", &["cluster_name", ":", "addon_name"]),
    ("aws_eks_cluster", &["name"]),
    ("aws_eks_fargate_profile", &["cluster_name", ":", "fargate_profile_name"]),
    ("aws_eks_identity_provider_config", &["id"]),
    ("aws_eks_node_group", &["cluster_name", ":", "node_group_name"]),
    ("aws_eks_pod_identity_association", &["cluster_name", ",", "association_id"]),
    ("aws_iam_instance_profile", &["name"]),
    ("aws_iam_openid_connect_provider", &["arn"]),
    ("aws_iam_policy", &["arn"]),
    ("aws_iam_role", &["name"]),
    ("aws_iam_role_policy", &["role", ":", "name"]),
    ("aws_iam_role_policy_attachment", &["role", "/", "policy_arn"]),
    ("aws_internet_gateway", &["id"]),
    ("aws_launch_template", &["id"]),
    ("aws_nat_gateway", &["id"]),
    ("aws_route", &["route_table_id", "_", "destination_cidr_block"]),
    ("aws_route_table", &["id"]),
    ("aws_route_table_association", &["subnet_id", "/", "route_table_id"]),
    ("aws_security_group", &["id"]),
    ("aws_security_group_rule", &["security_group_id", "_ingress_tcp_8000_8000_10.2.0.0/16"]),
    ("aws_subnet", &["id"]),
    ("aws_vpc", &["id"]),
    ("aws_vpc_security_group_egress_rule", &["id"]),
    ("aws_vpc_security_group_ingress_rule", &["id"]),
];

/// The one type that no configuration by chance has.
const PEOPLE: &str = r#"
resource "aws_eks_identity_provider_config" "people" {
  cluster_name = aws_eks_cluster.c.name
  oidc {
    identity_provider_config_name = "people"
    client_id                     = "kubernetes"
    issuer_url                    = "https://login.example.com"
  }
}
"#;

#[test]
fn each_type_of_aws_is_imported_and_stays_what_it_is() {
    let mut machine = Machine::new(1);
    let configuration = format!("{}{PEOPLE}", Model::whole().text());
    machine.write(&configuration);
    let applied = machine.run(Aim::Apply, Cut::Not);
    assert!(applied.errors.is_empty(), "{:?}", applied.errors);
    let mut blocks = String::new();
    let mut kinds = BTreeSet::new();
    for (target, _, object) in machine.ledger().state.objects() {
        let attributes: Json = serde_json::from_str(&object.attributes.json()).expect("state is JSON");
        let kind = target.address.resource.resource.kind.to_string();
        let (_, parts) = IDS.iter().find(|(known, _)| *known == kind).unwrap_or_else(|| panic!("{kind} has an id"));
        let id: String = parts.iter().map(|part| attributes[*part].as_str().unwrap_or(part)).collect();
        let _ = writeln!(blocks, "import {{\n  to = {}\n  id = {id:?}\n}}", target.address);
        kinds.insert(kind);
    }
    let missing: Vec<&str> = IDS.iter().map(|(kind, _)| *kind).filter(|kind| !kinds.contains(*kind)).collect();
    assert!(missing.is_empty(), "nothing was made of {missing:?}");
    machine.forget();
    machine.write(&format!("{configuration}{blocks}"));
    let planned = machine.run(Aim::Plan, Cut::Not);
    assert!(planned.errors.is_empty(), "{:#?}", planned.errors);
    // What AWS does not tell of objects is taken from the configuration, in place.
    let untold = ["aws_eks_addon.", "aws_eks_cluster.", "aws_launch_template."];
    let is_untold = |change: &&String| {
        change.strip_prefix("Update ").is_some_and(|rest| untold.iter().any(|kind| rest.starts_with(kind)))
    };
    let wrong: Vec<&String> = planned.changes.iter().filter(|change| !is_untold(change)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
