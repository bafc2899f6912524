//! Tests of modules in both programs: the same verdicts, the same lines, the same JSON and the same file for CI systems.
//!
//! The modules with their tests are in `tests/terraform/tests/`: a sentence, then steps, each behind a line of its own.
//!
//! - `-- file PATH`: writes the lines that follow to a file
//! - `-- test ARGUMENTS`: runs `test` in both programs: as it is, with `-json`, with `-junit-xml`

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::program::{Program, in_parallel, is_terraform_there};

/// What differs on purpose: the scenario, the start of the place, a part of what is there, and why.
const DIFFERENT: &[(&str, &str, &str, &str)] = &[
    // sorted
    ("broken-overrides", "json", "Duplicate override_resource", ORDER),
    ("expected", "json", "Expected failure while planning", "the warning shows the line that expects the failure"),
    ("options", "json", "Applied changes may be incomplete", TARGETS),
    ("options", "junit", "Applied changes may be incomplete", TARGETS),
    ("overrides", "json", "Failed to compute attribute", "the address says which object it is"),
];

const ORDER: &str = "what is wrong inside of a block is said before what is wrong with all of them";
const TARGETS: &str = "the warning about targets says it already";

#[test]
fn tests_come_out_as_in_terraform() {
    if !is_terraform_there("tests of modules beside Terraform's") {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform/tests");
    let entries = fs::read_dir(&folder).expect("the folder can be listed");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry can be read").path()).collect();
    paths.sort();
    assert!(paths.len() >= 16, "there are {} scenarios", paths.len());
    let results = in_parallel(&paths, |path| {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("the name is text").to_owned();
        let text = fs::read_to_string(path).expect("the scenario can be read");
        let (theirs, ours) = (play(Program::Terraform, &text), play(Program::Gantry, &text));
        assert_eq!(theirs.len(), ours.len());
        (name, theirs.into_iter().zip(ours).collect::<Vec<_>>())
    });
    let (mut complaints, mut used, mut compared) = (Vec::new(), BTreeSet::new(), 0);
    for (name, outputs) in results {
        for ((place, theirs), (_, ours)) in outputs {
            compared += 1;
            for line in different_lines(&theirs, &ours) {
                let is_this = |(scenario, start, part, _): &&(&str, &str, &str, &str)| {
                    *scenario == name && place.starts_with(start) && line.contains(part)
                };
                match DIFFERENT.iter().position(|known| is_this(&known)) {
                    Some(known) => _ = used.insert(known),
                    None => complaints.push(format!("{name}: {place}: {line}")),
                }
            }
        }
    }
    println!("tests: {compared} outputs compared with Terraform's");
    let unused = (0..DIFFERENT.len()).filter(|place| !used.contains(place)).map(|place| DIFFERENT[place]);
    let unused: Vec<_> = unused.collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(unused.is_empty(), "no longer different: {unused:#?}");
    assert!(DIFFERENT.is_sorted(), "the list of differences is not sorted");
}

/// Returns what a program makes of the tests of a scenario: where it was said, and its lines.
fn play(program: Program, scenario: &str) -> Vec<(String, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = folder.path();
    let mut outputs = Vec::new();
    for step in scenario.split("\n-- ").skip(1) {
        let (line, rest) = step.split_once('\n').unwrap_or((step, ""));
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "file" => {
                let path = folder.join(argument);
                fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
                fs::write(path, format!("{rest}\n")).expect("the file can be written");
            }
            "test" => outputs.extend(test(program, folder, argument)),
            other => panic!("no step is called {other:?}"),
        }
    }
    outputs
}

fn test(program: Program, folder: &Path, arguments: &str) -> Vec<(String, Vec<String>)> {
    if program == Program::Terraform {
        // It refuses what the tests refuse as well.
        program.run(folder, &["init"], "");
    }
    let run = |flag: &str| {
        let all: Vec<&str> = ["test", flag].into_iter().chain(arguments.split_whitespace()).collect();
        program.run(folder, &all, "")
    };
    let text = run("-no-color");
    let shown = String::from_utf8_lossy(&text.stdout).into_owned();
    let is_about_runs = |line: &&str| line.contains("... ") || line.contains("passed, ");
    let mut lines: Vec<String> = shown.lines().filter(is_about_runs).map(str::to_owned).collect();
    lines.push(format!("exit {:?}", text.status.code()));
    let json = String::from_utf8_lossy(&run("-json").stdout).into_owned();
    run("-junit-xml=junit.xml");
    let junit = fs::read_to_string(folder.join("junit.xml")).unwrap_or_default();
    let _ = fs::remove_file(folder.join("junit.xml"));
    vec![
        (format!("text {arguments}"), lines),
        (format!("json {arguments}"), in_one_order(json.lines().map(comparable).collect())),
        (format!("junit {arguments}"), junit.lines().filter_map(comparable_xml).collect()),
    ]
}

/// Puts diagnostics that follow each other and have one summary in order: Terraform keeps none among overrides.
fn in_one_order(mut lines: Vec<String>) -> Vec<String> {
    let summary = |line: &String| Some(line.split_once(",summary:")?.1.split(',').next()?.to_owned());
    let is_same = |one: &String, other: &String| summary(one).is_some() && summary(one) == summary(other);
    lines.chunk_by_mut(is_same).for_each(<[String]>::sort);
    lines
}

/// Takes out of a line of JSON what must differ: times, versions, texts for people, columns.
fn comparable(line: &str) -> String {
    let mut line: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let fields = line.as_object_mut().expect("a line is an object");
    for name in ["@message", "@module", "@timestamp", "gantry"] {
        fields.remove(name);
    }
    if let Some(run) = fields.get_mut("test_run").and_then(Json::as_object_mut) {
        // Only we say how long it took.
        run.remove("elapsed");
    }
    if let Some(diagnostic) = fields.get_mut("diagnostic") {
        let place = &diagnostic["range"];
        *diagnostic = json!({
            "severity": diagnostic["severity"],
            "summary": diagnostic["summary"],
            "values": diagnostic["snippet"]["values"],
            "context": diagnostic["snippet"]["context"],
            "file": place["filename"],
            "line": place["start"]["line"],
        });
    }
    // Names come in some order.
    let mut parts: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", sorted(value))).collect();
    parts.sort();
    parts.join(" ")
}

fn sorted(json: &Json) -> String {
    match json {
        Json::Object(fields) => {
            let mut parts: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}:{}", sorted(value))).collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

/// Returns the lines of XML that are not texts for people, without times.
fn comparable_xml(line: &str) -> Option<String> {
    let is_kept = line.trim_start().starts_with('<') || line.starts_with("Error: ") || line.starts_with("Warning: ");
    let without = |line: &str, name: &str| match line.split_once(&format!(" {name}=\"")) {
        Some((before, rest)) => format!("{before}{}", rest.split_once('"').map_or("", |(_, rest)| rest)),
        None => line.to_owned(),
    };
    is_kept.then(|| without(&without(line, "time"), "timestamp"))
}

/// Returns the lines that only one side has, each with who has it.
fn different_lines(theirs: &[String], ours: &[String]) -> Vec<String> {
    let difference = similar::TextDiff::from_slices(
        &theirs.iter().map(String::as_str).collect::<Vec<_>>(),
        &ours.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let changes = difference.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    let who = |tag| if tag == similar::ChangeTag::Delete { "only Terraform has" } else { "only Gantry has" };
    changes.map(|change| format!("{} {}", who(change.tag()), change.value())).collect()
}
