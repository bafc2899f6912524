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

/// Serves an HTTP proxy that lets in who knows the password, and leads to one address whatever it is asked for.
fn proxy(target: String) -> u16 {
    use std::io::{Read, Write, copy};
    use std::net::{Shutdown, TcpListener, TcpStream};
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let lead = move |mut client: TcpStream| -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        assert!(head.starts_with("CONNECT cluster.invalid:443 HTTP/1.1\r\n"), "{head}");
        // What is encoded is `me:p@ss`.
        if !head.contains("\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n") {
            return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
        }
        let server = TcpStream::connect(&target)?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let (mut up, mut down) = ((client.try_clone()?, server.try_clone()?), (server, client));
        std::thread::spawn(move || {
            let _ = copy(&mut up.0, &mut up.1);
            let _ = up.1.shutdown(Shutdown::Write);
        });
        copy(&mut down.0, &mut down.1)?;
        down.1.shutdown(Shutdown::Write)
    };
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let lead = lead.clone();
            std::thread::spawn(move || lead(client));
        }
    });
    port
}

#[test]
fn a_proxy_leads_to_a_cluster_that_has_no_address_here() {
    let Some(bench) = Bench::new(CONFIG_MAP) else { return };
    let Some(world) = &bench.world else { return };
    let (target, path) = world.host.trim_start_matches("https://").split_once('/').expect("a path");
    let port = proxy(target.to_owned());
    let hidden = format!("https://cluster.invalid/{path}");
    let provider = |host: &str, proxy: &str| {
        let provider = r#"
provider "kubernetes" {
  host                   = "HOST"
  token                  = "secret"
  tls_server_name        = "127.0.0.1"
  cluster_ca_certificate = file("ca.pem")
  proxy_url              = "PROXY"
}
"#;
        bench.write("provider.tf", &provider.replace("HOST", host).replace("PROXY", proxy));
    };
    provider(&hidden, &format!("http://me:p%40ss@127.0.0.1:{port}"));
    bench.apply();
    assert_eq!(bench.kubectl("get configmap settings -o jsonpath={.data.colour}"), "blue");
    bench.is_settled();

    provider(&hidden, &format!("http://me:wrong@127.0.0.1:{port}"));
    let said = bench.fails_with("destroy -auto-approve", "(`proxy_url`) does not accept the name and the password");
    assert!(!said.contains("wrong"), "{said}");
    provider(&hidden, &format!("http://127.0.0.1:{port}"));
    bench.fails_with("destroy -auto-approve", "(`proxy_url`) wants a name and a password");
    provider(&hidden, "http://127.0.0.1:1");
    bench.fails_with("destroy -auto-approve", "the proxy 127.0.0.1:1 (`proxy_url`) cannot be reached");
    provider(&hidden, "socks5://me:wrong@127.0.0.1:1");
    let said = bench.fails_with("plan", "Gantry does not speak SOCKS");
    assert!(
        said.contains("provider.tf line 2") && said.contains("`proxy_url`") && !said.contains("me:wrong"),
        "{said}"
    );
    provider("http://cluster.invalid", "http://127.0.0.1:1");
    bench.fails_with("plan", "What goes through a proxy must be encrypted");
}
