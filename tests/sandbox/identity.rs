//! Who one is to AWS and to clusters: roles, web identities, profiles, and the tokens by which `kubectl` is let in.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::{FAST, Ran, Sandbox, command, find, run};
use crate::program::GANTRY;

/// A cluster whose service account may become a role, and a role that anyone may.
const CLUSTER: &str = r#"
provider "aws" {
  region = "eu-west-1"
  default_tags { tags = { stack = "who" } }
}

resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "s" {
  count             = 2
  vpc_id            = aws_vpc.v.id
  availability_zone = "eu-west-1${["a", "b"][count.index]}"
  cidr_block        = cidrsubnet(aws_vpc.v.cidr_block, 8, count.index)
  tags              = { stack = "own", tier = "private" }
}

resource "aws_iam_role" "cluster" {
  name               = "cluster"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "eks.amazonaws.com" } }] })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_eks_cluster" "c" {
  name     = "lake"
  role_arn = aws_iam_role.cluster.arn
  version  = "1.35"
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = true
  }
  vpc_config {
    subnet_ids = aws_subnet.s[*].id
  }
  depends_on = [aws_iam_role_policy_attachment.cluster]
}

resource "aws_eks_identity_provider_config" "people" {
  cluster_name = aws_eks_cluster.c.name
  oidc {
    identity_provider_config_name = "people"
    client_id                     = "kubernetes"
    issuer_url                    = "https://login.example.com"
  }
}

resource "aws_iam_openid_connect_provider" "c" {
  url            = aws_eks_cluster.c.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  issuer = trimprefix(aws_eks_cluster.c.identity[0].oidc[0].issuer, "https://")
}

resource "aws_iam_role" "pods" {
  name = "pods"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect    = "Allow"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = aws_iam_openid_connect_provider.c.arn }
    Condition = { StringEquals = { "${local.issuer}:sub" = "system:serviceaccount:default:runner", "${local.issuer}:aud" = "sts.amazonaws.com" } }
  }] })
}

resource "aws_iam_role" "anyone" {
  name               = "anyone"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "*" } }] })
}

output "subnet_tags" {
  value = jsonencode(aws_subnet.s[0].tags_all)
}
"#;

/// Says who one is.
const WHO: &str =
    "data \"aws_caller_identity\" \"me\" {}\noutput \"who\" {\n  value = data.aws_caller_identity.me.arn\n}\n";

fn gantry(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(folder, Path::new(GANTRY));
    let kubeconfig = sandbox.folder.path().join("kubectl.config");
    run(command.envs(sandbox.variables()).env("KUBECONFIG", kubeconfig).args(arguments))
}

#[track_caller]
fn good(ran: Ran) -> String {
    assert!(ran.is_good, "{ran:#?}");
    ran.out
}

/// Expects who a provider is whose configuration is this.
#[track_caller]
fn is(sandbox: &Sandbox, name: &str, configuration: &str, expected: &str) {
    let folder = sandbox.folder.path().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let text = format!("provider \"aws\" {{\n  region = \"eu-west-1\"\n{configuration}\n}}\n{WHO}");
    fs::write(folder.join("main.tf"), text).expect("a file");
    good(gantry(sandbox, &folder, &["apply", "-auto-approve"]));
    assert_eq!(good(gantry(sandbox, &folder, &["output", "-raw", "who"])), expected, "{name}");
}

#[test]
fn roles_web_identities_profiles_and_kubectl_let_in_whom_they_should() {
    let sandbox = Sandbox::start(&[FAST]);
    let folder = sandbox.folder.path().join("cluster");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("main.tf"), CLUSTER).expect("a file");
    good(gantry(&sandbox, &folder, &["apply", "-auto-approve"]));
    assert!(good(gantry(&sandbox, &folder, &["plan"])).contains("No changes"));
    let tags: Json =
        serde_json::from_str(&good(gantry(&sandbox, &folder, &["output", "-raw", "subnet_tags"]))).expect("it is JSON");
    assert_eq!(tags, serde_json::json!({"stack": "own", "tier": "private"}), "an object's own tags count");

    let session = |role: &str, name: &str| format!("arn:aws:sts::123456789012:assumed-role/{role}/{name}");
    let assume =
        "  assume_role {\n    role_arn = \"arn:aws:iam::123456789012:role/anyone\"\n    session_name = \"ada\"\n  }";
    is(&sandbox, "assumed", assume, &session("anyone", "ada"));
    let profiles = "[profile base]\nregion = eu-west-1\n\n[profile other]\nrole_arn = arn:aws:iam::123456789012:role/anyone\n\
                    source_profile = base\nrole_session_name = file\n";
    let keys = &sandbox.variables();
    let credentials = format!(
        "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]
    );
    let (config, secret) = (sandbox.folder.path().join("config"), sandbox.folder.path().join("credentials"));
    fs::write(&config, profiles).expect("a file");
    fs::write(&secret, credentials).expect("a file");
    let files = format!(
        "  profile = \"other\"\n  shared_config_files = [{config:?}]\n  shared_credentials_files = [{secret:?}]"
    );
    is(&sandbox, "profile", &files, &session("anyone", "file"));
    check_kubectl(&sandbox, &folder);
    good(gantry(&sandbox, &folder, &["destroy", "-auto-approve"]));
    let status = sandbox.gantry_json(&["sandbox", "status", "-json"]);
    assert_eq!(status["objects"], serde_json::json!({}));
    let text = fs::read_to_string(sandbox.folder.path().join("kubectl.config")).unwrap_or_default();
    assert!(!text.contains("127.0.0.1"), "contexts go with their cluster: {text}");
}

