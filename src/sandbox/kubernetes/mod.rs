//! The Kubernetes API of emulated clusters: each under `/clusters/<name>` of the TLS listener.
//!
//! Objects are JSON text in the world, under `k8s/<cluster>/<group>/<resource>/<namespace>/<name>` (`core` is the group
//! without a name, `_` stands for no namespace); the version of an object is the number of the change that wrote it.
//! What follows from objects is done by `controllers/`, with machines, volumes and load balancers of a [`cloud`].

pub mod cloud;
pub mod controllers;
pub mod failure;
pub mod kinds;
pub mod store;
pub mod table;
pub mod watch;
pub mod workload;

mod access;
mod addresses;
mod body;
mod cells;
mod collect;
mod conform;
mod convert;
mod custom;
mod defaults;
mod definitions;
mod discovery;
mod fields;
mod identity;
mod listing;
mod openapi;
mod parts;
mod patch;
mod path;
mod path_expression;
mod protobuf;
pub mod quantity;
mod scale;
mod schema;
pub mod selector;
mod serve;
#[cfg(test)]
mod tests;
mod types;
mod validation;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use self::cloud::Cloud;
use self::controllers::Controllers;
use self::failure::{Failure, Stop};
pub use self::identity::{User, issuer_record, of_issuer};
use self::kinds::Kind;
use self::store::{How, Target};
use self::watch::History;
use crate::clock::{real_now, rfc3339};
use crate::frame::{Frame, Task};
use crate::server::{Call, Request, Response, Service};
use crate::world::Change;

/// A cluster, as it is kept in the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name, as paths have it.
    pub name: String,
    /// The version of Kubernetes: `1.33`.
    pub version: String,
    /// A token that is always let in.
    pub token: String,
}

/// Under what prefix clusters are kept.
const CLUSTERS: &str = "k8s-clusters/";

/// Returns where a cluster is kept.
pub fn cluster_record(name: &str) -> String {
    format!("{CLUSTERS}{name}")
}

/// Namespaces that every cluster begins with.
const NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// Makes a cluster with its first namespaces, as a part of a change.
pub fn create_cluster(change: &mut Change<'_>, cluster: &Cluster) -> Result<(), Stop> {
    change.put(&cluster_record(&cluster.name), cluster);
    let how = How { manager: "kube-apiserver".to_owned(), time: rfc3339(real_now()) };
    let kind = |plural: &str| kinds::built_in().iter().find(|kind| kind.is("", plural)).ok_or_else(Failure::no_path);
    let kind_in = |plural: &str| {
        let same = |kind: &&Arc<Kind>| kind.is("rbac.authorization.k8s.io", plural);
        kinds::built_in().iter().find(same).ok_or_else(Failure::no_path)
    };
    let (namespaces, services) = (kind("namespaces")?, kind("services")?);
    for namespace in NAMESPACES {
        let target = Target { cluster: &cluster.name, kind: namespaces, namespace: None, name: namespace, part: None };
        store::create(change, &target, json!({}), &how)?;
    }
    let (roles, bindings) = (kind_in("clusterroles")?, kind_in("clusterrolebindings")?);
    for (name, rules) in access::first_roles() {
        let target = Target { cluster: &cluster.name, kind: roles, namespace: None, name, part: None };
        let labels = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
        store::create(change, &target, json!({"metadata": {"labels": labels}, "rules": rules}), &how)?;
    }
    for (name, group) in access::FIRST_BINDINGS {
        let target = Target { cluster: &cluster.name, kind: bindings, namespace: None, name, part: None };
        let api_group = "rbac.authorization.k8s.io";
        let role = json!({"apiGroup": api_group, "kind": "ClusterRole", "name": name});
        let subjects = json!([{"apiGroup": api_group, "kind": "Group", "name": group}]);
        store::create(change, &target, json!({"roleRef": role, "subjects": subjects}), &how)?;
    }
    let same = |kind: &&Arc<Kind>| kind.is("scheduling.k8s.io", "priorityclasses");
    let classes = kinds::built_in().iter().find(same).ok_or_else(Failure::no_path)?;
    for (name, value) in [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)] {
        let target = Target { cluster: &cluster.name, kind: classes, namespace: None, name, part: None };
        store::create(change, &target, json!({"value": value}), &how)?;
    }
    let target =
        Target { cluster: &cluster.name, kind: services, namespace: Some("default"), name: "kubernetes", part: None };
    let ports = json!([{"name": "https", "port": 443, "targetPort": 443}]);
    store::create(change, &target, json!({"spec": {"clusterIP": "172.20.0.1", "ports": ports}}), &how)?;
    Ok(())
}

/// Removes a cluster with everything in it, as a part of a change.
pub fn delete_cluster(change: &mut Change<'_>, name: &str) {
    let own = [kinds::cluster_prefix(name), controllers::notes_prefix(name), addresses::claims_prefix(name)];
    for prefix in own.into_iter().chain([collect::owned_prefix(name)]) {
        let names: Vec<String> = change.under(&prefix).map(|(name, _)| name.to_owned()).collect();
        for name in names {
            change.remove(&name);
        }
    }
    change.remove(&cluster_record(name));
    change.remove(&identity::issuer_record(name));
}

/// Tasks that are done with in one change.
const TASKS_MAX: usize = 512;

