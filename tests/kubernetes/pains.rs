//! What hurts users of other tools most, each with its number in the list of pains.
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::bench::Bench;

#[test]
fn pain_8_an_unknown_cluster_is_never_the_ambient_one() {
    let Some(bench) =
        Bench::new("resource \"kubernetes_namespace\" \"test\" {\n  metadata { name = \"NAMESPACE\" }\n}\n")
    else {
        return;
    };
    bench.write("provider.tf", "provider \"kubernetes\" {}\n");
    bench.fails_with("plan", "Cluster not named");
    bench.fails_with("plan", "Gantry never takes the kubeconfig that happens to be on the machine");
}

/// A kind of the test's own, and an object of it that nothing says comes after it.
const LAKE: &str = r#"
locals {
  definition = {
    apiVersion = "apiextensions.k8s.io/v1"
    kind       = "CustomResourceDefinition"
    metadata   = { name = "lakes.NAMESPACE.example.com" }
    spec = {
      group = "NAMESPACE.example.com"
      scope = "Namespaced"
      names = { kind = "Lake", plural = "lakes", singular = "lake", listKind = "LakeList" }
      versions = [{
        name = "v1", served = true, storage = true
        schema = { openAPIV3Schema = { type = "object", properties = { spec = { type = "object", properties = {
          depth = { type = "integer" }
        } } } } }
      }]
    }
  }
  deep = {
    apiVersion = "NAMESPACE.example.com/v1"
    kind       = "Lake"
    metadata   = { name = "deep", namespace = "default" }
    spec       = { depth = 10 }
  }
}
"#;

#[test]
fn pain_9_a_custom_resource_comes_in_one_apply_with_its_definition() {
    let resources = r#"
resource "kubernetes_manifest" "definition" {
  manifest = local.definition
}

resource "kubernetes_manifest" "deep" {
  manifest = local.deep
}
"#;
    let configuration = format!("{LAKE}{resources}");
    let Some(bench) = Bench::new(&configuration) else { return };
    bench.apply();
    let depth = bench.kubectl("get lakes.NAMESPACE.example.com deep --namespace=default -o jsonpath={.spec.depth}");
    assert_eq!(depth, "10");
    bench.is_settled();
    bench.write("main.tf", &configuration.replace("depth = 10", "depth = 20"));
    bench.apply();
    bench.is_settled();
    // What does not fit the definition is refused by the plan, whoever comes first.
    bench.write("main.tf", &configuration.replace("depth = 10", "deep = 10"));
    bench.fails_with("plan", "there is no field \"deep\" here; there are depth");
    bench.write("main.tf", &configuration);
    bench.run("destroy -auto-approve", 0);
}

#[test]
fn pain_16_objects_of_a_kind_come_after_its_definition_and_go_before_it_one_thing_at_a_time() {
    let resource = r#"
resource "kubernetes_manifest" "any" {
  for_each = { a = local.deep, b = local.definition, c = merge(local.deep, { metadata = { name = "c", namespace = "default" } }) }
  manifest = each.value
}
"#;
    let Some(bench) = Bench::new(&format!("{LAKE}{resource}")) else { return };
    bench.run("apply -auto-approve -parallelism=1", 0);
    bench.run("destroy -auto-approve -parallelism=1", 0);

    // A state that was written before there was this order, from which everything goes because it is no longer configured.
    bench.apply();
    let mut state: Json = serde_json::from_str(&bench.run("state pull", 0)).expect("the state is JSON");
    for instance in state["resources"][0]["instances"].as_array_mut().expect("instances") {
        assert_eq!(
            instance.as_object_mut().expect("an object").remove("dependencies").is_none(),
            instance["index_key"] == "b"
        );
    }
    bench.write("without.json", &state.to_string());
    bench.run("state push -force without.json", 0);
    bench.write("main.tf", "");
    bench.run("apply -auto-approve -parallelism=1", 0);
    assert_eq!(bench.kubectl("get customresourcedefinitions lakes.NAMESPACE.example.com --ignore-not-found"), "");
}

