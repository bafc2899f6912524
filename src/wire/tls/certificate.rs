//! A certificate that a side of a connection makes for itself, in DER.
//!
//! Its form never changes, so a few nested tags do for a library of certificates. Go reads it: it must be its own authority,
//! for clients and servers, and name `localhost` as an alternative name.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, DnsName, PrivatePkcs8KeyDer};

use super::{Credentials, TlsError, failed};

const NAME: &str = "localhost";

/// Clocks of host and plugin may differ by a little, and inside containers by more.
const VALID_BEFORE_SECONDS: u64 = 24 * 60 * 60;
const VALID_AFTER_SECONDS: u64 = 30 * 365 * 24 * 60 * 60;

const SERIAL_BYTES: usize = 16;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const GENERALIZED_TIME: u8 = 0x18;
const UTC_TIME: u8 = 0x17;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// A name of a host among alternative names.
const DNS_NAME: u8 = 0x82;

/// Whole elements: object identifiers and what never changes.
const ECDSA_WITH_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 4, 3];
const VERSION_3: &[u8] = &[0xa0, 3, INTEGER, 1, 2];
const CRITICAL: &[u8] = &[0x01, 1, 0xff];
const BASIC_CONSTRAINTS: &[u8] = &[0x06, 3, 0x55, 0x1d, 19];
const IS_AUTHORITY: &[u8] = &[SEQUENCE, 3, 0x01, 1, 0xff];
const KEY_USAGE: &[u8] = &[0x06, 3, 0x55, 0x1d, 15];
/// To sign, to encipher and agree on keys, to sign certificates; two bits are unused.
const KEY_USAGES: &[u8] = &[BIT_STRING, 2, 2, 0b1010_1100];
const EXTENDED_KEY_USAGE: &[u8] = &[0x06, 3, 0x55, 0x1d, 37];
const CLIENT_AUTHENTICATION: &[u8] = &[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];
const SERVER_AUTHENTICATION: &[u8] = &[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const ALTERNATIVE_NAME: &[u8] = &[0x06, 3, 0x55, 0x1d, 17];

pub(super) fn name() -> DnsName<'static> {
    DnsName::try_from(NAME).expect("the name is one of a host")
}

pub(super) fn generate(now: Duration) -> Result<Credentials, TlsError> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed("cannot make a key"))?;
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(failed("cannot write the key"))?;
    let mut serial = [0; SERIAL_BYTES];
    aws_lc_rs::rand::fill(&mut serial).map_err(failed("cannot make a number"))?;
    // Positive, and with no zeros in front.
    serial[0] = serial[0] & 0x7f | 0x40;
    let content = content(&serial, now.as_secs(), public.as_ref());
    let signature = key.sign(&SystemRandom::new(), &content).map_err(failed("cannot sign the certificate"))?;
    let algorithm = element(SEQUENCE, &[ECDSA_WITH_SHA256]);
    let certificate = element(SEQUENCE, &[&content, &algorithm, &element(BIT_STRING, &[&[0], signature.as_ref()])]);
    let key = key.to_pkcs8v1().map_err(failed("cannot write the key"))?;
    Ok(Credentials {
        certificate: CertificateDer::from(certificate),
        key: PrivatePkcs8KeyDer::from(key.as_ref().to_vec()),
    })
}

/// Returns what is signed.
fn content(serial: &[u8], now_seconds: u64, public_key: &[u8]) -> Vec<u8> {
    let common_name = element(SEQUENCE, &[COMMON_NAME, &element(UTF8_STRING, &[NAME.as_bytes()])]);
    let name = element(SEQUENCE, &[&element(SET, &[&common_name])]);
    let from = time(now_seconds.saturating_sub(VALID_BEFORE_SECONDS));
    let until = time(now_seconds.saturating_add(VALID_AFTER_SECONDS));
    let usages = element(SEQUENCE, &[CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION]);
    let names = element(SEQUENCE, &[&element(DNS_NAME, &[NAME.as_bytes()])]);
    let extensions = element(
        SEQUENCE,
        &[
            &extension(KEY_USAGE, CRITICAL, KEY_USAGES),
            &extension(EXTENDED_KEY_USAGE, &[], &usages),
            &extension(BASIC_CONSTRAINTS, CRITICAL, IS_AUTHORITY),
            &extension(ALTERNATIVE_NAME, &[], &names),
        ],
    );
    element(
        SEQUENCE,
        &[
            VERSION_3,
            &element(INTEGER, &[serial]),
            &element(SEQUENCE, &[ECDSA_WITH_SHA256]),
            &name,
            &element(SEQUENCE, &[&from, &until]),
            &name,
            public_key,
            &element(0xa3, &[&extensions]),
        ],
    )
}

fn extension(id: &[u8], critical: &[u8], value: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[id, critical, &element(OCTET_STRING, &[value])])
}

/// Writes a tag, the length of the parts, and the parts.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = vec![tag];
    match length {
        0..=0x7f => bytes.push(length as u8),
        0x80..=0xff => bytes.extend([0x81, length as u8]),
        // A certificate has some 500 bytes.
        _ => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// Writes a moment: with two digits of the year before 2050, with four from there on, as the standard wants it.
fn time(seconds: u64) -> Vec<u8> {
    const DAY_SECONDS: u64 = 24 * 60 * 60;
    let (year, month, day) = date(seconds / DAY_SECONDS);
    let second = seconds % DAY_SECONDS;
    let rest = format!("{month:02}{day:02}{:02}{:02}{:02}Z", second / 3600, second / 60 % 60, second % 60);
    match year {
        ..2050 => element(UTC_TIME, &[format!("{:02}{rest}", year % 100).as_bytes()]),
        2050..10_000 => element(GENERALIZED_TIME, &[format!("{year}{rest}").as_bytes()]),
        // Beyond what can be written: the last moment that can.
        _ => element(GENERALIZED_TIME, &[b"99991231235959Z"]),
    }
}

/// Returns the date of a day since 1970-01-01. Years are counted from March, so that the day that some have more is the last.
fn date(days: u64) -> (u64, u64, u64) {
    const FOUR_CENTURIES_DAYS: u64 = 146_097;
    // Days from 0000-03-01 to 1970-01-01.
    let days = days + 719_468;
    let day = days % FOUR_CENTURIES_DAYS;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (days / FOUR_CENTURIES_DAYS * 400 + year + u64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::{date, element, time};

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_778), (2026, 11, 21));
        assert_eq!(date(47_540), (2100, 2, 28));
        assert_eq!(date(47_541), (2100, 3, 1));
    }

    #[test]
    fn times_have_four_digits_of_the_year_from_2050_on() {
        assert_eq!(time(1_795_253_445)[2..], *b"261121093045Z");
        assert_eq!(time(2_524_608_000)[2..], *b"20500101000000Z");
        assert_eq!(time(u64::MAX / 2)[2..], *b"99991231235959Z");
    }

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        assert_eq!(element(4, &[&[7; 3]]), [4, 3, 7, 7, 7]);
        assert_eq!(element(4, &[&[7; 200]])[..3], [4, 0x81, 200]);
        assert_eq!(element(4, &[&[7; 300]])[..4], [4, 0x82, 1, 44]);
    }
}
