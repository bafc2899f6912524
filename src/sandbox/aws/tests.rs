//! Tests of the emulated AWS over HTTP: a small signed client, and boto3 where it can be had.

mod in_cluster;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::signature::signing::authorization;
use super::{ACCESS_KEY, SECRET_KEY, services};
use crate::clock::{real_now, rfc3339};
use crate::kubernetes::Kubernetes;
use crate::server::{Request, Running, Service, serve};
use crate::tls::{Authority, acceptor};
use crate::{Frame, Settings};

/// How often it is looked whether something has come about, with 20 ms in between: only what never does takes so long.
const LOOKS_MAX: usize = 15_000;

const ROLE: &str = "arn:aws:iam::123456789012:role/cluster";

struct Sandbox {
    frame: Arc<Frame>,
    running: Running,
    /// Subnets of the default VPC, the first of which is private.
    subnets: Vec<String>,
}

async fn open(folder: Option<&Path>, speed: f64) -> Option<Sandbox> {
    let settings = Settings { folder: folder.map(Path::to_owned), speed: Some(speed), seed: 1 };
    let frame = Frame::open(&settings).ok()?;
    let plain = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let secure = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let authority = Authority::make("sandbox").expect("an authority");
    let acceptor = acceptor(&authority, &authority.server().expect("an identity")).expect("an acceptor");
    let kubernetes = Kubernetes::default().in_cloud(Box::new(super::in_cluster::InCluster));
    let mut all: Vec<Box<dyn Service>> = vec![Box::new(kubernetes)];
    all.extend(services());
    let running = serve(&frame, all, plain, (secure, acceptor)).expect("servers");
    Some(Sandbox { frame, running, subnets: Vec::new() })
}

/// Opens a sandbox in which there are the role and the subnets that everything here uses.
async fn open_with_role(folder: Option<&Path>, speed: f64) -> Option<Sandbox> {
    let mut sandbox = open(folder, speed).await?;
    let trust = json!({"Statement": {
        "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"Service": ["eks.amazonaws.com", "ec2.amazonaws.com", "eks-fargate-pods.amazonaws.com", "pods.eks.amazonaws.com"]},
    }});
    let trust = super::signature::escape(&trust.to_string(), false);
    let policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
    for form in [
        format!("Action=CreateRole&Version=2010-05-08&RoleName=cluster&AssumeRolePolicyDocument={trust}"),
        format!("Action=AttachRolePolicy&Version=2010-05-08&RoleName=cluster&PolicyArn={policy}"),
    ] {
        let (status, _, body) = sandbox.send((ACCESS_KEY, SECRET_KEY), "iam", ("POST", "/"), &form).await;
        assert_eq!(status, 200, "{body}");
    }
    sandbox.frame.clock.skip(Duration::from_secs(60));
    let zones = "Filter.1.Name=availability-zone&Filter.1.Value.1=us-east-1a&Filter.1.Value.2=us-east-1b";
    sandbox.subnets = texts(&sandbox.of_ec2(&format!("DescribeSubnets&{zones}")).await, "subnetId");
    let vpc = &texts(&sandbox.of_ec2("DescribeVpcs").await, "vpcId")[0];
    let table = &texts(&sandbox.of_ec2(&format!("CreateRouteTable&VpcId={vpc}")).await, "routeTableId")[0];
    let subnet = &sandbox.subnets[0];
    sandbox.of_ec2(&format!("AssociateRouteTable&RouteTableId={table}&SubnetId={subnet}")).await;
    Some(sandbox)
}

/// Returns the texts of all elements of a name.
fn texts(body: &str, name: &str) -> Vec<String> {
    let begin = format!("<{name}>");
    body.split(&begin).skip(1).filter_map(|part| Some(part.split_once('<')?.0.to_owned())).collect()
}

