//! TLS between host and plugin: each side has a certificate of its own making and trusts exactly the other's.
//!
//! The certificates travel outside the connection, in the environment and in the handshake line, so there is no chain to
//! follow and no name to compare: a certificate is the one that was exchanged, or it is not. Go's plugins sign for
//! themselves with keys on the curve P-521 and call themselves authorities, which the usual verifiers refuse.

mod certificate;
mod pinned;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig};

use pinned::Pinned;

/// HTTP/2, as TLS negotiates it.
const PROTOCOL: &[u8] = b"h2";

/// What cannot be done about certificates, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError(String);

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

fn failed<E: fmt::Display>(what: &'static str) -> impl FnOnce(E) -> TlsError {
    move |error| TlsError(format!("{what}: {error}"))
}

/// A certificate with its key.
pub struct Credentials {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Credentials {
    /// Makes a key and a certificate for it. `now` is the time since 1970-01-01 in UTC.
    pub fn generate(now: Duration) -> Result<Credentials, TlsError> {
        certificate::generate(now)
    }

    /// Returns the certificate in DER, for the handshake line.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Returns the certificate in PEM, for the environment of a plugin.
    pub fn certificate_pem(&self) -> String {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(&self.certificate);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.extend(line.iter().map(|byte| char::from(*byte)));
            pem.push('\n');
        }
        pem + "-----END CERTIFICATE-----\n"
    }

    /// Returns how a plugin speaks to the host whose certificate this is, in PEM.
    pub fn for_server(&self, host_certificate_pem: &str) -> Result<Arc<ServerConfig>, TlsError> {
        let theirs = CertificateDer::from_pem_slice(host_certificate_pem.as_bytes())
            .map_err(failed("the host's certificate is not readable"))?;
        let provider = provider();
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(failed("no version of TLS"))?
            .with_client_cert_verifier(Arc::new(Pinned::new(theirs, provider)))
            .with_single_cert(vec![self.certificate.clone()], self.key())
            .map_err(failed("our own certificate is not usable"))?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        // A connection lasts as long as the process: nothing is ever resumed.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// Returns how a host speaks to the plugin whose certificate this is, in DER. Name the server [`server_name`].
    pub fn for_client(&self, plugin_certificate: &[u8]) -> Result<Arc<ClientConfig>, TlsError> {
        let theirs = CertificateDer::from(plugin_certificate.to_vec());
        let provider = provider();
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(failed("no version of TLS"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned::new(theirs, provider)))
            .with_client_auth_cert(vec![self.certificate.clone()], self.key())
            .map_err(failed("our own certificate is not usable"))?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Arc::new(config))
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone_key())
    }
}

/// Returns the name that plugins have in their certificates.
pub fn server_name() -> ServerName<'static> {
    ServerName::DnsName(certificate::name())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
