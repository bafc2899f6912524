//! Compares both forms of rendering with Terraform's, byte by byte, where `terraform` is on the PATH.
//!
//! Terraform's own JSON report is read back into diagnostics, so that all that differs is the rendering.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use diag::{Diagnostic, Diagnostics, ExpressionValue, FileId, FunctionCall, Severity, Sources, Span};
use serde_json::Value;

use super::{json, text};
use crate::ui::Style;

/// Configurations with mistakes: each a file's name and its text.
const BROKEN: &[(&str, &str)] = &[
    ("main.tf", "locals {\n  a = [1, 2\n  b = \"héé ${ 1 + } x\"\n}\n"),
    ("main.tf", "resource \"a\" \"b\" {\n  x =\n}\nvariable \"x\" \"y\" {\n  default = \"<&>\n}\n"),
    ("main.tf", NAMES),
    ("main.tf", EVALUATION),
    (
        "main.tf",
        "locals {\r\n  a = [\r\n\tnope.x,\t1 ]\r\n}\r\n\r\noutput \"o\" {\r\n  value = upper(\r\n  1,\r\n  2)\r\n}",
    ),
    ("main.tf", "locals {\n  a = "),
    ("main.tf", "locals {\n  a = 1\n}}\n\nx = \"\n\n"),
    ("main.tf.json", JSON),
    ("main.tf.json", "{\"locals\": [\n"),
];

const NAMES: &str = r#"resource "terraform_data" "a" {
  inputt = 1
  lifecycle {
    precondition {
      condition     = length(nope.b) > 1
      error_message = "x"
    }
  }
}
provider "terraform" {
  version = "1.0"
}
provider "terraform" {
  alias   = "b"
  version = "1.0"
}
output q {
  value = "éééé😀 ${nope.x} é ${b.x}"
}
locals {
  d = <<EOT
x ${nope.é} 日本語
EOT
}
"#;

const EVALUATION: &str = r#"locals {
  s = "a<b>&\n"
  l = ["a", "b"]
  m = tomap({ a = 1 })
  n = null
  a = upper(local.l) + local.m + (local.n ? 1 : local.s)
  b = replace("a",
    local.l,
    "b")
  c = max("a", local.m...)
  d = local.l[local.s]
  e = uper(local.m)
}
"#;

const JSON: &str = r#"[
  {"locals": {"a": "${nope.x}", "b": {"c": ["${upper(1,2)}"]}}},
  {"output": {"x": {"value": "${foo.bar}"}, "y": [{"value": 1}, {"valu": 2}]}},
  {"resource": {"terraform_data": {"x": {"inputt": 1}}}}
]"#;

#[test]
fn renders_as_terraform_does() {
    if Command::new("terraform").arg("-version").output().is_err() {
        return skipped();
    }
    std::thread::scope(|scope| {
        for (name, text) in BROKEN {
            scope.spawn(move || check(name, text));
        }
    });
}

#[allow(clippy::print_stderr, reason = "whoever runs the tests should know")]
fn skipped() {
    eprintln!("skipped: terraform is not on PATH");
}

fn check(name: &str, text: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(name), text).expect("the folder is ours");
    let report = terraform(folder.path(), "-json");
    let expected_json = String::from_utf8(report.stdout).expect("JSON is text");
    let shown = terraform(folder.path(), "-no-color");
    // Terraform has warnings on standard output; ours all go to standard error.
    let expected_text = String::from_utf8([shown.stdout, shown.stderr].concat()).expect("messages are text");
    let mut sources = Sources::default();
    let file = sources.add(Path::new(name), text.as_bytes());
    let value: Value = serde_json::from_str(&expected_json).expect("Terraform writes JSON");
    let list = value["diagnostics"].as_array().expect("there are diagnostics");
    assert!(!list.is_empty(), "Terraform finds nothing wrong in {text}");
    let diagnostics: Diagnostics = list.iter().map(|value| diagnostic(file, text, value)).collect();
    assert_eq!(json::pretty(&json::validation(&sources, &diagnostics)), expected_json, "{text}");
    let shown = text::diagnostics(&sources, &diagnostics, Style { is_coloured: false, width: 78 });
    assert_eq!(sorted(&shown), sorted(&expected_text), "{text}");
}

fn terraform(folder: &Path, flag: &str) -> Output {
    let configuration = folder.join("empty.tfrc");
    fs::write(&configuration, "").expect("the folder is ours");
    let mut command = Command::new("terraform");
    command.args(["validate", flag]).current_dir(folder);
    command.env("TF_CLI_CONFIG_FILE", configuration).env("CHECKPOINT_DISABLE", "1");
    command.output().expect("Terraform runs")
}

/// Terraform's order within one place differs from run to run.
fn sorted(messages: &str) -> Vec<&str> {
    let mut messages: Vec<&str> = messages.split("\nError: ").collect();
    messages.sort_unstable();
    messages
}

/// Reads a diagnostic back from its JSON form.
fn diagnostic(file: FileId, text: &str, value: &Value) -> Diagnostic {
    let words = |value: &Value| value.as_str().expect("a text").to_owned();
    let byte = |place: &str| value["range"][place]["byte"].as_u64().expect("a number") as usize;
    let mut diagnostic = Diagnostic::error(words(&value["summary"]), words(&value["detail"]));
    if value["severity"] == "warning" {
        diagnostic.severity = Severity::Warning;
    }
    let snippet = &value["snippet"];
    if !snippet.is_object() {
        return diagnostic;
    }
    let end = byte("end").min(text.len());
    diagnostic = diagnostic.at(Span::new(file, byte("start").min(end), end));
    // The lines shown are those of the context: what the report says of it.
    let first = snippet["start_line"].as_u64().expect("a number") as usize - 1;
    let shown = words(&snippet["code"]);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let start: usize = lines[..first].iter().map(|line| line.len()).sum();
    let len: usize = lines[first..].iter().take(shown.lines().count()).map(|line| line.len()).sum();
    if len > 0 {
        let last = text[start..start + len].trim_end_matches(['\r', '\n']).len();
        diagnostic = diagnostic.within(Span::new(file, start, start + last));
    }
    diagnostic.values = snippet["values"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| ExpressionValue { traversal: words(&v["traversal"]), statement: words(&v["statement"]) })
        .collect();
    diagnostic.call = snippet.get("function_call").map(|call| {
        let signature = &call["signature"];
        let parameter = |p: &Value| (words(&p["name"]), p["type"].to_string());
        let parameters = signature["params"].as_array().expect("a list");
        Box::new(FunctionCall {
            called_as: words(&call["called_as"]),
            name: words(&signature["name"]),
            parameters: parameters.iter().map(parameter).collect(),
            variadic: signature.get("variadic_param").map(parameter),
            result: signature["return_type"].to_string(),
        })
    });
    diagnostic
}