impl Sandbox {
    /// Sends a request of EKS and returns the status, the error's type and the body.
    async fn ask(&self, method: &str, target: &str, body: &Json) -> (u16, String, Json) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, head, text) = self.send((ACCESS_KEY, SECRET_KEY), "eks", (method, target), &body).await;
        let kind = head.lines().find_map(|line| line.strip_prefix("x-amzn-errortype: ")).unwrap_or_default();
        (status, kind.to_owned(), serde_json::from_str(&text).unwrap_or_default())
    }

    async fn send(
        &self,
        key: (&str, &str),
        service: &str,
        (method, target): (&str, &str),
        body: &str,
    ) -> (u16, String, String) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (host, date) = (self.running.plain.to_string(), rfc3339(real_now()).replace(['-', ':'], ""));
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_str(&host).expect("a header"));
        headers.insert("x-amz-date", HeaderValue::from_str(&date).expect("a header"));
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).expect("a method"),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_owned().into(),
            certificate: None,
            is_secure: false,
        };
        let signed = authorization(&request, key, service);
        let length = body.len();
        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: {host}\r\nx-amz-date: {date}\r\nauthorization: {signed}\r\n\
             connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(self.running.plain).await.expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("it is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, head.replace('\r', ""), body.to_owned())
    }

    /// Sends a request of EC2 that goes well, and returns its answer.
    async fn of_ec2(&self, form: &str) -> String {
        let form = format!("Version=2016-11-15&Action={form}");
        let (status, _, body) = self.send((ACCESS_KEY, SECRET_KEY), "ec2", ("POST", "/"), &form).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    fn cluster(&self, name: &str) -> Json {
        json!({
            "name": name, "roleArn": ROLE, "version": "1.33", "clientRequestToken": format!("token-{name}"),
            "resourcesVpcConfig": {"subnetIds": [self.subnets[0], self.subnets[1]]},
        })
    }

    /// Lets time pass until a resource has a status; nothing if it is gone.
    async fn wait(&self, target: &str, member: &str, status: Option<&str>) {
        self.frame.clock.skip(Duration::from_secs(3600));
        for _ in 0..LOOKS_MAX {
            let (code, _, body) = self.ask("GET", target, &Json::Null).await;
            if status.map_or(code == 404, |status| body[member]["status"] == status) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{target} does not become {status:?}");
    }
}

#[tokio::test]
async fn a_wrong_signature_is_refused_in_the_way_of_the_service() {
    let sandbox = open(None, 0.0).await.expect("a sandbox");
    for (key, service, status, code) in [
        ((ACCESS_KEY, "wrong"), "eks", 403, "InvalidSignatureException"),
        (("AKIANOBODY", SECRET_KEY), "eks", 403, "UnrecognizedClientException"),
        ((ACCESS_KEY, "wrong"), "sts", 403, "SignatureDoesNotMatch"),
        (("AKIANOBODY", SECRET_KEY), "sts", 403, "InvalidClientTokenId"),
        ((ACCESS_KEY, SECRET_KEY), "dynamodb", 501, "UnknownOperationException"),
    ] {
        let (found, head, body) = sandbox.send(key, service, ("GET", "/clusters?maxResults=5"), "").await;
        assert_eq!(found, status, "{head}\n{body}");
        assert!(head.contains(code) || body.contains(code), "{head}\n{body}");
    }
    let (status, _, body) = sandbox.ask("GET", "/clusters?maxResults=5", &Json::Null).await;
    assert_eq!((status, body), (200, json!({"clusters": [], "nextToken": null})));
}

#[tokio::test]
async fn the_rules_of_clusters_hold() {
    let sandbox = open_with_role(None, 0.0).await.expect("a sandbox");
    let check = async |method: &str, target: &str, body: Json, code: &str, text: &str| {
        let (status, kind, answer) = sandbox.ask(method, target, &body).await;
        assert_eq!(kind, code, "{method} {target}: {status} {answer}");
        assert!(answer.to_string().contains(text), "{method} {target}: {answer}");
    };
    check("GET", "/clusters/a", Json::Null, "ResourceNotFoundException", "No cluster found for name: a.").await;
    check("POST", "/clusters", json!({"name": "a"}), "InvalidParameterException", "roleArn").await;
    check("POST", "/clusters", sandbox.cluster("a"), "", "CREATING").await;
    check("POST", "/clusters", sandbox.cluster("a"), "", "CREATING").await;
    let mut again = sandbox.cluster("a");
    again["clientRequestToken"] = json!("another");
    check("POST", "/clusters", again, "ResourceInUseException", "Cluster already exists with name: a").await;
    let version = |version: &str| json!({"version": version});
    check("POST", "/clusters/a/updates", version("1.34"), "ResourceInUseException", "status CREATING").await;
    sandbox.wait("/clusters/a", "cluster", Some("ACTIVE")).await;
    check("POST", "/clusters/a/updates", version("1.35"), "InvalidParameterException", "from 1.33 to 1.35").await;
    let two = json!({"deletionProtection": true, "upgradePolicy": {"supportType": "STANDARD"}});
    check("POST", "/clusters/a/update-config", two, "InvalidParameterException", "Only one type").await;
    let group = json!({
        "nodegroupName": "g", "nodeRole": ROLE, "subnets": [sandbox.subnets[0]],
        "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2},
    });
    check("POST", "/clusters/a/node-groups", group, "", "AL2023_x86_64_STANDARD").await;
    sandbox.wait("/clusters/a/node-groups/g", "nodegroup", Some("ACTIVE")).await;
    check("POST", "/clusters/a/updates", version("1.34"), "", "InProgress").await;
    check("POST", "/clusters/a/updates", version("1.34"), "ResourceInUseException", "currently has update").await;
    sandbox.wait("/clusters/a", "cluster", Some("ACTIVE")).await;
    check("POST", "/clusters/a/updates", version("1.35"), "InvalidRequestException", "must be updated to match").await;
    let wide = json!({"scalingConfig": {"minSize": 5}});
    check("POST", "/clusters/a/node-groups/g/update-config", wide, "InvalidParameterException", "Minimum capacity 5")
        .await;
    check("DELETE", "/clusters/a", Json::Null, "ResourceInUseException", "Cluster has nodegroups attached").await;
    check("DELETE", "/clusters/a/node-groups/g", Json::Null, "", "DELETING").await;
    sandbox.wait("/clusters/a/node-groups/g", "nodegroup", None).await;
    let protection = |on: bool| json!({"deletionProtection": on});
    check("POST", "/clusters/a/update-config", protection(true), "", "DeletionProtectionUpdate").await;
    sandbox.wait("/clusters/a", "cluster", Some("ACTIVE")).await;
    check("DELETE", "/clusters/a", Json::Null, "InvalidRequestException", "deletion protection").await;
    check("POST", "/clusters/a/update-config", protection(false), "", "InProgress").await;
    sandbox.wait("/clusters/a", "cluster", Some("ACTIVE")).await;
    check("DELETE", "/clusters/a", Json::Null, "", "DELETING").await;
    sandbox.wait("/clusters/a", "cluster", None).await;
    check("GET", "/clusters/a/capabilities", Json::Null, "UnknownOperationException", "ListCapabilities").await;
    let left = sandbox.frame.world.look(|records| records.under("aws/eks/").count());
    assert_eq!(left, 0, "nothing of a cluster that is gone is left");
}

#[tokio::test]
async fn one_thing_is_done_at_a_time() {
    let sandbox = open_with_role(None, 0.0).await.expect("a sandbox");
    let check = async |method: &str, target: &str, body: Json, code: &str, text: &str| {
        let (status, kind, answer) = sandbox.ask(method, target, &body).await;
        assert_eq!(kind, code, "{method} {target}: {status} {answer}");
        assert!(answer.to_string().contains(text), "{method} {target}: {answer}");
    };
    let (none, busy) = (Json::Null, "ResourceInUseException");
    let addon = |name: &str| json!({"addonName": name});
    check("POST", "/clusters", sandbox.cluster("a"), "", "CREATING").await;
    check("POST", "/clusters/a/addons", addon("vpc-cni"), "InvalidRequestException", "CREATING").await;
    sandbox.wait("/clusters/a", "cluster", Some("ACTIVE")).await;
    check("POST", "/clusters/a/addons", addon("vpc-cni"), "", "CREATING").await;
    check("DELETE", "/clusters/a/addons/vpc-cni", none.clone(), busy, "in CREATING state").await;
    sandbox.wait("/clusters/a/addons/vpc-cni", "addon", Some("ACTIVE")).await;
    check("POST", "/clusters/a/addons/vpc-cni/update", json!({}), "", "AddonUpdate").await;
    check("POST", "/clusters/a/addons/vpc-cni/update", json!({}), busy, "in UPDATING state").await;
    let profile = |name: &str| json!({"fargateProfileName": name, "podExecutionRoleArn": ROLE, "subnets": [sandbox.subnets[0]], "selectors": [{"namespace": "batch"}]});
    check("POST", "/clusters/a/fargate-profiles", profile("f"), "", "CREATING").await;
    check("POST", "/clusters/a/fargate-profiles", profile("g"), busy, "f in status CREATING").await;
    sandbox.wait("/clusters/a/fargate-profiles/f", "fargateProfile", Some("ACTIVE")).await;
    check("DELETE", "/clusters/a/fargate-profiles/f", none.clone(), "", "DELETING").await;
    check("POST", "/clusters/a/fargate-profiles", profile("g"), busy, "f in status DELETING").await;
    let key = "arn:aws:kms:us-east-1:123456789012:key/a";
    let encryption = json!({"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": key}}]});
    let provider = json!({"oidc": {"identityProviderConfigName": "i", "issuerUrl": "https://a.b", "clientId": "c"}});
    check("POST", "/clusters/a/encryption-config/associate", encryption, "", "InProgress").await;
    let associate = "/clusters/a/identity-provider-configs/associate";
    check("POST", associate, provider.clone(), busy, "in progress").await;
    sandbox.wait("/clusters/a", "cluster", Some("ACTIVE")).await;
    check("POST", associate, provider, "", "InProgress").await;
    let described = json!({"identityProviderConfig": {"type": "oidc", "name": "i"}});
    check("POST", "/clusters/a/identity-provider-configs/describe", described, "", "CREATING").await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_world_is_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = open_with_role(Some(folder.path()), 0.0).await.expect("a sandbox");
    let (status, _, body) = sandbox.ask("POST", "/clusters", &sandbox.cluster("kept")).await;
    assert_eq!(status, 200, "{body}");
    drop(sandbox);
    let mut again = None;
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = open(Some(folder.path()), 0.0).await;
        if again.is_some() {
            break;
        }
    }
    // What was planned goes on as well.
    again.expect("the same world").wait("/clusters/kept", "cluster", Some("ACTIVE")).await;
}

