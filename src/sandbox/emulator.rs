//! A whole sandbox: its world opened, all services served, on a thread of its own.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use crate::aws::account::random;
use crate::aws::{ACCESS_KEY, SECRET_KEY};
use crate::control::Control;
use crate::folder::{Folder, Hold, Served};
use crate::frame::{Frame, Place, Settings};
use crate::kubernetes::Kubernetes;
use crate::server::{Service, serve};
use crate::tls::{Authority, TlsError, acceptor};
use crate::world::{Change, WorldError};
use crate::{aws, control, kind, server, tls};

/// The region that clients use unless they say another.
pub const REGION: &str = "eu-west-1";
/// Beginnings of variables that point clients at clouds: none of the user's may come through.
pub const FOREIGN_VARIABLES: &[&str] =
    &["ARM_", "AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "HELM_KUBE", "KIND_", "KUBE", "KUBERNETES_"];

const AUTHORITY: &str = "frame/authority";
const PORTS: &str = "frame/ports";

/// How a sandbox is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the world is kept, and who serves it.
    pub folder: Folder,
    /// The world ends with the process.
    pub in_memory: bool,
    /// Seconds of the sandbox in one of ours; as it was, or the usual, unless set.
    pub speed: Option<f64>,
    /// What chance begins with.
    pub seed: u64,
    /// The address to listen at.
    pub host: IpAddr,
    /// The port for plain HTTP; the one that it had, or a free one, unless set.
    pub port: Option<u16>,
    /// The port for TLS; the same.
    pub secure_port: Option<u16>,
}

impl Options {
    /// Serves the world in a folder, on loopback.
    pub fn new(folder: Folder) -> Options {
        let host = Ipv4Addr::LOCALHOST.into();
        Options { folder, in_memory: false, speed: None, seed: 1, host, port: None, secure_port: None }
    }
}

