//! The way out, as a proxy: hosts that the sandbox emulates by name lead back in, all others to where they are.
//!
//! Clients come to services of AWS by the sandbox's address, which they are told. What an answer names they look for under that
//! name: the issuer of a cluster's tokens, whose certificate most configurations for EKS ask for.

use http::uri::Authority as Address;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::aws::oidc;
use crate::server::{Call, Response, Shared, secure};
use crate::tls;

/// The port that is meant where none is named.
const TLS_PORT: u16 = 443;

/// Lets a client through to the host that it names.
pub(crate) fn open(shared: Shared, request: http::Request<Incoming>) -> Call<'static, Response> {
    Box::pin(async move {
        let Some(address) = request.uri().authority().cloned() else {
            return Response::new(400, "text/plain", "CONNECT names a host.\n");
        };
        if oidc::is_host(address.host()) {
            tokio::spawn(lead_in(shared, request, address));
            return Response::new(200, "text/plain", "");
        }
        match TcpStream::connect((address.host(), address.port_u16().unwrap_or(TLS_PORT))).await {
            Ok(outside) => {
                tokio::spawn(lead_out(request, outside));
                Response::new(200, "text/plain", "")
            }
            Err(error) => Response::new(502, "text/plain", format!("{address} cannot be reached: {error}.\n")),
        }
    })
}

/// Serves a host that is emulated, with a certificate for its name.
async fn lead_in(shared: Shared, request: http::Request<Incoming>, address: Address) {
    let Some(authority) = shared.frame.place().map(|place| place.authority.clone()) else { return };
    let acceptor = authority.server_named(address.host()).and_then(|identity| tls::acceptor(&authority, &identity));
    // A connection that breaks has no one to be told of it.
    if let (Ok(acceptor), Ok(inside)) = (acceptor, hyper::upgrade::on(request).await) {
        secure(shared, TokioIo::new(inside), acceptor).await;
    }
}

async fn lead_out(request: http::Request<Incoming>, mut outside: TcpStream) {
    if let Ok(inside) = hyper::upgrade::on(request).await {
        let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(inside), &mut outside).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use crate::{Folder, Holder, Options, Sandbox};

    /// Asks a sandbox for the way to a host, and returns the connection with how that began.
    fn through(sandbox: &Sandbox, host: &str) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(sandbox.served.plain).expect("it is served");
        write!(stream, "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("it can be written to");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.extend(byte);
        }
        (stream, String::from_utf8(head).expect("text"))
    }

    fn sandbox() -> (tempfile::TempDir, Sandbox) {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(place.path().join("sandbox"));
        let Ok(Holder::We(hold)) = folder.take() else { panic!("nobody else has it") };
        (place, Sandbox::start(&Options::new(folder), hold).expect("it starts"))
    }

    #[test]
    fn hosts_of_others_are_reached() {
        let (_place, sandbox) = sandbox();
        let other = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = other.local_addr().expect("an address");
        let (mut stream, head) = through(&sandbox, &address.to_string());
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let (mut behind, _) = other.accept().expect("a connection");
        behind.write_all(b"from there").expect("it can be written to");
        let mut text = [0; 10];
        stream.read_exact(&mut text).expect("an answer");
        assert_eq!(&text, b"from there");
        drop(other);
        let (_, head) = through(&sandbox, &address.to_string());
        assert!(head.starts_with("HTTP/1.1 502"), "{head}");
    }

    #[test]
    fn issuers_of_tokens_are_in_the_sandbox() {
        let (place, sandbox) = sandbox();
        let host = "oidc.eks.eu-west-1.amazonaws.com";
        let (stream, head) = through(&sandbox, &format!("{host}:443"));
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let trusted = std::fs::read(place.path().join("sandbox/trusted.pem")).expect("it is written");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&trusted).expect("a certificate")).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        let name = host.try_into().expect("a name");
        let connection = rustls::ClientConnection::new(Arc::new(config), name).expect("a connection");
        let mut stream = rustls::StreamOwned::new(connection, stream);
        write!(
            stream,
            "GET /id/NONE/.well-known/openid-configuration HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .expect("it can be written to");
        let mut answer = String::new();
        // The end may come without a word.
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("There is no such document."), "{answer}");
        let shown = stream.conn.peer_certificates().expect("certificates");
        assert_eq!(shown.len(), 2, "its own and the authority's");
    }
}
