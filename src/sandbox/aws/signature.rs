//! SigV4: reads who signed a request, in its header or in its query, and checks that they did.

use std::fmt::Write as _;
use std::time::Duration;

use aws_lc_rs::{constant_time, digest, hmac};

use crate::clock::{Clock, real_now};
use crate::server::Request;

/// How far clocks may be apart.
const SKEW_MAX: Duration = Duration::from_secs(15 * 60);
/// How long a presigned address may hold.
const EXPIRES_MAX: u64 = 7 * 24 * 3600;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Why a request is refused; each service has its own codes for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// It is not signed.
    Missing,
    /// Something is missing in the signature; the text says what.
    Incomplete(String),
    /// Nobody has this key, or its session token is another.
    UnknownKey,
    /// The session is over.
    ExpiredToken,
    /// Signed too long ago, in the future, or for another day, region or service.
    Scope(String),
    /// It is not the signature of this request by this key.
    Mismatch,
}

/// What a signature says before it is checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    /// The access key's id.
    pub key: String,
    /// The region that it is for.
    pub region: String,
    /// The service that it is for.
    pub service: String,
    /// The session token that came with it.
    pub token: Option<String>,
    date: String,
    time: String,
    headers: Vec<String>,
    signature: String,
    expires: Option<u64>,
}

impl Signature {
    /// Reads a request's signature.
    pub fn read(request: &Request) -> Result<Signature, Refusal> {
        let query = pairs(&request.query);
        match header(request, "authorization") {
            Some(text) => Signature::in_header(request, text),
            None if query.iter().any(|(name, _)| name == "X-Amz-Algorithm") => Signature::in_query(&query),
            None => Err(Refusal::Missing),
        }
    }

    fn in_header(request: &Request, text: &str) -> Result<Signature, Refusal> {
        let incomplete = |what: &str| Refusal::Incomplete(format!("Authorization header requires '{what}' parameter."));
        let Some(rest) = text.trim().strip_prefix(ALGORITHM) else { return Err(Refusal::Missing) };
        let part = |name: &str| {
            let found = rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            found.map(str::to_owned).ok_or_else(|| incomplete(name))
        };
        let time = header(request, "x-amz-date").ok_or_else(|| {
            Refusal::Incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".into(),
            )
        })?;
        let token = header(request, "x-amz-security-token").map(str::to_owned);
        let (headers, signature) = (part("SignedHeaders")?, part("Signature")?);
        Signature::of(&part("Credential")?, time, &headers, signature, token)
    }

    fn in_query(query: &[(String, String)]) -> Result<Signature, Refusal> {
        let part = |name: &str| query.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone());
        let needed = |name: &str| {
            part(name).ok_or_else(|| Refusal::Incomplete(format!("AWS query-string parameters must include '{name}'.")))
        };
        if needed("X-Amz-Algorithm")? != ALGORITHM {
            return Err(Refusal::Incomplete(format!("X-Amz-Algorithm must be {ALGORITHM}.")));
        }
        let (headers, signature) = (needed("X-Amz-SignedHeaders")?, needed("X-Amz-Signature")?);
        let (credential, time) = (needed("X-Amz-Credential")?, needed("X-Amz-Date")?);
        let mut read = Signature::of(&credential, &time, &headers, signature, part("X-Amz-Security-Token"))?;
        let expires = part("X-Amz-Expires").map_or(Ok(SKEW_MAX.as_secs()), |text| text.parse());
        match expires {
            // STS takes presigned questions for fifteen minutes, whatever they say: tokens of clusters live from that.
            Ok(expires) if (1..=EXPIRES_MAX).contains(&expires) && read.service == "sts" => read.expires = None,
            Ok(expires) if (1..=EXPIRES_MAX).contains(&expires) => read.expires = Some(expires),
            _ => return Err(Refusal::Incomplete("X-Amz-Expires must be between 1 and 604800 seconds.".into())),
        }
        Ok(read)
    }

    fn of(
        credential: &str,
        time: &str,
        headers: &str,
        signature: String,
        token: Option<String>,
    ) -> Result<Signature, Refusal> {
        // A key's id has no slash, so that the scope is what is behind the first one.
        let parts: Vec<&str> = credential.split('/').collect();
        let [key, date, region, service, "aws4_request"] = parts[..] else {
            let text = format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'."
            );
            return Err(Refusal::Incomplete(text));
        };
        let headers = headers.split(';').map(str::to_ascii_lowercase).collect();
        let (key, date, region, service) = (key.into(), date.into(), region.into(), service.into());
        Ok(Signature { key, region, service, token, date, time: time.into(), headers, signature, expires: None })
    }

    /// Tells whether a header is signed.
    pub fn signs(&self, header: &str) -> bool {
        self.headers.iter().any(|name| name == header)
    }

    /// Checks that a request was signed like this with a secret, now, for a service.
    pub fn verify(&self, request: &Request, secret: &str, clock: &Clock) -> Result<(), Refusal> {
        self.is_in_time(clock)?;
        if !self.signs("host") {
            let text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(Refusal::Incomplete(text.into()));
        }
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let canonical = hex(digest::digest(&digest::SHA256, self.canonical(request).as_bytes()).as_ref());
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{canonical}", self.time);
        let mut key = mac(format!("AWS4{secret}").as_bytes(), &self.date);
        for part in [&self.region, &self.service, "aws4_request"] {
            key = mac(key.as_ref(), part);
        }
        let signature = hex(mac(key.as_ref(), &text).as_ref());
        let is_equal = constant_time::verify_slices_are_equal(signature.as_bytes(), self.signature.as_bytes()).is_ok();
        if is_equal { Ok(()) } else { Err(Refusal::Mismatch) }
    }

    /// Those who live by the sandbox's time sign with it: what is signed in our future is as old as its clock says.
    fn is_in_time(&self, clock: &Clock) -> Result<(), Refusal> {
        let text = &self.time;
        let Some(time) = seconds_of(text) else {
            return Err(Refusal::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{text}'.")));
        };
        if !text.starts_with(&self.date) {
            let text = format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{text}'",
                self.date
            );
            return Err(Refusal::Scope(text));
        }
        let (time, now) = (Duration::from_secs(time), real_now());
        let is_simulated = time > now + SKEW_MAX && time <= clock.now() + SKEW_MAX;
        let age = match is_simulated {
            true => clock.now().saturating_sub(time).div_f64(clock.speed().max(1.0)),
            false => now.saturating_sub(time),
        };
        let holds = self.expires.map_or(SKEW_MAX, Duration::from_secs);
        if age > holds {
            return Err(Refusal::Scope(format!(
                "Signature expired: {text} is now earlier than the time it may be used at"
            )));
        }
        if time > now + SKEW_MAX && !is_simulated {
            return Err(Refusal::Scope(format!("Signature not yet current: {text} is still later than now (15 min.)")));
        }
        Ok(())
    }

    fn canonical(&self, request: &Request) -> String {
        let mut query: Vec<(String, String)> = pairs(&request.query)
            .into_iter()
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| (escape(&name, false), escape(&value, false)))
            .collect();
        query.sort();
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut text = String::new();
        // All services but S3 escape the path as it is sent once more.
        let is_s3 = self.service == "s3";
        let path = if is_s3 { escape(&unescape(&request.path), true) } else { escape(&request.path, true) };
        let _ = write!(text, "{}\n{path}\n{}\n", request.method, query.join("&"));
        for name in &self.headers {
            let values =
                request.headers.get_all(name).iter().filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
            let values: Vec<String> =
                values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
            let _ = writeln!(text, "{name}:{}", values.join(","));
        }
        let _ = write!(text, "\n{}\n{}", self.headers.join(";"), self.body(request));
        text
    }

    /// Returns what stands for the body in what is signed. Requests of S3 say so themselves: not all of them sign it.
    fn body(&self, request: &Request) -> String {
        let digest = || hex(digest::digest(&digest::SHA256, &request.body).as_ref());
        match header(request, "x-amz-content-sha256") {
            Some(kind @ "UNSIGNED-PAYLOAD") if self.service == "s3" => kind.to_owned(),
            Some(kind) if self.service == "s3" && kind.starts_with("STREAMING-") => kind.to_owned(),
            None if self.service == "s3" && self.expires.is_some() => "UNSIGNED-PAYLOAD".to_owned(),
            _ => digest(),
        }
    }
}

