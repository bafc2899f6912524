//! The real `kubectl` against the emulated API.

use std::process::Command;

use crate::kubernetes::{Cluster, Kubernetes, create_cluster, kubeconfig};
use crate::tls::{Authority, acceptor};
use crate::{Frame, Settings, server};

const DEPLOYMENT: &str = r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2,
    "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}}}"#;

/// Serves a cluster, and runs lines of `kubectl`: each with whether it goes well, and what it writes.
async fn check(lines: &[(&str, bool, &str)]) {
    if Command::new("kubectl").arg("--help").output().is_err() {
        // Skipped: there is no kubectl here.
        return;
    }
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
    std::fs::write(folder.path().join("web.json"), DEPLOYMENT).expect("a file");
    std::fs::write(folder.path().join("web3.json"), DEPLOYMENT.replace("1.27", "1.28")).expect("a file");
    for (line, is_good, said) in lines {
        let mut command = tokio::process::Command::new("kubectl");
        command.current_dir(folder.path()).env("KUBECONFIG", "config").env("HOME", folder.path());
        let output = command.args(line.split(' ')).output().await.expect("kubectl runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.success(), *is_good, "{line}: {text}");
        assert!(text.contains(said), "{line}: {text}");
    }
}

#[tokio::test]
async fn kubectl_makes_changes_and_deletes() {
    check(&[
        ("create namespace blue", true, "namespace/blue created"),
        ("get namespaces", true, "kube-system"),
        ("apply -f web.json", true, "deployment.apps/web created"),
        ("apply -f web3.json", true, "deployment.apps/web configured"),
        ("get deploy -o wide", true, "nginx:1.28"),
        ("scale deploy web --replicas=5", true, "scaled"),
        ("label deploy web tier=front", true, "labeled"),
        ("get deploy -l tier=front", true, "web"),
        ("apply --server-side -f web.json", false, "conflict"),
        ("apply --server-side --force-conflicts -f web.json", true, "serverside-applied"),
        ("get deploy web -o jsonpath={.spec.replicas}", true, "2"),
        ("describe deploy web", true, "nginx:1.27"),
        ("get deploy none", false, "NotFound"),
        ("delete deploy web", true, "deleted"),
        ("delete namespace blue", true, "deleted"),
        ("get namespace blue", false, "NotFound"),
        ("--token=wrong get pods", false, ""),
    ])
    .await;
}
