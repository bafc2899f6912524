//! Keys and signatures for tests: the smallest that are well-formed, made without any other program.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::HashKind;

/// A key that signs.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
}

impl Signer {
    /// Makes the key of a seed.
    pub(crate) fn new(seed: u8) -> Signer {
        Signer { pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any seed will do") }
    }

    fn key_body(&self) -> Vec<u8> {
        [&[4, 0x60, 0, 0, 0, super::packet::ED25519], self.pair.public_key().as_ref()].concat()
    }

    /// Returns the key as registries give it.
    pub(crate) fn armour(&self) -> String {
        use base64::Engine;
        let packet = packet(super::packet::PUBLIC_KEY, &self.key_body());
        let text = base64::engine::general_purpose::STANDARD.encode(packet);
        format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n-----END PGP PUBLIC KEY BLOCK-----\n")
    }

    /// Returns a detached signature.
    pub(crate) fn sign(&self, document: &[u8]) -> Vec<u8> {
        let head = [4, 0, super::packet::ED25519, 8, 0, 0];
        let trailer = [4, 0xff, 0, 0, 0, head.len() as u8];
        let digest = HashKind::Sha256.digest(&[document, &head, &trailer].concat());
        let body = [&head[..], &[0, 0], &digest[..2], self.pair.sign(&digest).as_ref()].concat();
        packet(super::packet::SIGNATURE, &body)
    }
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[0xc0 | tag, body.len() as u8], body].concat()
}