/// Returns a header's text.
pub fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers.get(name)?.to_str().ok()
}

/// Reads a query into names and values.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (unescape(name), unescape(value)))
        .collect()
}

/// Takes the percent escapes away; what is not one stays.
pub fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits =
            bytes.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Writes what is not a letter, a digit or one of `-._~` as percent escapes; slashes of paths stay.
pub fn escape(text: &str, is_path: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            b'/' if is_path => escaped.push('/'),
            _ => _ = write!(escaped, "%{byte:02X}"),
        }
    }
    escaped
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

/// Writes bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads `20261121T183000Z` as seconds since 1970.
fn seconds_of(text: &str) -> Option<u64> {
    let is_form = text.len() == 16 && text.is_ascii() && &text[8..9] == "T" && text.ends_with('Z');
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    if !is_form || year < 1970 || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    // Years that begin in March, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some((days.checked_sub(719_468)? * 24 + hour) * 3600 + minute * 60 + second)
}

/// Signs requests as clients do; for tests.
#[cfg(test)]
pub mod signing {
    use super::{ALGORITHM, Signature, digest, header, hex, mac};
    use crate::server::Request;

    /// Returns the `Authorization` header of a request whose other headers are set.
    pub fn authorization(request: &Request, (key, secret): (&str, &str), service: &str) -> String {
        let time = header(request, "x-amz-date").expect("a date");
        let credential = format!("{key}/{}/us-east-1/{service}/aws4_request", &time[..8]);
        let signed = Signature::of(&credential, time, "host;x-amz-date", String::new(), None).expect("a credential");
        let canonical = hex(digest::digest(&digest::SHA256, signed.canonical(request).as_bytes()).as_ref());
        let mut secret = mac(format!("AWS4{secret}").as_bytes(), &time[..8]);
        for part in ["us-east-1", service, "aws4_request"] {
            secret = mac(secret.as_ref(), part);
        }
        let scope = format!("{}/us-east-1/{service}/aws4_request", &time[..8]);
        let signature = hex(mac(secret.as_ref(), &format!("{ALGORITHM}\n{time}\n{scope}\n{canonical}")).as_ref());
        format!("{ALGORITHM} Credential={credential}, SignedHeaders=host;x-amz-date, Signature={signature}")
    }
}

#[cfg(test)]
mod tests {
    use super::{seconds_of, unescape};

    #[test]
    fn reads_times_and_nothing_else() {
        assert_eq!(seconds_of("20261121T163005Z"), Some(1_795_278_605));
        assert_eq!(seconds_of("20000229T000000Z"), Some(951_782_400));
        for wrong in ["", "20261121", "20261321T163005Z", "ééééééééé", "20261121 163005Z"] {
            assert_eq!(seconds_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn takes_escapes_away_and_leaves_the_rest() {
        for (text, plain) in [("a%3Ab%2fc", "a:b/c"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%é", "%é")] {
            assert_eq!(unescape(text), plain);
        }
    }
}
