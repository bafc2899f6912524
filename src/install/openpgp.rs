//! Detached OpenPGP signatures, verified.
//!
//! By hand because all that is needed is reading five kinds of packet and calling a verification that is in the tree
//! anyway: the crates that do it bring a hundred others (every cipher there is, key generation, secret keys). Nothing is
//! computed here; `aws-lc-rs` does that. What is not understood is refused.
//!
//! Keys come from the registry, over TLS: they are believed as far as it is. So nobody else's certification of a key
//! counts, and neither does its expiry (Terraform has it the same way: authors let keys expire and their releases stay).
//! Revocations count.

mod certificate;
mod packet;
#[cfg(test)]
mod tests;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self as algorithms, RsaPublicKeyComponents, UnparsedPublicKey};

use packet::{Reader, Signature};

/// A text file with a key is no larger.
const ARMOUR_BYTES_MAX: usize = 1 << 20;

/// Verifies that a document is signed by one of the keys, and returns the id of that key.
pub(crate) fn verify(armours: &[&str], document: &[u8], signature: &[u8]) -> Result<String, String> {
    let signature = match std::str::from_utf8(signature).ok().filter(|text| text.trim_start().starts_with("-----")) {
        Some(text) => dearmoured(text)?,
        None => signature.to_vec(),
    };
    let signatures = packet::packets(&signature)?;
    let signatures = signatures.iter().filter(|packet| packet.tag == packet::SIGNATURE);
    let mut reasons: Vec<String> = Vec::new();
    let mut keys: Vec<PublicKey> = Vec::new();
    for armour in armours {
        match dearmoured(armour).and_then(|bytes| certificate::signing_keys(&bytes)) {
            Ok(found) => keys.extend(found),
            Err(reason) => reasons.push(format!("a key cannot be used: {reason}")),
        }
    }
    for packet in signatures {
        let signature = match Signature::parse(packet.body) {
            Ok(signature) => signature,
            Err(reason) => {
                reasons.push(reason);
                continue;
            }
        };
        if !signature.is_of_document() || signature.hash == HashKind::Sha1 {
            reasons.push("it is not the signature of a file by a safe method".to_owned());
            continue;
        }
        if let Some(key) = keys.iter().find(|key| key.verifies(&signature, document)) {
            return Ok(key.id());
        }
        reasons.push(match signature.issuer {
            Some(issuer) if keys.iter().any(|key| key.id() == issuer) => {
                format!("what the key {issuer} has signed is something else")
            }
            Some(issuer) => format!("it was signed by the key {issuer}, which is none of theirs"),
            None => "none of their keys made the signature".to_owned(),
        });
    }
    reasons.dedup();
    Err(if reasons.is_empty() { "there is no signature".to_owned() } else { reasons.join("; ") })
}

/// A public key that may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PublicKey {
    fingerprint: Vec<u8>,
    material: Material,
}

/// What an algorithm needs of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ed25519(Vec<u8>),
    Ecdsa(Curve, Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

/// The hash functions of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HashKind {
    /// Only for what a key says about its own subkeys.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// Bytes of an Ed25519 signature's halves and keys.
const ED25519_BYTES: usize = 32;

impl PublicKey {
    /// Returns the last eight bytes of the fingerprint, as people name keys.
    fn id(&self) -> String {
        let start = self.fingerprint.len().saturating_sub(8);
        crate::hash::hexadecimal(&self.fingerprint[start..]).to_uppercase()
    }

    /// Tells whether the key made a signature over `data`.
    fn verifies(&self, signature: &Signature<'_>, data: &[u8]) -> bool {
        let signed = [data, signature.hashed, &signature.trailer()].concat();
        self.check(signature, &signed).is_some()
    }

    fn check(&self, signature: &Signature<'_>, signed: &[u8]) -> Option<()> {
        let mut values = Reader::new(signature.values);
        match (&self.material, signature.algorithm) {
            (Material::Rsa { modulus, exponent }, packet::RSA | packet::RSA_SIGN_ONLY) => {
                let value = padded(values.number().ok()?, modulus.len())?;
                let parameters = match signature.hash {
                    HashKind::Sha1 => &algorithms::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                    HashKind::Sha256 => &algorithms::RSA_PKCS1_2048_8192_SHA256,
                    HashKind::Sha384 => &algorithms::RSA_PKCS1_2048_8192_SHA384,
                    HashKind::Sha512 => &algorithms::RSA_PKCS1_2048_8192_SHA512,
                };
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(parameters, signed, &value).ok()
            }
            (Material::Ed25519(key), packet::EDDSA | packet::ED25519) => {
                let value = if signature.algorithm == packet::ED25519 {
                    values.take(2 * ED25519_BYTES).ok()?.to_vec()
                } else {
                    let first = padded(values.number().ok()?, ED25519_BYTES)?;
                    [first, padded(values.number().ok()?, ED25519_BYTES)?].concat()
                };
                // In OpenPGP it is the digest that is signed, as if it were the text.
                let digest = signature.hash.digest(signed);
                UnparsedPublicKey::new(&algorithms::ED25519, key).verify(&digest, &value).ok()
            }
            (Material::Ecdsa(curve, point), packet::ECDSA) => {
                let (algorithm, bytes) = match (curve, signature.hash) {
                    (Curve::P256, HashKind::Sha256) => (&algorithms::ECDSA_P256_SHA256_FIXED, 32),
                    (Curve::P384, HashKind::Sha384) => (&algorithms::ECDSA_P384_SHA384_FIXED, 48),
                    (Curve::P521, HashKind::Sha512) => (&algorithms::ECDSA_P521_SHA512_FIXED, 66),
                    _ => return None,
                };
                let first = padded(values.number().ok()?, bytes)?;
                let value = [first, padded(values.number().ok()?, bytes)?].concat();
                UnparsedPublicKey::new(algorithm, point).verify(signed, &value).ok()
            }
            _ => None,
        }
    }
}

impl HashKind {
    fn digest(self, data: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            HashKind::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            HashKind::Sha256 => &digest::SHA256,
            HashKind::Sha384 => &digest::SHA384,
            HashKind::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, data).as_ref().to_vec()
    }
}

/// Numbers are written without zeros in front; algorithms want them with.
fn padded(number: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let zeros = bytes.checked_sub(number.len())?;
    Some([vec![0; zeros].as_slice(), number].concat())
}

/// Decodes the text form: base64 between two lines of dashes, perhaps with headers above and a checksum below.
fn dearmoured(text: &str) -> Result<Vec<u8>, String> {
    use base64::Engine;
    if text.len() > ARMOUR_BYTES_MAX {
        return Err("it is far too long".to_owned());
    }
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN PGP "));
    lines.next().ok_or("it has no line -----BEGIN PGP …-----")?;
    let mut lines = lines.skip_while(|line| line.contains(": ")).peekable();
    while lines.next_if(|line| line.is_empty()).is_some() {}
    // The checksum at the end protects from nothing that the signature does not.
    let body: String = lines.take_while(|line| !line.starts_with("-----END") && !line.starts_with('=')).collect();
    base64::engine::general_purpose::STANDARD.decode(body).map_err(|_| "it is not base64".to_owned())
}