/// Looks what a saved plan promises of the specs of custom resources, then at what the API server holds.
#[test]
fn pain_9_a_plan_without_the_kind_foretells_the_defaults() {
    let shore = json!({"type": "object", "properties": {"side": {"type": "string", "default": "north"}}});
    let spec = json!({"type": "object", "default": {}, "properties": {
        "kind": {"type": "string", "default": "sweet"},
        "limits": {"type": "object", "default": {}, "properties": {"boats": {"type": "integer", "default": 3}}},
        "depth": {"type": "integer", "nullable": true, "default": 5},
        "shores": {"type": "array", "items": shore},
        "ports": {"type": "object", "additionalProperties": shore},
        "inner": {"type": "object", "properties": {"flag": {"type": "boolean", "default": true}}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "ponds.NAMESPACE.example.com"},
        "spec": {
            "group": "NAMESPACE.example.com", "scope": "Namespaced",
            "names": {"kind": "Pond", "plural": "ponds", "singular": "pond", "listKind": "PondList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}],
        },
    });
    let specs = json!({
        "empty": {},
        "null": {"kind": null, "depth": null, "limits": {}},
        "lists": {"shores": [{}, {"side": "south"}], "ports": {"a": {}}, "inner": {}},
        "set": {"kind": "salt", "depth": 1, "limits": {"boats": 0}, "open": {"any": [1, {"b": null}]}},
    });
    let configuration = r#"
resource "kubernetes_manifest" "definition" {
  manifest = jsondecode(file("definition.json"))
}

resource "kubernetes_manifest" "pond" {
  for_each = jsondecode(file("specs.json"))
  manifest = {
    apiVersion = "NAMESPACE.example.com/v1"
    kind       = "Pond"
    metadata   = { name = each.key, namespace = "default", labels = {} }
    spec       = each.value
  }
  # Its definition leaves no place to say how far it is.
  wait { rollout = true }
}
"#;
    let Some(bench) = Bench::new(configuration) else { return };
    bench.write("definition.json", &definition.to_string());
    bench.write("specs.json", &specs.to_string());
    bench.run("plan -out=saved", 0);
    let plan: Json = serde_json::from_str(&bench.run("show -json saved", 0)).expect("the plan is JSON");
    let changes = plan["resource_changes"].as_array().expect("changes").iter();
    let promised = changes.filter(|change| change["name"] == "pond");
    let promised: BTreeMap<String, Json> = promised
        .map(|change| {
            (change["index"].as_str().unwrap_or_default().to_owned(), change["change"]["after"]["object"].clone())
        })
        .collect();
    bench.run("apply saved", 0);
    bench.is_settled();
    let found = bench.kubectl("get ponds.NAMESPACE.example.com --namespace=default -o json");
    let found: Json = serde_json::from_str(&found).expect("JSON");
    assert_eq!(promised.len(), 4);
    for object in found["items"].as_array().expect("items") {
        let name = object["metadata"]["name"].as_str().expect("a name");
        assert_eq!(promised[name]["spec"], object["spec"], "{name}");
        assert_eq!(promised[name]["metadata"], json!({"name": name, "namespace": "default"}), "{name}");
    }
    bench.run("destroy -auto-approve", 0);
}

/// Runs an apply of many requests with a login whose tokens end after a few.
fn renews(login: &str) {
    let configuration = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_config_map" "many" {
  count = 30
  metadata {
    name      = "many-${count.index}"
    namespace = kubernetes_namespace.test.metadata[0].name
  }
}
"#;
    let Some(bench) = Bench::new(configuration) else { return };
    let Some(world) = &bench.world else {
        println!("skipped: tokens of a real cluster do not end when a test wants them to");
        return;
    };
    let connection = format!("host = {:?}\n  cluster_ca_certificate = file(\"ca.pem\")", world.host);
    bench.write("provider.tf", &format!("provider \"kubernetes\" {{\n  {connection}\n  {login}\n}}\n"));
    let token = "#!/bin/sh\nn=$(cat count 2>/dev/null || echo 0)\nn=$((n + 1))\necho $n > count\n\
                 echo '{\"kind\": \"ExecCredential\", \"status\": {\"token\": \"fresh-'$n'\"}}'\n";
    bench.write("token.sh", token);
    bench.apply();
    bench.is_settled();
    let refused = world.frame.log.entries().iter().filter(|entry| entry.status == 401).count();
    assert!(refused >= 2, "no token has ended, so nothing was tested");
    bench.run("destroy -auto-approve", 0);
}

#[test]
fn pain_7_a_token_of_a_program_that_ends_in_the_middle_of_an_apply_is_renewed() {
    renews("exec {\n    command = \"sh\"\n    args = [\"token.sh\"]\n  }");
}

#[test]
fn pain_7_a_token_for_eks_that_ends_in_the_middle_of_an_apply_is_renewed() {
    renews(
        "eks {\n    cluster_name = \"lake\"\n    region = \"eu-west-1\"\n    access_key = \"AKIAEXAMPLE\"\n    \
         secret_key = \"example\"\n  }",
    );
}

#[test]
fn pain_7_a_token_that_cannot_be_renewed_is_told_with_the_remedy() {
    let Some(bench) = Bench::new(
        "data \"kubernetes_resource\" \"a\" {\n  api_version = \"v1\"\n  kind = \"Namespace\"\n  metadata { name = \"default\" }\n}\n",
    ) else {
        return;
    };
    let Some(world) = &bench.world else { return };
    let connection = format!("host = {:?}\n  cluster_ca_certificate = file(\"ca.pem\")", world.host);
    bench.write("provider.tf", &format!("provider \"kubernetes\" {{\n  {connection}\n  token = \"old\"\n}}\n"));
    bench.fails_with("plan", "an `exec` or `eks` block lets Gantry get new ones by itself");
}

#[test]
fn many_objects_are_looked_at_by_few_requests() {
    let configuration = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_config_map" "typed" {
  count = 15
  metadata {
    name      = "typed-${count.index}"
    namespace = kubernetes_namespace.test.metadata[0].name
  }
  data = { number = count.index }
}

resource "kubernetes_manifest" "any" {
  count = 15
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "any-${count.index}", namespace = kubernetes_namespace.test.metadata[0].name }
  }
}
"#;
    let Some(bench) = Bench::new(configuration) else { return };
    bench.apply();
    let Some(world) = &bench.world else { return };
    let before = world.frame.log.entries().len();
    bench.is_settled();
    let asked: Vec<String> = world.frame.log.entries().into_iter().skip(before).map(|entry| entry.request).collect();
    // What the API has; the namespace; a list for each of the two types.
    assert!(asked.len() <= 4, "{asked:?}");
}

