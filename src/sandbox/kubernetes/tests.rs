//! Clients that nobody here wrote against the emulated API: `kubectl`, and the client for Python.
//!
//! Scenarios are texts in `tests/`: `$` begins a command of `kubectl` that goes well, `!` one that does not; the line behind
//! it is a part of what it writes, and says that it writes nothing if it is empty.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kubernetes::{Cluster, Kubernetes, create_cluster, kubeconfig};
use crate::tls::{Authority, acceptor};
use crate::{Frame, Running, Settings, server};

/// A cluster that is served, with a folder for its clients.
struct Served {
    folder: tempfile::TempDir,
    _running: Running,
}

async fn served() -> Served {
    let folder = tempfile::tempdir().expect("a folder");
    let frame = Frame::open(&Settings::default()).expect("a world");
    let cluster = Cluster { name: "lake".into(), version: "1.33".into(), token: "secret".into() };
    frame.world.change(|change| create_cluster(change, &cluster)).await.expect("a cluster");
    let authority = Authority::make("sandbox").expect("an authority");
    let accept = acceptor(&authority, &authority.server().expect("a certificate")).expect("TLS");
    let listen = || tokio::net::TcpListener::bind("127.0.0.1:0");
    let (plain, secure) = (listen().await.expect("a port"), listen().await.expect("a port"));
    let running =
        server::serve(&frame, vec![Box::new(Kubernetes::default())], plain, (secure, accept)).expect("served");
    let config = kubeconfig(&cluster, running.secure, &authority.certificate);
    std::fs::write(folder.path().join("config"), config.to_string()).expect("a file");
    Served { folder, _running: running }
}

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes/tests")
}

/// Splits a command at spaces that are not in single quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut is_quoted) = (vec![String::new()], false);
    for character in line.chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            other => words.last_mut().expect("there is one").push(other),
        }
    }
    words
}

/// Runs a scenario, line by line.
#[expect(clippy::print_stderr, reason = "a test that checks nothing has to say so")]
async fn check(scenario: &str) {
    if Command::new("kubectl").arg("--help").output().is_err() {
        eprintln!("skipped: there is no kubectl here");
        return;
    }
    let served = served().await;
    let text = std::fs::read_to_string(scenarios().join(scenario)).expect("the scenario is there");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    while let Some(line) = lines.next() {
        let (mark, command) = line.split_at(2);
        let expected = lines.next().unwrap_or_else(|| panic!("{line}: nothing is expected"));
        let mut kubectl = tokio::process::Command::new("kubectl");
        kubectl.current_dir(scenarios()).env("KUBECONFIG", served.folder.path().join("config"));
        kubectl.env("HOME", served.folder.path()).args(words(command));
        let output = kubectl.output().await.expect("kubectl runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), mark == "$ ", "{line}\n{said}");
        assert!(said.contains(expected) && (!expected.is_empty() || said.is_empty()), "{line}\n{said}");
    }
}

#[tokio::test]
async fn kubectl_makes_and_shows_objects() {
    check("create.txt").await;
}

#[tokio::test]
async fn kubectl_applies_and_patches() {
    check("apply.txt").await;
}

#[tokio::test]
async fn kubectl_is_refused_nonsense() {
    check("refuse.txt").await;
}

#[tokio::test]
async fn kubectl_defines_kinds() {
    check("definitions.txt").await;
}

#[tokio::test]
async fn kubectl_may_do_what_roles_allow() {
    check("access.txt").await;
}

/// Returns the Python of the tests' environment, if the client is in it.
#[expect(clippy::print_stderr, reason = "a test that checks nothing has to say so")]
#[expect(clippy::disallowed_methods, reason = "the surroundings of the test, not of the program")]
fn python() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let target = || std::env::var_os("CARGO_TARGET_DIR").map_or_else(beside, Into::into);
    let folder = std::env::var_os("GANTRY_TEST_PYTHON").map_or_else(|| target().join("tmp/python"), Into::into);
    let python = folder.join("bin/python3");
    let ran = Command::new(&python).args(["-c", "import kubernetes"]).output();
    let has_client = ran.is_ok_and(|ran| ran.status.success());
    if !has_client {
        eprintln!("skipped: there is no Kubernetes client for Python here");
    }
    has_client.then_some(python)
}

#[tokio::test]
async fn the_client_for_python_finds_what_it_expects() {
    let Some(python) = python() else { return };
    let served = served().await;
    let mut command = tokio::process::Command::new(python);
    command.arg(scenarios().join("client.py")).env("KUBECONFIG", served.folder.path().join("config"));
    let output = command.output().await.expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