/// What needs `kubectl`: contexts by Gantry, tokens by Gantry, and the identity of a service account.
fn check_kubectl(sandbox: &Sandbox, folder: &Path) {
    if find("kubectl").is_none() {
        return;
    }
    let kubeconfig = sandbox.folder.path().join("kubectl.config");
    let programs = Path::new(GANTRY).parent().expect("a folder").to_owned();
    let path =
        std::env::join_paths([programs].into_iter().chain(super::search_path())).expect("folders without colons");
    let run_with = |program: &Path, arguments: &[&str]| {
        let mut command = command(folder, program);
        let command = command.envs(sandbox.variables()).env("KUBECONFIG", &kubeconfig).env("PATH", &path);
        run(command.args(arguments))
    };
    let gantry = Path::new(GANTRY);
    // Two at once write one file.
    std::thread::scope(|scope| {
        for context in [None, Some("-context=second")] {
            let arguments: Vec<&str> = ["kubeconfig", "-cluster-name=lake"].into_iter().chain(context).collect();
            scope.spawn(move || good(run_with(gantry, &arguments)));
        }
    });
    let kubectl = find("kubectl").expect("it is there");
    for context in ["eks_eu-west-1_lake", "second"] {
        let pods = good(run_with(&kubectl, &["--context", context, "get", "pods", "--all-namespaces"]));
        assert!(pods.contains("kube-system") || pods.is_empty(), "{pods}");
        let own = good(run_with(&kubectl, &["--context", context, "get", "namespaces", "-o", "name"]));
        assert!(own.contains("namespace/kube-system"), "{own}");
    }
    let in_cluster = ["--context", "second"];
    good(run_with(&kubectl, &[&in_cluster[..], &["create", "serviceaccount", "runner"]].concat()));
    let token = ["create", "token", "runner", "--audience=sts.amazonaws.com"];
    let token = good(run_with(&kubectl, &[&in_cluster[..], &token].concat()));
    let file = sandbox.folder.path().join("token");
    fs::write(&file, token.trim()).expect("a file");
    let web = |role: &str| {
        format!(
            "  assume_role_with_web_identity {{\n    role_arn = \"arn:aws:iam::123456789012:role/{role}\"\n    session_name = \"pod\"\n    web_identity_token_file = {file:?}\n  }}"
        )
    };
    is(sandbox, "web", &web("pods"), "arn:aws:sts::123456789012:assumed-role/pods/pod");
    let refused = sandbox.folder.path().join("refused");
    fs::create_dir_all(&refused).expect("a folder");
    let text = format!("provider \"aws\" {{\n  region = \"eu-west-1\"\n{}\n}}\n{WHO}", web("anyone"));
    fs::write(refused.join("main.tf"), text).expect("a file");
    let ran = self::gantry(sandbox, &refused, &["plan"]);
    assert!(
        !ran.is_good && ran.err.contains("Not authorized to perform"),
        "its trust policy names no issuer: {ran:#?}"
    );
    // Someone signs with another key.
    let mut forged = fs::read_to_string(&file).expect("a file");
    forged.truncate(forged.len() - 4);
    fs::write(&file, forged + "AAAA").expect("a file");
    let text = format!("provider \"aws\" {{\n  region = \"eu-west-1\"\n{}\n}}\n{WHO}", web("pods"));
    fs::write(refused.join("main.tf"), text).expect("a file");
    let ran = self::gantry(sandbox, &refused, &["plan"]);
    assert!(!ran.is_good && ran.err.contains("InvalidIdentityToken"), "{ran:#?}");
}
