//! Tokens that a cluster's API takes: a question to STS, signed by us, that the cluster asks in our name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use sdk::Problem;

use crate::cloud::partition;

/// How long STS takes the question, in seconds; the cluster takes the token for fifteen minutes.
const EXPIRES: Duration = Duration::from_secs(60);

/// Makes a token for a cluster.
pub(crate) fn mint(
    credentials: &Credentials,
    region: &str,
    endpoint: Option<&str>,
    cluster: &str,
    now: Duration,
) -> Result<String, Problem> {
    let failed =
        |error: String| Problem::error("No token", format!("Signing a token for the cluster {cluster:?}: {error}."));
    let base = match endpoint {
        Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
        None => format!("https://sts.{region}.{}", partition(region).1),
    };
    let url = format!("{base}/?Action=GetCallerIdentity&Version=2011-06-15");
    let identity = credentials.clone().into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let time: SystemTime = UNIX_EPOCH + now;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| failed(error.to_string()))?
        .into();
    let headers = [("x-k8s-aws-id", cluster)];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(b""))
        .map_err(|error| failed(error.to_string()))?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| failed(error.to_string()))?.into_parts();
    let mut signed = url;
    for (name, value) in instructions.params() {
        signed.push_str(&format!("&{name}={}", escape(value)));
    }
    Ok(format!("k8s-aws-v1.{}", base64_url(signed.as_bytes())))
}

/// Escapes all but what has no meaning in a URL (RFC 3986).
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

fn base64_url(bytes: &[u8]) -> String {
    let text = aws_smithy_types::base64::encode(bytes);
    text.trim_end_matches('=').replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::{base64_url, mint};
    use aws_credential_types::Credentials;
    use std::time::Duration;

    #[test]
    fn a_token_is_a_signed_question() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("se/ss+ion".into()), None, "test");
        let now = Duration::from_secs(1_700_000_000);
        let token = mint(&credentials, "eu-west-1", None, "lake", now).unwrap();
        let begin = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&";
        let encoded = base64_url(&begin.as_bytes()[..begin.len() / 3 * 3]);
        assert!(token.starts_with(&format!("k8s-aws-v1.{encoded}")), "{token}");
        assert!(!token.contains(['=', '+', '/']));
    }
}
