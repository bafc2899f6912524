//! JSON of both programs side by side: plans, states and the lines that are printed while they work.
//!
//! The configurations are in `tests/terraform/json/`: sentences, then steps, each behind a line of its own.
//!
//! - `-- file PATH`: writes the lines that follow to a file
//! - `-- run ARGUMENTS`: runs both programs
//! - `-- plan ARGUMENTS`: saves a plan and compares what `show -json` says of it
//! - `-- state`: compares what `show -json` says of the state
//! - `-- stream COMMAND ARGUMENTS`: compares the lines that the command prints with `-json`, in any order

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::program::{Program, in_parallel, is_terraform_there};

/// What differs on purpose: the configuration, a part of the step's line, the start of the place, and why.
const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    ("create", "destroy", ".prior_state.values.root_module", DATA_IN_STATE),
    ("create", "state", ".values.root_module.resources", DATA_IN_STATE),
    ("create", "stream apply", "- provision_progress", "the command is not repeated: it stands in the configuration"),
    ("create", "stream destroy", "- apply_", "nothing is read to destroy: what goes is known from the state"),
    ("data", "plan", ".prior_state.values.root_module.resources[6].depends_on", DIRECT_DEPENDENCIES),
    ("data", "state", ".values.root_module.resources", DATA_IN_STATE),
    ("failing", "state", ".values.outputs", "outputs are stored when all went well: half of them would mislead"),
    ("failing", "stream apply", "+ apply_skipped", "what is skipped because something failed is told of, too"),
    ("failing", "stream apply", "- provision_progress", "the command is not repeated: it stands in the configuration"),
    ("failing", "stream apply", "~ diagnostic", "the place is the whole header of the provisioner, not one brace"),
    ("remove", "plan", ".planned_values.root_module.resources", "what is forgotten is not planned to be anything"),
    (
        "remove",
        "stream",
        "+ refresh_",
        "objects are looked at before they are forgotten, so that the plan shows them as they are",
    ),
    ("remove", "stream", "- diagnostic", "that objects are forgotten stands in the plan and needs no warning"),
];

/// Where Terraform forgets that something is sensitive: an attribute that shows another is as sensitive as that one.
const MIRRORED: &[&str] = &["sensitive.output", "sensitive_values.output"];

const DATA_IN_STATE: &str = "state holds what was created: data sources are read for each plan";
const DIRECT_DEPENDENCIES: &str = "state holds direct dependencies, not those behind them";

