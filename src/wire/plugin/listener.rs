//! Where a plugin listens: a socket in a folder of its own, or a port of this machine.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

use super::Transport;
use crate::handshake::Address;

/// Listens until it is dropped; then the folder of the socket goes, too.
pub(super) enum Listener {
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        folder: TempDir,
    },
    Tcp(TcpListener),
}

/// A connection.
pub(super) enum Stream {
    #[cfg(unix)]
    Unix(UnixStream),
    Tcp(TcpStream),
}

#[cfg(unix)]
const SOCKET: &str = "plugin.sock";

impl Listener {
    /// Listens at a socket, in a folder in `directory`, or at one of `ports`. Where no socket is possible (paths of sockets
    /// are short, some file systems have none), it is a port all the same.
    pub(super) async fn bind(
        transport: Transport,
        directory: Option<&Path>,
        ports: Option<(u16, u16)>,
    ) -> io::Result<Listener> {
        #[cfg(unix)]
        if transport == Transport::Unix
            && let Ok(listener) = Listener::unix(directory)
        {
            return Ok(listener);
        }
        #[cfg(not(unix))]
        let _ = (transport, directory);
        let (first, last) = ports.unwrap_or((0, 0));
        let mut failure = io::Error::new(io::ErrorKind::AddrNotAvailable, format!("no port from {first} to {last}"));
        for port in first..=last {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                Ok(listener) => return Ok(Listener::Tcp(listener)),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    #[cfg(unix)]
    fn unix(directory: Option<&Path>) -> io::Result<Listener> {
        // The folder is the user's alone: whoever is no other user may connect, and has to show the certificate.
        let mut builder = tempfile::Builder::new();
        builder.prefix("gantry-plugin-");
        let folder = match directory {
            Some(directory) => builder.tempdir_in(directory)?,
            None => builder.tempdir()?,
        };
        let listener = UnixListener::bind(folder.path().join(SOCKET))?;
        Ok(Listener::Unix { listener, folder })
    }

    pub(super) fn address(&self) -> Address {
        match self {
            #[cfg(unix)]
            Listener::Unix { folder, .. } => Address::Unix(folder.path().join(SOCKET).to_string_lossy().into_owned()),
            Listener::Tcp(listener) => {
                Address::Tcp(listener.local_addr().map(|address| address.to_string()).unwrap_or_default())
            }
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            #[cfg(unix)]
            Listener::Unix { listener, .. } => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
            Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
        }
    }
}
