//! `rsadecrypt`: decrypts what was encrypted for the owner of a key (PKCS #1 v1.5).
//!
//! By hand on `num-bigint`: the `rsa` crate costs as much to build as all other functions together and has an advisory
//! without a fix (RUSTSEC-2023-0071: its run time tells about the key). The run time of this code tells no less, but
//! nobody can measure it: it decrypts once, on the machine that holds the key, what the configuration gives, and never
//! answers a stranger. Do not use it for anything that does.

mod key;
#[cfg(test)]
mod tests;

use num_bigint::BigUint;

use self::key::PrivateKey;
use super::{Call, CallError, Code, Function, Outcome, Returns, base64, example, param, types};

/// `00 02`, eight bytes of padding, `00`.
const OVERHEAD_BYTES: usize = 11;

pub(super) static RSADECRYPT: Function = Function {
    name: "rsadecrypt",
    summary: "Decrypts a Base64 text that was encrypted by RSA (PKCS #1 v1.5), such as the password of a new Windows \
              machine. The key is in PEM form and has no passphrase.",
    params: &[param("ciphertext", types::string), param("privatekey", types::string)],
    rest: None,
    returns: Returns::Fixed(types::string),
    examples: &[
        example(r#"rsadecrypt("not Base64", "")"#, "error: is not Base64"),
        example(r#"rsadecrypt("aGVsbG8=", "no key")"#, "error: not a private key in PEM form"),
    ],
    code: Code::Eager(rsadecrypt),
};

fn rsadecrypt(call: &Call<'_>) -> Outcome {
    let secret = base64::decode(call.text(0)).map_err(|error| CallError::argument(0, error.message(call, 0)))?;
    let key = PrivateKey::from_pem(call.text(1)).map_err(|message| CallError::argument(1, message))?;
    let plain = decrypt(&key, &secret).ok_or_else(|| {
        CallError::new("the text cannot be decrypted with this key: it was encrypted for another one, or is damaged")
    })?;
    let text = String::from_utf8(plain).map_err(|_| CallError::new("what was encrypted is not UTF-8 text"))?;
    Ok(text.into())
}

fn decrypt(key: &PrivateKey, secret: &[u8]) -> Option<Vec<u8>> {
    let size = key.modulus.bits().div_ceil(8) as usize;
    let secret = BigUint::from_bytes_be(secret);
    if size < OVERHEAD_BYTES || secret >= key.modulus {
        return None;
    }
    let bytes = secret.modpow(&key.exponent, &key.modulus).to_bytes_be();
    // The leading zero is gone; what is left must be one byte shorter than the modulus.
    let padded = bytes.strip_prefix(&[2]).filter(|_| bytes.len() == size - 1)?;
    let end = padded.iter().position(|byte| *byte == 0).filter(|end| *end >= 8)?;
    Some(padded[end + 1..].to_vec())
}
