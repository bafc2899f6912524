//! How long an apply takes, beside the longest way through its steps: nothing may wait that need not.
//!
//! The longest way is that through the graphs of the plans, with the time that each step took: a step waits for what it was
//! configured from and for what it stands on, whichever stages these are in, and for nothing else.

use std::collections::HashMap;
use std::time::Duration;

use super::machine::{Aim, Cut, Ended, Machine};

/// How much longer than its longest way an apply may take.
const RATIO_MAX: f64 = 1.05;
/// The same for two clusters side by side: the contents of both wait for both.
const RATIO_MAX_OF_TWO: f64 = 1.25;

/// Returns the longest way through the steps that were taken, with what is on it.
fn critical_path(ended: &Ended) -> Way {
    let durations: HashMap<&str, Duration> =
        ended.taken.iter().map(|taken| (taken.name.as_str(), taken.ended - taken.began)).collect();
    // By name: how long it takes until a step is done, and by way of what.
    let mut done: HashMap<String, Way> = HashMap::new();
    let mut longest = Way::default();
    for stage in &ended.stages {
        let mut found: Vec<Option<Way>> = vec![None; stage.len()];
        for place in 0..stage.len() {
            settle(stage, place, (&durations, &done), &mut found);
        }
        for (planned, way) in stage.iter().zip(found) {
            let way = way.expect("each step has a way");
            if way.0 > longest.0 {
                longest.clone_from(&way);
            }
            if !planned.name.is_empty() {
                done.insert(planned.name.clone(), way);
            }
        }
    }
    longest
}

/// How long something takes, and by way of what.
type Way = (Duration, Vec<String>);

/// Finds the way to the end of a step, after those to the steps that it waits for.
fn settle(
    stage: &[super::machine::Planned],
    place: usize,
    around: (&HashMap<&str, Duration>, &HashMap<String, Way>),
    found: &mut [Option<Way>],
) {
    if found[place].is_some() {
        return;
    }
    let (durations, done) = around;
    let planned = &stage[place];
    let mut before = Way::default();
    for wait in &planned.waits {
        settle(stage, *wait, around, found);
        let way = found[*wait].as_ref().expect("it was just found");
        if way.0 > before.0 {
            before = way.clone();
        }
    }
    for need in &planned.needs {
        // Without a key all instances are meant.
        let is_it =
            |name: &String| name.strip_prefix(need.as_str()).is_some_and(|key| key.is_empty() || key.starts_with('['));
        for (_, way) in done.iter().filter(|(name, _)| is_it(name)) {
            if way.0 > before.0 {
                before = way.clone();
            }
        }
    }
    if let Some(duration) = durations.get(planned.name.as_str()) {
        before.0 += *duration;
        before.1.push(format!("{} {:.1} s", planned.name, duration.as_secs_f64()));
    }
    found[place] = Some(before);
}

/// Applies an example from nothing, and compares.
fn check_example(example: &str, replace: &[(&str, &str)]) {
    let path = format!("{}/examples/{example}/main.gantry.hcl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the example is there");
    check(&replace.iter().fold(text, |text, (from, to)| text.replace(from, to)), RATIO_MAX);
}

/// Applies a configuration from nothing, and destroys what it made.
fn check(text: &str, ratio_max: f64) {
    let mut machine = Machine::new(1);
    machine.write(text);
    let ended = machine.run(Aim::Apply, Cut::Not);
    assert!(ended.errors.is_empty(), "{}", machine.log.join("\n"));
    compare(&machine, &ended, ("apply", ratio_max));
    let ended = machine.run(Aim::Destroy, Cut::Not);
    assert!(ended.errors.is_empty(), "{}", machine.log.join("\n"));
    compare(&machine, &ended, ("destroy", ratio_max));
}

fn compare(machine: &Machine, ended: &Ended, (what, ratio_max): (&str, f64)) {
    let makespan = ended.span.1 - ended.span.0;
    let longest = critical_path(ended);
    let ratio = makespan.as_secs_f64() / longest.0.as_secs_f64();
    eprintln!("{what}: {:.1} s, {ratio:.3} of its longest way", makespan.as_secs_f64());
    let detail = || format!("{}\nthe longest way:\n  {}", machine.log.join("\n"), longest.1.join("\n  "));
    assert!(ratio <= ratio_max, "{what} takes {ratio:.3} times as long as it must:\n{}", detail());
}

#[test]
fn spark_on_eks_takes_hardly_longer_than_its_longest_way() {
    check_example("eks-spark", &[]);
}

#[test]
fn the_quickstart_on_eks_takes_hardly_longer_than_its_longest_way() {
    check_example(
        "quickstart",
        &[
            ("\"sandbox\"", "\"eks\""),
            ("cluster \"lake\"", "provider \"aws\" {\n  region = \"eu-west-1\"\n}\n\ncluster \"lake\""),
        ],
    );
}

#[test]
fn two_clusters_are_made_side_by_side() {
    let cluster = |name: &str| {
        format!(
            "cluster \"{name}\" {{\n  platform = \"eks\"\n  version = \"1.35\"\n  pool \"core\" {{\n    machine = \"large\"\n    min = 2\n  }}\n}}\n\
             addon \"spark\" \"on-{name}\" {{\n  cluster = cluster.{name}\n  workers = 1\n  expose = true\n}}\n"
        )
    };
    let provider = "provider \"aws\" {\n  region = \"eu-west-1\"\n}\n";
    check(&format!("{provider}{}{}", cluster("lake"), cluster("pond")), RATIO_MAX_OF_TWO);
}
