//! An OpenPGP key with a user's name, and what it signs: the smallest that Terraform takes, made by no other program.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;

/// A key that signs.
pub(super) struct Signer {
    pair: Ed25519KeyPair,
}

/// When key and signatures were made: 2024.
const TIME: [u8; 4] = [0x65, 0x92, 0x00, 0x80];
const EDDSA: u8 = 22;
const USER: &[u8] = b"Gantry test <test@example.com>";

impl Signer {
    /// Makes the key of a seed.
    pub(super) fn new(seed: u8) -> Signer {
        Signer { pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("any seed will do") }
    }

    fn key_body(&self) -> Vec<u8> {
        const CURVE: [u8; 10] = [9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
        let point = [&[0x40], self.pair.public_key().as_ref()].concat();
        [&[4], &TIME[..], &[EDDSA], &CURVE, &number(&point)].concat()
    }

    fn key_text(&self) -> Vec<u8> {
        let body = self.key_body();
        [&[0x99, 0, body.len() as u8], &body[..]].concat()
    }

    /// Returns the id by which people name the key.
    pub(super) fn id(&self) -> String {
        let fingerprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.key_text());
        fingerprint.as_ref()[12..].iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// Returns the key as registries give it.
    pub(super) fn armour(&self) -> String {
        let user = [&[0xb4, 0, 0, 0, USER.len() as u8], USER].concat();
        let about = [self.key_text(), user].concat();
        // May certify and sign.
        let certification = self.signature(0x13, &[2, 27, 3], &about);
        let packets = [packet(6, &self.key_body()), packet(13, USER), certification].concat();
        let text = base64::engine::general_purpose::STANDARD.encode(packets);
        // Terraform takes no lines that are longer.
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        let text = lines.join("\n");
        format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n-----END PGP PUBLIC KEY BLOCK-----\n")
    }

    /// Returns a detached signature.
    pub(super) fn sign(&self, document: &[u8]) -> Vec<u8> {
        self.signature(0x00, &[], document)
    }

    fn signature(&self, kind: u8, more: &[u8], data: &[u8]) -> Vec<u8> {
        const SHA256_NUMBER: u8 = 8;
        let hashed = [&[5, 2], &TIME[..], more].concat();
        let head = [&[4, kind, EDDSA, SHA256_NUMBER, 0, hashed.len() as u8], &hashed[..]].concat();
        let trailer = [4, 0xff, 0, 0, 0, head.len() as u8];
        let found = digest(&SHA256, &[data, &head, &trailer].concat());
        let value = self.pair.sign(found.as_ref());
        let (r, s) = value.as_ref().split_at(32);
        let fingerprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.key_text());
        let issuer = [&[0, 10, 9, 16], &fingerprint.as_ref()[12..]].concat();
        packet(2, &[&head[..], &issuer, &found.as_ref()[..2], &number(r), &number(s)].concat())
    }
}

/// Writes a number of any length behind its count of bits.
fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize);
    [&(bits as u16).to_be_bytes()[..], bytes].concat()
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[0xc0 | tag, body.len() as u8], body].concat()
}
