//! Objects in Kubernetes clusters: in the sandbox's, or unchanged in the one that GANTRY_TEST_KUBECONFIG names.
//!
//! A namespace of its own keeps each test away from the others, and whatever it leaves goes with that.
#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what was skipped, and why, is said")]

mod bench;
mod cloud;
mod leftovers;
mod pains;
mod types;
mod workloads;

use bench::Bench;
pub(crate) use bench::serve;

const CONFIG_MAP: &str = r#"
resource "kubernetes_namespace" "test" {
  metadata { name = "NAMESPACE" }
}

resource "kubernetes_manifest" "settings" {
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "settings", namespace = kubernetes_namespace.test.metadata[0].name }
    data       = { colour = "blue", size = "3" }
  }
}
"#;

/// The beginning of a manifest whose fields are taken from whoever has them.
const FORCED: &str = "  field_manager { force_conflicts = true }\n  manifest = {";

#[test]
fn objects_are_created_changed_and_deleted() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    let plan = bench.run("plan", 0);
    assert!(plan.contains("colour     = \"blue\"") || plan.contains("colour = \"blue\""), "{plan}");
    bench.apply();
    assert_eq!(bench.kubectl("get configmap settings -o jsonpath={.data.colour}"), "blue");
    bench.is_settled();
    bench.write("main.tf", &CONFIG_MAP.replace("blue", "red").replace(", size = \"3\"", ""));
    bench.apply();
    assert_eq!(bench.kubectl("get configmap settings -o jsonpath={.data}"), r#"{"colour":"red"}"#);
    bench.is_settled();
    bench.run("destroy -auto-approve", 0);
    assert!(bench.kubectl_fails("get namespace NAMESPACE").contains("NotFound"));
}

#[test]
fn only_changes_of_our_fields_are_drift() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    bench.apply();
    bench.kubectl("label configmap settings team=theirs");
    bench.kubectl("label namespace NAMESPACE team=theirs");
    bench.is_settled();
    bench.kubectl(r#"patch configmap settings --type=merge -p {"data":{"colour":"green","theirs":"1"}}"#);
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("kubernetes_manifest.settings will be updated in-place"), "{plan}");
    bench.apply();
    assert_eq!(bench.kubectl("get configmap settings -o jsonpath={.data.colour}{.data.theirs}"), "blue1");
    bench.is_settled();
}

#[test]
fn fields_of_other_programs_are_not_taken_without_a_word() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    bench.apply();
    let theirs =
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "green"}}"#;
    bench.write("theirs.json", theirs);
    bench.kubectl("apply --server-side --force-conflicts --field-manager=controller -f theirs.json");
    bench.fails_with("plan", "data.colour: conflict with \"controller\"");
    bench.fails_with("plan", "field_manager { force_conflicts = true }");
    bench.write("main.tf", &CONFIG_MAP.replace("  manifest = {", FORCED));
    bench.apply();
    assert_eq!(bench.kubectl("get configmap settings -o jsonpath={.data.colour}"), "blue");
    bench.is_settled();
}

#[test]
fn an_object_that_is_gone_is_made_again() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    bench.apply();
    bench.kubectl("delete configmap settings");
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("kubernetes_manifest.settings will be created"), "{plan}");
    bench.apply();
    bench.is_settled();
}

#[test]
fn another_name_or_namespace_replaces() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    bench.apply();
    bench.write("main.tf", &CONFIG_MAP.replace("\"settings\", namespace", "\"other\", namespace"));
    let plan = bench.run("plan -detailed-exitcode", 2);
    assert!(plan.contains("must be replaced") && plan.contains("forces replacement"), "{plan}");
    bench.apply();
    assert_eq!(bench.kubectl("get configmap other -o jsonpath={.data.colour}"), "blue");
    assert!(bench.kubectl_fails("get configmap settings").contains("NotFound"));
}

#[test]
fn an_object_that_is_there_is_not_taken_over_silently() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    bench.run("apply -auto-approve -target=kubernetes_namespace.test", 0);
    let theirs =
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "green"}}"#;
    bench.write("theirs.json", theirs);
    bench.kubectl("apply -f theirs.json");
    bench.fails_with("plan", "apiVersion=v1,kind=ConfigMap,namespace=NAMESPACE,name=settings");
    bench.run("import kubernetes_manifest.settings apiVersion=v1,kind=ConfigMap,namespace=NAMESPACE,name=settings", 0);
    bench.write("main.tf", &CONFIG_MAP.replace("  manifest = {", FORCED));
    bench.apply();
    assert_eq!(bench.kubectl("get configmap settings -o jsonpath={.data.colour}"), "blue");
    bench.is_settled();
}

#[test]
fn a_proxy_is_refused_with_what_to_do_instead() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    let provider =
        "provider \"kubernetes\" {\n  host = \"https://127.0.0.1:1\"\n  proxy_url = \"http://proxy:3128\"\n}\n";
    bench.write("provider.tf", provider);
    bench.fails_with("plan", "Proxy not supported");
    bench.fails_with("plan", "Let a program forward a port to the API server");
}
