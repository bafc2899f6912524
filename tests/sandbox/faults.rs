//! What goes wrong, as the command line of AWS sees it.

use super::{FAST, Sandbox, wait_for};

const LIST: &[&str] = &["eks", "list-clusters"];

#[test]
fn faults_strike_requests_and_what_is_behind_them() {
    let sandbox = Sandbox::start(&[FAST]);
    let add = |arguments: &[&str]| {
        let ran = sandbox.gantry(&[&["sandbox", "fault", "add", "-service=eks"], arguments].concat());
        assert!(ran.is_good, "{ran:?}");
    };
    // Of the five attempts of a client three fail; that is how it is throttled and how its connections break.
    add(&["-operation=ListClusters", "-times=1", "throttle"]);
    add(&["-operation=ListClusters", "-times=1", "reset-before"]);
    if !sandbox.check("aws", LIST, "clusters") {
        return;
    }
    assert_eq!(sandbox.gantry(&["sandbox", "fault", "list"]).out, "Nothing goes wrong.\n");
    let log = sandbox.gantry(&["sandbox", "log", "-errors"]).out;
    assert!(log.contains("ThrottlingException") && log.contains("connection broken"), "{log}");

    add(&["-operation=ListClusters", "-times=1", "error=InvalidRequestException:400"]);
    sandbox.check_failure("aws", LIST, "InvalidRequestException");

    // The answer is lost and the cluster is made: the client's own token finds it when it asks again.
    add(&["-operation=CreateCluster", "-times=1", "reset-after"]);
    assert!(super::eks::create(&sandbox));
    assert_eq!(sandbox.gantry_json(&["sandbox", "status", "-json"])["objects"]["eks/clusters"], 1);

    let version = |expected: &str| {
        let query = ["eks", "describe-cluster", "--name=lake", "--query=cluster.[version,status]", "--output=text"];
        let ran = sandbox.client("aws", &query).expect("aws is there");
        ran.out.trim() == expected
    };
    wait_for("the cluster is there", || version("1.33\tACTIVE"));
    add(&["-operation=ListClusters", "-times=1", "upgrade=lake"]);
    sandbox.check("aws", LIST, "lake");
    wait_for("the cloud has upgraded the cluster", || version("1.34\tACTIVE"));

    let services = || {
        let status = sandbox.gantry_json(&["sandbox", "status", "-json"]);
        status["objects"]["kubernetes/core/services"].as_u64().unwrap_or_default()
    };
    let before = services();
    add(&["-operation=ListClusters", "-times=1", "change=eks/clusters:lake#/tags/owner=\"someone\""]);
    add(&["-operation=ListClusters", "-times=1", "delete=kubernetes/core/services:default/kubernetes"]);
    sandbox.check("aws", LIST, "lake");
    sandbox.check("aws", &["eks", "describe-cluster", "--name=lake", "--query=cluster.tags"], "someone");
    assert_eq!(services() + 1, before);
}

#[test]
fn what_is_too_large_is_refused() {
    let sandbox = Sandbox::start(&[]);
    let endpoint = sandbox.variables()["AWS_ENDPOINT_URL"].clone();
    let address = endpoint.strip_prefix("http://").expect("an address");
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    let head = "POST /clusters HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 33554432\r\n\r\n";
    std::io::Write::write_all(&mut stream, head.as_bytes()).expect("it is sent");
    let piece = vec![b' '; 1 << 20];
    // The server answers and closes before it has read all of it.
    while std::io::Write::write_all(&mut stream, &piece).is_ok() {}
    let mut answer = [0; 16];
    let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(300)));
    let read = std::io::Read::read(&mut stream, &mut answer).unwrap_or_default();
    assert!(read == 0 || answer.starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(sandbox.gantry_json(&["sandbox", "status", "-json"])["objects"], serde_json::json!({}));
}
