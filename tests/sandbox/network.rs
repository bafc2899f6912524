//! Networks by the provider `aws`, in the sandbox: made, seen as made, changed, found again after a crash, and gone.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::{gantry, run};

const CONFIGURATION: &str = include_str!("network.tf");

/// As modules write what they were given no value for.
const EMPTY: &str = r#"
provider "aws" {
  region = "eu-west-1"
}

resource "aws_vpc" "a" {
  cidr_block       = "10.0.0.0/16"
  instance_tenancy = ""
}

resource "aws_subnet" "a" {
  vpc_id            = aws_vpc.a.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = ""
}

resource "aws_security_group" "a" {
  description = ""
  vpc_id      = ""
}

resource "aws_iam_role" "a" {
  name                 = ""
  path                 = ""
  permissions_boundary = ""
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}
"#;

/// Several that need the provider at the same time.
const MANY: &str = r#"
resource "aws_vpc" "a" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_vpc" "b" {
  cidr_block = "10.1.0.0/16"
}

resource "aws_eip" "c" {}
"#;

fn check(folder: &Path, arguments: &[&str], said: &str) {
    let ran = run(&mut gantry(folder, arguments));
    assert!(
        ran.is_good && format!("{}{}", ran.out, ran.err).contains(said),
        "{arguments:?}: {said}\n{}\n{}",
        ran.out,
        ran.err
    );
}

/// Returns how many objects of EC2 there are, in all.
fn left(folder: &Path) -> u64 {
    let status = run(&mut gantry(folder, &["sandbox", "status", "-json"]));
    let status: Json = serde_json::from_str(&status.out).expect("it is JSON");
    let objects = status["objects"].as_object().expect("counts");
    objects.iter().filter(|(kind, _)| kind.starts_with("ec2/")).filter_map(|(_, count)| Json::as_u64(count)).sum()
}

#[test]
fn a_network_is_made_seen_as_made_changed_and_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("main.tf"), CONFIGURATION).expect("a file");
    check(folder, &["apply", "-auto-approve"], "21 added");
    check(folder, &["plan"], "No changes");
    check(folder, &["output", "-json", "seen"], "\"public\":2");
    check(folder, &["apply", "-auto-approve", "-var=hostnames=false", "-var=machine=m7i.xlarge"], "2 changed");
    check(folder, &["plan", "-var=hostnames=false", "-var=machine=m7i.xlarge"], "No changes");
    assert!(left(folder) > 15, "a network is there");
    check(folder, &["destroy", "-auto-approve"], "21 destroyed");
    assert_eq!(left(folder), 0, "nothing is left");
}

#[test]
fn creations_whose_answers_are_lost_are_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("main.tf"), CONFIGURATION).expect("a file");
    for operation in ["CreateVpc", "CreateSubnet", "AllocateAddress", "CreateNatGateway", "CreateSecurityGroup"] {
        let service = format!("-operation={operation}");
        check(folder, &["sandbox", "fault", "add", "-service=ec2", &service, "-times=1", "reset-after"], "");
    }
    check(folder, &["apply", "-auto-approve"], "21 added");
    check(folder, &["plan"], "No changes");
    check(folder, &["destroy", "-auto-approve"], "21 destroyed");
    assert_eq!(left(folder), 0, "nothing was made twice");
}

#[test]
fn an_empty_text_is_as_good_as_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("main.tf"), EMPTY).expect("a file");
    check(folder, &["apply", "-auto-approve"], "4 added");
    check(folder, &["plan"], "No changes");
    let boundary = "permissions_boundary = \"arn:aws:iam::aws:policy/PowerUserAccess\"";
    fs::write(folder.join("main.tf"), EMPTY.replace("permissions_boundary = \"\"", boundary)).expect("a file");
    check(folder, &["apply", "-auto-approve"], "1 changed");
    fs::write(folder.join("main.tf"), EMPTY).expect("a file");
    check(folder, &["apply", "-auto-approve"], "1 changed");
    check(folder, &["plan"], "No changes");
}

#[test]
fn a_role_that_may_not_be_assumed_is_told_of_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let role = "assume_role { role_arn = \"arn:aws:iam::210987654321:role/other\" }";
    let text = format!("provider \"aws\" {{\n  region = \"eu-west-1\"\n  {role}\n}}\n{MANY}");
    fs::write(folder.join("main.tf"), text).expect("a file");
    let ran = run(&mut gantry(folder, &["plan"]));
    let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!ran.is_good && said.matches("Error:").count() == 1, "{said}");
    assert!(said.contains("The credentials cannot be had: AccessDenied: User: arn:aws:iam::"), "{said}");
}
