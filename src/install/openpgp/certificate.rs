//! Certificates: which of the keys in one may sign.

use super::packet::{self, Packet, Reader, Signature};
use super::{Curve, ED25519_BYTES, HashKind, Material, PublicKey};

/// Returns the keys of a certificate that may sign: the primary one, and subkeys that it says may.
pub(super) fn signing_keys(bytes: &[u8]) -> Result<Vec<PublicKey>, String> {
    let packets = packet::packets(bytes)?;
    let mut keys = Vec::new();
    let mut at = 0;
    while let Some(primary) = packets.get(at) {
        if primary.tag != packet::PUBLIC_KEY {
            return Err("it does not begin with a public key".to_owned());
        }
        let end = packets[at + 1..].iter().position(|packet| packet.tag == packet::PUBLIC_KEY);
        let end = end.map_or(packets.len(), |count| at + 1 + count);
        keys.extend(of_one(*primary, &packets[at + 1..end])?);
        at = end;
    }
    if keys.is_empty() { Err("it has no key that may sign".to_owned()) } else { Ok(keys) }
}

/// Returns the signing keys of one primary key and what follows it.
fn of_one(primary: Packet<'_>, rest: &[Packet<'_>]) -> Result<Vec<PublicKey>, String> {
    let key = PublicKey::parse(primary.body)?;
    let signatures_of = |packets: &'_ [Packet<'_>]| {
        let own = packets.iter().take_while(|packet| packet.tag != packet::PUBLIC_SUBKEY);
        own.filter(|packet| packet.tag == packet::SIGNATURE).map(|packet| packet.body.to_vec()).collect::<Vec<_>>()
    };
    let about_primary = key_text(primary.body);
    let is_revoked = signatures_of(rest).iter().any(|body| {
        Signature::parse(body).is_ok_and(|s| s.kind == packet::KEY_REVOCATION && key.verifies(&s, &about_primary))
    });
    if is_revoked {
        return Err("its owner has revoked it".to_owned());
    }
    let mut keys = vec![key.clone()];
    for (at, packet) in rest.iter().enumerate().filter(|(_, packet)| packet.tag == packet::PUBLIC_SUBKEY) {
        let Ok(subkey) = PublicKey::parse(packet.body) else { continue };
        let about_both = [about_primary.clone(), key_text(packet.body)].concat();
        let signatures = signatures_of(&rest[at + 1..]);
        let signatures: Vec<Signature<'_>> = signatures.iter().filter_map(|body| Signature::parse(body).ok()).collect();
        let by_primary = |kind: u8| {
            let (key, about_both) = (&key, &about_both);
            signatures.iter().filter(move |s| s.kind == kind && key.verifies(s, about_both))
        };
        let is_revoked = by_primary(packet::SUBKEY_REVOCATION).next().is_some();
        let is_bound = by_primary(packet::SUBKEY_BINDING).any(|binding| may_sign(binding, &subkey, &about_both));
        if is_bound && !is_revoked {
            keys.push(subkey);
        }
    }
    Ok(keys)
}

/// Tells whether a binding lets a subkey sign, and the subkey agrees: otherwise anyone's key could be claimed.
fn may_sign(binding: &Signature<'_>, subkey: &PublicKey, about_both: &[u8]) -> bool {
    const SIGN: u8 = 0x02;
    let back = binding.embedded.and_then(|body| Signature::parse(body).ok());
    binding.key_flags.is_some_and(|flags| flags & SIGN != 0)
        && back.is_some_and(|back| back.kind == packet::PRIMARY_BINDING && subkey.verifies(&back, about_both))
}

/// Returns a key as it is put into signatures and fingerprints.
fn key_text(body: &[u8]) -> Vec<u8> {
    [&[0x99], (body.len() as u16).to_be_bytes().as_slice(), body].concat()
}

impl PublicKey {
    /// Reads the body of a packet.
    pub(super) fn parse(body: &[u8]) -> Result<PublicKey, String> {
        let mut reader = Reader::new(body);
        if reader.byte()? != 4 || body.len() > usize::from(u16::MAX) {
            return Err("the key is of a version that is not known here".to_owned());
        }
        // When it was made.
        reader.take(4)?;
        let material = match reader.byte()? {
            packet::RSA | packet::RSA_SIGN_ONLY => {
                Material::Rsa { modulus: reader.number()?.to_vec(), exponent: reader.number()?.to_vec() }
            }
            packet::EDDSA => {
                const CURVE: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
                let point = match (curve_name(&mut reader)?, reader.number()?) {
                    // The byte in front says that the point follows as it is.
                    (CURVE, [0x40, point @ ..]) if point.len() == ED25519_BYTES => point,
                    _ => return Err("the key is on a curve that is not known here".to_owned()),
                };
                Material::Ed25519(point.to_vec())
            }
            packet::ED25519 => Material::Ed25519(reader.take(ED25519_BYTES)?.to_vec()),
            packet::ECDSA => {
                let curve = match curve_name(&mut reader)? {
                    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Curve::P256,
                    [0x2b, 0x81, 0x04, 0x00, 0x22] => Curve::P384,
                    [0x2b, 0x81, 0x04, 0x00, 0x23] => Curve::P521,
                    _ => return Err("the key is on a curve that is not known here".to_owned()),
                };
                Material::Ecdsa(curve, reader.number()?.to_vec())
            }
            _ => return Err("the key is for an algorithm that is not known here".to_owned()),
        };
        Ok(PublicKey { fingerprint: HashKind::Sha1.digest(&key_text(body)), material })
    }
}

fn curve_name<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], String> {
    let length = reader.unsigned(1)?;
    reader.take(length)
}
