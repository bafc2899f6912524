//! The real `kubectl` waits for what controllers do, on the clock of every sandbox.

use std::process::Command;

use super::{CLUSTER, cloud};
use crate::kubernetes::{Cluster, Kubernetes, create_cluster, kubeconfig};
use crate::tls::{Authority, acceptor};
use crate::world::Change;
use crate::{Frame, Settings, server};

const MANIFESTS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: "nginx:1.27", resources: {requests: {cpu: 100m}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: disk}
provisioner: disk.example.com
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: disk.example.com}
spec: {attachRequired: true}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: main, image: "postgres:17"}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {storageClassName: disk, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: main, image: "busybox:1.36"}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: batch}
spec:
  completions: 2
  template:
    spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: huge}
spec: {containers: [{name: main, image: "busybox:1.36", resources: {requests: {cpu: "64"}}}]}
"#;

/// Runs `kubectl` in a cluster of three nodes: each line with whether it goes well, and what it writes.
async fn check(lines: &[(&str, bool, &str)]) {
    if Command::new("kubectl").arg("--help").output().is_err() {
        // Skipped: there is no kubectl here.
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let frame = Frame::open(&Settings::default()).expect("a world");
    let cluster = Cluster { name: CLUSTER.into(), version: "1.33".into(), token: "secret".into() };
    let begin = |change: &mut Change<'_>| {
        cloud::set_nodes(change, CLUSTER, "pool", 3);
        create_cluster(change, &cluster)
    };
    frame.world.change(begin).await.expect("a cluster");
    let authority = Authority::make("sandbox").expect("an authority");
    let accept = acceptor(&authority, &authority.server().expect("a certificate")).expect("TLS");
    let listen = || tokio::net::TcpListener::bind("127.0.0.1:0");
    let (plain, secure) = (listen().await.expect("a port"), listen().await.expect("a port"));
    let kubernetes = Kubernetes::default().in_cloud(Box::new(cloud::Bare));
    let running = server::serve(&frame, vec![Box::new(kubernetes)], plain, (secure, accept)).expect("served");
    let config = kubeconfig(&cluster, running.secure, &authority.certificate);
    std::fs::write(folder.path().join("config"), config.to_string()).expect("a file");
    std::fs::write(folder.path().join("all.yaml"), MANIFESTS).expect("a file");
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
async fn kubectl_waits_for_workloads_and_sees_why_not() {
    check(&[
        ("wait --for=create node/node-3 --timeout=60s", true, "met"),
        ("wait --for=condition=Ready node --all --timeout=60s", true, "node-3 condition met"),
        ("apply -f all.yaml", true, "deployment.apps/web created"),
        ("rollout status deploy/web --timeout=60s", true, "successfully rolled out"),
        ("wait --for=condition=Ready pod -l app=web --timeout=60s", true, "condition met"),
        ("scale deploy web --replicas=4", true, "scaled"),
        ("rollout status deploy/web --timeout=60s", true, "successfully rolled out"),
        ("set image deploy/web main=nginx:1.28", true, "updated"),
        ("rollout status deploy/web --timeout=60s", true, "successfully rolled out"),
        ("rollout history deploy/web", true, "2 "),
        ("rollout undo deploy/web", true, "rolled back"),
        ("rollout status deploy/web --timeout=60s", true, "successfully rolled out"),
        ("get deploy web -o wide", true, "nginx:1.27"),
        ("rollout status sts/db --timeout=60s", true, "partitioned roll out complete"),
        ("get pvc", true, "Bound"),
        ("rollout status ds/agent --timeout=60s", true, "successfully rolled out"),
        ("wait --for=condition=Complete job/batch --timeout=60s", true, "condition met"),
        ("wait --for=jsonpath={.status.loadBalancer.ingress} svc/web --timeout=60s", true, "condition met"),
        ("get svc web", true, "web.example.com"),
        ("get endpointslices", true, "web-"),
        ("describe pod huge", true, "3 Insufficient cpu."),
        ("describe pod -l app=db", true, "Successfully assigned default/db-0 to node-"),
        ("get pdb web -o jsonpath={.status.expectedPods}", true, "4"),
        ("drain node-1 --ignore-daemonsets --force --delete-emptydir-data --timeout=60s", true, "node/node-1 drained"),
        ("get node node-1", true, "SchedulingDisabled"),
        ("wait --for=condition=Available deploy/web --timeout=60s", true, "condition met"),
        ("uncordon node-1", true, "uncordoned"),
        ("delete -f all.yaml --timeout=60s", true, "deleted"),
        ("get svc web", false, "NotFound"),
        ("get pods -l app=web", true, "No resources found"),
    ])
    .await;
}
