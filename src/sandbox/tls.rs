//! Certificates: one authority per sandbox, which signs what its servers and its clusters' users show.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

/// An authority, as it is kept: certificate and key in PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authority {
    /// The certificate that clients trust.
    pub certificate: String,
    key: String,
}

/// A certificate with its key, in PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

/// Why a certificate cannot be made.
pub type TlsError = Box<dyn std::error::Error + Send + Sync>;

impl Authority {
    /// Makes an authority.
    pub fn make(name: &str) -> Result<Authority, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name, None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Authority { certificate, key: key.serialize_pem() })
    }

    /// Signs the certificate of a server on loopback.
    pub fn server(&self) -> Result<Identity, TlsError> {
        self.server_at(std::net::Ipv4Addr::LOCALHOST.into())
    }

    /// Signs the certificate of a server on loopback, and at another address if it listens there.
    pub fn server_at(&self, host: std::net::IpAddr) -> Result<Identity, TlsError> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params.subject_alt_names.push(SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
        params.subject_alt_names.push(SanType::IpAddress(std::net::Ipv6Addr::LOCALHOST.into()));
        if !host.is_loopback() {
            params.subject_alt_names.push(SanType::IpAddress(host));
        }
        params.distinguished_name = named("localhost", None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// Signs the certificate of a server that has a name.
    pub fn server_named(&self, name: &str) -> Result<Identity, TlsError> {
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name = named(name, None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// Signs the certificate of a user of a cluster, in a group.
    pub fn user(&self, name: &str, group: &str) -> Result<Identity, TlsError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name, Some(group));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Result<Identity, TlsError> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let issuer = Issuer::from_ca_cert_pem(&self.certificate, KeyPair::from_pem(&self.key)?)?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }
}

fn named(name: &str, group: Option<&str>) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    group.into_iter().for_each(|group| distinguished.push(DnType::OrganizationName, group));
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Returns what a server shows: clients may show a certificate that the authority signed, and need not.
pub fn acceptor(authority: &Authority, identity: &Identity) -> Result<tokio_rustls::TlsAcceptor, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate(&authority.certificate)?)?;
    let clients = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let clients = clients.allow_unauthenticated().build()?;
    let key = KeyPair::from_pem(&identity.key)?.serialize_der();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let chain = vec![certificate(&identity.certificate)?, certificate(&authority.certificate)?];
    let mut config = config.with_client_cert_verifier(clients).with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}

/// Writes a certificate as text.
pub(crate) fn pem(certificate: &[u8]) -> String {
    const LINE: usize = 64;
    let text = STANDARD.encode(certificate);
    let lines = text.as_bytes().chunks(LINE).map(|line| String::from_utf8_lossy(line) + "\n");
    format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.collect::<String>())
}

fn certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    use rustls::pki_types::pem::PemObject;
    Ok(CertificateDer::from_pem_slice(pem.as_bytes())?)
}
