//! A process that serves a provider: it listens, says where, answers, and ends when it is told to.
//!
//! *Not here:* the environment and the printing of the line: the caller knows both.

mod listener;
mod services;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use sdk::{Factory, Runtime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::grpc::{Service, serve_connection};
use crate::handshake::{Address, COOKIE, Handshake, negotiate};
use crate::protocol::Version;
use crate::served::Served;
use crate::tls::{Credentials, TlsError};

use listener::{Listener, Stream};
pub use services::PluginServices;

/// The versions that a provider of ours is served in: version 5 has no place for attributes with nested types.
pub const SERVED_VERSIONS: &[Version] = &[Version::V6];

/// How often the process looks whether somebody still needs it.
const LOOK_AROUND: Duration = Duration::from_millis(250);

/// How long calls that are under way may take after the end was asked for. A host that has no patience kills the process.
const LAST_CALLS: Duration = Duration::from_secs(60);

/// How long a host may take to connect for the first time. Hosts do so at once, or not at all.
const FIRST_CONNECTION: Duration = Duration::from_secs(120);

/// How long a connection may take to say who it is.
const TLS_HANDSHAKE: Duration = Duration::from_secs(30);

/// What a host says to the plugin that it starts, all of it from the environment.
#[derive(Clone, Debug, Default)]
pub struct Invitation {
    /// The cookie that a host sets.
    pub cookie: Option<String>,
    /// The versions that the host speaks.
    pub versions: Option<String>,
    /// The host's certificate in PEM; without it there is no TLS.
    pub certificate: Option<String>,
    /// The folder for the socket.
    pub socket_directory: Option<PathBuf>,
    /// The first and the last port to listen at, where it cannot be a socket.
    pub ports: Option<(u16, u16)>,
}

/// Where a plugin listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// At a socket in the file system.
    Unix,
    /// At a port of this machine.
    Tcp,
}

impl Transport {
    /// What this system does best.
    pub const DEFAULT: Transport = if cfg!(unix) { Transport::Unix } else { Transport::Tcp };
}

/// Why a provider cannot be served.
#[derive(Debug)]
pub enum ServeError {
    /// No host has started this process: a person has.
    NotInvited,
    /// The host speaks none of our versions, but these.
    NoCommonVersion(String),
    /// A certificate is not usable.
    Tls(TlsError),
    /// It is not possible to listen or to say where.
    Io(io::Error),
}

/// Serves a provider.
pub struct Plugin {
    /// Makes the provider.
    pub factory: Factory,
    /// The provider's clock.
    pub runtime: Arc<dyn Runtime>,
    /// Where to listen.
    pub transport: Transport,
    /// Becomes true when a person wants the process to end; only [`Plugin::serve_for_debugging`] looks at it.
    pub interrupted: Arc<AtomicBool>,
}

impl Plugin {
    /// Serves the host that started the process, until the host ends it. `announce` says the one line to the host.
    pub async fn serve(
        &self,
        invitation: Invitation,
        announce: impl FnOnce(&Handshake) -> io::Result<()>,
    ) -> Result<(), ServeError> {
        if invitation.cookie.as_deref() != Some(COOKIE) {
            return Err(ServeError::NotInvited);
        }
        // Hosts from before versions were negotiated speak 5 at most.
        let offered = invitation.versions.unwrap_or_default();
        let Some(version) = negotiate(&offered, SERVED_VERSIONS) else {
            return Err(ServeError::NoCommonVersion(offered));
        };
        let listener = Listener::bind(self.transport, invitation.socket_directory.as_deref(), invitation.ports).await?;
        let (certificate, tls) = match &invitation.certificate {
            Some(theirs) => {
                let own = Credentials::generate(self.runtime.now())?;
                (Some(own.certificate().to_vec()), Some(TlsAcceptor::from(own.for_server(theirs)?)))
            }
            None => (None, None),
        };
        announce(&Handshake { version: version.number(), address: listener.address(), certificate })?;
        let served = Arc::new(Served::new((self.factory)(), self.runtime.clone()));
        let end = End::new();
        let service = end.services(served);
        let parent = parent_process();
        let begun = Instant::now();
        let is_alone = |connections: usize, was_found: bool| {
            // The host may have been gone before this process could look who its parent is.
            let is_lost = !was_found && begun.elapsed() > FIRST_CONNECTION;
            connections == 0 && (is_lost || parent_process() != parent)
        };
        self.run(&listener, tls, &end, &|| service.clone(), &is_alone).await;
        Ok(())
    }

