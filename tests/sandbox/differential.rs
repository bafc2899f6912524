//! The same calls of boto3 against the sandbox and against moto, which others wrote.
//!
//! What differs is known, with the documentation of AWS that says who is right.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{Sandbox, command, find, run, wait_for};

/// Steps that come to something else in moto, and why the sandbox's answer stands.
const DIFFERENCES: &[(&str, &str)] = &[
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

struct Moto(Child);

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn networks_are_as_in_moto_but_for_known_differences() {
    let (Some(moto), Some(python)) = (find("moto_server"), find("python3")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let mut server = command(folder.path(), &moto);
    let server = server.args(["-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _server = Moto(server.expect("moto starts"));
    let is_there =
        || std::net::TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_millis(50)).is_ok();
    wait_for("moto answers", is_there);
    let sandbox = Sandbox::start(&["-speed=6000"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox/differential.py");
    let lines = |endpoint: &str| {
        let ran = run(command(folder.path(), &python).args([script, endpoint]));
        assert!(ran.is_good, "{endpoint}: {}\n{}", ran.out, ran.err);
        ran.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let (theirs, ours) = (lines(&format!("http://127.0.0.1:{port}")), lines(&sandbox.variables()["AWS_ENDPOINT_URL"]));
    assert!(ours.len() > 60 && ours.len() == theirs.len(), "{} and {} steps", ours.len(), theirs.len());
    let mut used = Vec::new();
    for (ours, theirs) in ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs) {
        let step = serde_json::from_str::<serde_json::Value>(ours).expect("a line of JSON")["step"].clone();
        let known = DIFFERENCES.iter().find(|(known, _)| step == *known);
        assert!(known.is_some(), "differs from moto:\n{theirs}\n{ours}");
        used.extend(known.map(|(known, _)| *known));
    }
    for (step, reason) in DIFFERENCES {
        assert!(used.contains(step), "no difference any more in {step}: {reason}");
    }
}
