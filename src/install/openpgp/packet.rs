//! Packets: the bytes of keys and signatures, cut into their parts.

use super::HashKind;

/// The packet tags that matter.
pub(super) const SIGNATURE: u8 = 2;
pub(super) const PUBLIC_KEY: u8 = 6;
pub(super) const PUBLIC_SUBKEY: u8 = 14;

/// The public-key algorithms that are verified.
pub(super) const RSA: u8 = 1;
pub(super) const RSA_SIGN_ONLY: u8 = 3;
pub(super) const ECDSA: u8 = 19;
pub(super) const EDDSA: u8 = 22;
pub(super) const ED25519: u8 = 27;

/// The kinds of signature.
pub(super) const OF_BINARY: u8 = 0x00;
pub(super) const SUBKEY_BINDING: u8 = 0x18;
pub(super) const PRIMARY_BINDING: u8 = 0x19;
pub(super) const KEY_REVOCATION: u8 = 0x20;
pub(super) const SUBKEY_REVOCATION: u8 = 0x28;

/// One packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) tag: u8,
    pub(super) body: &'a [u8],
}

const CUT_OFF: &str = "it ends in the middle of something";

/// Takes bytes from the front, and never more than there are.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(CUT_OFF)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    /// Reads an unsigned number of so many bytes, four at most.
    pub(super) fn unsigned(&mut self, bytes: usize) -> Result<usize, String> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
    }

    /// Reads a number of any length behind its count of bits.
    pub(super) fn number(&mut self) -> Result<&'a [u8], String> {
        let bits = self.unsigned(2)?;
        let bytes = self.take(bits.div_ceil(8))?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Ok(&bytes[zeros..])
    }
}

/// Cuts bytes into packets.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, String> {
    let mut reader = Reader::new(bytes);
    let mut packets = Vec::new();
    while !reader.is_empty() {
        let first = reader.byte()?;
        if first & 0x80 == 0 {
            return Err("it does not consist of OpenPGP packets".to_owned());
        }
        let (tag, length) = if first & 0x40 != 0 {
            (first & 0x3f, new_length(&mut reader)?)
        } else {
            let length = match first & 3 {
                0 => reader.unsigned(1)?,
                1 => reader.unsigned(2)?,
                2 => reader.unsigned(4)?,
                _ => reader.rest().len(),
            };
            ((first >> 2) & 0x0f, length)
        };
        packets.push(Packet { tag, body: reader.take(length)? });
    }
    Ok(packets)
}

/// Reads a length of one, two or five bytes, as packets of the newer form and subpackets have it.
fn new_length(reader: &mut Reader<'_>) -> Result<usize, String> {
    let first = reader.byte()?;
    match first {
        0..192 => Ok(usize::from(first)),
        192..224 => Ok(((usize::from(first) - 192) << 8) + reader.unsigned(1)? + 192),
        255 => reader.unsigned(4),
        _ => Err("it has packets in pieces, which keys and signatures do not".to_owned()),
    }
}

/// A signature of version 4.
#[derive(Clone, Debug)]
pub(super) struct Signature<'a> {
    pub(super) kind: u8,
    pub(super) algorithm: u8,
    pub(super) hash: HashKind,
    /// The bytes that are signed together with the document.
    pub(super) hashed: &'a [u8],
    /// The id of the key that says it made the signature.
    pub(super) issuer: Option<String>,
    /// What the key may be used for, in a binding.
    pub(super) key_flags: Option<u8>,
    /// A signature inside of this one, in a binding.
    pub(super) embedded: Option<&'a [u8]>,
    /// The numbers of the algorithm.
    pub(super) values: &'a [u8],
}

impl<'a> Signature<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Signature<'a>, String> {
        /// What stands in front of the hashed subpackets.
        const HEAD_BYTES: usize = 6;
        let mut reader = Reader::new(body);
        if reader.byte()? != 4 {
            return Err("it is of a version that is not known here".to_owned());
        }
        let (kind, algorithm, hash) = (reader.byte()?, reader.byte()?, reader.byte()?);
        let hash = match hash {
            2 => HashKind::Sha1,
            8 => HashKind::Sha256,
            9 => HashKind::Sha384,
            10 => HashKind::Sha512,
            _ => return Err("it uses a hash function that is not known here, or not safe".to_owned()),
        };
        let length = reader.unsigned(2)?;
        let hashed_parts = reader.take(length)?;
        let length = reader.unsigned(2)?;
        let unhashed_parts = reader.take(length)?;
        // The first bytes of the digest, for a quick look that nobody needs.
        reader.take(2)?;
        let hashed = &body[..HEAD_BYTES + hashed_parts.len()];
        let mut signature = Signature {
            kind,
            algorithm,
            hash,
            hashed,
            issuer: None,
            key_flags: None,
            embedded: None,
            values: reader.rest(),
        };
        signature.parts(hashed_parts, Origin::Hashed)?;
        signature.parts(unhashed_parts, Origin::Unhashed)?;
        Ok(signature)
    }

    fn parts(&mut self, bytes: &'a [u8], origin: Origin) -> Result<(), String> {
        const ISSUER: u8 = 16;
        const KEY_FLAGS: u8 = 27;
        const EMBEDDED: u8 = 32;
        const ISSUER_FINGERPRINT: u8 = 33;
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let length = new_length(&mut reader)?;
            let mut part = Reader::new(reader.take(length)?);
            let tag = part.byte()?;
            let value = part.rest();
            let id = |bytes: &[u8]| crate::hash::hexadecimal(bytes).to_uppercase();
            match tag & 0x7f {
                ISSUER if value.len() == 8 => self.issuer = Some(id(value)),
                ISSUER_FINGERPRINT if value.len() == 21 => self.issuer = Some(id(&value[13..])),
                KEY_FLAGS if origin == Origin::Hashed => self.key_flags = value.first().copied(),
                EMBEDDED => self.embedded = Some(value),
                // Whoever marks something as critical wants it understood; these restrict nothing here:
                // creation, expiry, trust, regular expressions, revocable, key expiry, preferences, features, policies.
                _ if tag & 0x80 != 0 && origin == Origin::Hashed && !matches!(tag & 0x7f, 2..=30) => {
                    return Err("it has a part that must be understood and is not".to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Tells whether it is the signature of a file's bytes.
    pub(super) fn is_of_document(&self) -> bool {
        self.kind == OF_BINARY
    }

    /// Returns the bytes that are signed behind everything else.
    pub(super) fn trailer(&self) -> Vec<u8> {
        [&[4, 0xff], (self.hashed.len() as u32).to_be_bytes().as_slice()].concat()
    }
}

/// Whether a part of a signature is itself signed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Hashed,
    Unhashed,
}