/// Why a sandbox cannot be served.
#[derive(Debug)]
pub enum StartError {
    /// Its world cannot be used.
    World(WorldError),
    /// It cannot listen where the user wants it to.
    Listen(SocketAddr, io::Error),
    /// Its certificates cannot be made.
    Tls(TlsError),
    /// Its folder, or its thread.
    Io(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::World(error) => error.fmt(f),
            StartError::Listen(address, error) => write!(f, "cannot listen at {address}: {error}"),
            StartError::Tls(error) => write!(f, "the sandbox's certificates cannot be made: {error}"),
            StartError::Io(error) => write!(f, "the sandbox's folder cannot be used: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl From<WorldError> for StartError {
    fn from(error: WorldError) -> StartError {
        StartError::World(error)
    }
}

/// A sandbox that is served until this is stopped or dropped.
pub struct Sandbox {
    /// What all its services share.
    pub frame: Arc<Frame>,
    /// Where it is served.
    pub served: Served,
    /// Other ports than the last time, as those were taken: addresses of clusters have changed.
    pub has_moved: bool,
    folder: Folder,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), WorldError>>>,
    /// Given back after the world is closed.
    _hold: Hold,
}

#[derive(Serialize, Deserialize)]
struct Ports {
    plain: u16,
    secure: u16,
}

impl Sandbox {
    /// Opens the world and serves it, with the right to.
    pub fn start(options: &Options, hold: Hold) -> Result<Sandbox, StartError> {
        let folder = (!options.in_memory).then(|| options.folder.path().to_owned());
        let frame = Frame::open(&Settings { folder, speed: options.speed, seed: options.seed })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Io)?;
        let token = random::<16>();
        let (running, has_moved) = runtime.block_on(begin(&frame, options, &token))?;
        let place = frame.place().cloned();
        let (plain, secure) = place.map_or((running.plain, running.secure), |place| (place.plain, place.secure));
        let served = Served { plain, secure, process: std::process::id(), token };
        let (stop, stopped) = oneshot::channel();
        let kept = frame.clone();
        let clusters = follow_clusters(frame.clone(), options.folder.clone());
        let serving = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = clusters => {}
                }
                running.stop();
                kept.keep().await
            })
        };
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(serving).map_err(StartError::Io)?;
        write_files(&options.folder).map_err(StartError::Io)?;
        if !options.in_memory {
            // Nobody goes by the way out of a world that ends with its process, and the machine's authorities are many.
            write_trusted(&options.folder, &frame).map_err(StartError::Io)?;
        }
        options.folder.announce(&served).map_err(StartError::Io)?;
        let (stop, thread, folder) = (Some(stop), Some(thread), options.folder.clone());
        Ok(Sandbox { frame, served, has_moved, folder, stop, thread, _hold: hold })
    }

    /// Ends the servers and keeps the time.
    pub fn stop(mut self) -> Result<(), WorldError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), WorldError> {
        drop(self.stop.take());
        let _ = self.folder.forget();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(WorldError::Disk("the thread of the servers has panicked".to_owned())),
            None => Ok(()),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// Keeps the file with all clusters up to date.
async fn follow_clusters(frame: Arc<Frame>, folder: Folder) {
    let mut commits = frame.world.follow();
    loop {
        // A full disk is told of by the world.
        let _ = folder.write_clusters(&control::all_clusters(&frame));
        loop {
            match commits.recv().await {
                Ok(commit) if commit.changes.iter().any(|changed| changed.name.starts_with("k8s-clusters/")) => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

/// Returns all services, the first that accepts a request answers it.
fn services(options: &Options, token: &str) -> Vec<Box<dyn Service>> {
    let control = Control { token: token.to_owned(), folder: options.folder.clone() };
    let kubernetes =
        Kubernetes::with_tokens(Box::new(aws::eks::user_of)).in_cloud(Box::new(aws::in_cluster::InCluster));
    let kubernetes = kubernetes.in_cloud(Box::new(kind::Containers));
    let kind = kind::Kind { token: token.to_owned() };
    let mut services: Vec<Box<dyn Service>> = vec![Box::new(control), Box::new(kind), Box::new(kubernetes)];
    services.extend(aws::services());
    services
}

async fn begin(frame: &Arc<Frame>, options: &Options, token: &str) -> Result<(server::Running, bool), StartError> {
    let (authority, before): (Option<Authority>, Option<Ports>) =
        frame.world.look(|records| (records.get(AUTHORITY), records.get(PORTS)));
    let authority = match authority {
        Some(authority) => authority,
        None => Authority::make("Gantry sandbox").map_err(StartError::Tls)?,
    };
    let (plain, plain_moved) = listen(options, options.port, before.as_ref().map(|ports| ports.plain)).await?;
    let (secure, secure_moved) =
        listen(options, options.secure_port, before.as_ref().map(|ports| ports.secure)).await?;
    let identity = authority.server_at(options.host).map_err(StartError::Tls)?;
    let acceptor = acceptor(&authority, &identity).map_err(StartError::Tls)?;
    let address = |listener: &TcpListener| listener.local_addr().map(reachable).map_err(StartError::Io);
    let place = Place { plain: address(&plain)?, secure: address(&secure)?, authority };
    let ports = Ports { plain: place.plain.port(), secure: place.secure.port() };
    let has_moved = before.is_some_and(|before| before.secure != ports.secure) || secure_moved || plain_moved;
    let keep = |change: &mut Change<'_>| {
        change.put(AUTHORITY, &place.authority);
        change.put(PORTS, &ports);
        aws::eks::move_endpoints(change, &place);
        Ok::<_, WorldError>(())
    };
    frame.world.change(keep).await?;
    frame.set_place(place);
    let running = serve(frame, services(options, token), plain, (secure, acceptor)).map_err(StartError::Tls)?;
    Ok((running, has_moved))
}

/// Listens at the port that is wanted, at the one that it was, or at a free one; tells whether it could not be the same.
async fn listen(
    options: &Options,
    wanted: Option<u16>,
    before: Option<u16>,
) -> Result<(TcpListener, bool), StartError> {
    let at = |port: u16| SocketAddr::new(options.host, port);
    let refused = |address| move |error| StartError::Listen(address, error);
    if let Some(port) = wanted {
        let listener = TcpListener::bind(at(port)).await.map_err(refused(at(port)))?;
        return Ok((listener, false));
    }
    if let Some(port) = before
        && let Ok(listener) = TcpListener::bind(at(port)).await
    {
        return Ok((listener, false));
    }
    let listener = TcpListener::bind(at(0)).await.map_err(refused(at(0)))?;
    Ok((listener, before.is_some()))
}

/// Returns the address by which this machine reaches a listener.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip().is_unspecified() {
        true => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        false => address,
    }
}

/// Writes the files that stand in for the user's own.
fn write_files(folder: &Folder) -> io::Result<()> {
    let region = format!("[default]\nregion = {REGION}\n");
    // Written like this, all clients take it for a kubeconfig, also those that add to it.
    let empty =
        "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: \"\"\npreferences: {}\n";
    for (path, text) in [(folder.aws_config(), region.as_str()), (folder.own_kubeconfig(), empty)] {
        if !path.exists() {
            std::fs::write(path, text)?;
        }
    }
    Ok(())
}

/// Writes which authorities programs trust that go by [`way_out`].
fn write_trusted(folder: &Folder, frame: &Frame) -> io::Result<()> {
    let Some(place) = frame.place() else { return Ok(()) };
    let trusted = std::fs::read_to_string(folder.trusted()).unwrap_or_default();
    if trusted.starts_with(&place.authority.certificate) {
        return Ok(());
    }
    let mut trusted = place.authority.certificate.clone();
    for certificate in rustls_native_certs::load_native_certs().certs {
        trusted.push_str(&tls::pem(&certificate));
    }
    std::fs::write(folder.trusted(), trusted)
}

/// Returns the variables that point clients at a sandbox. Of the user's own, none of [`FOREIGN_VARIABLES`] may be left.
pub fn variables(served: &Served, folder: &Path) -> Vec<(&'static str, String)> {
    let folder = Folder::new(folder);
    let path = |path: &Path| path.display().to_string();
    let kubeconfigs = format!("{}:{}", path(&folder.own_kubeconfig()), path(&folder.kubeconfig()));
    vec![
        ("AWS_ENDPOINT_URL", format!("http://{}", served.plain)),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ("AWS_CONFIG_FILE", path(&folder.aws_config())),
        ("AWS_SHARED_CREDENTIALS_FILE", path(&folder.aws_config())),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("KUBECONFIG", kubeconfigs),
        // Clouds that are not emulated: what their tools have of the user is not looked at, either.
        ("AZURE_CONFIG_DIR", path(&folder.path().join("azure"))),
        ("CLOUDSDK_CONFIG", path(&folder.path().join("gcloud"))),
    ]
}

/// Returns the variables that let programs reach, through the sandbox, the hosts that are emulated by name: what is trusted are the
/// machine's authorities and the sandbox's.
pub fn way_out(served: &Served, folder: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("HTTPS_PROXY", format!("http://{}", served.plain)),
        ("NO_PROXY", "localhost,127.0.0.1,::1".to_owned()),
        ("SSL_CERT_FILE", Folder::new(folder).trusted().display().to_string()),
    ]
}
