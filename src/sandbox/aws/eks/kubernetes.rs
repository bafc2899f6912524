//! The Kubernetes cluster behind a cluster of EKS: made, moved to another version and removed with it, and who is let in.

use http::{HeaderMap, HeaderValue, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::access;
use super::call::{Invocation, record};
use crate::aws::account::{ACCOUNT, Caller, authenticate, random};
use crate::frame::{Frame, Place};
use crate::kubernetes::{self, Cluster, User};
use crate::server::Request;
use crate::world::{Change, Records};

/// What a token of EKS begins with.
const TOKEN_PREFIX: &str = "k8s-aws-v1.";
/// The header that binds a token to a cluster.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// Bytes of a token; what is longer is none.
const TOKEN_BYTES_MAX: usize = 8 << 10;

/// What belongs together: a cluster of EKS and one of Kubernetes. Kept under both names.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pair {
    /// The name of the Kubernetes cluster, of which there is one in all regions.
    id: String,
    region: String,
    name: String,
    creator: String,
}

fn by_name(region: &str, name: &str) -> String {
    record(region, "kubernetes", name)
}

fn by_id(id: &str) -> String {
    format!("aws/eks-kubernetes/{id}")
}

/// Returns the region and the name of the cluster of EKS behind a Kubernetes cluster.
pub fn of_kubernetes(records: &Records, id: &str) -> Option<(String, String)> {
    let pair: Pair = records.get(&by_id(id))?;
    Some((pair.region, pair.name))
}

/// Returns the name of the Kubernetes cluster behind a cluster of EKS.
pub fn kubernetes_of(records: &Records, region: &str, name: &str) -> Option<String> {
    records.get::<Pair>(&by_name(region, name)).map(|pair| pair.id)
}

/// Writes down which Kubernetes cluster there will be, and who asked for it.
pub fn promise(invocation: &mut Invocation<'_, '_>, name: &str) {
    let (region, creator) = (invocation.region.clone(), principal(&invocation.caller));
    // A cluster that is made again is another one: who still has the old one's address must not reach it.
    let id = format!("{name}-{}", random::<4>());
    let pair = Pair { id, region, name: name.to_owned(), creator };
    invocation.change.put(&by_name(&pair.region, name), &pair);
    invocation.change.put(&by_id(&pair.id), &pair);
}

/// Makes the Kubernetes cluster what a cluster of EKS has become by what was done just now.
pub fn join(change: &mut Change<'_>, frame: &Frame, what: &Json) {
    let Some(region) = what["region"].as_str() else { return };
    let clusters = record(region, "clusters", "");
    let target = match what["do"].as_str() {
        // The record of an update says whose it is.
        Some("update") => {
            let kept: Option<Json> = what["record"].as_str().and_then(|name| change.get(name));
            kept.and_then(|kept| kept["target"].as_str().map(str::to_owned))
        }
        _ => what["record"].as_str().map(str::to_owned),
    };
    let Some(name) = target.as_deref().and_then(|target| target.strip_prefix(&clusters)) else { return };
    let Some(pair) = change.get::<Pair>(&by_name(region, name)) else { return };
    let cluster: Option<Json> = change.get(&record(region, "clusters", name));
    let Some(mut cluster) = cluster else {
        kubernetes::delete_cluster(change, &pair.id);
        change.remove(&by_name(region, name));
        change.remove(&by_id(&pair.id));
        return;
    };
    if cluster["status"] != "ACTIVE" {
        return;
    }
    let version = cluster["version"].as_str().unwrap_or_default().to_owned();
    match change.get::<Cluster>(&kubernetes::cluster_record(&pair.id)) {
        None => {
            let made = Cluster { name: pair.id.clone(), version, token: random::<32>() };
            change.put(&kubernetes::issuer_record(&pair.id), &cluster["identity"]["oidc"]["issuer"]);
            if kubernetes::create_cluster(change, &made).is_err() {
                cluster["health"] = json!({"issues": [{"code": "InternalFailure", "message": "The cluster's first objects could not be made.", "resourceIds": []}]});
            }
        }
        Some(mut made) if made.version != version => {
            made.version = version;
            change.put(&kubernetes::cluster_record(&pair.id), &made);
        }
        Some(_) => {}
    }
    if let Some(place) = frame.place() {
        show(&mut cluster, place, &pair.id);
    }
    change.put(&record(region, "clusters", name), &cluster);
}

