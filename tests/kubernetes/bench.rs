//! A cluster, a folder with a configuration, and the programs that are run in it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use sandbox::kubernetes::{Cluster, Kubernetes, create_cluster, kubeconfig};
use sandbox::tls::{Authority, acceptor};
use sandbox::{Frame, Settings, server};
use tempfile::TempDir;

use super::cloud::Machines;
use crate::program::{gantry, one_line, said};

/// Seconds of the sandbox in one of ours: what takes minutes there must not take them here.
const SPEED: f64 = 200.0;
/// A token that is not the cluster's own is good for so many requests.
const REQUESTS_PER_TOKEN: u32 = 20;

/// A cluster and a folder to work in.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) namespace: String,
    kubeconfig: PathBuf,
    /// The sandbox, unless the cluster is a real one.
    pub(crate) world: Option<World>,
}

/// An emulated cluster, served by a thread.
pub(crate) struct World {
    pub(crate) frame: std::sync::Arc<Frame>,
    /// The address of the API server.
    pub(crate) host: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Bench {
    /// Makes a folder with a configuration, in which NAMESPACE is a namespace that nobody else uses.
    pub(crate) fn new(configuration: &str) -> Option<Bench> {
        if Command::new("kubectl").arg("version").arg("--client").output().is_err() {
            println!("skipped: kubectl is not there to look at the cluster by other eyes");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("kubeconfig");
        #[expect(clippy::disallowed_methods, reason = "tests against a real cluster are asked for by the environment")]
        let (kubeconfig, world) = match env::var_os("GANTRY_TEST_KUBECONFIG") {
            Some(path) => (PathBuf::from(path), None),
            None => (own.clone(), Some(serve(&own))),
        };
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("gantry-test-{}-{number}", std::process::id());
        let bench = Bench { folder, namespace, kubeconfig, world };
        let provider = format!("provider \"kubernetes\" {{\n  config_path = {:?}\n}}\n", bench.kubeconfig);
        bench.write("provider.tf", &provider);
        bench.write("main.tf", configuration);
        Some(bench)
    }

    /// Writes a file, with the namespace's name.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), self.named(text)).expect("the file can be written");
    }

    /// Writes the namespace's name into a text.
    pub(crate) fn named(&self, text: &str) -> String {
        text.replace("NAMESPACE", &self.namespace)
    }

    fn gantry(&self, arguments: &str) -> (i32, String) {
        let mut command = gantry(self.folder.path(), &self.named(arguments).split(' ').collect::<Vec<_>>());
        let output = command.output().expect("the program starts");
        (output.status.code().unwrap_or(-1), said(&output))
    }

    /// Runs a command and expects how it ends; returns what it writes.
    pub(crate) fn run(&self, arguments: &str, exit: i32) -> String {
        let (code, text) = self.gantry(arguments);
        assert_eq!(code, exit, "gantry {arguments}: {text}");
        text
    }

    /// Runs a command that fails, and expects what it says.
    pub(crate) fn fails_with(&self, arguments: &str, part: &str) -> String {
        let text = self.run(arguments, 1);
        assert!(one_line(&text).contains(&self.named(part)), "gantry {arguments}: {text}");
        text
    }

    /// Applies the configuration.
    pub(crate) fn apply(&self) -> String {
        self.run("apply -auto-approve", 0)
    }

    /// Expects that there is nothing to do, and that nothing has changed that would be worth telling.
    pub(crate) fn is_settled(&self) {
        let plan = self.run("plan -detailed-exitcode", 0);
        assert!(!plan.contains("outside"), "{plan}");
    }

    fn kubectl_output(&self, arguments: &str) -> Output {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(self.named(arguments).split(' '));
        if !arguments.contains("namespace") {
            command.arg("--namespace").arg(&self.namespace);
        }
        command.current_dir(self.folder.path()).output().expect("kubectl runs")
    }

    /// Runs kubectl in the namespace; returns what it writes.
    pub(crate) fn kubectl(&self, arguments: &str) -> String {
        let output = self.kubectl_output(arguments);
        assert!(output.status.success(), "kubectl {arguments}: {}", said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs kubectl, which fails; returns what it writes.
    pub(crate) fn kubectl_fails(&self, arguments: &str) -> String {
        let output = self.kubectl_output(arguments);
        assert!(!output.status.success(), "kubectl {arguments}: {}", said(&output));
        said(&output)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if self.world.is_none() {
            // Nobody waits for it.
            let _ =
                self.kubectl_output(&format!("delete namespace {} --wait=false --ignore-not-found", self.namespace));
        }
    }
}

/// Serves an emulated cluster on a thread, and writes how it is reached.
pub(crate) fn serve(path: &std::path::Path) -> World {
    let settings = Settings { speed: Some(SPEED), ..Settings::default() };
    let frame = Frame::open(&settings).expect("a world");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (send, receive) = std::sync::mpsc::channel();
    let shared = frame.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let cluster = Cluster { name: "lake".into(), version: "1.35".into(), token: "secret".into() };
            shared.world.change(|change| create_cluster(change, &cluster)).await.expect("a cluster");
            let authority = Authority::make("sandbox").expect("an authority");
            let accept = acceptor(&authority, &authority.server().expect("a certificate")).expect("TLS");
            let listen = || tokio::net::TcpListener::bind("127.0.0.1:0");
            let (plain, secure) = (listen().await.expect("a port"), listen().await.expect("a port"));
            let kubernetes = Kubernetes::with_tokens(short_lived()).in_cloud(Box::new(Machines));
            let services: Vec<Box<dyn server::Service>> = vec![Box::new(kubernetes)];
            let running = server::serve(&shared, services, plain, (secure, accept)).expect("served");
            let config = kubeconfig(&cluster, running.secure, &authority.certificate);
            send.send((config, authority.certificate)).expect("someone waits");
            let _ = stopped.await;
        });
    });
    let (config, authority) = receive.recv().expect("the server starts");
    fs::write(path, config.to_string()).expect("the file can be written");
    fs::write(path.with_file_name("ca.pem"), authority).expect("the file can be written");
    let host = config["clusters"][0]["cluster"]["server"].as_str().expect("a server").to_owned();
    World { frame, host, _stop: stop }
}

/// Lets every token that is not the cluster's own in for a few requests: then it has expired.
fn short_lived() -> sandbox::kubernetes::Tokens {
    let used: Mutex<BTreeMap<String, u32>> = Mutex::default();
    Box::new(move |_, _, token| {
        let mut used = used.lock().unwrap_or_else(PoisonError::into_inner);
        let count = used.entry(token.to_owned()).or_default();
        *count += 1;
        let is_good = (token.starts_with("fresh-") || token.starts_with("k8s-aws-v1.")) && *count <= REQUESTS_PER_TOKEN;
        is_good.then(sandbox::kubernetes::User::administrator)
    })
}