#[test]
fn json_is_what_terraform_prints() {
    if !is_terraform_there("JSON beside Terraform's") {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform/json");
    let entries = fs::read_dir(&folder).expect("the folder can be listed");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort();
    assert!(paths.len() >= 15, "there are {} configurations", paths.len());
    let results = in_parallel(&paths, |path| compare(path));
    let (mut complaints, mut used, mut steps, mut mirrored) = (Vec::new(), BTreeSet::new(), 0, 0);
    for result in results {
        steps += result.steps;
        complaints.extend(result.complaints);
        used.extend(result.used);
        mirrored += result.mirrored;
    }
    println!("JSON: {steps} outputs compared with Terraform's");
    let unused = (0..DIFFERENT.len()).filter(|place| !used.contains(place)).map(|place| DIFFERENT[place]);
    let unused: Vec<_> = unused.collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(unused.is_empty(), "no longer different: {unused:#?}");
    assert!(mirrored > 0, "Terraform no longer forgets what is sensitive");
    assert!(DIFFERENT.is_sorted(), "the list of differences is not sorted");
}

#[derive(Default)]
struct Comparison {
    steps: usize,
    complaints: Vec<String>,
    used: BTreeSet<usize>,
    /// Places where only Gantry knows that something is sensitive.
    mirrored: usize,
}

fn compare(path: &Path) -> Comparison {
    let text = fs::read_to_string(path).expect("the configuration can be read");
    let name = path.file_stem().and_then(|stem| stem.to_str()).expect("the name is text");
    let programs = [Program::Terraform, Program::Gantry];
    let folders = programs.map(|_| tempfile::tempdir().expect("a temporary folder can be made"));
    let mut comparison = Comparison::default();
    for step in text.split("\n-- ").skip(1) {
        let (line, rest) = step.split_once('\n').unwrap_or((step, ""));
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        let [theirs, ours] = [0, 1].map(|place| {
            let (program, folder) = (programs[place], folders[place].path());
            match word {
                "file" => write(folder, argument, rest),
                "run" => run(program, folder, argument),
                "plan" => plan(program, folder, argument),
                "state" => show(program, folder, &["show", "-json"]),
                "stream" => stream(program, folder, argument),
                other => panic!("{name}: no step is called {other:?}"),
            }
        });
        let mut found = Vec::new();
        match word {
            "stream" => differences_of_lines(&theirs, &ours, &mut found),
            _ => differences(&theirs, &ours, String::new(), &mut found),
        }
        comparison.steps += usize::from(theirs != Json::Null);
        for (place, what) in found {
            let is_this = |(config, step, start, _): &&(&str, &str, &str, &str)| {
                *config == name && line.contains(step) && place.starts_with(start)
            };
            match DIFFERENT.iter().position(|known| is_this(&known)) {
                Some(known) => _ = comparison.used.insert(known),
                None if MIRRORED.iter().any(|part| place.contains(part)) => comparison.mirrored += 1,
                None => comparison.complaints.push(format!("{name}: {line}: {place}: {what}")),
            }
        }
    }
    comparison
}

fn write(folder: &Path, path: &str, text: &str) -> Json {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
    fs::write(path, format!("{text}\n")).expect("the file can be written");
    Json::Null
}

fn run(program: Program, folder: &Path, arguments: &str) -> Json {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let output = program.run(folder, &arguments, "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program:?} {arguments:?}: {errors}");
    Json::Null
}

/// Returns what is said of a plan that may have errors.
fn plan(program: Program, folder: &Path, arguments: &str) -> Json {
    let arguments: Vec<&str> = ["plan", "-out=p.plan"].into_iter().chain(arguments.split_whitespace()).collect();
    program.run(folder, &arguments, "");
    let mut plan = show(program, folder, &["show", "-json", "p.plan"]);
    if let Some(plan) = plan.as_object_mut() {
        plan.remove("timestamp").expect("a plan says when it was made");
        // Terraform has them in no order.
        plan.remove("relevant_attributes");
    }
    plan
}

fn show(program: Program, folder: &Path, arguments: &[&str]) -> Json {
    let output = program.run(folder, arguments, "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8_lossy(&output.stdout);
    let json = serde_json::from_str(&text);
    in_order(without_ids(json.unwrap_or_else(|error| panic!("{program:?} {arguments:?}: {error}\n{errors}"))))
}

/// Sorts the modules inside each module: Terraform has them in no order.
fn in_order(json: Json) -> Json {
    match json {
        Json::Array(items) => items.into_iter().map(in_order).collect(),
        Json::Object(fields) => {
            let field = |(name, value): (String, Json)| {
                let mut value = in_order(value);
                if let Some(modules) = value.as_array_mut().filter(|_| name == "child_modules") {
                    modules.sort_by_key(|module| module["address"].to_string());
                }
                (name, value)
            };
            Json::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Returns the lines of a command and how it ended.
fn stream(program: Program, folder: &Path, arguments: &str) -> Json {
    let (command, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    let arguments: Vec<&str> = [command, "-json"].into_iter().chain(rest.split_whitespace()).collect();
    let output = program.run(folder, &arguments, "");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| {
        let json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{program:?}: {error}: {line}"));
        comparable(json)
    });
    json!({ "exit": output.status.code(), "lines": lines.collect::<Vec<Json>>() })
}

/// Takes out of a line what must differ: times, texts for people, versions.
fn comparable(mut line: Json) -> Json {
    let fields = line.as_object_mut().expect("a line is an object");
    for name in ["@message", "@module", "@timestamp", "gantry"] {
        fields.remove(name);
    }
    if let Some(hook) = fields.get_mut("hook").and_then(Json::as_object_mut) {
        hook.remove("elapsed_seconds");
    }
    if let Some(diagnostic) = fields.get_mut("diagnostic").and_then(Json::as_object_mut) {
        diagnostic.remove("detail");
    }
    without_ids(line)
}

/// Puts a word in the place of all random ids.
fn without_ids(json: Json) -> Json {
    let is_id = |text: &str| {
        text.len() == 36 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') && text.matches('-').count() == 4
    };
    match json {
        Json::String(text) if is_id(&text) => "ID".into(),
        Json::Array(items) => items.into_iter().map(without_ids).collect(),
        Json::Object(fields) => {
            Json::Object(fields.into_iter().map(|(name, value)| (name, without_ids(value))).collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// Collects the places where two values differ.
pub(crate) fn differences(theirs: &Json, ours: &Json, place: String, found: &mut Vec<(String, String)>) {
    match (theirs, ours) {
        (Json::Object(theirs), Json::Object(ours)) => {
            let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
            for name in names {
                let place = format!("{place}.{name}");
                match (theirs.get(name), ours.get(name)) {
                    (Some(theirs), Some(ours)) => differences(theirs, ours, place, found),
                    (Some(theirs), None) => found.push((place, format!("only Terraform has {theirs}"))),
                    (None, ours) => found.push((place, format!("only Gantry has {}", ours.unwrap_or(&Json::Null)))),
                }
            }
        }
        (Json::Array(theirs), Json::Array(ours)) if theirs.len() == ours.len() => {
            for (number, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                differences(theirs, ours, format!("{place}[{number}]"), found);
            }
        }
        _ if theirs == ours => {}
        _ => found.push((place, format!("\n  Terraform: {theirs}\n  Gantry:    {ours}"))),
    }
}

/// Collects lines that only one of the programs prints; one of each that are of one type and both there differ.
fn differences_of_lines(theirs: &Json, ours: &Json, found: &mut Vec<(String, String)>) {
    if theirs["exit"] != ours["exit"] {
        found.push(("exit".to_owned(), format!("{} and {}", theirs["exit"], ours["exit"])));
    }
    let mut count: BTreeMap<String, (Json, i64)> = BTreeMap::new();
    for (lines, step) in [(&theirs["lines"], 1), (&ours["lines"], -1)] {
        for line in lines.as_array().into_iter().flatten() {
            let entry = count.entry(sorted(line).to_string()).or_insert((line.clone(), 0));
            entry.1 += step;
        }
    }
    let kind = |line: &Json| line["type"].as_str().unwrap_or_default().to_owned();
    let left: Vec<(Json, i64)> = count.into_values().filter(|(_, count)| *count != 0).collect();
    for (line, count) in &left {
        let has_twin = left.iter().any(|(other, other_count)| kind(other) == kind(line) && *other_count == -count);
        let sign = match (has_twin, *count > 0) {
            (true, _) => '~',
            (false, true) => '-',
            (false, false) => '+',
        };
        let who = if *count > 0 { "Terraform" } else { "Gantry" };
        found.push((format!("{sign} {}", kind(line)), format!("only {who} prints {line}")));
    }
}

/// Returns the same with all names in order.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Object(fields) => {
            let fields: BTreeMap<&String, Json> = fields.iter().map(|(name, value)| (name, sorted(value))).collect();
            Json::Object(fields.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        other => other.clone(),
    }
}
