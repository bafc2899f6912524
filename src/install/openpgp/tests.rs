//! Signatures and keys that GnuPG 2.2 has made, for the document `checksums` with a line break.

use super::verify;

const DOCUMENT: &[u8] = b"checksums\n";
const RSA: (&str, &str) = (include_str!("fixtures/rsa-key.asc"), include_str!("fixtures/rsa-signature.asc"));
const ED: (&str, &str) = (include_str!("fixtures/ed-key.asc"), include_str!("fixtures/ed-signature.asc"));
const EC: (&str, &str) = (include_str!("fixtures/ec-key.asc"), include_str!("fixtures/ec-signature.asc"));

#[track_caller]
fn check(keys: &[&str], signature: &str, expected: Result<&str, &str>) {
    let found = verify(keys, DOCUMENT, signature.as_bytes());
    match (&found, expected) {
        (Ok(key), Ok(expected)) => assert_eq!(key, expected),
        (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
        _ => panic!("{found:?}"),
    }
}

#[test]
fn accepts_what_gnupg_signs() {
    check(&[RSA.0], RSA.1, Ok("8C0ACE7CE134C27C"));
    check(&[EC.0], EC.1, Ok("C76AEFDF69A1683D"));
    // By the subkey, as the primary key is for certifying only.
    check(&[ED.0], ED.1, Ok("8205648CC7D40E96"));
    check(&["no key", EC.0, RSA.0], RSA.1, Ok("8C0ACE7CE134C27C"));
    check(&[&format!("{}{}", EC.0, RSA.0)], RSA.1, Err("none of theirs"));
}

#[test]
fn refuses_other_documents_other_keys_and_revoked_ones() {
    for (key, signature) in [RSA, ED, EC] {
        let error = verify(&[key], b"checksums of somebody else\n", signature.as_bytes()).unwrap_err();
        assert!(error.contains("something else"), "{error}");
    }
    check(&[ED.0, EC.0], RSA.1, Err("none of theirs"));
    check(&[], RSA.1, Err("none of theirs"));
    check(&[include_str!("fixtures/rsa-revoked-key.asc")], RSA.1, Err("revoked"));
    check(&[include_str!("fixtures/ed-revoked-subkey.asc")], ED.1, Err("none of theirs"));
    check(&[RSA.0], RSA.0, Err("not the signature of a file"));
    check(&[RSA.0], "", Err("there is no signature"));
    check(&[RSA.0], "-----BEGIN PGP SIGNATURE-----\n\n???\n", Err("not base64"));
}

#[test]
fn a_changed_byte_is_not_accepted_and_nothing_panics() {
    use base64::Engine;
    let decode = |armour: &str| super::dearmoured(armour).unwrap();
    let encode = |bytes: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{text}\n-----END PGP PUBLIC KEY BLOCK-----\n")
    };
    let (signature, key) = (decode(ED.1), decode(ED.0));
    // Tag and length; the four bytes in front, version, kind, algorithm and hash function, are signed.
    const HEADER: usize = 2;
    let hashed = HEADER + 6 + usize::from(signature[HEADER + 4]) * 256 + usize::from(signature[HEADER + 5]);
    let unhashed = usize::from(signature[hashed]) * 256 + usize::from(signature[hashed + 1]);
    // What is not signed says who signed, and the start of the digest.
    let unprotected = hashed..hashed + 2 + unhashed + 2;
    for at in HEADER..signature.len() {
        let mut changed = signature.clone();
        changed[at] ^= 0x10;
        let found = verify(&[ED.0], DOCUMENT, &changed);
        assert!(unprotected.contains(&at) || found.is_err(), "byte {at}");
        assert!(verify(&[ED.0], DOCUMENT, &signature[..at]).is_err(), "cut at {at}");
    }
    for at in 0..key.len() {
        let mut changed = key.clone();
        changed[at] ^= 0x10;
        _ = verify(&[&encode(&changed)], DOCUMENT, &signature);
    }
    for armour in [ED.0, RSA.0] {
        let key = decode(armour);
        for at in 0..key.len() {
            _ = verify(&[&encode(&key[..at])], DOCUMENT, ED.1.as_bytes());
        }
    }
}
