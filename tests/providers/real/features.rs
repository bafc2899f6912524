//! What real providers have beside resources that are made and changed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use super::chance::Chance;
use super::{differences, json, run, values, world, worlds};
use crate::providers::world::{GANTRY, World};

/// Runs the same in both programs, and compares what comes of it; returns ours.
#[track_caller]
fn same(what: &str, names: &[&str], work: impl Fn(&World, &str) -> Json) -> Option<Json> {
    let results: Vec<Json> = worlds(what, names).iter().map(|(program, world)| work(world, program)).collect();
    if let [ours, theirs] = &results[..] {
        let found = differences(theirs, ours, "");
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
    results.into_iter().next()
}

/// Plans, applies, looks that there is nothing left to do, and returns what was planned and what came of it.
#[track_caller]
fn applied(world: &World, program: &str) -> Json {
    run(world, program, &["plan", "-out=p.plan"]);
    let plan = json(world, program, &["show", "-json", "p.plan"]);
    run(world, program, &["apply", "p.plan"]);
    run(world, program, &["plan", "-detailed-exitcode"]);
    let state = json(world, program, &["show", "-json"]);
    let mut chance = Chance::default();
    chance.learn(&state);
    let changes = plan["resource_changes"].clone();
    chance.without(serde_json::json!({ "changes": changes, "values": state["values"] }))
}

#[test]
fn schemas_are_what_terraform_prints_of_them() {
    const NAMES: [&str; 6] = ["http", "local", "null", "random", "time", "tls"];
    let schemas = same("schemas of real providers", &NAMES, |world, program| {
        let required = NAMES.map(|name| format!("    {name} = {{ source = \"hashicorp/{name}\" }}\n")).concat();
        world.write("main.tf", &format!("terraform {{\n  required_providers {{\n{required}  }}\n}}\n"));
        json(world, program, &["providers", "schema", "-json"])
    });
    let Some(schemas) = schemas else { return };
    let resources = &schemas["provider_schemas"]["registry.terraform.io/hashicorp/random"]["resource_schemas"];
    assert!(resources["random_id"]["block"]["attributes"]["hex"].is_object(), "{resources}");
}

#[test]
fn functions_are_called() {
    const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    local = { source = "hashicorp/local" }
    time  = { source = "hashicorp/time" }
  }
}

output "parsed" {
  value = provider::time::rfc3339_parse("2023-07-25T23:43:16-07:00")
}

output "duration" {
  value = provider::time::duration_parse("1h30m").minutes
}

output "exists" {
  value = [for folder in ["made", "."] : provider::local::direxists("${path.module}/${folder}")]
}

output "failed" {
  value = try(provider::time::rfc3339_parse("yesterday"), "no time")
}
"#;
    let outputs = same("functions of real providers", &["local", "time"], |world, program| {
        world.write("main.tf", CONFIGURATION);
        run(world, program, &["apply", "-auto-approve"]);
        json(world, program, &["output", "-json"])
    });
    let Some(outputs) = outputs else { return };
    assert_eq!(outputs["parsed"]["value"]["unix"], 1_690_353_796);
    assert_eq!(outputs["exists"]["value"], serde_json::json!([false, true]));
}

#[test]
fn objects_are_imported() {
    const CONFIGURATION: &str = r#"
import {
  to = random_uuid.a
  id = "aabbccdd-eeff-0011-2233-445566778899"
}

resource "random_uuid" "a" {}

import {
  to = random_password.b
  id = "correct horse"
}

resource "random_password" "b" {
  length = 13
  lower  = true
}

resource "random_id" "c" {
  byte_length = 5
  prefix      = "x-"
}

resource "time_static" "d" {}
"#;
    let state = same("imports into real providers", &["random", "time"], |world, program| {
        world.write("main.tf", CONFIGURATION);
        // The prefix stands before the comma, by the provider's own rule; the other id is the moment itself.
        run(world, program, &["import", "random_id.c", "x-,zyGpUTo"]);
        run(world, program, &["import", "time_static.d", "2020-02-12T06:36:13Z"]);
        run(world, program, &["plan", "-out=p.plan"]);
        let plan = json(world, program, &["show", "-json", "p.plan"]);
        run(world, program, &["apply", "p.plan"]);
        run(world, program, &["plan", "-detailed-exitcode"]);
        let state = json(world, program, &["show", "-json"]);
        let mut chance = Chance::default();
        chance.learn(&state);
        let uuid = values(&state, "values", "random_uuid.a")["result"].clone();
        assert_eq!(uuid, "aabbccdd-eeff-0011-2233-445566778899", "{program}");
        assert_eq!(values(&state, "values", "random_id.c")["dec"], "x-889622974778", "{program}");
        chance.without(serde_json::json!({ "changes": plan["resource_changes"], "values": state["values"] }))
    });
    let Some(state) = state else { return };
    assert_eq!(state["changes"][0]["change"]["importing"], Json::Null, "{state}");
}

