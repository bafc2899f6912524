//! Tokens for EKS clusters: a request to STS, signed and not sent; the cluster's API server sends it to see who asks.

use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use base64::Engine;

/// What tokens begin with.
const PREFIX: &str = "k8s-aws-v1.";
/// EKS takes a token for a quarter of an hour, whatever the signature says.
const VALID_SECONDS: u64 = 900;
/// Keys of AWS.
#[derive(Clone)]
pub struct Keys {
    /// The id of the access key.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
    /// The token of a session, if the keys belong to one.
    pub session_token: Option<String>,
}

/// What a token is for.
pub struct Subject<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The region whose STS is asked.
    pub region: &'a str,
    /// Another address of STS than the usual.
    pub endpoint: Option<&'a str>,
}

/// Makes a token.
pub fn mint(subject: &Subject<'_>, keys: &Keys, now: Duration) -> String {
    let url = presigned(subject, keys, now);
    format!("{PREFIX}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(url))
}

/// Signs the address of `GetCallerIdentity`, by version 4 of AWS's signatures.
fn presigned(subject: &Subject<'_>, keys: &Keys, now: Duration) -> String {
    let region = subject.region;
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let endpoint = subject
        .endpoint
        .map_or_else(|| format!("https://sts.{region}.{suffix}"), |own| own.trim_end_matches('/').to_owned());
    let host =
        endpoint.split_once("://").map_or(endpoint.as_str(), |(_, rest)| rest).split('/').next().unwrap_or_default();
    let (year, month, day, hour, minute, second) = civil(now);
    let date = format!("{year:04}{month:02}{day:02}");
    let time = format!("{date}T{hour:02}{minute:02}{second:02}Z");
    let scope = format!("{date}/{region}/sts/aws4_request");
    let mut query = vec![
        ("Action", "GetCallerIdentity".to_owned()),
        ("Version", "2011-06-15".to_owned()),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("X-Amz-Credential", format!("{}/{scope}", keys.access_key)),
        ("X-Amz-Date", time.clone()),
        ("X-Amz-Expires", VALID_SECONDS.to_string()),
        ("X-Amz-SignedHeaders", "host;x-k8s-aws-id".to_owned()),
    ];
    if let Some(token) = &keys.session_token {
        query.push(("X-Amz-Security-Token", token.clone()));
    }
    query.sort();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let query = query.join("&");
    let headers = format!("host:{host}\nx-k8s-aws-id:{}\n", subject.cluster);
    let canonical = format!("GET\n/\n{query}\n{headers}\nhost;x-k8s-aws-id\n{}", hashed(""));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hashed(&canonical));
    let mut key = signed(format!("AWS4{}", keys.secret_key).as_bytes(), &date);
    for part in [region, "sts", "aws4_request"] {
        key = signed(&key, part);
    }
    format!("{endpoint}/?{query}&X-Amz-Signature={}", hex(&signed(&key, &to_sign)))
}

/// Returns year, month, day, hour, minute and second of a time since 1970, in UTC.
fn civil(time: Duration) -> (u64, u64, u64, u64, u64, u64) {
    let seconds = time.as_secs();
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    // Days since 0000-03-01, so that the leap day is the last of its year.
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (month, year) = if month < 10 { (month + 3, year) } else { (month - 9, year + 1) };
    (year + era * 400, month, date, rest / 3600, rest / 60 % 60, rest % 60)
}

fn signed(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hashed(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// Writes bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine;

    use super::{Keys, Subject, mint};

    /// Compared with what botocore 1.44.5 signs for the same keys, cluster and time.
    #[test]
    fn signs_as_the_sdks_do() {
        let keys = Keys {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: Some("a/b+c=".into()),
        };
        let subject = Subject { cluster: "lake", region: "eu-west-1", endpoint: None };
        let token = mint(&subject, &keys, Duration::from_secs(1_440_938_160));
        let url = token.strip_prefix("k8s-aws-v1.").expect("a prefix");
        let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(url).expect("base64");
        let url = String::from_utf8(url).expect("text");
        let (address, signature) = url.split_once("&X-Amz-Signature=").expect("a signature");
        assert_eq!(
            address,
            "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Feu-west-1%2Fsts%2Faws4_request\
             &X-Amz-Date=20150830T123600Z&X-Amz-Expires=900&X-Amz-Security-Token=a%2Fb%2Bc%3D\
             &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"
        );
        assert_eq!(signature, "0eedc45f3fd4fe81d09921e6dd68c569ba78f8f3758578b37fa40dcdd145492d");
    }
}
