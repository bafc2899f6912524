//! Requests to registries and mirrors: bounded in time, size and number, retried, and resumed where that is possible.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, ResponseExt};

use crate::failure::Failure;
use crate::settings::{Settings, Surroundings, Token};

/// Attempts for one request, unless the environment says otherwise.
const ATTEMPTS: u32 = 3;
/// How long to wait before the second attempt; then twice as long each time.
const WAIT: Duration = Duration::from_millis(400);
/// The longest wait that a server can ask for.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, unless the environment says otherwise.
const ANSWER_SECONDS: u64 = 20;
/// How long a download may stand still.
const SILENCE: Duration = Duration::from_secs(60);
/// What is not a download is held in memory: lists of versions have some megabytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// A download is no larger; the largest provider has 0.2 GB.
const DOWNLOAD_BYTES_MAX: u64 = 2 << 30;

/// What to say of ourselves.
const USER_AGENT: &str = concat!("Gantry/", env!("CARGO_PKG_VERSION"));

/// Makes requests.
pub(crate) struct Client {
    surroundings: Surroundings,
    settings: Settings,
    /// Made when first needed: reading the certificates of the machine takes some milliseconds.
    agent: OnceLock<Agent>,
}

/// An answer to a request for something small.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// Where it came from in the end.
    pub(crate) url: String,
    /// Where the module is, for answers to a question about one.
    pub(crate) terraform_get: Option<String>,
    /// The kind of content.
    pub(crate) content_type: String,
    /// The content.
    pub(crate) body: Vec<u8>,
}

/// Told how many bytes are there, of how many.
pub(crate) type Progress<'a> = dyn Fn(u64, Option<u64>) + 'a;

/// Why an attempt came to nothing.
enum Trouble {
    /// It may work the next time, perhaps after a while that the server asks for.
    Passing(String, Option<Duration>),
    /// It will not.
    Lasting(String),
}

impl Client {
    /// Makes a client.
    pub(crate) fn new(settings: &Settings, surroundings: &Surroundings) -> Client {
        Client { surroundings: surroundings.clone(), settings: settings.clone(), agent: OnceLock::new() }
    }

    /// Returns the settings that the client obeys.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Asks for something small. Not finding it is an answer, too.
    pub(crate) fn get(&self, url: &str, accept: &str) -> Result<Answer, Failure> {
        self.with_retries(url, || {
            let mut response = self.send(url, &[("accept", accept)])?;
            let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
            let body = body.map_err(|error| trouble(&error))?;
            let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
            Ok(Answer {
                status: response.status().as_u16(),
                url: response.get_uri().to_string(),
                terraform_get: header("x-terraform-get").map(str::to_owned),
                content_type: header("content-type").unwrap_or_default().to_owned(),
                body,
            })
        })
    }

    /// Downloads into a file. What an earlier attempt has left in the file is kept and the rest is asked for; if the
    /// attempts come to nothing, what is there stays for the next.
    pub(crate) fn download(&self, url: &str, into: &Path, progress: &Progress<'_>) -> Result<(), Failure> {
        // Which edition of the file it was that this run began with.
        let mut edition: Option<String> = None;
        self.with_retries(url, || {
            let begun = fs::metadata(into).map_or(0, |file| file.len());
            let range = format!("bytes={begun}-");
            let mut headers = Vec::new();
            if begun > 0 {
                headers.push(("range", range.as_str()));
                headers.extend(edition.as_deref().map(|edition| ("if-range", edition)));
            }
            let mut response = self.send(url, &headers)?;
            edition = response.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
            let begun = match response.status() {
                StatusCode::PARTIAL_CONTENT if starts_at(&response, begun) => begun,
                // What is there is not the start of what is to be: begin anew.
                StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::PARTIAL_CONTENT => {
                    _ = fs::remove_file(into);
                    return Err(Trouble::Passing("the server has another file now".to_owned(), Some(Duration::ZERO)));
                }
                status if status.is_success() => 0,
                status => return Err(Trouble::Lasting(format!("the server answers {status}"))),
            };
            let total = response.body().content_length().map(|rest| begun + rest);
            let reader = response.body_mut().with_config().limit(DOWNLOAD_BYTES_MAX).reader();
            receive(reader, into, begun, total, progress)
        })
    }

