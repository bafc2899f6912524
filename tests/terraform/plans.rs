//! Plans of both programs side by side: the same actions, and the same lines for each object.

use std::collections::BTreeMap;
use std::fs;

use super::program::{Program, is_terraform_there};

/// Objects that are shown differently on purpose.
const DIFFERENT: &[(&str, &str)] = &[
    // sorted
    ("terraform_data.becomes_sensitive", "a sensitive text is hidden where the provider repeats it, too"),
    ("terraform_data.cbd", "what forces the replacement is said for values of any type, too"),
    ("terraform_data.imported_replaced", "what forces the replacement is said for values of any type, too"),
    ("terraform_data.new", "a sensitive text is hidden where the provider repeats it, too"),
    ("terraform_data.objset", "elements of sets come and go, they do not change"),
    ("terraform_data.repl", "what forces the replacement is said for values of any type, too"),
    ("terraform_data.sens", "a sensitive text is hidden where the provider repeats it, too"),
    ("terraform_data.sensobj", "a sensitive text is hidden where the provider repeats it, too"),
    ("terraform_data.set", "elements of sets come and go, they do not change"),
];

const BEFORE: &str = include_str!("plans/before.tf");
const AFTER: &str = include_str!("plans/after.tf");

#[test]
fn plans_show_what_terraform_shows() {
    if !is_terraform_there("plans beside Terraform's") {
        return;
    }
    let (theirs, ours) = (plans(Program::Terraform), plans(Program::Gantry));
    let (mut agreements, mut count, mut complaints) = (0, 0, Vec::new());
    for (step, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let keys: std::collections::BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
        for key in keys {
            count += 1;
            if theirs.get(key) == ours.get(key) {
                agreements += 1;
                continue;
            }
            let address = key.split(' ').next().unwrap_or_default();
            let is_expected = DIFFERENT.iter().any(|(name, _)| *name == address);
            if !is_expected {
                complaints.push(format!("plan {step}: {key}\n{:#?}\n{:#?}", theirs.get(key), ours.get(key)));
            }
        }
    }
    println!("plans: {agreements} of {count} objects and outputs are shown as by Terraform");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(DIFFERENT.is_sorted_by_key(|(name, _)| *name), "the list of differences is not sorted");
}

/// Returns what the plans of a creation, an update and a destruction show, by what the comment above each object says.
fn plans(program: Program) -> [BTreeMap<String, Vec<String>>; 3] {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let write = |text: &str| fs::write(folder.path().join("main.tf"), text).expect("the file can be written");
    let run = |arguments: &[&str]| {
        let output = program.run(folder.path(), arguments, "");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program:?} {arguments:?}: {errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    write(BEFORE);
    run(&["init", "-no-color"]);
    let create = run(&["plan", "-no-color"]);
    run(&["apply", "-auto-approve", "-no-color"]);
    run(&["taint", "terraform_data.tainted"]);
    write(AFTER);
    let update = run(&["plan", "-no-color", "-replace=terraform_data.requested"]);
    // The destruction is planned with the configuration that was applied.
    write(BEFORE);
    let destroy = run(&["plan", "-no-color", "-destroy"]);
    [create, update, destroy].map(|text| parts(&text))
}

/// Cuts a plan into its objects and its outputs; ids, remarks and the comments about hidden parts' surroundings go.
pub(super) fn parts(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("  # ").filter(|header| !header.starts_with(['(', 'W'])) {
            current = Some(header.to_owned());
        } else if line.starts_with("Changes to Outputs:") {
            current = Some("outputs".to_owned());
        } else if line.starts_with("Plan:") {
            parts.insert(line.to_owned(), Vec::new());
            current = None;
        } else if line.starts_with('─') {
            current = None;
        }
        let is_remark = line.trim_start().starts_with("# ") && !line.trim_start().starts_with("# (");
        if let Some(key) = current.as_ref().filter(|_| !is_remark && !line.is_empty()) {
            parts.entry(key.clone()).or_default().push(without_id(line));
        }
    }
    parts
}

/// Returns a line without the random id in it.
pub(super) fn without_id(line: &str) -> String {
    let is_id = |text: &str| text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
    line.split('"').map(|part| if is_id(part) { "ID" } else { part }).collect::<Vec<_>>().join("\"")
}
