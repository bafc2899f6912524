//! Everything between an empty account and objects in a cluster, by chance: configurations, edits, faults and kills.
//!
//! The engine and the providers run here with the real SDKs, against a sandbox whose time jumps. A run that is killed is one
//! that is dropped where it is, with all its connections; what its state had not brought to the disk is gone. After some of
//! those a run without faults must converge: nothing is left to plan, and the world has what the state says, each object
//! once. Everything is destroyed in the end, and nothing is left.
//!
//! `GANTRY_SEEDS_TIMES=25` runs 500 seeds (`GANTRY_SEEDS_FROM=501`: others than usual), `GANTRY_SEED=7` one, and tells what
//! happens in it.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a seed that fails is told with all that happened in it")]

#[path = "benchmark/calls.rs"]
mod calls;
mod check;
mod ground;
mod imports;
mod machine;
mod makespan;
mod model;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine::{Aim, Cut, Machine};
use model::{Model, one_of};
use sandbox::{Effect, Fault};
use state::simulated::Seeded;

/// Seeds that are run, unless the environment wants more.
const SEEDS: u64 = 20;
/// What others delete behind our backs.
const LOSSES: &[&str] = &[
    "ec2/launch-templates",
    "eks/addons",
    "eks/nodegroups",
    "iam/policies",
    "kubernetes/core/configmaps",
    "kubernetes/core/secrets",
    "kubernetes/core/serviceaccounts",
    "kubernetes/storage.k8s.io/storageclasses:proof",
];
/// What controllers take away when everything is gone is gone after so long.
const SETTLED_AFTER: Duration = Duration::from_secs(900);

#[allow(clippy::disallowed_methods, reason = "a switch of the test, not of the program")]
fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn seeded_runs_with_faults_and_kills_lose_nothing_and_double_nothing() {
    if let Some(seed) = variable("GANTRY_SEED") {
        let (log, wrong) = story(seed);
        eprintln!("{}", log.join("\n"));
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        return;
    }
    let seeds = SEEDS * variable("GANTRY_SEEDS_TIMES").unwrap_or(1);
    let first = variable("GANTRY_SEEDS_FROM").unwrap_or(1);
    let (next, failed) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let tally = Tally::default();
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    let (log, wrong) = story(seed);
                    tally.add(&log);
                    if !wrong.is_empty() {
                        let command = "cargo test --test main -- --nocapture vertical::seeded";
                        eprintln!("{}\nseed {seed}: {wrong:#?}\nGANTRY_SEED={seed} {command}", log.join("\n"));
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(seed);
                    }
                }
            });
        }
    });
    eprintln!("{seeds} seeds: {tally:?}");
    assert!(tally.is_rough(), "too little went wrong to show anything: {tally:?}");
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failed.is_empty(), "of {seeds} seeds these failed: {failed:?}");
}

/// What happened in all seeds together.
#[derive(Debug, Default)]
struct Tally {
    runs: AtomicU64,
    killed: AtomicU64,
    /// Runs that were killed while calls were under way.
    killed_in_calls: AtomicU64,
    failed: AtomicU64,
    steps: AtomicU64,
}

impl Tally {
    fn add(&self, log: &[String]) {
        let count = |start: &str| log.iter().filter(|line| line.starts_with(start)).count() as u64;
        let add = |to: &AtomicU64, count| _ = to.fetch_add(count, Ordering::Relaxed);
        add(&self.runs, count("run: "));
        add(&self.killed, count("cut off"));
        add(&self.killed_in_calls, count("cut off, with"));
        add(&self.failed, count("ended\n"));
        add(&self.steps, log.iter().filter(|line| line.contains(" ended ")).count() as u64);
    }

    fn is_rough(&self) -> bool {
        [&self.killed, &self.killed_in_calls, &self.failed].iter().all(|count| count.load(Ordering::Relaxed) > 0)
    }
}

/// Runs one seed; returns what happened, and what is wrong.
fn story(seed: u64) -> (Vec<String>, Vec<String>) {
    let mut random = Seeded::new(seed);
    let mut machine = Machine::new(seed);
    let mut model = Model::new(&mut random);
    let wrong = tell(&mut machine, &mut model, &mut random);
    let log = std::mem::take(&mut machine.log);
    (log, wrong.err().unwrap_or_default())
}

fn tell(machine: &mut Machine, model: &mut Model, random: &mut Seeded) -> Result<(), Vec<String>> {
    for _ in 0..1 + random.below(3) {
        machine.write(&model.text());
        trouble(machine, random);
        machine.run(Aim::Apply, cut(random));
        if one_of(random, 8) {
            machine.run(Aim::Destroy, cut(random));
        }
        for _ in 0..1 + random.below(3) {
            model.edit(random);
        }
    }
    converges(machine, model)?;
    for _ in 0..1 + random.below(2) {
        model.edit(random);
    }
    if one_of(random, 2) {
        machine.write(&model.text());
        trouble(machine, random);
        machine.run(Aim::Apply, cut(random));
    }
    converges(machine, model)?;
    while one_of(random, 3) {
        trouble(machine, random);
        machine.run(Aim::Destroy, cut(random));
    }
    machine.ground.heal();
    let ended = machine.run(Aim::Destroy, Cut::Not);
    if !ended.errors.is_empty() {
        return Err(ended.errors);
    }
    machine.ground.pass(SETTLED_AFTER);
    let left = machine.ground.frame.world.look(|records| check::left(&machine.ledger(), records));
    if left.is_empty() { Ok(()) } else { Err(left) }
}