    fn send(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response<Body>, Trouble> {
        let agent = self.agent.get_or_init(|| self.agent());
        // What begins safely stays so through all redirects.
        let mut request = agent.get(url).config().https_only(url.starts_with("https://")).build();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(Token(token)) = self.token(url) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.call().map_err(|error| trouble(&error))?;
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(Trouble::Passing(format!("the server answers {status}"), asked.map(Duration::from_secs)));
        }
        Ok(response)
    }

    /// Returns the token for the host of an address; none goes out unencrypted.
    fn token(&self, url: &str) -> Option<&Token> {
        let host = host_of(url).filter(|_| url.starts_with("https://"))?;
        self.settings.tokens.get(host)
    }

    /// Tries several times, with growing pauses.
    fn with_retries<T>(&self, url: &str, mut attempt: impl FnMut() -> Result<T, Trouble>) -> Result<T, Failure> {
        let retries = self.surroundings.get("TF_REGISTRY_DISCOVERY_RETRY").and_then(|text| text.parse::<u32>().ok());
        const ATTEMPTS_MAX: u32 = 20;
        let attempts = retries.map_or(ATTEMPTS, |retries| retries.saturating_add(1)).min(ATTEMPTS_MAX);
        let mut wait = WAIT;
        for left in (0..attempts).rev() {
            match attempt() {
                Ok(result) => return Ok(result),
                Err(Trouble::Passing(_, asked)) if left > 0 => {
                    thread::sleep(asked.unwrap_or(wait).min(WAIT_MAX));
                    wait *= 2;
                }
                Err(Trouble::Passing(what, _)) => {
                    return Err(failed(url, &format!("{what}, in each of {attempts} attempts")));
                }
                Err(Trouble::Lasting(what)) => return Err(failed(url, &what)),
            }
        }
        Err(failed(url, "there was no attempt"))
    }

    fn agent(&self) -> Agent {
        let file = self.surroundings.get("SSL_CERT_FILE").map(Path::new);
        let dir = self.surroundings.get("SSL_CERT_DIR").map(Path::new);
        // As in other programs, naming certificates takes the place of the machine's.
        let found = if file.is_some() || dir.is_some() {
            rustls_native_certs::load_certs_from_paths(file, dir)
        } else {
            rustls_native_certs::load_native_certs()
        };
        let certificates: Vec<Certificate<'static>> =
            found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .root_certs(RootCerts::Specific(Arc::new(certificates)))
            .build();
        let seconds = self.surroundings.get("TF_REGISTRY_CLIENT_TIMEOUT").and_then(|text| text.parse().ok());
        let answer = Duration::from_secs(seconds.filter(|seconds| *seconds > 0).unwrap_or(ANSWER_SECONDS));
        // Proxies come from the environment: ALL_PROXY, HTTPS_PROXY, HTTP_PROXY, NO_PROXY.
        Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .user_agent(USER_AGENT)
            .timeout_connect(Some(answer))
            .timeout_recv_response(Some(answer))
            .timeout_per_read(Some(SILENCE))
            .build()
            .new_agent()
    }
}

/// Returns the host of an address, with its port if it has one.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty() && !host.contains('@'))
}

