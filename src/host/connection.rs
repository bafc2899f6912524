//! A connection to a plugin: to where it listens, encrypted.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use wire::grpc::Channel;
use wire::tls::server_name;

use crate::handshake::Endpoint;

/// Both directions of a connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects, encrypted if there is a configuration for that. The error is a phrase.
pub(crate) async fn open(endpoint: &Endpoint, tls: Option<Arc<ClientConfig>>) -> Result<Channel, String> {
    let plain: Box<dyn Stream> = match endpoint {
        Endpoint::Tcp(address) => {
            let stream = TcpStream::connect(address).await;
            let stream = stream.map_err(|error| format!("connecting to {address} failed: {error}"))?;
            // Without it small messages wait for each other's acknowledgement: 40 ms a call.
            stream.set_nodelay(true).map_err(|error| error.to_string())?;
            Box::new(stream)
        }
        #[cfg(unix)]
        Endpoint::Unix(path) => {
            let stream = tokio::net::UnixStream::connect(path).await;
            Box::new(stream.map_err(|error| format!("connecting to {} failed: {error}", path.display()))?)
        }
        #[cfg(not(unix))]
        Endpoint::Unix(path) => return Err(format!("this system has no sockets like {}", path.display())),
    };
    let stream: Box<dyn Stream> = match tls {
        None => plain,
        Some(config) => {
            let stream = TlsConnector::from(config).connect(server_name(), plain).await;
            Box::new(stream.map_err(|error| format!("encryption could not be agreed on: {error}"))?)
        }
    };
    let (channel, work) = Channel::open(stream).await.map_err(|error| error.to_string())?;
    tokio::spawn(work);
    Ok(channel)
}

/// Tells whether the other side has gone.
pub(crate) async fn is_closed(channel: &Channel) -> bool {
    /// A connection that is there takes another call at once, or keeps one waiting.
    const PATIENCE: Duration = Duration::from_millis(100);
    matches!(timeout(PATIENCE, channel.ready()).await, Ok(Err(_)))
}