#[test]
fn configuration_is_generated_for_what_is_imported() {
    let text = same("generated configuration", &["random"], |world, program| {
        world.write("main.tf", "import {\n  to = random_string.a\n  id = \"abcdef\"\n}\n");
        run(world, program, &["plan", "-generate-config-out=made.tf"]);
        let text = std::fs::read_to_string(world.path("made.tf")).expect("it is written");
        text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n").into()
    });
    let Some(text) = text else { return };
    assert!(text.as_str().is_some_and(|text| text.contains("resource \"random_string\" \"a\" {")), "{text}");
}

#[test]
fn an_object_moves_to_another_type() {
    const BEFORE: &str = "resource \"null_resource\" \"a\" {\n  triggers = { a = \"1\" }\n}\n";
    const AFTER: &str = r#"
resource "terraform_data" "b" {
  triggers_replace = { a = "1" }
}

moved {
  from = null_resource.a
  to   = terraform_data.b
}
"#;
    let moved = same("a move from a real provider", &["null"], |world, program| {
        world.write("main.tf", BEFORE);
        run(world, program, &["apply", "-auto-approve"]);
        let id = values(&json(world, program, &["show", "-json"]), "values", "null_resource.a")["id"].clone();
        world.write("main.tf", AFTER);
        let applied = applied(world, program);
        assert_eq!(values(&applied, "values", "terraform_data.b")["id"], id, "{program}");
        Chance::of(&[id]).without(applied)
    });
    let Some(moved) = moved else { return };
    assert_eq!(moved["changes"][0]["previous_address"], "null_resource.a", "{moved}");
}

/// Answers every request with the same text, as long as the tests run.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\nConnection: \
                          close\r\n\r\n{\"a\": true}";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/x")
}

#[test]
fn data_is_read() {
    let url = serve();
    let outputs = same("a real provider of data", &["http"], |world, program| {
        world.write(
            "main.tf",
            &format!(
                "data \"http\" \"a\" {{\n  url = \"{url}\"\n}}\noutput \"body\" {{\n  value = \
                 jsondecode(data.http.a.body)\n}}\n"
            ),
        );
        run(world, program, &["apply", "-auto-approve"]);
        json(world, program, &["output", "-json"])
    });
    let Some(outputs) = outputs else { return };
    assert_eq!(outputs["body"]["value"]["a"], true);
}

#[test]
fn programs_are_asked() {
    const CONFIGURATION: &str = r#"
data "external" "a" {
  program = ["sh", "-c", "cat >query.json; echo '{\"b\": \"c\"}'"]
  query   = { a = "1" }
}

output "result" {
  value = data.external.a.result
}
"#;
    let outputs = same("a provider that asks programs", &["external"], |world, program| {
        world.write("main.tf", CONFIGURATION);
        run(world, program, &["apply", "-auto-approve"]);
        assert_eq!(std::fs::read_to_string(world.path("query.json")).expect("it was asked"), "{\"a\":\"1\"}");
        json(world, program, &["output", "-json"])
    });
    let Some(outputs) = outputs else { return };
    assert_eq!(outputs["result"]["value"]["b"], "c");
}

