//! Plans that are carried out later, or not at all: each reason to refuse one, and what the file gives away.

use std::path::Path;
use std::process::Output;
use std::{fs, thread};

use plan::file::{self, SavedPlan};

use crate::program::{self, said as text};

const CONFIGURATION: &str = r#"
provider "fake" {
  world = "world.json"
}

variable "secret" {
  sensitive = true
  default   = "planted-hunter2"
}

variable "token" {
  ephemeral = true
  default   = "none"
}

resource "fake_object" "a" {
  name   = "a"
  secret = var.secret
}

resource "terraform_data" "time" {
  input = [plantimestamp(), terraform.workspace, path.module]
}

output "time" {
  value = terraform_data.time.output[0] == plantimestamp()
}
"#;

/// A folder with a configuration whose plan is saved as `x.plan`.
fn planned() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("main.tf"), CONFIGURATION).expect("the file can be written");
    let output = gantry(folder.path(), &["plan", "-out=x.plan", "-var", "token=planted-ephemeral"]);
    assert!(output.status.success(), "{}", text(&output));
    folder
}

fn gantry(folder: &Path, arguments: &[&str]) -> Output {
    program::gantry(folder, arguments).output().expect("gantry starts")
}

const APPLY: &[&str] = &["apply", "-var", "token=planted-ephemeral", "x.plan"];

/// Carries out a plan whose file was changed, and returns what is said; nothing must be done then.
fn refused(change: impl FnOnce(&mut SavedPlan)) -> String {
    let folder = planned();
    let path = folder.path().join("x.plan");
    let mut saved = file::read(&fs::read(&path).expect("the plan can be read")).expect("it is a plan");
    change(&mut saved);
    fs::write(&path, file::write(&saved).expect("it can be written")).expect("the file can be written");
    let output = gantry(folder.path(), APPLY);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(!folder.path().join("world.json").exists(), "something was done");
    text(&output).replace('\n', " ")
}

#[track_caller]
fn check(change: impl FnOnce(&mut SavedPlan), expected: &str) {
    let said = refused(change);
    assert!(said.contains(expected), "{expected:?} is not said:\n{said}");
}

#[test]
fn a_plan_is_refused_where_the_world_is_another() {
    check(|plan| plan.workspace = "other".into(), "Error: Plan is for another workspace");
    check(|plan| plan.has_errors = true, "Error: Plan has errors");
    check(|plan| plan.providers[0].digest[0] ^= 1, "Error: Provider has changed");
    check(|plan| plan.providers[0].provider = "example.com/no/such".into(), "which is not there now");
    check(|plan| plan.basis.serial = 7, "Error: Saved plan is stale");
    check(|plan| plan.basis.lineage = "other".into(), "this is another state");
    check(|plan| plan.basis.digest[0] ^= 1, "its contents are other ones");
    check(|plan| plan.files[0].text = b"output \"x\" { value = ".to_vec(), "Error: ");
}

#[test]
fn a_plan_is_refused_when_the_state_has_changed() {
    let folder = planned();
    let apply = |arguments: &[&str]| gantry(folder.path(), arguments);
    assert!(apply(&["apply", "-auto-approve", "-var", "token=planted-ephemeral"]).status.success());
    let said = text(&apply(APPLY));
    assert!(said.contains("Error: Saved plan is stale"), "{said}");
    // A plan of the state as it is now; then someone takes an object out of the state.
    assert!(apply(&["plan", "-out=x.plan", "-replace=fake_object.a"]).status.success());
    assert!(apply(&["state", "rm", "fake_object.a"]).status.success());
    let said = text(&apply(&["apply", "x.plan"]));
    assert!(said.contains("Error: Saved plan is stale"), "{said}");
}

#[test]
fn damaged_files_and_other_formats_are_refused() {
    let folder = planned();
    let path = folder.path().join("x.plan");
    let bytes = fs::read(&path).expect("the plan can be read");
    let said = |bytes: &[u8], expected: &str| {
        fs::write(&path, bytes).expect("the file can be written");
        for arguments in [APPLY, &["show", "x.plan"], &["show", "-json", "x.plan"]] {
            let output = gantry(folder.path(), arguments);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let said = text(&output).replace('\n', " ");
            assert!(said.contains(expected), "{arguments:?}: {expected:?} is not said:\n{said}");
        }
    };
    said(&bytes[..bytes.len() - 1], "it is damaged: it is cut short");
    let mut changed = bytes.clone();
    *changed.last_mut().expect("there are bytes") ^= 1;
    said(&changed, "it is damaged: its checksum");
    let mut other = bytes.clone();
    other[12] = 99;
    said(&other, "in format 99");
    said(b"PK\x03\x04", "one of Terraform's plans");
    said(b"", "it is not a plan of Gantry");
    assert!(!folder.path().join("world.json").exists(), "something was done");
}

