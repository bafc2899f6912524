//! A stand-in for the program `kind`: a script, and behind it an emulated cluster.
//!
//! The cluster has the nodes of the configuration that the script is given, and what the images of kind bring.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::kubernetes::cloud::{
    Asked, Balancer, BalancerWanted, Cloud, Instance, Machine, NodeSet, Volume, VolumeWanted,
};
use sandbox::kubernetes::{Cluster, Kubernetes, create_cluster, delete_cluster, kubeconfig};
use sandbox::tls::{Authority, acceptor};
use sandbox::world::{Changed, Records};
use sandbox::{Frame, Settings, WorldError, server};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// Seconds of the sandbox in one of ours.
const SPEED: f64 = 1000.0;
/// Between two looks for what the script wants.
const PAUSE: Duration = Duration::from_millis(20);

/// The stand-in; it ends with the test.
pub(crate) struct KindProgram {
    folder: TempDir,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl KindProgram {
    /// Makes the script and serves what is behind it.
    pub(crate) fn new() -> KindProgram {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("kind");
        fs::write(&program, SCRIPT.replace("FOLDER", &folder.path().display().to_string())).expect("it can be written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
        let stop = serve(folder.path().to_owned());
        KindProgram { folder, _stop: stop }
    }

    /// Returns PATH with the program in front.
    pub(crate) fn path(&self) -> String {
        format!("{}:/usr/local/bin:/usr/bin:/bin", self.folder.path().display())
    }

    /// Returns the configuration that the cluster was made from; nothing if there is none.
    pub(crate) fn configuration(&self) -> Option<Json> {
        configuration(self.folder.path())
    }

    /// Returns the kubeconfig of the cluster.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    /// Returns the image that the nodes were made of.
    pub(crate) fn image(&self) -> String {
        fs::read_to_string(self.folder.path().join("image")).unwrap_or_default().trim().to_owned()
    }
}

/// What `kind` is asked for: clusters are files here, and wait until they are served.
const SCRIPT: &str = r#"#!/bin/sh
cd FOLDER || exit 1
case "$1 $2" in
"get clusters") if [ -f name ]; then cat name; else echo "No kind clusters found." >&2; fi ;;
"get kubeconfig") cat kubeconfig ;;
"create cluster")
  while [ $# -gt 0 ]; do
    case "$1" in
    --name) echo "$2" >name.new ;;
    --image) echo "$2" >image ;;
    esac
    shift
  done
  cat >config.new && mv config.new config.json
  while [ ! -f kubeconfig ]; do sleep 0.05; done
  mv name.new name ;;
"delete cluster")
  rm -f config.json name
  while [ -f kubeconfig ]; do sleep 0.05; done ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac
"#;

fn configuration(folder: &Path) -> Option<Json> {
    serde_json::from_slice(&fs::read(folder.join("config.json")).ok()?).ok()
}

fn serve(folder: PathBuf) -> tokio::sync::oneshot::Sender<()> {
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let frame = Frame::open(&Settings { speed: Some(SPEED), ..Settings::default() }).expect("a world");
            let authority = Authority::make("kind").expect("an authority");
            let accept = acceptor(&authority, &authority.server().expect("a certificate")).expect("TLS");
            let listen = || tokio::net::TcpListener::bind("127.0.0.1:0");
            let (plain, secure) = (listen().await.expect("a port"), listen().await.expect("a port"));
            let kubernetes = Kubernetes::default().in_cloud(Box::new(Containers { folder: folder.clone() }));
            let services: Vec<Box<dyn server::Service>> = vec![Box::new(kubernetes)];
            let running = server::serve(&frame, services, plain, (secure, accept)).expect("served");
            let mut served: Option<Cluster> = None;
            let mut count = 0;
            while stopped.try_recv().is_err_and(|error| error == tokio::sync::oneshot::error::TryRecvError::Empty) {
                match (&served, configuration(&folder)) {
                    (None, Some(_)) => {
                        count += 1;
                        let cluster =
                            Cluster { name: format!("kind-{count}"), version: "1.35".into(), token: "none".into() };
                        frame.world.change(|change| create_cluster(change, &cluster)).await.expect("a cluster");
                        let mut config = kubeconfig(&cluster, running.secure, &authority.certificate);
                        let user = authority.user("kubernetes-admin", "system:masters").expect("a certificate");
                        config["users"][0]["user"] = json!({
                            "client-certificate-data": base64(&user.certificate), "client-key-data": base64(&user.key),
                        });
                        fs::write(folder.join("kubeconfig"), config.to_string()).expect("it can be written");
                        served = Some(cluster);
                    }
                    (Some(cluster), None) => {
                        let gone = frame.world.change(|change| -> Result<(), WorldError> {
                            delete_cluster(change, &cluster.name);
                            Ok(())
                        });
                        gone.await.expect("it goes");
                        fs::remove_file(folder.join("kubeconfig")).expect("it is there");
                        served = None;
                    }
                    _ => tokio::time::sleep(PAUSE).await,
                }
            }
        });
    });
    stop
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Containers for nodes: those of the configuration.
struct Containers {
    folder: PathBuf,
}

const PREFIX: &str = "containers/";