/// Whose a token is that is not of the cluster's own making.
pub type Tokens = Box<dyn Fn(&Frame, &str, &str) -> Option<User> + Send + Sync>;

/// The API of all clusters.
pub struct Kubernetes {
    history: Arc<History>,
    tokens: Tokens,
    controllers: Controllers,
}

impl Default for Kubernetes {
    fn default() -> Kubernetes {
        Kubernetes::with_tokens(Box::new(|_, _, _| None))
    }
}

impl Kubernetes {
    /// Lets in, beside the clusters' own tokens, those that a cloud knows.
    pub fn with_tokens(tokens: Tokens) -> Kubernetes {
        Kubernetes { history: Arc::default(), tokens, controllers: Controllers::default() }
    }

    /// Adds a cloud whose clusters these are.
    pub fn in_cloud(mut self, cloud: Box<dyn Cloud>) -> Kubernetes {
        self.controllers.clouds.push(cloud);
        self
    }

    /// Tells who asks; nobody if it is not known.
    fn user(&self, frame: &Frame, cluster: &Cluster, request: &Request) -> Option<User> {
        let header = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match header.and_then(|header| header.strip_prefix("Bearer ")) {
            Some(token) => self.whose(frame, cluster, token.trim()),
            None => User::of_certificate(request.certificate.as_ref()?),
        }
    }

    /// Tells whose a token is.
    fn whose(&self, frame: &Frame, cluster: &Cluster, token: &str) -> Option<User> {
        if token.is_empty() {
            return None;
        }
        if token == cluster.token {
            return Some(User::administrator());
        }
        let own = || frame.world.look(|records| identity::of_token(records, cluster, token));
        (self.tokens)(frame, &cluster.name, token).or_else(own)
    }

    async fn serve(&self, frame: &Arc<Frame>, request: &Request) -> Result<Response, Failure> {
        let path = path::Path::read(request)?;
        let cluster: Option<Cluster> = frame.world.look(|records| records.get(&cluster_record(&path.cluster)));
        let cluster = cluster.ok_or_else(Failure::no_path)?;
        let is_open = matches!(path.first(), "version" | "livez" | "readyz" | "healthz");
        let unknown = || Failure::new(401, "Unauthorized", "Unauthorized");
        let user = match self.user(frame, &cluster, request) {
            Some(user) => user,
            None if is_open => User::administrator(),
            None => return Err(unknown()),
        };
        let user = serve::impersonated(frame, &cluster, user, request)?;
        let whose = |token: &str| self.whose(frame, &cluster, token);
        let asked = serve::Asked { frame, history: &self.history, cluster: &cluster, user: &user, whose: &whose };
        serve::answer(&asked, &path, request).await
    }
}

impl Service for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn accepts(&self, request: &Request) -> bool {
        // EKS has paths like this as well, and its requests are signed.
        let authorization = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let is_signed = authorization.is_some_and(|text| text.starts_with("AWS4-"));
        request.is_secure && request.path.starts_with("/clusters/") && !is_signed
    }

    fn operation(&self, request: &Request) -> String {
        path::Path::read(request).map_or_else(|_| "nothing".to_owned(), |path| path.operation(request))
    }

    fn answer<'a>(&'a self, frame: &'a Arc<Frame>, request: Request, _is_stuck: bool) -> Call<'a, Response> {
        Box::pin(async move {
            match self.serve(frame, &request).await {
                Ok(answer) => answer,
                Err(failure) => refused(&failure),
            }
        })
    }

    fn fail(&self, _request: &Request, code: &str, status: u16, message: &str) -> Response {
        let mut failure = Failure::new(status, "InternalError", message).status();
        failure["reason"] = code.into();
        let mut answer = Response::new(status, "application/json", failure.to_string());
        answer.error = Some(code.to_owned());
        answer
    }

    fn throttled(&self) -> (&'static str, u16) {
        ("TooManyRequests", 429)
    }

    fn due<'a>(&'a self, frame: &'a Arc<Frame>, name: &'a str, _task: Task) -> Call<'a, ()> {
        // Controllers see that a task is gone, and look at what it names. All that are due go in one change.
        let mut all = frame.all_due(self.name(), TASKS_MAX);
        all.push(name.into());
        Box::pin(frame.happen(move |change| all.iter().for_each(|name| _ = change.remove(name))))
    }

    fn run<'a>(&'a self, frame: &'a Arc<Frame>) -> Call<'a, ()> {
        Box::pin(async move {
            tokio::join!(self.history.follow(frame), self.controllers.run(frame));
        })
    }
}

fn refused(failure: &Failure) -> Response {
    let mut answer = Response::new(failure.code, "application/json", failure.status().to_string());
    answer.error = Some(failure.reason.to_owned());
    answer
}

/// Writes what `kubectl` needs to reach a cluster with its token.
pub fn kubeconfig(cluster: &Cluster, secure: std::net::SocketAddr, authority: &str) -> Json {
    use base64::Engine;
    let authority = base64::engine::general_purpose::STANDARD.encode(authority);
    let server = format!("https://{secure}/clusters/{}", cluster.name);
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": cluster.name,
        "clusters": [{"name": cluster.name, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": cluster.name, "user": {"token": cluster.token}}],
        "contexts": [{"name": cluster.name, "context": {"cluster": cluster.name, "user": cluster.name}}],
    })
}