/// Returns the Python of the virtual environment `boto-venv` in the target folder, which is made if it is not there.
#[expect(clippy::print_stderr, reason = "a test that checks nothing has to say so")]
#[expect(clippy::disallowed_methods, reason = "the surroundings of the test, not of the program")]
fn python_with_boto() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    if let Some(ready) = std::env::var_os("GANTRY_TEST_PYTHON") {
        return Some(Path::new(&ready).join("bin/python3"));
    }
    let venv = std::env::var_os("CARGO_TARGET_DIR").map_or_else(beside, Into::into).join("boto-venv");
    let python = venv.join("bin/python3");
    let has_boto = || {
        let ran = std::process::Command::new(&python).args(["-c", "import boto3"]).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    if !has_boto() {
        let _ = std::process::Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
        let _ = std::process::Command::new(&python).args(["-m", "pip", "install", "-q", "boto3"]).output();
    }
    if has_boto() {
        return Some(python);
    }
    eprintln!("skipped: boto3 cannot be had from PyPI here");
    None
}

#[tokio::test]
async fn boto3_finds_what_it_expects_of_clusters() {
    drive("aws/boto.py").await;
}

#[tokio::test]
async fn boto3_finds_what_it_expects_of_all_that_clusters_have() {
    drive("aws/boto_eks.py").await;
}

#[tokio::test]
async fn boto3_finds_what_it_expects_of_roles_and_policies() {
    drive("aws/boto_iam.py").await;
}

#[tokio::test]
async fn boto3_finds_what_it_expects_of_networks_and_machines() {
    drive("aws/boto_ec2.py").await;
}

#[tokio::test]
async fn boto3_finds_what_it_expects_of_load_balancers() {
    drive("aws/boto_elb.py").await;
}

#[tokio::test]
async fn boto3_finds_what_it_expects_of_buckets_and_objects() {
    drive("aws/boto_s3.py").await;
}

async fn drive(script: &str) {
    let Some(python) = python_with_boto() else { return };
    let sandbox = open(None, 3000.0).await.expect("a sandbox");
    let mut command = std::process::Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script)).env_clear();
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("AWS_ENDPOINT_URL", format!("http://{}", sandbox.running.plain));
    command.env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
    command.env("AWS_DEFAULT_REGION", "eu-central-1").env("AWS_EC2_METADATA_DISABLED", "true");
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a process");
    let (out, error) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}{error}");
}
