//! Ways through an HTTP proxy: it opens a tunnel to the API server (`CONNECT`), and TLS goes through that.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use hyper_util::rt::TokioIo;
use sdk::Problem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;

/// How long it may take until the tunnel is open.
const OPEN_TIME_MAX: Duration = Duration::from_secs(15);
/// What a proxy answers is no longer than this.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// A proxy. What it is logged in to with is never shown, so this has no `Debug`.
#[derive(Clone)]
pub(crate) struct Proxy {
    host: String,
    port: u16,
    /// What is sent as `Proxy-Authorization`.
    authorization: Option<String>,
}

impl Proxy {
    /// Reads a proxy's address: `http://[NAME:PASSWORD@]HOST[:PORT]`.
    pub(crate) fn parse(url: &str) -> Result<Proxy, Problem> {
        let wrong = |what: &str| {
            let detail =
                format!("{what} `proxy_url` is written like `http://HOST:PORT` or `http://NAME:PASSWORD@HOST:PORT`.");
            Problem::error("Invalid proxy", detail).at("proxy_url")
        };
        let unreadable = || wrong("This is no address of a proxy.");
        let uri: Uri = url.parse().map_err(|_| unreadable())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("Gantry speaks HTTP to proxies, and TLS only through them.")),
            Some(scheme) if scheme.starts_with("socks") => {
                return Err(wrong("Gantry does not speak SOCKS; `ssh -L` forwards a port without it."));
            }
            _ => return Err(unreadable()),
        }
        let authority = uri.authority().ok_or_else(unreadable)?;
        let login = authority.as_str().rsplit_once('@').map(|(login, _)| decoded(login));
        Ok(Proxy {
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authorization: login.map(|login| format!("Basic {}", STANDARD.encode(login))),
        })
    }

    async fn tunnel(&self, to: &Uri) -> io::Result<TokioIo<TcpStream>> {
        let open = self.open(to);
        let late = || self.failed("does not answer within 15 seconds");
        tokio::time::timeout(OPEN_TIME_MAX, open).await.unwrap_or_else(|_| Err(late()))
    }

    async fn open(&self, to: &Uri) -> io::Result<TokioIo<TcpStream>> {
        let target = format!("{}:{}", to.host().unwrap_or_default(), to.port_u16().unwrap_or(443));
        let unreachable = |error: io::Error| self.failed(&format!("cannot be reached: {error}"));
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(unreachable)?;
        let login = self.authorization.iter().map(|value| format!("Proxy-Authorization: {value}\r\n"));
        let login: String = login.collect();
        let asked = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: gantry\r\n{login}\r\n");
        stream.write_all(asked.as_bytes()).await.map_err(unreachable)?;
        // The API server says nothing before it is spoken to: what comes is the proxy's answer and nothing else.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") && answer.len() < ANSWER_BYTES_MAX {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => return Err(self.failed("closes the connection without an answer: it may be no HTTP proxy")),
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.lines().next().unwrap_or_default();
        match status.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)) {
            Some(code) if code.starts_with('2') => Ok(TokioIo::new(stream)),
            Some("407") if self.authorization.is_some() => {
                Err(self.failed("does not accept the name and the password"))
            }
            Some("407") => Err(self.failed("wants a name and a password: `http://NAME:PASSWORD@HOST:PORT`")),
            Some(code) => Err(self.failed(&format!("does not lead to {target}: it answers with status {code}"))),
            None => Err(self.failed("does not answer as an HTTP proxy does")),
        }
    }

    fn failed(&self, what: &str) -> io::Error {
        io::Error::other(format!("the proxy {}:{} (`proxy_url`) {what}", self.host, self.port))
    }
}

/// Reads escapes like `%40`; what is none stays as it is.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut found, mut place) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(place) {
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (byte, digit(place + 1), digit(place + 2)) {
            (b'%', Some(high), Some(low)) => {
                found.push((high * 16 + low) as u8);
                place += 3;
            }
            _ => {
                found.push(*byte);
                place += 1;
            }
        }
    }
    found
}

impl Service<Uri> for Proxy {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let proxy = self.clone();
        Box::pin(async move { proxy.tunnel(&to).await })
    }
}

#[cfg(test)]
mod tests {
    use super::Proxy;

    #[test]
    fn addresses_of_proxies_are_read() {
        let read = |url| {
            let proxy = Proxy::parse(url).map_err(|problem| problem.detail)?;
            Ok::<_, String>(format!("{}|{}|{}", proxy.host, proxy.port, proxy.authorization.unwrap_or_default()))
        };
        // What is encoded is `me:p@ss:word` and `me`.
        for (url, expected) in [
            ("http://proxy:3128", "proxy|3128|"),
            ("http://proxy", "proxy|80|"),
            ("http://[::1]:1/", "::1|1|"),
            ("http://me:p%40ss%3aword@proxy:1", "proxy|1|Basic bWU6cEBzczp3b3Jk"),
            ("http://me@proxy:1", "proxy|1|Basic bWU="),
        ] {
            assert_eq!(read(url).as_deref(), Ok(expected), "{url}");
        }
        for (url, why) in [
            ("proxy:3128", "This is no address"),
            ("http://se cret@proxy", "This is no address"),
            ("https://me:secret@proxy:3128", "Gantry speaks HTTP to proxies"),
            ("socks5://me:secret@proxy:1080", "Gantry does not speak SOCKS"),
        ] {
            let detail = read(url).expect_err(url);
            assert!(detail.starts_with(why) && !detail.contains("secret"), "{url}: {detail}");
        }
    }
}
