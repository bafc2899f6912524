//! Tokens of web identities: who a service account of a cluster says that it is, if the cluster has signed it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use super::oidc;
use super::query::Error;
use crate::clock::real_now;
use crate::frame::Frame;
use crate::kubernetes;

/// Bytes of a token at most.
const TOKEN_BYTES_MAX: usize = 20_000;

/// What a token says.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Who signed it, as `https://oidc.eks.eu-west-1.amazonaws.com/id/...`.
    pub issuer: String,
    /// As in `system:serviceaccount:kube-system:aws-node`.
    pub subject: String,
    /// Whom it is for.
    pub audiences: Vec<String>,
}

fn wrong(message: impl Into<String>) -> Error {
    Error::new("InvalidIdentityToken", message)
}

/// Reads a token that is what it says.
pub fn read(frame: &Frame, token: &str) -> Result<Identity, Error> {
    let (identity, expires) = claims(token)?;
    if expires < real_now().as_secs() {
        return Err(Error::new(
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
        ));
    }
    if !oidc::is_issuer(frame, &identity.issuer) {
        return Err(wrong(
            "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
        ));
    }
    let is_signed = frame.world.look(|records| kubernetes::of_issuer(records, &identity.issuer, token).is_some());
    if !is_signed {
        return Err(wrong("The signature of the token is not that of its issuer, or its service account is gone."));
    }
    Ok(identity)
}

/// Returns what a token says, and when it ends, in seconds since 1970.
fn claims(token: &str) -> Result<(Identity, u64), Error> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts[..] else {
        return Err(wrong(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ));
    };
    let claims =
        Some(claims).filter(|_| token.len() <= TOKEN_BYTES_MAX).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
    let claims: Option<Json> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    let claims = claims.ok_or_else(|| {
        wrong("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
    })?;
    let text = |member: &str| {
        let missing = || wrong(format!("Missing a required claim: {member}"));
        claims[member].as_str().map(str::to_owned).ok_or_else(missing)
    };
    let audiences = super::iam::document::list(&claims["aud"]);
    let identity = Identity {
        issuer: text("iss")?,
        subject: text("sub")?,
        audiences: audiences.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
    };
    Ok((identity, claims["exp"].as_u64().unwrap_or_default()))
}