    /// Serves any number of hosts, one after the other or at the same time, until the process is interrupted. Each
    /// connection has a provider of its own, as each is configured by itself. `announce` says where it listens.
    pub async fn serve_for_debugging(
        &self,
        announce: impl FnOnce(&Address) -> io::Result<()>,
    ) -> Result<(), ServeError> {
        let listener = Listener::bind(self.transport, None, None).await?;
        announce(&listener.address())?;
        let end = End::new();
        let service = || -> Arc<dyn Service> {
            let served = Arc::new(Served::new((self.factory)(), self.runtime.clone()));
            Arc::new(PluginServices::without_shutdown(served, end.sender.subscribe()))
        };
        let is_interrupted = |_, _| self.interrupted.load(Ordering::SeqCst);
        self.run(&listener, None, &end, &service, &is_interrupted).await;
        Ok(())
    }

    /// Accepts connections until the end. `is_over` is asked from time to time, with the number of connections and
    /// whether there ever was one.
    async fn run(
        &self,
        listener: &Listener,
        tls: Option<TlsAcceptor>,
        end: &End,
        service: &dyn Fn() -> Arc<dyn Service>,
        is_over: &dyn Fn(usize, bool) -> bool,
    ) {
        let (under_way, mut last) = mpsc::channel::<()>(1);
        let mut ends = end.sender.subscribe();
        let mut was_found = false;
        while !*ends.borrow_and_update() {
            let accepted = {
                let accept = std::pin::pin!(listener.accept());
                let ended = std::pin::pin!(ends.changed());
                match timeout(LOOK_AROUND, select(accept, ended)).await {
                    Ok(Either::Left((accepted, _))) => accepted,
                    Ok(Either::Right(_)) => break,
                    // One sender is ours, and each connection and call has one.
                    Err(_) if is_over(under_way.strong_count() - 1, was_found) => break,
                    Err(_) => continue,
                }
            };
            let Ok(stream) = accepted else {
                // A connection that broke before it was one, or too many open files: not to be asked for in a hurry.
                sleep(LOOK_AROUND).await;
                continue;
            };
            was_found = true;
            tokio::spawn(connection(stream, tls.clone(), service(), end.sender.subscribe(), under_way.clone()));
        }
        end.sender.send_replace(true);
        drop(under_way);
        let _ = timeout(LAST_CALLS, last.recv()).await;
    }
}

/// Runs a future to its end on this thread, with what connections need: providers wait for clouds, and nothing here
/// computes for long.
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}

/// Where the end of the process is told.
struct End {
    sender: Arc<watch::Sender<bool>>,
}

impl End {
    fn new() -> End {
        End { sender: Arc::new(watch::channel(false).0) }
    }

    fn services(&self, served: Arc<dyn Service>) -> Arc<dyn Service> {
        Arc::new(PluginServices::new(served, self.sender.clone()))
    }
}

async fn connection(
    stream: Stream,
    tls: Option<TlsAcceptor>,
    service: Arc<dyn Service>,
    ends: watch::Receiver<bool>,
    under_way: mpsc::Sender<()>,
) {
    match (stream, tls) {
        #[cfg(unix)]
        (Stream::Unix(stream), tls) => speak(stream, tls, service, ends, under_way).await,
        (Stream::Tcp(stream), tls) => {
            // Without it, small messages wait for one another: 40 ms a call.
            let _ = stream.set_nodelay(true);
            speak(stream, tls, service, ends, under_way).await;
        }
    }
}

async fn speak<Io: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    io: Io,
    tls: Option<TlsAcceptor>,
    service: Arc<dyn Service>,
    ends: watch::Receiver<bool>,
    under_way: mpsc::Sender<()>,
) {
    match tls {
        None => serve_connection(io, service, ends, under_way).await,
        Some(tls) => {
            // Whoever has not the host's key is no business of ours.
            if let Ok(Ok(io)) = timeout(TLS_HANDSHAKE, tls.accept(io)).await {
                serve_connection(io, service, ends, under_way).await;
            }
        }
    }
}

/// Returns what tells the process that started this one from others; it changes when that one has ended.
fn parent_process() -> u32 {
    #[cfg(unix)]
    return std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    return 0;
}

impl From<TlsError> for ServeError {
    fn from(error: TlsError) -> ServeError {
        ServeError::Tls(error)
    }
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> ServeError {
        ServeError::Io(error)
    }
}

#[cfg(test)]
mod tests;
