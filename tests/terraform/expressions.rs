//! Expressions, one per line in `tests/expressions/`, evaluated by both programs: value, type, or an error.
//!
//! A process for each line would take minutes. So the lines of a file become local values of one configuration in JSON
//! syntax, where a mistake in one cannot spoil the others; `validate` tells which are wrong, and the console shows the
//! values of all others as one object and, once more, its type.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::program::{Program, in_parallel, is_terraform_there};

/// Lines on which Gantry differs on purpose, with the reason. A line that no longer differs has to go.
const DIFFERENCES: &[(&str, &str)] = &[
    // sorted
];

/// Functions that give something else each time: only the types are compared.
const IMPURE: [&str; 4] = ["bcrypt(", "plantimestamp(", "timestamp(", "uuid("];

/// Mistakes can hide others; so many times the wrong ones are left out and the rest is tried again.
const ROUNDS_MAX: usize = 5;

/// What came of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is wrong, for this reason.
    Error(String),
    /// Its value and its type, as the console shows them.
    Value(String, String),
}

#[test]
fn expressions_have_the_values_that_terraform_gives_them() {
    if !is_terraform_there("values of expressions") {
        return;
    }
    let files = files();
    let both: Vec<(&PathBuf, Program)> =
        files.iter().flat_map(|file| [(file, Program::Terraform), (file, Program::Gantry)]).collect();
    let outcomes = in_parallel(&both, |(file, program)| outcomes(file, *program));
    let (mut count, mut agreements, mut errors) = (0, 0, 0);
    let mut complaints = Vec::new();
    for (file, pair) in files.iter().zip(outcomes.chunks(2)) {
        for (number, expression) in expressions(file) {
            let (theirs, ours) = (pair[0].get(&number), pair[1].get(&number));
            errors += usize::from(matches!(theirs, Some(Outcome::Error(_))));
            let agrees = match (theirs, ours) {
                (Some(Outcome::Error(_)), Some(Outcome::Error(_))) => true,
                (theirs, ours) => theirs == ours,
            };
            count += 1;
            agreements += usize::from(agrees);
            let is_known = DIFFERENCES.iter().any(|(line, _)| *line == expression);
            let place = format!("{}:{number}", file.file_name().unwrap_or_default().display());
            match (agrees, is_known) {
                (true, true) => complaints.push(format!("{place}: no longer differs: {expression}")),
                (false, false) => {
                    complaints.push(format!("{place}: {expression}\n  terraform {theirs:?}\n  gantry    {ours:?}"));
                }
                _ => {}
            }
        }
    }
    println!(
        "{agreements} of {count} expressions do as in Terraform: {errors} fail, the others have a value and a type"
    );
    let shown = complaints.len().min(60);
    assert!(complaints.is_empty(), "\n{}\n{agreements} of {count} agree", complaints[..shown].join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expressions");
    let entries = fs::read_dir(folder).expect("the folder of the expressions can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    assert!(!files.is_empty(), "there is no expression");
    files
}

/// Returns the lines of a file with their numbers. Types are no values: what calls `type` is for the console alone.
fn expressions(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).expect("a file of expressions can be read");
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim().to_owned()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#') && !line.contains("type(")).collect()
}

fn outcomes(file: &Path, program: Program) -> BTreeMap<usize, Outcome> {
    let all = expressions(file);
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut found = BTreeMap::new();
    for _ in 0..ROUNDS_MAX {
        let right: Vec<_> = all.iter().filter(|(number, _)| !found.contains_key(number)).collect();
        write_configuration(folder.path(), &right);
        let errors = errors(folder.path(), program, &right);
        if errors.is_empty() {
            break;
        }
        found.extend(errors);
    }
    let right: BTreeSet<usize> = all.iter().map(|(number, _)| *number).filter(|n| !found.contains_key(n)).collect();
    let object: Vec<String> = right.iter().map(|number| format!("e{number}=local.e{number}")).collect();
    let object = format!("{{{}}}", object.join(","));
    let show = |input: &str| {
        let output = program.run(folder.path(), &["console"], input);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.trim().is_empty(), "{program:?} shows nothing: {}", String::from_utf8_lossy(&output.stderr));
        text
    };
    let values = parts(&show(&format!("{object}\n")), "  \"e", "\" = ");
    let types = parts(&show(&format!("type({object})\n")), "    e", ": ");
    for (number, expression) in all.iter().filter(|(number, _)| right.contains(number)) {
        let part = |parts: &BTreeMap<usize, String>| parts.get(number).cloned().expect("the console shows it");
        let value = if IMPURE.iter().any(|name| expression.contains(name)) { String::new() } else { part(&values) };
        found.insert(*number, Outcome::Value(value, part(&types)));
    }
    found
}

/// Writes the expressions as local values, each on the line of its place in the list, from line 2.
fn write_configuration(folder: &Path, expressions: &[&(usize, String)]) {
    let template = |text: &String| serde_json::Value::from(format!("${{{text}}}"));
    let lines = expressions.iter().map(|(number, text)| format!("\"e{number}\": {}", template(text)));
    let text = format!("{{\"locals\": {{\n{}\n}}}}\n", lines.collect::<Vec<_>>().join(",\n"));
    fs::write(folder.join("main.tf.json"), text).expect("the configuration can be written");
}

/// Returns the expressions that a program finds wrong.
fn errors(folder: &Path, program: Program, expressions: &[&(usize, String)]) -> BTreeMap<usize, Outcome> {
    let output = program.run(folder, &["validate", "-json"], "");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("there is a report");
    let errors = report["diagnostics"].as_array().into_iter().flatten().filter(|d| d["severity"] == "error");
    let mut found = BTreeMap::new();
    for error in errors {
        let line = error["range"]["start"]["line"].as_u64().expect("an error has a line");
        let place = usize::try_from(line).expect("lines are few") - 2;
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        found.insert(expressions[place].0, Outcome::Error(format!("{}: {}", text("summary"), text("detail"))));
    }
    found
}

/// Cuts what the console shows for an object into its attributes, whose names are numbers behind `before`.
fn parts(text: &str, before: &str, after: &str) -> BTreeMap<usize, String> {
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    let mut open = None;
    for line in text.lines() {
        let start = line.strip_prefix(before).and_then(|rest| rest.split_once(after));
        if let Some((number, rest)) = start.and_then(|(number, rest)| Some((number.parse().ok()?, rest))) {
            found.insert(number, rest.to_owned());
            open = Some(number);
        } else if let Some(part) = open.and_then(|number| found.get_mut(&number)) {
            part.push('\n');
            part.push_str(line);
        }
    }
    // The line that closes the object belongs to no attribute.
    if let Some(last) = found.values_mut().next_back() {
        last.truncate(last.rfind('\n').unwrap_or(last.len()));
    }
    found
}
