//! Our fake provider in the real Terraform and OpenTofu: found by dev_overrides, or attached to while it runs by itself.
//!
//! Plans are compared by what `terraform show -json` says of them; what was made, by the world that the provider keeps on disk.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use fake::World;
use serde_json::{Value as Json, json};

use super::program::{Program, is_open_tofu_there, is_terraform_there};

const HEAD: &str = r#"
terraform {
  required_providers {
    fake = { source = "gantry.dev/gantry/fake" }
  }
}
provider "fake" {
  world = "world.json"
}
"#;

/// A folder with a configuration, a world, and our provider where the program looks for it.
struct Folder {
    program: Program,
    folder: tempfile::TempDir,
    /// What to set for Terraform beside its own file of settings.
    reattach: Option<String>,
}

/// What a run of Terraform printed, and how it ended.
struct Run {
    code: Option<i32>,
    text: String,
}

impl Folder {
    /// Makes a folder for each of the programs that are there: Terraform, OpenTofu.
    fn each(what: &str) -> Vec<Folder> {
        let terraform = is_terraform_there(what).then_some(Program::Terraform);
        let open_tofu = is_open_tofu_there(what).then_some(Program::OpenTofu);
        terraform.into_iter().chain(open_tofu).map(Folder::new).collect()
    }

