//! Whether a cluster works: asked of its API server, as `kind` itself only looks at containers.

use std::time::Duration;

use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use sdk::{Problem, Runtime};
use serde_json::Value as Json;

/// How long a question to the API server may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// How often it is looked before waiting ends, whatever the limit: a machine that is busy with containers looks late.
const LOOKS_MIN: u32 = 10;

/// How a cluster is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Access {
    /// The kubeconfig.
    pub(crate) kubeconfig: String,
    pub(crate) endpoint: String,
    pub(crate) authority: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

fn unreadable(why: &str) -> Problem {
    Problem::error("Kubeconfig not readable", format!("kind has written a kubeconfig that cannot be used: {why}."))
}

/// Reads a kubeconfig of kind.
pub(crate) fn read(kubeconfig: &str) -> Result<Access, Problem> {
    use base64::Engine;
    let parsed = Kubeconfig::from_yaml(kubeconfig).map_err(|error| unreadable(&error.to_string()))?;
    let cluster = parsed.clusters.first().and_then(|cluster| cluster.cluster.as_ref());
    let cluster = cluster.ok_or_else(|| unreadable("there is no cluster in it"))?;
    let user = parsed.auth_infos.first().and_then(|user| user.auth_info.as_ref());
    // Secrets of a kubeconfig can be read only by writing them down once more.
    let user = user.and_then(|user| serde_json::to_value(user).ok()).unwrap_or_default();
    let decoded = |data: Option<&str>| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(data.unwrap_or_default()).ok()?;
        String::from_utf8(bytes).ok()
    };
    let part = |name: &str| decoded(user.get(name).and_then(Json::as_str)).unwrap_or_default();
    Ok(Access {
        kubeconfig: kubeconfig.to_owned(),
        endpoint: cluster.server.clone().unwrap_or_default(),
        authority: decoded(cluster.certificate_authority_data.as_deref()).unwrap_or_default(),
        certificate: part("client-certificate-data"),
        key: part("client-key-data"),
    })
}

/// What is waited for.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    /// The API server answers.
    Server,
    /// Nodes and the name server are ready, too.
    Everything,
}

/// A cluster's API server.
pub(crate) struct Server(Client);

impl Server {
    /// Gets ready to ask.
    pub(crate) async fn of(access: &Access) -> Result<Server, Problem> {
        let parsed = Kubeconfig::from_yaml(&access.kubeconfig).map_err(|error| unreadable(&error.to_string()))?;
        let config = kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await;
        let mut config = config.map_err(|error| unreadable(&error.to_string()))?;
        // It is on this machine: no proxy of the environment is in between.
        config.proxy_url = None;
        config.default_retry = false;
        Client::try_from(config).map(Server).map_err(|error| unreadable(&error.to_string()))
    }

    async fn ask(&self, path: &str) -> Result<String, String> {
        let request = http::Request::get(path).body(Vec::new()).map_err(|error| error.to_string())?;
        match tokio::time::timeout(ANSWER_TIME_MAX, self.0.request_text(request)).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("there is no answer".to_owned()),
        }
    }

    /// Tells why the API server is not ready; nothing if it is.
    pub(crate) async fn fault(&self) -> Option<String> {
        self.ask("/readyz").await.err().map(|error| format!("its API server does not answer: {error}"))
    }

    /// Tells what the cluster still waits for: its nodes, its name server.
    async fn waits_for(&self) -> Option<String> {
        if let Some(fault) = self.fault().await {
            return Some(fault);
        }
        let json = |text: Result<String, String>| -> Json {
            text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
        };
        let nodes = json(self.ask("/api/v1/nodes").await);
        let nodes = nodes.get("items").and_then(Json::as_array).cloned().unwrap_or_default();
        let unready: Vec<String> = nodes.iter().filter(|node| !is_ready(node)).map(name_of).collect();
        if nodes.is_empty() || !unready.is_empty() {
            return Some(format!("nodes that are not ready: {}", unready.join(", ")));
        }
        let names = json(self.ask("/apis/apps/v1/namespaces/kube-system/deployments/coredns").await);
        let count = |pointer: &str| names.pointer(pointer).and_then(Json::as_i64).unwrap_or(0);
        let (wanted, available) = (count("/spec/replicas"), count("/status/availableReplicas"));
        (available < wanted.max(1)).then(|| format!("{available} of {wanted} name servers (coredns) are available"))
    }

    /// Tells what a cluster lacks whose making may have been cut off: nodes of its containers, or what `kind` adds last to the
    /// first of them.
    pub(crate) async fn lacks(&self, containers: &[String]) -> Option<String> {
        for container in containers {
            if let Err(error) = self.ask(&format!("/api/v1/nodes/{container}")).await {
                return Some(format!("its node {container} has not joined: {error}"));
            }
        }
        let class = self.ask("/apis/storage.k8s.io/v1/storageclasses/standard").await;
        class.err().map(|error| format!("it has no storage class: {error}"))
    }

    /// Waits until the cluster works, as far as that is wanted.
    pub(crate) async fn ready(
        &self,
        runtime: &dyn Runtime,
        (wanted, limit): (Wanted, Duration),
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<(), Problem> {
        let (began, mut looks) = (runtime.now(), 0);
        loop {
            let fault = match wanted {
                Wanted::Server => self.fault().await,
                Wanted::Everything => self.waits_for().await,
            };
            let Some(why) = fault else { return Ok(()) };
            looks += 1;
            if looks >= LOOKS_MIN && runtime.now().saturating_sub(began) >= limit {
                let detail = format!("The cluster is not ready after {} seconds: {why}.", limit.as_secs());
                return Err(Problem::error("Cluster not ready", detail));
            }
            tell(&why);
            runtime.sleep(PAUSE).await;
        }
    }
}

fn name_of(node: &Json) -> String {
    node.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default().to_owned()
}

fn is_ready(node: &Json) -> bool {
    let conditions = node.pointer("/status/conditions").and_then(Json::as_array);
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_kubeconfig_is_taken_apart() {
        let text = "apiVersion: v1\nkind: Config\ncurrent-context: kind-a\n\
                    clusters: [{name: kind-a, cluster: {server: 'https://127.0.0.1:1', certificate-authority-data: QQ==}}]\n\
                    contexts: [{name: kind-a, context: {cluster: kind-a, user: kind-a}}]\n\
                    users: [{name: kind-a, user: {client-certificate-data: Qg==, client-key-data: Qw==}}]\n";
        let access = read(text).unwrap();
        let parts = [&access.endpoint, &access.authority, &access.certificate, &access.key];
        assert_eq!(parts, ["https://127.0.0.1:1", "A", "B", "C"]);
        assert!(read("kind: Config").is_err());
    }
}
