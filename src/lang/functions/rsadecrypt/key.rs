//! Reading RSA private keys: PEM around PKCS #1, PKCS #8 or OpenSSH's own form.

use num_bigint::BigUint;
use num_traits::Zero;

use super::super::base64;

/// What decrypting needs of a key.
pub(super) struct PrivateKey {
    pub(super) modulus: BigUint,
    pub(super) exponent: BigUint,
}

const DAMAGED: &str = "the private key is damaged";
const NOT_RSA: &str = "it is not an RSA key";
const LOCKED: &str = "the private key has a passphrase: take that off before";

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

impl PrivateKey {
    /// Reads the first key of a text.
    pub(super) fn from_pem(text: &str) -> Result<PrivateKey, &'static str> {
        let (label, body) = pem_block(text).ok_or("it is not a private key in PEM form")?;
        // Old forms say in headers that they are encrypted; a blank line ends the headers.
        if body.contains("ENCRYPTED") {
            return Err(LOCKED);
        }
        let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        let der = base64::decode(&body).map_err(|_| DAMAGED)?;
        match label {
            "RSA PRIVATE KEY" => pkcs1(&der).ok_or(DAMAGED),
            "PRIVATE KEY" => pkcs8(&der),
            "OPENSSH PRIVATE KEY" => openssh(&der),
            "ENCRYPTED PRIVATE KEY" => Err(LOCKED),
            _ => Err(NOT_RSA),
        }
        .and_then(|key| if key.modulus.is_zero() { Err(DAMAGED) } else { Ok(key) })
    }
}

fn pem_block(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, rest) = rest.split_once("-----END ")?;
    rest.strip_prefix(label)?.starts_with("-----").then_some((label, body))
}

fn pkcs1(der: &[u8]) -> Option<PrivateKey> {
    let mut fields = Der(Der(der).read(0x30)?);
    let _version = fields.read(0x02)?;
    let modulus = BigUint::from_bytes_be(fields.read(0x02)?);
    let _public_exponent = fields.read(0x02)?;
    let exponent = BigUint::from_bytes_be(fields.read(0x02)?);
    Some(PrivateKey { modulus, exponent })
}

fn pkcs8(der: &[u8]) -> Result<PrivateKey, &'static str> {
    let mut fields = Der(Der(der).read(0x30).ok_or(DAMAGED)?);
    let _version = fields.read(0x02).ok_or(DAMAGED)?;
    let mut algorithm = Der(fields.read(0x30).ok_or(DAMAGED)?);
    if algorithm.read(0x06).ok_or(DAMAGED)? != RSA_ENCRYPTION {
        return Err(NOT_RSA);
    }
    pkcs1(fields.read(0x04).ok_or(DAMAGED)?).ok_or(DAMAGED)
}

/// Distinguished encoding: a tag, a length, the content.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Takes the next element's content, if it has this tag.
    fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&first, rest) = self.0.split_first()?;
        let (&short, mut rest) = rest.split_first()?;
        let mut length = usize::from(short);
        if short >= 0x80 {
            // More bytes than four would be a key of gigabytes.
            let count = usize::from(short & 0x7f);
            let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            rest = &rest[count..];
        }
        let content = rest.get(..length).filter(|_| first == tag)?;
        self.0 = &rest[length..];
        Some(content)
    }
}

fn openssh(bytes: &[u8]) -> Result<PrivateKey, &'static str> {
    let rest = bytes.strip_prefix(b"openssh-key-v1\0").ok_or(DAMAGED)?;
    let mut fields = Ssh(rest);
    let cipher = fields.read().ok_or(DAMAGED)?;
    if cipher != b"none" {
        return Err(LOCKED);
    }
    let (_key_derivation, _options) = (fields.read().ok_or(DAMAGED)?, fields.read().ok_or(DAMAGED)?);
    let _count = fields.take(4).ok_or(DAMAGED)?;
    let _public = fields.read().ok_or(DAMAGED)?;
    let mut secret = Ssh(fields.read().ok_or(DAMAGED)?);
    let _check = secret.take(8).ok_or(DAMAGED)?;
    if secret.read().ok_or(DAMAGED)? != b"ssh-rsa" {
        return Err(NOT_RSA);
    }
    let modulus = BigUint::from_bytes_be(secret.read().ok_or(DAMAGED)?);
    let _public_exponent = secret.read().ok_or(DAMAGED)?;
    let exponent = BigUint::from_bytes_be(secret.read().ok_or(DAMAGED)?);
    Ok(PrivateKey { modulus, exponent })
}

/// OpenSSH's encoding: a length of four bytes, the content.
struct Ssh<'a>(&'a [u8]);

impl<'a> Ssh<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.0.get(..count)?;
        self.0 = &self.0[count..];
        Some(taken)
    }

    fn read(&mut self) -> Option<&'a [u8]> {
        let length = self.take(4)?.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        self.take(length)
    }
}
