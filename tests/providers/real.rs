//! Providers that nobody here has written, in Gantry and in Terraform.
//!
//! They are looked for in `tmp/providers` of the target folder, where `.ci/run` puts those that can be installed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::world::{GANTRY, World};

const BEFORE: &str = include_str!("real/before.tf");
const AFTER: &str = include_str!("real/after.tf");

/// Adds the plugins of these names; where one is not there, says so and returns nothing.
fn world(what: &str, names: &[&str]) -> Option<World> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("providers");
    let mut world = World::new();
    for name in names {
        let program: PathBuf = folder.join(format!("terraform-provider-{name}"));
        if !program.is_file() {
            println!("skipped: {what}: {} is not there", program.display());
            return None;
        }
        world.program(&format!("hashicorp/{name}"), &program);
    }
    Some(world)
}

/// What a plan does, by address: its actions and the values that are planned.
type Planned = BTreeMap<String, (String, Vec<String>)>;

/// Runs a whole life and returns the plans of its steps.
fn life(world: &World, program: &str) -> Vec<Planned> {
    let run = |arguments: &[&str]| {
        let output = world.command(program, arguments).output().expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {text}\n{errors}");
        text
    };
    let mut plans = Vec::new();
    world.write("main.tf", BEFORE);
    run(&["validate"]);
    plans.push(planned(&run(&["plan", "-no-color"])));
    run(&["apply", "-auto-approve"]);
    assert!(run(&["plan", "-no-color"]).contains("No changes"), "{program}: a second plan is empty");
    world.write("main.tf", AFTER);
    plans.push(planned(&run(&["plan", "-no-color"])));
    run(&["apply", "-auto-approve"]);
    assert!(run(&["plan", "-no-color"]).contains("No changes"), "{program}: a second plan is empty");
    plans.push(planned(&run(&["plan", "-destroy", "-no-color"])));
    run(&["destroy", "-auto-approve"]);
    assert_eq!(run(&["state", "list"]).trim(), "", "{program}: nothing is left");
    plans
}

/// Reads the text of a plan.
fn planned(text: &str) -> Planned {
    let mut plan = Planned::new();
    let mut current = None;
    for line in text.lines() {
        if let Some((address, action)) = line.strip_prefix("  # ").and_then(|header| header.split_once(' ')) {
            plan.entry(address.to_owned()).or_default().0 = action.to_owned();
            current = Some(address.to_owned());
        } else if line.starts_with("  }") || line.starts_with("    }") || line.is_empty() {
            current = None;
        } else if let Some(entry) = current.as_ref().and_then(|address| plan.get_mut(address)) {
            entry.1.extend(without_chance(line));
        }
    }
    plan
}

/// Returns a line of an attribute without what chance has put there: values that are no more, and those of random
/// attributes. Other lines are left out: texts over several lines, remarks on what is hidden.
fn without_chance(line: &str) -> Option<String> {
    let (name, value) = line.split_once(" = ")?;
    // Names are padded to the longest.
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_random = value.len() == 10 && value[1..9].bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_old = name.starts_with('-') || value.contains("->");
    Some(if is_random || is_old { name } else { format!("{name} = {value}") })
}

#[test]
fn real_providers_live_the_same_life_in_both_programs() {
    const NAMES: [&str; 5] = ["local", "null", "random", "time", "tls"];
    let Some(mut ours) = world("the life of real providers", &NAMES) else { return };
    ours.fake();
    let plans = life(&ours, GANTRY);
    ours.nothing_lingers();
    assert_eq!(plans[0].len(), 9, "{:?}", plans[0].keys());
    if Command::new("terraform").arg("version").output().is_err() {
        return println!("skipped: the life of real providers beside Terraform's: terraform does not run");
    }
    let Some(mut theirs) = world("the life of real providers", &NAMES) else { return };
    theirs.fake();
    let expected = life(&theirs, "terraform");
    let mut complaints = Vec::new();
    for (step, (ours, theirs)) in plans.iter().zip(&expected).enumerate() {
        let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        let differing = keys.into_iter().filter(|key| ours.get(*key) != theirs.get(*key));
        complaints
            .extend(differing.map(|key| format!("plan {step}: {key}\n{:#?}\n{:#?}", ours.get(key), theirs.get(key))));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_sleep_cut_off_by_the_end_of_its_provider_is_slept_again() {
    let Some(world) = world("a killed provider", &["time"]) else { return };
    let sleep = |duration| format!("resource \"time_sleep\" \"a\" {{\n  create_duration = \"{duration}\"\n}}\n");
    world.write("main.tf", &sleep("30s"));
    let child = world.start(&["apply", "-auto-approve"]);
    assert!(super::world::eventually(|| world.starts().len() == 1), "the provider is started");
    std::thread::sleep(std::time::Duration::from_secs(2));
    super::world::signal(world.starts()[0].1, "KILL");
    let output = child.wait_with_output().expect("gantry ends");
    let errors = super::world::one_line(&String::from_utf8_lossy(&output.stderr));
    assert!(errors.contains("was killed by signal 9"), "{errors}");
    world.write("main.tf", &sleep("1s"));
    world.run(&["apply", "-auto-approve"]);
    assert!(world.run(&["plan"]).contains("No changes"));
}

#[test]
fn an_interrupt_reaches_the_provider() {
    let Some(world) = world("an interrupt", &["time"]) else { return };
    world.write("main.tf", "resource \"time_sleep\" \"a\" {\n  create_duration = \"60s\"\n}\n");
    let child = world.start(&["apply", "-auto-approve"]);
    assert!(super::world::eventually(|| world.starts().len() == 1), "the provider is started");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let begin = std::time::Instant::now();
    super::world::signal(child.id(), "INT");
    let output = child.wait_with_output().expect("gantry ends");
    assert!(!output.status.success());
    assert!(begin.elapsed() < std::time::Duration::from_secs(20), "the provider stops sleeping when it is told to");
}

#[test]
fn the_log_shows_what_a_provider_says() {
    let Some(world) = world("a log", &["random"]) else { return };
    world.write("main.tf", "resource \"random_id\" \"a\" {\n  byte_length = 4\n}\n");
    let mut command = world.command(GANTRY, &["plan"]);
    let output = command.env("TF_LOG", "trace").env("TF_LOG_PATH", world.path("log")).output().expect("gantry starts");
    assert!(output.status.success());
    let log = std::fs::read_to_string(world.path("log")).expect("there is a log");
    assert!(log.contains("[TRACE] terraform-provider-random: ") && log.contains("PlanResourceChange"), "{log}");
}