#[test]
fn ephemeral_values_are_opened_and_stored_nowhere() {
    const CONFIGURATION: &str = r#"
ephemeral "random_password" "a" {
  length = 24
}

resource "terraform_data" "b" {
  input = ephemeralasnull(ephemeral.random_password.a.result) == null
}

output "is_null" {
  value     = terraform_data.b.output
  sensitive = true
}
"#;
    let Some(probe) = world("ephemeral values of a real provider", &["random"]) else { return };
    probe.write(
        "main.tf",
        "terraform {\n  required_providers {\n    random = { source = \"hashicorp/random\" }\n  }\n}\n",
    );
    let schemas = json(&probe, GANTRY, &["providers", "schema", "-json"]);
    let random = &schemas["provider_schemas"]["registry.terraform.io/hashicorp/random"];
    if !random["ephemeral_resource_schemas"].is_object() {
        return println!("skipped: ephemeral values of a real provider: this version of random has none");
    }
    let done = same("ephemeral values of a real provider", &["random"], |world, program| {
        world.write("main.tf", CONFIGURATION);
        // That a value is sensitive, and what it comes from, is known here of ephemeral ones, too.
        applied(world, program)["values"]["outputs"].clone()
    });
    assert!(done.is_some_and(|outputs| outputs["is_null"]["value"] == true));
}

#[test]
fn objects_of_clusters_are_validated_and_planned() {
    const CONFIGURATION: &str = r#"
provider "kubectl" {
  host             = "https://127.0.0.1:1"
  token            = "none"
  load_config_file = false
}

resource "kubectl_manifest" "a" {
  yaml_body = <<-EOT
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: a
      namespace: b
    data:
      c: d
  EOT
}
"#;
    let plan = same("a provider of cluster objects", &["kubectl"], |world, program| {
        world.write("main.tf", CONFIGURATION);
        run(world, program, &["validate"]);
        run(world, program, &["plan", "-out=p.plan"]);
        json(world, program, &["show", "-json", "p.plan"])["resource_changes"].clone()
    });
    let Some(plan) = plan else { return };
    assert_eq!(plan[0]["change"]["after"]["name"], "a", "{plan}");
}

/// A provider that was started by hand, to be debugged.
struct Debugged(Child);

impl Drop for Debugged {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_provider_that_is_debugged_is_attached_to() {
    let Some(world) = world("a provider that is debugged", &["time"]) else { return };
    let program = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers/terraform-provider-time");
    let mut command = Command::new(program);
    command.arg("-debug").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut debugged = Debugged(command.spawn().expect("the provider starts"));
    // It goes on writing, which it must not do to nobody.
    let mut lines = BufReader::new(debugged.0.stdout.take().expect("it was asked for")).lines().map_while(Result::ok);
    let line = lines.by_ref().find(|line| line.contains("TF_REATTACH_PROVIDERS="));
    let line = line.expect("it says how to attach to it");
    let value = line.split_once("TF_REATTACH_PROVIDERS=").map(|(_, value)| value.trim_matches('\'')).expect("a value");
    world.write("main.tf", "resource \"time_static\" \"a\" {}\n");
    for arguments in [&["plan"][..], &["apply", "-auto-approve"], &["destroy", "-auto-approve"]] {
        let mut command = world.command(GANTRY, arguments);
        let output = command.env("TF_REATTACH_PROVIDERS", value).output().expect("gantry starts");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(world.starts(), [], "no other one is started");
    assert!(debugged.0.try_wait().expect("it can be asked").is_none(), "it is left running");
}

#[test]
fn the_log_shows_what_a_provider_says() {
    let Some(world) = world("a log", &["random"]) else { return };
    world.write("main.tf", "resource \"random_id\" \"a\" {\n  byte_length = 4\n}\n");
    let mut command = world.command(GANTRY, &["plan"]);
    let output = command.env("TF_LOG", "trace").env("TF_LOG_PATH", world.path("log")).output().expect("gantry starts");
    assert!(output.status.success());
    let log = std::fs::read_to_string(world.path("log")).expect("there is a log");
    assert!(log.contains("[TRACE] terraform-provider-random: ") && log.contains("PlanResourceChange"), "{log}");
}