/// A run without faults brings the world to what is configured; there is nothing to do after it.
fn converges(machine: &mut Machine, model: &Model) -> Result<(), Vec<String>> {
    machine.ground.heal();
    // What others began ends, too.
    machine.ground.pass(SETTLED_AFTER);
    machine.write(&model.text());
    let applied = machine.run(Aim::Apply, Cut::Not);
    if !applied.errors.is_empty() {
        machine.say(model.text());
        return Err(applied.errors);
    }
    let planned = machine.run(Aim::Plan, Cut::Not);
    let mut wrong: Vec<String> = planned.errors;
    wrong.extend(planned.changes.iter().map(|change| format!("still planned: {change}")));
    wrong.extend(machine.ground.frame.world.look(|records| check::converged(&machine.ledger(), records)));
    if !wrong.is_empty() {
        machine.say(model.text());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Chooses when a run is killed, early more often than late; some are not.
fn cut(random: &mut Seeded) -> Cut {
    let scale = 1 << random.below(7);
    match random.below(4) {
        0 => Cut::Commits(1 + random.below(3 * scale)),
        1 => Cut::Syncs(1 + random.below(scale)),
        2 => Cut::After(Duration::from_millis(random.below(20 * scale * scale * scale / 4 + 1))),
        _ => Cut::Not,
    }
}

/// Chooses what goes wrong from now on.
fn trouble(machine: &mut Machine, random: &mut Seeded) {
    let faults = &machine.ground.frame.faults;
    faults.clear();
    let mut said = Vec::new();
    for _ in 0..random.below(5) {
        let fault = fault(random);
        said.push(format!("fault: {fault:?}"));
        faults.add(fault);
    }
    machine.log.extend(said);
}

fn fault(random: &mut Seeded) -> Fault {
    let service = ["ec2", "eks", "iam", "kubernetes"][random.below(4) as usize];
    let operations: &[&str] = match service {
        "kubernetes" => &["create*", "patch*", "delete*", "list*", "get*"],
        "ec2" => &["Create*", "Delete*", "Describe*", "Authorize*", "Associate*"],
        _ => &["Create*", "Delete*", "Describe*", "Attach*", "Update*", "Get*"],
    };
    let operation = (!one_of(random, 3)).then(|| operations[random.below(operations.len() as u64) as usize]);
    let effect = match random.below(11) {
        0 | 1 => Effect::Throttle,
        2 => Effect::Error { code: "ServiceUnavailable".to_owned(), status: 503 },
        3 => Effect::Error { code: "InternalFailure".to_owned(), status: 500 },
        4 => Effect::Error { code: "AccessDenied".to_owned(), status: 403 },
        5 => Effect::ResetBefore,
        6 | 7 => Effect::ResetAfter,
        8 => Effect::Latency(1 + random.below(20)),
        9 => Effect::Delete(LOSSES[random.below(LOSSES.len() as u64) as usize].to_owned()),
        _ => Effect::Stuck,
    };
    // What goes wrong now and then, or for a while, or for good.
    let times = match (&effect, random.below(3)) {
        (Effect::Delete(_) | Effect::Stuck, _) => Some(1),
        (_, 0) => Some(1 + random.below(4) as u32),
        (_, 1) => Some(10 + random.below(30) as u32),
        _ => None,
    };
    let percent = if times.is_none() { Some(2 + random.below(40) as u8) } else { one_of(random, 2).then_some(30) };
    Fault { service: Some(service.to_owned()), operation: operation.map(str::to_owned), times, percent, effect }
}

#[test]
fn a_plan_that_finds_nothing_asks_hardly_more_than_it_must() {
    let (objects, groups) = (variable("GANTRY_OBJECTS").unwrap_or(250) as usize, 30);
    let mut machine = Machine::new(1);
    machine.write(&calls::configuration(objects, groups));
    let applied = machine.run(Aim::Apply, Cut::Not);
    assert!(applied.errors.is_empty(), "{:?}", applied.errors);
    let before = machine.ground.frame.log.entries().len();
    let planned = machine.run(Aim::Plan, Cut::Not);
    assert!(planned.errors.is_empty() && planned.changes.is_empty(), "{planned:?}");
    let mut asked = std::collections::BTreeMap::new();
    for entry in machine.ground.frame.log.entries().split_off(before) {
        *asked.entry(calls::counted(&entry.service, &entry.operation)).or_default() += 1;
    }
    let (ratio, table) = calls::compare(&asked, groups);
    eprintln!("{table}");
    assert!(ratio <= calls::RATIO_MAX, "{table}");
}

#[test]
fn what_a_cluster_leaves_is_swept_by_the_next_run_if_the_first_is_killed() {
    let lake = r#"
provider "aws" {}
data "aws_iam_policy_document" "eks" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "lake" {
  name               = "lake"
  assume_role_policy = data.aws_iam_policy_document.eks.json
}
resource "aws_iam_role_policy_attachment" "lake" {
  role       = aws_iam_role.lake.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}
resource "aws_vpc" "lake" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "lake" {
  count             = 2
  vpc_id            = aws_vpc.lake.id
  cidr_block        = "10.0.${count.index}.0/24"
  availability_zone = "eu-west-1${["a", "b"][count.index]}"
}
resource "aws_eks_cluster" "lake" {
  name     = "lake"
  role_arn = aws_iam_role.lake.arn
  vpc_config { subnet_ids = aws_subnet.lake[*].id }
  depends_on = [aws_iam_role_policy_attachment.lake]
}
"#;
    // As the controller for load balancers makes it.
    let left = r#"
resource "aws_security_group" "left" {
  name   = "k8s-elb-web"
  vpc_id = aws_vpc.lake.id
  tags   = { "kubernetes.io/cluster/lake" = "owned", "kubernetes.io/service-name" = "default/web" }
}
"#;
    let forgotten = "removed {\n  from = aws_security_group.left\n  lifecycle {\n    destroy = false\n  }\n}\n";
    let mut machine = Machine::new(1);
    for more in [left, forgotten] {
        machine.write(&format!("{lake}{more}"));
        assert_eq!(machine.run(Aim::Apply, Cut::Not).errors, Vec::<String>::new());
    }
    assert!(machine.run(Aim::Destroy, Cut::Gone("aws/eks/eu-west-1/clusters/")).is_cut);
    assert_eq!(machine.ledger().open.len(), 1, "the deletion has not ended: {:?}", machine.log);
    assert_eq!(machine.run(Aim::Destroy, Cut::Not).errors, Vec::<String>::new(), "{:?}", machine.log);
    let left = machine.ground.frame.world.look(|records| check::left(&machine.ledger(), records));
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_group_whose_creation_is_killed_lets_nothing_out() {
    let network = "provider \"aws\" {}\nresource \"aws_vpc\" \"v\" {\n  cidr_block = \"10.0.0.0/16\"\n}\n";
    let group = "resource \"aws_security_group\" \"g\" {\n  name = \"g\"\n  vpc_id = aws_vpc.v.id\n}\n";
    let mut machine = Machine::new(1);
    machine.write(network);
    assert!(machine.run(Aim::Apply, Cut::Not).errors.is_empty());
    machine.write(&format!("{network}{group}"));
    assert!(machine.run(Aim::Apply, Cut::Commits(1)).is_cut, "the group is made, and nothing more");
    assert!(machine.run(Aim::Apply, Cut::Not).errors.is_empty());
    let open = machine.ground.frame.world.look(|records| {
        let groups = records.under("aws/ec2/eu-west-1/security-groups/");
        let ours = groups.filter(|(_, text)| text.contains(r#""groupName":"g""#));
        ours.filter(|(_, text)| text.contains("0.0.0.0/0")).count()
    });
    assert_eq!(open, 0, "EC2 lets everything out of a new group, and nobody asked for that");
}

#[test]
fn pains_10_and_11_a_version_that_the_cloud_has_raised_is_never_lowered() {
    let configured = |version: &str| {
        let text = calls::configuration(0, 0);
        assert!(text.contains("\"1.35\""));
        text.replace("\"1.35\"", &format!("{version:?}"))
    };
    let mut machine = Machine::new(1);
    machine.write(&configured("1.34"));
    assert!(machine.run(Aim::Apply, Cut::Not).errors.is_empty(), "{:?}", machine.log);
    let effect = Effect::Upgrade("many".to_owned());
    let fault = Fault { service: None, operation: None, times: Some(1), percent: None, effect };
    machine.ground.frame.faults.add(fault);
    machine.run(Aim::Plan, Cut::Not);
    machine.ground.pass(Duration::from_secs(3600));
    let version = |machine: &Machine| {
        let record = "aws/eks/eu-west-1/clusters/many";
        let cluster = machine.ground.frame.world.look(|records| records.get::<serde_json::Value>(record));
        cluster.expect("it is there")["version"].as_str().map(str::to_owned)
    };
    assert_eq!(version(&machine).as_deref(), Some("1.35"), "the cloud has raised it");
    let planned = machine.run(Aim::Plan, Cut::Not);
    assert!(planned.errors.is_empty(), "{:?}", planned.errors);
    assert!(planned.changes.is_empty(), "{:?}", planned.changes);
    machine.write(&configured("1.36"));
    assert!(machine.run(Aim::Apply, Cut::Not).errors.is_empty(), "{:?}", machine.log);
    assert_eq!(version(&machine).as_deref(), Some("1.36"));
}