#[test]
fn a_plan_is_carried_out_as_it_was_made() {
    let folder = planned();
    // The configuration may go meanwhile, and time does.
    fs::remove_file(folder.path().join("main.tf")).expect("the file can be removed");
    thread::sleep(std::time::Duration::from_millis(1_100));
    let output = gantry(folder.path(), APPLY);
    assert!(output.status.success(), "{}", text(&output));
    let said = text(&gantry(folder.path(), &["output", "time"]));
    assert_eq!(said.trim(), "true", "the time of the plan is the same when it is carried out");
}

#[test]
fn a_plan_file_is_private_and_shows_no_secret() {
    let folder = planned();
    let path = folder.path().join("x.plan");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).expect("the plan is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let holds = |secret: &str| {
        let bytes = fs::read(&path).expect("the plan can be read");
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    };
    assert!(holds("planted-hunter2"), "like Terraform's the file has what is needed to carry it out");
    assert!(!holds("planted-ephemeral"), "what is ephemeral is not stored");
    for arguments in [&["show", "x.plan"][..], &["apply", "-json", "x.plan"], APPLY] {
        let said = text(&gantry(folder.path(), arguments));
        assert!(!said.contains("planted"), "{arguments:?}:\n{said}");
    }
}

/// Parts of this plan wait for a later stage of the apply.
const STAGED: &str = r#"
provider "fake" {
  world = "world.json"
}

provider "fake" {
  alias = "inside"
  world = "world.json"
  token = fake_cluster.lake.endpoint
}

resource "fake_cluster" "lake" {
  name = "lake"
  network { range = "10.0.0.0/16" }
}

resource "fake_object" "ns" {
  provider = fake.inside
  name     = "ns"
}

resource "fake_object" "app" {
  provider = fake.inside
  for_each = toset([fake_object.ns.id])
  name     = "app-${each.key}"
}

resource "fake_object" "plain" {
  count = 2
  name  = "plain-${count.index}"
}

data "fake_object" "found" {
  provider   = fake.inside
  name       = "ns"
  depends_on = [fake_object.ns]
}

output "found" {
  value = [data.fake_object.found.id, [for app in fake_object.app : app.name]]
}

check "c" {
  assert {
    condition     = fake_object.ns.id != ""
    error_message = "There is none."
  }
}
"#;

#[test]
fn a_saved_plan_does_what_an_apply_would_have_done() {
    let folder = || tempfile::tempdir().expect("a temporary folder can be made");
    let (at_once, later) = (folder(), folder());
    for folder in [&at_once, &later] {
        fs::write(folder.path().join("main.tf"), STAGED).expect("the file can be written");
    }
    let run = |folder: &tempfile::TempDir, arguments: &[&str]| {
        let output = gantry(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let options: [&[&str]; 6] = [
        &["-target=fake_object.plain[0]"],
        &[],
        &["-replace=fake_object.plain[1]", "-refresh=false"],
        &["-exclude=fake_object.ns"],
        &["-refresh-only"],
        &["-destroy"],
    ];
    for options in options {
        // One call after the other, so that the objects get the same ids.
        run(&at_once, &[&["apply", "-auto-approve", "-parallelism=1"], options].concat());
        run(&later, &[&["plan", "-out=x.plan"], options].concat());
        run(&later, &["apply", "-parallelism=1", "x.plan"]);
        let (expected, found) = (run(&at_once, &["show", "-json"]), run(&later, &["show", "-json"]));
        assert_eq!(found, expected, "{options:?}");
    }
}

#[test]
fn an_import_with_written_configuration_is_carried_out_from_a_saved_plan() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("the file can be written");
    let run = |arguments: &[&str]| {
        let output = gantry(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let provider = "provider \"fake\" {\n  world = \"world.json\"\n}\n";
    write("main.tf", &format!("{provider}resource \"fake_object\" \"a\" {{\n  name = \"a\"\n}}\n"));
    run(&["apply", "-auto-approve"]);
    run(&["state", "rm", "fake_object.a"]);
    write("main.tf", &format!("{provider}import {{\n  to = fake_object.b\n  id = \"object-1\"\n}}\n"));
    run(&["plan", "-out=x.plan", "-generate-config-out=written.tf"]);
    let shown: serde_json::Value = serde_json::from_str(&run(&["show", "-json", "x.plan"])).expect("it is JSON");
    let change = &shown["resource_changes"][0]["change"];
    assert_eq!(change["importing"]["id"], "object-1");
    assert!(change["generated_config"].as_str().is_some_and(|text| text.contains("\"fake_object\" \"b\"")), "{change}");
    let said = run(&["apply", "x.plan"]);
    assert!(said.contains("1 imported, 0 added"), "{said}");
    run(&["plan", "-detailed-exitcode"]);
}
