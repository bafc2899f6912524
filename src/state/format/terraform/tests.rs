//! Files that Terraform wrote, read and written again; files that it would not have written.

use std::sync::Arc;

use value::Type;

use super::{ImportError, read, write};
use crate::journal::write_snapshot;
use crate::testing::at;
use crate::{Attributes, DeposedKey, Ledger, Object, Status, Target};

/// Written by `terraform apply` (1.11.4): values of all kinds, secrets, keys, modules, checks.
const APPLIED: &str = include_str!("applied.tfstate");
/// Written by `terraform apply` (1.11.4) after failed replacements: deposed and tainted objects, an empty resource.
const DEPOSED: &str = include_str!("deposed.tfstate");
/// Written by `terraform state rm` (1.11.4): private bytes, flat maps, aliases, orders.
const KEPT: &str = include_str!("kept.tfstate");

#[test]
fn writes_what_it_read_byte_by_byte() {
    for text in [APPLIED, DEPOSED, KEPT] {
        let state = read(text).unwrap();
        let written = write(&state, "1.11.4");
        let difference = text.lines().zip(written.lines()).position(|(a, b)| a != b);
        assert_eq!(difference, None, "the first line that differs");
        assert!(written == text);
    }
}

#[test]
fn values_are_written_as_terraform_writes_them() {
    let state = read(APPLIED).unwrap();
    let object = |attributes: &[(&'static str, Type)]| Type::object(attributes.iter().cloned());
    let (text, any) = (Type::String, Type::Dynamic);
    let data = object(&[
        ("id", text.clone()),
        ("input", any.clone()),
        ("output", any.clone()),
        ("triggers_replace", any.clone()),
    ]);
    let remote = object(&[
        ("backend", text.clone()),
        ("config", any.clone()),
        ("defaults", any.clone()),
        ("outputs", any),
        ("workspace", text),
    ]);
    let mut typed = state.clone();
    for (target, resource, object) in state.objects() {
        let ty = if target.address.resource.resource.kind == "terraform_data" { &data } else { &remote };
        let value = object.attributes.decode(ty).unwrap();
        let attributes = Attributes::of_value(value, ty.clone()).unwrap();
        let object = Object { attributes, ..(**object).clone() };
        typed.set_object(&target, resource.provider.clone(), Arc::new(object));
    }
    assert!(write(&typed, "1.11.4") == APPLIED);
    // And through the journal's own format.
    let mut bytes = Vec::new();
    write_snapshot(&mut bytes, &Ledger { state: typed, ..Ledger::default() }, "0.1.0").unwrap();
    assert!(write(&crate::read(&bytes).unwrap().ledger.state, "1.11.4") == APPLIED);
}

#[test]
fn reads_what_the_file_says() {
    let state = read(DEPOSED).unwrap();
    assert_eq!((state.serial, state.resources().count(), state.instance_count()), (19, 4, 4));
    let object = |address: &str, deposed| state.object(&Target { address: at(address), deposed }).unwrap().clone();
    let dynamic = |address: &str, deposed, name: &str| {
        let ty = Type::object(["id", "input", "output", "triggers_replace"].map(|name| (name, Type::Dynamic)));
        // `id` is a text in the schema; as a value of any type it would be written otherwise.
        let Type::Object(shape) = ty else { unreachable!() };
        let attributes = shape.attributes().iter().cloned();
        let ty = Type::object(attributes.map(|a| (a.name.clone(), if a.name == "id" { Type::String } else { a.ty })));
        object(address, deposed).attributes.decode(&ty).unwrap().attribute(name).unwrap()
    };
    assert_eq!(
        dynamic("terraform_data.d[1]", Some(DeposedKey(0x40b7_2980)), "triggers_replace").as_number().unwrap().to_i64(),
        Some(1)
    );
    assert_eq!(dynamic("terraform_data.d[1]", None, "triggers_replace").as_str(), Some("3"));
    assert!(object("terraform_data.d[1]", None).create_before_destroy);
    assert_eq!(object("terraform_data.t", None).status, Status::Tainted);
    assert_eq!(object("terraform_data.t", None).dependencies[0].to_string(), "terraform_data.d");
    let private = read(KEPT).unwrap().object(&at("data.aws_zone.a").into()).unwrap().private.clone();
    assert_eq!(&*private, b"\x00\x01private\xff");
    let paths: Vec<String> = read(APPLIED)
        .unwrap()
        .object(&at("terraform_data.secret").into())
        .unwrap()
        .sensitive
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(paths, [".input.a", ".input.list[1]", ".input.map[\"k\"]", ".triggers_replace[0]"]);
}

#[test]
fn nothing_printed_shows_a_secret() {
    let shown = format!("{:?}", read(APPLIED).unwrap());
    assert!(shown.contains("terraform_data") && !shown.contains("hun"), "{shown}");
    let broken = APPLIED.replacen("\"hun", "hun", 1);
    assert!(!read(&broken).unwrap_err().to_string().contains("hun"));
}

#[test]
fn says_what_is_wrong_with_a_file() {
    let check = |text: &str, expected: &str| {
        let message = read(text).expect_err(text).to_string();
        assert!(message.contains(expected), "{message}");
    };
    check("", "line 1, column 0");
    check("{}", "no version");
    check(r#"{"version":3,"serial":1}"#, "Terraform 0.12");
    check(r#"{"version":5}"#, "newer");
    assert_eq!(read(r#"{"version":2}"#), Err(ImportError::Version(2)));
    let with = |resource: &str| format!(r#"{{"version":4,"serial":1,"lineage":"l","resources":[{resource}]}}"#);
    let resource = |mode: &str, provider: &str, instance: &str| {
        let provider = serde_json::Value::from(provider);
        with(&format!(r#"{{"mode":"{mode}","type":"a","name":"b","provider":{provider},"instances":[{instance}]}}"#))
    };
    let good = "provider[\"registry.terraform.io/hashicorp/a\"]";
    assert!(read(&resource("managed", good, "")).is_ok());
    check(&resource("strange", good, ""), "mode");
    check(&resource("managed", "provider.a", ""), "provider.a");
    check(&resource("managed", good, r#"{"schema_version":0,"deposed":"x"}"#), "deposed");
    check(&resource("managed", good, r#"{"schema_version":0,"index_key":-1}"#), "instance key");
    check(&resource("managed", good, r#"{"schema_version":0,"index_key":true}"#), "instance key");
    check(&resource("managed", good, r#"{"schema_version":0},{"schema_version":0}"#), "twice");
    check(&resource("managed", good, r#"{"schema_version":0,"private":"?"}"#), "base64");
    check(&resource("managed", good, r#"{"schema_version":0,"status":"odd"}"#), "status");
}

#[test]
fn newer_terraform_gets_identities() {
    let text = KEPT.replacen(
        "\"sensitive_attributes\": []",
        "\"sensitive_attributes\": [],\n \"identity_schema_version\": 3, \"identity\": {\"region\": \"eu\"}",
        1,
    );
    let state = read(&text).unwrap();
    assert_eq!(write(&state, "1.11.4"), KEPT);
    let newer = write(&state, "1.12.0");
    assert!(
        newer.contains("\"identity_schema_version\": 3,\n          \"identity\": {\n            \"region\": \"eu\"")
    );
    assert_eq!(read(&newer).unwrap(), state);
}