    fn new(program: Program) -> Folder {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).expect("a folder can be made");
        symlink(crate::program::GANTRY, programs.join("terraform-provider-fake")).expect("a link can be made");
        let settings = format!(
            "provider_installation {{\n dev_overrides {{\n \"gantry.dev/gantry/fake\" = {:?}\n }}\n direct {{}}\n}}\n",
            programs.display().to_string()
        );
        fs::write(folder.path().join("settings.tfrc"), settings).expect("a file can be written");
        Folder { program, folder, reattach: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn world(&self) -> Arc<World> {
        World::on_disk(self.path("world.json"))
    }

    /// Returns the names of what there is in the world.
    fn names(&self) -> Vec<String> {
        let objects = self.world().objects().expect("the world can be read");
        objects.into_iter().map(|object| object.name).collect()
    }

    fn write(&self, configuration: &str) {
        fs::write(self.path("main.tf"), format!("{HEAD}{configuration}")).expect("a file can be written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program.command(self.folder.path(), arguments);
        match &self.reattach {
            Some(reattach) => command.env("TF_REATTACH_PROVIDERS", reattach),
            None => command.env("TF_CLI_CONFIG_FILE", self.path("settings.tfrc")),
        };
        command
    }

    /// Runs Terraform, whatever comes of it.
    fn try_run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("terraform starts");
        let text = [output.stdout, output.stderr].concat();
        Run { code: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    /// Runs Terraform, which must succeed, and returns what it printed.
    fn run(&self, arguments: &[&str]) -> String {
        let run = self.try_run(arguments);
        assert_eq!(run.code, Some(0), "terraform {arguments:?}: {}", run.text);
        run.text
    }

    /// Plans, and returns the plan.
    fn plan(&self, arguments: &[&str]) -> Json {
        self.run(&[&["plan", "-no-color", "-input=false", "-out=plan"], arguments].concat());
        let output = self.command(&["show", "-json", "plan"]).output().expect("terraform starts");
        serde_json::from_slice(&output.stdout).expect("the plan is JSON")
    }

    fn apply(&self) -> String {
        self.run(&["apply", "-no-color", "-auto-approve"])
    }

    /// Says that the state is as the configuration wants it, and that a plan does not find anything to do.
    fn expect_no_changes(&self) {
        let run = self.try_run(&["plan", "-no-color", "-detailed-exitcode"]);
        assert_eq!(run.code, Some(0), "{}", run.text);
    }
}

/// Returns what is to happen, as `address: actions`.
fn actions(plan: &Json) -> Vec<String> {
    let changes = plan["resource_changes"].as_array().expect("a plan has changes");
    let line = |change: &Json| {
        let actions = change["change"]["actions"].as_array().expect("a change has actions");
        let actions: Vec<&str> = actions.iter().filter_map(Json::as_str).collect();
        format!("{}: {}", change["address"].as_str().unwrap_or_default(), actions.join(" "))
    };
    changes.iter().map(line).collect()
}

fn change<'a>(plan: &'a Json, address: &str) -> &'a Json {
    let changes = plan["resource_changes"].as_array().expect("a plan has changes");
    &changes.iter().find(|change| change["address"] == address).expect("the address is in the plan")["change"]
}

const OBJECTS: &str = r#"
resource "fake_object" "first" {
  name     = "first"
  size     = SIZE
  region   = "REGION"
  labels   = ["b", "a"]
  tags     = { k = "v" }
  secret   = "hush-hush"
  settings = { deep = [1, "two", null], big = 12345678901234567890.5 }
  owner    = { name = "o", key = "k" }
  mirrors  = [{ host = "m1" }, { host = "m2", port = 8080 }]
  limits   = { cpu = { hard = 2 } }
  port { number = 80 }
  port { number = 443 }
  disk { size = 10 }
  mount "data" { disk = 0 }
  timeouts { create = "10m" }
}
resource "fake_object" "second" {
  name = "second-${fake_object.first.id}"
}
output "number" { value = fake_object.first.settings.big }
"#;

fn objects(size: u32, region: &str) -> String {
    OBJECTS.replace("SIZE", &size.to_string()).replace("REGION", region)
}

#[test]
fn objects_are_created_changed_replaced_and_destroyed() {
    for folder in Folder::each("lives of objects") {
        folder.write(&objects(2, "r1"));
        let plan = folder.plan(&[]);
        assert_eq!(actions(&plan), ["fake_object.first: create", "fake_object.second: create"]);
        let first = change(&plan, "fake_object.first");
        assert_eq!(first["after_unknown"]["id"], json!(true));
        assert_eq!(first["after_unknown"]["disk"], json!([{"id": true, "kind": true}]));
        assert_eq!(first["after_sensitive"]["secret"], json!(true));
        assert_eq!(first["after_sensitive"]["owner"]["key"], json!(true));
        assert_eq!(first["after"]["settings"]["deep"], json!([1, "two", null]));
        assert_eq!(change(&plan, "fake_object.second")["after_unknown"]["name"], json!(true));
        let text = folder.run(&["plan", "-no-color"]);
        assert!(!text.contains("hush-hush") && text.contains("+ secret      = (sensitive value)"), "{text}");

        assert!(folder.apply().contains("number = 12345678901234567890.5"));
        assert_eq!(folder.names(), ["first", "second-object-1"]);
        folder.expect_no_changes();

        folder.write(&objects(3, "r1"));
        let plan = folder.plan(&[]);
        assert_eq!(actions(&plan), ["fake_object.first: update", "fake_object.second: no-op"]);
        assert_eq!(
            change(&plan, "fake_object.first")["after_unknown"],
            json!({"addresses": [{}], "disk": [{}], "labels": [false, false], "limits": {"cpu": {}}, "mirrors": [{}, {}], "mount": {"data": {}}, "owner": {}, "port": [{}, {}], "revision": true, "settings": {"deep": [false, false, false]}, "tags": {}, "timeouts": {}})
        );
        folder.apply();
        folder.expect_no_changes();

        folder.write(&objects(3, "r2"));
        let plan = folder.plan(&[]);
        assert_eq!(
            actions(&plan),
            ["fake_object.first: delete create", "fake_object.second: delete create"][..1]
                .iter()
                .copied()
                .chain(["fake_object.second: update"])
                .collect::<Vec<_>>()
        );
        assert_eq!(change(&plan, "fake_object.first")["replace_paths"], json!([["region"]]));
        folder.apply();
        folder.expect_no_changes();
        let regions: Vec<Json> =
            folder.world().objects().unwrap().into_iter().map(|object| object.attributes["region"].clone()).collect();
        assert!(regions.contains(&json!("r2")), "{regions:?}");

        folder.run(&["destroy", "-no-color", "-auto-approve"]);
        assert_eq!(folder.names(), [] as [&str; 0]);
    }
}

#[test]
fn objects_are_imported_by_id() {
    for folder in Folder::each("imports") {
        folder.write("resource \"fake_object\" \"a\" {\n name = \"a\"\n}\n");
        folder.apply();
        fs::remove_file(folder.path("terraform.tfstate")).unwrap();
        let import = "import {\n to = fake_object.a\n id = \"object-1\"\n}\n";
        folder.write(&format!("resource \"fake_object\" \"a\" {{\n name = \"a\"\n}}\n{import}"));
        let text = folder.apply();
        assert!(text.contains("Resources: 1 imported, 0 added, 0 changed, 0 destroyed."), "{text}");
        folder.expect_no_changes();
        folder.run(&["state", "rm", "fake_object.a"]);
        folder.write("resource \"fake_object\" \"a\" {\n name = \"a\"\n}\n");
        folder.run(&["import", "-no-color", "fake_object.a", "object-1"]);
        folder.expect_no_changes();
        let missing = folder.try_run(&["import", "-no-color", "fake_object.b", "object-9"]);
        assert_eq!(missing.code, Some(1), "{}", missing.text);
    }
}

#[test]
fn an_object_moves_to_another_type() {
    for folder in Folder::each("moves across types") {
        folder.write("resource \"fake_object\" \"a\" {\n name = \"a\"\n size = 4\n}\n");
        folder.apply();
        let moved = "moved {\n from = fake_object.a\n to = fake_object2.a\n}\n";
        folder.write(&format!("resource \"fake_object2\" \"a\" {{\n name = \"a\"\n size = 4\n}}\n{moved}"));
        let plan = folder.plan(&[]);
        assert_eq!(actions(&plan), ["fake_object2.a: no-op"]);
        assert_eq!(plan["resource_changes"][0]["previous_address"], json!("fake_object.a"));
        folder.apply();
        folder.expect_no_changes();
        assert_eq!(folder.names(), ["a"]);
    }
}

#[test]
fn functions_are_called() {
    for folder in Folder::each("functions") {
        folder.write(
        "output \"all\" {\n value = jsonencode([provider::fake::add(1, 2.5), provider::fake::join_all(\"-\", \"a\", 1), \
         provider::fake::echo({ a = [null, true] })])\n}\n",
    );
        let text = folder.apply();
        assert!(text.contains(r#"all = "[3.5,\"a-1\",{\"a\":[null,true]}]""#), "{text}");
        folder.write("output \"no\" {\n value = provider::fake::fail(\"no luck\")\n}\n");
        let run = folder.try_run(&["plan", "-no-color"]);
        assert!(
            run.code == Some(1) && run.text.contains("Invalid value for \"message\" parameter: no luck."),
            "{}",
            run.text
        );
    }
}

#[test]
fn data_is_read_when_what_it_needs_is_there() {
    for folder in Folder::each("data sources") {
        let object = "resource \"fake_object\" \"a\" {\n name = \"a\"\n labels = [\"l\"]\n}\n";
        let data = "data \"fake_object\" \"a\" {\n name = fake_object.a.name\n depends_on = [fake_object.a]\n}\n";
        let outputs = "output \"id\" {\n value = data.fake_object.a.id\n}\n";
        folder.write(&format!("{object}{data}{outputs}"));
        let plan = folder.plan(&[]);
        assert_eq!(actions(&plan), ["data.fake_object.a: read", "fake_object.a: create"]);
        assert!(folder.apply().contains("id = \"object-1\""));
        folder.expect_no_changes();
        folder.write("data \"fake_object\" \"none\" {\n name = \"none\"\n}\n");
        let run = folder.try_run(&["plan", "-no-color"]);
        assert!(run.text.contains("Object not found") && run.text.contains("on main.tf line 11"), "{}", run.text);
    }
}

#[test]
fn ephemeral_values_are_opened_passed_on_and_closed_and_never_stored() {
    for folder in Folder::each("ephemeral resources") {
        let token = "ephemeral \"fake_token\" \"t\" {\n audience = \"a\"\n}\n";
        let object = "resource \"fake_object\" \"a\" {\n name = \"a\"\n password_wo = ephemeral.fake_token.t.token\n \
                  password_wo_version = VERSION\n}\n";
        folder.write(&format!("{token}{}", object.replace("VERSION", "1")));
        folder.apply();
        folder.expect_no_changes();
        let counts = folder.world().ephemerals().unwrap();
        assert!(counts.opened >= 3 && counts.opened == counts.closed && counts.open.is_empty(), "{counts:?}");
        let state = fs::read_to_string(folder.path("terraform.tfstate")).unwrap();
        assert!(state.contains("\"password_wo\": null") && !state.contains("token-"), "{state}");
        folder.write(&format!("{token}{}", object.replace("VERSION", "2")));
        assert_eq!(actions(&folder.plan(&[])), ["fake_object.a: update"]);
    }
}

#[test]
fn drift_is_found() {
    for folder in Folder::each("drift") {
        folder.write("resource \"fake_object\" \"a\" {\n name = \"a\"\n size = 4\n}\n");
        folder.apply();
        assert!(folder.world().edit("object-1", "size", json!(9)).unwrap());
        let plan = folder.plan(&[]);
        assert_eq!(plan["resource_drift"][0]["change"]["after"]["size"], json!(9));
        assert_eq!(actions(&plan), ["fake_object.a: update"]);
        assert!(folder.world().remove("object-1").unwrap());
        let plan = folder.plan(&[]);
        assert_eq!(plan["resource_drift"][0]["change"]["actions"], json!(["delete"]));
        assert_eq!(actions(&plan), ["fake_object.a: create"]);
    }
}

#[test]
fn problems_point_at_their_place() {
    for folder in Folder::each("problems") {
        folder.write("resource \"fake_object\" \"a\" {\n name = \"\"\n size = -1\n port {\n  number = 0\n }\n}\n");
        let output = folder.command(&["validate", "-json"]).output().expect("terraform starts");
        let report: Json = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        let place = |diagnostic: &Json| format!("{} {}", diagnostic["range"]["start"]["line"], diagnostic["summary"]);
        let places: Vec<String> = report["diagnostics"].as_array().unwrap().iter().map(place).collect();
        // An element of a set has no path of its own in the protocol: the whole resource is shown. The last one is a warning of
        // Terraform's about where it has the provider from.
        assert_eq!(places[..3], ["11 \"Empty text\"", "12 \"Number out of range\"", "10 \"Number out of range\""]);
    }
}

#[test]
fn what_was_half_made_is_recorded_and_made_anew() {
    check_failed_creation("partial");
}

#[test]
fn what_was_made_without_an_answer_is_recorded_and_made_anew() {
    check_failed_creation("after");
}

fn check_failed_creation(fault: &str) {
    for folder in Folder::each("failed creations") {
        let object = "resource \"fake_object\" \"a\" {\n name = \"a\"\n}\n";
        let fault = format!("world.json\"\n fault {{\n  when = {fault:?}\n  action = \"create\"\n  times = 1\n }}");
        let head = HEAD.replace("world.json\"", &fault);
        fs::write(folder.path("main.tf"), format!("{head}{object}")).expect("a file can be written");
        let run = folder.try_run(&["apply", "-no-color", "-auto-approve"]);
        assert_eq!(run.code, Some(1), "{}", run.text);
        let plan = folder.plan(&[]);
        assert_eq!(actions(&plan), ["fake_object.a: delete create"]);
        assert_eq!(plan["resource_changes"][0]["action_reason"], json!("replace_because_tainted"));
        folder.apply();
        folder.expect_no_changes();
        assert_eq!(folder.names(), ["a"]);
    }
}

/// An interrupt of a terminal goes to all processes at once: Terraform tells the provider to stop, and what is under way ends.
#[test]
fn an_interrupt_does_not_end_the_provider_within_a_call() {
    for folder in Folder::each("interrupts") {
        let objects = "resource \"fake_object\" \"a\" {\n name = \"a\"\n delay = \"2s\"\n}\n\
                   resource \"fake_object\" \"b\" {\n name = fake_object.a.id\n}\n";
        folder.write(objects);
        let mut command = folder.command(&["apply", "-no-color", "-auto-approve"]);
        let mut child =
            command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("terraform starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut line = String::new();
        while !line.contains("Creating...") {
            line.clear();
            assert_ne!(lines.read_line(&mut line).expect("lines can be read"), 0, "nothing was created");
        }
        let group = format!("-{}", child.id());
        assert!(Command::new("kill").args(["-INT", "--", &group]).status().is_ok_and(|status| status.success()));
        let mut rest = String::new();
        lines.read_to_string(&mut rest).expect("text can be read");
        child.wait().expect("terraform ends");
        assert!(!rest.contains("plugin") && !rest.contains("fake_object.b: Creating"), "{rest}");
        let state: Json = serde_json::from_slice(&fs::read(folder.path("terraform.tfstate")).unwrap()).unwrap();
        let id = &state["resources"][0]["instances"][0]["attributes"]["id"];
        assert_eq!((id, folder.names()), (&json!("object-1"), vec!["a".to_owned()]), "{rest}");
    }
}

/// A provider that runs by itself; it ends with this.
struct Attached(Child);

impl Drop for Attached {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[test]
fn terraform_attaches_to_a_provider_that_runs_by_itself() {
    for mut folder in Folder::each("attaching") {
        let mut command = Program::Gantry.command(folder.folder.path(), &["provider", "serve", "-debug", "fake"]);
        let mut attached = Attached(command.stdout(Stdio::piped()).spawn().expect("gantry starts"));
        let lines = BufReader::new(attached.0.stdout.take().expect("it was asked for")).lines();
        let said = lines.map_while(Result::ok).find_map(|line| {
            line.trim().strip_prefix("TF_REATTACH_PROVIDERS='")?.strip_suffix('\'').map(str::to_owned)
        });
        folder.reattach = said;
        assert!(folder.reattach.is_some(), "it does not say how to attach");
        folder.write("resource \"fake_object\" \"a\" {\n name = \"a\"\n}\n");
        folder.run(&["init", "-no-color"]);
        folder.apply();
        folder.expect_no_changes();
        folder.run(&["destroy", "-no-color", "-auto-approve"]);
        assert_eq!(folder.names(), [] as [&str; 0]);
        assert!(attached.0.try_wait().is_ok_and(|ended| ended.is_none()), "Terraform has ended the provider");
        let sent = Command::new("kill").args(["-INT", &attached.0.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        assert!(attached.0.wait().is_ok_and(|status| status.success()));
    }
}