/// Writes where the Kubernetes cluster is reached.
fn show(cluster: &mut Json, place: &Place, id: &str) {
    use base64::Engine;
    let authority = base64::engine::general_purpose::STANDARD.encode(&place.authority.certificate);
    cluster["endpoint"] = json!(format!("https://{}/clusters/{id}", place.secure));
    cluster["certificateAuthority"] = json!({"data": authority});
}

/// Writes new addresses into all clusters, as the sandbox is served at another place.
pub fn move_endpoints(change: &mut Change<'_>, place: &Place) {
    let pairs = change.under("aws/eks-kubernetes/").filter_map(|(_, text)| serde_json::from_str::<Pair>(text).ok());
    let pairs: Vec<Pair> = pairs.collect();
    for pair in pairs {
        let name = record(&pair.region, "clusters", &pair.name);
        let Some(mut cluster) = change.get::<Json>(&name) else { continue };
        if cluster["endpoint"].is_string() {
            show(&mut cluster, place, &pair.id);
            change.put(&name, &cluster);
        }
    }
}

/// What policies of EKS are in a cluster.
const POLICY_ROLES: &[(&str, &str)] = &[
    ("AmazonEKSAdminPolicy", "admin"),
    ("AmazonEKSAdminViewPolicy", "view"),
    ("AmazonEKSClusterAdminPolicy", "cluster-admin"),
    ("AmazonEKSEditPolicy", "edit"),
    ("AmazonEKSViewPolicy", "view"),
];

/// Tells whom a token lets in to a Kubernetes cluster: a presigned question to STS who one is, bound to the cluster.
pub fn user_of(frame: &Frame, id: &str, token: &str) -> Option<User> {
    let pair = frame.world.look(|records| records.get::<Pair>(&by_id(id)))?;
    let request = presigned(token, &pair.name)?;
    let (caller, signature) = authenticate(frame, &request, "sts").ok()?;
    if !signature.signs(CLUSTER_HEADER) {
        return None;
    }
    let place = (&*pair.region, &*pair.name);
    let access = frame.world.look(|records| access::groups_of(records, place, &caller.arn))?;
    let role = |policy: &str| POLICY_ROLES.iter().find(|(name, _)| *name == policy).map(|(_, role)| (*role).to_owned());
    let grants = access.policies.into_iter().filter_map(|(policy, namespaces)| Some((role(&policy)?, namespaces)));
    Some(User::of_cloud(access.username, access.groups, grants.collect()))
}

/// Reads a token as the request that it stands for, sent to a cluster.
fn presigned(token: &str, cluster: &str) -> Option<Request> {
    use base64::Engine;
    let text = token.strip_prefix(TOKEN_PREFIX).filter(|text| text.len() <= TOKEN_BYTES_MAX)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let url = String::from_utf8(bytes).ok()?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (address, query) = rest.split_once('?')?;
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let is_question = query.split('&').any(|pair| pair == "Action=GetCallerIdentity");
    if !path.is_empty() || !is_question {
        return None;
    }
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(host).ok()?);
    headers.insert(CLUSTER_HEADER, HeaderValue::from_str(cluster).ok()?);
    let (path, query) = ("/".to_owned(), query.to_owned());
    let (body, certificate) = Default::default();
    Some(Request { method: Method::GET, path, query, headers, body, certificate, is_secure: true })
}

/// Returns the user or the role that access is given to, for the session of a role as well.
fn principal(caller: &Caller) -> String {
    let session = caller.arn.strip_prefix(&format!("arn:aws:sts::{ACCOUNT}:assumed-role/"));
    match session.and_then(|session| session.split_once('/')) {
        Some((role, _)) => format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
        None => caller.arn.clone(),
    }
}
