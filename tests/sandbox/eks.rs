//! A cluster of EKS and the Kubernetes behind it, by the command line of AWS and by `kubectl`.

use nix::sys::signal::Signal;

use super::{FAST, Sandbox, wait_for};

const CREATE_ROLE: &[&str] = &[
    "iam",
    "create-role",
    "--role-name=cluster",
    "--assume-role-policy-document",
    r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#,
];

const ATTACH_POLICY: &[&str] = &[
    "iam",
    "attach-role-policy",
    "--role-name=cluster",
    "--policy-arn=arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
];

const NAMESPACE: &str = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}}"#;

/// Begins to make the cluster `lake`, with a role and in the subnets that every account has; `false` if `aws` is not there.
pub(super) fn create(sandbox: &Sandbox) -> bool {
    let subnets = ["ec2", "describe-subnets", "--query=Subnets[].SubnetId", "--output=text"];
    let Some(subnets) = sandbox.client("aws", &subnets) else { return false };
    let subnets: Vec<&str> = subnets.out.split_whitespace().collect();
    let network = format!("--resources-vpc-config=subnetIds={},{}", subnets[0], subnets[1]);
    let role = "--role-arn=arn:aws:iam::123456789012:role/cluster";
    sandbox.check("aws", CREATE_ROLE, "role/cluster");
    sandbox.check("aws", ATTACH_POLICY, "");
    sandbox.check("aws", &["eks", "create-cluster", "--name=lake", "--kubernetes-version=1.33", role, &network], "lake")
}

/// Makes a cluster and points `kubectl` at it; nothing if a client is missing.
fn with_cluster() -> Option<Sandbox> {
    let sandbox = Sandbox::start(&[FAST]);
    super::find("kubectl")?;
    create(&sandbox).then_some(())?;
    sandbox.check("aws", &["eks", "wait", "cluster-active", "--name=lake"], "");
    sandbox.check("aws", &["eks", "update-kubeconfig", "--name=lake"], "lake");
    Some(sandbox)
}

#[test]
fn a_cluster_of_eks_is_a_cluster_of_kubernetes() {
    let Some(mut sandbox) = with_cluster() else { return };
    sandbox.check("kubectl", &["get", "namespaces"], "kube-system");
    sandbox.check("kubectl", &["version"], "v1.33");
    std::fs::write(sandbox.folder.path().join("blue.json"), NAMESPACE).expect("a file");
    sandbox.check("kubectl", &["create", "-f", "blue.json"], "created");
    let status = sandbox.gantry_json(&["sandbox", "status", "-json"]);
    assert_eq!(status["objects"]["eks/clusters"], 1, "{status}");
    assert_eq!(status["objects"]["kubernetes/core/namespaces"], 5, "{status}");

    // Its address and everything in it are the same for the next server, unless another program takes the port meanwhile.
    let endpoint = |sandbox: &Sandbox| {
        let described = sandbox.client("aws", &["eks", "describe-cluster", "--name=lake", "--query=cluster.endpoint"]);
        described.expect("aws is there").out.trim().trim_matches('"').to_owned()
    };
    let first = endpoint(&sandbox);
    sandbox.restart(Signal::SIGINT, &[]);
    let before = endpoint(&sandbox);
    if first == before {
        sandbox.check("kubectl", &["get", "namespace", "blue"], "Active");
    }

    // Where another program has taken the port, addresses follow.
    sandbox.end(Signal::SIGINT);
    let address = before.strip_prefix("https://").and_then(|rest| rest.split('/').next()).expect("an address");
    // If the port is not free any more, another program has taken it already.
    let taken = std::net::TcpListener::bind(address);
    sandbox.process = super::serve(sandbox.folder.path(), &[]);
    let after = endpoint(&sandbox);
    assert_ne!(before, after);
    assert_eq!(before.rsplit('/').next(), after.rsplit('/').next(), "it is the same cluster");
    let context = after.rsplit('/').next().map(|name| format!("--context={name}")).expect("a name");
    sandbox.check("kubectl", &[&context, "get", "namespace", "blue"], "Active");
    drop(taken);

    sandbox.check("aws", &["eks", "delete-cluster", "--name=lake"], "DELETING");
    wait_for("nothing is left of the cluster", || {
        let status = sandbox.gantry_json(&["sandbox", "status", "-json"]);
        status["objects"] == serde_json::json!({"iam/roles": 1})
    });
    sandbox.check_failure("kubectl", &["get", "namespaces"], "");
}