/// Returns the address that a reference on a page means.
pub(crate) fn resolved(base: &str, reference: &str) -> String {
    if reference.contains("://") {
        return reference.to_owned();
    }
    let scheme_end = base.find("://").map_or(0, |at| at + 3);
    if let Some(rest) = reference.strip_prefix("//") {
        return format!("{}{rest}", &base[..scheme_end]);
    }
    let base = base.split(['?', '#']).next().unwrap_or(base);
    let origin_end = base[scheme_end..].find('/').map_or(base.len(), |at| scheme_end + at);
    if reference.starts_with('/') {
        return format!("{}{reference}", &base[..origin_end]);
    }
    let folder = base.rfind('/').filter(|at| *at >= origin_end).map_or(base.len(), |at| at);
    format!("{}/{}", &base[..folder], reference.strip_prefix("./").unwrap_or(reference))
}

/// Returns whether an answer is the part of the file that begins where it was asked for.
fn starts_at(response: &Response<Body>, begun: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {begun}-")))
}

/// Writes what comes in behind the bytes that are there.
fn receive(
    mut reader: impl Read,
    into: &Path,
    begun: u64,
    total: Option<u64>,
    progress: &Progress<'_>,
) -> Result<(), Trouble> {
    let not_written = |error: io::Error| Trouble::Lasting(format!("{} cannot be written: {error}", into.display()));
    let mut file = File::options().create(true).write(true).truncate(false).open(into).map_err(not_written)?;
    file.set_len(begun).map_err(not_written)?;
    io::Seek::seek(&mut file, io::SeekFrom::End(0)).map_err(not_written)?;
    let mut done = begun;
    let mut piece = vec![0; 1 << 16];
    loop {
        progress(done, total);
        match reader.read(&mut piece) {
            Ok(0) if total.is_some_and(|total| done < total) => {
                return Err(Trouble::Passing("the connection was cut".to_owned(), None));
            }
            Ok(0) => return Ok(()),
            Ok(count) => {
                done += count as u64;
                file.write_all(&piece[..count]).map_err(not_written)?;
            }
            Err(error) => return Err(Trouble::Passing(format!("the connection was cut: {error}"), None)),
        }
    }
}

fn trouble(error: &ureq::Error) -> Trouble {
    use ureq::Error;
    match error {
        Error::Io(io) if io.kind() == io::ErrorKind::InvalidData => Trouble::Lasting(certificates(&error.to_string())),
        Error::Io(_) | Error::Timeout(_) | Error::ConnectionFailed | Error::Protocol(_) => {
            Trouble::Passing(error.to_string(), None)
        }
        _ => Trouble::Lasting(certificates(&error.to_string())),
    }
}

/// Adds what to do where nobody vouches for a server.
fn certificates(error: &str) -> String {
    if error.contains("UnknownIssuer") || error.contains("certificate") {
        format!(
            "{error}. If the server is the right one, name a file with its authority's certificate in SSL_CERT_FILE"
        )
    } else {
        error.to_owned()
    }
}

fn failed(url: &str, what: &str) -> Failure {
    Failure::new("Request failed", format!("{}: {what}.", without_secrets(url)))
}

/// Returns an address without its query and user, which may hold secrets.
pub(crate) fn without_secrets(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or(url);
    match plain.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) =
                rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_references_as_browsers_do() {
        let base = "https://example.com:8443/v1/a/b?x=1";
        for (reference, expected) in [
            ("https://other.org/x", "https://other.org/x"),
            ("//other.org/x", "https://other.org/x"),
            ("/x/y", "https://example.com:8443/x/y"),
            ("x.zip", "https://example.com:8443/v1/a/x.zip"),
            ("./x.zip", "https://example.com:8443/v1/a/x.zip"),
        ] {
            assert_eq!(resolved(base, reference), expected, "{reference}");
        }
        assert_eq!(resolved("https://example.com", "x"), "https://example.com/x");
    }

    #[test]
    fn shows_addresses_without_secrets() {
        assert_eq!(without_secrets("https://me:pw@example.com/a?token=b#c"), "https://example.com/a");
        assert_eq!(host_of("https://example.com:1/a"), Some("example.com:1"));
        assert_eq!(host_of("https://me@example.com/a"), None);
    }
}
