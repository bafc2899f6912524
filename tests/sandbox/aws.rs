//! The provider `aws` in the sandbox: whole lives of clusters, with the real SDK.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Ran, Sandbox, gantry, run, wait_for};

const CONFIGURATION: &str = include_str!("aws.tf");

fn write(folder: &Path, changes: &[(&str, &str)]) {
    let text = changes.iter().fold(CONFIGURATION.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "there is nothing to change: {from}");
        text.replace(from, to)
    });
    fs::write(folder.join("main.tf"), text).expect("a file");
}

#[track_caller]
fn check(folder: &Path, arguments: &[&str], said: &[&str]) -> Ran {
    let ran = run(&mut gantry(folder, arguments));
    let text = format!("{}{}", ran.out, ran.err);
    for said in said {
        assert!(ran.is_good && text.contains(said), "{arguments:?}: {said}\n{text}");
    }
    ran
}

/// Applies changes of the configuration, and sees that nothing is left to do.
#[track_caller]
fn change(folder: &Path, changes: &[(&str, &str)], said: &[&str]) -> Ran {
    write(folder, changes);
    let ran = check(folder, &["apply", "-auto-approve"], said);
    check(folder, &["plan"], &["No changes"]);
    ran
}

#[test]
fn a_cluster_lives_from_nothing_to_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let made = change(folder, &[], &["Apply complete! Resources: 20 added, 0 changed, 0 destroyed", "172.20.0.0/16"]);
    assert!(made.err.contains("Access entry taken over") || made.out.contains("Access entry taken over"), "{made:#?}");

    // Each kind of change of the cluster is a call of its own, one after the other.
    let mut changes = vec![
        (
            "tags       = { tier = \"one\" }",
            "tags = { tier = \"two\" }\n  enabled_cluster_log_types = [\"api\", \"audit\"]",
        ),
        ("lake[\"b\"].id]", "lake[\"b\"].id]\n    endpoint_private_access = true"),
        ("labels          = { kind = \"worker\" }", "labels = { kind = \"spark\" }"),
        ("max_size     = 4", "max_size     = 6"),
        ("description        = \"nodes\"", "description = \"all nodes\""),
    ];
    change(folder, &changes, &["0 added, 3 changed, 0 destroyed"]);

    // Versions come one after the other, and node groups along.
    changes.push(("version  = \"1.34\"", "version = \"1.36\""));
    change(folder, &changes, &["0 added, 2 changed, 0 destroyed"]);

    // What EKS cannot change is made anew, and says why.
    changes.push(("capacity_type   = \"SPOT\"", "capacity_type = \"ON_DEMAND\""));
    write(folder, &changes);
    let planned = check(folder, &["plan"], &["must be replaced", "# forces replacement", "Pods will be without nodes"]);
    assert!(planned.out.contains("1 to add, 0 to change, 1 to destroy"), "{planned:#?}");
    change(folder, &changes, &["1 added, 0 changed, 1 destroyed"]);

    check(folder, &["destroy", "-auto-approve"], &["Destroy complete! Resources: 20 destroyed"]);
    change(folder, &[("# What", "terraform {}\n# What")], &["20 added"]);
    check(folder, &["destroy", "-auto-approve"], &["Destroy complete! Resources: 20 destroyed"]);
}

#[test]
fn a_run_that_is_killed_is_picked_up_where_it_was() {
    let sandbox = Sandbox::start(&["-speed=120"]);
    let folder = sandbox.folder.path();
    write(folder, &[]);
    let begun = gantry(folder, &["apply", "-auto-approve"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut begun = begun.expect("gantry starts");
    let is_told = || {
        fs::read_to_string(folder.join("gantry.state")).is_ok_and(|text| text.contains(r#"made {\"name\":\"lake\""#))
    };
    wait_for("the cluster is begun", is_told);
    kill(Pid::from_raw(begun.id() as i32), Signal::SIGKILL).expect("it runs");
    begun.wait().expect("it ends");
    change(folder, &[], &["Apply complete!"]);
    let log = sandbox.gantry(&["sandbox", "log", "-last=100000"]).out;
    assert_eq!(log.matches("CreateCluster: 200").count(), 1, "{log}");
    check(folder, &["destroy", "-auto-approve"], &["Destroy complete!"]);
}

/// Runs of each command that are killed, as `kill -9` does.
const KILLS: u64 = 5;

#[test]
fn killed_runs_of_the_program_lose_nothing_and_double_nothing() {
    let sandbox = Sandbox::start(&["-speed=600"]);
    let folder = sandbox.folder.path();
    write(folder, &[]);
    let killed = |arguments: &[&str], after: u64| {
        let begun = gantry(folder, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut begun = begun.expect("gantry starts");
        std::thread::sleep(std::time::Duration::from_millis(after));
        let _ = kill(Pid::from_raw(begun.id() as i32), Signal::SIGKILL);
        begun.wait().expect("it ends");
    };
    for round in 0..KILLS {
        killed(&["apply", "-auto-approve"], 150 + 270 * round);
    }
    change(folder, &[], &["Apply complete!"]);
    let objects = || sandbox.gantry_json(&["sandbox", "status", "-json"])["objects"].clone();
    let once = [("eks/clusters", 1), ("eks/nodegroups", 1), ("ec2/vpcs", 1), ("ec2/subnets", 3), ("iam/policies", 1)];
    for (kind, count) in once {
        assert_eq!(objects()[kind], count, "{kind} in {}", objects());
    }
    for round in 0..KILLS {
        killed(&["destroy", "-auto-approve"], 150 + 270 * round);
    }
    check(folder, &["destroy", "-auto-approve"], &["Destroy complete!"]);
    assert_eq!(objects(), serde_json::json!({}));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (from, to, said) in [
        ("version  = \"1.34\"", "version = \"1.34.2\"", "Invalid version"),
        ("min_size     = 1", "min_size = 5", "Sizes contradict each other"),
        ("data.aws_caller_identity.me.arn", "\"arn:aws:sts::123456789012:assumed-role/a/b\"", "Invalid principal"),
        ("name     = \"lake\"", "name = \"-lake\"", "Invalid name"),
    ] {
        write(folder, &[(from, to)]);
        let ran = run(&mut gantry(folder, &["validate"]));
        assert!(!ran.is_good && ran.err.contains(said) && ran.err.contains("main.tf line"), "{said}: {ran:#?}");
    }
}