#[test]
fn tokens_let_in_to_their_own_cluster_only() {
    let Some(sandbox) = with_cluster() else { return };
    let token = |arguments: &[&str]| {
        let ran = sandbox.client("aws", &[&["eks", "get-token"], arguments].concat()).expect("aws is there");
        let credential: serde_json::Value = serde_json::from_str(&ran.out).expect("it is JSON");
        format!("--token={}", credential["status"]["token"].as_str().expect("a token"))
    };
    let bare = ["--kubeconfig=/dev/null", "get", "namespaces"];
    let described = sandbox.client("aws", &["eks", "describe-cluster", "--name=lake", "--query=cluster.endpoint"]);
    let server = described.expect("aws is there").out.trim().trim_matches('"').to_owned();
    assert!(server.starts_with("https://127.0.0.1:") && server.contains("/clusters/lake-"), "{server}");
    let bare = [&bare[..], &["--insecure-skip-tls-verify", "--server", &server]].concat();
    sandbox.check("kubectl", &[&bare[..], &[&token(&["--cluster-name=lake"])]].concat(), "kube-system");
    for token in [token(&["--cluster-name=other"]), "--token=k8s-aws-v1.bm90aGluZw".into(), "--token=wrong".into()] {
        sandbox.check_failure("kubectl", &[&bare[..], &[&token]].concat(), "Unauthorized");
    }
    sandbox.check_failure("kubectl", &[&bare[..], &["--username=a", "--password=b"]].concat(), "Unauthorized");
}

#[test]
fn an_access_entry_gives_what_its_policy_says() {
    const TRUST: &str =
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}}"#;
    const VIEWER: &str = "arn:aws:iam::123456789012:role/viewer";
    let Some(sandbox) = with_cluster() else { return };
    let aws = |arguments: &[&str], said: &str| sandbox.check("aws", arguments, said);
    let both = "--access-config=authenticationMode=API_AND_CONFIG_MAP";
    aws(&["eks", "update-cluster-config", "--name=lake", both], "update");
    aws(&["eks", "wait", "cluster-active", "--name=lake"], "");
    aws(&["iam", "create-role", "--role-name=viewer", "--assume-role-policy-document", TRUST], VIEWER);
    let principal = format!("--principal-arn={VIEWER}");
    aws(&["eks", "create-access-entry", "--cluster-name=lake", &principal], VIEWER);
    let policy = "--policy-arn=arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    let scope = "--access-scope=type=namespace,namespaces=default";
    aws(&["eks", "associate-access-policy", "--cluster-name=lake", &principal, policy, scope], "AmazonEKSViewPolicy");
    // The creator has all rights; the viewer may look, at what the scope names.
    aws(&["eks", "update-kubeconfig", "--name=lake", "--role-arn", VIEWER, "--alias=viewer"], "viewer");
    let may = |arguments: &[&str], answer: &str| {
        let asked = [&["--context=viewer", "auth", "can-i"], arguments].concat();
        let ran = sandbox.client("kubectl", &asked).expect("kubectl is there");
        assert_eq!(ran.out.trim(), answer, "{arguments:?}: {ran:?}");
    };
    wait_for("the role is known everywhere", || {
        let asked = ["--context=viewer", "get", "pods", "--namespace=default"];
        sandbox.client("kubectl", &asked).expect("kubectl is there").is_good
    });
    may(&["list", "pods", "--namespace=default"], "yes");
    may(&["delete", "pods", "--namespace=default"], "no");
    may(&["list", "pods", "--namespace=kube-system"], "no");
    sandbox.check_failure("kubectl", &["--context=viewer", "get", "nodes"], "forbidden");
}
