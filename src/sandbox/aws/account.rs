//! The account of the sandbox: its access key, the keys of sessions, and who is behind a signed request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::signature::{Refusal, Signature};
use crate::clock::real_now;
use crate::frame::Frame;
use crate::server::Request;

/// The account's number.
pub const ACCOUNT: &str = "123456789012";
/// The id of the access key that everyone may use.
pub const ACCESS_KEY: &str = "AKIAGANTRYSANDBOXAAA";
/// Its secret, which is none.
pub const SECRET_KEY: &str = "sandbox/secret+that+everyone+may+know+00";

/// Under what prefix the keys of sessions are kept.
const KEYS: &str = "aws/keys/";

/// Who asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Caller {
    /// As in `arn:aws:iam::123456789012:user/sandbox`.
    pub arn: String,
    /// As in `AIDA...`.
    pub id: String,
}

/// The keys of a session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The secret key.
    pub secret: String,
    /// The token that comes with every request.
    pub token: String,
    /// When it ends, by our time, in seconds.
    pub expires: u64,
    /// Whose session it is.
    pub caller: Caller,
}

impl Session {
    /// Returns the name of a session's record.
    pub fn record(key: &str) -> String {
        format!("{KEYS}{key}")
    }
}

/// Returns who signed a request and for which region, if they really did, for a service.
pub fn authenticate(frame: &Frame, request: &Request, service: &str) -> Result<(Caller, Signature), Refusal> {
    let signature = Signature::read(request)?;
    let (secret, caller) = secret_of(frame, &signature)?;
    if signature.service != service {
        return Err(Refusal::Scope(format!("Credential should be scoped to correct service: '{service}'. ")));
    }
    let is_region =
        signature.region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if signature.region.is_empty() || !is_region {
        return Err(Refusal::Scope("Credential should be scoped to a valid region. ".to_owned()));
    }
    signature.verify(request, &secret, &frame.clock)?;
    Ok((caller, signature))
}

fn secret_of(frame: &Frame, signature: &Signature) -> Result<(String, Caller), Refusal> {
    if signature.key == ACCESS_KEY {
        let caller =
            Caller { arn: format!("arn:aws:iam::{ACCOUNT}:user/sandbox"), id: "AIDAGANTRYSANDBOXAAAA".to_owned() };
        return match signature.token {
            None => Ok((SECRET_KEY.to_owned(), caller)),
            Some(_) => Err(Refusal::UnknownKey),
        };
    }
    let session: Option<Session> = frame.world.look(|records| records.get(&Session::record(&signature.key)));
    let session = session.filter(|session| signature.token.as_deref() == Some(&session.token));
    let session = session.ok_or(Refusal::UnknownKey)?;
    if Duration::from_secs(session.expires) < real_now() {
        return Err(Refusal::ExpiredToken);
    }
    Ok((session.secret, session.caller))
}

/// Returns so many random bytes, as hexadecimal digits.
pub fn random<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    // Without chance the ids of two things could be equal; the time tells them apart well enough.
    if getrandom::fill(&mut bytes).is_err() {
        let now = real_now().as_nanos().to_le_bytes();
        bytes.iter_mut().zip(now.iter().cycle()).for_each(|(byte, chance)| *byte = *chance);
    }
    super::signature::hex(&bytes)
}

/// Returns an id as `2f1e0c4a-0d7f-4b1c-9c39-6d1f0f8f0a11`.
pub fn uuid() -> String {
    let digits = random::<16>();
    format!("{}-{}-4{}-8{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}