fn machine() -> Machine {
    let amounts: BTreeMap<String, i64> =
        [("cpu", 8000), ("memory", 16 << 30), ("pods", 110)].map(|(name, amount)| (name.to_owned(), amount)).into();
    Machine {
        kind: "container".into(),
        architecture: "amd64".into(),
        capacity: amounts.clone(),
        allocatable: amounts,
        image: "Debian GNU/Linux 12 (bookworm)".into(),
    }
}

/// Returns the taints that a node's patches of kubeadm say.
fn taints(node: &Json) -> Vec<Json> {
    let patches = node["kubeadmConfigPatches"].as_array().into_iter().flatten();
    let parsed = patches.filter_map(|patch| serde_json::from_str::<Json>(patch.as_str()?).ok());
    let joining = parsed.filter(|patch| patch["kind"] == "JoinConfiguration");
    joining.flat_map(|patch| patch["nodeRegistration"]["taints"].as_array().cloned().unwrap_or_default()).collect()
}

impl Cloud for Containers {
    fn concerned(&self, _: &Records, changed: &Changed) -> Option<String> {
        changed.name.strip_prefix(PREFIX)?.split('/').next().map(str::to_owned)
    }

    fn has(&self, _: &Records, _: &str) -> bool {
        true
    }

    fn node_sets(&self, _: &Records, _: &str) -> Vec<NodeSet> {
        let config = configuration(&self.folder).unwrap_or_default();
        let nodes = config["nodes"].as_array().cloned().unwrap_or_default();
        let of_node = |(index, node): (usize, &Json)| {
            let is_control = node["role"] != "worker";
            let labels = node["labels"].as_object().cloned().unwrap_or_default();
            let mut labels: BTreeMap<String, String> =
                labels.into_iter().map(|(name, value)| (name, value.as_str().unwrap_or_default().to_owned())).collect();
            let mut taints = taints(node);
            if is_control {
                let role = "node-role.kubernetes.io/control-plane";
                labels.insert(role.to_owned(), String::new());
                taints.push(json!({"key": role, "effect": "NoSchedule"}));
            }
            NodeSet {
                name: if is_control { "control-plane".to_owned() } else { format!("worker-{index}") },
                desired: 1,
                labels,
                taints,
                version: "1.35".into(),
                machine: machine(),
                places: vec![("local".into(), "local".into())],
                unavailable_max: 1,
                ..NodeSet::default()
            }
        };
        nodes.iter().enumerate().map(of_node).collect()
    }

    fn create_instance(&self, asked: &mut Asked<'_, '_>, set: &NodeSet, _: usize) -> Result<Instance, String> {
        let cluster = asked.cluster;
        let number = asked.change.under(&format!("{PREFIX}{cluster}/")).count() + 1;
        let host = format!("{cluster}-{}", set.name);
        asked.change.put(&format!("{PREFIX}{cluster}/{host}"), &json!({}));
        let address = format!("172.18.0.{}", number + 1);
        Ok(Instance { provider_id: host.clone(), host, address, region: "local".into(), zone: "local".into() })
    }

    fn has_instance(&self, records: &Records, cluster: &str, provider_id: &str) -> bool {
        records.has(&format!("{PREFIX}{cluster}/{provider_id}"))
    }

    fn delete_instance(&self, asked: &mut Asked<'_, '_>, provider_id: &str) {
        let record = format!("{PREFIX}{}/{provider_id}", asked.cluster);
        asked.change.remove(&record);
    }

    fn balancer(&self, _: &mut Asked<'_, '_>, _: &BalancerWanted<'_>) -> Result<Balancer, String> {
        Err("kind has no load balancers".to_owned())
    }

    fn delete_balancer(&self, _: &mut Asked<'_, '_>, _: &str, _: &str) -> Option<Duration> {
        None
    }

    fn provisions(&self, provisioner: &str) -> bool {
        provisioner == "rancher.io/local-path"
    }

    fn create_volume(&self, _: &mut Asked<'_, '_>, wanted: &VolumeWanted<'_>) -> Result<Volume, String> {
        Ok(Volume { id: wanted.name.to_owned(), ..Volume::default() })
    }

    fn resize_volume(&self, _: &mut Asked<'_, '_>, _: &str, _: i64) -> Result<(), String> {
        Err("rancher.io/local-path does not resize".to_owned())
    }

    fn attach_volume(&self, _: &mut Asked<'_, '_>, _: &str, _: Option<&str>) -> Result<(), String> {
        Ok(())
    }

    fn delete_volume(&self, _: &mut Asked<'_, '_>, _: &str) -> Result<(), String> {
        Ok(())
    }

    /// What is in the images of kind: see pkg/build/nodeimage/const_storage.go in its repository.
    fn workloads(&self, _: &Records, _: &str) -> Vec<Json> {
        let priority = |name: &str, value: i64| {
            json!({
                "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value,
            })
        };
        let labels = json!({"k8s-app": "kube-dns"});
        let names = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "coredns", "namespace": "kube-system", "labels": labels},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.13.1"}]},
                },
            },
        });
        let standard = json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer", "reclaimPolicy": "Delete",
        });
        let critical = [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
        let critical = critical.into_iter().map(|(name, value)| priority(name, value));
        critical.chain([names, standard]).collect()
    }
}
