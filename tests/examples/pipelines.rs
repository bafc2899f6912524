//! The files for CI: their scripts are run, job by job and step by step, in the sandbox.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::program::{GANTRY, gantry, succeed};

/// A runner's folder: a configuration, the programs that scripts call, and what CI gives them.
struct Runner {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

const CONFIGURATION: &str = r#"variable "size" {
  default = 1
}

resource "terraform_data" "server" {
  count = var.size
  input = "one"
}

variable "secret" {
  default   = "hunter2-planted"
  sensitive = true
}

resource "terraform_data" "secret" {
  input = var.secret
}

cluster "lake" {
  platform = "sandbox"
}
"#;

/// Stands in for the programs that write comments: keeps what it is called with.
const COMMENTER: &str = "#!/bin/sh\nprintf '%s\\n' \"$@\" >>../calls\n";

impl Runner {
    fn new() -> Runner {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["bin", "work"] {
            fs::create_dir(folder.path().join(name)).expect("a folder can be made");
        }
        let bin = folder.path().join("bin");
        symlink(GANTRY, bin.join("gantry")).expect("a link");
        for name in ["gh", "glab"] {
            fs::write(bin.join(name), COMMENTER).expect("it can be written");
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("it can be made a program");
        }
        fs::write(folder.path().join("work/main.gantry.hcl"), CONFIGURATION).expect("it can be written");
        let variables = [
            ("PATH", format!("{}:/usr/bin:/bin", bin.display())),
            ("HOME", folder.path().display().to_string()),
            ("GANTRY_SANDBOX", "1".to_owned()),
            ("GITHUB_OUTPUT", folder.path().join("output").display().to_string()),
            ("GITHUB_STEP_SUMMARY", folder.path().join("summary").display().to_string()),
            ("CI_MERGE_REQUEST_IID", "7".to_owned()),
            ("CI_PROJECT_ID", "42".to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Runner { folder, variables }
    }

    /// Runs a script as CI does: by a shell that stops at the first command that fails.
    fn run(&self, script: &str, variables: &BTreeMap<String, String>) -> Output {
        let mut command = Command::new("/bin/sh");
        command.args(["-e", "-c", script]).current_dir(self.folder.path().join("work")).stdin(Stdio::null());
        command.env_clear().envs(&self.variables).envs(variables).output().expect("the shell runs")
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// Runs a job's scripts; the last of them ends as is expected.
    fn job(&self, pipeline: &Pipeline, name: &str, expected: i32) {
        let scripts = &pipeline.jobs[name];
        for (index, script) in scripts.iter().enumerate() {
            let ran = self.run(&script.text, &script.variables);
            let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
            let expected = if index + 1 == scripts.len() { expected } else { 0 };
            assert_eq!(ran.status.code(), Some(expected), "{name}: {}\n{out}\n{err}", script.text);
            assert!(!out.contains("hunter2-planted"), "{out}");
        }
    }
}

/// What one step runs.
struct Script {
    text: String,
    variables: BTreeMap<String, String>,
}

/// Jobs by name, in the form that they run in.
struct Pipeline {
    jobs: BTreeMap<String, Vec<Script>>,
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci").join(name)
}

/// Reads YAML; our own function does, which is compared with Terraform's elsewhere.
fn read(name: &str) -> Json {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(example(name), folder.path().join("ci.yml")).expect("it can be copied");
    fs::write(
        folder.path().join("main.tf"),
        "output \"ci\" {\n  value = jsonencode(yamldecode(file(\"ci.yml\")))\n}\n",
    )
    .expect("it can be written");
    succeed(&mut gantry(folder.path(), &["apply", "-auto-approve"]));
    serde_json::from_str(&succeed(&mut gantry(folder.path(), &["output", "-raw", "ci"]))).expect("JSON")
}

fn texts(object: &Json) -> BTreeMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    // What CI puts in is not ours: a number does.
    let value = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    entries.map(|(name, text)| (name.clone(), value(text).replace("${{ github.event.number }}", "7"))).collect()
}

fn github() -> Pipeline {
    let read = read("github.yml");
    let common = texts(&read["env"]);
    let jobs = read["jobs"].as_object().expect("jobs").iter().map(|(name, job)| {
        let steps = job["steps"].as_array().expect("steps").iter();
        let scripts = steps.filter_map(|step| {
            let text = step["run"].as_str()?.to_owned();
            assert!(!text.contains("${{"), "what CI puts into scripts is no text to trust: {text}");
            let mut variables = common.clone();
            variables.extend(texts(&step["env"]));
            Some(Script { text, variables })
        });
        (name.clone(), scripts.collect())
    });
    Pipeline { jobs: jobs.collect() }
}

fn gitlab() -> Pipeline {
    let read = read("gitlab.yml");
    let jobs = read.as_object().expect("jobs").iter().filter_map(|(name, job)| {
        let lines: Vec<&str> = job["script"].as_array()?.iter().filter_map(Json::as_str).collect();
        Some((name.clone(), vec![Script { text: lines.join("\n"), variables: texts(&read["variables"]) }]))
    });
    Pipeline { jobs: jobs.collect() }
}

fn from_request_to_drift(pipeline: &Pipeline) -> Runner {
    let names: Vec<&str> = pipeline.jobs.keys().map(String::as_str).collect();
    assert_eq!(names, ["apply", "approve", "drift", "plan"]);
    let runner = Runner::new();
    runner.job(pipeline, "plan", 0);
    assert!(runner.text("calls").contains('7'), "{}", runner.text("calls"));
    runner.job(pipeline, "approve", 0);
    runner.job(pipeline, "apply", 0);
    runner.job(pipeline, "drift", 0);
    // Nothing is left to approve, and what was approved is not done twice.
    runner.job(pipeline, "approve", 0);
    fs::write(runner.folder.path().join("work/terraform.tfvars"), "size = 2\n").expect("it can be written");
    runner.job(pipeline, "drift", 2);
    runner
}

#[test]
fn github_plans_applies_and_looks() {
    let pipeline = github();
    let runner = from_request_to_drift(&pipeline);
    let plan = fs::read_to_string(runner.folder.path().join("work/plan.md")).expect("a summary");
    assert!(
        plan.starts_with("### Gantry: ") && plan.contains("`cluster.lake.module.this.aws_eks_cluster.this`"),
        "{plan}"
    );
    assert!(plan.contains("\nOutlook, by usual durations") && plan.contains("\n| `cluster.lake` | none | ~"), "{plan}");
    assert!(!plan.contains("hunter2-planted") && plan.encode_utf16().count() <= 65_536, "{plan}");
    assert_eq!(runner.text("output"), "changes=2\nchanges=0\n");
    let calls = "pr\ncomment\n7\n--body-file\nplan.md\n--edit-last\n--create-if-none\n";
    assert_eq!(runner.text("calls"), calls);
    assert!(runner.text("summary").contains("### Gantry: no changes"), "{}", runner.text("summary"));
}

#[test]
fn gitlab_plans_applies_and_looks() {
    let runner = from_request_to_drift(&gitlab());
    assert_eq!(runner.text("calls"), "api\nprojects/42/merge_requests/7/notes\n--field\nbody=@plan.md\n");
}

#[test]
fn a_long_plan_fits_into_a_comment() {
    let runner = Runner::new();
    let many = "resource \"terraform_data\" \"many\" {\n  count = 3000\n  input = \"😀 ``` </details> @someone\"\n}\n";
    fs::write(runner.folder.path().join("work/main.gantry.hcl"), many).expect("it can be written");
    let ran = runner.run("gantry plan -out=long.plan >../plan.txt; gantry show -markdown long.plan", &BTreeMap::new());
    let text = String::from_utf8(ran.stdout).expect("it is text");
    let length = text.encode_utf16().count();
    assert!(length <= 65_536 && length > 50_000, "{length}");
    assert!(text.starts_with("### Gantry: 3000 to add, 0 to change, 0 to destroy\n"), "{text}");
    for told in
        [" more lines of the table. There is no room.", " more lines of the plan. A comment", "`gantry show long.plan`"]
    {
        assert!(text.contains(told), "{told} in {text}");
    }
    // What is folded ends where it should, whatever is in it.
    let (_, folded) = text.split_once("<summary>The whole plan</summary>\n\n````text\n").expect("it is folded");
    assert!(folded.split_once("\n````\n\n</details>\n").is_some_and(|(plan, _)| !plan.contains("````")), "{text}");
}
