//! Lives of objects beside Terraform's: configurations that follow each other, each planned and applied by both programs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::plans::parts;
use super::program::{Program, in_parallel, is_terraform_there};

/// What comes out differently on purpose: the scenario, the number of the step, what it is about, and why.
const DIFFERENT: &[(&str, usize, &str, &str)] = &[
    // sorted
];

/// How one step came out: what its plan shows, or the summaries of its errors.
#[derive(Debug, PartialEq)]
struct Step {
    plan: BTreeMap<String, Vec<String>>,
    errors: Vec<String>,
}

#[test]
fn lives_are_as_in_terraform() {
    if !is_terraform_there("lives beside Terraform's") {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform/lifecycle");
    let mut scenarios: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the scenarios are there")
        .map(|entry| {
            let path = entry.expect("it can be read").path();
            let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(path).expect("it can be read"))
        })
        .collect();
    scenarios.sort();
    let complaints = in_parallel(&scenarios, |(name, text)| {
        let (theirs, ours) = (live(Program::Terraform, text), live(Program::Gantry, text));
        let steps = theirs.iter().zip(&ours).enumerate();
        steps.flat_map(|(number, (theirs, ours))| compare(name, number, theirs, ours)).collect::<Vec<String>>()
    });
    let complaints = complaints.concat();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(
        DIFFERENT.is_sorted_by_key(|(name, step, what, _)| (*name, *step, *what)),
        "the list of differences is not sorted"
    );
}

/// Returns what differs without being expected to, and what does not although it is.
fn compare(name: &str, number: usize, theirs: &Step, ours: &Step) -> Vec<String> {
    let mut complaints = Vec::new();
    if theirs.errors != ours.errors {
        complaints.push(format!("{name}, step {number}:\nTerraform {:#?}\nGantry {:#?}", theirs.errors, ours.errors));
    }
    let keys: BTreeSet<&String> = theirs.plan.keys().chain(ours.plan.keys()).collect();
    for key in keys {
        let (theirs, ours) = (theirs.plan.get(key), ours.plan.get(key));
        let about = key.split(' ').next().unwrap_or_default();
        let is_expected = DIFFERENT.iter().any(|known| (known.0, known.1, known.2) == (name, number, about));
        if (theirs == ours) == is_expected {
            complaints.push(format!("{name}, step {number}: {key}\nTerraform {theirs:#?}\nGantry {ours:#?}"));
        }
    }
    complaints
}

/// Writes a configuration; a line `# m/main.tf` begins what is in another file.
fn write(folder: &Path, configuration: &str) {
    let mut file = "main.tf";
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for line in configuration.lines() {
        match line.strip_prefix("# ").filter(|name| name.ends_with(".tf") || name.ends_with(".tfstate")) {
            Some(name) => file = name,
            None => *texts.entry(file).or_default() += &format!("{line}\n"),
        }
    }
    for (name, text) in texts {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
}

/// Plans and applies one configuration after the other; `### ARGUMENTS` begins each.
fn live(program: Program, text: &str) -> Vec<Step> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut steps = Vec::new();
    for (number, part) in text.split("### ").skip(1).enumerate() {
        let (arguments, configuration) = part.split_once('\n').expect("a step has a first line");
        write(folder.path(), configuration);
        if number == 0 || configuration.contains("module \"") {
            program.run(folder.path(), &["init", "-no-color"], "");
        }
        let run = |command: &[&'static str]| {
            let arguments: Vec<&str> = command.iter().copied().chain(arguments.split_whitespace()).collect();
            let output = program.run(folder.path(), &arguments, "");
            let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (read(&output.stdout), read(&output.stderr))
        };
        let (out, errors) = run(&["plan", "-no-color"]);
        let summaries = errors.lines().filter_map(|line| line.strip_prefix("Error: "));
        let mut errors: Vec<String> = summaries.map(str::to_owned).collect();
        errors.sort();
        // What a plan that failed shows besides is of no use to anyone; what forces a replacement we say for values of
        // any type, too.
        let out = out.replace(" # forces replacement", "");
        let plan = if errors.is_empty() { parts(&out) } else { BTreeMap::new() };
        if errors.is_empty() {
            run(&["apply", "-no-color", "-auto-approve"]);
        }
        steps.push(Step { plan, errors });
    }
    steps
}