#[test]
fn pain_16_a_definition_is_changed_in_place_and_never_takes_objects_of_others_along() {
    let definition = r#"
resource "kubernetes_manifest" "definition" {
  manifest = {
    apiVersion = "apiextensions.k8s.io/v1"
    kind       = "CustomResourceDefinition"
    metadata   = { name = "topics.NAMESPACE.example.com" }
    spec = {
      group = "NAMESPACE.example.com"
      scope = "Namespaced"
      names = { kind = "Topic", plural = "topics", singular = "topic", listKind = "TopicList" }
      versions = [{
        name = "v1", served = true, storage = true
        schema = { openAPIV3Schema = { type = "object", properties = { spec = { type = "object", properties = {
          parts = { type = "integer" }
        } } } } }
      }]
    }
  }
}
"#;
    let Some(bench) = Bench::new(definition) else { return };
    bench.apply();
    let topic = "apiVersion: NAMESPACE.example.com/v1\nkind: Topic\nmetadata: {name: kept}\nspec: {parts: 3}\n";
    bench.write("topic.yaml", topic);
    bench.kubectl("apply --namespace=default -f topic.yaml");

    // A newer definition is part of the plan, and the objects stay.
    let more = definition
        .replace("parts = { type = \"integer\" }", "parts = { type = \"integer\" }, copies = { type = \"integer\" }");
    bench.write("main.tf", &more);
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("0 to add, 1 to change, 0 to destroy"), "{plan}");
    bench.apply();
    bench.is_settled();
    assert_eq!(
        bench.kubectl("get topics.NAMESPACE.example.com kept --namespace=default -o jsonpath={.spec.parts}"),
        "3"
    );

    // Somebody else's object would be lost with its definition.
    bench.fails_with("destroy -auto-approve", "Definition in use");
    assert_eq!(
        bench.kubectl("get topics.NAMESPACE.example.com kept --namespace=default -o jsonpath={.spec.parts}"),
        "3"
    );
    bench.kubectl("delete topics.NAMESPACE.example.com kept --namespace=default");
    bench.run("destroy -auto-approve", 0);
}
