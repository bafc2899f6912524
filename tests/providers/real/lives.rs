//! One configuration with several real providers and ours, from its first plan to its end, in both programs.

use serde_json::Value as Json;

use super::chance::Chance;
use super::{differences, json, run, worlds};
use crate::providers::world::{GANTRY, World};

const BEFORE: &str = include_str!("before.tf");
const AFTER: &str = include_str!("after.tf");

/// The steps whose plans are looked at.
const STEPS: [&str; 5] = ["create", "nothing", "change", "nothing again", "destroy"];

/// What differs on purpose: a part of the place, and why.
const DIFFERENT: [(&str, &str); 3] = [
    (".depends_on", "state holds direct dependencies, not those behind them"),
    (".identity", "Terraform 1.11 knows nothing of identities"),
    (
        ".sensitive_values.sensitive_content",
        "of an object that is replaced Terraform forgets what its schema says is sensitive",
    ),
];

/// Runs a whole life and returns what `show -json` says of the plans of its steps and of the state between them.
fn life(world: &World, program: &str) -> Vec<Json> {
    let mut chance = Chance::default();
    let mut said = Vec::new();
    for step in STEPS {
        match step {
            "create" => world.write("main.tf", BEFORE),
            "change" => world.write("main.tf", AFTER),
            _ => {}
        }
        run(world, program, &["validate"]);
        let flags: &[&str] = if step == "destroy" { &["-destroy"] } else { &[] };
        let is_empty = step.starts_with("nothing");
        let arguments = [&["plan", "-out=p.plan", "-detailed-exitcode"], flags].concat();
        let output = super::output(world, program, &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(if is_empty { 0 } else { 2 }), "{program}: {step}: {errors}");
        let mut plan = json(world, program, &["show", "-json", "p.plan"]);
        for varying in ["timestamp", "relevant_attributes"] {
            plan.as_object_mut().expect("a plan is an object").remove(varying);
        }
        said.push(chance.without(plan));
        run(world, program, &["apply", "p.plan"]);
        let state = json(world, program, &["show", "-json"]);
        chance.learn(&state);
        said.push(chance.without(state));
    }
    assert_eq!(run(world, program, &["state", "list"]).trim(), "", "{program}: nothing is left");
    said
}

#[test]
fn real_providers_live_the_same_life_in_both_programs() {
    let worlds = worlds("the life of real providers", &["local", "null", "random", "time", "tls"]);
    let mut lives = Vec::new();
    for (program, mut world) in worlds {
        world.fake();
        lives.push(life(&world, program));
        if program == GANTRY {
            world.nothing_lingers();
        }
    }
    let [ours, theirs] = &lives[..] else { return };
    assert_eq!(ours[0]["resource_changes"].as_array().map(Vec::len), Some(9), "{}", ours[0]);
    let mut complaints = Vec::new();
    for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let what = if number % 2 == 0 { "plan" } else { "state" };
        complaints.extend(differences(theirs, ours, &format!("{} ({what}) ", STEPS[number / 2])));
    }
    for (part, why) in DIFFERENT {
        let before = complaints.len();
        complaints.retain(|(place, _)| !place.contains(part));
        assert!(complaints.len() < before, "{part} does not differ any more: {why}");
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}
