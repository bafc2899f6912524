//! The emulated AWS beside moto, another emulation: the same calls, and every difference is on purpose, with its reason.
//!
//! The calls and the reasons are in `differential_NAME.py`. Answers of ours are held against botocore's models on the way.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Stdio};

use super::{FAST, Sandbox, command, find, python, run, wait_for};

/// Steps that come to something else in moto, and why the sandbox's answer stands.
const NETWORK_DIFFERENCES: &[(&str, &str)] = &[
    ("address in use", "EC2 error codes: InvalidIPAddress.InUse, for an address that is associated"),
    ("nat", "NatGateway.ConnectivityType: public or private; it is always told"),
    ("template version", "CreateLaunchTemplateVersion, SourceVersion: the new version inherits what it does not say"),
    ("address released", "moto gave it away while a NAT gateway had it; here it is released after that is gone"),
    ("nat without address", "CreateNatGateway, AllocationId: \"[Public NAT gateways only]\" an address is required"),
    ("route to nowhere", "EC2 error codes: InvalidGatewayID.NotFound is what CreateRoute says of a GatewayId"),
    ("template missing", "EC2 error codes: InvalidLaunchTemplateId.NotFound"),
    ("vpc", "Vpc.State: pending | available; CreateVpc answers pending, as in the example of its documentation"),
    ("vpc dry", "DryRun: \"If you have the required permissions, the error response is DryRunOperation\""),
];

/// A server of moto's.
pub(super) struct Moto {
    process: Child,
    pub(super) endpoint: String,
}

impl Moto {
    pub(super) fn start(folder: &Path) -> Option<Moto> {
        let program = find("moto_server")?;
        let log = folder.join("moto.log");
        let mut command = command(folder, &program);
        // It takes a port that is free, and says which.
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
        let said = File::create(&log).expect("a file");
        let process = command.stdout(Stdio::null()).stderr(said).spawn().expect("moto starts");
        let mut moto = Moto { process, endpoint: String::new() };
        wait_for("moto listens", || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let line = said.lines().filter(|_| said.ends_with('\n')).find_map(|line| line.split_once("Running on "));
            line.inspect(|(_, endpoint)| (*endpoint).clone_into(&mut moto.endpoint)).is_some()
        });
        Some(moto)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox").join(name).display().to_string()
}

/// Runs the calls of `differential_NAME.py` against both.
fn compare(name: &str) {
    let sandbox = Sandbox::start(&[FAST]);
    let Some(moto) = Moto::start(sandbox.folder.path()) else { return };
    let ours = sandbox.variables()["AWS_ENDPOINT_URL"].clone();
    sandbox.check("python3", &[&script("differential.py"), name, &ours, &moto.endpoint], " 0 others");
}

#[test]
fn roles_and_policies_are_as_in_another_emulation() {
    compare("iam");
}

#[test]
fn clusters_are_as_in_another_emulation() {
    compare("eks");
}

#[test]
fn every_operation_of_eks_is_there_or_says_that_it_is_not() {
    // Without the virtual environment there is no boto3 either.
    if python().is_some() {
        let sandbox = Sandbox::start(&[FAST]);
        sandbox.check("python3", &[&script("response_check.py")], "operations of EKS are there");
    } else {
        find("python3 with boto3");
    }
}

#[test]
fn networks_are_as_in_another_emulation() {
    let sandbox = Sandbox::start(&["-speed=6000"]);
    let (Some(moto), Some(python)) = (Moto::start(sandbox.folder.path()), find("python3")) else { return };
    let script = script("differential_ec2.py");
    let lines = |endpoint: &str| {
        let ran = run(command(sandbox.folder.path(), &python).args([&script, endpoint]));
        assert!(ran.is_good, "{endpoint}: {}\n{}", ran.out, ran.err);
        ran.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (theirs, ours) = (lines(&moto.endpoint), lines(&sandbox.variables()["AWS_ENDPOINT_URL"]));
    assert!(ours.len() > 60 && ours.len() == theirs.len(), "{} and {} steps", ours.len(), theirs.len());
    let mut used = Vec::new();
    for (ours, theirs) in ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs) {
        let step = serde_json::from_str::<serde_json::Value>(ours).expect("a line of JSON")["step"].clone();
        let known = NETWORK_DIFFERENCES.iter().find(|(known, _)| step == *known);
        assert!(known.is_some(), "differs from moto:\n{theirs}\n{ours}");
        used.extend(known.map(|(known, _)| *known));
    }
    for (step, reason) in NETWORK_DIFFERENCES {
        assert!(used.contains(step), "no difference any more in {step}: {reason}");
    }
}
